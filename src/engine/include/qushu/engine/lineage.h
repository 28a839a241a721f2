// Where the columns of a person's SQL come from, read from the syntax tree that DuckDB makes of it; nothing is executed.
//
// Conservative: an origin that cannot be told exactly (a pattern of columns, PIVOT, a table whose columns are not known) is
// answered too wide and marked so, never left out. What only decides which rows there are (WHERE, JOIN … ON, GROUP BY, ORDER
// BY) is told apart from what a value is made of.
//
// Thread-safety: plain values.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace qushu::engine {

// What a statement may name, and its columns in order.
struct Relation {
  std::string name;
  std::vector<std::string> columns;
};

// A column of a relation, both spelled as the Relation has them. An empty column is the relation as a whole: its rows are
// counted or looked at, but no value of it is taken.
struct Origin {
  std::string relation, column;
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

struct OutputColumn {
  std::string name;  // as the statement gives it; "" where only running it would tell
  std::set<Origin> from;
  bool copied = false;  // in every row the value of one of them, unchanged
  bool certain = true;  // false: `from` may name too much
};

struct Lineage {
  std::vector<OutputColumn> columns;
  bool complete = true;         // false: there may be other columns than these (COLUMNS(…), PIVOT, unnest of a struct)
  std::set<Origin> conditions;  // what decides which rows there are
  std::map<std::string, std::size_t> relations;  // those that are read, and in how many places

  // Every column that the answer depends on in any way.
  [[nodiscard]] std::set<Origin> used() const;
  // The columns under the names that running the statement gave. Where their number says that the tree did not tell all of
  // them, those that no name matches may come from anything that is read.
  void name_columns(const std::vector<std::string>& names);
};

}  // namespace qushu::engine
