// The catalogue as the guide's spreadsheet: one row an item, the resource's own cells merged over its rows or repeated in them.
//
// Reading finds everything that is wrong, each with its sheet, row, column, value and what was expected; a resource with an
// error is left out whole, the others are taken. Cells may hold the guide's number (1), its name (电子文件) or our word (file).
//
// Thread-safety: plain functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "qushu/catalog/classification.h"
#include "qushu/catalog/entry.h"
#include "qushu/engine/engine.h"

namespace qushu::catalog {

struct SheetRow {
  std::uint64_t number = 0;  // of the sheet, from 1
  std::vector<std::string> cells;
};

struct SheetError {
  std::string sheet;
  std::uint64_t row = 0;
  std::string column, value;
  Text expected;
};

struct SheetResource {
  std::string sheet;
  std::uint64_t row = 0;  // its first one
  std::string title, resource_code, dataset_code, provider;
  EntryChange change;
};

struct SheetRead {
  std::vector<SheetResource> resources;  // without errors
  std::vector<SheetError> errors;
  std::size_t refused = 0;  // resources with errors
};

// One sheet.
[[nodiscard]] SheetRead read_sheet(const std::string& sheet, const std::vector<SheetRow>& rows, const std::vector<Node>& tree);
// All sheets of a workbook (or a CSV file) that look like the form.
[[nodiscard]] Result<SheetRead> read_workbook(const std::filesystem::path& file, const std::string& name,
                                              const std::filesystem::path& scratch, engine::Engine& engine,
                                              const Settings& settings, const std::vector<Node>& tree);
// The column that a member of an entry stands in; for errors that come later. "items.id_card.type": 数据类型.
[[nodiscard]] Text sheet_column(std::string_view member);

// What came of an import: what was taken, and everything that was wrong with the rest. Kept, so that it can be looked up.
struct SheetOutcome {
  std::string id, file_name, person_name;
  Time at;
  struct Taken {
    std::string title, code;
    bool added = false;
  };
  std::vector<Taken> taken;
  std::size_t refused = 0;  // resources
  std::vector<SheetError> errors;
};
[[nodiscard]] Result<void> save_outcome(store::Transaction& t, std::string_view person_id, const SheetOutcome& outcome);
// Newest first. Of one person or of all, and of one id where it is not empty.
[[nodiscard]] Result<std::vector<SheetOutcome>> load_outcomes(store::Session& s, const std::optional<std::string>& person_id,
                                                              std::string_view id, std::size_t limit);

struct SheetEntry {
  std::string dataset_code;
  Entry entry;
};
// An XLSX file; of no entries: the empty form.
[[nodiscard]] Result<void> write_workbook(const std::vector<SheetEntry>& entries, const std::vector<Node>& tree,
                                          const std::filesystem::path& file);

}  // namespace qushu::catalog
