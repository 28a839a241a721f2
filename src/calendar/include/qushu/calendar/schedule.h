// When something is due: a cron expression in a time zone, on every day that it names, on working days among them only, or on
// the first working day of each month.
//
// Where clocks are put forward over a due time, it is due as much later; where a due time comes twice, once.
//
// Thread-safety: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "qushu/calendar/cron.h"
#include "qushu/calendar/working_days.h"

namespace qushu::calendar {

enum class DayRule : std::uint8_t { every, working, first_working };
[[nodiscard]] std::string_view name(DayRule rule);  // "every", "working", "first_working"
[[nodiscard]] bool parse(std::string_view text, DayRule& out);

class Schedule {
 public:
  // With DayRule::first_working the expression gives the time and the months; its days must be "*".
  [[nodiscard]] static Result<Schedule> make(std::string_view cron, std::string_view zone, DayRule rule);

  // The first due time after `after`; nullopt when there is none within ten years (30 2 30 2 *).
  [[nodiscard]] std::optional<Time> next(Time after, const WorkingDays& calendar) const;
  // The last due time not after `until` and later than `after`; nullopt when there is none.
  [[nodiscard]] std::optional<Time> last(Time after, Time until, const WorkingDays& calendar) const;
  // "每月第一个工作日 08:30"; the zone is named when it is not `home`.
  [[nodiscard]] Text explain(std::string_view home) const;

 private:
  Schedule(Cron cron, Zone zone, DayRule rule) : cron_(cron), zone_(std::move(zone)), rule_(rule) {}
  [[nodiscard]] bool on(Day day, const WorkingDays& calendar) const;

  Cron cron_;
  Zone zone_;
  DayRule rule_;
};

}  // namespace qushu::calendar
