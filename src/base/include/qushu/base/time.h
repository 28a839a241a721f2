// Time: UTC microseconds in storage, ISO 8601 on the wire, the reader's zone on the screen only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qushu {

using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

// Where "now" comes from, injected so that tests own it. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

// The machine's clock. Lives as long as the program.
[[nodiscard]] const Clock& system_clock();

// A clock that stands still until it is moved; for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_us_(start.time_since_epoch().count()) {}
  [[nodiscard]] Time now() const override;
  void advance(Duration by);

 private:
  std::int64_t now_us_;  // read and written atomically
};

[[nodiscard]] constexpr std::int64_t to_micros(Time t) {
  return t.time_since_epoch().count();
}
[[nodiscard]] constexpr Time from_micros(std::int64_t us) {
  return Time(Duration(us));
}

// "2026-11-23T14:05:09.123456Z"; the fraction is left out when it is zero.
[[nodiscard]] std::string to_iso(Time t);
// Reads what to_iso writes, a date alone (midnight UTC), and offsets (+08:00). nullopt when it is none of these.
[[nodiscard]] std::optional<Time> parse_iso(std::string_view text);
// "Mon, 23 Nov 2026 14:05:09 GMT" (RFC 9110).
[[nodiscard]] std::string to_http_date(Time t);

}  // namespace qushu
