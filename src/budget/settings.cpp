#include <array>

#include "qushu/budget/budget.h"

namespace qushu::budget {

std::span<const SettingSpec> settings() {
  static const std::array kSpecs{
      SettingSpec{.key = "budget.document_size",
                  .kind = SettingKind::bytes,
                  .default_value = "32MiB",
                  .label = {"核对的公开文件最大多大", "Largest document that is checked"},
                  .min = 1024,
                  .max = 1LL << 30,
                  .runtime = true},
      SettingSpec{.key = "budget.document_lines",
                  .kind = SettingKind::integer,
                  .default_value = "50000",
                  .label = {"核对的公开文件最多多少行文字", "Most lines of text of a document"},
                  .min = 100,
                  .max = 10'000'000,
                  .runtime = true},
      SettingSpec{.key = "budget.pdf_time",
                  .kind = SettingKind::seconds,
                  .default_value = "30s",
                  .label = {"读取一个 PDF 的时限", "Longest time to read a PDF"},
                  .min = 1,
                  .max = 600,
                  .runtime = true},
      SettingSpec{.key = "budget.pdf_memory",
                  .kind = SettingKind::bytes,
                  .default_value = "1GiB",
                  .label = {"读取一个 PDF 最多使用的内存", "Most memory to read a PDF"},
                  .min = 64LL << 20,
                  .max = 16LL << 30,
                  .runtime = true},
      SettingSpec{.key = "budget.workbook_size",
                  .kind = SettingKind::bytes,
                  .default_value = "32MiB",
                  .label = {"导入的预算填报表最大多大", "Largest workbook that a budget is imported from"},
                  .min = 1024,
                  .max = 1LL << 30,
                  .runtime = true}};
  return kSpecs;
}

ReadLimits limits_of(const Settings& settings) {
  return {.document = static_cast<std::uint64_t>(settings.integer("budget.document_size")),
          .lines = static_cast<std::uint64_t>(settings.integer("budget.document_lines")),
          .pdf_memory = static_cast<std::uint64_t>(settings.integer("budget.pdf_memory")),
          .pdf_time = std::chrono::seconds(settings.integer("budget.pdf_time"))};
}

}  // namespace qushu::budget
