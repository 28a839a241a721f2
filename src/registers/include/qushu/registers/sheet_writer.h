// A workbook or CSV file of one sheet, written row by row.
#pragma once

#include <filesystem>
#include <memory>

#include "qushu/base/error.h"

namespace qushu::registers {

class SheetWriter {
 public:
  virtual ~SheetWriter() = default;
  [[nodiscard]] virtual Result<void> text(std::string_view value) = 0;
  // An exact decimal as people write it; a number in a workbook.
  [[nodiscard]] virtual Result<void> number(std::string_view value, int decimals) = 0;
  [[nodiscard]] virtual Result<void> end_row() = 0;
  [[nodiscard]] virtual Result<void> close() = 0;
};

[[nodiscard]] Result<std::unique_ptr<SheetWriter>> write_csv(const std::filesystem::path& file);
[[nodiscard]] Result<std::unique_ptr<SheetWriter>> write_xlsx(const std::filesystem::path& file,
                                                              const std::filesystem::path& folder);

}  // namespace qushu::registers
