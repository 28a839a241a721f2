#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "filter.h"

namespace qushu::query {
namespace {

using engine::Type;
using engine::Value;

// Reads the digits of text[at…] while they last, at least `min` and at most `max` of them.
bool read_number(std::string_view text, std::size_t& at, std::size_t min, std::size_t max, int& out) {
  auto begin = at;
  out = 0;
  while (at < text.size() && at - begin < max && is_ascii_digit(text[at])) out = out * 10 + (text[at++] - '0');
  return at - begin >= min;
}

bool read_char(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

// 2026-11-23, 2026/1/2, 20261123, 2026年1月2日; as 2026-11-23.
std::optional<std::string> read_date(std::string_view text, std::size_t& at) {
  int year = 0, month = 0, day = 0;
  if (!read_number(text, at, 4, 4, year)) return std::nullopt;
  auto rest = text.substr(at);
  constexpr std::string_view kYear = "年", kMonth = "月", kDay = "日";
  if (rest.starts_with(kYear)) {
    at += kYear.size();
    if (!read_number(text, at, 1, 2, month) || !text.substr(at).starts_with(kMonth)) return std::nullopt;
    at += kMonth.size();
    if (!read_number(text, at, 1, 2, day) || !text.substr(at).starts_with(kDay)) return std::nullopt;
    at += kDay.size();
  } else if (!rest.empty() && (rest[0] == '-' || rest[0] == '/')) {
    auto mark = rest[0];
    ++at;
    if (!read_number(text, at, 1, 2, month) || !read_char(text, at, mark) || !read_number(text, at, 1, 2, day))
      return std::nullopt;
  } else if (!read_number(text, at, 2, 2, month) || !read_number(text, at, 2, 2, day)) {
    return std::nullopt;
  }
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year == 0) return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02}", year, month, day);
}

// 14:05, 14:05:09, 14:05:09.123456.
std::optional<std::string> read_time(std::string_view text, std::size_t& at) {
  int hour = 0, minute = 0, second = 0;
  if (!read_number(text, at, 1, 2, hour) || !read_char(text, at, ':') || !read_number(text, at, 2, 2, minute))
    return std::nullopt;
  std::string fraction;
  if (read_char(text, at, ':')) {
    if (!read_number(text, at, 2, 2, second)) return std::nullopt;
    if (read_char(text, at, '.')) {
      auto begin = at;
      int ignored = 0;
      if (!read_number(text, at, 1, 6, ignored)) return std::nullopt;
      fraction = "." + std::string(text.substr(begin, at - begin));
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return fmt::format("{:02}:{:02}:{:02}{}", hour, minute, second, fraction);
}

std::optional<std::string> date_text(std::string_view text) {
  std::size_t at = 0;
  auto date = read_date(text, at);
  return at == text.size() ? date : std::nullopt;
}

std::optional<std::string> time_text(std::string_view text) {
  std::size_t at = 0;
  auto time = read_time(text, at);
  return at == text.size() ? time : std::nullopt;
}

std::optional<std::string> datetime_text(std::string_view text) {
  std::size_t at = 0;
  auto date = read_date(text, at);
  if (!date) return std::nullopt;
  if (at == text.size()) return *date + "T00:00:00";
  if (text[at] != 'T' && text[at] != ' ') return std::nullopt;
  ++at;
  auto time = read_time(text, at);
  if (!time) return std::nullopt;
  if (at < text.size() && text[at] == 'Z') ++at;
  if (at != text.size()) return std::nullopt;
  return *date + "T" + *time;
}

// "-12.50" without a plus sign and needless zeros in front; nullopt when it is no plain decimal number.
std::optional<std::string> decimal_text(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
    if (text[at] == '-') out = "-";
    ++at;
  }
  auto begin = at;
  while (at < text.size() && is_ascii_digit(text[at])) ++at;
  auto whole = text.substr(begin, at - begin);
  std::string_view fraction;
  if (at < text.size() && text[at] == '.') {
    begin = ++at;
    while (at < text.size() && is_ascii_digit(text[at])) ++at;
    fraction = text.substr(begin, at - begin);
  }
  if (at != text.size() || (whole.empty() && fraction.empty())) return std::nullopt;
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  out += whole.empty() ? "0" : whole;
  if (!fraction.empty()) out += "." + std::string(fraction);
  return out;
}

struct Digits {
  std::size_t whole = 0, fraction = 0;
};
Digits digits_of(std::string_view decimal) {
  if (decimal.starts_with('-')) decimal.remove_prefix(1);
  auto point = decimal.find('.');
  if (point == std::string_view::npos) return {.whole = decimal.size(), .fraction = 0};
  return {.whole = point, .fraction = decimal.size() - point - 1};
}

std::optional<double> double_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

Failure expected(const catalog::Field& field, std::string_view text, std::string_view parameter, std::string_view zh,
                 std::string_view en) {
  return bad_parameter(parameter, fmt::format("“{}”要的是{}，收到的是“{}”。", field.name, zh, shorten(text, 60)),
                       fmt::format("\"{}\" takes {}; got \"{}\".", field.name, en, shorten(text, 60)));
}

Result<Value> decimal_value(const catalog::Field& field, std::string_view text, std::string_view parameter) {
  auto decimal = decimal_text(text);
  if (!decimal) return expected(field, text, parameter, "数字，如 12.5", "a number such as 12.5");
  auto digits = digits_of(*decimal);
  // DuckDB compares in the type that holds both sides, and 38 digits is the widest.
  auto whole = std::max<std::size_t>(digits.whole, static_cast<std::size_t>(field.width - field.scale));
  if (whole + std::max<std::size_t>(digits.fraction, field.scale) > 38)
    return expected(field, text, parameter, "位数少一些的数字", "a number with fewer digits");
  return Value(*std::move(decimal));
}

Result<Value> boolean_value(const catalog::Field& field, std::string_view text, std::string_view parameter) {
  auto word = lower_ascii(text);
  for (std::string_view yes : {"true", "1", "yes", "是"})
    if (word == yes) return Value(true);
  for (std::string_view no : {"false", "0", "no", "否"})
    if (word == no) return Value(false);
  return expected(field, text, parameter, "是或否（true / false）", "true or false");
}

}  // namespace

Failure bad_parameter(std::string_view parameter, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "query.parameter",
                    .text = {fmt::format("参数 {}：{}", parameter, zh), fmt::format("Parameter {}: {}", parameter, en)},
                    .subject = std::string(parameter)});
}

Result<Value> parse_value(const catalog::Field& field, std::string_view text, std::string_view parameter,
                          const RowsLimits& limits) {
  if (text.size() > limits.text)
    return bad_parameter(parameter, fmt::format("值太长，最多 {} 字节。", limits.text),
                         fmt::format("the value is too long, {} bytes at most.", limits.text));
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
    return bad_parameter(parameter, "值不是正确的 UTF-8 文本。", "the value is not well-formed UTF-8 text.");
  auto word = trim(text);
  switch (field.type) {
    case Type::text:
      return Value(std::string(text));
    case Type::integer: {
      auto digits = word.starts_with('+') ? word.substr(1) : word;
      auto number = to_int(digits);
      if (!number) return expected(field, text, parameter, "整数", "a whole number");
      return Value(*number);
    }
    case Type::decimal:
      return decimal_value(field, word, parameter);
    case Type::number: {
      auto number = double_of(word);
      if (!number || !std::isfinite(*number)) return expected(field, text, parameter, "数字", "a number");
      return Value(*number);
    }
    case Type::boolean:
      return boolean_value(field, word, parameter);
    case Type::date: {
      auto date = date_text(word);
      if (!date) return expected(field, text, parameter, "日期，如 2026-11-23", "a date such as 2026-11-23");
      return Value(*std::move(date));
    }
    case Type::time: {
      auto time = time_text(word);
      if (!time) return expected(field, text, parameter, "时间，如 14:05", "a time such as 14:05");
      return Value(*std::move(time));
    }
    case Type::datetime: {
      auto moment = datetime_text(word);
      if (!moment)
        return expected(field, text, parameter, "日期时间，如 2026-11-23T14:05:09",
                        "a date and time such as 2026-11-23T14:05:09");
      return Value(*std::move(moment));
    }
  }
  return fail_internal("a field without a type");
}

Result<Value> parse_cursor_value(const catalog::Field& field, std::string_view text) {
  if (field.type != Type::number) return parse_value(field, text, "_next", {.text = std::size_t{1} << 20});
  auto number = double_of(text);
  if (!number) return bad_parameter("_next", "续页标记已损坏。", "the cursor is damaged.");
  return Value(*number);
}

std::string value_sql(const catalog::Field& field, const Value& value, std::vector<Value>& params) {
  params.push_back(value);
  auto place = fmt::format("${}", params.size());
  switch (field.type) {
    case Type::decimal: {
      auto digits = digits_of(std::get<std::string>(value));
      auto scale = std::max<std::size_t>(digits.fraction, field.scale);
      auto whole = std::max<std::size_t>(digits.whole, static_cast<std::size_t>(field.width - field.scale));
      return fmt::format("CAST({} AS DECIMAL({}, {}))", place, std::min<std::size_t>(whole + scale, 38), scale);
    }
    case Type::date:
      return "CAST(" + place + " AS DATE)";
    case Type::time:
      return "CAST(" + place + " AS TIME)";
    case Type::datetime:
      return "CAST(" + place + " AS TIMESTAMP)";
    default:
      return place;
  }
}

}  // namespace qushu::query
