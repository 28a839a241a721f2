// How an answer stood against its clock in working days.
#pragma once

#include "qushu/calendar/calendar.h"

namespace qushu::calendar {

struct Taken {
  int days = 0;       // working days from the day on which the clock began to that of the answer
  bool late = false;  // the deadline has passed
};
// Of an answer that is given now.
[[nodiscard]] Result<Taken> taken(const Calendar& calendar, Time from, int days_allowed, Time now);

}  // namespace qushu::calendar
