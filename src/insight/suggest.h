// From overlapping columns to a suggestion that a person can decide on.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "qushu/insight/linkage.h"

namespace qushu::insight {

struct Evidence {
  std::map<std::pair<std::string, std::string>, SketchedColumn> columns;   // by dataset and field
  std::map<std::pair<std::string, std::string>, std::vector<Link>> links;  // by the two datasets, the smaller first
  std::map<std::pair<std::string, std::string>, Decision> decisions;
};

[[nodiscard]] Suggestion suggest(const catalog::Dataset& a, const catalog::Dataset& b, std::vector<Link> links,
                                 const Evidence& evidence);

}  // namespace qushu::insight
