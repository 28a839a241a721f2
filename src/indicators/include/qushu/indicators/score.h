// Figures and what they are worth, exact: fractions of whole numbers until the very end, which is rounded to two decimals, half
// away from zero.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qushu::indicators {

// n/d, in lowest terms, d > 0.
struct Fraction {
  std::int64_t n = 0, d = 1;

  // nullopt: d is 0, or the fraction does not fit.
  [[nodiscard]] static std::optional<Fraction> make(__int128 n, __int128 d);
  // "98.5", "-3", "1e-05" as the engine writes numbers; nullopt: no number, or more than 15 digits behind the point.
  [[nodiscard]] static std::optional<Fraction> parse(std::string_view text);
  // As a decimal, rounded, without zeros at the end: "66.67", "5".
  [[nodiscard]] std::string text(int decimals = 2) const;
  [[nodiscard]] double number() const { return static_cast<double>(n) / static_cast<double>(d); }

  friend bool operator==(const Fraction&, const Fraction&) = default;
};
[[nodiscard]] std::strong_ordering operator<=>(const Fraction& a, const Fraction& b);

enum class Direction : std::uint8_t {
  higher,      // the target or more is wanted
  lower,       // the target or less is wanted
  qualitative  // a degree of fulfilment of 0 to 100: from 80 on it counts as reached, from 60 on as partly reached
};
[[nodiscard]] std::string_view name(Direction direction);
[[nodiscard]] bool parse(std::string_view text, Direction& out);

// What a figure is worth of `weight` (in hundredths), in hundredths. standards.md, section 6:
//   higher: a ≥ t → w, else w·a/t. lower: a ≤ t → w, t < a < 2t → w(1 − (a − t)/t), a ≥ 2t → 0.
//   qualitative: w·a/100, so that reached lies in [0.8w, w], partly in [0.6w, 0.8w), not in [0, 0.6w).
// Never below 0 nor above the weight.
[[nodiscard]] std::int64_t score(Direction direction, Fraction value, Fraction target, std::int64_t weight);
[[nodiscard]] bool reached(Direction direction, Fraction value, Fraction target);

enum class Light : std::uint8_t {
  none,      // no evidence
  green,     // reached
  on_track,  // not reached yet, but on the way in time
  yellow,    // less than that
  red,       // far from it
};
[[nodiscard]] std::string_view name(Light light);
[[nodiscard]] bool parse(std::string_view text, Light& out);
// `elapsed`: of a figure that grows through the year, the share of it that has passed: below 60 % of what could be expected by
// now is red, below 80 % yellow, the rest on track until the target itself is reached. Of others, and without it: reached is
// green, four fifths of the weight is yellow (qualitative: three fifths), less is red.
[[nodiscard]] Light light(Direction direction, Fraction value, Fraction target, std::optional<Fraction> elapsed);

// "34 分钟", "96.97%".
[[nodiscard]] std::string with_unit(const Fraction& value, std::string_view unit);
// "12.50" of 1250.
[[nodiscard]] std::string hundredths_text(std::int64_t value);

}  // namespace qushu::indicators
