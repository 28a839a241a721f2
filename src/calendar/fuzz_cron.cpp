// The reader of schedules must answer for any bytes, and what it takes must have words and a next time, or none, at once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "qushu/calendar/schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu::calendar;
  static const WorkingDays calendar;
  if (size < 1) return 0;
  auto rule = static_cast<DayRule>(data[0] % 3);
  auto made = Schedule::make({reinterpret_cast<const char*>(data) + 1, size - 1}, "Asia/Shanghai", rule);
  if (!made) return 0;
  auto text = made->explain("Asia/Shanghai");
  if (text.zh.empty() || text.en.empty()) std::abort();
  auto now = qushu::from_micros(1'790'000'000'000'000);
  auto next = made->next(now, calendar);
  if (next && *next <= now) std::abort();
  // The last due time before one second after the next is the next.
  if (next && made->last(now, *next + std::chrono::seconds(1), calendar) != next) std::abort();
  return 0;
}
