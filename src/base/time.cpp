#include "qushu/base/time.h"

#include <array>
#include <atomic>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
};

struct Parts {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<Duration> clock;
  std::chrono::weekday weekday;
};

Parts parts_of(Time t) {
  auto day = std::chrono::floor<std::chrono::days>(t);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<Duration>(t - day), std::chrono::weekday(day)};
}

// Takes exactly `digits` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_ascii_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Duration> take_fraction(std::string_view& text) {
  std::int64_t us = 0;
  std::int64_t unit = 100'000;
  std::size_t digits = 0;
  while (!text.empty() && is_ascii_digit(text.front())) {
    us += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  return digits == 0 ? std::nullopt : std::optional(Duration(us));
}

std::optional<Duration> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z')) return Duration(0);
  int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  auto hours = take_digits(text, 2);
  take(text, ':');
  auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 15 || *minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Time ManualClock::now() const {
  return from_micros(
      std::atomic_ref(const_cast<std::int64_t&>(now_us_)).load());  // NOLINT(*-const-cast): atomic_ref needs it in C++23
}

void ManualClock::advance(Duration by) {
  std::atomic_ref(now_us_).fetch_add(by.count());
}

std::string to_iso(Time t) {
  auto p = parts_of(t);
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(p.day.year()),
                          static_cast<unsigned>(p.day.month()), static_cast<unsigned>(p.day.day()), p.clock.hours().count(),
                          p.clock.minutes().count(), p.clock.seconds().count());
  if (p.clock.subseconds().count() != 0) text += fmt::format(".{:06}", p.clock.subseconds().count());
  return text + "Z";
}

std::optional<Time> parse_iso(std::string_view text) {
  auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                   std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  Time result = std::chrono::sys_days(date);
  if (text.empty()) return result;
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  auto minute = take_digits(text, 2);
  if (!minute) return std::nullopt;
  auto second = take(text, ':') ? take_digits(text, 2) : std::optional(0);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  result += std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  if (take(text, '.')) {
    auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    result += *fraction;
  }
  auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return result - *offset;
}

std::string to_http_date(Time t) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto p = parts_of(t);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[p.weekday.c_encoding()],
                     static_cast<unsigned>(p.day.day()), kMonths[static_cast<unsigned>(p.day.month()) - 1],
                     static_cast<int>(p.day.year()), p.clock.hours().count(), p.clock.minutes().count(),
                     p.clock.seconds().count());
}

}  // namespace qushu
