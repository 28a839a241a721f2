// Time zones: what the clock on the wall shows in Shanghai, from ICU's copy of the IANA table, since the C++ library has none.
//
// Thread-safety: a Zone may be used from any thread; copies share what they know.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::calendar {

// What a clock on the wall shows, and a day of it. No instant until a zone makes one of it.
using LocalTime = std::chrono::local_time<Duration>;
using Day = std::chrono::local_days;

class Zone {
 public:
  // By IANA name ("Asia/Shanghai"); invalid when ICU knows none of that name.
  [[nodiscard]] static Result<Zone> find(std::string_view name);
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] LocalTime local(Time at) const;
  // The instant at which the clock shows `local`. Where clocks are put forward over it, as much later as they are put; where it
  // comes twice, the first.
  [[nodiscard]] Time instant(LocalTime local) const;

  struct Table;

 private:
  Zone(std::string name, std::shared_ptr<const Table> table) : name_(std::move(name)), table_(std::move(table)) {}
  std::string name_;
  std::shared_ptr<const Table> table_;
};

// "2026-11-23", and back; nullopt when it is no such day.
[[nodiscard]] std::string to_text(Day day);
[[nodiscard]] std::optional<Day> parse_day(std::string_view text);

}  // namespace qushu::calendar
