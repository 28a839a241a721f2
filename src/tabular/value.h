// Values as people write them: numbers, dates, yes and no.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/text.h"
#include "qushu/engine/engine.h"

#include "text_file.h"

namespace qushu::tabular {

// A cell made ready: white space at both ends and the mark of text gone (`plain`), and in `text` also full-width digits and
// signs made plain where that matters (into `buffer`).
struct Cell {
  std::string_view plain, text;
  bool was_text = false;
};
[[nodiscard]] bool has_beyond_ascii(std::string_view text);
// U+FF01 to U+FF5E as the ASCII characters that they are in full width, into `buffer` when there are any.
[[nodiscard]] std::string_view half_width(std::string_view text, std::string& buffer);
// Inline: every cell of every file comes through here. `wide`: there may be full-width signs in it.
[[nodiscard]] inline Cell clean(std::string_view raw, std::string& buffer, bool wide = true) {
  Cell cell;
  if (!raw.empty() && raw[0] == kWasText) {
    cell.was_text = true;
    raw.remove_prefix(1);
  }
  cell.plain = may_trim(raw) ? trim(raw) : raw;
  cell.text = cell.plain;
  if (cell.plain.empty() || !wide) return cell;
  // No value that is more than text begins with a Chinese character and goes on with full-width signs.
  auto first = cell.plain.front();
  bool may_be_wide = first == '\xEF' || (static_cast<signed char>(first) >= 0 && has_beyond_ascii(cell.plain));
  if (may_be_wide) cell.text = half_width(cell.plain, buffer);
  return cell;
}
// For text columns: trimmed, nothing else.
[[nodiscard]] std::string_view clean_text(std::string_view raw);
// "-", "/", "N/A", "NULL", "无", "空", "不详", "暂无": empty in a column that is not text.
[[nodiscard]] bool means_empty(std::string_view text);

// What parse_date() and then parse_datetime() would find in it, in one go; not compact. `days` of a day, `micros` of a time.
enum class Dated : std::uint8_t { neither, day, time };
[[nodiscard]] Dated parse_dated(std::string_view text, std::int32_t& days, std::int64_t& micros);

// A decimal number as written: sign, thousands separators, point. `percent` says whether a % followed.
struct Number {
  __int128 unscaled = 0;
  int digits = 0;             // before the point, without leading zeros
  int scale = 0;              // after the point
  bool leading_zero = false;  // 007, but not 0 or 0.5
  bool percent = false;
  bool separators = false;
};
[[nodiscard]] bool parse_number(std::string_view text, Number& out);
// With an exponent, or more digits than a decimal holds.
[[nodiscard]] bool parse_float(std::string_view text, double& out);
[[nodiscard]] bool parse_boolean(std::string_view text, bool& out);
// Days since 1970-01-01. 2026-11-23, 2026/1/3, 2026.11.23, 2026年11月23日; `compact` allows 20261123.
[[nodiscard]] bool parse_date(std::string_view text, bool compact, std::int32_t& days);
// Microseconds since 1970 UTC; a date alone is its midnight. Zones (Z, +08:00) are applied.
[[nodiscard]] bool parse_datetime(std::string_view text, bool compact, std::int64_t& micros);
[[nodiscard]] bool parse_time(std::string_view text, std::int64_t& micros);  // of the day

// What a typed column expects, in words, for a value that does not fit.
[[nodiscard]] Text expected(engine::Type type, bool percent, int width, int scale);

}  // namespace qushu::tabular
