#include <mutex>

#include <fmt/format.h>

#include "writers.h"

namespace qushu::query {
namespace {

using engine::Type;

// An answer offered as a table, so that the engine can write it as Parquet.
class CursorSource final : public engine::TableSource {
 public:
  explicit CursorSource(engine::Cursor& cursor) : cursor_(cursor), columns_(cursor.columns()) {
    // Names must differ within a file.
    for (std::size_t i = 0; i < columns_.size(); ++i)
      for (std::size_t other = 0; other < i; ++other)
        if (columns_[other].name == columns_[i].name) columns_[i].name += fmt::format("_{}", i + 1);
  }
  [[nodiscard]] const std::vector<engine::Column>& columns() const override { return columns_; }

  [[nodiscard]] Result<std::unique_ptr<engine::Scanner>> open(const std::vector<std::size_t>& wanted) override {
    return std::make_unique<Reader>(*this, wanted);
  }

 private:
  class Reader final : public engine::Scanner {
   public:
    Reader(CursorSource& source, std::vector<std::size_t> wanted) : source_(source), wanted_(std::move(wanted)) {}

    Result<std::size_t> fill(engine::ChunkWriter& into) override {
      if (at_ >= size_) {
        QS_TRY(chunk_, source_.cursor_.next());
        if (chunk_ == nullptr) return 0;
        at_ = 0;
        size_ = chunk_->rows();
      }
      auto rows = std::min(size_ - at_, into.capacity());
      for (std::size_t c = 0; c < wanted_.size(); ++c) column(into, c, rows);
      at_ += rows;
      return rows;
    }

   private:
    void column(engine::ChunkWriter& into, std::size_t c, std::size_t rows) {
      auto from = wanted_[c];
      auto type = source_.columns_[from].type;
      for (std::size_t i = 0; i < rows; ++i) {
        auto row = at_ + i;
        if (chunk_->is_null(from, row)) {
          into.set_null(c, i);
          continue;
        }
        switch (type) {
          case Type::text:
            into.set_text(c, i, chunk_->text(from, row));
            break;
          case Type::number:
            into.numbers(c)[i] = chunk_->number(from, row);
            break;
          case Type::boolean:
            into.booleans(c)[i] = chunk_->integer(from, row) != 0;
            break;
          case Type::date:
            into.dates(c)[i] = static_cast<std::int32_t>(chunk_->raw(from, row));
            break;
          case Type::decimal:
            into.set_decimal(c, i, chunk_->raw(from, row));
            break;
          case Type::integer:
          case Type::time:
          case Type::datetime:
            into.integers(c)[i] = static_cast<std::int64_t>(chunk_->raw(from, row));
            break;
        }
      }
    }

    CursorSource& source_;
    std::vector<std::size_t> wanted_;
    const engine::Chunk* chunk_ = nullptr;
    std::size_t at_ = 0, size_ = 0;
  };

  engine::Cursor& cursor_;
  std::vector<engine::Column> columns_;
};

}  // namespace

Result<std::uint64_t> write_parquet(engine::Cursor& cursor, const std::filesystem::path& file, const WriteOptions& options) {
  CursorSource source(cursor);
  return options.engine->execute({.sql = fmt::format("COPY (SELECT * FROM answer) TO {} (FORMAT parquet, COMPRESSION zstd)",
                                                     engine::quote_text(file.string())),
                                  .tables = {{.name = "answer", .source = &source}},
                                  .limits = options.limits});
}

}  // namespace qushu::query
