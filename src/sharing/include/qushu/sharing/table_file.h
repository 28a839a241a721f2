// Rows in memory as a file that the engine scans: how a module with few rows gives them as a relation.
//
//   QS_TRY(auto file, write_table(engine, folder, "budgets", kColumns, rows));
//   … {.select = "SELECT * FROM " + engine::parquet_scan({file->path}), .files = {file->path}, .keep = file}
//
// Thread-safety: plain values; write_table() may be called from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "qushu/engine/engine.h"
#include "qushu/sharing/relation.h"

namespace qushu::sharing {

struct TableColumn {
  const char* id;
  Text name;
  engine::Type type;  // of decimals: two places
  const char* level = "1";
};

// Absent; a whole number, or a decimal as hundredths; a number; a boolean; a text, or a day "2026-11-29".
using Cell = std::variant<std::monostate, std::int64_t, double, bool, std::string>;
using Cells = std::vector<std::vector<Cell>>;

// A file that goes with it.
class TableFile {
 public:
  explicit TableFile(std::filesystem::path file) : path(std::move(file)) {}
  ~TableFile();
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  const std::filesystem::path path;
};

// `name`: what the file's name begins with.
[[nodiscard]] Result<std::shared_ptr<const TableFile>> write_table(engine::Engine& engine, const std::filesystem::path& folder,
                                                                   std::string_view name, std::span<const TableColumn> columns,
                                                                   const Cells& rows);
// What is told of a relation of these columns.
[[nodiscard]] Relation describe(std::string_view name, Text title, std::span<const TableColumn> columns);
// SELECT of the rows of `file` for which `condition` holds; no expression of a statement meets a value of a row that is left
// out. An empty condition leaves out nothing.
[[nodiscard]] std::string select_where(const TableFile& file, std::span<const TableColumn> columns, std::string_view condition);

}  // namespace qushu::sharing
