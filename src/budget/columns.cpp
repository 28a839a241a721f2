// The roles of a table's columns, by the words of its head.
#include <algorithm>
#include <map>

#include "model.h"

namespace qushu::budget {
namespace {

struct YearColumn {
  int year = 0;
  bool plan = true, known = false;  // whether its words say 预算 or 决算
};

// A head's columns that tell the year, in their order.
std::vector<YearColumn> years_of_head(std::u32string_view head, int year) {
  std::vector<YearColumn> out;
  std::vector<std::size_t> begins;
  auto add = [&](int of, std::size_t at) {
    out.push_back({.year = of});
    begins.push_back(at);
  };
  for (std::size_t i = 0; i < head.size(); ++i) {
    auto rest = head.substr(i);
    if (rest.starts_with(U"20") && (i == 0 || !is_digit(head[i - 1])) &&
        year_in(rest.substr(0, std::min<std::size_t>(rest.size(), 8))) != 0) {
      add(year_in(rest.substr(0, std::min<std::size_t>(rest.size(), 8))), i);
      i += 4;
    } else if (rest.starts_with(U"上年") || rest.starts_with(U"去年")) {
      // "比上年增长%" is no column of the year before.
      if (i == 0 || !std::u32string_view(U"比较与").contains(head[i - 1])) add(year - 1, i);
    } else if (rest.starts_with(U"本年预算") || rest.starts_with(U"当年预算") || rest.starts_with(U"本年数") ||
               rest.starts_with(U"本年决算")) {
      add(year, i);
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto words = head.substr(begins[i], (i + 1 < out.size() ? begins[i + 1] : head.size()) - begins[i]);
    auto plan = words.find(U"预算"), account = std::min(words.find(U"决算"), words.find(U"执行"));
    out[i].known = plan != account;
    out[i].plan = plan < account;
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

// "预算数 决算数", each once and nothing between that is another column's.
bool account_is_last(std::u32string_view own) {
  auto plan = own.find(U"预算数"), account = own.find(U"决算数");
  return plan < account && account != std::u32string_view::npos && own.find(U"预算数", plan + 1) == std::u32string_view::npos &&
         own.find(U"决算数", account + 1) == std::u32string_view::npos && !own.contains(U"率") && !own.contains(U"%");
}

}  // namespace

bool is_all_publics(const TableView& view, const Row& row) {
  if (!view.table->title.contains(U"三公") || contains_any(view.table->title, {U"会议", U"培训", U"机关运行"})) return false;
  std::map<std::string, const Cell*> parts;
  const Cell* total = nullptr;
  for (const auto& other : view.table->rows) {
    if (other.segments.size() != 1 || other.segments[0].cells.size() != view.width[0]) continue;
    const auto& s = other.segments[0];
    if (&other == &row) total = &s.cells.back();
    auto subject = subject_of(s.label);
    bool part = subject &&
                (subject->code == "sangong.abroad" || subject->code == "sangong.car" || subject->code == "sangong.reception");
    if (part && !parts.emplace(subject->code, &s.cells.back()).second) return false;
  }
  if (total == nullptr || total->kind != CellKind::number || parts.size() != 3) return false;
  std::int64_t sum = 0;
  for (const auto& [_, cell] : parts) sum += cell->kind == CellKind::number ? cell->value.micro : 0;
  return std::abs(sum - total->value.micro) <= 2 * last_place(std::max(total->value.digits, 2));
}

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
      if (years.size() == 1) columns[0].year = years[0].year;
    } else if (amounts.size() == 1) {
      columns[amounts[0]].known = true;
    } else if (!years.empty() && (years.size() == amounts.size() || (changes && years.size() + 1 == amounts.size()))) {
      // The budget and the account of one year, or what it was changed to: apart only where the words tell.
      for (std::size_t i = 0; i < years.size(); ++i) {
        auto same = [&](const YearColumn& other) { return other.year == years[i].year && other.plan == years[i].plan; };
        bool once = std::ranges::count(years, years[i].year, &YearColumn::year) == 1;
        bool apart = years[i].known && std::ranges::count_if(years, same) == 1;
        columns[amounts[i]] = {.known = once || apart,
                               .year = years[i].year,
                               .plan = once || !apart ? !final_column : years[i].plan,
                               .scope = {},
                               .part = {}};
      }
    } else if (years.size() + 1 == amounts.size() && !changes &&
               std::ranges::find(years, year, &YearColumn::year) == years.end() && !years.empty()) {
      columns[amounts[0]].known = true;
      for (std::size_t i = 0; i < years.size(); ++i)
        columns[amounts[i + 1]] = {.known = true, .year = years[i].year, .plan = !final_column, .scope = {}, .part = {}};
    } else if (two || changes) {
      // Budget beside final account: told apart by the order of words alone, which tables with two heads do not keep. A plain
      // head does, where 预算数 is the one the year ended with, which the text may not mean.
      bool plain = two && !changes && final_account && amounts.size() == 2 && view.width.size() == 1;
      if (plain && account_is_last(own)) columns[amounts[1]].known = true;
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
