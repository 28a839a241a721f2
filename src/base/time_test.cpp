#include "qushu/base/time.h"

#include <gtest/gtest.h>

namespace qushu {
namespace {

TEST(Time, IsoReadsBack) {
  for (std::string_view text :
       {"2026-11-23T14:05:09Z", "2026-11-23T14:05:09.123456Z", "1969-12-31T23:59:59.000001Z", "2024-02-29T00:00:00Z"}) {
    auto t = parse_iso(text);
    ASSERT_TRUE(t) << text;
    EXPECT_EQ(to_iso(*t), text);
  }
  EXPECT_EQ(to_iso(*parse_iso("2026-11-23T22:05:09+08:00")), "2026-11-23T14:05:09Z");
  EXPECT_EQ(to_iso(*parse_iso("2026-11-23")), "2026-11-23T00:00:00Z");
}

TEST(Time, NonsenseIsRefused) {
  for (std::string_view text :
       {"", "2026", "2026-13-01", "2023-02-29", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00Zx", "2026-1-1"})
    EXPECT_FALSE(parse_iso(text)) << text;
}

TEST(Time, HttpDate) {
  EXPECT_EQ(to_http_date(*parse_iso("2026-11-23T14:05:09Z")), "Mon, 23 Nov 2026 14:05:09 GMT");
}

TEST(Time, ManualClockMovesWhenTold) {
  ManualClock clock(*parse_iso("2026-01-01"));
  clock.advance(std::chrono::hours(24));
  EXPECT_EQ(to_iso(clock.now()), "2026-01-02T00:00:00Z");
}

}  // namespace
}  // namespace qushu
