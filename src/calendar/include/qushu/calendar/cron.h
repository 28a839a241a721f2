// Schedules as cron writes them: minute, hour, day of the month, month, day of the week.
//
//   30 2 * * 1-5     at 02:30 from Monday to Friday          */15 8-18 * * *   every quarter of an hour from 8 to 18
//   0 6 1,15 * *     at 06:00 on the 1st and the 15th        0 20 L * *        at 20:00 on the month's last day
//   0 9 * * MONL     at 09:00 on the month's last Monday     @daily            at midnight
//
// Each field is a list of values, ranges (`8-18`), steps (`*/5`, `8-18/2`, `5/10`: from 5 on) and names (JAN, MON), in any
// case; Sunday is 0 and 7; `?` is `*`. When both the day of the month and the day of the week are restricted, a day that fits
// either is taken, as in every cron.
//
// Thread-safety: plain values.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/error.h"
#include "qushu/calendar/zone.h"

namespace qushu::calendar {

class Cron {
 public:
  // An error names the field (`subject` "minute", "hour", "day", "month", "weekday") and what was expected there.
  [[nodiscard]] static Result<Cron> parse(std::string_view text);

  // Whether the day fits, whatever the time.
  [[nodiscard]] bool on(Day day) const;
  // The first time of a day that is later than `after` on it (any time when nullopt), whether or not the day fits.
  [[nodiscard]] std::optional<Duration> time_on(std::optional<Duration> after) const;
  // Whether only the time is restricted, so that every day of its months fits.
  [[nodiscard]] bool any_day() const { return !days_given_ && !weekdays_given_; }

  // As a sentence without a full stop: 每周一至周五 02:30; at 02:30 from Monday to Friday.
  [[nodiscard]] Text when() const;
  // Only "02:30": what remains when another rule chooses the day.
  [[nodiscard]] Text time() const;
  [[nodiscard]] Text months() const;  // "" when all

 private:
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;         // 1 to 31
  std::bitset<13> months_;       // 1 to 12
  std::bitset<7> weekdays_;      // Sunday is 0
  std::bitset<7> last_of_week_;  // the month's last Monday …
  bool last_day_ = false;
  bool days_given_ = false, weekdays_given_ = false;

  friend class CronReader;
  friend class CronWords;
};

}  // namespace qushu::calendar
