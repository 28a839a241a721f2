// Rows of a spreadsheet as anybody may write them: the form's header, then cells from the input (rows by \n, cells by \t).
#include <cstddef>
#include <cstdint>

#include "qushu/base/text.h"
#include "qushu/catalog/sheet.h"

#include "sheet_columns.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  static const std::vector<catalog::Node> tree{{.id = "2", .code = "2", .name = "主题信息资源", .full_code = "2"},
                                               {.id = "201", .parent_id = "2", .code = "01", .name = "公共服务", .depth = 1}};
  std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT(*-reinterpret-cast): bytes as libFuzzer has them
  std::vector<catalog::SheetRow> rows(1);
  rows[0].number = 1;
  for (const auto& column : catalog::sheet_columns()) rows[0].cells.push_back(column.label.zh);
  for (auto line : split(text, '\n')) {
    catalog::SheetRow row{.number = rows.size() + 1, .cells = {}};
    for (auto cell : split(line, '\t')) row.cells.emplace_back(cell);
    rows.push_back(std::move(row));
  }
  auto read = catalog::read_sheet("表", rows, tree);
  if ((read.refused > 0) != !read.errors.empty()) __builtin_trap();
  for (const auto& error : read.errors)
    if (error.row < 2 || error.row > rows.size() || error.expected.zh.empty()) __builtin_trap();
  return 0;
}
