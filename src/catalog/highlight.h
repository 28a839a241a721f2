// Where the words of a search were hit, neighbouring hits merged, so that a page marks 企业登记 and not four characters.
#pragma once

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {

// In code points of `text`.
[[nodiscard]] std::vector<Hit> hits_in(std::string_view text, std::string_view query);
[[nodiscard]] Highlight highlight(const Dataset& dataset, std::string_view query);

}  // namespace qushu::catalog
