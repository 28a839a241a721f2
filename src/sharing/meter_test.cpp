#include "qushu/sharing/meter.h"

#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::SizeIs;

class MeterTest : public PolicyTest {
 protected:
  static Grant limited(UseLimits limits) {
    Grant g{.id = "g"};
    g.terms.limits = limits;
    return g;
  }
  std::string judged(Meter& meter, const Grant& g) {
    auto admitted = meter.admit(actor_, g, "rows");
    return admitted ? "" : admitted.error().id;
  }
  Actor actor_ = who("u", {"d2"}, {Permission::dataset_read});
};
QUSHU_ON_BOTH_STORES(MeterTest);

TEST_P(MeterTest, TheDaysCallsAndRowsAreKept) {
  auto g = limited({.daily_calls = 3, .daily_rows = 0});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(judged(*meter_, g), "");
    meter_->count(actor_, g, "rows", 10);
  }
  EXPECT_EQ(judged(*meter_, g), "grant.quota");
  // Another process knows of it once it is written.
  ASSERT_TRUE(meter_->flush());
  Meter other(store(), *calendar_, clock_);
  EXPECT_EQ(judged(other, g), "grant.quota");
  auto usage = take(other.usage("g", "2026-11-25"));
  ASSERT_THAT(usage, SizeIs(1));
  EXPECT_EQ(usage[0].calls, 3);
  EXPECT_EQ(usage[0].rows, 30);
  EXPECT_EQ(usage[0].refused, 2) << "what was not flushed yet is told too";
  // The district's midnight, not that of UTC: it is 18:00 in Shanghai.
  clock_.advance(std::chrono::hours(6) - std::chrono::seconds(1));
  EXPECT_EQ(judged(*meter_, g), "grant.quota");
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(judged(*meter_, g), "");
}

TEST_P(MeterTest, RowsEndWithTheAnswerThatPassesTheQuota) {
  auto g = limited({.daily_rows = 15});
  EXPECT_EQ(judged(*meter_, g), "");
  EXPECT_EQ(meter_->rows_left(g), 15U);
  meter_->count(actor_, g, "rows", 10);
  EXPECT_EQ(meter_->rows_left(g), 5U);
  EXPECT_EQ(judged(*meter_, g), "");
  meter_->count(actor_, g, "rows", 10);
  EXPECT_EQ(meter_->rows_left(g), 0U);
  EXPECT_EQ(judged(*meter_, g), "grant.quota");
}

TEST_P(MeterTest, TheRateIsOfTheMinuteThatPassed) {
  auto g = limited({.per_minute = 2});
  EXPECT_EQ(judged(*meter_, g), "");
  clock_.advance(std::chrono::seconds(30));
  EXPECT_EQ(judged(*meter_, g), "");
  EXPECT_EQ(judged(*meter_, g), "grant.rate");
  clock_.advance(std::chrono::seconds(30));
  EXPECT_EQ(judged(*meter_, g), "");
  EXPECT_EQ(judged(*meter_, g), "grant.rate");
  // Grants without limits are counted and never refused.
  auto free = limited({});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(judged(*meter_, free), "");
}

}  // namespace
}  // namespace qushu::sharing
