// Documents made of tables, as PDF (fonts embedded, Chinese set with the installed Noto fonts) and as XLSX: what official forms
// and tables are printed with. Knows nothing of what the tables are about.
//
// A table has a title, a line of notes at its left and right ("单位：万元"), columns with shares of the width, one or more rows
// of heads and rows of cells that may span columns and rows. Each table begins a page; one that is longer goes on with its
// heads repeated, a row never being cut in two unless it is higher than a page. Pages are numbered.
//
// Thread-safety: functions may be called from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::print {

enum class Align : std::uint8_t { left, centre, right };

struct Cell {
  std::string text;
  int columns = 1, rows = 1;        // that it spans
  std::optional<Align> align = {};  // otherwise its column's
  bool bold = false;
  std::optional<double> number = {};  // in a workbook it is this number
  int decimals = 2;                   // that it is shown with there
};
// The cells of a row, less those that a cell further up spans into.
using Row = std::vector<Cell>;

struct Column {
  double width = 1;  // in shares
  Align align = Align::left;
};

struct Table {
  std::string title, left, right;
  std::vector<Column> columns;
  std::vector<Row> head, rows;
  std::string note;        // below it
  bool landscape = false;  // A4 either way
};

struct Document {
  std::string title;   // of the file
  std::string footer;  // of every page, at the left of its number; may be empty
  std::vector<Table> tables;
  Lang lang = Lang::zh;  // of what stands above a table that goes on
};

// The bytes of a PDF. Code::unavailable where no Chinese font is installed: a page of boxes is no document.
[[nodiscard]] Result<std::string> pdf(const Document& document);
// The bytes of a workbook, a sheet for each table; `folder` is for files on the way.
[[nodiscard]] Result<std::string> xlsx(const Document& document, const std::filesystem::path& folder);

// The bytes of a file on the way, which is removed. `failure`: what its writer said when it closed the file, empty where all
// was well; otherwise, as of a file with nothing in it, Code::storage_full with the id `error`.
[[nodiscard]] Result<std::string> take_file(const std::filesystem::path& file, std::string_view failure,
                                            std::string_view error);

// Where the cells of rows stand, spans resolved: the column of each cell. Cells that do not fit are left out.
struct Placed {
  std::size_t row = 0, column = 0;
  const Cell* cell = nullptr;
};
[[nodiscard]] std::vector<Placed> place(const std::vector<Row>& rows, std::size_t columns);

}  // namespace qushu::print
