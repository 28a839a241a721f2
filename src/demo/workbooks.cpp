#include <array>

#include <fmt/format.h>
#include <xlsxwriter.h>

#include "streets.h"
#include "writers.h"

namespace qushu::demo {
namespace {

Result<void> close(lxw_workbook* book, const std::filesystem::path& file) {
  auto failed = workbook_close(book);
  if (failed != LXW_NO_ERROR) return fail_internal(fmt::format("libxlsxwriter: {} ({})", lxw_strerror(failed), file.string()));
  return {};
}

lxw_workbook* open(const std::filesystem::path& file) {
  std::filesystem::remove(file);
  auto* book = workbook_new(file.c_str());
  lxw_doc_properties properties{};
  properties.created = 1767225600;
  workbook_set_properties(book, &properties);
  return book;
}

}  // namespace

Result<std::uint64_t> write_population(const std::filesystem::path& file, Random r) {
  auto* book = open(file);
  auto* bold = workbook_add_format(book);
  format_set_bold(bold);
  format_set_align(bold, LXW_ALIGN_CENTER);
  auto* thousands = workbook_add_format(book);
  format_set_num_format(thousands, "#,##0");
  for (int year = 2022; year <= 2025; ++year) {
    auto* sheet = workbook_add_worksheet(book, fmt::format("{}年", year).c_str());
    worksheet_merge_range(sheet, 0, 0, 0, 8, fmt::format("云溪区{}年各街道人口情况统计表", year).c_str(), bold);
    worksheet_merge_range(sheet, 1, 0, 2, 0, "街道", bold);
    worksheet_merge_range(sheet, 1, 1, 1, 3, "户籍人口（人）", bold);
    worksheet_merge_range(sheet, 1, 4, 1, 5, "常住人口（人）", bold);
    worksheet_merge_range(sheet, 1, 6, 2, 6, "城镇化率", bold);
    worksheet_merge_range(sheet, 1, 7, 2, 7, "街道代码", bold);
    worksheet_merge_range(sheet, 1, 8, 2, 8, "年度", bold);
    int column = 1;
    for (const char* name : {"男", "女", "合计", "本地", "外来"})
      worksheet_write_string(sheet, 2, static_cast<lxw_col_t>(column++), name, bold);
    for (std::size_t i = 0; i < kStreets.size(); ++i) {
      auto row = static_cast<lxw_row_t>(3 + i);
      auto men = r.between(9000, 42000), women = r.between(9000, 42000);
      worksheet_write_string(sheet, row, 0, kStreets.at(i).data(), nullptr);
      worksheet_write_number(sheet, row, 1, static_cast<double>(men), thousands);
      worksheet_write_number(sheet, row, 2, static_cast<double>(women), thousands);
      worksheet_write_number(sheet, row, 3, static_cast<double>(men + women), thousands);
      worksheet_write_number(sheet, row, 4, static_cast<double>(men + women - r.between(0, 3000)), thousands);
      worksheet_write_number(sheet, row, 5, static_cast<double>(r.between(500, 20000)), thousands);
      worksheet_write_string(sheet, row, 6, fmt::format("{}.{}%", r.between(35, 99), r.below(10)).c_str(), nullptr);
      worksheet_write_string(sheet, row, 7, fmt::format("990105{:03}", i + 1).c_str(), nullptr);
      worksheet_write_number(sheet, row, 8, year, nullptr);
    }
  }
  QS_CHECK(close(book, file));
  return 0;
}

Result<std::uint64_t> write_inspections(const std::filesystem::path& file, Random r) {
  static constexpr std::array<const char*, 5> kResults{"合格", "合格", "合格", "限期整改", "停业整顿"};
  static constexpr std::array<const char*, 5> kKinds{"消防通道堵塞", "特种设备未检", "危化品混存", "电气线路老化",
                                                     "应急预案缺失"};
  auto* book = open(file);
  auto* date_format = workbook_add_format(book);
  format_set_num_format(date_format, "yyyy/m/d");
  auto* sheet = workbook_add_worksheet(book, "检查记录");
  worksheet_write_string(sheet, 0, 0, "云溪区应急管理局安全生产检查记录（内部使用）", nullptr);
  int column = 0;
  for (const char* name : {"检查单号", "检查日期", "企业名称", "统一社会信用代码", "检查人员数（人）", "发现隐患（处）",
                           "主要隐患", "检查结果", "罚款金额（元）", "整改期限"})
    worksheet_write_string(sheet, 1, static_cast<lxw_col_t>(column++), name, nullptr);
  std::uint64_t rejects = 0;
  for (int i = 0; i < 4200; ++i) {
    auto row = static_cast<lxw_row_t>(2 + i);
    auto on = date(r, 2023, 2026);
    auto found = r.between(0, 9);
    worksheet_write_string(sheet, row, 0, fmt::format("0{}{:05}", on.year, i).c_str(), nullptr);
    bool bad = r.chance(350);
    if (bad) {
      worksheet_write_string(sheet, row, 1, fmt::format("{}年{}月下旬", on.year, on.month).c_str(), nullptr);
      ++rejects;
    } else if (r.chance(5)) {
      worksheet_write_string(sheet, row, 1, fmt::format("{}年{}月{}日", on.year, on.month, on.day).c_str(), nullptr);
    } else {
      lxw_datetime value{
          .year = on.year, .month = static_cast<int>(on.month), .day = static_cast<int>(on.day), .hour = 0, .min = 0, .sec = 0};
      worksheet_write_datetime(sheet, row, 1, &value, date_format);
    }
    worksheet_write_string(sheet, row, 2, company_name(r).c_str(), nullptr);
    worksheet_write_string(sheet, row, 3, credit_code(r).c_str(), nullptr);
    worksheet_write_number(sheet, row, 4, static_cast<double>(r.between(2, 6)), nullptr);
    worksheet_write_number(sheet, row, 5, static_cast<double>(found), nullptr);
    if (found > 0) worksheet_write_string(sheet, row, 6, r.of(kKinds), nullptr);
    worksheet_write_string(sheet, row, 7, r.of(kResults), nullptr);
    worksheet_write_number(sheet, row, 8, static_cast<double>(r.between(0, 20)) * 500.5, nullptr);
    if (found > 3) {
      auto until = date(r, 2026, 2027);
      lxw_datetime value{.year = until.year,
                         .month = static_cast<int>(until.month),
                         .day = static_cast<int>(until.day),
                         .hour = 0,
                         .min = 0,
                         .sec = 0};
      worksheet_write_datetime(sheet, row, 9, &value, date_format);
    }
  }
  QS_CHECK(close(book, file));
  return rejects;
}

}  // namespace qushu::demo
