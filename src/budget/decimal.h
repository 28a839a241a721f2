// Exact figures: integers of a millionth of the printed unit, with the number of decimals that were printed. An amount of money
// is held in fen, of which ten thousand yuan have a million.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qushu::budget {

constexpr std::int64_t kMicro = 1'000'000;

struct Decimal {
  std::int64_t micro = 0;
  int digits = 0;  // decimals as printed
};

// The number at the front of `text`: a sign, digits with thousands separators, decimals. `length`: the characters it takes.
// nullopt when there is none, or more digits than a government has money.
[[nodiscard]] std::optional<Decimal> read_decimal(std::u32string_view text, std::size_t& length);
// "2606.14", "-3", "798.125": at least `digits` decimals, more when the value has them.
[[nodiscard]] std::string to_text(std::int64_t micro, int digits);
// a · b ÷ c, rounded half away from zero; c is not 0. Saturates.
[[nodiscard]] std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c);
// 10 to the power of 6 − digits: one unit of the last printed place.
[[nodiscard]] std::int64_t last_place(int digits);

}  // namespace qushu::budget
