// The roles of a table's columns, by the words of its head.
#include <algorithm>

#include "model.h"

namespace qushu::budget {
namespace {

// A head's columns that tell the year, in their order.
std::vector<int> years_of_head(std::u32string_view head, int year) {
  std::vector<int> out;
  for (std::size_t i = 0; i < head.size(); ++i) {
    auto rest = head.substr(i);
    if (rest.starts_with(U"20") && (i == 0 || !is_digit(head[i - 1])) &&
        year_in(rest.substr(0, std::min<std::size_t>(rest.size(), 8))) != 0) {
      out.push_back(year_in(rest.substr(0, std::min<std::size_t>(rest.size(), 8))));
      i += 4;
    } else if (rest.starts_with(U"上年") || rest.starts_with(U"去年")) {
      out.push_back(year - 1);
    } else if (rest.starts_with(U"本年预算") || rest.starts_with(U"当年预算") || rest.starts_with(U"本年数") ||
               rest.starts_with(U"本年决算")) {
      out.push_back(year);
    }
  }
  return out;
}

// The columns that hold amounts and not percentages, in rows that have all of them.
std::vector<std::size_t> amount_columns(const TableView& view, std::size_t s) {
  std::vector<std::size_t> out;
  std::vector<bool> percent(view.width[s], false);
  for (const auto& row : view.table->rows)
    if (s < row.segments.size() && row.segments[s].cells.size() == view.width[s])
      for (std::size_t i = 0; i < view.width[s]; ++i)
        if (row.segments[s].cells[i].kind == CellKind::percent) percent[i] = true;
  for (std::size_t i = 0; i < view.width[s]; ++i)
    if (!percent[i]) out.push_back(i);
  return out;
}

}  // namespace

void find_columns(TableView& view, int year, bool final_account) {
  auto head = without_spaces(view.table->head) + view.table->title;
  auto own = without_spaces(view.table->head);
  auto years = years_of_head(own, year);
  bool final_column = final_account;
  for (std::size_t s = 0; s < view.width.size(); ++s) {
    auto n = view.width[s];
    std::vector<Column> columns(n, Column{.known = false, .year = year, .plan = !final_column});
    auto make = [&](std::initializer_list<std::pair<const char*, const char*>> roles) {
      std::size_t i = 0;
      for (auto [scope, part] : roles)
        if (i < n) columns[i++] = {.known = true, .year = year, .plan = !final_column, .scope = scope, .part = part};
    };
    bool flows = contains_any(own, {U"年初结转", U"年末结转", U"本年收入", U"上年结转"});  // a fund's account across
    bool kinds = contains_any(head, {U"基本支出"}) && own.contains(U"项目支出") && !flows;
    bool persons = contains_any(own, {U"人员经费"}) && own.contains(U"公用经费");
    bool changes = contains_any(own, {U"增减", U"比上年", U"变动", U"增长"});
    bool two = contains_any(own, {U"预算数", U"年初预算"}) && own.contains(U"决算数");
    auto amounts = amount_columns(view, s);
    if (n == 0) {
      // Words alone: a foot of the page that was taken for a row, labels without figures.
    } else if (n == 1) {
      columns[0].known = true;
      if (years.size() == 1) columns[0].year = years[0];
    } else if (amounts.size() == 1) {
      columns[amounts[0]].known = true;
    } else if (!years.empty() && (years.size() == amounts.size() || (changes && years.size() + 1 == amounts.size()))) {
      for (std::size_t i = 0; i < years.size(); ++i)
        columns[amounts[i]] = {.known = true, .year = years[i], .plan = !final_column};
    } else if (years.size() + 1 == amounts.size() && !changes && std::ranges::find(years, year) == years.end() &&
               !years.empty()) {
      columns[amounts[0]].known = true;
      for (std::size_t i = 0; i < years.size(); ++i)
        columns[amounts[i + 1]] = {.known = true, .year = years[i], .plan = !final_column};
    } else if (two || changes) {
      // Budget beside final account: told apart by the order of words alone, which tables with two heads do not keep.
    } else if (kinds && persons && n == 5) {
      make({{"", ""}, {"", "basic"}, {"", "personnel"}, {"", "public"}, {"", "project"}});
    } else if (kinds && n >= 3 && n <= 6 && contains_any(own, {U"合计", U"总计", U"小计"})) {
      make({{"", ""}, {"", "basic"}, {"", "project"}});
    } else if (persons && n == 3) {
      make({{"", ""}, {"", "personnel"}, {"", "public"}});
    } else if (own.contains(U"一般公共预算") && own.contains(U"政府性基金") && (n == 3 || n == 4) &&
               contains_any(own, {U"合计", U"小计", U"总计"})) {
      make({{"", ""}, {"general", ""}, {"fund", ""}, {"capital", ""}});
    } else if (!flows && (own.contains(U"合计") || own.contains(U"总计"))) {
      columns[0].known = true;
    }
    view.columns.push_back(std::move(columns));
  }
}

}  // namespace qushu::budget
