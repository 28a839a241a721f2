// XLSX (ECMA-376): a zip of XML parts, read as a stream, so that memory does not grow with the sheet. Shared strings are the
// one thing that is held.
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include <expat.h>
#include <fmt/format.h>
#include <zip.h>

#include "qushu/base/text.h"

#include "spool.h"

namespace qushu::tabular {
namespace {

using Archive = std::unique_ptr<zip_t, decltype(&zip_discard)>;

Failure damaged(std::string_view part) {
  return fail(Code::invalid, "tabular.xlsx", fmt::format("工作簿已损坏（{}），请用 Excel 重新保存后再上传。", part),
              fmt::format("The workbook is damaged ({}); save it anew in Excel and upload it again.", part));
}

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void open(std::string_view name, const XML_Char** attributes) = 0;
  virtual void close(std::string_view name) = 0;
  virtual void text(std::string_view) {}
  std::optional<Error> failed;
};

std::string_view local(const XML_Char* name) {
  std::string_view text(name);
  auto colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

std::string_view attribute(const XML_Char** list, std::string_view name) {
  for (; *list; list += 2)
    if (local(list[0]) == name) return list[1];
  return {};
}

// Streams one part through expat. Entities are not expanded: no part of a workbook needs any, and bombs are made of them.
Result<bool> read_part(zip_t* archive, const std::string& name, Handler& handler, const Limits& limits, std::uint64_t& budget) {
  std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen(archive, name.c_str(), 0), zip_fclose);
  if (!file) return false;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(XML_ParserCreate("UTF-8"),
                                                                                       XML_ParserFree);
  XML_SetUserData(parser.get(), &handler);
  XML_SetElementHandler(
      parser.get(), [](void* h, const XML_Char* n, const XML_Char** a) { static_cast<Handler*>(h)->open(local(n), a); },
      [](void* h, const XML_Char* n) { static_cast<Handler*>(h)->close(local(n)); });
  XML_SetCharacterDataHandler(parser.get(), [](void* h, const XML_Char* t, int n) {
    static_cast<Handler*>(h)->text({t, static_cast<std::size_t>(n)});
  });
  XML_SetEntityDeclHandler(
      parser.get(), [](void* h, const XML_Char*, int, const XML_Char*, int, const XML_Char*, const XML_Char*, const XML_Char*,
                       const XML_Char*) { static_cast<Handler*>(h)->failed = damaged("entity").error(); });
  std::array<char, 65536> buffer{};
  while (true) {
    auto got = zip_fread(file.get(), buffer.data(), buffer.size());
    if (got < 0) return damaged(name);
    budget += static_cast<std::uint64_t>(got);
    if (budget > limits.expansion)
      return fail(Code::too_large, "tabular.expansion",
                  fmt::format("工作簿解压后超过 {} 的上限。", human_bytes(limits.expansion)),
                  fmt::format("Unpacked, the workbook exceeds the limit of {}.", human_bytes(limits.expansion)));
    if (XML_Parse(parser.get(), buffer.data(), static_cast<int>(got), static_cast<int>(got == 0)) == XML_STATUS_ERROR)
      return damaged(name);
    if (handler.failed) return fail(*handler.failed);
    if (got == 0) return true;
  }
}

struct Book {
  struct Sheet {
    std::string name, part;
    bool hidden = false;
  };
  std::vector<Sheet> sheets;
  bool from_1904 = false;
  std::vector<std::string> strings;
  std::vector<bool> date_style, time_style;  // by cell style
};

class WorkbookHandler final : public Handler {
 public:
  explicit WorkbookHandler(Book& book) : book_(book) {}
  std::map<std::string, std::string> ids;  // sheet name order → relation id
  std::vector<std::string> order;
  void open(std::string_view name, const XML_Char** a) override {
    if (name == "sheet") {
      book_.sheets.push_back(
          {.name = std::string(attribute(a, "name")), .part = {}, .hidden = attribute(a, "state") == "veryHidden"});
      order.emplace_back(attribute(a, "id"));
    }
    if (name == "workbookPr") book_.from_1904 = attribute(a, "date1904") == "1" || attribute(a, "date1904") == "true";
  }
  void close(std::string_view) override {}

 private:
  Book& book_;
};

class RelationHandler final : public Handler {
 public:
  std::map<std::string, std::string, std::less<>> targets;
  void open(std::string_view name, const XML_Char** a) override {
    if (name == "Relationship") targets.emplace(attribute(a, "Id"), attribute(a, "Target"));
  }
  void close(std::string_view) override {}
};

class StringsHandler final : public Handler {
 public:
  explicit StringsHandler(Book& book) : book_(book) {}
  void open(std::string_view name, const XML_Char**) override {
    if (name == "si") value_.clear();
    if (name == "rPh") phonetic_ = true;
    reading_ = name == "t" && !phonetic_;
  }
  void close(std::string_view name) override {
    if (name == "si") book_.strings.push_back(value_);
    if (name == "rPh") phonetic_ = false;
    if (name == "t") reading_ = false;
  }
  void text(std::string_view t) override {
    if (reading_) value_ += t;
  }

 private:
  Book& book_;
  std::string value_;
  bool reading_ = false, phonetic_ = false;
};

// Whether a number format shows dates, times or both.
std::pair<bool, bool> shows(std::string_view format) {
  bool date = false, time = false, quoted = false, bracket = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    char c = format[i];
    if (c == '"') quoted = !quoted;
    if (c == '\\' || c == '_' || c == '*') {
      ++i;
      continue;
    }
    if (c == '[') bracket = true;
    if (c == ']') bracket = false;
    if (quoted || bracket) continue;
    if (c == 'y' || c == 'Y' || c == 'd' || c == 'D') date = true;
    if (c == 'h' || c == 'H' || c == 's' || c == 'S') time = true;
    if (c == ';') break;
  }
  if (!date && !time && format.contains("m") && !format.contains("#") && !format.contains("0") && format != "General")
    date = true;
  return {date, time};
}

class StylesHandler final : public Handler {
 public:
  explicit StylesHandler(Book& book) : book_(book) {}
  void open(std::string_view name, const XML_Char** a) override {
    if (name == "numFmt") formats_[to_int(attribute(a, "numFmtId")).value_or(-1)] = std::string(attribute(a, "formatCode"));
    if (name == "cellXfs") in_cells_ = true;
    if (name == "xf" && in_cells_) {
      auto id = to_int(attribute(a, "numFmtId")).value_or(0);
      bool date = (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) ||
                  id == 57 || id == 58;
      bool time = (id >= 18 && id <= 22) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47) || id == 55 || id == 56;
      if (auto own = formats_.find(id); own != formats_.end()) std::tie(date, time) = shows(own->second);
      book_.date_style.push_back(date);
      book_.time_style.push_back(time);
    }
  }
  void close(std::string_view name) override {
    if (name == "cellXfs") in_cells_ = false;
  }

 private:
  Book& book_;
  std::map<std::int64_t, std::string> formats_;
  bool in_cells_ = false;
};

// Excel's day count: 1 is 1900-01-01, with a 29 February 1900 that never was.
std::string date_text(double serial, bool date, bool time, bool from_1904) {
  auto days = std::floor(serial);
  auto seconds = std::llround((serial - days) * 86400.0);
  if (seconds == 86400) {
    seconds = 0;
    days += 1;
  }
  auto clock = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (!date || (days == 0 && time)) return clock;
  auto whole = static_cast<std::int64_t>(days) + (from_1904 ? 1462 : 0);
  auto from = whole < 60 ? std::chrono::sys_days(std::chrono::year(1899) / 12 / 31)
                         : std::chrono::sys_days(std::chrono::year(1899) / 12 / 30);
  std::chrono::year_month_day ymd(from + std::chrono::days(whole));
  auto text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                          static_cast<unsigned>(ymd.day()));
  return time || seconds != 0 ? text + " " + clock : text;
}

// A double as Excel shows it: 15 digits, so that 0.1 + 0.2 reads 0.3.
std::string number_text(std::string_view raw) {
  double value = 0;
  auto [end, bad] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  if (bad != std::errc() || end != raw.data() + raw.size()) return std::string(raw);
  if (value == std::floor(value) && std::fabs(value) < 1e15) return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{:.15g}", value);
}

class SheetHandler final : public Handler {
 public:
  SheetHandler(const Book& book, SpoolWriter& out, const Limits& limits) : book_(book), out_(out), limits_(limits) {}

  void open(std::string_view name, const XML_Char** a) override {
    if (name == "row") {
      auto number = to_int(attribute(a, "r")).value_or(static_cast<std::int64_t>(row_) + 1);
      // Rows that are not written are blank: every row keeps its number. A jump of millions is a slip, not a table.
      if (number - static_cast<std::int64_t>(row_) > 2'000'000 || number > 1'048'576) {
        failed = damaged("row").error();
        return;
      }
      while (static_cast<std::int64_t>(out_.rows()) + 1 < number) out_.end_row();
      row_ = static_cast<std::uint64_t>(number);
      column_ = 0;
    } else if (name == "c") {
      auto reference = attribute(a, "r");
      std::size_t column = 0;
      for (char c : reference) {
        if (c < 'A' || c > 'Z') break;
        column = column * 26 + static_cast<std::size_t>(c - 'A' + 1);
      }
      column = column == 0 ? column_ : column - 1;
      if (column >= limits_.columns) {
        failed = Error{.code = Code::too_large,
                       .id = "tabular.columns",
                       .text = {fmt::format("第 {} 行的列数超过 {} 的上限。", row_, limits_.columns),
                                fmt::format("Row {} has more than {} columns.", row_, limits_.columns)}};
        return;
      }
      for (; column_ < column; ++column_) out_.cell("", false);
      type_ = attribute(a, "t");
      style_ = static_cast<std::size_t>(to_int(attribute(a, "s")).value_or(0));
      value_.clear();
      has_value_ = false;
    } else if (name == "v" || name == "t") {
      reading_ = true;
    }
  }

  void close(std::string_view name) override {
    if (name == "v" || name == "t") {
      reading_ = false;
      has_value_ = true;
    } else if (name == "c") {
      write_cell();
      ++column_;
    } else if (name == "row") {
      out_.end_row();
    }
  }

  void text(std::string_view t) override {
    if (!reading_) return;
    value_ += t;
    if (value_.size() > limits_.cell)
      failed = Error{.code = Code::too_large,
                     .id = "tabular.cell",
                     .text = {fmt::format("第 {} 行有一个单元格超过 {}。", row_, human_bytes(limits_.cell)),
                              fmt::format("A cell of row {} exceeds {}.", row_, human_bytes(limits_.cell))}};
  }

 private:
  void write_cell() {
    if (!has_value_) return out_.cell("", false);
    if (type_ == "s") {
      auto i = to_int(value_).value_or(-1);
      return out_.cell(i >= 0 && static_cast<std::size_t>(i) < book_.strings.size()
                           ? std::string_view(book_.strings[static_cast<std::size_t>(i)])
                           : std::string_view(),
                       true);
    }
    if (type_ == "str" || type_ == "inlineStr") return out_.cell(value_, true);
    if (type_ == "b") return out_.cell(value_ == "1" ? "true" : "false", false);
    if (type_ == "d") return out_.cell(value_, false);
    if (type_ == "e") return out_.cell(value_, true);
    bool date = style_ < book_.date_style.size() && book_.date_style[style_];
    bool time = style_ < book_.time_style.size() && book_.time_style[style_];
    double serial = 0;
    auto [end, bad] = std::from_chars(value_.data(), value_.data() + value_.size(), serial);
    bool number = bad == std::errc() && end == value_.data() + value_.size();
    if ((date || time) && number && serial >= 0 && serial < 2958466)
      return out_.cell(date_text(serial, date, time, book_.from_1904), false);
    out_.cell(number_text(value_), false);
  }

  const Book& book_;
  SpoolWriter& out_;
  const Limits& limits_;
  std::uint64_t row_ = 0;
  std::size_t column_ = 0, style_ = 0;
  std::string type_, value_;
  bool reading_ = false, has_value_ = false;
};

Result<Book> read_book(zip_t* archive, const Limits& limits, std::uint64_t& budget) {
  Book book;
  WorkbookHandler workbook(book);
  QS_TRY(bool there, read_part(archive, "xl/workbook.xml", workbook, limits, budget));
  if (!there) return damaged("xl/workbook.xml");
  RelationHandler relations;
  QS_CHECK(read_part(archive, "xl/_rels/workbook.xml.rels", relations, limits, budget));
  for (std::size_t i = 0; i < book.sheets.size(); ++i) {
    auto target = relations.targets.find(workbook.order[i]);
    if (target == relations.targets.end()) continue;
    book.sheets[i].part = target->second.starts_with('/') ? target->second.substr(1) : "xl/" + target->second;
  }
  StringsHandler strings(book);
  QS_CHECK(read_part(archive, "xl/sharedStrings.xml", strings, limits, budget));
  StylesHandler styles(book);
  QS_CHECK(read_part(archive, "xl/styles.xml", styles, limits, budget));
  return book;
}

}  // namespace

Result<std::vector<Table>> spool_xlsx(const std::filesystem::path& file, const std::string& prefix,
                                      const std::filesystem::path& scratch, const Limits& limits) {
  int error = 0;
  Archive archive(zip_open(file.c_str(), ZIP_RDONLY, &error), zip_discard);
  if (!archive) return damaged("zip");
  std::uint64_t budget = 0;
  QS_TRY(auto book, read_book(archive.get(), limits, budget));
  std::vector<Table> tables;
  for (std::size_t i = 0; i < book.sheets.size(); ++i) {
    const auto& sheet = book.sheets[i];
    if (sheet.part.empty() || sheet.hidden || sheet.part.contains("chartsheets")) continue;
    if (tables.size() >= limits.tables)
      return fail(Code::too_large, "tabular.tables", fmt::format("工作表超过 {} 个的上限。", limits.tables),
                  fmt::format("There are more than {} sheets.", limits.tables));
    auto path = scratch;
    path += fmt::format(".{}", i);
    QS_TRY(auto out, SpoolWriter::create(path));
    SheetHandler handler(book, out, limits);
    QS_CHECK(read_part(archive.get(), sheet.part, handler, limits, budget));
    QS_CHECK(out.finish());
    Table table{.location = prefix.empty() ? sheet.name : prefix + " › " + sheet.name,
                .format = Format::xlsx,
                .file = path,
                .spooled = true};
    if (out.rows() == 0) table.note = Text{"工作表是空的。", "The sheet is empty."};
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace qushu::tabular
