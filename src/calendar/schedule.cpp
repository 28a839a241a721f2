#include "qushu/calendar/schedule.h"

namespace qushu::calendar {
namespace {

constexpr int kHorizon = 3660;  // days

}  // namespace

std::string_view name(DayRule rule) {
  return rule == DayRule::every ? "every" : rule == DayRule::working ? "working" : "first_working";
}

bool parse(std::string_view text, DayRule& out) {
  for (auto rule : {DayRule::every, DayRule::working, DayRule::first_working})
    if (text == name(rule)) {
      out = rule;
      return true;
    }
  return false;
}

Result<Schedule> Schedule::make(std::string_view cron, std::string_view zone, DayRule rule) {
  QS_TRY(auto parsed, Cron::parse(cron));
  QS_TRY(auto found, Zone::find(zone));
  if (rule == DayRule::first_working && !parsed.any_day())
    return fail(Error{.code = Code::invalid,
                      .id = "calendar.rule",
                      .text = {"选了“每月第一个工作日”时，“日”和“星期”两栏应为 *。",
                               "With “the first working day of the month” the fields for day and weekday must be *."},
                      .subject = "days"});
  return Schedule(parsed, std::move(found), rule);
}

bool Schedule::on(Day day, const WorkingDays& calendar) const {
  if (!cron_.on(day)) return false;
  if (rule_ == DayRule::every) return true;
  if (!calendar.works(day)) return false;
  std::chrono::year_month_day date(day);
  return rule_ == DayRule::working || calendar.first_of_month(date.year() / date.month()) == day;
}

std::optional<Time> Schedule::next(Time after, const WorkingDays& calendar) const {
  auto local = zone_.local(after);
  auto day = std::chrono::floor<std::chrono::days>(local);
  std::optional<Duration> since = local - day;
  for (int i = 0; i <= kHorizon; ++i, day += std::chrono::days(1), since.reset()) {
    if (!on(day, calendar)) continue;
    for (auto at = cron_.time_on(since); at; at = cron_.time_on(at)) {
      // Where the clock is put back, a time of the day has passed already though the clock shows less.
      auto due = zone_.instant(day + *at);
      if (due > after) return due;
    }
  }
  return std::nullopt;
}

std::optional<Time> Schedule::last(Time after, Time until, const WorkingDays& calendar) const {
  // Backwards day by day, so that a schedule of every minute costs a day's minutes and not a year's.
  auto day = std::chrono::floor<std::chrono::days>(zone_.local(until));
  auto first = std::chrono::floor<std::chrono::days>(zone_.local(after));
  first = std::max(first, day - std::chrono::days(kHorizon));
  for (; day >= first; day -= std::chrono::days(1)) {
    if (!on(day, calendar)) continue;
    std::optional<Time> found;
    for (auto at = cron_.time_on(std::nullopt); at; at = cron_.time_on(at)) {
      auto due = zone_.instant(day + *at);
      if (due > until) break;
      if (due > after) found = due;
    }
    if (found) return found;
  }
  return std::nullopt;
}

Text Schedule::explain(std::string_view home) const {
  Text out = cron_.when();
  if (rule_ == DayRule::first_working) {
    auto time = cron_.time(), months = cron_.months();
    out = {(months.zh.empty() ? "每月" : "每年 " + months.zh + "的") + "第一个工作日 " + time.zh,
           time.en + " on the first working day of " +
               (months.en.empty() ? "the month" : "the month" + std::string(" ") + months.en)};
  } else if (rule_ == DayRule::working) {
    out.zh += "，只在工作日";
    out.en += ", on working days only";
  }
  if (zone_.name() != home) {
    out.zh += "（" + zone_.name() + "）";
    out.en += " (" + zone_.name() + ")";
  }
  return out;
}

}  // namespace qushu::calendar
