// Versions and years side by side, line by line.
#include <map>

#include <fmt/format.h>

#include "qushu/budget/budgets.h"

#include "decimal.h"
#include "sections.h"

namespace qushu::budget {
namespace {

struct Line {
  Text name;
  std::int64_t amount = 0;
};
using Lines = std::map<std::string, Line>;
// By section, in the order in which they are shown.
using All = std::vector<std::pair<std::string, Lines>>;

Text named(std::span<const Word> words, std::string_view code) {
  const auto* word = find_word(words, code);
  return word != nullptr ? word->name : Text{std::string(code), std::string(code)};
}

All lines_of(const Content& c) {
  All out;
  Lines totals;
  for (std::size_t i = 0; i < totals_section().columns.size(); ++i) {
    const auto& column = totals_section().columns[i];
    if (const auto* at = std::get_if<std::int64_t Totals::*>(&column.at))
      totals[fmt::format("{:02}", i)] = {column.title, c.totals.at(0).*(*at)};
  }
  Lines income, functions, economics, projects, purchases;
  for (const auto& row : c.income) {
    auto& line = income[row.source];
    line.name = named(sources(), row.source);
    line.amount += row.amount + row.carried;
  }
  auto add = [](Lines& lines, const std::string& key, const std::string& name, std::int64_t amount) {
    auto& line = lines[key];
    line.name = {name, name};
    line.amount += amount;
  };
  for (const auto& row : c.functions)
    add(functions, row.code, fmt::format("{} {}", row.code, row.name), row.basic + row.project);
  for (const auto& row : c.economics) add(economics, row.code, fmt::format("{} {}", row.code, row.name), row.amount);
  for (const auto& row : c.projects) add(projects, row.code, row.name, row.amount);
  for (const auto& row : c.purchases) {
    auto& line = purchases[row.kind];
    line.name = named(purchase_kinds(), row.kind);
    line.amount += row.amount;
  }
  out.emplace_back("totals", std::move(totals));
  out.emplace_back("income", std::move(income));
  out.emplace_back("functions", std::move(functions));
  out.emplace_back("economics", std::move(economics));
  out.emplace_back("projects", std::move(projects));
  out.emplace_back("purchases", std::move(purchases));
  return out;
}

}  // namespace

std::vector<Compared> compare_contents(const Content& before, const Content& now) {
  auto a = lines_of(before), b = lines_of(now);
  std::vector<Compared> out;
  for (std::size_t s = 0; s < a.size(); ++s) {
    Lines keys = b[s].second;
    keys.insert(a[s].second.begin(), a[s].second.end());
    for (const auto& [key, line] : keys) {
      Compared one{.section = a[s].first, .key = key, .name = line.name, .before = {}, .now = {}, .percent = {}};
      if (auto found = a[s].second.find(key); found != a[s].second.end()) one.before = found->second.amount;
      if (auto found = b[s].second.find(key); found != b[s].second.end()) one.now = found->second.amount;
      if (one.before == one.now && one.before.value_or(0) == 0) continue;
      if (one.before && *one.before != 0) one.percent = scaled(one.now.value_or(0) - *one.before, 10'000, *one.before);
      out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace qushu::budget
