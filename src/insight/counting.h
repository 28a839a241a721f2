// Reading counts from answers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "qushu/engine/engine.h"

namespace qushu::insight {

// 0 where it is empty.
[[nodiscard]] inline std::uint64_t count_at(const engine::Chunk& chunk, std::size_t column, std::size_t row) {
  return chunk.is_null(column, row) ? 0 : static_cast<std::uint64_t>(chunk.integer(column, row));
}

// row(chunk, index) for every row of the answer.
template <class Row>
[[nodiscard]] Result<void> each_row(engine::Engine& engine, std::string sql, const engine::Limits& limits, Row row) {
  QS_TRY(auto cursor, engine.run({.sql = std::move(sql), .limits = limits}));
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return {};
    for (std::size_t r = 0; r < chunk->rows(); ++r) row(*chunk, r);
  }
}

}  // namespace qushu::insight
