// Which days are worked: Monday to Friday, but for holidays, and the Saturdays and Sundays that make up for them. A plain value
// without a store, so that whoever computes many deadlines takes one and asks it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "qushu/calendar/zone.h"

namespace qushu::calendar {

enum class DayKind : std::uint8_t { holiday, workday };
[[nodiscard]] std::string_view name(DayKind kind);  // "holiday", "workday"

// A day that the State Council's notice of the year changes.
struct SpecialDay {
  Day day;
  DayKind kind = DayKind::holiday;
  std::string name;  // 春节
};

class WorkingDays {
 public:
  WorkingDays() = default;
  explicit WorkingDays(const std::vector<SpecialDay>& days);

  [[nodiscard]] bool works(Day day) const;
  // The n-th working day after `day`, which itself is not counted (n < 0: before it). n = 0: `day`.
  [[nodiscard]] Day add(Day day, int n) const;
  // How many working days there are in (after, until]; negative when `until` is before `after`.
  [[nodiscard]] int between(Day after, Day until) const;
  [[nodiscard]] Day first_of_month(std::chrono::year_month month) const;
  // Whether the year's holidays are known. A deadline in a year that is not known may still move.
  [[nodiscard]] bool knows(std::chrono::year year) const { return years_.contains(static_cast<int>(year)); }

 private:
  std::map<Day, DayKind> special_;
  std::set<int> years_;
};

}  // namespace qushu::calendar
