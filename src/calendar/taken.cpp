#include "qushu/calendar/taken.h"

#include <algorithm>

namespace qushu::calendar {

Result<Taken> taken(const Calendar& calendar, Time from, int days_allowed, Time now) {
  QS_TRY(auto standing, calendar.standing(from, days_allowed));
  QS_TRY(auto working, calendar.working_days());
  auto day = [&](Time at) { return std::chrono::floor<std::chrono::days>(calendar.zone().local(at)); };
  return Taken{.days = std::max(0, working->between(day(from), day(now))), .late = standing.late};
}

}  // namespace qushu::calendar
