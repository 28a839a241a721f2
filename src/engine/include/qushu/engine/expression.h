// A person's boolean expression over the columns of one row ("end >= begin OR end IS NULL"), for rules that are evaluated
// within Qushu's own SQL. It may use the columns, constants, operators and the functions that people's SQL may use; it is one
// expression and nothing else: no subquery, no aggregate, no window, no other clause.
//
// Thread-safety: a plain function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/engine/engine.h"

namespace qushu::engine {

// The expression as DuckDB writes it out, in brackets where it matters, to stand in a statement over a relation that has these
// columns. Errors are those of people's SQL (Sandbox::run), "sql.expression" for what is more than an expression, with the
// place in `text` as "position N" when it is known.
[[nodiscard]] Result<std::string> check_expression(Engine& engine, std::string_view text, const std::vector<Column>& columns);

}  // namespace qushu::engine
