#include "qushu/budget/budgets.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/notify/notices.h"

#include "storage.h"

namespace qushu::budget {
namespace {

const std::array kMigrations{store::Migration{.id = "budget.0001", .sql = R"(
CREATE TABLE budget (
  id TEXT PRIMARY KEY,
  department_id TEXT NOT NULL,
  department_code TEXT NOT NULL,
  department_name TEXT NOT NULL,
  year BIGINT NOT NULL,
  UNIQUE (department_id, year)
);
CREATE TABLE budget_version (
  budget_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  revision BIGINT NOT NULL,
  reason TEXT NOT NULL,
  adjusted_on TEXT NOT NULL,
  comment TEXT NOT NULL,
  changed BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (budget_id, version)
);
CREATE TABLE budget_explanation (
  budget_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  finding TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, finding)
);
CREATE TABLE budget_spent (
  budget_id TEXT NOT NULL,
  month BIGINT NOT NULL,
  subject TEXT NOT NULL,
  amount BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (budget_id, month, subject)
);
CREATE TABLE budget_step (
  id TEXT PRIMARY KEY,
  budget_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  action TEXT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  comment TEXT NOT NULL
);
CREATE INDEX budget_step_budget ON budget_step (budget_id, id);
CREATE TABLE budget_totals (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  income BIGINT NOT NULL, expenditure BIGINT NOT NULL, basic BIGINT NOT NULL, personnel BIGINT NOT NULL, office BIGINT NOT NULL,
  project BIGINT NOT NULL, abroad BIGINT NOT NULL, vehicle_purchase BIGINT NOT NULL, vehicle_running BIGINT NOT NULL,
  vehicles BIGINT NOT NULL, reception BIGINT NOT NULL, three_publics BIGINT NOT NULL, operation BIGINT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_income (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  source TEXT NOT NULL, amount BIGINT NOT NULL, carried BIGINT NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_functions (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  code TEXT NOT NULL, name TEXT NOT NULL, fund TEXT NOT NULL, basic BIGINT NOT NULL, project BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_economics (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  code TEXT NOT NULL, name TEXT NOT NULL, part TEXT NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_projects (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  code TEXT NOT NULL, name TEXT NOT NULL, function TEXT NOT NULL, amount BIGINT NOT NULL, earlier BIGINT NOT NULL,
  reason TEXT NOT NULL, content TEXT NOT NULL, change TEXT NOT NULL, goal TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_funds (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  project TEXT NOT NULL, source TEXT NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_details (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  project TEXT NOT NULL, item TEXT NOT NULL, quantity BIGINT NOT NULL, unit TEXT NOT NULL, price BIGINT NOT NULL,
  amount BIGINT NOT NULL, basis TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_goals (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  project TEXT NOT NULL, level TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, unit TEXT NOT NULL, evidence TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_purchases (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  kind TEXT NOT NULL, item TEXT NOT NULL, project TEXT NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_changes (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  subject TEXT NOT NULL, year BIGINT NOT NULL, base BIGINT NOT NULL, difference BIGINT NOT NULL, percent BIGINT, reason TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
)"}};

constexpr std::size_t kMostComment = 500;
constexpr std::int64_t kFirstYear = 2000, kLastYear = 2100;

struct StateName {
  State state;
  std::string_view code;
  Text title;
};
const std::array kStates{StateName{State::draft, "draft", {"草稿", "Draft"}},
                         StateName{State::submitted, "submitted", {"待审核", "Submitted"}},
                         StateName{State::returned, "returned", {"已退回", "Returned"}},
                         StateName{State::approved, "approved", {"已批复", "Approved"}},
                         StateName{State::published, "published", {"已公开", "Published"}}};

State state_of(std::string_view code) {
  auto found = std::ranges::find(kStates, code, &StateName::code);
  return found == kStates.end() ? State::draft : found->state;
}

Failure no_budget() {
  return fail(Code::not_found, "budget.not_found", "没有这份预算。", "There is no such budget.");
}
Failure forbidden(std::string zh, std::string en) {
  return fail(Code::forbidden, "budget.forbidden", std::move(zh), std::move(en));
}
Failure wrong_state(std::string zh, std::string en) {
  return fail(Code::conflict, "budget.state", std::move(zh), std::move(en));
}

// Somebody at the server's console, and Qushu itself, belong to no department and may act for each.
bool of_every_department(const Actor& actor) {
  return actor.person_id.empty() && (actor.via == "cli" || actor.via == "system");
}
bool belongs(const Actor& actor, const Budget& b) {
  return of_every_department(actor) || actor.in_department(b.department_id) || actor.department_id == b.department_id;
}
bool may(const Actor& actor, Permission p, const Budget& b) {
  return actor.can(p) && belongs(actor, b);
}
bool is_editable(State s) {
  return s == State::draft || s == State::returned;
}
bool is_in_force(State s) {
  return s == State::approved || s == State::published;
}

Result<void> check_comment(std::string_view text, std::string_view member, bool needed) {
  if (needed && trim(text).empty())
    return fail(Error{
        .code = Code::invalid, .id = "budget.comment", .text = {"请写明理由。", "Say why."}, .subject = std::string(member)});
  if (utf8_length(text) > kMostComment)
    return fail(Error{.code = Code::invalid,
                      .id = "budget.comment",
                      .text = {"最多 500 个字。", "At most 500 characters."},
                      .subject = std::string(member)});
  return {};
}

bool is_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  auto month = exact_of(text.substr(5, 2), 0), day = exact_of(text.substr(8, 2), 0), year = exact_of(text.substr(0, 4), 0);
  if (!month || !day || !year || *year < kFirstYear || *month < 1 || *month > 12 || *day < 1) return false;
  return std::chrono::year_month_day(std::chrono::year(static_cast<int>(*year)),
                                     std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day)))
      .ok();
}

Result<std::vector<Spent>> load_spent(store::Session& s, std::string_view id) {
  QS_TRY(
      auto rows,
      s.query("SELECT month, subject, amount, changed_by FROM budget_spent WHERE budget_id = ? ORDER BY month, subject", {id}));
  std::vector<Spent> out;
  for (const auto& row : rows)
    out.push_back({.month = row.integer(0), .subject = row.text(1), .amount = row.integer(2), .changed_by = row.text(3)});
  return out;
}

// How many months of the budget's year are over, the one that lasts included.
std::int64_t months_of(std::int64_t year, std::string_view today) {
  auto now = exact_of(today.substr(0, 4), 0).value_or(0), month = exact_of(today.substr(5, 2), 0).value_or(0);
  return now > year ? 12 : now < year ? 0 : month;
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

std::span<const store::Migration> migrations() {
  return kMigrations;
}

std::string_view name(State state) {
  return std::ranges::find(kStates, state, &StateName::state)->code;
}
Text title(State state) {
  return std::ranges::find(kStates, state, &StateName::state)->title;
}

const BudgetVersion* Budget::in_force() const {
  auto found = std::ranges::find_if(versions, [](const BudgetVersion& v) { return is_in_force(v.state); });
  return found == versions.end() ? nullptr : &*found;
}

std::string_view execution_light(std::int64_t budget, std::int64_t spent, std::int64_t months) {
  if (budget <= 0 || months <= 0) return "none";
  // spent/budget ÷ months/12, in per cent.
  auto rate = static_cast<__int128>(spent) * 12 * 100;
  auto due = static_cast<__int128>(budget) * months;
  return rate < due * 60 ? "red" : rate < due * 80 ? "yellow" : "green";
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
                            .state = state_of(r.text(1)),
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

Result<bool> Budgets::took_part(store::Session& s, const Actor& actor, const Budget& budget, std::int64_t version) const {
  // Somebody at the console has no identifier: her name tells.
  std::string_view column = actor.person_id.empty() ? "person_id = '' AND person_name" : "person_id";
  QS_TRY(auto row, s.one(fmt::format("SELECT count(*) FROM budget_step WHERE budget_id = ? AND version = ? AND {} = ? AND "
                                     "action IN ('create', 'save', 'import', 'submit', 'adjust')",
                                     column),
                         {budget.id, version, actor.person_id.empty() ? actor.name : actor.person_id}));
  return row && row->integer(0) > 0;
}

Result<Detail> Budgets::detail(store::Session& s, const Actor& actor, Budget budget, std::int64_t version) const {
  auto found = version == 0 ? budget.versions.begin() : std::ranges::find(budget.versions, version, &BudgetVersion::number);
  if (found == budget.versions.end())
    return fail(Code::not_found, "budget.version", "没有这个版本。", "There is no such version.");
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
  bool newest = found == budget.versions.begin();
  auto state = out.version.state;
  out.may_edit = newest && is_editable(state) && may(actor, Permission::budget_write, budget);
  out.may_submit = out.may_edit;
  out.may_adjust = newest && is_in_force(state) && may(actor, Permission::budget_write, budget);
  out.may_spend = budget.in_force() != nullptr && may(actor, Permission::budget_write, budget);
  out.may_publish = state == State::approved && newest && may(actor, Permission::budget_approve, budget);
  if (newest && state == State::submitted && may(actor, Permission::budget_approve, budget)) {
    QS_TRY(auto part, took_part(s, actor, budget, out.version.number));
    out.may_decide = !part;
  }
  return out;
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

Result<void> Budgets::keep_step(store::Transaction& t, const Actor& actor, const Budget& budget, std::int64_t version,
                                std::string_view action, std::string_view comment, json::object detail) const {
  QS_CHECK(
      t.exec("INSERT INTO budget_step (id, budget_id, version, at, action, person_id, person_name, comment) VALUES (?, ?, ?, "
             "?, ?, ?, ?, ?)",
             {new_id(), budget.id, version, deps_.clock.now(), action, actor.person_id, actor.name, comment}));
  detail["version"] = version;
  if (!comment.empty()) detail["comment"] = comment;
  return deps_.audit.record(t, actor,
                            {.action = fmt::format("budget.{}", action),
                             .object_kind = "budget",
                             .object_id = budget.id,
                             .object_name = fmt::format("{} {}", budget.department_name, budget.year),
                             .detail = std::move(detail)});
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
    QS_CHECK(keep_step(t, actor, budget, 1, "create", ""));
    QS_TRY(auto made, load(t, budget.id));
    return detail(t, actor, std::move(made), 0);
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
    if (revision != newest.revision)
      return fail(Code::conflict, "budget.changed", fmt::format("{}已改过这份预算，请重新打开再改。", newest.changed_by),
                  fmt::format("{} has changed this budget meanwhile; open it again.", newest.changed_by));
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
    QS_CHECK(t.exec(
        "UPDATE budget_version SET revision = revision + 1, changed = ?, changed_by = ? WHERE budget_id = ? AND version = ?",
        {deps_.clock.now(), actor.name, budget.id, newest.number}));
    QS_CHECK(keep_step(t, actor, budget, newest.number, action, "",
                       {{"lines", compare_contents(before, content).size()},
                        {"before", before.totals.at(0).expenditure},
                        {"after", content.totals.at(0).expenditure}}));
    QS_TRY(auto now, load(t, id));
    return detail(t, actor, std::move(now), 0);
  });
}

Result<void> Budgets::set_state(store::Transaction& t, const Actor& actor, const Budget& budget, State state,
                                std::string_view comment) const {
  QS_CHECK(
      t.exec("UPDATE budget_version SET state = ?, comment = ?, revision = revision + 1, changed = ?, changed_by = ? WHERE "
             "budget_id = ? AND version = ?",
             {name(state), comment, deps_.clock.now(), actor.name, budget.id, budget.versions.front().number}));
  return {};
}

// Those who may decide about it.
Result<std::vector<std::string>> Budgets::deciders(const Budget& budget) const {
  QS_TRY(auto people,
         deps_.identity.people({.text = {}, .department_id = {}, .role = "budget_reviewer", .after = {}, .limit = 200}));
  std::vector<std::string> out;
  for (const auto& p : people) {
    auto actor = deps_.identity.actor_of(p.login);
    if (actor && may(*actor, Permission::budget_approve, budget)) out.push_back(p.id);
  }
  return out;
}

Result<Detail> Budgets::submit(const Actor& actor, std::string_view id, std::string_view comment) {
  QS_CHECK(check_comment(comment, "comment", false));
  QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return load_visible(s, actor, id); }));
  QS_TRY(auto told, deciders(known));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(t, actor, id));
    if (!may(actor, Permission::budget_write, budget))
      return forbidden("您没有提交这份预算的权限。", "You may not submit this budget.");
    if (!is_editable(budget.versions.front().state))
      return wrong_state("只有草稿和退回的预算可以提交。", "Only a draft or a returned budget is submitted.");
    QS_TRY(auto now, detail(t, actor, budget, 0));
    auto blocks = [](const Explained& e) { return e.discrepancy.error || e.explanation.empty(); };
    auto open = static_cast<std::size_t>(std::ranges::count_if(now.findings, blocks));
    if (open > 0) {
      const auto& first = std::ranges::find_if(now.findings, blocks)->discrepancy;
      return fail(
          Error{.code = Code::invalid,
                .id = "budget.findings",
                .text = {fmt::format("还有 {} 处不符，改正或（提示类）说明后再提交。第一处：{}", open, first.message.zh),
                         fmt::format("{} figures do not agree; mend them, or explain those that only warn. The first: {}", open,
                                     first.message.en)},
                .subject = first.place});
    }
    QS_CHECK(set_state(t, actor, budget, State::submitted, comment));
    QS_CHECK(keep_step(t, actor, budget, budget.versions.front().number, "submit", comment));
    QS_CHECK(notify::tell(t, told,
                          {.id = new_id(),
                           .kind = "budget_submitted",
                           .link = "/budgets/" + budget.id,
                           .title = {fmt::format("{} {} 年预算待审核", budget.department_name, budget.year),
                                     fmt::format("The budget {} of {} waits for you", budget.year, budget.department_name)},
                           .detail = {actor.name, actor.name},
                           .at = deps_.clock.now()}));
    QS_TRY(auto after, load(t, id));
    return detail(t, actor, std::move(after), 0);
  });
}

Result<Detail> Budgets::decide(const Actor& actor, std::string_view id, State to, std::string_view comment) {
  QS_CHECK(check_comment(comment, "comment", to == State::returned));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(t, actor, id));
    const auto& newest = budget.versions.front();
    if (!may(actor, Permission::budget_approve, budget))
      return forbidden("您没有审核这份预算的权限。", "You may not decide about this budget.");
    if (newest.state != State::submitted)
      return wrong_state("这份预算没有提交待审核。", "This budget does not wait for a decision.");
    QS_TRY(auto part, took_part(t, actor, budget, newest.number));
    if (part)
      return forbidden("编制或提交过这一版的人不能审核它，请由另一人审核。",
                       "Whoever entered or submitted this version does not decide about it; another person must.");
    QS_CHECK(set_state(t, actor, budget, to, comment));
    QS_CHECK(keep_step(t, actor, budget, newest.number, to == State::approved ? "approve" : "return", comment));
    QS_TRY(auto submitter, t.one("SELECT person_id FROM budget_step WHERE budget_id = ? AND version = ? AND action = 'submit' "
                                 "ORDER BY id DESC LIMIT 1",
                                 {budget.id, newest.number}));
    if (submitter && !submitter->text(0).empty())
      QS_CHECK(
          notify::tell(t, {submitter->text(0)},
                       {.id = new_id(),
                        .kind = to == State::approved ? "budget_approved" : "budget_returned",
                        .link = "/budgets/" + budget.id,
                        .title = {fmt::format("{} {} 年预算{}", budget.department_name, budget.year, title(to).zh),
                                  fmt::format("The budget {} of {}: {}", budget.year, budget.department_name, title(to).en)},
                        .detail = {std::string(comment), std::string(comment)},
                        .at = deps_.clock.now()}));
    QS_TRY(auto after, load(t, id));
    return detail(t, actor, std::move(after), 0);
  });
}

Result<Detail> Budgets::approve(const Actor& actor, std::string_view id, std::string_view comment) {
  return decide(actor, id, State::approved, comment);
}
Result<Detail> Budgets::send_back(const Actor& actor, std::string_view id, std::string_view comment) {
  return decide(actor, id, State::returned, comment);
}

Result<Detail> Budgets::publish(const Actor& actor, std::string_view id) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(t, actor, id));
    if (!may(actor, Permission::budget_approve, budget))
      return forbidden("您没有公开这份预算的权限。", "You may not publish this budget.");
    if (budget.versions.front().state != State::approved)
      return wrong_state("只有已批复的预算可以公开。", "Only an approved budget is published.");
    QS_CHECK(set_state(t, actor, budget, State::published, budget.versions.front().comment));
    QS_CHECK(keep_step(t, actor, budget, budget.versions.front().number, "publish", ""));
    QS_TRY(auto after, load(t, id));
    return detail(t, actor, std::move(after), 0);
  });
}

Result<Detail> Budgets::adjust(const Actor& actor, std::string_view id, std::string_view reason, std::string_view day) {
  QS_CHECK(check_comment(reason, "reason", true));
  if (!is_day(day))
    return fail(Error{.code = Code::invalid,
                      .id = "budget.day",
                      .text = {"日期应如 2026-06-30。", "The day must be like 2026-06-30."},
                      .subject = "day"});
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(t, actor, id));
    if (!may(actor, Permission::budget_write, budget))
      return forbidden("您没有编制这份预算的权限。", "You may not edit this budget.");
    const auto& held = budget.versions.front();
    if (!is_in_force(held.state)) return wrong_state("只有已批复的预算可以调整。", "Only an approved budget is adjusted.");
    QS_TRY(auto content, load_content(t, budget.id, held.number));
    QS_CHECK(
        t.exec("INSERT INTO budget_version (budget_id, version, state, revision, reason, adjusted_on, comment, changed, "
               "changed_by) VALUES (?, ?, 'draft', 1, ?, ?, '', ?, ?)",
               {budget.id, held.number + 1, trim(reason), day, deps_.clock.now(), actor.name}));
    QS_CHECK(keep_content(t, budget.id, held.number + 1, content));
    QS_CHECK(keep_step(t, actor, budget, held.number + 1, "adjust", reason, {{"day", day}}));
    QS_TRY(auto after, load(t, id));
    return detail(t, actor, std::move(after), 0);
  });
}

Result<Detail> Budgets::spend(const Actor& actor, std::string_view id, std::int64_t month,
                              const std::map<std::string, std::int64_t>& amounts) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(t, actor, id));
    if (!may(actor, Permission::budget_write, budget))
      return forbidden("您没有登记执行的权限。", "You may not note what was spent.");
    const auto* held = budget.in_force();
    if (held == nullptr) return wrong_state("预算批复之后才登记执行。", "What was spent is noted once the budget is approved.");
    if (month < 1 || month > months_of(budget.year, deps_.today()))
      return fail(Error{.code = Code::invalid,
                        .id = "budget.month",
                        .text = {"月份应为 1 到 12，且不晚于本月。", "The month must be 1 to 12 and not in the future."},
                        .subject = "month"});
    QS_TRY(auto content, load_content(t, budget.id, held->number));
    json::object changed;
    for (const auto& [subject, amount] : amounts) {
      bool known = subject == "personnel" || subject == "office" ||
                   std::ranges::any_of(content.projects, [&](const BudgetProject& p) { return p.code == subject; });
      if (!known)
        return fail(Error{.code = Code::invalid,
                          .id = "budget.subject",
                          .text = {"预算中没有“" + subject + "”。", "The budget has no “" + subject + "”."},
                          .subject = subject});
      if (amount > kMostFen || amount < -kMostFen)
        return fail(Error{.code = Code::invalid,
                          .id = "budget.amount",
                          .text = {"数额过大。", "The figure is too large."},
                          .subject = subject});
      QS_CHECK(
          t.exec("INSERT INTO budget_spent (budget_id, month, subject, amount, changed_by) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
                 "(budget_id, month, subject) DO UPDATE SET "
                 "amount = excluded.amount, changed_by = excluded.changed_by",
                 {budget.id, month, subject, amount, actor.name}));
      changed[subject] = amount;
    }
    QS_CHECK(keep_step(t, actor, budget, held->number, "spend", "", {{"month", month}, {"amounts", std::move(changed)}}));
    return detail(t, actor, std::move(budget), 0);
  });
}

Result<std::vector<Step>> Budgets::history(const Actor& actor, std::string_view id) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Step>> {
    QS_TRY(auto budget, load_visible(s, actor, id));
    if (!belongs(actor, budget)) return std::vector<Step>{};
    QS_TRY(
        auto rows,
        s.query(
            "SELECT at, action, version, person_name, comment FROM budget_step WHERE budget_id = ? ORDER BY id DESC LIMIT 500",
            {id}));
    std::vector<Step> out;
    for (const auto& row : rows)
      out.push_back({.at = row.time(0),
                     .action = row.text(1),
                     .version = row.integer(2),
                     .person_name = row.text(3),
                     .comment = row.text(4)});
    return out;
  });
}

Result<Comparison> Budgets::compare(const Actor& actor, std::string_view id, std::int64_t version, std::string_view other,
                                    std::int64_t other_version) const {
  return deps_.store.read([&](store::Session& s) -> Result<Comparison> {
    QS_TRY(auto now, load_visible(s, actor, id));
    QS_TRY(auto before, load_visible(s, actor, other));
    auto pick = [](const Budget& b, std::int64_t wanted) -> const BudgetVersion* {
      if (wanted == 0) return &b.versions.front();
      auto found = std::ranges::find(b.versions, wanted, &BudgetVersion::number);
      return found == b.versions.end() ? nullptr : &*found;
    };
    const auto *a = pick(now, version),
               *b = other_version == 0 && before.in_force() != nullptr ? before.in_force() : pick(before, other_version);
    if (a == nullptr || b == nullptr)
      return fail(Code::not_found, "budget.version", "没有这个版本。", "There is no such version.");
    QS_TRY(auto content_now, load_content(s, now.id, a->number));
    QS_TRY(auto content_before, load_content(s, before.id, b->number));
    return Comparison{.year_before = before.year,
                      .version_before = b->number,
                      .year_now = now.year,
                      .version_now = a->number,
                      .lines = compare_contents(content_before, content_now)};
  });
}

Result<std::vector<Budget>> Budgets::published() const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Budget>> {
    QS_TRY(auto rows, s.query("SELECT DISTINCT b.id, b.year FROM budget b JOIN budget_version v ON v.budget_id = b.id WHERE "
                              "v.state = 'published' ORDER BY b.year DESC, b.id"));
    std::vector<Budget> out;
    for (const auto& row : rows) {
      QS_TRY(auto one, load(s, row.text(0)));
      std::erase_if(one.versions, [](const BudgetVersion& v) { return v.state != State::published; });
      out.push_back(std::move(one));
    }
    return out;
  });
}

Result<Detail> Budgets::published(std::string_view id) const {
  return deps_.store.read([&](store::Session& s) -> Result<Detail> {
    QS_TRY(auto budget, load(s, id));
    std::erase_if(budget.versions, [](const BudgetVersion& v) { return v.state != State::published; });
    if (budget.versions.empty()) return no_budget();
    return detail(s, Actor{}, std::move(budget), 0);
  });
}

}  // namespace qushu::budget
