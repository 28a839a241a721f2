#include "decimal.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "folded.h"

namespace qushu::budget {

__extension__ using Wide = __int128;

std::optional<Decimal> read_decimal(std::u32string_view text, std::size_t& length) {
  constexpr std::int64_t kMost = 9'000'000'000'000;  // printed units, so that the millionths fit
  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == U'-' || text[at] == U'+')) {
    negative = text[at] == U'-';
    ++at;
  }
  std::int64_t whole = 0;
  std::size_t figures = 0;
  while (at < text.size()) {
    if (is_digit(text[at])) {
      whole = whole * 10 + static_cast<std::int64_t>(text[at] - U'0');
      if (whole > kMost) return std::nullopt;
      ++figures;
      ++at;
      continue;
    }
    // A separator stands between a digit and exactly three more.
    bool separator = (text[at] == U',' || text[at] == U'，') && figures > 0 && at + 3 < text.size() && is_digit(text[at + 1]) &&
                     is_digit(text[at + 2]) && is_digit(text[at + 3]) && (at + 4 >= text.size() || !is_digit(text[at + 4]));
    if (!separator) break;
    ++at;
  }
  if (figures == 0) return std::nullopt;
  Decimal out;
  std::int64_t fraction = 0;
  if (at + 1 < text.size() && text[at] == U'.' && is_digit(text[at + 1])) {
    ++at;
    while (at < text.size() && is_digit(text[at])) {
      if (out.digits < 6) {
        fraction = fraction * 10 + static_cast<std::int64_t>(text[at] - U'0');
        ++out.digits;
      }
      ++at;
    }
  }
  out.micro = whole * kMicro + fraction * last_place(out.digits);
  if (negative) out.micro = -out.micro;
  length = at;
  return out;
}

std::string to_text(std::int64_t micro, int digits) {
  auto magnitude = micro < 0 ? 0 - static_cast<std::uint64_t>(micro) : static_cast<std::uint64_t>(micro);
  auto decimals = fmt::format("{:06}", magnitude % kMicro);
  while (static_cast<int>(decimals.size()) > std::clamp(digits, 0, 6) && decimals.back() == '0') decimals.pop_back();
  return fmt::format("{}{}{}{}", micro < 0 ? "-" : "", magnitude / kMicro, decimals.empty() ? "" : ".", decimals);
}

std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
  Wide product = static_cast<Wide>(a) * b;
  Wide divisor = c;
  if (divisor < 0) {
    product = -product;
    divisor = -divisor;
  }
  Wide value = (product < 0 ? product - divisor / 2 : product + divisor / 2) / divisor;
  constexpr Wide kLow = std::numeric_limits<std::int64_t>::min() / 4, kHigh = std::numeric_limits<std::int64_t>::max() / 4;
  return static_cast<std::int64_t>(std::clamp(value, kLow, kHigh));
}

std::int64_t last_place(int digits) {
  std::int64_t out = kMicro;
  for (int i = 0; i < digits && i < 6; ++i) out /= 10;
  return out;
}

}  // namespace qushu::budget
