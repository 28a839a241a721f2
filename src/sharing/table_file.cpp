#include "qushu/sharing/table_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/calendar/zone.h"

namespace qushu::sharing {
namespace {

using engine::Type;

// Dates are texts until here.
class Table final : public engine::TableSource {
 public:
  Table(std::span<const TableColumn> columns, const Cells& rows) : rows_(rows) {
    for (const auto& c : columns) {
      engine::Column one{.name = c.id, .type = c.type};
      if (c.type == Type::decimal) {
        one.width = 18;
        one.scale = 2;
      }
      described_.push_back(std::move(one));
    }
  }
  const std::vector<engine::Column>& columns() const override { return described_; }
  Result<std::unique_ptr<engine::Scanner>> open(const std::vector<std::size_t>& wanted) override {
    struct Reader final : engine::Scanner {
      Reader(const Table& table, std::vector<std::size_t> wanted) : table_(table), wanted_(std::move(wanted)) {}
      Result<std::size_t> fill(engine::ChunkWriter& into) override {
        auto count = std::min(into.capacity(), table_.rows_.size() - at_);
        for (std::size_t i = 0; i < wanted_.size(); ++i)
          for (std::size_t r = 0; r < count; ++r) table_.put(into, i, r, wanted_[i], table_.rows_[at_ + r]);
        at_ += count;
        return count;
      }
      const Table& table_;
      std::vector<std::size_t> wanted_;
      std::size_t at_ = 0;
    };
    return std::make_unique<Reader>(*this, wanted);
  }

 private:
  void put(engine::ChunkWriter& into, std::size_t to, std::size_t r, std::size_t column, const std::vector<Cell>& row) const {
    const auto& cell = row.at(column);
    if (std::holds_alternative<std::monostate>(cell)) return into.set_null(to, r);
    switch (described_[column].type) {
      case Type::integer:
        into.integers(to)[r] = std::get<std::int64_t>(cell);
        return;
      case Type::decimal:
        return into.set_decimal(to, r, std::get<std::int64_t>(cell));
      case Type::number:
        into.numbers(to)[r] = std::get<double>(cell);
        return;
      case Type::boolean:
        into.booleans(to)[r] = std::get<bool>(cell);
        return;
      case Type::date: {
        auto day = calendar::parse_day(std::get<std::string>(cell));
        if (!day) return into.set_null(to, r);
        into.dates(to)[r] = static_cast<std::int32_t>(day->time_since_epoch().count());
        return;
      }
      default:
        return into.set_text(to, r, std::get<std::string>(cell));
    }
  }

  const Cells& rows_;
  std::vector<engine::Column> described_;
};

}  // namespace

TableFile::~TableFile() {
  std::error_code failed;
  std::filesystem::remove(path, failed);
  if (failed) log::warn("a relation's snapshot could not be removed", {{"why", failed.message()}});
}

Result<std::shared_ptr<const TableFile>> write_table(engine::Engine& engine, const std::filesystem::path& folder,
                                                     std::string_view name, std::span<const TableColumn> columns,
                                                     const Cells& rows) {
  Table table(columns, rows);
  auto file = std::make_shared<TableFile>(folder / fmt::format("{}-{}.parquet", name, new_id()));
  QS_CHECK(engine.execute(
      {.sql = fmt::format("COPY (SELECT * FROM cells) TO {} (FORMAT parquet)", engine::quote_text(file->path.string())),
       .tables = {{.name = "cells", .source = &table}}}));
  return file;
}

Relation describe(std::string_view name, Text title, std::span<const TableColumn> columns) {
  Relation out{.name = std::string(name), .title = std::move(title), .columns = {}};
  for (const auto& c : columns) out.columns.push_back({.id = c.id, .name = c.name, .type = c.type, .level = c.level});
  return out;
}

std::string select_where(const TableFile& file, std::span<const TableColumn> columns, std::string_view condition) {
  auto scan = engine::parquet_scan({file.path});
  if (condition.empty()) return "SELECT * FROM " + scan;
  std::string shown;
  for (const auto& c : columns)
    shown += fmt::format("{}CASE WHEN _shown THEN {} END AS {}", shown.empty() ? "" : ", ", engine::quote_name(c.id),
                         engine::quote_name(c.id));
  return fmt::format("SELECT {} FROM (SELECT *, {} AS _shown FROM {}) WHERE _shown", shown, condition, scan);
}

}  // namespace qushu::sharing
