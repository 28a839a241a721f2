#include <array>
#include <cstdlib>
#include <fstream>
#include <vector>

#include <fmt/format.h>
#include <xlsxwriter.h>

#include "qushu/base/csv.h"
#include "qushu/base/text.h"
#include "qushu/registers/sheet_writer.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kCellText = 32'767 / 2;  // characters that surely fit into a cell
constexpr std::size_t kDigits = 15;            // that Excel keeps

Failure disk(std::string detail) {
  return fail(
      Error{.code = Code::storage_full,
            .id = "register.export_disk",
            .text = {"临时文件写不下，磁盘可能已满。", "The temporary file could not be written; the disk may be full."},
            .detail = std::move(detail)});
}

class Csv final : public SheetWriter {
 public:
  explicit Csv(const std::filesystem::path& file) : out_(file, std::ios::binary) { out_ << "\xEF\xBB\xBF"; }
  Result<void> text(std::string_view value) override {
    cells_.emplace_back(value);
    return {};
  }
  Result<void> number(std::string_view value, int) override {
    // A sign is no formula here.
    if (!line_.empty() || !cells_.empty()) flush_cells();
    if (any_) line_ += ',';
    line_ += value;
    any_ = true;
    return {};
  }
  Result<void> end_row() override {
    flush_cells();
    line_ += "\r\n";
    out_ << line_;
    line_.clear();
    any_ = false;
    if (!out_) return disk("csv");
    return {};
  }
  Result<void> close() override {
    out_.close();
    if (!out_) return disk("csv");
    return {};
  }

 private:
  void flush_cells() {
    for (const auto& cell : cells_) {
      if (any_) line_ += ',';
      if (!cell.empty()) append_csv(cell, true, line_);
      any_ = true;
    }
    cells_.clear();
  }
  std::ofstream out_;
  std::vector<std::string> cells_;
  std::string line_;
  bool any_ = false;
};

class Xlsx final : public SheetWriter {
 public:
  Xlsx(const std::filesystem::path& file, const std::filesystem::path& folder) : file_(file), folder_(folder) {
    lxw_workbook_options options{};
    options.constant_memory = LXW_TRUE;
    options.tmpdir = folder_.data();
    book_ = workbook_new_opt(file_.c_str(), &options);
    if (book_ == nullptr) return;
    sheet_ = workbook_add_worksheet(book_, nullptr);
    text_ = workbook_add_format(book_);
    format_set_num_format(text_, "@");
    head_ = workbook_add_format(book_);
    format_set_bold(head_);
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      numbers_.at(i) = workbook_add_format(book_);
      format_set_num_format(numbers_.at(i), i == 0 ? "#,##0" : ("#,##0." + std::string(i, '0')).c_str());
    }
    worksheet_set_column(sheet_, 0, 200, 16, nullptr);
    worksheet_freeze_panes(sheet_, 1, 0);
  }
  ~Xlsx() override {
    if (book_ != nullptr) lxw_workbook_free(book_);
  }
  Xlsx(const Xlsx&) = delete;
  Xlsx& operator=(const Xlsx&) = delete;
  [[nodiscard]] bool good() const { return book_ != nullptr; }

  Result<void> text(std::string_view value) override {
    auto cut = utf8_length(value) > kCellText ? shorten(value, kCellText) : std::string(value);
    auto at = column_++;
    if (cut.empty()) return {};
    return checked(worksheet_write_string(sheet_, row_, at, cut.c_str(), row_ == 0 ? head_ : text_));
  }
  Result<void> number(std::string_view value, int decimals) override {
    if (value.size() > kDigits) return text(value);
    return checked(worksheet_write_number(sheet_, row_, column_++, std::strtod(std::string(value).c_str(), nullptr),
                                          numbers_.at(static_cast<std::size_t>(decimals))));
  }
  Result<void> end_row() override {
    ++row_;
    column_ = 0;
    return {};
  }
  Result<void> close() override { return checked(workbook_close(std::exchange(book_, nullptr))); }

 private:
  static Result<void> checked(lxw_error error) {
    if (error == LXW_NO_ERROR) return {};
    if (error == LXW_ERROR_CREATING_TMPFILE || error == LXW_ERROR_CREATING_XLSX_FILE || error == LXW_ERROR_ZIP_FILE_OPERATION ||
        error == LXW_ERROR_ZIP_FILE_ADD || error == LXW_ERROR_ZIP_CLOSE)
      return disk(lxw_strerror(error));
    return fail_internal(std::string("xlsx: ") + lxw_strerror(error));
  }
  std::string file_, folder_;
  lxw_workbook* book_ = nullptr;
  lxw_worksheet* sheet_ = nullptr;
  lxw_format *text_ = nullptr, *head_ = nullptr;
  std::array<lxw_format*, 7> numbers_{};
  lxw_row_t row_ = 0;
  lxw_col_t column_ = 0;
};

}  // namespace

Result<std::unique_ptr<SheetWriter>> write_csv(const std::filesystem::path& file) {
  return std::make_unique<Csv>(file);
}

Result<std::unique_ptr<SheetWriter>> write_xlsx(const std::filesystem::path& file, const std::filesystem::path& folder) {
  auto sheet = std::make_unique<Xlsx>(file, folder);
  if (!sheet->good()) return fail_internal("xlsx: cannot make a workbook");
  return sheet;
}

}  // namespace qushu::registers
