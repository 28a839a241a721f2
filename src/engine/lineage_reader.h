// Reads the lineage of a statement from its syntax tree.
#pragma once

#include <boost/json.hpp>

#include "qushu/engine/lineage.h"

namespace qushu::engine {

// `statement`: one that check_sql() accepted, over `relations` and nothing else.
[[nodiscard]] Lineage read_lineage(const boost::json::value& statement, const std::vector<Relation>& relations);

}  // namespace qushu::engine
