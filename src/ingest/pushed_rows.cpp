#include "pushed_rows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::ingest {
namespace {

using engine::Type;

std::string shown(const json::value& value) {
  if (value.is_string()) return shorten(std::string_view(value.get_string()), 200);
  return shorten(json::serialize(value), 200);
}

std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  if (from + count > text.size()) return std::nullopt;
  int out = 0;
  for (auto c : text.substr(from, count)) {
    if (!is_ascii_digit(c)) return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out;
}

// 2026-11-23
bool is_date(std::string_view text) {
  auto y = digits(text, 0, 4), m = digits(text, 5, 2), d = digits(text, 8, 2);
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !y || !m || !d) return false;
  return std::chrono::year_month_day(std::chrono::year(*y), std::chrono::month(static_cast<unsigned>(*m)),
                                     std::chrono::day(static_cast<unsigned>(*d)))
      .ok();
}

// 14:05, 14:05:09, 14:05:09.123456
bool is_time(std::string_view text) {
  auto h = digits(text, 0, 2), m = digits(text, 3, 2);
  if (text.size() < 5 || text[2] != ':' || !h || !m || *h > 23 || *m > 59) return false;
  if (text.size() == 5) return true;
  auto s = digits(text, 6, 2);
  if (text[5] != ':' || !s || *s > 59) return false;
  if (text.size() == 8) return true;
  return text[8] == '.' && text.size() <= 15 && text.size() > 9 && digits(text, 9, text.size() - 9).has_value();
}

// The number as it was written, without exponent.
std::optional<std::string> plain_number(const json::value& value) {
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  if (value.is_double()) {
    if (!std::isfinite(value.get_double()) || std::abs(value.get_double()) >= 1e17) return std::nullopt;
    std::array<char, 64> buffer{};
    auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.get_double(), std::chars_format::fixed).ptr;
    return std::string(buffer.data(), end);
  }
  if (!value.is_string()) return std::nullopt;
  auto text = trim(std::string_view(value.get_string()));
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0, whole = 0, fraction = 0;
  for (; at < text.size() && is_ascii_digit(text[at]); ++at) ++whole;
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && is_ascii_digit(text[at]); ++at) ++fraction;
  if (at != text.size() || whole + fraction == 0 || whole == 0) return std::nullopt;
  return std::string(text.starts_with('+') ? text.substr(1) : text);
}

std::optional<Text> add_integer(const json::value& value, std::string& out) {
  auto text = plain_number(value);
  if (text && text->ends_with(".0")) text->resize(text->size() - 2);
  std::int64_t number = 0;
  if (text) {
    auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (failed == std::errc() && end == text->data() + text->size()) {
      fmt::format_to(std::back_inserter(out), "{}", number);
      return std::nullopt;
    }
  }
  return Text{"不是整数", "not a whole number"};
}

std::optional<Text> add_decimal(const catalog::Field& field, const json::value& value, std::string& out) {
  auto text = plain_number(value);
  if (!text) return Text{"不是数字", "not a number"};
  auto point = text->find('.');
  auto whole = text->substr(0, point), fraction = point == std::string::npos ? std::string() : text->substr(point + 1);
  auto figures = whole.starts_with('-') ? whole.substr(1) : whole;
  figures.erase(0, figures.find_first_not_of('0'));
  while (fraction.ends_with('0')) fraction.pop_back();
  if (fraction.size() > field.scale || figures.size() > static_cast<std::size_t>(field.width - field.scale))
    return Text{fmt::format("数字放不下：小数点前最多 {} 位，后最多 {} 位", field.width - field.scale, field.scale),
                fmt::format("does not fit: at most {} digits before the point and {} after it", field.width - field.scale,
                            field.scale)};
  out += whole;
  if (!fraction.empty()) out += "." + fraction;
  return std::nullopt;
}

std::optional<Text> add_number(const json::value& value, std::string& out) {
  double number = 0;
  if (value.is_number()) {
    number = value.to_number<double>();
  } else {
    auto text = value.is_string() ? trim(std::string_view(value.get_string())) : std::string_view();
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return Text{"不是数字", "not a number"};
  }
  if (!std::isfinite(number)) return Text{"不是有限的数字", "not a finite number"};
  fmt::format_to(std::back_inserter(out), "{}", number);
  return std::nullopt;
}

std::optional<Text> add_boolean(const json::value& value, std::string& out) {
  std::optional<bool> truth;
  if (value.is_bool()) truth = value.get_bool();
  if (value.is_int64() && (value.get_int64() == 0 || value.get_int64() == 1)) truth = value.get_int64() == 1;
  if (value.is_string()) {
    auto word = lower_ascii(trim(std::string_view(value.get_string())));
    if (word == "true" || word == "1" || word == "是") truth = true;
    if (word == "false" || word == "0" || word == "否") truth = false;
  }
  if (!truth) return Text{"不是 true 或 false", "neither true nor false"};
  out += *truth ? "true" : "false";
  return std::nullopt;
}

std::optional<Text> add_text(const json::value& value, std::string& out) {
  std::string number;
  std::string_view text;
  if (value.is_string()) {
    text = std::string_view(value.get_string());
  } else if (value.is_number() || value.is_bool()) {
    number = json::serialize(value);
    text = number;
  } else {
    return Text{"不是文本", "not a text"};
  }
  if (text.contains('\0')) return Text{"文本里有空字符", "the text holds a null character"};
  out += '"';
  for (auto c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return std::nullopt;
}

std::optional<Text> add_moment(Type type, const json::value& value, std::string& out) {
  auto text = value.is_string() ? std::string(trim(std::string_view(value.get_string()))) : std::string();
  if (type == Type::date && is_date(text)) {
    out += text;
    return std::nullopt;
  }
  if (type == Type::time && is_time(text)) {
    out += text.size() == 5 ? text + ":00" : text;
    return std::nullopt;
  }
  if (type == Type::datetime && text.size() > 10 && (text[10] == 'T' || text[10] == ' ') &&
      is_date(std::string_view(text).substr(0, 10)) && is_time(std::string_view(text).substr(11))) {
    text[10] = ' ';
    out += text.size() == 16 ? text + ":00" : text;
    return std::nullopt;
  }
  if (type == Type::datetime && is_date(text)) {
    out += text + " 00:00:00";
    return std::nullopt;
  }
  if (type == Type::date) return Text{"不是日期：应为 2026-11-23", "not a date such as 2026-11-23"};
  if (type == Type::time) return Text{"不是时间：应为 14:05:09", "not a time such as 14:05:09"};
  return Text{"不是日期时间：应为 2026-11-23T14:05:09，不带时区",
              "not a moment such as 2026-11-23T14:05:09, without a time zone"};
}

}  // namespace

std::optional<Text> append_typed(const catalog::Field& field, const json::value& value, std::string& out) {
  switch (field.type) {
    case Type::text:
      return add_text(value, out);
    case Type::integer:
      return add_integer(value, out);
    case Type::decimal:
      return add_decimal(field, value, out);
    case Type::number:
      return add_number(value, out);
    case Type::boolean:
      return add_boolean(value, out);
    case Type::date:
    case Type::time:
    case Type::datetime:
      return add_moment(field.type, value, out);
  }
  return Text{"类型未知", "of an unknown type"};
}

PushedRows::PushedRows(const std::vector<catalog::Field>& fields, bool keyed, bool remove, std::size_t row_limit)
    : fields_(fields), keyed_(keyed), remove_(remove), row_limit_(row_limit), cells_(fields.size()) {
  // An identifier comes before another field's name.
  for (std::size_t i = 0; i < fields.size(); ++i) by_name_.emplace(fields[i].id, i);
  for (std::size_t i = 0; i < fields.size(); ++i) by_name_.emplace(fields[i].name, i);
}

void PushedRows::clear() {
  text_.clear();
  rows_ = 0;
}

std::optional<RowFault> PushedRows::add(const json::value& row) {
  const auto* object = row.if_object();
  if (!object)
    return RowFault{.field = "",
                    .value = shown(row),
                    .reason = {"不是 JSON 对象：应为 {\"字段\": 值, …}", "not a JSON object {\"field\": value, …}"}};
  auto begun = text_.size();
  auto fault = fill(*object);
  if (!fault && text_.size() - begun > row_limit_)
    fault = RowFault{.field = "",
                     .value = "",
                     .reason = {fmt::format("这一行超过 {} 字节的上限", row_limit_),
                                fmt::format("the row is larger than {} bytes", row_limit_)}};
  if (fault) {
    text_.resize(begun);
    return fault;
  }
  ++rows_;
  return std::nullopt;
}

std::optional<RowFault> PushedRows::fill(const json::object& row) {
  std::ranges::fill(cells_, nullptr);
  for (const auto& [name, value] : row) {
    auto known = by_name_.find(std::string_view(name));
    if (known == by_name_.end())
      return RowFault{.field = shorten(std::string_view(name), 100),
                      .value = shown(value),
                      .reason = {"数据集没有这个信息项", "the dataset has no such field"}};
    if (cells_[known->second])
      return RowFault{.field = fields_[known->second].name,
                      .value = shown(value),
                      .reason = {"这个信息项给了两次", "the field is given twice"}};
    cells_[known->second] = &value;
  }
  text_ += remove_ ? "true" : "false";
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto& field = fields_[i];
    const auto* value = cells_[i];
    bool empty = value == nullptr || value->is_null();
    if (keyed_ && field.key && (empty || (value->is_string() && value->get_string().empty())))
      return RowFault{.field = field.name, .value = "", .reason = {"主键为空", "the key is empty"}};
    text_ += ',';
    if (empty || (remove_ && !field.key)) continue;
    if (auto reason = append_typed(field, *value, text_))
      return RowFault{.field = field.name, .value = shown(*value), .reason = *std::move(reason)};
  }
  text_ += '\n';
  return std::nullopt;
}

}  // namespace qushu::ingest
