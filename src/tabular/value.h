// Values as people write them: numbers, dates, yes and no.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/engine/engine.h"

namespace qushu::tabular {

// A cell made ready: white space at both ends gone, full-width digits and signs made plain (into `buffer`), the mark of text
// taken off.
struct Cell {
  std::string_view text;
  bool was_text = false;
};
[[nodiscard]] Cell clean(std::string_view raw, std::string& buffer);
// For text columns: trimmed, nothing else.
[[nodiscard]] std::string_view clean_text(std::string_view raw);
// "-", "/", "N/A", "NULL", "无", "空", "不详", "暂无": empty in a column that is not text.
[[nodiscard]] bool means_empty(std::string_view text);

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

// Check digits: GB 11643 (18 characters), GB 32100 (18 characters).
[[nodiscard]] bool is_id_card(std::string_view text);
[[nodiscard]] bool is_credit_code(std::string_view text);

// What a typed column expects, in words, for a value that does not fit.
[[nodiscard]] Text expected(engine::Type type, bool percent, int width, int scale);

}  // namespace qushu::tabular
