// Inside the module: how many rows a filter leaves, read from the version's profile without looking at the rows.
#pragma once

#include <optional>

#include "qushu/query/rows.h"

namespace qushu::query {

struct Estimate {
  double rows = 0;
  bool exact = false;  // the profile holds the number itself
};

// Nothing when the profile says nothing about one of the conditions (parts of texts, words, no profile yet). Conditions are
// taken as independent of one another.
[[nodiscard]] std::optional<Estimate> estimate(const boost::json::object& profile, const std::vector<catalog::Field>& fields,
                                               const RowsRequest& request);

}  // namespace qushu::query
