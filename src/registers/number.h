// Inside the module: exact decimals between text and whole numbers, and the numbers that records are given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/error.h"

namespace qushu::registers {

// "1234.5" with 2 decimals is 123450. Thousands separators are taken; more decimals than that, unless zero, are not.
[[nodiscard]] std::optional<std::int64_t> parse_decimal(std::string_view text, int decimals);
// What it takes, in words: "最多 16 位整数、2 位小数的数".
[[nodiscard]] Text number_words(int decimals);
// 123450 with 2 decimals is "1234.50".
[[nodiscard]] std::string decimal_text(std::int64_t value, int decimals);

// A pattern is text with {year}, {month}, {day} and one {seq} or {seq:4}. What is wrong with it.
[[nodiscard]] std::optional<Text> check_number_pattern(std::string_view pattern);
// The pattern with the day filled in and {seq} left; the counter runs by this. `day` is "2026-11-23".
[[nodiscard]] std::string number_period(std::string_view pattern, std::string_view day);
[[nodiscard]] std::string number_of(std::string_view period, std::int64_t sequence);

}  // namespace qushu::registers
