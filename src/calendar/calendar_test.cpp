#include "qushu/calendar/calendar.h"

#include <gmock/gmock.h>

#include "store_fixture.h"

namespace qushu::calendar {
namespace {

Day day(std::string_view text) {
  return parse_day(text).value();
}

class CalendarTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), migrations());
    settings_.declare(audit::settings());
    settings_.declare(settings());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock_));
    calendar_ = take(Calendar::open(store(), *audit_, settings_, clock_));
    actor_ = Actor::operator_on_console("tester");
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  std::string last_day(std::string_view from, int days) {
    return to_text(take(calendar_->standing(take_time(from), days)).last_day);
  }
  static Time take_time(std::string_view iso) { return parse_iso(iso).value(); }

  Settings settings_;
  ManualClock clock_{*parse_iso("2026-09-28T02:00:00Z")};
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<Calendar> calendar_;
  Actor actor_;
};
QUSHU_ON_BOTH_STORES(CalendarTest);

TEST_P(CalendarTest, DeadlinesPassOverHolidaysAndUseMakeUpDays) {
  // Day 0 is not counted. From Monday 28 September 2026: 29, 30, then the National Day holidays until the 7th; the 10th, a
  // Saturday, is worked.
  EXPECT_EQ(last_day("2026-09-28T02:00:00Z", 1), "2026-09-29");
  EXPECT_EQ(last_day("2026-09-28T02:00:00Z", 3), "2026-10-08");
  EXPECT_EQ(last_day("2026-09-28T02:00:00Z", 5), "2026-10-10");
  EXPECT_EQ(last_day("2026-09-28T02:00:00Z", 6), "2026-10-12");
  EXPECT_EQ(last_day("2026-09-28T02:00:00Z", 0), "2026-09-28");
  // An evening in UTC is the next morning here.
  EXPECT_EQ(last_day("2026-09-28T17:00:00Z", 1), "2026-09-30");
  // Spring Festival of both years.
  EXPECT_EQ(last_day("2025-01-24T02:00:00Z", 2), "2025-01-27");  // Sunday the 26th is worked
  EXPECT_EQ(last_day("2026-02-13T02:00:00Z", 2), "2026-02-24");  // Saturday the 14th, then nine days off
  EXPECT_EQ(to_iso(take(calendar_->deadline(take_time("2026-09-28T02:00:00Z"), 1))), "2026-09-29T16:00:00Z");
}

TEST_P(CalendarTest, AClockStands) {
  auto s = take(calendar_->standing(take_time("2026-09-25T02:00:00Z"), 3));
  EXPECT_EQ(to_text(s.last_day), "2026-09-30");
  EXPECT_EQ(s.left, 2);
  EXPECT_FALSE(s.late);
  EXPECT_TRUE(s.sure);
  clock_.advance(std::chrono::days(12));
  s = take(calendar_->standing(take_time("2026-09-25T02:00:00Z"), 3));
  EXPECT_TRUE(s.late);
  EXPECT_EQ(s.left, -3);                                                               // 8, 9 and the Saturday that is worked
  EXPECT_FALSE(take(calendar_->standing(take_time("2026-12-30T02:00:00Z"), 5)).sure);  // 2027 is not known yet
}

TEST_P(CalendarTest, DaysAreChangedAndAudited) {
  ASSERT_TRUE(calendar_->put(actor_, {.day = day("2026-09-29"), .kind = DayKind::holiday, .name = "区庆"}));
  EXPECT_EQ(last_day("2026-09-28T02:00:00Z", 1), "2026-09-30");
  ASSERT_TRUE(calendar_->remove(actor_, day("2026-09-29")));
  EXPECT_EQ(last_day("2026-09-28T02:00:00Z", 1), "2026-09-29");
  auto missing = calendar_->remove(actor_, day("2026-09-29"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_FALSE(calendar_->put(actor_, {.day = day("2026-09-29"), .name = std::string(61, 'x')}));
  EXPECT_EQ(take(audit_->search({.action = "calendar.put"})).size(), 1U);
  EXPECT_EQ(take(audit_->search({.action = "calendar.remove"})).size(), 1U);
}

TEST_P(CalendarTest, AFileReplacesItsYears) {
  auto before = take(calendar_->list(2025)).size();
  EXPECT_EQ(take(calendar_->import_csv(
                actor_, "日期,类型,名称\r\n2026/1/1,放假,元旦\r\n\"2026-01-04\",上班,元旦\r\n2027-01-01,holiday,\r\n")),
            3U);
  EXPECT_EQ(take(calendar_->list(2026)).size(), 2U);
  EXPECT_EQ(take(calendar_->list(2027)).size(), 1U);
  EXPECT_EQ(take(calendar_->list(2025)).size(), before);
  EXPECT_TRUE(take(calendar_->standing(take_time("2026-12-30T02:00:00Z"), 5)).sure);

  auto wrong = calendar_->import_csv(
      actor_, "日期,类型,名称\n2026-02-30,放假,x\n2026-03-01,半天,x\n2026-03-02,放假,x\n2026-03-02,放假,x\n");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().subject, "line 2");
  EXPECT_THAT(wrong.error().text.zh,
              ::testing::AllOf(::testing::HasSubstr("第 2 行"), ::testing::HasSubstr("2026-02-30"),
                               ::testing::HasSubstr("第 3 行"), ::testing::HasSubstr("半天"), ::testing::HasSubstr("第 5 行")));
  EXPECT_EQ(take(calendar_->list(2026)).size(), 2U);
  EXPECT_FALSE(calendar_->import_csv(actor_, ""));
}

TEST(HolidaysCsvTest, ASpreadsheetOfWindowsIsRead) {
  // 日期,类型,名称 / 2027-01-01,放假,元旦 in GB18030.
  auto days =
      read_csv("\xC8\xD5\xC6\xDA,\xC0\xE0\xD0\xCD,\xC3\xFB\xB3\xC6\r\n2027-01-01,\xB7\xC5\xBC\xD9,\xD4\xAA\xB5\xA9\r\n");
  ASSERT_TRUE(days) << days.error().text.en;
  ASSERT_EQ(days->size(), 1U);
  EXPECT_EQ((*days)[0].name, "元旦");
}

TEST_P(CalendarTest, AZoneThatDoesNotExistIsRefused) {
  ASSERT_TRUE(settings_.set("calendar.zone", "Asia/Nowhere"));
  auto opened = Calendar::open(store(), *audit_, settings_, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().subject, "calendar.zone");
}

}  // namespace
}  // namespace qushu::calendar
