// The district's calendar: which days are worked, by an editable table of the State Council's holidays and make-up days, and
// the zone that legal clocks run in. Deadlines in working days are computed here and nowhere else: the day on which a clock
// starts is not counted, and a deadline is the end of its last day in the district's zone.
//
// Thread-safety: Calendar may be used from any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/calendar/schedule.h"
#include "qushu/calendar/working_days.h"
#include "qushu/calendar/zone.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::calendar {

// The table comes with the notices of 2025 and 2026.
[[nodiscard]] std::span<const store::Migration> migrations();
[[nodiscard]] std::span<const SettingSpec> settings();  // calendar.zone

// How a clock in working days stands.
struct Standing {
  Time deadline;      // the end of the last day
  Day last_day;       // that day
  int left = 0;       // working days from today until it; negative: so many late
  bool late = false;  // the deadline has passed
  bool sure = true;   // false: the holidays of a year on the way are not known yet
};

class Calendar {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Calendar>> open(store::Store& store, audit::Audit& audit,
                                                              const Settings& settings, const Clock& clock);
  virtual ~Calendar() = default;

  [[nodiscard]] virtual const Zone& zone() const = 0;
  [[nodiscard]] virtual Day today() const = 0;
  // What the table says now; a snapshot to compute with.
  [[nodiscard]] virtual Result<std::shared_ptr<const WorkingDays>> working_days() const = 0;
  // The end of the `days`-th working day after the day of `from`.
  [[nodiscard]] virtual Result<Time> deadline(Time from, int days) const = 0;
  [[nodiscard]] virtual Result<Standing> standing(Time from, int days) const = 0;

  // The special days of a year, in order; 0: all.
  [[nodiscard]] virtual Result<std::vector<SpecialDay>> list(int year) const = 0;
  // Adds or replaces. Audited.
  [[nodiscard]] virtual Result<void> put(const Actor& actor, const SpecialDay& day) = 0;
  // Makes it an ordinary day again. Audited; not_found when it is one.
  [[nodiscard]] virtual Result<void> remove(const Actor& actor, Day day) = 0;
  // Replaces the special days of every year that the file names: columns 日期 (2026-10-01), 类型 (放假 or 上班), 名称. All
  // lines that are wrong are told, and then nothing is taken. How many days were taken.
  [[nodiscard]] virtual Result<std::size_t> import_csv(const Actor& actor, std::string_view csv) = 0;
};

// What import_csv() reads; the error's text names each line that is wrong (the first twenty), its value and what was expected.
[[nodiscard]] Result<std::vector<SpecialDay>> read_csv(std::string_view csv);

// /api/v1/calendar…
void add_routes(http::Router& router, Calendar& calendar);

}  // namespace qushu::calendar
