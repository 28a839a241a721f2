#include "official.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace qushu::budget {
namespace {

using print::Align;
using print::Cell;
using print::Row;
using print::Table;

Cell text(std::string value, bool bold = false) {
  return {.text = std::move(value), .bold = bold};
}
Cell middle(std::string value, bool bold = false) {
  return {.text = std::move(value), .align = Align::centre, .bold = bold};
}
// Nothing is printed as nothing, so that figures stand out.
Cell money(std::int64_t fen, bool bold = false) {
  if (fen == 0) return {.text = "", .align = Align::right, .bold = bold};
  auto shown = published(fen);
  return {.text = shown, .align = Align::right, .bold = bold, .number = std::stod(shown)};
}
Cell label(std::string value, int columns = 1, int rows = 1) {
  return {.text = std::move(value), .columns = columns, .rows = rows, .align = Align::centre, .bold = true};
}
Cell wide(std::string value, int columns) {
  return {.text = std::move(value), .columns = columns, .align = Align::left};
}

std::string word(std::span<const Word> words, std::string_view code) {
  const auto* found = find_word(words, code);
  return found != nullptr ? found->name.zh : std::string(code);
}

Row heads(std::initializer_list<const char*> names) {
  Row row;
  for (const auto* one : names) row.push_back({.text = one});
  return row;
}

// The amounts of a class, as many columns as the table has.
struct Classed {
  std::string code, name;
  std::vector<std::int64_t> amounts;
};

// The rows of classes with the sums of those above them (类, 款), by code; then their sum.
std::vector<Row> with_sums(const std::vector<Classed>& leaves,
                           const std::function<std::string_view(std::string_view)>& class_name, std::size_t columns,
                           const std::vector<std::size_t>& lengths) {
  std::map<std::string, Classed> all;
  std::vector<std::int64_t> total(columns, 0);
  auto add = [&](const std::string& code, std::string name, const std::vector<std::int64_t>& amounts) {
    auto& one =
        all.try_emplace(code, Classed{.code = code, .name = std::move(name), .amounts = std::vector<std::int64_t>(columns, 0)})
            .first->second;
    for (std::size_t c = 0; c < columns; ++c) one.amounts[c] += amounts[c];
  };
  for (const auto& leaf : leaves) {
    for (auto length : lengths) {
      auto above = leaf.code.substr(0, length);
      auto called = class_name(above);
      // A 款 whose name is not known would be a row without a name.
      if (leaf.code.size() > length && (!called.empty() || length == lengths.front()))
        add(above, std::string(called), leaf.amounts);
    }
    add(leaf.code, leaf.name, leaf.amounts);
    for (std::size_t c = 0; c < columns; ++c) total[c] += leaf.amounts[c];
  }
  auto amounts_of = [](Row& row, const std::vector<std::int64_t>& amounts, bool bold) {
    for (auto fen : amounts) row.push_back(money(fen, bold));
  };
  std::vector<Row> out;
  for (const auto& [code, one] : all) {
    bool top = code.size() == lengths.front();
    std::string indent;
    for (auto length : lengths) indent += code.size() > length ? "　" : "";
    Row row{text(code, top), text(indent + one.name, top)};
    amounts_of(row, one.amounts, top);
    out.push_back(std::move(row));
  }
  Row sum{Cell{.text = "合　计", .columns = 2, .align = Align::centre, .bold = true}};
  amounts_of(sum, total, true);
  out.push_back(std::move(sum));
  return out;
}

// What every table has.
Table framed(const Detail& d, int number, std::string title) {
  return {.title = std::move(title),
          .left = fmt::format("公开{:02}表　　单位名称：{}", number, d.budget.department_name),
          .right = "单位：万元",
          .columns = {},
          .head = {},
          .rows = {},
          .note = {}};
}

std::vector<Classed> functions_of(const Detail& d, std::string_view fund) {
  std::vector<Classed> out;
  for (const auto& f : d.content.functions)
    if (fund.empty() || f.fund == fund)
      out.push_back({.code = f.code, .name = f.name, .amounts = {f.basic + f.project, f.basic, f.project}});
  return out;
}

Table by_function(const Detail& d, int number, std::string title, std::string_view fund) {
  auto t = framed(d, number, std::move(title));
  t.columns = {{1.2, Align::left}, {4, Align::left}, {1.5, Align::right}, {1.5, Align::right}, {1.5, Align::right}};
  t.head = {heads({"科目编码", "科目名称", "合计", "基本支出", "项目支出"})};
  auto leaves = functions_of(d, fund);
  t.rows = with_sums(leaves, function_class, 3, {3, 5});
  if (leaves.empty()) t.note = fmt::format("注：本单位 {} 年没有此项支出，本表为空。", d.budget.year);
  return t;
}

// Sums of the functional classes' first level (类), per fund where one is asked for.
std::vector<std::pair<std::string, std::int64_t>> first_level(const Content& c,
                                                              const std::function<bool(const Function&)>& taken) {
  std::map<std::string, std::int64_t> sums;
  for (const auto& f : c.functions)
    if (taken(f)) sums[f.code.substr(0, 3)] += f.basic + f.project;
  return {sums.begin(), sums.end()};
}

std::string called(const std::string& code) {
  auto name = function_class(code);
  return name.empty() ? code : std::string(name);
}

Table balance(const Detail& d) {
  auto t = framed(d, 1, "部门收支总表");
  t.columns = {{3, Align::left}, {1.4, Align::right}, {3, Align::left}, {1.4, Align::right}};
  t.head = {{{.text = "收　入", .columns = 2}, {.text = "支　出", .columns = 2}}, heads({"项目", "预算数", "项目", "预算数"})};
  std::vector<std::pair<std::string, std::int64_t>> left, right;
  std::int64_t this_year = 0, carried = 0;
  int n = 0;
  for (const auto& source : sources()) {
    std::int64_t amount = 0;
    for (const auto& row : d.content.income)
      if (row.source == source.code) {
        amount += row.amount;
        carried += row.carried;
      }
    this_year += amount;
    left.emplace_back(fmt::format("{}. {}", ++n, source.name.zh), amount);
  }
  n = 0;
  for (const auto& [code, amount] : first_level(d.content, [](const Function&) { return true; }))
    right.emplace_back(fmt::format("{}. {}", ++n, called(code)), amount);
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i)
    t.rows.push_back({text(i < left.size() ? left[i].first : ""), money(i < left.size() ? left[i].second : 0),
                      text(i < right.size() ? right[i].first : ""), money(i < right.size() ? right[i].second : 0)});
  const auto& totals = d.content.totals.at(0);
  t.rows.push_back(
      {middle("本年收入合计", true), money(this_year, true), middle("本年支出合计", true), money(totals.expenditure, true)});
  t.rows.push_back({text("上年结转结余"), money(carried), text(""), money(0)});
  t.rows.push_back(
      {middle("收入总计", true), money(totals.income, true), middle("支出总计", true), money(totals.expenditure, true)});
  return t;
}

Table income(const Detail& d) {
  auto t = framed(d, 2, "部门收入总表");
  t.columns = {{3.5, Align::left}, {1.5, Align::right}, {1.5, Align::right}, {1.5, Align::right}};
  t.head = {heads({"收入来源", "合计", "本年收入", "上年结转结余"})};
  std::int64_t amount = 0, carried = 0;
  for (const auto& source : sources()) {
    auto row = std::ranges::find(d.content.income, source.code, &Income::source);
    bool there = row != d.content.income.end();
    t.rows.push_back({text(source.name.zh), money(there ? row->amount + row->carried : 0), money(there ? row->amount : 0),
                      money(there ? row->carried : 0)});
    if (!there) continue;
    amount += row->amount;
    carried += row->carried;
  }
  t.rows.push_back({middle("合　计", true), money(amount + carried, true), money(amount, true), money(carried, true)});
  return t;
}

Table fiscal(const Detail& d) {
  constexpr std::array<std::string_view, 3> kFunds{"general", "fund", "capital"};
  auto t = framed(d, 4, "财政拨款收支总表");
  t.landscape = true;
  t.columns = {{2.4, Align::left},  {1.3, Align::right}, {2.6, Align::left}, {1.3, Align::right},
               {1.4, Align::right}, {1.4, Align::right}, {1.4, Align::right}};
  t.head = {{{.text = "收　入", .columns = 2}, {.text = "支　出", .columns = 5}},
            heads({"项目", "预算数", "项目", "合计", "一般公共预算", "政府性基金预算", "国有资本经营预算"})};
  std::vector<std::pair<std::string, std::int64_t>> left;
  std::int64_t total = 0;
  auto is_fiscal = [&](std::string_view fund) { return std::ranges::find(kFunds, fund) != kFunds.end(); };
  for (auto fund : kFunds) {
    auto row = std::ranges::find(d.content.income, fund, &Income::source);
    auto amount = row == d.content.income.end() ? 0 : row->amount + row->carried;
    total += amount;
    left.emplace_back(word(sources(), fund), amount);
  }
  auto classes = first_level(d.content, [&](const Function& f) { return is_fiscal(f.fund); });
  std::array<std::int64_t, 3> sums{};
  for (std::size_t i = 0; i < std::max(left.size(), classes.size()); ++i) {
    Row row{text(i < left.size() ? left[i].first : ""), money(i < left.size() ? left[i].second : 0)};
    if (i < classes.size()) {
      row.push_back(text(called(classes[i].first)));
      row.push_back(money(classes[i].second));
      for (std::size_t k = 0; k < kFunds.size(); ++k) {
        std::int64_t part = 0;
        for (const auto& f : d.content.functions)
          if (f.fund == kFunds.at(k) && f.code.starts_with(classes[i].first)) part += f.basic + f.project;
        sums.at(k) += part;
        row.push_back(money(part));
      }
    } else {
      for (int k = 0; k < 5; ++k) row.push_back(text(""));
    }
    t.rows.push_back(std::move(row));
  }
  t.rows.push_back({middle("收入总计", true), money(total, true), middle("支出总计", true),
                    money(sums[0] + sums[1] + sums[2], true), money(sums[0], true), money(sums[1], true),
                    money(sums[2], true)});
  return t;
}

Table basic(const Detail& d) {
  auto t = framed(d, 6, "一般公共预算基本支出表");
  t.columns = {{1.2, Align::left}, {4, Align::left}, {1.5, Align::right}, {1.5, Align::right}, {1.5, Align::right}};
  t.head = {heads({"科目编码", "科目名称", "合计", "人员经费", "公用经费"})};
  std::vector<Classed> leaves;
  for (const auto& e : d.content.economics)
    if (e.part != "project")
      leaves.push_back({.code = e.code,
                        .name = e.name,
                        .amounts = {e.amount, e.part == "personnel" ? e.amount : 0, e.part == "office" ? e.amount : 0}});
  t.rows = with_sums(leaves, economic_class, 3, {3});
  return t;
}

Table three_publics(const Detail& d) {
  auto t = framed(d, 7, "一般公共预算“三公”经费支出表");
  const auto& s = d.content.totals.at(0);
  t.columns = std::vector<print::Column>(6, {1, Align::right});
  t.head = {{{.text = "“三公”经费合计", .rows = 2},
             {.text = "因公出国（境）费", .rows = 2},
             {.text = "公务用车购置及运行费", .columns = 3},
             {.text = "公务接待费", .rows = 2}},
            heads({"小计", "购置费", "运行费"})};
  auto shown = [](std::int64_t fen) {
    auto cell = money(fen);
    // Nothing is told here, since it is what is looked for.
    if (fen == 0) cell = {.text = "0.00", .align = Align::right, .number = 0.0};
    return cell;
  };
  t.rows = {{shown(s.three_publics), shown(s.abroad), shown(s.vehicles), shown(s.vehicle_purchase), shown(s.vehicle_running),
             shown(s.reception)}};
  if (s.operation != 0) t.note = fmt::format("注：机关运行经费 {} 万元。", published(s.operation));
  return t;
}

Table projects(const Detail& d) {
  auto t = framed(d, 10, "项目支出表");
  t.landscape = true;
  t.columns = {{1.5, Align::left},  {4, Align::left},    {1.4, Align::left},  {1.3, Align::right},
               {1.4, Align::right}, {1.4, Align::right}, {1.4, Align::right}, {1.3, Align::right}};
  t.head = {
      heads({"项目编码", "项目名称", "功能科目", "合计", "一般公共预算", "政府性基金预算", "国有资本经营预算", "其他资金"})};
  std::array<std::int64_t, 5> sums{};
  for (const auto& p : d.content.projects) {
    std::array<std::int64_t, 5> amounts{p.amount};
    for (const auto& f : d.content.funds)
      if (f.project == p.code)
        amounts.at(f.source == "general" ? 1 : f.source == "fund" ? 2 : f.source == "capital" ? 3 : 4) += f.amount;
    Row row{text(p.code), text(p.name), text(p.function)};
    for (std::size_t k = 0; k < amounts.size(); ++k) {
      row.push_back(money(amounts.at(k)));
      sums.at(k) += amounts.at(k);
    }
    t.rows.push_back(std::move(row));
  }
  Row sum{Cell{.text = "合　计", .columns = 3, .align = Align::centre, .bold = true}};
  for (auto fen : sums) sum.push_back(money(fen, true));
  t.rows.push_back(std::move(sum));
  return t;
}

Table purchases(const Detail& d) {
  auto t = framed(d, 11, "政府采购和政府购买服务预算表");
  t.columns = {{1.6, Align::left}, {4, Align::left}, {2.6, Align::left}, {1.4, Align::right}};
  t.head = {heads({"类别", "内容", "项目", "金额"})};
  // What is bought as a service may be procured too: each has its own total, they are not added.
  for (bool bought : {false, true}) {
    std::int64_t total = 0;
    for (const auto& p : d.content.purchases) {
      if ((p.kind == "bought_services") != bought) continue;
      auto project = std::ranges::find(d.content.projects, p.project, &BudgetProject::code);
      t.rows.push_back({text(word(purchase_kinds(), p.kind)), text(p.item),
                        text(project == d.content.projects.end() ? "" : project->name), money(p.amount)});
      total += p.amount;
    }
    t.rows.push_back(
        {Cell{.text = bought ? "政府购买服务合计" : "政府采购合计", .columns = 3, .align = Align::centre, .bold = true},
         money(total, true)});
  }
  if (d.content.purchases.empty())
    t.note = fmt::format("注：本单位 {} 年没有政府采购和政府购买服务，本表为空。", d.budget.year);
  return t;
}

Table changes(const Detail& d) {
  auto t = framed(d, 12, "预算增减变化情况表");
  t.columns = {{2.4, Align::left},  {1.4, Align::right}, {0.9, Align::centre}, {1.4, Align::right},
               {1.3, Align::right}, {1.1, Align::right}, {3, Align::left}};
  t.head = {heads({"对象", "本年预算", "对比年", "对比年预算", "增减额", "增减", "原因"})};
  for (const auto& c : d.content.changes) {
    auto member = total_of(c.subject);
    auto percent = c.percent ? exact_text(*c.percent, 2) + "%" : std::string("—");
    t.rows.push_back({text(word(subjects(), c.subject)),
                      money(member == nullptr ? 0 : d.content.totals.at(0).*member),
                      middle(std::to_string(c.year)),
                      money(c.base),
                      money(c.difference),
                      {.text = percent, .align = Align::right},
                      text(c.reason)});
  }
  return t;
}

std::string lines_or_none(const std::string& value) {
  return value.empty() ? "无" : value;
}

// What is to be reached, and the figures that tell it; of the unit as a whole where there is no project.
void promised(const Detail& d, std::string_view project, const std::string& goal, std::vector<Row>& rows) {
  rows.push_back({label("绩效目标"), wide(lines_or_none(goal), 6)});
  std::vector<const ProjectGoal*> goals;
  for (const auto& level : goal_levels())
    for (const auto& g : d.content.goals)
      if (g.project == project && g.level == level.code) goals.push_back(&g);
  if (goals.empty()) return;
  rows.push_back({label("绩效指标", 1, static_cast<int>(goals.size()) + 1), label("类别"), label("指标名称", 3),
                  label("指标值"), label("备注")});
  for (const auto* g : goals)
    rows.push_back({text(word(goal_levels(), g->level)),
                    wide(g->name, 3),
                    {.text = g->value + g->unit, .align = Align::centre},
                    text(g->evidence)});
}

const std::vector<print::Column> kFormColumns{{1.5, Align::left},  {2, Align::left},    {1.2, Align::right}, {1.1, Align::left},
                                              {1.4, Align::right}, {1.5, Align::right}, {2.3, Align::left}};

Table unit_form(const Detail& d) {
  const auto& t = d.content.totals.at(0);
  Table out{.title = fmt::format("{} 年部门整体支出绩效目标申报表", d.budget.year),
            .left = "单位名称：" + d.budget.department_name,
            .right = "单位：万元",
            .columns = kFormColumns,
            .head = {},
            .rows = {},
            .note = {}};
  for (const auto& [name, amount] :
       {std::pair{"部门支出", t.expenditure}, {"其中：基本支出", t.basic}, {"　　　项目支出", t.project}})
    out.rows.push_back({label(name, 2), {.text = published(amount), .columns = 5, .align = Align::left}});
  promised(d, "", t.goal, out.rows);
  return out;
}

Table form(const Detail& d, const BudgetProject& p) {
  Table t{.title = fmt::format("{} 年项目支出绩效目标申报表", d.budget.year),
          .left = "单位名称：" + d.budget.department_name,
          .right = "单位：万元",
          .columns = kFormColumns,
          .head = {},
          .rows = {},
          .note = {}};
  t.rows.push_back({label("项目名称"), wide(p.name, 3), label("项目编码"), wide(p.code, 2)});
  auto paid_by = std::ranges::find(d.content.functions, p.function, &Function::code);
  t.rows.push_back(
      {label("功能科目"), wide(paid_by == d.content.functions.end() ? p.function : p.function + " " + paid_by->name, 6)});
  t.rows.push_back({label("本年预算"),
                    {.text = published(p.amount), .columns = 3, .align = Align::left},
                    label("上年预算"),
                    {.text = published(p.earlier), .columns = 2, .align = Align::left}});
  t.rows.push_back({label("变化原因"), wide(lines_or_none(p.change), 6)});
  t.rows.push_back({label("立项依据"), wide(lines_or_none(p.reason), 6)});
  t.rows.push_back({label("项目内容"), wide(lines_or_none(p.content), 6)});
  std::vector<const ProjectFund*> funds;
  for (const auto& f : d.content.funds)
    if (f.project == p.code) funds.push_back(&f);
  for (std::size_t i = 0; i < funds.size(); ++i) {
    Row row;
    if (i == 0) row.push_back(label("资金来源", 1, static_cast<int>(funds.size())));
    row.push_back(wide(word(sources(), funds[i]->source), 4));
    row.push_back({.text = published(funds[i]->amount), .columns = 2, .align = Align::right});
    t.rows.push_back(std::move(row));
  }
  std::vector<const ProjectDetail*> details;
  for (const auto& x : d.content.details)
    if (x.project == p.code) details.push_back(&x);
  if (!details.empty()) {
    t.rows.push_back({label("支出明细", 1, static_cast<int>(details.size()) + 1), label("支出内容"), label("数量"),
                      label("单位"), label("单价"), label("金额"), label("测算依据")});
    for (const auto* x : details)
      t.rows.push_back({text(x->item),
                        {.text = exact_text(x->quantity, 3), .align = Align::right},
                        text(x->unit),
                        money(x->price),
                        money(x->amount),
                        text(x->basis)});
  }
  promised(d, p.code, p.goal, t.rows);
  return t;
}

print::Document document(const Detail& d, const std::string& what) {
  return {.title = fmt::format("{} {} 年{}", d.budget.department_name, d.budget.year, what),
          .footer = fmt::format("{} {} 年预算 第 {} 版 {}", d.budget.department_name, d.budget.year, d.version.number,
                                title(d.version.state).zh),
          .tables = {}};
}

}  // namespace

print::Document official_tables(const Detail& d) {
  auto out = document(d, "部门预算");
  out.tables = {balance(d),
                income(d),
                by_function(d, 3, "部门支出总表", ""),
                fiscal(d),
                by_function(d, 5, "一般公共预算支出表", "general"),
                basic(d),
                three_publics(d),
                by_function(d, 8, "政府性基金预算支出表", "fund"),
                by_function(d, 9, "国有资本经营预算支出表", "capital"),
                projects(d),
                purchases(d)};
  if (!d.content.changes.empty()) out.tables.push_back(changes(d));
  bool of_unit = std::ranges::any_of(d.content.goals, [](const ProjectGoal& g) { return g.project.empty(); });
  if (of_unit || !d.content.totals.at(0).goal.empty()) out.tables.push_back(unit_form(d));
  for (const auto& p : d.content.projects) out.tables.push_back(form(d, p));
  return out;
}

std::optional<print::Document> project_form(const Detail& d, std::string_view code) {
  auto found = std::ranges::find(d.content.projects, code, &BudgetProject::code);
  if (found == d.content.projects.end()) return std::nullopt;
  auto out = document(d, "项目支出绩效目标申报表");
  out.tables = {form(d, *found)};
  return out;
}

Result<std::string> printed(const Detail& detail, PrintFormat format, std::string_view project,
                            const std::filesystem::path& folder) {
  auto document = project.empty() ? std::optional(official_tables(detail)) : project_form(detail, project);
  if (!document) return fail(Code::not_found, "budget.project", "没有这个项目。", "There is no such project.");
  return format == PrintFormat::pdf ? print::pdf(*document) : print::xlsx(*document, folder);
}

}  // namespace qushu::budget
