#include "qushu/indicators/score.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "qushu/base/text.h"

namespace qushu::indicators {
namespace {

constexpr std::array<std::string_view, 3> kDirections{"higher", "lower", "qualitative"};
constexpr std::array<std::string_view, 5> kLights{"none", "green", "on_track", "yellow", "red"};
constexpr int kMostDecimals = 15;

__int128 gcd(__int128 a, __int128 b) {
  while (b != 0) {
    auto rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// n/d rounded, half away from zero; d > 0.
__int128 rounded(__int128 n, __int128 d) {
  auto half = n < 0 ? -(d / 2) : d / 2;
  return (n + half) / d;
}

__int128 power(int digits) {
  __int128 out = 1;
  for (int i = 0; i < digits; ++i) out *= 10;
  return out;
}

std::string digits_of(__int128 value) {
  std::string out;
  do {
    out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value > 0);
  return out;
}

template <class Enum, std::size_t n>
bool find_word(const std::array<std::string_view, n>& words, std::string_view text, Enum& out) {
  auto found = std::ranges::find(words, text);
  if (found == words.end()) return false;
  out = static_cast<Enum>(found - words.begin());
  return true;
}

}  // namespace

std::optional<Fraction> Fraction::make(__int128 n, __int128 d) {
  if (d == 0) return std::nullopt;
  if (d < 0) {
    n = -n;
    d = -d;
  }
  auto common = gcd(n < 0 ? -n : n, d);
  if (common > 1) {
    n /= common;
    d /= common;
  }
  constexpr __int128 kMost = std::numeric_limits<std::int64_t>::max();
  if (n > kMost || n < -kMost || d > kMost) return std::nullopt;
  return Fraction{.n = static_cast<std::int64_t>(n), .d = static_cast<std::int64_t>(d)};
}

std::optional<Fraction> Fraction::parse(std::string_view text) {
  bool minus = text.starts_with('-');
  if (minus || text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  if (auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    auto digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    auto parsed = to_int(std::string(digits));
    if (!parsed || *parsed > kMostDecimals || *parsed < -kMostDecimals) return std::nullopt;
    exponent = static_cast<int>(*parsed);
    text = text.substr(0, e);
  }
  __int128 n = 0;
  int decimals = 0, digits = 0;
  bool point = false;
  for (char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > 18) return std::nullopt;
    n = n * 10 + (c - '0');
    if (point) ++decimals;
  }
  if (digits == 0) return std::nullopt;
  int below = decimals - exponent;
  if (below > kMostDecimals + 3 || below < -kMostDecimals) return std::nullopt;
  if (minus) n = -n;
  return below >= 0 ? make(n, power(below)) : make(n * power(-below), 1);
}

std::string Fraction::text(int decimals) const {
  auto scale = power(decimals);
  auto value = rounded(static_cast<__int128>(n) * scale, d);
  std::string out = digits_of((value < 0 ? -value : value) / scale);
  auto rest = digits_of((value < 0 ? -value : value) % scale);
  rest.insert(0, static_cast<std::size_t>(decimals) - std::min(rest.size(), static_cast<std::size_t>(decimals)), '0');
  while (rest.ends_with('0')) rest.pop_back();
  if (!rest.empty()) out += "." + rest;
  return value < 0 ? "-" + out : out;
}

std::strong_ordering operator<=>(const Fraction& a, const Fraction& b) {
  return static_cast<__int128>(a.n) * b.d <=> static_cast<__int128>(b.n) * a.d;
}

std::string_view name(Direction direction) {
  return kDirections.at(static_cast<std::size_t>(direction));
}
bool parse(std::string_view text, Direction& out) {
  return find_word(kDirections, text, out);
}
std::string_view name(Light light) {
  return kLights.at(static_cast<std::size_t>(light));
}
bool parse(std::string_view text, Light& out) {
  return find_word(kLights, text, out);
}

bool reached(Direction direction, Fraction value, Fraction target) {
  switch (direction) {
    case Direction::higher:
      return value >= target;
    case Direction::lower:
      return value <= target;
    case Direction::qualitative:
      return value >= Fraction{.n = 80};
  }
  return false;
}

std::int64_t score(Direction direction, Fraction value, Fraction target, std::int64_t weight) {
  // The share n/d of the weight. Fractions of 64 bits make shares of 126; what would not fit any more when it is multiplied
  // loses bits far below the last place.
  auto of = [&](__int128 n, __int128 d) -> std::int64_t {
    if (d < 0) {
      n = -n;
      d = -d;
    }
    constexpr __int128 kMost = static_cast<__int128>(1) << 106;
    while (n > kMost || n < -kMost || d > kMost * 1024) {
      n /= 2;
      d /= 2;
    }
    if (d == 0) return 0;
    return static_cast<std::int64_t>(std::clamp<__int128>(rounded(n * weight, d), 0, weight));
  };
  auto cross = [](std::int64_t a, std::int64_t b) { return static_cast<__int128>(a) * b; };
  switch (direction) {
    case Direction::higher:
      if (value >= target) return weight;
      return target.n <= 0 ? 0 : of(cross(value.n, target.d), cross(value.d, target.n));
    case Direction::lower: {
      if (value <= target) return weight;
      if (target.n <= 0) return 0;
      // 1 − (a − t)/t = (2t − a)/t
      auto n = cross(value.n, target.d), d = cross(value.d, target.n);
      return n / 2 >= d ? 0 : of(2 * d - n, d);
    }
    case Direction::qualitative:
      return of(value.n, cross(value.d, 100));
  }
  return 0;
}

Light light(Direction direction, Fraction value, Fraction target, std::optional<Fraction> elapsed) {
  if (reached(direction, value, target)) return Light::green;
  if (elapsed && direction == Direction::higher && elapsed->n > 0) {
    // value ÷ (target × elapsed), against 60 % and 80 %.
    auto expected = Fraction::make(static_cast<__int128>(target.n) * elapsed->n, static_cast<__int128>(target.d) * elapsed->d);
    if (!expected) return Light::yellow;
    auto at_least = [&](int percent) {
      return static_cast<__int128>(value.n) * expected->d * 100 >= static_cast<__int128>(expected->n) * value.d * percent;
    };
    return at_least(80) ? Light::on_track : at_least(60) ? Light::yellow : Light::red;
  }
  constexpr std::int64_t kWhole = 10'000;
  auto worth = score(direction, value, target, kWhole);
  return worth >= (direction == Direction::qualitative ? kWhole * 6 / 10 : kWhole * 8 / 10) ? Light::yellow : Light::red;
}

std::string with_unit(const Fraction& value, std::string_view unit) {
  return value.text() + (unit.empty() || unit == "%" ? "" : " ") + std::string(unit);
}

std::string hundredths_text(std::int64_t value) {
  if (value < 0) return "-" + hundredths_text(-value);
  auto rest = std::to_string(value % 100);
  return std::to_string(value / 100) + "." + (rest.size() == 1 ? "0" : "") + rest;
}

}  // namespace qushu::indicators
