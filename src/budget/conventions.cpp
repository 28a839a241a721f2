// What holds for a whole document: the year it is of, whether it is an account, with how many decimals it prints amounts.
#include <algorithm>
#include <map>

#include "model.h"

namespace qushu::budget {
namespace {

std::ptrdiff_t count_of(std::u32string_view text, std::u32string_view word) {
  std::ptrdiff_t out = 0;
  for (auto at = text.find(word); at != std::u32string_view::npos; at = text.find(word, at + word.size())) ++out;
  return out;
}

void find_year(Model& m) {
  constexpr std::size_t kLongLine = 2000;
  std::map<int, int> seen, everywhere;
  int plans = 0, finals = 0;
  std::ptrdiff_t said = 0;  // 决算 more often than 预算
  for (std::size_t i = 0; i < m.layout.lines.size(); ++i) {
    const auto& line = m.layout.lines[i];
    auto bare = without_spaces(line);
    auto own = without_fund_names(std::u32string_view(bare).substr(0, kLongLine));
    said += count_of(own, U"决算") - count_of(own, U"预算") + count_of(own, U"完成预算") + count_of(own, U"年初预算");
    int year = year_in(bare);
    if (year == 0) continue;
    ++everywhere[year];
    bool title =
        bare.size() < 40 && contains_any(bare, {U"部门预算", U"单位预算", U"部门决算", U"单位决算", U"预算公开", U"决算公开",
                                                U"支出绩效", U"项目资金", U"预算表", U"决算表", U"预算情况", U"决算情况",
                                                U"预算编制", U"预算安排", U"决算汇总", U"预算汇总"});
    if (title) seen[year] += 1;
    if (title && bare.contains(U"决算")) ++finals;
    if (title && !bare.contains(U"决算")) ++plans;
  }
  auto most = [](const std::map<int, int>& count) {
    int best = 0, times = 0;
    for (auto [year, n] : count)
      if (n >= times) best = year, times = n;
    return best;
  };
  m.year = most(seen.empty() ? everywhere : seen);
  m.final_account = finals > plans || (finals == 0 && plans == 0 && said > 0);
}

// How many numbers of a table have how many decimals. Of a table with rates few of whose numbers have any, they are the
// rates'.
std::map<int, int> digits_of(const Table& table) {
  static const std::initializer_list<std::u32string_view> kRates{U"率", U"比", U"%", U"％", U"增减", U"幅"};
  std::map<int, int> out;
  int all = 0;
  bool rates = contains_any(table.title, kRates) || contains_any(table.head, kRates);
  for (const auto& row : table.rows)
    for (const auto& s : row.segments) {
      rates = rates || contains_any(s.label, kRates);
      for (const auto& c : s.cells)
        if (c.kind == CellKind::number) ++out[c.value.digits], ++all;
    }
  if (rates && out[0] * 2 >= all) out = {{0, all}};
  return out;
}

void find_digits(Model& m) {
  std::map<Unit, std::map<int, int>> seen;
  for (const auto& block : m.layout.blocks) {
    if (const auto* table = std::get_if<Table>(&block)) {
      auto unit = table->unit == Unit::unknown ? Unit::wan : table->unit;
      for (auto [digits, n] : digits_of(*table)) seen[unit][digits] += n;
    } else if (const auto* paragraph = std::get_if<Paragraph>(&block)) {
      for (const auto& said : statements_of(*paragraph).mentions)
        if (said.measure == Measure::money) ++seen[said.unit][said.printed.digits];
    }
  }
  for (const auto& [unit, counts] : seen) {
    int all = 0, digits = 0;
    for (auto [_, n] : counts) all += n;
    for (auto [d, n] : counts)
      if (n >= 2 && n * 50 >= all) digits = std::max(digits, std::min(d, 6));
    m.digits[unit] = digits;
  }
}

}  // namespace

void find_conventions(Model& m) {
  find_year(m);
  find_digits(m);
}

}  // namespace qushu::budget
