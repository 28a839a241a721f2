#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <xlsxwriter.h>

#include "qushu/base/text.h"

#include "writers.h"

namespace qushu::query {
namespace {

using engine::Type;

constexpr std::size_t kCellText = 32'767;            // UTF-16 units of a cell at most
constexpr double kFirstDay = 61;                     // 1900-03-01: before it Excel counts a day that never was
constexpr double kUnixEpoch = 25'569;                // 1970-01-01 as Excel counts days
constexpr double kDay = 86'400'000'000;              // µs
constexpr __int128 kDigits = 1'000'000'000'000'000;  // Excel keeps 15

Failure library_failure(lxw_error error) {
  if (error == LXW_ERROR_CREATING_TMPFILE || error == LXW_ERROR_CREATING_XLSX_FILE || error == LXW_ERROR_ZIP_FILE_OPERATION ||
      error == LXW_ERROR_ZIP_FILE_ADD || error == LXW_ERROR_ZIP_CLOSE)
    return fail(
        Error{.code = Code::storage_full,
              .id = "export.disk",
              .text = {"临时文件写不下，磁盘可能已满。", "The temporary file could not be written; the disk may be full."},
              .detail = lxw_strerror(error)});
  return fail_internal(std::string("xlsx: ") + lxw_strerror(error));
}

// A workbook that is written row by row into a file; what is not closed is thrown away.
class Workbook {
 public:
  Workbook(const std::filesystem::path& file, const std::filesystem::path& folder) : file_(file), folder_(folder) {
    lxw_workbook_options options{};
    options.constant_memory = LXW_TRUE;
    options.tmpdir = folder_.data();
    book_ = workbook_new_opt(file_.c_str(), &options);
  }
  ~Workbook() {
    if (book_ != nullptr) lxw_workbook_free(book_);
  }
  Workbook(const Workbook&) = delete;
  Workbook& operator=(const Workbook&) = delete;

  [[nodiscard]] lxw_workbook* get() const { return book_; }
  Result<void> close() {
    auto error = workbook_close(std::exchange(book_, nullptr));
    if (error != LXW_NO_ERROR) return library_failure(error);
    return {};
  }
  lxw_format* format(const char* number) {
    auto* format = workbook_add_format(book_);
    format_set_num_format(format, number);
    return format;
  }

 private:
  std::string file_, folder_;
  lxw_workbook* book_ = nullptr;
};

// A name that Excel takes: 31 characters, none of []:*?/\ and no apostrophe at the ends.
std::string sheet_name(std::string_view name) {
  std::string out;
  for (char c : name) out += std::string_view("[]:*?/\\'").contains(c) || static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  out = std::string(trim(out));
  if (utf8_length(out) > 31) out = shorten(out, 30);
  return out.empty() ? "Sheet1" : out;
}

class SheetWriter {
 public:
  SheetWriter(Workbook& book, const engine::Cursor& cursor, const WriteOptions& options) : columns_(cursor.columns()) {
    sheet_ = workbook_add_worksheet(book.get(), sheet_name(options.sheet).c_str());
    header_ = workbook_add_format(book.get());
    format_set_bold(header_);
    for (const auto& column : columns_) {
      switch (column.type) {
        case Type::date:
          formats_.push_back(book.format("yyyy-mm-dd"));
          break;
        case Type::time:
          formats_.push_back(book.format("hh:mm:ss"));
          break;
        case Type::datetime:
          formats_.push_back(book.format("yyyy-mm-dd hh:mm:ss"));
          break;
        case Type::decimal:
          formats_.push_back(column.scale == 0 ? nullptr : book.format(("0." + std::string(column.scale, '0')).c_str()));
          break;
        case Type::text:
          formats_.push_back(book.format("@"));
          break;
        default:
          formats_.push_back(nullptr);
      }
    }
  }

  Result<void> header(const std::vector<std::string>& headers) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const auto& title = headers.empty() ? columns_[c].name : headers[c];
      auto width = std::clamp(static_cast<double>(utf8_length(title)) * 2 + 2, 10.0, 40.0);
      auto column = static_cast<lxw_col_t>(c);
      worksheet_set_column(sheet_, column, column, width, nullptr);
      QS_CHECK(text(0, c, title, header_));
    }
    worksheet_freeze_panes(sheet_, 1, 0);
    return {};
  }

  Result<void> cell(const engine::Chunk& chunk, std::size_t from, std::uint64_t row, std::size_t c) {
    auto line = static_cast<lxw_row_t>(row);
    if (chunk.is_null(c, from)) return {};
    switch (columns_[c].type) {
      case Type::text:
        return text(line, c, chunk.text(c, from), formats_[c]);
      case Type::boolean:
        return checked(
            worksheet_write_boolean(sheet_, line, static_cast<lxw_col_t>(c), chunk.integer(c, from) != 0 ? 1 : 0, formats_[c]));
      case Type::integer:
      case Type::decimal: {
        auto raw = chunk.raw(c, from);
        if (raw < kDigits && raw > -kDigits) return number(line, c, chunk.number(c, from));
        break;
      }
      case Type::number: {
        auto value = chunk.number(c, from);
        if (std::isfinite(value)) return number(line, c, value);
        break;
      }
      case Type::date:
      case Type::datetime: {
        auto raw = static_cast<double>(chunk.raw(c, from));
        auto day = kUnixEpoch + (columns_[c].type == Type::date ? raw : raw / kDay);
        if (day >= kFirstDay && day < 2'958'466) return number(line, c, day);
        break;
      }
      case Type::time:
        return number(line, c, static_cast<double>(chunk.raw(c, from)) / kDay);
    }
    scratch_.clear();
    chunk.append_text(c, from, scratch_);
    return text(line, c, scratch_, nullptr);
  }

 private:
  static Result<void> checked(lxw_error error) {
    if (error != LXW_NO_ERROR) return library_failure(error);
    return {};
  }

  Result<void> number(lxw_row_t row, std::size_t c, double value) {
    return checked(worksheet_write_number(sheet_, row, static_cast<lxw_col_t>(c), value, formats_[c]));
  }

  Result<void> text(lxw_row_t row, std::size_t c, std::string_view value, lxw_format* format) {
    // What Excel cannot hold is cut, with a mark that it was. A byte count within the limit is within it in UTF-16 too.
    std::string terminated(value.substr(0, value.find('\0')));
    if (terminated.size() > kCellText && utf8_length(terminated) > kCellText / 2)
      terminated = shorten(terminated, kCellText / 2);
    return checked(worksheet_write_string(sheet_, row, static_cast<lxw_col_t>(c), terminated.c_str(), format));
  }

  const std::vector<engine::Column>& columns_;
  lxw_worksheet* sheet_ = nullptr;
  lxw_format* header_ = nullptr;
  std::vector<lxw_format*> formats_;
  std::string scratch_;
};

}  // namespace

Failure too_many_for_xlsx() {
  return fail(Code::too_large, "export.xlsx_rows",
              "结果超过 Excel 一张表 1,048,575 行的上限，请加筛选条件，或改用 CSV、Parquet。",
              "The answer has more than the 1,048,575 rows of an Excel sheet; filter it, or take CSV or Parquet.");
}

Result<std::uint64_t> write_xlsx(engine::Cursor& cursor, const std::filesystem::path& file, const WriteOptions& options) {
  if (cursor.columns().size() > LXW_COL_MAX)
    return fail(Code::too_large, "export.columns", "Excel 最多 16,384 列，请少选几列。", "Excel holds 16,384 columns at most.");
  Workbook book(file, options.folder);
  if (book.get() == nullptr) return fail_internal("xlsx: cannot make a workbook");
  SheetWriter sheet(book, cursor, options);
  QS_CHECK(sheet.header(options.headers));
  std::uint64_t rows = 0;
  for (;;) {
    QS_TRY(const auto* chunk, cursor.next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      if (++rows > kXlsxRows) return too_many_for_xlsx();
      for (std::size_t c = 0; c < cursor.columns().size(); ++c) QS_CHECK(sheet.cell(*chunk, r, rows, c));
    }
  }
  QS_CHECK(book.close());
  return rows;
}

}  // namespace qushu::query
