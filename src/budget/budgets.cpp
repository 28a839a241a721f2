#include "qushu/budget/budgets.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "budgets_rules.h"
#include "storage.h"

namespace qushu::budget {
namespace {

Result<std::vector<Spent>> load_spent(store::Session& s, std::string_view id) {
  QS_TRY(auto rows, s.query("SELECT month, subject, amount, changed_by, explanation FROM budget_spent WHERE budget_id = ? "
                            "ORDER BY month, subject",
                            {id}));
  std::vector<Spent> out;
  for (const auto& row : rows)
    out.push_back({.month = row.integer(0),
                   .subject = row.text(1),
                   .amount = row.integer(2),
                   .changed_by = row.text(3),
                   .explanation = row.text(4)});
  return out;
}

std::vector<Execution> execution_of(const Content& content, const std::vector<Spent>& spent, std::int64_t months) {
  const auto& t = content.totals.at(0);
  std::vector<Execution> out{{.subject = "personnel", .name = "人员经费", .budget = t.personnel, .spent = 0, .light = {}},
                             {.subject = "office", .name = "公用经费", .budget = t.office, .spent = 0, .light = {}}};
  for (const auto& p : content.projects)
    out.push_back({.subject = p.code, .name = p.name, .budget = p.amount, .spent = 0, .light = {}});
  for (const auto& one : spent) {
    auto found = std::ranges::find(out, one.subject, &Execution::subject);
    // A project that an adjustment took out had its spending all the same.
    if (found == out.end())
      found = out.insert(out.end(), {.subject = one.subject, .name = one.subject, .budget = 0, .spent = 0, .light = {}});
    found->spent += one.amount;
  }
  for (auto& one : out) one.light = execution_light(one.budget, one.spent, months);
  return out;
}

}  // namespace

const BudgetVersion* Budget::in_force() const {
  auto found = std::ranges::find_if(versions, [](const BudgetVersion& v) { return is_in_force(v.state); });
  return found == versions.end() ? nullptr : &*found;
}

std::string_view execution_light(std::int64_t budget, std::int64_t spent, std::int64_t months) {
  if (spent > std::max<std::int64_t>(budget, 0)) return "over";
  if (budget <= 0 || months <= 0) return "none";
  // spent/budget ÷ months/12, in per cent.
  auto rate = static_cast<__int128>(spent) * 12 * 100;
  auto due = static_cast<__int128>(budget) * months;
  return rate < due * 60 ? "red" : rate < due * 80 ? "yellow" : "green";
}

const BudgetVersion* Budget::initial() const {
  auto found =
      std::ranges::find_if(versions.rbegin(), versions.rend(), [](const BudgetVersion& v) { return is_in_force(v.state); });
  return found == versions.rend() ? nullptr : &*found;
}

Result<Budget> Budgets::load(store::Session& s, std::string_view id) const {
  QS_TRY(auto row, s.one("SELECT id, department_id, department_code, department_name, year FROM budget WHERE id = ?", {id}));
  if (!row) return no_budget();
  Budget out{.id = row->text(0),
             .department_id = row->text(1),
             .department_code = row->text(2),
             .department_name = row->text(3),
             .year = row->integer(4),
             .versions = {}};
  QS_TRY(auto rows, s.query("SELECT v.version, v.state, v.revision, v.reason, v.adjusted_on, v.comment, v.changed, "
                            "v.changed_by, t.income, t.expenditure FROM budget_version v "
                            "LEFT JOIN budget_totals t ON t.budget_id = v.budget_id AND t.version = v.version WHERE "
                            "v.budget_id = ? ORDER BY v.version DESC",
                            {id}));
  for (const auto& r : rows)
    out.versions.push_back({.number = r.integer(0),
                            .state = workflow::state_of(r.text(1)),
                            .revision = r.integer(2),
                            .reason = r.text(3),
                            .adjusted_on = r.text(4),
                            .comment = r.text(5),
                            .changed = r.time(6),
                            .changed_by = r.text(7),
                            .income = r.integer(8),
                            .expenditure = r.integer(9)});
  return out;
}

// Others see what is published and nothing of what goes on beside it.
Result<Budget> Budgets::load_visible(store::Session& s, const Actor& actor, std::string_view id) const {
  if (!actor.can(Permission::budget_use)) return forbidden("您没有查看预算的权限。", "You may not see budgets.");
  QS_TRY(auto budget, load(s, id));
  if (!belongs(actor, budget))
    std::erase_if(budget.versions, [](const BudgetVersion& v) { return v.state != State::published; });
  if (budget.versions.empty()) return no_budget();
  return budget;
}

Result<std::vector<Budget>> Budgets::list(const Actor& actor, const Filter& filter) const {
  std::string department;
  if (!filter.department.empty()) {
    QS_TRY(auto found, deps_.identity.department(filter.department));
    department = found.id;
  }
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Budget>> {
    if (!actor.can(Permission::budget_use)) return forbidden("您没有查看预算的权限。", "You may not see budgets.");
    QS_TRY(auto rows, s.query("SELECT id, department_id, year FROM budget ORDER BY year DESC, department_code"));
    std::vector<Budget> out;
    for (const auto& row : rows) {
      if (filter.year && row.integer(2) != *filter.year) continue;
      if (!department.empty() && row.text(1) != department) continue;
      auto one = load_visible(s, actor, row.text(0));
      if (!one && one.error().code == Code::not_found) continue;
      QS_CHECK(one);
      if (filter.state.empty() || name(one->versions.front().state) == filter.state) out.push_back(*std::move(one));
    }
    return out;
  });
}

Result<std::string> Budgets::id_of(std::string_view department, std::int64_t year) const {
  QS_TRY(auto found, deps_.identity.department(department));
  return deps_.store.read([&](store::Session& s) -> Result<std::string> {
    QS_TRY(auto row, s.one("SELECT id FROM budget WHERE department_id = ? AND year = ?", {found.id, year}));
    if (!row) return no_budget();
    return row->text(0);
  });
}

Result<std::vector<OtherYear>> Budgets::other_years(store::Session& s, const Budget& budget) const {
  QS_TRY(auto rows, s.query("SELECT id, year FROM budget WHERE department_id = ? AND year <> ? ORDER BY year DESC",
                            {budget.department_id, budget.year}));
  std::vector<OtherYear> out;
  for (const auto& row : rows) {
    QS_TRY(auto other, load(s, row.text(0)));
    const auto* held = other.in_force();
    if (held == nullptr) continue;
    QS_TRY(auto content, load_content(s, other.id, held->number));
    out.push_back({.year = other.year, .totals = content.totals.at(0)});
  }
  return out;
}

Result<Detail> Budgets::detail(store::Session& s, const Actor& actor, Budget budget, std::int64_t version) const {
  const auto* found = workflow::find_version(budget.versions, version);
  if (found == nullptr) return fail(Code::not_found, "budget.version", "没有这个版本。", "There is no such version.");
  Detail out{.budget = budget, .version = *found, .content = {}, .findings = {}, .spent = {}, .execution = {}};
  QS_TRY(out.content, load_content(s, budget.id, out.version.number));
  QS_TRY(auto others, other_years(s, budget));
  QS_TRY(auto rows, s.query("SELECT finding, text FROM budget_explanation WHERE budget_id = ? AND version = ?",
                            {budget.id, out.version.number}));
  std::map<std::string, std::string> explained;
  for (const auto& row : rows) explained[row.text(0)] = row.text(1);
  for (auto& d : check_identities(out.content, budget.year, others)) {
    auto text = explained[d.key()];
    out.findings.push_back({.discrepancy = std::move(d), .explanation = std::move(text)});
  }
  bool inside = belongs(actor, budget);
  if (inside) {
    QS_TRY(out.spent, load_spent(s, budget.id));
    out.month = months_of(budget.year, deps_.today());
    out.execution = execution_of(out.content, out.spent, out.month);
  }
  bool newest = found == &budget.versions.front(), writes = may(actor, Permission::budget_write, budget);
  auto state = out.version.state;
  out.may_edit = newest && writes && is_editable(state);
  out.may_submit = out.may_edit;
  out.may_adjust = newest && writes && is_in_force(state);
  out.may_spend = writes && budget.in_force() != nullptr;
  if (!newest) return out;
  out.may_publish = state == State::approved && may(actor, Permission::budget_approve, budget);
  QS_TRY(out.may_decide, flow_.may_decide(s, actor, paper_of(budget)));
  return out;
}

Result<Detail> Budgets::detail(store::Transaction& t, const Actor& actor, std::string_view id) const {
  QS_TRY(auto now, load(t, id));
  return detail(t, actor, std::move(now), 0);
}

Result<Detail> Budgets::find(const Actor& actor, std::string_view id, std::int64_t version) const {
  return deps_.store.read([&](store::Session& s) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(s, actor, id));
    return detail(s, actor, std::move(budget), version);
  });
}

Result<std::vector<Discrepancy>> Budgets::check(const Actor& actor, std::string_view id, const Content& content) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Discrepancy>> {
    QS_TRY(auto budget, load_visible(s, actor, id));
    QS_TRY(auto others, other_years(s, budget));
    return check_identities(content, budget.year, others);
  });
}

Result<Detail> Budgets::create(const Actor& actor, std::string_view department, std::int64_t year, std::string_view copy_of) {
  if (year < kFirstYear || year > kLastYear)
    return fail(Error{.code = Code::invalid,
                      .id = "budget.year",
                      .text = {"年份应在 2000 到 2100 之间。", "The year must be between 2000 and 2100."},
                      .subject = "year"});
  auto given = deps_.identity.department(department);
  if (!given) return fail(std::move(given).error().about("department"));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    Budget budget{.id = new_id(),
                  .department_id = given->id,
                  .department_code = given->code,
                  .department_name = given->name,
                  .year = year,
                  .versions = {}};
    if (!may(actor, Permission::budget_write, budget))
      return forbidden("您只能编制本部门及下级部门的预算。", "You may enter budgets of your department and those below it.");
    QS_TRY(auto there, t.one("SELECT id FROM budget WHERE department_id = ? AND year = ?", {budget.department_id, year}));
    if (there)
      return fail(Code::conflict, "budget.exists", fmt::format("{}已有 {} 年的预算。", given->name, year),
                  fmt::format("{} already has a budget for {}.", given->name, year));
    Content content;
    if (!copy_of.empty()) {
      QS_TRY(auto source, load_visible(t, actor, copy_of));
      const auto* held = source.in_force();
      QS_TRY(content, load_content(t, source.id, held != nullptr ? held->number : source.versions.front().number));
      // What is told of changes was told of that year.
      content.changes.clear();
      for (auto& p : content.projects) p.earlier = source.year == year - 1 ? p.amount : 0;
    }
    QS_CHECK(t.exec("INSERT INTO budget (id, department_id, department_code, department_name, year) VALUES (?, ?, ?, ?, ?)",
                    {budget.id, given->id, given->code, given->name, year}));
    QS_CHECK(
        t.exec("INSERT INTO budget_version (budget_id, version, state, revision, reason, adjusted_on, comment, changed, "
               "changed_by) VALUES (?, 1, 'draft', 1, '', '', '', ?, ?)",
               {budget.id, deps_.clock.now(), actor.name}));
    QS_CHECK(keep_content(t, budget.id, 1, content));
    QS_CHECK(flow_.keep_step(t, actor, paper_of(budget), 1, "create", ""));
    return detail(t, actor, budget.id);
  });
}

Result<Detail> Budgets::save(const Actor& actor, std::string_view id, std::int64_t revision, const Content& content,
                             const std::map<std::string, std::string>& explanations, std::string_view action) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(t, actor, id));
    if (!may(actor, Permission::budget_write, budget))
      return forbidden("您没有编制这份预算的权限。", "You may not edit this budget.");
    const auto& newest = budget.versions.front();
    if (!is_editable(newest.state))
      return wrong_state("这一版不能再改；已批复的预算请做调整。",
                         "This version is not edited any more; adjust an approved budget.");
    if (revision != newest.revision) return kind().changed_meanwhile(newest.changed_by);
    QS_TRY(auto before, load_content(t, budget.id, newest.number));
    QS_CHECK(keep_content(t, budget.id, newest.number, content));
    QS_TRY(auto others, other_years(t, budget));
    QS_CHECK(t.exec("DELETE FROM budget_explanation WHERE budget_id = ? AND version = ?", {budget.id, newest.number}));
    std::set<std::string> kept;
    for (const auto& d : check_identities(content, budget.year, others)) {
      auto given = explanations.find(d.key());
      if (d.error || given == explanations.end() || trim(given->second).empty() || !kept.insert(d.key()).second) continue;
      QS_CHECK(check_comment(given->second, "explanations", false));
      QS_CHECK(t.exec("INSERT INTO budget_explanation (budget_id, version, finding, text) VALUES (?, ?, ?, ?)",
                      {budget.id, newest.number, d.key(), trim(given->second)}));
    }
    QS_CHECK(flow_.touch(t, actor, paper_of(budget)));
    QS_CHECK(flow_.keep_step(t, actor, paper_of(budget), newest.number, action, "",
                             {{"lines", compare_contents(before, content).size()},
                              {"before", before.totals.at(0).expenditure},
                              {"after", content.totals.at(0).expenditure}}));
    return detail(t, actor, id);
  });
}

}  // namespace qushu::budget
