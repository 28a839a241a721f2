// How a separated text is laid out: delimiter, quote, rows before the header, the header.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/tabular/tabular.h"

#include "text_file.h"

namespace qushu::tabular {

struct Layout {
  Separators separators;
  std::uint32_t skip_rows = 0, header_rows = 1;
  bool fill_short = false;
  std::vector<std::string> names;  // unique, one a column
};

// From the first rows. What `given` says is kept. `front` is UTF-8 and begins at the file's first row.
[[nodiscard]] Layout detect_layout(std::string_view front, const Dialect& given, const Separators* known);

// Names made unique and never empty: "列3", "名称 (2)".
[[nodiscard]] std::vector<std::string> unique_names(std::vector<std::string> names);

}  // namespace qushu::tabular
