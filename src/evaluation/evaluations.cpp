// Self-evaluations: made from a budget, drawn from the evidence, edited.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/evaluation/evaluation.h"

#include "stored.h"

namespace qushu::evaluation {
namespace {

constexpr std::size_t kMostFigure = 18;  // characters of a figure that is entered by hand

// What the budget says of the form: one project's money and goals, or the unit's.
Funds funds_of(const budget::Content& initial, const budget::Detail& now, std::string_view project) {
  Funds out;
  auto amount = [&](const budget::Content& c) -> std::int64_t {
    if (project.empty()) return c.totals.at(0).expenditure;
    auto found = std::ranges::find(c.projects, project, &budget::BudgetProject::code);
    return found == c.projects.end() ? 0 : found->amount;
  };
  out.initial = amount(initial);
  out.adjusted = amount(now.content);
  for (const auto& one : now.execution)
    if (project.empty() || one.subject == project) out.spent += one.spent;
  return out;
}

std::string expected_of(const budget::Content& c, std::string_view project) {
  if (!project.empty()) return std::ranges::find(c.projects, project, &budget::BudgetProject::code)->goal;
  if (!c.totals.at(0).goal.empty()) return c.totals.at(0).goal;
  // A unit that declared none of its own promised what its projects promise.
  std::string out;
  for (const auto& p : c.projects)
    if (!p.goal.empty()) out += fmt::format("{}{}：{}", out.empty() ? "" : "；", p.name, p.goal);
  return out;
}

Failure not_of(const Item& item, std::string_view member, std::size_t at, std::string_view zh, std::string_view en) {
  return fail(Error{.code = Code::invalid,
                    .id = "evaluation.item",
                    .text = {fmt::format("指标“{}”：{}", item.name, zh), fmt::format("“{}”: {}", item.name, en)},
                    .subject = fmt::format("items[{}].{}", at, member)});
}

}  // namespace

// What the budget and the platform's evidence say, read before anything is written.
struct Evaluations::Reading {
  std::string project_name;
  std::int64_t budget_version = 0;
  Form form;
  std::map<std::string, std::string> taken;  // by item: its evidence
};

Result<Evaluation> Evaluations::load(store::Session& s, std::string_view id) const {
  QS_TRY(auto row,
         s.one("SELECT id, budget_id, department_id, department_code, department_name, year, project, project_name FROM "
               "evaluation WHERE id = ?",
               {id}));
  if (!row) return no_evaluation();
  Evaluation out{.id = row->text(0),
                 .budget_id = row->text(1),
                 .department_id = row->text(2),
                 .department_code = row->text(3),
                 .department_name = row->text(4),
                 .year = row->integer(5),
                 .project = row->text(6),
                 .project_name = row->text(7),
                 .versions = {}};
  QS_TRY(out.versions, load_versions(s, id));
  return out;
}

Result<Evaluation> Evaluations::load_visible(store::Session& s, const Actor& actor, std::string_view id) const {
  if (!actor.can(Permission::budget_use)) return forbidden("您没有查看自评的权限。", "You may not see self-evaluations.");
  QS_TRY(auto out, load(s, id));
  if (!may(actor, Permission::budget_use, out)) return no_evaluation();
  return out;
}

Result<Evaluation> Evaluations::load_editable(store::Session& s, const Actor& actor, std::string_view id) const {
  QS_TRY(auto out, load_visible(s, actor, id));
  if (!may(actor, Permission::budget_write, out))
    return forbidden("您没有填写这份自评的权限。", "You may not edit this self-evaluation.");
  if (!is_editable(out.versions.front().state))
    return wrong_state("这一版不能再改；已审定的自评请“更正”。",
                       "This version is not edited any more; begin a correction of an approved one.");
  return out;
}

Result<Detail> Evaluations::detail(store::Session& s, const Actor& actor, Evaluation evaluation, std::int64_t version) const {
  const auto* found = workflow::find_version(evaluation.versions, version);
  if (found == nullptr) return fail(Code::not_found, "evaluation.version", "没有这个版本。", "There is no such version.");
  bool newest = found == &evaluation.versions.front(), writes = may(actor, Permission::budget_write, evaluation);
  Detail out{.evaluation = {}, .version = *found, .form = {}, .files = {}, .problems = {}};
  QS_TRY(out.form, load_form(s, evaluation.id, out.version.number));
  QS_TRY(out.files, load_files(s, evaluation.id, out.version.number));
  if (is_editable(out.version.state)) out.problems = problems_of(out.form, count_files(out.files));
  out.may_edit = newest && writes && is_editable(out.version.state);
  out.may_revise = newest && writes && out.version.state == State::approved;
  if (newest) {
    QS_TRY(out.may_decide, flow_.may_decide(s, actor, paper_of(evaluation)));
  }
  out.evaluation = std::move(evaluation);
  return out;
}

Result<Detail> Evaluations::detail(store::Transaction& t, const Actor& actor, std::string_view id) const {
  QS_TRY(auto now, load(t, id));
  return detail(t, actor, std::move(now), 0);
}

Result<std::vector<Listed>> Evaluations::list(const Actor& actor, const Filter& filter) const {
  if (!actor.can(Permission::budget_use)) return forbidden("您没有查看自评的权限。", "You may not see self-evaluations.");
  std::string department;
  if (!filter.department.empty()) {
    QS_TRY(auto found, deps_.identity.department(filter.department));
    department = found.id;
  }
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Listed>> {
    QS_TRY(auto rows, s.query("SELECT id, department_id, year FROM evaluation ORDER BY year DESC, department_code, project"));
    std::vector<Listed> out;
    for (const auto& row : rows) {
      if (filter.year && row.integer(2) != *filter.year) continue;
      if (!department.empty() && row.text(1) != department) continue;
      QS_TRY(auto one, load(s, row.text(0)));
      if (!may(actor, Permission::budget_use, one)) continue;
      if (!filter.state.empty() && name(one.versions.front().state) != filter.state) continue;
      QS_TRY(auto form, load_form(s, one.id, one.versions.front().number));
      out.push_back({.evaluation = std::move(one), .total = total_of(form)});
    }
    return out;
  });
}

Result<Detail> Evaluations::find(const Actor& actor, std::string_view id, std::int64_t version) const {
  return deps_.store.read([&](store::Session& s) -> Result<Detail> {
    QS_TRY(auto one, load_visible(s, actor, id));
    return detail(s, actor, std::move(one), version);
  });
}

Result<std::string> Evaluations::id_of(std::string_view department, std::int64_t year, std::string_view project) const {
  QS_TRY(auto found, deps_.identity.department(department));
  return deps_.store.read([&](store::Session& s) -> Result<std::string> {
    QS_TRY(auto row,
           s.one("SELECT id FROM evaluation WHERE department_id = ? AND year = ? AND project = ?", {found.id, year, project}));
    if (!row) return no_evaluation();
    return row->text(0);
  });
}

Result<void> Evaluations::changed(store::Transaction& t, const Actor& actor, const Evaluation& e, std::string_view action,
                                  std::string_view comment, json::object detail) const {
  auto paper = paper_of(e);
  QS_CHECK(flow_.touch(t, actor, paper));
  return flow_.keep_step(t, actor, paper, paper.version, action, comment, std::move(detail));
}

// --- from the budget and the evidence ----------------------------------------------------------------------------------------
Result<Evaluations::Reading> Evaluations::read_budget(const Actor& actor, std::string_view budget, std::string_view project,
                                                      const Form& before) const {
  QS_TRY(auto newest, deps_.budgets.find(actor, budget));
  const auto* held = newest.budget.in_force();
  const auto* first = newest.budget.initial();
  if (held == nullptr || first == nullptr)
    return wrong_state("预算批复之后才能自评。", "There is a self-evaluation once the budget is approved.");
  QS_TRY(auto now, deps_.budgets.find(actor, budget, held->number));
  QS_TRY(auto initial, deps_.budgets.find(actor, budget, first->number));
  auto of_project = std::ranges::find(now.content.projects, project, &budget::BudgetProject::code);
  if (!project.empty() && of_project == now.content.projects.end())
    return fail(Error{.code = Code::not_found,
                      .id = "evaluation.project",
                      .text = {fmt::format("现行预算中没有编码为“{}”的项目。", project),
                               fmt::format("The budget in force has no project with the code “{}”.", project)},
                      .subject = "project"});
  Reading out{
      .project_name = project.empty() ? std::string() : of_project->name, .budget_version = held->number, .form = before};
  auto& form = out.form;
  form.funds = funds_of(initial.content, now, project);
  form.expected = expected_of(now.content, project);
  form.items.clear();
  for (const auto& goal : in_order(now.content.goals, project)) {
    auto known = std::ranges::find_if(before.items, [&](const Item& i) {
      return i.level == goal.level && i.name == goal.name && std::ranges::find(form.items, i.id, &Item::id) == form.items.end();
    });
    Item item;
    if (known != before.items.end()) item = *known;
    if (known == before.items.end() || item.target != goal.value) item.direction = direction_of(goal.value);
    if (known == before.items.end()) item.id = new_id();
    item.level = goal.level;
    item.name = goal.name;
    item.target = goal.value;
    item.unit = goal.unit;
    if (!goal.indicator.empty()) item.indicator = goal.indicator;
    form.items.push_back(std::move(item));
  }
  bool weighed = std::ranges::any_of(form.items, [](const Item& i) { return i.weight > 0; });
  if (!weighed) propose_weights(form.items);
  for (auto& item : form.items) {
    item.drawn = Drawn::not_yet;
    item.figure = {};
    item.rows = 0;
    item.error = {};
    if (item.indicator.empty()) continue;
    auto taken = deps_.indicators.take(actor, item.indicator, static_cast<int>(now.budget.year));
    if (!taken && taken.error().id != "indicator.not_found") return Failure(std::move(taken).error());
    if (!taken) {
      item.drawn = Drawn::failed;
      item.error = {fmt::format("没有编码为“{}”的指标。", item.indicator),
                    fmt::format("there is no indicator “{}”.", item.indicator)};
      continue;
    }
    // Which way is better the indicator knows best, until somebody has decided otherwise.
    auto better = taken->definition.direction;
    if (std::ranges::find(before.items, item.id, &Item::id) == before.items.end() &&
        (better == Direction::qualitative || item.target_number()))
      item.direction = better;
    if (!parse(taken->value.state, item.drawn)) item.drawn = Drawn::failed;
    item.error = taken->value.error;
    item.rows = taken->value.rows;
    if (item.drawn == Drawn::value) {
      item.figure = taken->value.value;
      item.hand.clear();  // what the platform tells is not told by hand
      item.hand_reason.clear();
    }
    out.taken[item.id] = std::move(taken->evidence);
  }
  return out;
}

Result<void> Evaluations::keep_reading(store::Transaction& t, const Evaluation& e, std::int64_t version,
                                       const Reading& reading) const {
  QS_CHECK(keep_form(t, e.id, version, reading.form));
  QS_CHECK(t.exec("UPDATE evaluation_version SET drawn = ?, budget_version = ? WHERE evaluation_id = ? AND version = ?",
                  {deps_.clock.now(), reading.budget_version, e.id, version}));
  QS_CHECK(t.exec("DELETE FROM evaluation_evidence WHERE evaluation_id = ? AND version = ?", {e.id, version}));
  for (const auto& [item, taken] : reading.taken)
    QS_CHECK(t.exec("INSERT INTO evaluation_evidence (evaluation_id, version, item, taken) VALUES (?, ?, ?, ?)",
                    {e.id, version, item, taken}));
  return {};
}

Result<Detail> Evaluations::create(const Actor& actor, std::string_view department, std::int64_t year,
                                   std::string_view project) {
  if (!actor.can(Permission::budget_write)) return forbidden("您没有填写自评的权限。", "You may not make self-evaluations.");
  auto given = deps_.identity.department(department);
  if (!given) return fail(std::move(given).error().about("department"));
  QS_TRY(auto budget, deps_.budgets.id_of(given->id, year));
  Evaluation e{.id = new_id(),
               .budget_id = budget,
               .department_id = given->id,
               .department_code = given->code,
               .department_name = given->name,
               .year = year,
               .project = std::string(project),
               .project_name = {},
               .versions = {}};
  if (!may(actor, Permission::budget_write, e))
    return forbidden("您只能填写本部门及下级部门的自评。", "You may evaluate your department and those below it.");
  QS_TRY(auto reading, read_budget(actor, budget, project, {}));
  e.project_name = reading.project_name;
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto there, t.one("SELECT id FROM evaluation WHERE budget_id = ? AND project = ?", {budget, project}));
    if (there)
      return fail(Code::conflict, "evaluation.exists", title_of(e).zh + "已经有了。", title_of(e).en + " is there already.");
    auto now = deps_.clock.now();
    QS_CHECK(
        t.exec("INSERT INTO evaluation (id, budget_id, department_id, department_code, department_name, year, project, "
               "project_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               {e.id, e.budget_id, e.department_id, e.department_code, e.department_name, e.year, e.project, e.project_name}));
    QS_CHECK(
        t.exec("INSERT INTO evaluation_version (evaluation_id, version, state, revision, reason, comment, changed, changed_by, "
               "drawn, budget_version, initial, adjusted, spent, expected, reached, funds_cause, funds_remedy) VALUES (?, 1, "
               "'draft', 1, '', '', ?, ?, ?, ?, 0, 0, 0, '', '', '', '')",
               {e.id, now, actor.name, now, reading.budget_version}));
    QS_CHECK(keep_reading(t, e, 1, reading));
    QS_CHECK(flow_.keep_step(t, actor, paper_of(e), 1, "create", "", {{"items", reading.form.items.size()}}));
    return detail(t, actor, e.id);
  });
}

Result<Detail> Evaluations::draw(const Actor& actor, std::string_view id, std::int64_t revision) {
  QS_TRY(auto before, deps_.store.read([&](store::Session& s) -> Result<std::pair<Evaluation, Form>> {
    QS_TRY(auto e, load_editable(s, actor, id));
    QS_TRY(auto form, load_form(s, e.id, e.versions.front().number));
    return std::pair(std::move(e), std::move(form));
  }));
  QS_TRY(auto reading, read_budget(actor, before.first.budget_id, before.first.project, before.second));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_editable(t, actor, id));
    const auto& v = e.versions.front();
    if (v.revision != revision || v.revision != before.first.versions.front().revision)
      return kind().changed_meanwhile(v.changed_by);
    QS_CHECK(keep_reading(t, e, v.number, reading));
    QS_CHECK(changed(t, actor, e, "draw", "", {{"items", reading.form.items.size()}, {"drawn", reading.taken.size()}}));
    return detail(t, actor, id);
  });
}

// --- by hand -----------------------------------------------------------------------------------------------------------------
namespace {

// Another indicator: what was drawn was the other's.
void rebind(Item& item, const std::string& indicator) {
  item.indicator = indicator;
  item.drawn = Drawn::not_yet;
  item.figure = {};
  item.rows = 0;
  item.error = {};
}

Result<void> take_hand(Item& item, std::size_t at, std::string_view given) {
  auto wrong = [&](std::string_view zh, std::string_view en) { return not_of(item, "hand", at, zh, en); };
  auto hand = trim(given);
  if (!hand.empty() && item.drawn == Drawn::value)
    return wrong("完成值已由平台指标的证据得出，不能手工填写。",
                 "its figure follows from the platform's evidence and is not entered by hand.");
  if (!hand.empty()) {
    auto figure = hand.size() > kMostFigure ? std::nullopt : Fraction::parse(hand);
    if (!figure)
      return wrong(fmt::format("完成值“{}”应为数，如 98.5。", hand), fmt::format("“{}” is no number such as 98.5.", hand));
    if (item.direction == Direction::qualitative && (*figure < Fraction{} || *figure > Fraction{.n = 100}))
      return wrong("定性指标的完成值是 0 到 100 的完成程度。", "the degree of a qualitative figure is 0 to 100.");
  }
  item.hand = hand;
  return {};
}

Result<void> take_edit(Item& item, std::size_t at, const ItemEdit& edit) {
  auto wrong = [&](std::string_view member, std::string_view zh, std::string_view en) {
    return not_of(item, member, at, zh, en);
  };
  if (edit.weight && (*edit.weight < 0 || *edit.weight > kWhole - kExecutionWeight))
    return wrong("weight", "分值应在 0 到 90 之间。", "the weight must be 0 to 90.");
  if (edit.direction && *edit.direction != Direction::qualitative && !item.target_number())
    return wrong("direction", fmt::format("指标值“{}”不是数，只能按定性指标评分。", item.target),
                 fmt::format("its value “{}” is no number; it can only be judged by its degree.", item.target));
  item.direction = edit.direction.value_or(item.direction);
  item.weight = edit.weight.value_or(item.weight);
  if (edit.indicator && edit.indicator->size() > 100) return wrong("indicator", "指标编码过长。", "the code is too long.");
  if (edit.indicator && *edit.indicator != item.indicator) rebind(item, *edit.indicator);
  if (edit.hand) QS_CHECK(take_hand(item, at, *edit.hand));
  for (const auto& [member, given, kept] : {std::tuple{"hand_reason", &edit.hand_reason, &item.hand_reason},
                                            {"cause", &edit.cause, &item.cause},
                                            {"remedy", &edit.remedy, &item.remedy}}) {
    if (!*given) continue;
    *kept = trim(**given);
    QS_CHECK(check_text(*kept, fmt::format("items[{}].{}", at, member), kMostText, false));
  }
  return {};
}

}  // namespace

Result<Detail> Evaluations::save(const Actor& actor, std::string_view id, std::int64_t revision, const Edit& edit) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_editable(t, actor, id));
    const auto& v = e.versions.front();
    if (v.revision != revision) return kind().changed_meanwhile(v.changed_by);
    QS_TRY(auto form, load_form(t, e.id, v.number));
    for (const auto& [member, given, kept] : {std::tuple{"reached", &edit.reached, &form.reached},
                                              {"funds_cause", &edit.funds_cause, &form.funds_cause},
                                              {"funds_remedy", &edit.funds_remedy, &form.funds_remedy}}) {
      if (!*given) continue;
      *kept = trim(**given);
      QS_CHECK(check_text(*kept, member, kMostText, false));
    }
    for (std::size_t i = 0; i < edit.items.size(); ++i) {
      auto found = std::ranges::find(form.items, edit.items[i].id, &Item::id);
      if (found == form.items.end())
        return fail(Error{.code = Code::invalid,
                          .id = "evaluation.item",
                          .text = {"自评中没有这个指标，请重新打开。", "The self-evaluation has no such item; open it again."},
                          .subject = fmt::format("items[{}].id", i)});
      auto bound = found->indicator;
      QS_CHECK(take_edit(*found, static_cast<std::size_t>(found - form.items.begin()), edit.items[i]));
      if (found->indicator != bound)
        QS_CHECK(t.exec("DELETE FROM evaluation_evidence WHERE evaluation_id = ? AND version = ? AND item = ?",
                        {e.id, v.number, found->id}));
    }
    QS_CHECK(keep_form(t, e.id, v.number, form));
    QS_CHECK(changed(t, actor, e, "save", "", {{"score", total_of(form).score}}));
    return detail(t, actor, id);
  });
}

Result<indicators::EvidenceRows> Evaluations::evidence(const Actor& actor, std::string_view id, std::int64_t version,
                                                       std::string_view item) const {
  QS_TRY(auto taken, deps_.store.read([&](store::Session& s) -> Result<std::string> {
    QS_TRY(auto e, load_visible(s, actor, id));
    QS_TRY(auto row, s.one("SELECT taken FROM evaluation_evidence WHERE evaluation_id = ? AND version = ? AND item = ?",
                           {id, version == 0 ? e.versions.front().number : version, item}));
    if (!row)
      return fail(Code::not_found, "evaluation.evidence", "这个指标没有从平台取过数。",
                  "Nothing was drawn from the platform for this item.");
    return row->text(0);
  }));
  return deps_.indicators.shown(actor, taken);
}

}  // namespace qushu::evaluation
