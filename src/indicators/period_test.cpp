#include "qushu/indicators/period.h"

#include <gtest/gtest.h>

namespace qushu::indicators {
namespace {

calendar::Day day(std::string_view text) {
  return calendar::parse_day(text).value();
}

TEST(Periods, HoldTheirDays) {
  struct Case {
    PeriodKind kind;
    const char *day, *text, *first, *last;
  };
  using enum PeriodKind;
  for (const auto& c : {Case{month, "2026-11-29", "2026-11", "2026-11-01", "2026-11-30"},
                        Case{month, "2028-02-10", "2028-02", "2028-02-01", "2028-02-29"},
                        Case{quarter, "2026-01-01", "2026-Q1", "2026-01-01", "2026-03-31"},
                        Case{quarter, "2026-12-31", "2026-Q4", "2026-10-01", "2026-12-31"},
                        Case{half, "2026-06-30", "2026-H1", "2026-01-01", "2026-06-30"},
                        Case{half, "2026-07-01", "2026-H2", "2026-07-01", "2026-12-31"},
                        Case{year, "2026-07-01", "2026", "2026-01-01", "2026-12-31"}}) {
    auto p = Period::containing(c.kind, day(c.day));
    EXPECT_EQ(p.text(), c.text);
    EXPECT_EQ(calendar::to_text(p.first_day()), c.first);
    EXPECT_EQ(calendar::to_text(p.last_day()), c.last);
    EXPECT_EQ(Period::parse(c.kind, c.text), p);
    EXPECT_EQ(p.plus(1).plus(-1), p);
    EXPECT_EQ(p.plus(-periods_of_year(c.kind)).plus(periods_of_year(c.kind)), p);
    EXPECT_EQ(p.plus(1).first_day(), p.last_day() + std::chrono::days(1));
  }
  auto january = Period::containing(month, day("2026-01-15"));
  EXPECT_EQ(january.plus(-1).text(), "2025-12");
  EXPECT_EQ(january.plus(-13).text(), "2024-12");
  EXPECT_EQ(calendar::to_text(january.year_last_day()), "2026-12-31");
}

TEST(Periods, RefuseWhatIsNone) {
  using enum PeriodKind;
  for (auto text : {"", "2026", "2026-13", "2026-00", "2026-1", "2026-Q1", "11-2026", "0000-01", "2026-11-01"})
    EXPECT_FALSE(Period::parse(month, text)) << text;
  EXPECT_FALSE(Period::parse(quarter, "2026-Q5"));
  EXPECT_FALSE(Period::parse(year, "2026-11"));
}

}  // namespace
}  // namespace qushu::indicators
