// A budget as a workbook: a sheet for each section, one row a line, heads in Chinese, choices as lists, amounts in the unit
// that the first sheet names (元 or 万元). What is written is read again unchanged; what people type is read with every wrong
// cell told by sheet, row and column.
//
// Thread-safety: functions may be called from any thread.
#pragma once

#include <filesystem>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/budget/content.h"
#include "qushu/engine/engine.h"

namespace qushu::budget {

struct CellError {
  std::string sheet;
  std::uint64_t row = 0;  // from 1, as a spreadsheet counts; 0: the whole sheet
  std::string column, value;
  Text expected;
};

struct WorkbookRead {
  Content content;                // of use only without errors
  std::vector<CellError> errors;  // up to 200
};

// The bytes; `folder` is for files on the way.
[[nodiscard]] Result<std::string> write_workbook(const Content& content, MoneyUnit unit, const std::filesystem::path& folder);
// Fails only with what is no workbook at all.
[[nodiscard]] Result<WorkbookRead> read_workbook(const std::filesystem::path& file, std::string_view name,
                                                 const std::filesystem::path& folder, engine::Engine& engine,
                                                 const Settings& settings);

}  // namespace qushu::budget
