// Entries as rows of the store: the working copy put together, steps and versions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/catalog/classification.h"
#include "qushu/catalog/entry.h"

namespace qushu::catalog {

// What a field says about its item: the letter of its type, and how long its values are at most (0: not known).
[[nodiscard]] std::string item_type_of(const Field& field);
[[nodiscard]] std::int64_t item_length_of(const Field& field);
// The length to state for texts of these lengths: theirs when all are alike, otherwise the next of 10, 20, 50, 100 …, so that
// it does not move with every version.
[[nodiscard]] std::int64_t proposed_length(std::int64_t shortest, std::int64_t longest);

// What the guide asks besides the dataset's own columns, as stored.
[[nodiscard]] Result<Entry> load_guide(store::Session& s, std::string_view dataset_id);
[[nodiscard]] Result<void> save_guide(store::Transaction& t, std::string_view dataset_id, const Entry& guide);
// The whole working copy.
[[nodiscard]] Result<Entry> load_working(store::Session& s, const Dataset& dataset);
[[nodiscard]] std::vector<std::string> names_of(const std::vector<Node>& nodes, const std::vector<std::string>& ids);
[[nodiscard]] Result<std::vector<Node>> load_nodes(store::Session& s);

[[nodiscard]] Result<void> add_step(store::Transaction& t, const Actor& actor, Time at, std::string_view dataset_id,
                                    std::string_view action, std::string_view from, std::string_view to,
                                    std::string_view comment);
[[nodiscard]] Result<std::vector<EntryStep>> load_steps(store::Session& s, std::string_view dataset_id);
[[nodiscard]] Result<std::optional<EntryVersion>> load_entry_version(store::Session& s, std::string_view dataset_id,
                                                                     std::int64_t number);

// Before the working copy is changed: conflict while it is under review; a registered, published or refused entry becomes a
// draft, whose assessments and approval have to be given anew. Sets dataset.entry_state, which the caller saves.
[[nodiscard]] Result<void> open_for_change(store::Transaction& t, const Actor& actor, Time at, Dataset& dataset);

// The next number of a counter, from 1. Those who ask for the same one wait for each other's commit, so that numbers are
// seen in their order.
[[nodiscard]] Result<std::int64_t> next_number(store::Transaction& t, std::string_view counter);

// The dataset as its published entry shows it to those who know of nothing else.
[[nodiscard]] Dataset face_of(Dataset dataset, const Entry& published);

// The stable identifiers of `names`: those that the dataset had, and new ones, unique, for the rest. Same order.
[[nodiscard]] Result<std::vector<std::string>> stable_identifiers(store::Session& s, std::string_view dataset_id,
                                                                  const std::vector<std::string>& names);

}  // namespace qushu::catalog
