#include "qushu/budget/relations.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/sharing/table_file.h"

#include "storage.h"

namespace qushu::budget {
namespace {

using engine::Type;
using sharing::Cell;
using sharing::Cells;
using Columns = std::vector<sharing::TableColumn>;

// What every row of a version begins with.
const Columns kVersion{{"budget", {"预算", "Budget"}, Type::text},
                       {"department", {"部门", "Department"}, Type::text},
                       {"department__name", {"部门名称", "Department (name)"}, Type::text},
                       {"year", {"年份", "Year"}, Type::integer},
                       {"version", {"版本", "Version"}, Type::integer},
                       {"in_force", {"现行", "In force"}, Type::boolean},
                       {"published", {"已公开", "Published"}, Type::boolean}};

Columns of_version(Columns more) {
  Columns out = kVersion;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

struct Table {
  std::string_view name;
  Text title;
  Columns columns;
  bool own = false;  // for nobody but the department and those above it
};

const std::array<Table, 5>& tables() {
  static const std::array<Table, 5> all{Table{"budgets",
                                              {"预算", "Budgets"},
                                              of_version({{"state", {"状态", "State"}, Type::text},
                                                          {"state__name", {"状态名称", "State (name)"}, Type::text},
                                                          {"adjusted_on", {"调整日期", "Adjusted on"}, Type::date},
                                                          {"income", {"收入总计", "Income"}, Type::decimal},
                                                          {"expenditure", {"支出总计", "Expenditure"}, Type::decimal},
                                                          {"basic", {"基本支出", "Basic"}, Type::decimal},
                                                          {"personnel", {"人员经费", "Personnel"}, Type::decimal},
                                                          {"office", {"公用经费", "Office"}, Type::decimal},
                                                          {"project", {"项目支出", "Projects"}, Type::decimal},
                                                          {"three_publics", {"三公经费", "Three publics"}, Type::decimal},
                                                          {"operation", {"机关运行经费", "Office operation"}, Type::decimal}})},
                                        Table{"budget_lines",
                                              {"预算科目", "Lines of budgets"},
                                              of_version({{"section", {"部分", "Section"}, Type::text},
                                                          {"section__name", {"部分名称", "Section (name)"}, Type::text},
                                                          {"code", {"编码", "Code"}, Type::text},
                                                          {"name", {"名称", "Name"}, Type::text},
                                                          {"part", {"类别", "Part"}, Type::text},
                                                          {"fund", {"资金来源", "Paid by"}, Type::text},
                                                          {"amount", {"金额", "Amount"}, Type::decimal}})},
                                        Table{"budget_projects",
                                              {"预算项目", "Projects of budgets"},
                                              of_version({{"project", {"项目编码", "Project"}, Type::text},
                                                          {"name", {"项目名称", "Name"}, Type::text},
                                                          {"function", {"功能科目", "Functional class"}, Type::text},
                                                          {"amount", {"本年预算", "This year"}, Type::decimal},
                                                          {"earlier", {"上年预算", "Year before"}, Type::decimal},
                                                          {"goal", {"绩效目标", "Goal"}, Type::text}})},
                                        Table{"budget_goals",
                                              {"预算绩效指标", "Goals of budgets"},
                                              of_version({{"project", {"项目编码", "Project"}, Type::text},
                                                          {"level", {"指标类别", "Kind"}, Type::text},
                                                          {"level__name", {"指标类别名称", "Kind (name)"}, Type::text},
                                                          {"name", {"指标名称", "Name"}, Type::text},
                                                          {"value", {"指标值", "Value"}, Type::text},
                                                          {"unit", {"计量单位", "Measure"}, Type::text},
                                                          {"indicator", {"平台指标", "Platform indicator"}, Type::text}})},
                                        Table{"budget_spending",
                                              {"预算执行", "What was spent"},
                                              {{"budget", {"预算", "Budget"}, Type::text, "2"},
                                               {"department", {"部门", "Department"}, Type::text, "2"},
                                               {"department__name", {"部门名称", "Department (name)"}, Type::text, "2"},
                                               {"year", {"年份", "Year"}, Type::integer, "2"},
                                               {"month", {"月份", "Month"}, Type::integer, "2"},
                                               {"subject", {"支出", "Of"}, Type::text, "2"},
                                               {"amount", {"金额", "Amount"}, Type::decimal, "2"}},
                                              true}};
  return all;
}

const Table* find_table(std::string_view name) {
  auto found = std::ranges::find(tables(), name, &Table::name);
  return found == tables().end() ? nullptr : &*found;
}

std::string word(std::span<const Word> words, std::string_view code) {
  const auto* found = find_word(words, code);
  return found != nullptr ? found->name.zh : std::string(code);
}

// The rows of one version, by table.
using AllCells = std::array<Cells, 5>;

void add_version(const Budget& b, const BudgetVersion& v, const Content& c, AllCells& out) {
  auto add = [&](std::size_t table, std::vector<Cell> more) {
    std::vector<Cell> row{b.id,     b.department_code,  b.department_name,          b.year,
                          v.number, &v == b.in_force(), v.state == State::published};
    row.insert(row.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    out.at(table).push_back(std::move(row));
  };
  const auto& t = c.totals.at(0);
  add(0, {std::string(name(v.state)), title(v.state).zh, v.adjusted_on.empty() ? Cell() : Cell(v.adjusted_on), t.income,
          t.expenditure, t.basic, t.personnel, t.office, t.project, t.three_publics, t.operation});
  auto line = [&](const char* section, const char* section_name, const std::string& code, const std::string& name,
                  const std::string& part, const std::string& fund, std::int64_t amount) {
    add(1, {std::string(section), std::string(section_name), code, name, part, fund, amount});
  };
  for (const auto& i : c.income) {
    line("income", "收入", i.source, word(sources(), i.source), "this_year", i.source, i.amount);
    if (i.carried != 0) line("income", "收入", i.source, word(sources(), i.source), "carried", i.source, i.carried);
  }
  for (const auto& f : c.functions) {
    if (f.basic != 0) line("functions", "支出功能分类", f.code, f.name, "basic", f.fund, f.basic);
    if (f.project != 0) line("functions", "支出功能分类", f.code, f.name, "project", f.fund, f.project);
  }
  for (const auto& e : c.economics) line("economics", "支出经济分类", e.code, e.name, e.part, "", e.amount);
  for (const auto& p : c.purchases) line("purchases", "采购和购买服务", p.kind, p.item, p.project, "", p.amount);
  for (const auto& p : c.projects) add(2, {p.code, p.name, p.function, p.amount, p.earlier, p.goal});
  for (const auto& g : c.goals)
    add(3, {g.project, g.level, word(goal_levels(), g.level), g.name, g.value, g.unit, g.indicator});
}

}  // namespace

struct BudgetRelations::Snapshot {
  std::string step;  // the last that it knows of
  std::vector<Budget> budgets;
  std::array<std::shared_ptr<const sharing::TableFile>, 5> files;
};

BudgetRelations::BudgetRelations(const Budgets& budgets, engine::Engine& engine, std::filesystem::path scratch)
    : budgets_(budgets), engine_(engine), scratch_(std::move(scratch)) {}
BudgetRelations::~BudgetRelations() = default;

Result<std::vector<sharing::Relation>> BudgetRelations::relations(const Actor& actor) const {
  std::vector<sharing::Relation> out;
  if (!actor.signed_in() || !actor.can(Permission::budget_use)) return out;
  for (const auto& table : tables()) out.push_back(sharing::describe(table.name, table.title, table.columns));
  return out;
}

bool BudgetRelations::is_relation(std::string_view name) const {
  return find_table(name) != nullptr;
}

Result<sharing::RelationRows> BudgetRelations::rows(const Actor& actor, std::string_view name) const {
  const auto* table = find_table(name);
  if (table == nullptr || !actor.signed_in() || !actor.can(Permission::budget_use))
    return fail(Code::not_found, "relation.not_found", "没有这个关系表。", "There is no such relation.");
  QS_TRY(auto snapshot, this->snapshot());
  bool all = true;
  std::string hers;
  for (const auto& b : snapshot->budgets)
    if (belongs(actor, b))
      hers += (hers.empty() ? "" : ", ") + engine::quote_text(b.id);
    else
      all = all && !table->own && std::ranges::all_of(b.versions, [](const auto& v) { return v.state == State::published; });
  auto condition = hers.empty() ? std::string("false") : fmt::format("budget IN ({})", hers);
  if (!table->own) condition = fmt::format("(published OR {})", condition);
  const auto& file = snapshot->files.at(static_cast<std::size_t>(table - tables().data()));
  return sharing::RelationRows{
      .select = sharing::select_where(*file, table->columns, all ? std::string_view() : std::string_view(condition)),
      .files = {file->path},
      .keep = snapshot,
      .all = all};
}

Result<std::shared_ptr<const BudgetRelations::Snapshot>> BudgetRelations::snapshot() const {
  std::scoped_lock lock(mutex_);
  // Asked before anything is read: what is committed in between is looked for next time.
  QS_TRY(auto step, budgets_.latest_step());
  if (snapshot_ && snapshot_->step == step) return snapshot_;
  auto fresh = std::make_shared<Snapshot>();
  fresh->step = step;
  AllCells cells;
  QS_CHECK(budgets_.deps_.store.read([&](store::Session& s) -> Result<void> {
    fresh->budgets.clear();
    for (auto& one : cells) one.clear();
    QS_TRY(auto rows, s.query("SELECT id FROM budget ORDER BY year, department_code"));
    for (const auto& row : rows) {
      QS_TRY(auto b, budgets_.load(s, row.text(0)));
      for (const auto& v : b.versions) {
        QS_TRY(auto content, load_content(s, b.id, v.number));
        add_version(b, v, content, cells);
      }
      QS_TRY(auto spent,
             s.query("SELECT month, subject, amount FROM budget_spent WHERE budget_id = ? ORDER BY month, subject", {b.id}));
      for (const auto& one : spent)
        cells[4].push_back({b.id, b.department_code, b.department_name, b.year, one.integer(0), one.text(1), one.integer(2)});
      fresh->budgets.push_back(std::move(b));
    }
    return {};
  }));
  for (std::size_t i = 0; i < tables().size(); ++i) {
    const auto& table = tables().at(i);
    QS_TRY(fresh->files.at(i), sharing::write_table(engine_, scratch_, table.name, table.columns, cells.at(i)));
  }
  snapshot_ = fresh;
  return snapshot_;
}

}  // namespace qushu::budget
