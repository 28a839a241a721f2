// A schedule in words.
#include <array>
#include <vector>

#include <fmt/format.h>

#include "qushu/calendar/cron.h"

namespace qushu::calendar {
namespace {

constexpr std::array<std::string_view, 7> kDaysZh{"日", "一", "二", "三", "四", "五", "六"};
constexpr std::array<std::string_view, 7> kDaysEn{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 13> kMonthsEn{"",     "January", "February",  "March",   "April",    "May",     "June",
                                                     "July", "August",  "September", "October", "November", "December"};
constexpr std::size_t kTimes = 6;  // more times of a day are not written out one by one

// The numbers as runs: 1, 3 to 5.
using Runs = std::vector<std::pair<std::size_t, std::size_t>>;

template <std::size_t N>
Runs runs_of(const std::bitset<N>& set) {
  Runs runs;
  for (std::size_t i = 0; i < N; ++i) {
    if (!set.test(i)) continue;
    if (!runs.empty() && runs.back().second + 1 == i)
      runs.back().second = i;
    else
      runs.emplace_back(i, i);
  }
  return runs;
}

// The distance between the members when they are evenly spread from the first to the end of the range; 0 otherwise.
template <std::size_t N>
std::size_t step_of(const std::bitset<N>& set) {
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < N; ++i)
    if (set.test(i)) members.push_back(i);
  if (members.size() < 3 || members.front() != 0) return 0;
  auto step = members[1] - members[0];
  if (step < 2 || members.back() + step < N) return 0;
  for (std::size_t i = 1; i < members.size(); ++i)
    if (members[i] - members[i - 1] != step) return 0;
  return step;
}

template <class One>
Text words(const Runs& runs, One&& one) {
  Text out;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    auto [from, to] = runs[i];
    Text first = one(from), last = one(to);
    bool pair = to == from + 1;
    out.zh += (i == 0 ? "" : "、") + (from == to ? first.zh : first.zh + (pair ? "、" : "至") + last.zh);
    out.en += (i == 0                 ? ""
               : i + 1 == runs.size() ? " and "
                                      : ", ") +
              (from == to ? first.en : first.en + (pair ? " and " : " to ") + last.en);
  }
  return out;
}

Text number(std::size_t n) {
  return {std::to_string(n), std::to_string(n)};
}

std::string ordinal(std::size_t n) {
  auto last = n % 10;
  bool teen = n / 10 == 1;
  return fmt::format("{}{}", n, teen ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
}

}  // namespace

class CronWords {
 public:
  explicit CronWords(const Cron& cron) : c_(cron) {}

  [[nodiscard]] Text months() const {
    if (c_.months_.count() == 12) return {};
    auto text =
        words(runs_of(c_.months_), [](std::size_t m) { return Text{fmt::format("{} 月", m), std::string(kMonthsEn.at(m))}; });
    return {text.zh, "in " + text.en};
  }

  [[nodiscard]] Text days() const {
    std::vector<Text> parts;
    if (c_.days_.any() && c_.days_given_) {
      auto text = words(runs_of(c_.days_), [](std::size_t d) { return Text{fmt::format("{} 日", d), ordinal(d)}; });
      parts.push_back({text.zh, "on the " + text.en});
    }
    if (c_.last_day_) parts.push_back({"最后一天", "on the last day"});
    bool of_month = !parts.empty();
    if (c_.weekdays_given_ && c_.weekdays_.any()) {
      auto text = words(week_runs(c_.weekdays_), [](std::size_t d) {
        return Text{"周" + std::string(kDaysZh.at(d % 7)), std::string(kDaysEn.at(d % 7))};
      });
      parts.push_back({(c_.months_.count() == 12 ? "每" : "") + text.zh, "on " + text.en});
    }
    for (std::size_t d = 0; d < 7; ++d)
      if (c_.weekdays_given_ && c_.last_of_week_.test(d))
        parts.push_back({fmt::format("{}最后一个周{}", of_month || c_.months_.count() < 12 ? "" : "每月", kDaysZh.at(d)),
                         fmt::format("on the month's last {}", kDaysEn.at(d))});
    Text out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      out.zh += (i == 0 ? "" : "，或") + parts[i].zh;
      out.en += (i == 0 ? "" : " or ") + parts[i].en;
    }
    auto month = months();
    if (!month.zh.empty())
      return {"每年 " + month.zh + (out.zh.empty() ? "的每一天" : "的" + out.zh),
              (out.en.empty() ? "every day" : out.en) + " " + month.en};
    if (out.zh.empty()) return {"每天", "every day"};
    return {(of_month ? "每月 " : "") + out.zh, out.en + (of_month ? " of the month" : "")};
  }

  [[nodiscard]] Text time() const {
    auto minutes = c_.minutes_.count(), hours = c_.hours_.count();
    if (minutes * hours <= kTimes) {
      Text out;
      std::size_t at = 0, all = minutes * hours;
      for (std::size_t h = 0; h < 24; ++h)
        for (std::size_t m = 0; m < 60; ++m) {
          if (!c_.hours_.test(h) || !c_.minutes_.test(m)) continue;
          out.zh += (at == 0 ? "" : "、") + fmt::format("{:02}:{:02}", h, m);
          out.en += (at == 0 ? "" : at + 1 == all ? " and " : ", ") + fmt::format("{:02}:{:02}", h, m);
          ++at;
        }
      return {out.zh, "at " + out.en};
    }
    return within(minute_words(), hours);
  }

 private:
  // Saturday and Sunday stand side by side: a week begins on Monday.
  static Runs week_runs(const std::bitset<7>& days) {
    std::bitset<8> week;
    for (std::size_t d = 0; d < 7; ++d)
      if (days.test(d)) week.set(d == 0 ? 7 : d);
    return runs_of(week);
  }

  [[nodiscard]] Text minute_words() const {
    if (c_.minutes_.count() == 60) return {"每分钟", "every minute"};
    if (auto step = step_of(c_.minutes_)) return {fmt::format("每 {} 分钟", step), fmt::format("every {} minutes", step)};
    auto list = words(runs_of(c_.minutes_), number);
    return {"第 " + list.zh + " 分", "at minute " + list.en};
  }

  [[nodiscard]] Text within(const Text& minute, std::size_t hours) const {
    bool named = minute.zh.starts_with("第");
    if (hours == 24) return {(named ? "每小时" : "") + minute.zh, minute.en + (named ? " of every hour" : "")};
    if (auto step = step_of(c_.hours_))
      return {fmt::format("每隔 {} 小时的{}", step, minute.zh), fmt::format("{} of every {} hour", minute.en, ordinal(step))};
    auto list = words(runs_of(c_.hours_), [](std::size_t h) { return Text{fmt::format("{} 时", h), std::to_string(h)}; });
    return {fmt::format("{}的{}", list.zh, minute.zh), fmt::format("{} during hour {}", minute.en, list.en)};
  }

  const Cron& c_;
};

Text Cron::time() const {
  return CronWords(*this).time();
}

Text Cron::months() const {
  return CronWords(*this).months();
}

Text Cron::when() const {
  CronWords words(*this);
  auto days = words.days(), time = words.time();
  return {days.zh + (time.zh.starts_with("每") ? "，" : " ") + time.zh, time.en + " " + days.en};
}

}  // namespace qushu::calendar
