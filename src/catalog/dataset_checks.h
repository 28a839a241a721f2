// What a dataset's description may be, and how two of them differ.
#pragma once

#include <string_view>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {

[[nodiscard]] Result<void> check_text(std::string_view value, std::size_t min, std::size_t max, std::string_view field);
[[nodiscard]] Result<void> check_entry(const Dataset& dataset);
[[nodiscard]] json::object entry_detail(const Dataset& dataset);
// What an entry says of its dataset: readers, keys and units are no part of it.
[[nodiscard]] json::object catalogued(const Dataset& dataset);
// What people wrote about fields; `key_changed` is set when the declared key is another one.
[[nodiscard]] Result<void> apply_fields(const DatasetChange& change, Dataset& dataset, bool& key_changed);
// A dataset takes the level of its highest field; a person may set it higher, never lower.
[[nodiscard]] Result<void> raise_level(const DatasetChange& change, const Dataset& before, Dataset& after);
// Only what differs, so that an auditor sees the change and not two copies of everything.
[[nodiscard]] json::object difference(const Dataset& before, const Dataset& after);

}  // namespace qushu::catalog
