// What is decided about a budget, and what was spent: submit, return, approve, publish, adjust.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/budget/budgets.h"

#include "budgets_rules.h"
#include "storage.h"

namespace qushu::budget {

Result<Detail> Budgets::submit(const Actor& actor, std::string_view id, std::string_view comment) {
  QS_CHECK(check_comment(comment, "comment", false));
  QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return load_visible(s, actor, id); }));
  QS_TRY(auto told, flow_.deciders(known.department_id));
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
    QS_CHECK(flow_.submit(t, actor, paper_of(budget), told, comment));
    return detail(t, actor, id);
  });
}

Result<Detail> Budgets::decide(const Actor& actor, std::string_view id, State to, std::string_view comment) {
  QS_CHECK(check_comment(comment, "comment", to == State::returned));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto budget, load_visible(t, actor, id));
    QS_CHECK(flow_.decide(t, actor, paper_of(budget), to, comment));
    return detail(t, actor, id);
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
    QS_CHECK(flow_.set_state(t, actor, paper_of(budget), State::published, budget.versions.front().comment));
    QS_CHECK(flow_.keep_step(t, actor, paper_of(budget), budget.versions.front().number, "publish", ""));
    return detail(t, actor, id);
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
    QS_CHECK(flow_.keep_step(t, actor, paper_of(budget), held.number + 1, "adjust", reason, {{"day", day}}));
    return detail(t, actor, id);
  });
}

namespace {

std::int64_t budget_of(const Content& content, std::string_view subject) {
  if (subject == "personnel") return content.totals.at(0).personnel;
  if (subject == "office") return content.totals.at(0).office;
  auto found = std::ranges::find(content.projects, subject, &BudgetProject::code);
  return found == content.projects.end() ? 0 : found->amount;
}

// What was spent of a subject in each month.
Result<std::array<std::int64_t, 13>> by_month(store::Session& s, std::string_view budget, std::string_view subject) {
  QS_TRY(auto rows, s.query("SELECT month, amount FROM budget_spent WHERE budget_id = ? AND subject = ?", {budget, subject}));
  std::array<std::int64_t, 13> out{};
  for (const auto& row : rows)
    if (auto m = row.integer(0); m >= 1 && m <= 12) out.at(static_cast<std::size_t>(m)) = row.integer(1);
  return out;
}

std::string wan_text(std::int64_t fen) {
  return money_text(fen, MoneyUnit::wan);
}

// Never below nothing at the end of any month, and beyond the budget only with an explanation. Whether it is beyond.
Result<bool> check_spending(store::Session& s, std::string_view id, std::string_view subject, std::int64_t month,
                            std::int64_t amount, std::int64_t budget, std::string_view explanation) {
  QS_TRY(auto before, by_month(s, id, subject));
  auto after = before;
  after.at(static_cast<std::size_t>(month)) = amount;
  std::int64_t all = 0, all_before = 0;
  for (std::size_t m = 1; m < after.size(); ++m) {
    all += after.at(m);
    all_before += before.at(m);
    if (all >= 0) continue;
    return fail(
        Error{.code = Code::invalid,
              .id = "budget.negative",
              .text = {fmt::format("到 {} 月累计支出为 {} 万元，不能小于零；冲销的数不能多于已登记的支出。", m, wan_text(all)),
                       fmt::format("To month {} {} ten thousand yuan were spent, which cannot be below nothing; a "
                                   "correction takes back no more than was noted.",
                                   m, wan_text(all))},
              .subject = std::string(subject)});
  }
  if (all > budget && all > all_before && trim(explanation).empty())
    return fail(Error{
        .code = Code::invalid,
        .id = "budget.over",
        .text = {fmt::format("累计支出 {} 万元，超出预算 {} 万元；如确属实，请填写超支说明。", wan_text(all), wan_text(budget)),
                 fmt::format("{} ten thousand yuan were spent of a budget of {}; if that is so, explain it.", wan_text(all),
                             wan_text(budget))},
        .subject = std::string(subject)});
  return all > budget;
}

}  // namespace

Result<Detail> Budgets::spend(const Actor& actor, std::string_view id, std::int64_t month,
                              const std::map<std::string, std::int64_t>& amounts, std::string_view explanation) {
  QS_CHECK(check_comment(explanation, "explanation", false));
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
      QS_TRY(auto beyond, check_spending(t, budget.id, subject, month, amount, budget_of(content, subject), explanation));
      QS_CHECK(t.exec(
          "INSERT INTO budget_spent (budget_id, month, subject, amount, changed_by, explanation) VALUES (?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (budget_id, month, subject) DO UPDATE SET "
          "amount = excluded.amount, changed_by = excluded.changed_by, explanation = excluded.explanation",
          {budget.id, month, subject, amount, actor.name, beyond ? trim(explanation) : std::string_view()}));
      changed[subject] = amount;
    }
    QS_CHECK(flow_.keep_step(t, actor, paper_of(budget), held->number, "spend", trim(explanation),
                             {{"month", month}, {"amounts", std::move(changed)}}));
    return detail(t, actor, std::move(budget), 0);
  });
}

Result<std::vector<Step>> Budgets::history(const Actor& actor, std::string_view id) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Step>> {
    QS_TRY(auto budget, load_visible(s, actor, id));
    if (!belongs(actor, budget)) return std::vector<Step>{};
    return flow_.history(s, id);
  });
}

Result<std::string> Budgets::latest_step() const {
  return deps_.store.read([](store::Session& s) -> Result<std::string> {
    QS_TRY(auto row, s.one("SELECT count(*), max(id) FROM budget_step"));
    return row ? fmt::format("{} {}", row->integer(0), row->opt_text(1).value_or("")) : std::string();
  });
}

Result<Comparison> Budgets::compare(const Actor& actor, std::string_view id, std::int64_t version, std::string_view other,
                                    std::int64_t other_version) const {
  return deps_.store.read([&](store::Session& s) -> Result<Comparison> {
    QS_TRY(auto now, load_visible(s, actor, id));
    QS_TRY(auto before, load_visible(s, actor, other));
    const auto *a = workflow::find_version(now.versions, version),
               *b = other_version == 0 && before.in_force() != nullptr ? before.in_force()
                                                                       : workflow::find_version(before.versions, other_version);
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
