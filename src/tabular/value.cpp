#include "value.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "text_file.h"

namespace qushu::tabular {
namespace {

constexpr int kMostDigits = 38;

bool two_digits(std::string_view text, std::size_t& at, int& out) {
  if (at >= text.size() || !is_ascii_digit(text[at])) return false;
  out = text[at++] - '0';
  if (at < text.size() && is_ascii_digit(text[at])) out = out * 10 + (text[at++] - '0');
  return true;
}

bool day_number(int y, int m, int d, std::int32_t& days) {
  if (y < 1000 || y > 9999) return false;
  std::chrono::year_month_day date{std::chrono::year(y), std::chrono::month(static_cast<unsigned>(m)),
                                   std::chrono::day(static_cast<unsigned>(d))};
  if (!date.ok()) return false;
  days = static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
  return true;
}

bool take(std::string_view text, std::size_t& at, std::string_view what) {
  if (text.substr(at, what.size()) != what) return false;
  at += what.size();
  return true;
}

// The date at the front of `text`; `at` moves behind it.
bool date_at(std::string_view text, bool compact, std::size_t& at, std::int32_t& days) {
  if (text.size() < 8) return false;
  int y = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (!is_ascii_digit(text[i])) return false;
    y = y * 10 + (text[i] - '0');
  }
  at = 4;
  int m = 0, d = 0;
  if (take(text, at, "年")) {
    if (!two_digits(text, at, m) || !take(text, at, "月") || !two_digits(text, at, d)) return false;
    (void)(take(text, at, "日") || take(text, at, "号"));
    return day_number(y, m, d, days);
  }
  if (compact && is_ascii_digit(text[at])) {
    if (text.size() < 8) return false;
    if (!two_digits(text, at, m) || at != 6 || !two_digits(text, at, d) || at != 8) return false;
    return day_number(y, m, d, days);
  }
  char separator = text[at];
  if (separator != '-' && separator != '/' && separator != '.') return false;
  ++at;
  if (!two_digits(text, at, m) || at >= text.size() || text[at] != separator) return false;
  ++at;
  return two_digits(text, at, d) && day_number(y, m, d, days);
}

bool time_at(std::string_view text, std::size_t& at, std::int64_t& micros) {
  int h = 0, m = 0, s = 0;
  if (!two_digits(text, at, h)) return false;
  bool chinese = take(text, at, "时");
  if (!chinese && !take(text, at, ":")) return false;
  if (!two_digits(text, at, m)) return false;
  std::int64_t fraction = 0;
  bool seconds = chinese ? take(text, at, "分") && at < text.size() && is_ascii_digit(text[at]) : take(text, at, ":");
  if (seconds) {
    if (!two_digits(text, at, s)) return false;
    if (chinese) (void)take(text, at, "秒");
    if (take(text, at, ".")) {
      int digits = 0;
      for (; at < text.size() && is_ascii_digit(text[at]); ++at)
        if (digits < 6) {
          fraction = fraction * 10 + (text[at] - '0');
          ++digits;
        }
      if (digits == 0) return false;
      for (; digits < 6; ++digits) fraction *= 10;
    }
  }
  if (h > 23 || m > 59 || s > 59) return false;
  micros = ((std::int64_t{h} * 60 + m) * 60 + s) * 1'000'000 + fraction;
  return true;
}

constexpr std::array<std::string_view, 20> kEmptyWords{"-",    "--",  "—",   "——", "/",  "\\",   "N/A",  "n/a",  "NA",   "NULL",
                                                       "null", "NaN", "nan", "无", "空", "不详", "暂无", "未知", "#N/A", "\\N"};
constexpr std::array<std::string_view, 10> kYes{"是", "true", "TRUE", "True", "Y", "y", "yes", "Yes", "YES", "√"},
    kNo{"否", "false", "FALSE", "False", "N", "n", "no", "No", "NO", "×"};

// Whether a text may be one of a few words, told by its length and first two bytes: nearly all values are told apart by them.
template <const auto&... lists>
bool may_be_one_of(std::string_view text) {
  struct Known {
    std::array<bool, 256> first{}, second{};
    std::size_t longest = 0;
  };
  static constexpr auto kKnown = [] {
    Known known;
    auto note = [&](std::string_view word) {
      known.first[static_cast<unsigned char>(word[0])] = true;
      if (word.size() > 1) known.second[static_cast<unsigned char>(word[1])] = true;
      known.longest = std::max(known.longest, word.size());
    };
    (std::ranges::for_each(lists, note), ...);
    return known;
  }();
  auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(text[i])); };
  return !text.empty() && text.size() <= kKnown.longest && kKnown.first[at(0)] && (text.size() == 1 || kKnown.second[at(1)]);
}

}  // namespace

// U+FF01..U+FF5E are the ASCII characters in full width.
std::string_view half_width(std::string_view text, std::string& buffer) {
  buffer.clear();
  bool changed = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto a = static_cast<unsigned char>(text[i]);
    if (a == 0xEF && i + 2 < text.size()) {
      auto b = static_cast<unsigned char>(text[i + 1]), c = static_cast<unsigned char>(text[i + 2]);
      unsigned code = ((a & 0x0FU) << 12U) | ((b & 0x3FU) << 6U) | (c & 0x3FU);
      if (code >= 0xFF01 && code <= 0xFF5E) {
        buffer += static_cast<char>(code - 0xFEE0);
        i += 2;
        changed = true;
        continue;
      }
    }
    buffer += text[i];
  }
  return changed ? std::string_view(buffer) : text;
}

bool has_beyond_ascii(std::string_view text) {
  // Eight bytes at a time; what is left over, as the last eight where there are so many.
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  std::uint64_t word = 0, bits = 0;
  const char* at = text.data();
  if (text.size() < sizeof word) {
    std::memcpy(&word, at, text.size());
    return (word & kHigh) != 0;
  }
  for (const char* last = at + text.size() - sizeof word; at < last; at += sizeof word) {
    std::memcpy(&word, at, sizeof word);
    bits |= word;
  }
  std::memcpy(&word, text.data() + text.size() - sizeof word, sizeof word);
  return ((bits | word) & kHigh) != 0;
}

std::string_view clean_text(std::string_view raw) {
  if (!raw.empty() && raw[0] == kWasText) raw.remove_prefix(1);
  return may_trim(raw) ? trim(raw) : raw;
}

bool means_empty(std::string_view t) {
  return t.empty() || (may_be_one_of<kEmptyWords>(t) && std::ranges::find(kEmptyWords, t) != kEmptyWords.end());
}

namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

// Eight digits in one go: pairs, then fours, then all of them are put together within one word. False: they are not all digits.
bool eight_digits(const char* at, std::uint64_t& value) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, kWord);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  constexpr std::uint64_t kHigh = 0xF0F0F0F0F0F0F0F0, kZeros = 0x3030303030303030, kSixes = 0x0606060606060606;
  if ((word & kHigh) != kZeros || ((word + kSixes) & kHigh) != kZeros) return false;
  word = (word & ~kHigh) * 10 + ((word & ~kHigh) >> 8U);
  constexpr std::uint64_t kPairs = 0x000000FF000000FF;
  value = ((word & kPairs) * (100 + (1'000'000ULL << 32U)) + ((word >> 16U) & kPairs) * (1 + (10'000ULL << 32U))) >> 32U;
  return true;
}

// What nearly all numbers are: a sign perhaps, digits, a point perhaps, no more than 18 digits. False: the long way decides.
bool parse_short_number(std::string_view t, Number& out) {
  const char* at = t.data();
  const char* end = at + t.size();
  bool negative = *at == '-';
  if (negative || *at == '+') ++at;
  const char* begin = at;
  if (end - begin > 18 + 1) return false;
  std::uint64_t value = 0, part = 0;
  while (end - at >= static_cast<std::ptrdiff_t>(kWord) && eight_digits(at, part)) {
    value = value * 100'000'000 + part;
    at += kWord;
  }
  while (at < end && is_ascii_digit(*at)) value = value * 10 + static_cast<std::uint64_t>(*at++ - '0');
  auto before = at - begin;
  if (before == 0 || end - begin > 18) return false;
  const char* significant = begin;
  while (significant < at && *significant == '0') ++significant;
  int scale = 0;
  if (at < end) {
    if (*at != '.') return false;
    for (++at; at < end && is_ascii_digit(*at); ++scale) value = value * 10 + static_cast<std::uint64_t>(*at++ - '0');
    if (at < end) return false;
  }
  out.digits = static_cast<int>(begin + before - significant);
  out.scale = scale;
  out.leading_zero = *begin == '0' && before > 1;
  out.unscaled = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  return true;
}

}  // namespace

bool parse_number(std::string_view t, Number& out) {
  out = {};
  if (!t.empty() && t.size() <= 20 && parse_short_number(t, out)) return true;
  if (t.ends_with('%')) {
    out.percent = true;
    t.remove_suffix(1);
    while (t.ends_with(' ')) t.remove_suffix(1);
  }
  if (t.empty() || t.size() > 60) return false;
  bool negative = t[0] == '-';
  std::size_t i = negative || t[0] == '+' ? 1 : 0;
  if (i >= t.size() || (!is_ascii_digit(t[i]) && t[i] != '.')) return false;
  int before = 0, group = -1;
  bool zero_first = t[i] == '0';
  unsigned __int128 value = 0;
  for (; i < t.size() && t[i] != '.'; ++i) {
    if (t[i] == ',') {
      // 1,234,567: the first group has one to three digits, the others three.
      if (before == 0 || (group < 0 ? before > 3 : group != 3)) return false;
      group = 0;
      out.separators = true;
      continue;
    }
    if (!is_ascii_digit(t[i])) return false;
    ++before;
    if (group >= 0) ++group;
    if (value != 0 || t[i] != '0') {
      if (++out.digits > kMostDigits) return false;
      value = value * 10 + static_cast<unsigned>(t[i] - '0');
    }
  }
  if (group >= 0 && group != 3) return false;
  out.leading_zero = zero_first && before > 1;
  if (i < t.size()) {
    ++i;
    for (; i < t.size(); ++i) {
      if (!is_ascii_digit(t[i])) return false;
      if (out.digits + ++out.scale > kMostDigits) return false;
      value = value * 10 + static_cast<unsigned>(t[i] - '0');
    }
    if (before == 0 && out.scale == 0) return false;
  }
  out.unscaled = negative ? -static_cast<__int128>(value) : static_cast<__int128>(value);
  return true;
}

bool parse_float(std::string_view t, double& out) {
  if (t.starts_with('+')) t.remove_prefix(1);
  if (t.empty() || !(is_ascii_digit(t[0]) || t[0] == '-' || t[0] == '.')) return false;
  auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), out);
  return error == std::errc() && end == t.data() + t.size();
}

bool parse_boolean(std::string_view t, bool& out) {
  if (!may_be_one_of<kYes, kNo>(t)) return false;
  out = std::ranges::find(kYes, t) != kYes.end();
  return out || std::ranges::find(kNo, t) != kNo.end();
}

namespace {

// Spreadsheets write a date as its midnight.
bool is_midnight(std::string_view rest) {
  return rest.back() == '0' && (rest == " 00:00:00" || rest == " 0:00:00" || rest == "T00:00:00" || rest == " 00:00");
}

// What follows a date at `at`, up to the end.
bool clock_after(std::string_view t, std::size_t at, std::int32_t days, std::int64_t& micros) {
  micros = std::int64_t{days} * 86'400'000'000;
  if (at == t.size()) return true;
  if (t[at] == 'T' || t[at] == ' ') ++at;
  while (at < t.size() && t[at] == ' ') ++at;
  std::int64_t clock = 0;
  if (!time_at(t, at, clock)) return false;
  micros += clock;
  if (at == t.size()) return true;
  if (t[at] == 'Z' && at + 1 == t.size()) return true;
  if (t[at] != '+' && t[at] != '-') return false;
  bool ahead = t[at++] == '+';
  int h = 0, m = 0;
  if (!two_digits(t, at, h)) return false;
  if (at < t.size() && t[at] == ':') ++at;
  if (at < t.size() && !two_digits(t, at, m)) return false;
  if (at != t.size() || h > 14 || m > 59) return false;
  auto shift = (std::int64_t{h} * 60 + m) * 60'000'000;
  micros += ahead ? -shift : shift;
  return true;
}

}  // namespace

bool parse_date(std::string_view t, bool compact, std::int32_t& days) {
  std::size_t at = 0;
  return date_at(t, compact, at, days) && (at == t.size() || is_midnight(t.substr(at)));
}

bool parse_datetime(std::string_view t, bool compact, std::int64_t& micros) {
  std::size_t at = 0;
  std::int32_t days = 0;
  return date_at(t, compact, at, days) && clock_after(t, at, days, micros);
}

namespace {

// Digits at fixed places; `bad` when one of them is none.
struct Digits {
  std::string_view text;
  bool bad = false;
  int two(std::size_t at) { return one(at) * 10 + one(at + 1); }
  int one(std::size_t at) {
    auto digit = static_cast<unsigned>(static_cast<unsigned char>(text[at])) - '0';
    bad = bad || digit > 9;
    return static_cast<int>(digit);
  }
};

// What nearly all dates are, 2026-11-23 and 2026-11-23 08:30:00. Neither: the long way decides.
Dated parse_plain_dated(std::string_view t, std::int32_t& days, std::int64_t& micros) {
  if ((t.size() != 10 && t.size() != 19) || t[4] != t[7] || (t[4] != '-' && t[4] != '/')) return Dated::neither;
  Digits digits{.text = t};
  auto y = digits.two(0) * 100 + digits.two(2), m = digits.two(5), d = digits.two(8);
  if (digits.bad || !day_number(y, m, d, days)) return Dated::neither;
  if (t.size() == 10) return Dated::day;
  auto hour = digits.two(11), minute = digits.two(14), second = digits.two(17);
  if (digits.bad || t[13] != ':' || t[16] != ':' || (t[10] != ' ' && t[10] != 'T') || hour > 23 || minute > 59 || second > 59)
    return Dated::neither;
  auto clock = ((std::int64_t{hour} * 60 + minute) * 60 + second) * 1'000'000;
  micros = std::int64_t{days} * 86'400'000'000 + clock;
  return clock == 0 ? Dated::day : Dated::time;
}

}  // namespace

Dated parse_dated(std::string_view t, std::int32_t& days, std::int64_t& micros) {
  if (auto plain = parse_plain_dated(t, days, micros); plain != Dated::neither) return plain;
  std::size_t at = 0;
  if (!date_at(t, false, at, days)) return Dated::neither;
  if (at == t.size() || is_midnight(t.substr(at))) return Dated::day;
  return clock_after(t, at, days, micros) ? Dated::time : Dated::neither;
}

bool parse_time(std::string_view t, std::int64_t& micros) {
  std::size_t at = 0;
  return time_at(t, at, micros) && at == t.size();
}

Text expected(engine::Type type, bool percent, int width, int scale) {
  using engine::Type;
  switch (type) {
    case Type::integer:
      return {"不是整数：应为 1234 或 1,234 这样的数", "Not a whole number: expected something like 1234 or 1,234"};
    case Type::decimal:
      if (percent) return {"不是百分数：应为 12.5% 这样的数", "Not a percentage: expected something like 12.5%"};
      return {fmt::format("不是数字：应为最多 {} 位整数、{} 位小数的数，如 1,234.5", width - scale, scale),
              fmt::format("Not a number: expected at most {} digits before and {} after the point, such as 1,234.5",
                          width - scale, scale)};
    case Type::number:
      return {"不是数字：应为 12.5 或 1.2e3 这样的数", "Not a number: expected something like 12.5 or 1.2e3"};
    case Type::boolean:
      return {"不是“是”或“否”", "Neither yes nor no"};
    case Type::date:
      return {"不是日期：应为 2026-11-23、2026/11/23 或 2026年11月23日",
              "Not a date: expected 2026-11-23, 2026/11/23 or 2026年11月23日"};
    case Type::time:
      return {"不是时间：应为 14:05 或 14:05:09", "Not a time: expected 14:05 or 14:05:09"};
    case Type::datetime:
      return {"不是日期时间：应为 2026-11-23 14:05:09", "Not a date and time: expected 2026-11-23 14:05:09"};
    case Type::text:
      return {"不是有效的文本：编码有误", "Not valid text: its encoding is broken"};
  }
  return {};
}

}  // namespace qushu::tabular
