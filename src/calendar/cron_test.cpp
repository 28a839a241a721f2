#include "qushu/calendar/cron.h"

#include <gmock/gmock.h>

#include "qushu/calendar/schedule.h"

namespace qushu::calendar {
namespace {

Time at(std::string_view iso) {
  return parse_iso(iso).value();
}

Schedule schedule(std::string_view cron, DayRule rule = DayRule::every, std::string_view zone = "Asia/Shanghai") {
  auto made = Schedule::make(cron, zone, rule);
  if (!made) throw std::runtime_error(made.error().text.en);
  return *made;
}

const WorkingDays& holidays() {
  static const WorkingDays days({{.day = *parse_day("2026-10-01"), .kind = DayKind::holiday, .name = "国庆节"},
                                 {.day = *parse_day("2026-10-02"), .kind = DayKind::holiday, .name = "国庆节"},
                                 {.day = *parse_day("2026-10-10"), .kind = DayKind::workday, .name = "国庆节"}});
  return days;
}

TEST(CronTest, NextTimes) {
  struct Case {
    std::string_view cron, after;
    std::vector<std::string_view> next;
  };
  // Shanghai is eight hours ahead of UTC.
  for (const auto& c : {
           Case{"30 2 * * *", "2026-11-24T18:29:59Z", {"2026-11-24T18:30:00Z", "2026-11-25T18:30:00Z"}},
           Case{"30 2 * * *", "2026-11-24T18:30:00Z", {"2026-11-25T18:30:00Z"}},
           Case{"*/15 8-9 * * MON-FRI", "2026-11-27T01:30:00Z", {"2026-11-27T01:45:00Z", "2026-11-30T00:00:00Z"}},
           Case{"0 0 29 2 *", "2026-11-24T00:00:00Z", {"2028-02-28T16:00:00Z", "2032-02-28T16:00:00Z"}},
           Case{"0 20 L * *", "2026-01-31T12:00:00Z", {"2026-02-28T12:00:00Z", "2026-03-31T12:00:00Z"}},
           Case{"0 9 * * 1L", "2026-11-01T00:00:00Z", {"2026-11-30T01:00:00Z", "2026-12-28T01:00:00Z"}},
           Case{"0 0 13 * FRI", "2026-11-01T00:00:00Z", {"2026-11-05T16:00:00Z", "2026-11-12T16:00:00Z"}},
           Case{"0 6 * jan,JUL 0", "2026-11-01T00:00:00Z", {"2027-01-02T22:00:00Z"}},
           Case{"0 6 * * 7", "2026-11-01T00:00:00Z", {"2026-11-07T22:00:00Z"}},
           Case{"0 6 * * FRI-SUN",
                "2026-11-01T00:00:00Z",
                {"2026-11-05T22:00:00Z", "2026-11-06T22:00:00Z", "2026-11-07T22:00:00Z"}},
           Case{"5/20 0 ? * ?",
                "2026-11-01T00:00:00Z",
                {"2026-11-01T16:05:00Z", "2026-11-01T16:25:00Z", "2026-11-01T16:45:00Z"}},
           Case{"@hourly", "2026-11-01T00:00:01Z", {"2026-11-01T01:00:00Z"}},
           Case{" @Monthly ", "2026-11-01T00:00:01Z", {"2026-11-30T16:00:00Z"}},
           Case{"0 0 30 2 *", "2026-11-01T00:00:00Z", {}},
       }) {
    auto made = schedule(c.cron);
    auto now = at(c.after);
    for (auto expected : c.next) {
      auto next = made.next(now, {});
      ASSERT_TRUE(next) << c.cron;
      EXPECT_EQ(to_iso(*next), expected) << c.cron;
      EXPECT_EQ(made.last(now, *next, {}), next) << c.cron;
      now = *next;
    }
    if (c.next.empty()) {
      EXPECT_FALSE(made.next(now, {})) << c.cron;
    }
  }
}

TEST(CronTest, AClockThatIsPutForwardOrBack) {
  // New York, 2026: forward over 02:30 on 8 March, back over 01:30 on 1 November.
  auto night = schedule("30 2 * * *", DayRule::every, "America/New_York");
  EXPECT_EQ(to_iso(*night.next(at("2026-03-07T12:00:00Z"), {})), "2026-03-08T07:30:00Z");
  EXPECT_EQ(to_iso(*night.next(at("2026-03-08T07:30:00Z"), {})), "2026-03-09T06:30:00Z");
  auto early = schedule("30 1 * * *", DayRule::every, "America/New_York");
  EXPECT_EQ(to_iso(*early.next(at("2026-10-31T12:00:00Z"), {})), "2026-11-01T05:30:00Z");
  EXPECT_EQ(to_iso(*early.next(at("2026-11-01T05:30:00Z"), {})), "2026-11-02T06:30:00Z");
}

TEST(CronTest, WorkingDays) {
  auto daily = schedule("0 8 * * *", DayRule::working);
  // Wednesday 30 September, the holidays, the weekend, then Monday; later the Saturday that is worked.
  EXPECT_EQ(to_iso(*daily.next(at("2026-09-29T12:00:00Z"), holidays())), "2026-09-30T00:00:00Z");
  EXPECT_EQ(to_iso(*daily.next(at("2026-09-30T00:00:00Z"), holidays())), "2026-10-05T00:00:00Z");
  EXPECT_EQ(to_iso(*daily.next(at("2026-10-09T00:00:00Z"), holidays())), "2026-10-10T00:00:00Z");
  auto monthly = schedule("0 8 * * *", DayRule::first_working);
  EXPECT_EQ(to_iso(*monthly.next(at("2026-09-15T00:00:00Z"), holidays())), "2026-10-05T00:00:00Z");
  EXPECT_EQ(to_iso(*monthly.last(at("2026-01-01T00:00:00Z"), at("2026-11-20T00:00:00Z"), holidays())), "2026-11-02T00:00:00Z");
  auto wrong = Schedule::make("0 8 1 * *", "Asia/Shanghai", DayRule::first_working);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().subject, "days");
}

TEST(CronTest, TheLastDueTime) {
  auto often = schedule("*/5 * * * *");
  EXPECT_EQ(to_iso(*often.last(at("2026-01-01T00:00:00Z"), at("2026-11-24T10:03:20Z"), {})), "2026-11-24T10:00:00Z");
  EXPECT_FALSE(often.last(at("2026-11-24T10:00:00Z"), at("2026-11-24T10:03:20Z"), {}));
}

TEST(CronTest, WhatIsWrongIsNamed) {
  struct Case {
    std::string_view cron, subject, says;
  };
  for (const auto& c : {
           Case{"60 * * * *", "minute", "0 to 59"},
           Case{"* 24 * * *", "hour", "0 to 23"},
           Case{"* * 0 * *", "day", "1 to 31"},
           Case{"* * * 13 *", "month", "a name such as FEB"},
           Case{"* * * * 8", "weekday", "0 to 7"},
           Case{"* * * * FUN", "weekday", "FUN"},
           Case{"*/0 * * * *", "minute", "step"},
           Case{"*/x * * * *", "minute", "step"},
           Case{"5-1 * * * *", "minute", "after its end"},
           Case{"1,,2 * * * *", "minute", "0 to 59"},
           Case{"-1 * * * *", "minute", "0 to 59"},
           Case{"* * * *", "cron", "five fields"},
           Case{"", "cron", "five fields"},
           Case{"@never", "cron", "not known"},
           Case{"* * * * * *", "cron", "this has 6"},
           Case{"+5 * * * *", "minute", "0 to 59"},
           Case{"* * LL * *", "day", "1 to 31"},
           Case{"* * * * L", "weekday", "0 to 7"},
       }) {
    auto made = Cron::parse(c.cron);
    ASSERT_FALSE(made) << c.cron;
    EXPECT_EQ(made.error().subject, c.subject) << c.cron;
    EXPECT_THAT(made.error().text.en, ::testing::HasSubstr(c.says)) << c.cron;
  }
  EXPECT_FALSE(Cron::parse(std::string(500, '*')));
  auto zone = Schedule::make("* * * * *", "Asia/Nowhere", DayRule::every);
  ASSERT_FALSE(zone);
  EXPECT_EQ(zone.error().id, "calendar.zone");
}

TEST(CronTest, Words) {
  struct Case {
    std::string_view cron, zh, en;
  };
  for (const auto& c : {
           Case{"30 2 * * *", "每天 02:30", "at 02:30 every day"},
           Case{"0 8,20 * * *", "每天 08:00、20:00", "at 08:00 and 20:00 every day"},
           Case{"30 2 * * 1-5", "每周一至周五 02:30", "at 02:30 on Monday to Friday"},
           Case{"0 6 * * 0,6", "每周六、周日 06:00", "at 06:00 on Saturday and Sunday"},
           Case{"0 6 1,15 * *", "每月 1 日、15 日 06:00", "at 06:00 on the 1st and 15th of the month"},
           Case{"0 20 L * *", "每月 最后一天 20:00", "at 20:00 on the last day of the month"},
           Case{"0 9 * * 1L", "每月最后一个周一 09:00", "at 09:00 on the month's last Monday"},
           Case{"*/15 * * * *", "每天，每 15 分钟", "every 15 minutes every day"},
           Case{"0 * * * *", "每天，每小时第 0 分", "at minute 0 of every hour every day"},
           Case{"*/15 8-18 * * *", "每天 8 时至18 时的每 15 分钟", "every 15 minutes during hour 8 to 18 every day"},
           Case{"0 0 1 1 *", "每年 1 月的1 日 00:00", "at 00:00 on the 1st in January"},
           Case{"0 0 1 * 1", "每月 1 日，或每周一 00:00", "at 00:00 on the 1st or on Monday of the month"},
       }) {
    auto text = Cron::parse(c.cron)->when();
    EXPECT_EQ(text.zh, c.zh);
    EXPECT_EQ(text.en, c.en);
  }
  EXPECT_EQ(schedule("0 8 * * *", DayRule::first_working).explain("Asia/Shanghai").zh, "每月第一个工作日 08:00");
  EXPECT_EQ(schedule("0 8 * * *", DayRule::working).explain("Asia/Shanghai").zh, "每天 08:00，只在工作日");
  EXPECT_EQ(schedule("0 8 * * *").explain("Europe/Paris").en, "at 08:00 every day (Asia/Shanghai)");
}

}  // namespace
}  // namespace qushu::calendar
