#include "ladder.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::insight {
namespace {

using engine::Type;

// The longest of the commonest values, and whether all of them are digits.
struct Look {
  std::size_t length = 0;
  bool digits = false;
};

Look look_of(const json::object* profile) {
  Look look;
  if (profile == nullptr) return look;
  const auto* top = profile->if_contains("top");
  if (top == nullptr || !top->is_array() || top->get_array().empty()) return look;
  look.digits = true;
  for (const auto& item : top->get_array()) {
    const auto* entry = item.if_object();
    const auto* value = entry == nullptr ? nullptr : entry->if_contains("value");
    if (value == nullptr || !value->is_string()) continue;
    auto text = std::string_view(value->get_string());
    look.length = std::max(look.length, utf8_length(text));
    look.digits = look.digits && std::ranges::all_of(text, is_ascii_digit);
  }
  return look;
}

double number_at(const json::object* profile, std::string_view key) {
  const auto* value = profile == nullptr ? nullptr : profile->if_contains(key);
  if (value == nullptr) return NAN;
  if (value->is_number()) return value->to_number<double>();
  if (!value->is_string()) return NAN;
  return std::strtod(std::string(value->get_string()).c_str(), nullptr);
}

// 1, 2 or 5 times a power of ten, at least `width`.
double nice(double width) {
  auto power = std::pow(10, std::floor(std::log10(width)));
  for (auto step : {1.0, 2.0, 5.0})
    if (step * power >= width) return step * power;
  return 10 * power;
}

std::vector<std::pair<Coarsening, double>> steps_of(const catalog::Field& field, const json::object* profile) {
  std::vector<std::pair<Coarsening, double>> steps;
  switch (field.type) {
    case Type::date:
    case Type::datetime:
      steps = {{Coarsening::month, 0}, {Coarsening::year, 0}, {Coarsening::decade, 0}};
      break;
    case Type::integer:
    case Type::decimal:
    case Type::number: {
      auto span = number_at(profile, "max") - number_at(profile, "min");
      if (!std::isfinite(span) || span <= 0) span = 100;
      for (auto parts : {20.0, 8.0, 3.0}) steps.emplace_back(Coarsening::range, nice(span / parts));
      break;
    }
    case Type::text: {
      auto look = look_of(profile);
      // A code of regions says less with every pair of digits that is taken off; other texts are cut to half and to a third.
      if (look.digits && look.length >= 6)
        for (auto kept = (look.length - 1) / 2 * 2; kept >= 2; kept -= 2)
          steps.emplace_back(Coarsening::prefix, static_cast<double>(kept));
      else if (look.length >= 6)
        for (auto part : {2, 3})
          steps.emplace_back(Coarsening::prefix, static_cast<double>(look.length / static_cast<std::size_t>(part)));
      break;
    }
    case Type::boolean:
    case Type::time:
      break;
  }
  steps.emplace_back(Coarsening::suppress, 0);
  return steps;
}

}  // namespace

const json::object* profile_of(const Data& data, std::string_view field) {
  const auto* fields = data.profile.if_contains("fields");
  if (fields == nullptr || !fields->is_array()) return nullptr;
  for (const auto& item : fields->get_array())
    if (const auto* entry = item.if_object();
        entry != nullptr && entry->contains("id") && entry->at("id") == json::value(field))
      return entry;
  return nullptr;
}

std::string coarse_sql(const ChosenField& chosen) {
  auto column = engine::quote_name(chosen.field.id);
  switch (chosen.coarsening) {
    case Coarsening::none:
      return column;
    case Coarsening::prefix:
      return fmt::format("left(CAST({} AS VARCHAR), {})", column, static_cast<int>(chosen.parameter));
    case Coarsening::month:
      return fmt::format("date_trunc('month', {})", column);
    case Coarsening::year:
      return fmt::format("year({})", column);
    case Coarsening::decade:
      return fmt::format("year({}) // 10", column);
    case Coarsening::range:
      return fmt::format("floor(CAST({} AS DOUBLE) / {})", column, chosen.parameter);
    case Coarsening::suppress:
      return "CAST(NULL AS VARCHAR)";
  }
  return column;
}

std::vector<ChosenField> ladder_of(const ChosenField& chosen, const Data& data) {
  std::vector<ChosenField> out;
  for (const auto& [kind, parameter] : steps_of(chosen.field, profile_of(data, chosen.field.id))) {
    // Only what is coarser than it is already.
    if (kind < chosen.coarsening) continue;
    if (kind == chosen.coarsening) {
      if (kind == Coarsening::prefix && parameter >= chosen.parameter) continue;
      if (kind == Coarsening::range && parameter <= chosen.parameter) continue;
      if (kind != Coarsening::prefix && kind != Coarsening::range) continue;
    }
    out.push_back({.field = chosen.field, .coarsening = kind, .parameter = parameter});
  }
  return out;
}

}  // namespace qushu::insight
