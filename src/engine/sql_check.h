// Whether a person's SQL is one SELECT over what she may name. Reads the syntax tree that DuckDB itself makes of it
// (json_serialize_sql), and refuses whatever it does not know.
#pragma once

#include <boost/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"

#include "duck.h"

namespace qushu::engine {

// `connection`: any; nothing is executed but json_serialize_sql. `tables`: the names that may be used, in lower case.
[[nodiscard]] Result<void> check_sql(duckdb_connection connection, std::string_view sql, const std::set<std::string>& tables,
                                     const std::vector<std::string>& suggestions = {});

// The same; the statement's syntax tree, for those who read on in it.
[[nodiscard]] Result<boost::json::value> checked_tree(duckdb_connection connection, std::string_view sql,
                                                      const std::set<std::string>& tables,
                                                      const std::vector<std::string>& suggestions = {});

// The functions that may be called, for the completion of the workbench.
[[nodiscard]] const std::set<std::string, std::less<>>& allowed_functions();

}  // namespace qushu::engine
