#include "qushu/calendar/working_days.h"

namespace qushu::calendar {

std::string_view name(DayKind kind) {
  return kind == DayKind::holiday ? "holiday" : "workday";
}

WorkingDays::WorkingDays(const std::vector<SpecialDay>& days) {
  for (const auto& d : days) {
    special_.insert_or_assign(d.day, d.kind);
    years_.insert(static_cast<int>(std::chrono::year_month_day(d.day).year()));
  }
}

bool WorkingDays::works(Day day) const {
  if (auto found = special_.find(day); found != special_.end()) return found->second == DayKind::workday;
  auto weekday = std::chrono::weekday(day).c_encoding();
  return weekday != 0 && weekday != 6;
}

Day WorkingDays::add(Day day, int n) const {
  auto step = std::chrono::days(n < 0 ? -1 : 1);
  for (auto left = n < 0 ? -n : n; left > 0;) {
    day += step;
    if (works(day)) --left;
  }
  return day;
}

int WorkingDays::between(Day after, Day until) const {
  if (until < after) return -between(until, after);
  int count = 0;
  for (auto day = after + std::chrono::days(1); day <= until; day += std::chrono::days(1)) count += works(day) ? 1 : 0;
  return count;
}

Day WorkingDays::first_of_month(std::chrono::year_month month) const {
  Day day(month / 1);
  while (!works(day)) day += std::chrono::days(1);
  return day;
}

}  // namespace qushu::calendar
