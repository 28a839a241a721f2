#include "qushu/budget/workbook.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <xlsxwriter.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/print/print.h"
#include "qushu/tabular/tabular.h"

#include "sections.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kMostErrors = 200, kHeadWithin = 10;
constexpr std::size_t kDigitsKept = 15;  // that a spreadsheet keeps of a number
constexpr int kListRows = 500;
const std::string kUnitHead = "金额单位";
const std::string kItemHead = "项目", kAmountHead = "金额";

template <class S>
constexpr bool is_totals = std::is_same_v<std::decay_t<S>, Section<Totals>>;

// --- writing -----------------------------------------------------------------------------------------------------------------
std::string shown(Entry entry, std::int64_t value, MoneyUnit unit) {
  if (entry == Entry::money) return money_text(value, unit);
  return exact_text(value, digits_of(entry));
}

class Writer {
 public:
  Writer(const std::filesystem::path& file, const std::filesystem::path& folder, MoneyUnit unit)
      : file_(file), folder_(folder), unit_(unit) {
    lxw_workbook_options options{};
    options.tmpdir = folder_.data();
    book_ = workbook_new_opt(file_.c_str(), &options);
    if (book_ == nullptr) return;
    head_ = workbook_add_format(book_);
    format_set_bold(head_);
    format_set_bg_color(head_, 0xEDF0F5);
    format_set_border(head_, LXW_BORDER_THIN);
    format_set_align(head_, LXW_ALIGN_CENTER);
    text_ = workbook_add_format(book_);
    format_set_num_format(text_, "@");
    format_set_text_wrap(text_);
    number_ = workbook_add_format(book_);
    format_set_num_format(number_, unit == MoneyUnit::wan ? "#,##0.00####" : "#,##0.00");
    plain_ = workbook_add_format(book_);
    format_set_num_format(plain_, "General");
  }
  ~Writer() {
    if (book_ != nullptr) lxw_workbook_free(book_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  [[nodiscard]] bool good() const { return book_ != nullptr; }

  // The totals stand below each other, so that they can be read.
  void totals(const Totals& t) {
    const auto& section = totals_section();
    auto* sheet = workbook_add_worksheet(book_, section.title.zh.c_str());
    worksheet_set_column(sheet, 0, 0, 28, nullptr);
    worksheet_set_column(sheet, 1, 1, 40, nullptr);
    worksheet_write_string(sheet, 0, 0, kItemHead.c_str(), head_);
    worksheet_write_string(sheet, 0, 1, kAmountHead.c_str(), head_);
    worksheet_write_string(sheet, 1, 0, kUnitHead.c_str(), nullptr);
    worksheet_write_string(sheet, 1, 1, name(unit_).zh.c_str(), text_);
    list(sheet, 1, 1, 1, {"元", "万元"});
    lxw_row_t row = 2;
    for (const auto& c : section.columns) {
      worksheet_write_string(sheet, row, 0, c.title.zh.c_str(), nullptr);
      std::visit([&](auto member) { put(sheet, row, 1, c.entry, t.*member, {}); }, c.at);
      ++row;
    }
  }

  template <class Row>
  void section(const Section<Row>& section, const std::vector<Row>& rows) {
    auto* sheet = workbook_add_worksheet(book_, section.title.zh.c_str());
    for (std::size_t c = 0; c < section.columns.size(); ++c) {
      const auto& column = section.columns[c];
      auto at = static_cast<lxw_col_t>(c);
      bool wide = column.entry == Entry::long_text || column.entry == Entry::text;
      worksheet_set_column(sheet, at, at, wide ? 32 : 18, nullptr);
      worksheet_write_string(sheet, 0, at, column.title.zh.c_str(), head_);
      if (column.entry == Entry::choice) {
        std::vector<std::string> names;
        for (const auto& w : column.words) names.push_back(w.name.zh);
        list(sheet, 1, kListRows, at, names);
      }
    }
    worksheet_freeze_panes(sheet, 1, 0);
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (std::size_t c = 0; c < section.columns.size(); ++c)
        std::visit(
            [&](auto member) {
              put(sheet, static_cast<lxw_row_t>(r + 1), static_cast<lxw_col_t>(c), section.columns[c].entry, rows[r].*member,
                  section.columns[c].words);
            },
            section.columns[c].at);
  }
  lxw_error close() { return workbook_close(std::exchange(book_, nullptr)); }

 private:
  static void list(lxw_worksheet* sheet, int first, int last, lxw_col_t column, std::vector<std::string> names) {
    std::vector<char*> values;
    std::size_t length = 0;
    for (auto& n : names) {
      values.push_back(n.data());
      length += utf8_length(n) + 1;
    }
    // A list in the cell may have 255 characters.
    if (length > 255) return;
    values.push_back(nullptr);
    lxw_data_validation rule{};
    rule.validate = LXW_VALIDATION_TYPE_LIST;
    rule.value_list = values.data();
    worksheet_data_validation_range(sheet, static_cast<lxw_row_t>(first), column, static_cast<lxw_row_t>(last), column, &rule);
  }
  void put(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, Entry, const std::string& value,
           std::span<const Word> words) {
    if (value.empty()) return;
    const auto* word = words.empty() ? nullptr : find_word(words, value);
    worksheet_write_string(sheet, row, column, (word != nullptr ? word->name.zh : value).c_str(), text_);
  }
  void put(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, Entry entry, std::int64_t value, std::span<const Word>) {
    if (entry == Entry::year && value == 0) return;
    auto text = shown(entry, value, unit_);
    // More digits than a number keeps are text, and are read as such.
    if (text.size() > kDigitsKept)
      worksheet_write_string(sheet, row, column, text.c_str(), text_);
    else
      worksheet_write_number(sheet, row, column, std::stod(text), entry == Entry::money ? number_ : plain_);
  }
  void put(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, Entry entry, const std::optional<std::int64_t>& value,
           std::span<const Word> words) {
    if (value) put(sheet, row, column, entry, *value, words);
  }

  std::string file_, folder_;
  MoneyUnit unit_;
  lxw_workbook* book_ = nullptr;
  lxw_format *head_ = nullptr, *text_ = nullptr, *number_ = nullptr, *plain_ = nullptr;
};

// --- reading -----------------------------------------------------------------------------------------------------------------
struct SheetRow {
  std::uint64_t number = 0;
  std::vector<std::string> cells;
};

Result<std::vector<SheetRow>> rows_of(tabular::File& file, const std::string& location, engine::Engine& engine) {
  tabular::Dialect dialect{.header_rows = 0, .skip_rows = 0, .fill_short = true};
  QS_TRY(auto facts, file.analyse(location, dialect, {}));
  std::vector<SheetRow> out;
  if (facts.columns.empty() || facts.rows == 0) return out;
  if (facts.rows > kMostRows + kHeadWithin)
    return fail(
        Error{.code = Code::too_large,
              .id = "budget.workbook_rows",
              .text = {fmt::format("一张表最多 {} 行。", kMostRows), fmt::format("A sheet may have {} rows.", kMostRows)},
              .subject = location});
  std::vector<tabular::ColumnPlan> plan;
  std::vector<std::string> ids;
  for (const auto& column : facts.columns) {
    plan.push_back({.name = column.plan.name, .type = engine::Type::text});
    ids.push_back(fmt::format("c{}", ids.size()));
  }
  QS_TRY(auto reading, file.read(location, facts.dialect, plan, ids,
                                 [](const tabular::File::RejectedRow&) -> Result<void> { return {}; }, {}));
  QS_TRY(auto cursor, engine.run({.sql = "SELECT * FROM sheet ORDER BY _id", .tables = {{"sheet", reading.source.get()}}}));
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      SheetRow row{.number = static_cast<std::uint64_t>(chunk->integer(0, r)), .cells = {}};
      for (std::size_t c = 1; c <= ids.size(); ++c)
        row.cells.emplace_back(trim(chunk->is_null(c, r) ? std::string_view() : chunk->text(c, r)));
      out.push_back(std::move(row));
    }
  }
  return out;
}

class Reader {
 public:
  explicit Reader(WorkbookRead& out) : out_(out) {}
  MoneyUnit unit = MoneyUnit::wan;

  void error(const std::string& sheet, std::uint64_t row, std::string column, std::string value, Text expected) {
    if (out_.errors.size() < kMostErrors)
      out_.errors.push_back({.sheet = sheet,
                             .row = row,
                             .column = std::move(column),
                             .value = shorten(value, 60),
                             .expected = std::move(expected)});
  }

  // One cell into a member; whether there was anything in it.
  template <class Row>
  void cell(const Section<Row>& section, const Column<Row>& column, std::uint64_t row_number, const std::string& value,
            Row& row) {
    auto bad = [&](Text expected) { error(section.title.zh, row_number, column.title.zh, value, std::move(expected)); };
    if (auto* member = std::get_if<std::string Row::*>(&column.at)) {
      auto& text = row.*(*member);
      text = value;
      if (column.entry != Entry::choice || value.empty()) return;
      auto found = std::ranges::find_if(
          column.words, [&](const Word& w) { return w.name.zh == value || w.name.en == value || w.code == value; });
      if (found == column.words.end()) {
        std::string names;
        for (const auto& w : column.words) names += (names.empty() ? "" : "、") + w.name.zh;
        bad({"应为其中之一：" + names, "one of these was expected: " + names});
      } else {
        text = found->code;
      }
      return;
    }
    if (value.empty()) return;
    auto read = column.entry == Entry::money ? money_of(value, unit) : exact_of(value, digits_of(column.entry));
    if (!read) {
      int digits = column.entry == Entry::money ? (unit == MoneyUnit::wan ? 6 : 2) : digits_of(column.entry);
      bad({fmt::format("应为数字，最多 {} 位小数", digits),
           fmt::format("a number with at most {} decimals was expected", digits)});
    } else if (auto* integer = std::get_if<std::int64_t Row::*>(&column.at)) {
      row.*(*integer) = *read;
    } else {
      row.*std::get<std::optional<std::int64_t> Row::*>(column.at) = *read;
    }
  }

  template <class Row>
  void section(const Section<Row>& section, const std::vector<SheetRow>& rows) {
    std::size_t next = 0;
    std::vector<const Column<Row>*> head;
    while (next < rows.size() && next < kHeadWithin && head.empty()) head = head_of(section, rows[next++]);
    if (head.empty()) {
      if (!rows.empty())
        error(section.title.zh, 0, "", "",
              {"前 10 行中没有表头，请用程序写出的模板",
               "no heads in the first ten rows; use the template that the program writes"});
      return;
    }
    auto& list = out_.content.*section.rows;
    list.clear();
    for (; next < rows.size(); ++next) {
      const auto& at = rows[next];
      bool any = false;
      for (std::size_t c = 0; c < at.cells.size() && c < head.size(); ++c)
        any = any || (head[c] != nullptr && !at.cells[c].empty());
      if (!any) continue;
      Row row;
      for (std::size_t c = 0; c < at.cells.size() && c < head.size(); ++c)
        if (head[c] != nullptr) cell(section, *head[c], at.number, at.cells[c], row);
      list.push_back(std::move(row));
    }
  }

  void totals(const std::vector<SheetRow>& rows) {
    const auto& section = totals_section();
    auto& t = out_.content.totals.at(0);
    for (const auto& row : rows)
      if (row.cells.size() > 1 && row.cells[0] == kUnitHead) {
        if (row.cells[1] == "元")
          unit = MoneyUnit::yuan;
        else if (row.cells[1] != "万元")
          error(section.title.zh, row.number, kUnitHead, row.cells[1], {"应为“元”或“万元”", "“元” or “万元” was expected"});
      }
    for (const auto& row : rows) {
      if (row.cells.size() < 2 || row.cells[0].empty() || row.cells[0] == kUnitHead || row.cells[0] == kItemHead) continue;
      auto column = std::ranges::find_if(
          section.columns, [&](const auto& c) { return c.title.zh == row.cells[0] || c.title.en == row.cells[0]; });
      if (column == section.columns.end())
        error(section.title.zh, row.number, kItemHead, row.cells[0],
              {"不认识的项目，请用程序写出的模板", "an item that is not known; use the template that the program writes"});
      else
        cell(section, *column, row.number, row.cells[1], t);
    }
  }

 private:
  template <class Row>
  static std::vector<const Column<Row>*> head_of(const Section<Row>& section, const SheetRow& row) {
    std::vector<const Column<Row>*> out;
    std::size_t known = 0;
    for (const auto& text : row.cells) {
      auto found =
          std::ranges::find_if(section.columns, [&](const auto& c) { return c.title.zh == text || c.title.en == text; });
      out.push_back(found == section.columns.end() ? nullptr : &*found);
      known += found == section.columns.end() ? 0 : 1;
    }
    return known >= 2 ? out : std::vector<const Column<Row>*>{};
  }
  WorkbookRead& out_;
};

// "预算.xlsx › 总额" and "总额" both are the sheet 总额.
std::string sheet_of(std::string_view location) {
  constexpr std::string_view kArrow = "›";
  auto at = location.rfind(kArrow);
  return std::string(trim(at == std::string_view::npos ? location : location.substr(at + kArrow.size())));
}

}  // namespace

Result<std::string> write_workbook(const Content& content, MoneyUnit unit, const std::filesystem::path& folder) {
  auto file = folder / (new_id() + ".xlsx");
  Writer writer(file, folder, unit);
  if (!writer.good()) return fail_internal("xlsx: cannot make a workbook");
  each_section([&](const auto& section) {
    if constexpr (is_totals<decltype(section)>)
      writer.totals(content.totals.at(0));
    else
      writer.section(section, content.*section.rows);
  });
  auto error = writer.close();
  return print::take_file(file, error == LXW_NO_ERROR ? "" : lxw_strerror(error), "budget.disk");
}

Result<WorkbookRead> read_workbook(const std::filesystem::path& path, std::string_view name,
                                   const std::filesystem::path& folder, engine::Engine& engine, const Settings& settings) {
  QS_TRY(auto file, tabular::File::open(path, name, folder, settings));
  std::map<std::string, std::vector<SheetRow>> sheets;
  for (const auto& location : file->tables()) {
    QS_TRY(auto rows, rows_of(*file, location, engine));
    sheets[sheet_of(location)] = std::move(rows);
  }
  WorkbookRead out;
  Reader reader(out);
  bool any = false;
  // The totals come first: they name the unit.
  each_section([&](const auto& section) {
    auto found = sheets.find(section.title.zh);
    if (found == sheets.end()) found = sheets.find(section.title.en);
    if (found == sheets.end()) return;
    any = true;
    if constexpr (is_totals<decltype(section)>)
      reader.totals(found->second);
    else
      reader.section(section, found->second);
  });
  if (!any)
    return fail(Error{.code = Code::invalid,
                      .id = "budget.workbook",
                      .text = {"这不是预算模板：没有“总额”“收入”等工作表。请先下载模板。",
                               "This is no budget workbook: it has no sheets such as 总额 and 收入. Download the template."},
                      .subject = std::string(name)});
  if (!out.errors.empty()) return out;
  // Lengths, ranges and codes are asked for where every budget comes in.
  auto checked = content_of(to_json(out.content));
  if (!checked) {
    auto where = checked.error().subject;
    auto bracket = where.find('[');
    std::uint64_t row = bracket == std::string::npos ? 0 : std::strtoull(where.c_str() + bracket + 1, nullptr, 10) + 2;
    out.errors.push_back({.sheet = place_name(where.substr(0, std::min(bracket, where.find('.')))).zh,
                          .row = row,
                          .column = where,
                          .value = "",
                          .expected = checked.error().text});
  }
  return out;
}

}  // namespace qushu::budget
