// One batch of an answer: typed access to DuckDB's vectors.
#pragma once

#include "qushu/engine/engine.h"

#include "duck.h"

namespace qushu::engine {

class DuckChunk final : public Chunk {
 public:
  // Takes the next chunk over; `columns` outlives it.
  void hold(DataChunk chunk, const std::vector<Column>& columns);

  [[nodiscard]] std::size_t rows() const override { return rows_; }
  [[nodiscard]] bool is_null(std::size_t column, std::size_t row) const override;
  [[nodiscard]] std::int64_t integer(std::size_t column, std::size_t row) const override;
  [[nodiscard]] __int128 raw(std::size_t column, std::size_t row) const override;
  [[nodiscard]] double number(std::size_t column, std::size_t row) const override;
  [[nodiscard]] std::string_view text(std::size_t column, std::size_t row) const override;
  void append_text(std::size_t column, std::size_t row, std::string& out) const override;

 private:
  struct Vector {
    void* data = nullptr;
    std::uint64_t* validity = nullptr;
    duckdb_type type = DUCKDB_TYPE_INVALID;  // as stored; of decimals the type beneath
  };
  [[nodiscard]] __int128 unscaled(const Vector& vector, std::size_t row) const;

  DataChunk chunk_;
  const std::vector<Column>* columns_ = nullptr;
  std::vector<Vector> vectors_;
  std::size_t rows_ = 0;
};

}  // namespace qushu::engine
