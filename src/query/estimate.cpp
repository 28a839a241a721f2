#include "estimate.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "qushu/base/time.h"

namespace qushu::query {
namespace {

namespace json = boost::json;
using engine::Type;
using engine::Value;

// A point on the axis of a histogram.
std::optional<double> position(std::string_view text, Type type) {
  if (is_day(type)) {
    auto moment = parse_iso(type == Type::date ? std::string(text) : std::string(text) + "Z");
    return moment ? std::optional(static_cast<double>(to_micros(*moment))) : std::nullopt;
  }
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> position(const json::value& value, Type type) {
  if (value.is_number()) return value.to_number<double>();
  if (value.is_string()) return position(std::string_view(value.get_string()), type);
  return std::nullopt;
}

std::optional<double> position(const Value& value, Type type) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return position(std::string_view(*text), type);
  return std::nullopt;
}

bool has_axis(Type type) {
  return is_number(type) || is_day(type);
}

bool same(const json::value& listed, const Value& value, Type type) {
  if (has_axis(type)) {
    auto a = position(listed, type), b = position(value, type);
    return a && b && *a == *b;
  }
  if (const auto* boolean = std::get_if<bool>(&value)) return listed.is_bool() && listed.get_bool() == *boolean;
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && listed.is_string() && std::string_view(listed.get_string()) == *text;
}

// One field's part of a profile. Throws when it is not shaped like one.
class FieldProfile {
 public:
  FieldProfile(const json::object& profile, Type type)
      : type_(type),
        values_(profile.at("values").to_number<double>()),
        nulls_(profile.at("nulls").to_number<double>()),
        distinct_(profile.at("distinct").to_number<double>()),
        distinct_exact_(profile.at("distinct_exact").as_bool()),
        top_(profile.at("top").as_array()),
        bars_(profile.at("histogram").as_array()) {}

  [[nodiscard]] std::optional<Estimate> of(const Condition& condition) const {
    switch (condition.op) {
      case Op::exact:
      case Op::in:
        return any(condition.values);
      case Op::not_:
      case Op::notin: {
        auto out = any(condition.values);
        out.rows = values_ + nulls_ - out.rows;
        return out;
      }
      case Op::isnull:
        return Estimate{.rows = nulls_, .exact = true};
      case Op::notnull:
        return Estimate{.rows = values_, .exact = true};
      case Op::gt:
      case Op::gte:
        return between(condition.values[0], std::nullopt);
      case Op::lt:
      case Op::lte:
        return between(std::nullopt, condition.values[0]);
      case Op::between:
        return between(condition.values[0], condition.values[1]);
      default:
        return std::nullopt;
    }
  }

 private:
  [[nodiscard]] Estimate any(const std::vector<Value>& values) const {
    Estimate out{.rows = 0, .exact = true};
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::ranges::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) !=
          values.begin() + static_cast<std::ptrdiff_t>(i))
        continue;
      auto one = equal(values[i]);
      out.rows += one.rows;
      out.exact = out.exact && one.exact;
    }
    out.rows = std::min(out.rows, values_);
    return out;
  }

  [[nodiscard]] Estimate equal(const Value& value) const {
    double listed = 0, least = values_;
    for (const auto& entry : top_) {
      auto count = entry.at("count").to_number<double>();
      if (same(entry.at("value"), value, type_)) return {.rows = count, .exact = true};
      listed += count;
      least = std::min(least, count);
    }
    auto others = distinct_ - static_cast<double>(top_.size());
    if (others <= 0) return {.rows = 0, .exact = distinct_exact_};
    return {.rows = std::min((values_ - listed) / others, least), .exact = false};
  }

  // The bars between two values, those that are cut in part.
  [[nodiscard]] std::optional<Estimate> between(const std::optional<Value>& from, const std::optional<Value>& to) const {
    if (!has_axis(type_) || bars_.empty()) return std::nullopt;
    auto low = from ? position(*from, type_) : -INFINITY, high = to ? position(*to, type_) : INFINITY;
    if (!low || !high) return std::nullopt;
    Estimate out;
    // A whole unit belongs to each value where values are whole, so that a bar of one value has a width.
    auto unit = type_ == Type::integer ? 1.0 : type_ == Type::date ? 86'400e6 : 0.0;
    for (const auto& bar : bars_) {
      auto begin = position(bar.at("from"), type_), end = position(bar.at("to"), type_);
      if (!begin || !end) return std::nullopt;
      auto width = *end + unit - *begin;
      auto covered = std::min(*end, *high) + unit - std::max(*begin, *low);
      auto count = bar.at("count").to_number<double>();
      if (width <= 0)
        out.rows += covered >= 0 ? count : 0;
      else
        out.rows += count * std::clamp(covered / width, 0.0, 1.0);
    }
    return out;
  }

  Type type_;
  double values_, nulls_, distinct_;
  bool distinct_exact_;
  const json::array& top_;
  const json::array& bars_;
};

const json::object* field_of(const json::object& profile, std::string_view id) {
  for (const auto& field : profile.at("fields").as_array())
    if (std::string_view(field.at("id").as_string()) == id) return &field.as_object();
  return nullptr;
}

}  // namespace

std::optional<Estimate> estimate(const json::object& profile, const std::vector<catalog::Field>& fields,
                                 const RowsRequest& request) {
  if (profile.empty() || !request.search.empty() || request.conditions.empty()) return std::nullopt;
  try {
    auto rows = profile.at("rows").to_number<double>();
    Estimate out{.rows = rows, .exact = true};
    for (const auto& condition : request.conditions) {
      const auto& field = fields[condition.field];
      const auto* part = field_of(profile, field.id);
      if (part == nullptr) return std::nullopt;
      auto one = FieldProfile(*part, field.type).of(condition);
      if (!one) return std::nullopt;
      if (one->exact && one->rows == 0) return Estimate{.rows = 0, .exact = true};
      out.rows = rows == 0 ? 0 : out.rows * one->rows / rows;
      out.exact = one->exact && request.conditions.size() == 1;
    }
    return out;
  } catch (const std::exception&) {
    return std::nullopt;  // a profile of an older form says nothing
  }
}

}  // namespace qushu::query
