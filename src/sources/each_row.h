// Inside the module: rows as text, for databases that are written to.
#pragma once

#include <string>

#include "qushu/engine/engine.h"

namespace qushu::sources {

// Calls `cell(column, null, text)` for each cell of each row, and `end()` after a row; the text may be changed. How many rows.
template <class Cell, class End>
[[nodiscard]] Result<std::uint64_t> each_row(engine::Cursor& rows, Cell cell, End end) {
  std::uint64_t count = 0;
  std::string text;
  while (true) {
    QS_TRY(const auto* chunk, rows.next());
    if (chunk == nullptr) return count;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      for (std::size_t c = 0; c < rows.columns().size(); ++c) {
        text.clear();
        bool null = chunk->is_null(c, r);
        if (!null) chunk->append_text(c, r, text);
        cell(c, null, text);
      }
      QS_CHECK(end());
    }
    count += chunk->rows();
  }
}

}  // namespace qushu::sources
