#include "budgets_rules.h"

#include <chrono>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/budget/content.h"

namespace qushu::budget {
namespace {

const std::vector<std::pair<std::string_view, Text>> kActions{
    {"create", {"新建", "Made"}},       {"save", {"保存", "Saved"}},      {"import", {"导入", "Imported"}},
    {"submit", {"提交", "Submitted"}},  {"return", {"退回", "Returned"}}, {"approve", {"批复", "Approved"}},
    {"publish", {"公开", "Published"}}, {"adjust", {"调整", "Adjusted"}}, {"spend", {"登记执行", "Spending noted"}}};

}  // namespace

const workflow::Kind& kind() {
  static const workflow::Kind kKind{.name = "budget",
                                    .noun = {"预算", "budget"},
                                    .drafting = {"编制", "entered"},
                                    .approved = {"已批复", "Approved"},
                                    .page = "/budgets/",
                                    .actions = kActions};
  return kKind;
}
Text title(State state) {
  return kind().title(state);
}

Failure no_budget() {
  return fail(Code::not_found, "budget.not_found", "没有这份预算。", "There is no such budget.");
}
Failure forbidden(std::string zh, std::string en) {
  return kind().forbidden(std::move(zh), std::move(en));
}
Failure wrong_state(std::string zh, std::string en) {
  return kind().wrong_state(std::move(zh), std::move(en));
}

bool belongs(const Actor& actor, const Budget& b) {
  return workflow::belongs(actor, b.department_id);
}
bool may(const Actor& actor, Permission p, const Budget& b) {
  return workflow::may(actor, p, b.department_id);
}

Result<void> check_comment(std::string_view text, std::string_view member, bool needed) {
  return workflow::check_text("budget.comment", text, member, workflow::kMostComment, needed);
}

workflow::Paper paper_of(const Budget& b) {
  return {.id = b.id,
          .department_id = b.department_id,
          .name = fmt::format("{} {}", b.department_name, b.year),
          .title = {fmt::format("{} {} 年预算", b.department_name, b.year),
                    fmt::format("The budget {} of {}", b.year, b.department_name)},
          .version = b.versions.empty() ? 0 : b.versions.front().number,
          .state = b.versions.empty() ? State::draft : b.versions.front().state};
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

std::int64_t months_of(std::int64_t year, std::string_view today) {
  auto now = exact_of(today.substr(0, 4), 0).value_or(0), month = exact_of(today.substr(5, 2), 0).value_or(0);
  return now > year ? 12 : now < year ? 0 : month;
}

}  // namespace qushu::budget
