#include "number.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kLongest = 60;

struct Sequence {
  std::size_t at = 0, length = 0;
  int width = 0;
};

std::optional<Sequence> sequence_in(std::string_view text) {
  auto at = text.find("{seq");
  if (at == std::string_view::npos) return std::nullopt;
  auto rest = text.substr(at + 4);
  if (rest.starts_with('}')) return Sequence{.at = at, .length = 5, .width = 1};
  if (rest.size() < 3 || rest[0] != ':' || !is_ascii_digit(rest[1]) || rest[1] == '0' || rest[2] != '}') return std::nullopt;
  return Sequence{.at = at, .length = 7, .width = rest[1] - '0'};
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

std::optional<std::int64_t> parse_decimal(std::string_view text, int decimals) {
  text = trim(text);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  int after = -1;  // digits behind the point
  std::size_t digits = 0, since_comma = 4;
  bool comma = false;
  for (char c : text) {
    if (c == ',' && after < 0 && digits > 0 && (!comma || since_comma == 3)) {
      comma = true;
      since_comma = 0;
      continue;
    }
    if (c == '.' && after < 0) {
      if (comma && since_comma != 3) return std::nullopt;
      after = 0;
      continue;
    }
    if (!is_ascii_digit(c)) return std::nullopt;
    ++digits;
    if (after < 0) ++since_comma;
    if (after >= 0 && after == decimals) {
      if (c != '0') return std::nullopt;
      continue;
    }
    if (after >= 0) ++after;
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value) || __builtin_add_overflow(value, std::int64_t{c - '0'}, &value))
      return std::nullopt;
  }
  if (digits == 0 || (comma && after < 0 && since_comma != 3)) return std::nullopt;
  for (int i = std::max(after, 0); i < decimals; ++i)
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) return std::nullopt;
  return negative ? -value : value;
}

Text number_words(int decimals) {
  constexpr int kDigits = 18;
  if (decimals == 0)
    return {fmt::format("最多 {} 位的整数", kDigits), fmt::format("a whole number of {} digits at most", kDigits)};
  return {fmt::format("最多 {} 位整数、{} 位小数的数", kDigits - decimals, decimals),
          fmt::format("a number with {} digits before and {} after the point at most", kDigits - decimals, decimals)};
}

std::string decimal_text(std::int64_t value, int decimals) {
  auto magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  auto digits = std::to_string(magnitude);
  auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - places, ".");
  return value < 0 ? "-" + digits : digits;
}

std::optional<Text> check_number_pattern(std::string_view pattern) {
  auto sequence = sequence_in(pattern);
  auto plain = std::string(pattern);
  if (sequence) plain.erase(sequence->at, sequence->length);
  for (auto word : {"{year}", "{month}", "{day}"}) plain = replaced(std::move(plain), word, "");
  bool control = std::ranges::any_of(plain, [](unsigned char c) { return c < 0x20; });
  if (sequence && !plain.contains('{') && !plain.contains('}') && !control && utf8_length(pattern) <= kLongest)
    return std::nullopt;
  return Text{
      fmt::format(
          "编号规则应含一个 {{seq}} 或 {{seq:4}}，可用 {{year}}、{{month}}、{{day}}，最多 {} 个字，如 HT-{{year}}-{{seq:4}}。",
          kLongest),
      fmt::format("A pattern holds one {{seq}} or {{seq:4}}, may hold {{year}}, {{month}}, {{day}}, and has {} characters at "
                  "most: HT-{{year}}-{{seq:4}}.",
                  kLongest)};
}

std::string number_period(std::string_view pattern, std::string_view day) {
  auto out = replaced(std::string(pattern), "{year}", day.substr(0, 4));
  out = replaced(std::move(out), "{month}", day.substr(5, 2));
  return replaced(std::move(out), "{day}", day.substr(8, 2));
}

std::string number_of(std::string_view period, std::int64_t sequence) {
  auto place = sequence_in(period);
  if (!place) return std::string(period) + std::to_string(sequence);
  return std::string(period.substr(0, place->at)) + fmt::format("{:0{}}", sequence, place->width) +
         std::string(period.substr(place->at + place->length));
}

}  // namespace qushu::registers
