// A steward's change of an entry: checked, and taken apart into what belongs to the dataset, its fields, and the guide's own.
#pragma once

#include "qushu/catalog/classification.h"
#include "qushu/catalog/entry.h"

namespace qushu::catalog {

struct Applied {
  DatasetChange dataset;
  Entry guide;                         // to be stored
  std::vector<std::string> new_names;  // of items that are announced
};

// `working` is the whole working copy, `guide` what is stored of it. Errors name the member.
[[nodiscard]] Result<Applied> apply_change(const EntryChange& change, const Entry& working, Entry guide, const Dataset& dataset,
                                           const std::vector<Node>& tree, const std::string& person);
// "2026-11-23", of a day that exists.
[[nodiscard]] bool is_date(std::string_view text);

}  // namespace qushu::catalog
