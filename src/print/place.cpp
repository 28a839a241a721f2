#include <algorithm>

#include "qushu/print/print.h"

namespace qushu::print {

std::vector<Placed> place(const std::vector<Row>& rows, std::size_t columns) {
  std::vector<Placed> out;
  // How many rows further down each column is taken.
  std::vector<int> taken(columns, 0);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    auto next = taken;
    std::ranges::for_each(next, [](int& n) { n = std::max(0, n - 1); });
    std::size_t column = 0;
    for (const auto& cell : rows[r]) {
      while (column < columns && taken[column] > 0) ++column;
      auto width = static_cast<std::size_t>(std::max(1, cell.columns));
      if (column + width > columns) break;
      out.push_back({.row = r, .column = column, .cell = &cell});
      for (auto c = column; c < column + width; ++c) next[c] = std::max(next[c], std::max(1, cell.rows) - 1);
      column += width;
    }
    taken = std::move(next);
  }
  return out;
}

}  // namespace qushu::print
