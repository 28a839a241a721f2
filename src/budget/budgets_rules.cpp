#include "budgets_rules.h"

#include <chrono>

#include "qushu/base/text.h"
#include "qushu/budget/content.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kMostComment = 500;

// Somebody at the server's console, and Qushu itself, belong to no department and may act for each.
bool of_every_department(const Actor& actor) {
  return actor.person_id.empty() && (actor.via == "cli" || actor.via == "system");
}

}  // namespace

Failure no_budget() {
  return fail(Code::not_found, "budget.not_found", "没有这份预算。", "There is no such budget.");
}
Failure forbidden(std::string zh, std::string en) {
  return fail(Code::forbidden, "budget.forbidden", std::move(zh), std::move(en));
}
Failure wrong_state(std::string zh, std::string en) {
  return fail(Code::conflict, "budget.state", std::move(zh), std::move(en));
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

std::int64_t months_of(std::int64_t year, std::string_view today) {
  auto now = exact_of(today.substr(0, 4), 0).value_or(0), month = exact_of(today.substr(5, 2), 0).value_or(0);
  return now > year ? 12 : now < year ? 0 : month;
}

}  // namespace qushu::budget
