#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <xlsxwriter.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/print/print.h"

namespace qushu::print {
namespace {

constexpr std::size_t kSheetName = 28, kCellText = 32'767 / 2;
constexpr double kCharacters = 92;  // of all columns together, upright; half as many again lying

class Book {
 public:
  Book(const std::filesystem::path& file, const std::filesystem::path& folder) : file_(file), folder_(folder) {
    lxw_workbook_options options{};
    options.tmpdir = folder_.data();
    book_ = workbook_new_opt(file_.c_str(), &options);
  }
  ~Book() {
    if (book_ != nullptr) lxw_workbook_free(book_);
  }
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;
  [[nodiscard]] bool good() const { return book_ != nullptr; }

  void add(const Table& table) {
    auto* sheet = workbook_add_worksheet(book_, sheet_name(table.title).c_str());
    if (sheet == nullptr) return;
    auto last = static_cast<lxw_col_t>(std::max<std::size_t>(table.columns.size(), 1) - 1);
    double shares = 0;
    for (const auto& c : table.columns) shares += c.width;
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      worksheet_set_column(sheet, static_cast<lxw_col_t>(c), static_cast<lxw_col_t>(c),
                           (table.landscape ? 1.5 : 1.0) * kCharacters * table.columns[c].width / shares, nullptr);
    lxw_row_t row = 0;
    whole(sheet, row, 0, last, table.title, format(Align::centre, true, false, -1, 16));
    worksheet_set_row(sheet, row++, 30, nullptr);
    if (!table.left.empty() || !table.right.empty()) {
      auto middle = static_cast<lxw_col_t>(last / 2);
      whole(sheet, row, 0, middle, table.left, format(Align::left, false, false, -1, 10));
      if (last > middle)
        whole(sheet, row, static_cast<lxw_col_t>(middle + 1), last, table.right, format(Align::right, false, false, -1, 10));
      ++row;
    }
    auto first = row;
    rows(sheet, row, table, table.head, true);
    row += static_cast<lxw_row_t>(table.head.size());
    worksheet_freeze_panes(sheet, row, 0);
    if (row > first) worksheet_repeat_rows(sheet, first, row - 1);
    rows(sheet, row, table, table.rows, false);
    row += static_cast<lxw_row_t>(table.rows.size());
    if (!table.note.empty()) whole(sheet, row, 0, last, table.note, format(Align::left, false, false, -1, 10));
    worksheet_set_paper(sheet, 9);
    if (table.landscape) worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0);
    worksheet_center_horizontally(sheet);
    worksheet_set_footer(sheet, "&C— &P —");
  }
  lxw_error close() { return workbook_close(std::exchange(book_, nullptr)); }

 private:
  std::string sheet_name(const std::string& title) {
    std::string name;
    for (char c : title)
      if (!std::string_view("[]:*?/\\'").contains(c)) name += c;
    name = name.empty() ? "Sheet" : utf8_length(name) > kSheetName ? shorten(name, kSheetName) : name;
    auto out = name;
    for (int n = 2; !names_.insert(out).second; ++n) out = shorten(name, kSheetName - 3) + std::to_string(n);
    return out;
  }

  // `decimals` of a number; -1: a text.
  lxw_format* format(Align align, bool bold, bool head, int decimals, int size) {
    auto& made = formats_[{align, bold, head, decimals, size}];
    if (made != nullptr) return made;
    made = workbook_add_format(book_);
    format_set_align(made, align == Align::left ? LXW_ALIGN_LEFT : align == Align::centre ? LXW_ALIGN_CENTER : LXW_ALIGN_RIGHT);
    format_set_align(made, LXW_ALIGN_VERTICAL_CENTER);
    format_set_text_wrap(made);
    if (bold) format_set_bold(made);
    if (decimals >= 0)
      format_set_num_format(
          made, decimals == 0 ? "#,##0" : ("#,##0." + std::string(static_cast<std::size_t>(decimals), '0')).c_str());
    if (size == 0) format_set_border(made, LXW_BORDER_THIN);
    if (head) format_set_bg_color(made, 0xEDF0F5);
    format_set_font_size(made, size == 0 ? 10 : size);
    return made;
  }

  static void whole(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t first, lxw_col_t last, const std::string& text,
                    lxw_format* f) {
    if (first < last)
      worksheet_merge_range(sheet, row, first, row, last, text.c_str(), f);
    else
      worksheet_write_string(sheet, row, first, text.c_str(), f);
  }

  // Lines of a text in so many characters of a column; one of Chinese is as wide as two others.
  static int lines_of(std::string_view text, double width) {
    int lines = 0;
    for (auto line : split(text, '\n'))
      lines += std::max(1, static_cast<int>(std::ceil(static_cast<double>(line.size() + utf8_length(line)) / 2 / width)));
    return std::max(1, lines);
  }
  // Programs fit the height of a row to its texts, but not to those in merged cells.
  void heighten(lxw_worksheet* sheet, lxw_row_t top, const Table& table, const std::vector<Row>& rows) {
    constexpr double kLineHeight = 15;
    double shares = 0;
    for (const auto& c : table.columns) shares += c.width;
    std::map<std::size_t, int> lines;
    for (const auto& at : place(rows, table.columns.size())) {
      if (at.cell->columns <= 1 || at.cell->rows > 1) continue;
      double width = 0;
      for (int c = 0; c < at.cell->columns; ++c) width += table.columns[at.column + static_cast<std::size_t>(c)].width;
      width *= (table.landscape ? 1.5 : 1.0) * kCharacters / shares;
      auto& most = lines[at.row];
      most = std::max(most, lines_of(at.cell->text, width));
    }
    for (auto [row, count] : lines)
      if (count > 1)
        worksheet_set_row(sheet, static_cast<lxw_row_t>(top + row), std::min(409.0, kLineHeight * count + 3), nullptr);
  }

  void rows(lxw_worksheet* sheet, lxw_row_t top, const Table& table, const std::vector<Row>& rows, bool head) {
    heighten(sheet, top, table, rows);
    for (const auto& at : place(rows, table.columns.size())) {
      const auto& cell = *at.cell;
      auto align = cell.align.value_or(head ? Align::centre : table.columns[at.column].align);
      auto* f = format(align, head || cell.bold, head, cell.number ? cell.decimals : -1, 0);
      auto r = static_cast<lxw_row_t>(top + at.row);
      auto c = static_cast<lxw_col_t>(at.column);
      auto down = static_cast<lxw_row_t>(
          std::min<std::size_t>(static_cast<std::size_t>(std::max(1, cell.rows)), rows.size() - at.row) - 1);
      auto across = static_cast<lxw_col_t>(std::max(1, cell.columns) - 1);
      auto text = utf8_length(cell.text) > kCellText ? shorten(cell.text, kCellText) : cell.text;
      if (down > 0 || across > 0)
        worksheet_merge_range(sheet, r, c, r + down, static_cast<lxw_col_t>(c + across), text.c_str(), f);
      if (cell.number)
        worksheet_write_number(sheet, r, c, *cell.number, f);
      else if (down == 0 && across == 0)
        worksheet_write_string(sheet, r, c, text.c_str(), f);
    }
  }

  std::string file_, folder_;
  lxw_workbook* book_ = nullptr;
  std::map<std::tuple<Align, bool, bool, int, int>, lxw_format*> formats_;
  std::set<std::string> names_;
};

}  // namespace

Result<std::string> take_file(const std::filesystem::path& file, std::string_view failure, std::string_view error) {
  std::string out;
  {
    std::ifstream in(file, std::ios::binary);
    out.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::error_code gone;
  std::filesystem::remove(file, gone);
  if (failure.empty() && !out.empty()) return out;
  return fail(
      Error{.code = Code::storage_full,
            .id = std::string(error),
            .text = {"临时文件写不下，磁盘可能已满。", "The temporary file could not be written; the disk may be full."},
            .detail = std::string(failure)});
}

Result<std::string> xlsx(const Document& document, const std::filesystem::path& folder) {
  auto file = folder / (new_id() + ".xlsx");
  Book book(file, folder);
  if (!book.good()) return fail_internal("xlsx: cannot make a workbook");
  for (const auto& table : document.tables) book.add(table);
  auto error = book.close();
  return take_file(file, error == LXW_NO_ERROR ? "" : lxw_strerror(error), "print.disk");
}

}  // namespace qushu::print
