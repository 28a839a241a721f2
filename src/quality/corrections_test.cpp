#include "quality_fixture.h"

namespace qushu::quality {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kDay = std::chrono::hours(24);

class CorrectionTest : public QualityFixture {
 protected:
  void SetUp() override {
    QualityFixture::SetUp();
    auto dataset = publish("firms", "SELECT 1 AS _id, 'a' AS name", {field("name", "名称", engine::Type::text)});
    take(catalog_->change(steward_, dataset.id, {.readers = std::vector<std::string>{"d2"}}));
  }
  Correction report() {
    return take(corrections_->report(
        user_, {.dataset = "firms", .row_key = "a", .field = "名称", .wrong = "名称写错了", .proposed = "b"}));
  }
};
QUSHU_ON_BOTH_STORES(CorrectionTest);

TEST_P(CorrectionTest, FromReportToConfirmation) {
  auto c = report();
  EXPECT_EQ(c.number, 1);
  EXPECT_EQ(c.field, "name");
  EXPECT_EQ(c.state, CorrectionState::pending);
  // Ten working days from Wednesday the 25th of November, which is not counted.
  EXPECT_EQ(calendar::to_text(c.standing->last_day), "2026-12-09");
  EXPECT_EQ(c.standing->left, 10);
  EXPECT_EQ(take(corrections_->waiting(steward_)).size(), 1U);
  EXPECT_THAT(take(corrections_->waiting(user_)), IsEmpty());
  EXPECT_EQ(take(corrections_->accept(steward_, c.id, "")).state, CorrectionState::working);
  clock_.advance(3 * kDay + kDay);  // Sunday
  EXPECT_EQ(take(corrections_->find(user_, c.id)).standing->left, 8);
  auto answered = take(corrections_->answer(steward_, c.id, true, "已改为 b"));
  EXPECT_EQ(answered.state, CorrectionState::corrected);
  EXPECT_EQ(answered.days_taken, 2);
  EXPECT_FALSE(answered.late);
  EXPECT_EQ(take(corrections_->waiting(user_)).size(), 1U);
  EXPECT_EQ(take(corrections_->confirm(user_, c.id)).state, CorrectionState::closed);
  EXPECT_THAT(take(corrections_->waiting(user_)), IsEmpty());
  std::vector<std::string> steps;
  for (const auto& e : take(corrections_->events(user_, c.id))) steps.push_back(e.action + " " + e.text);
  EXPECT_THAT(steps, ElementsAre("report 名称写错了", "accept ", "answer 已改为 b", "confirm "));
  for (const char* action : {"correction.report", "correction.accept", "correction.answer", "correction.confirm"})
    EXPECT_EQ(audited(action), 1U) << action;
}

TEST_P(CorrectionTest, TheClockRunsOutAndStartsAgain) {
  auto c = report();
  clock_.advance(14 * kDay + std::chrono::hours(13));  // 23:00 of the last day
  EXPECT_EQ(take(corrections_->find(steward_, c.id)).standing->left, 0);
  EXPECT_FALSE(take(corrections_->find(steward_, c.id)).late);
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(take(corrections_->find(steward_, c.id)).late);
  clock_.advance(kDay);
  auto answered = take(corrections_->answer(steward_, c.id, false, "与登记一致"));
  EXPECT_TRUE(answered.late);
  EXPECT_EQ(answered.outcome, "refused");
  auto statistics = take(corrections_->statistics(steward_)).at(0);
  EXPECT_EQ(statistics.answered, 1);
  EXPECT_EQ(statistics.in_time, 0);
  EXPECT_EQ(statistics.mean_days, 12);
  // Not content: a new clock.
  auto again = take(corrections_->reopen(user_, c.id, "附上营业执照"));
  EXPECT_EQ(again.state, CorrectionState::pending);
  EXPECT_EQ(again.standing->left, 10);
  EXPECT_FALSE(again.late);
  EXPECT_EQ(take(corrections_->statistics(steward_)).at(0).open, 1);
  clock_.advance(20 * kDay);
  EXPECT_EQ(take(corrections_->statistics(steward_)).at(0).overdue, 1);
}

TEST_P(CorrectionTest, WhoMaySeeAndDoWhat) {
  auto c = report();
  auto stranger = person("p9", "d9", {Permission::dataset_read, Permission::dataset_write});
  EXPECT_EQ(corrections_->find(stranger, c.id).error().code, Code::not_found);
  EXPECT_EQ(corrections_->report(stranger, {.dataset = "firms", .wrong = "不对"}).error().code, Code::not_found);
  EXPECT_THAT(take(corrections_->list(stranger, {})), IsEmpty());
  // A colleague of who reported it is no party to it; one of the provider sees it, and only its stewards answer.
  EXPECT_EQ(corrections_->find(rival_, c.id).error().code, Code::not_found);
  auto clerk = person("p8", "d1", {Permission::dataset_read});
  EXPECT_TRUE(corrections_->find(clerk, c.id));
  EXPECT_EQ(corrections_->accept(clerk, c.id, "").error().code, Code::forbidden);
  EXPECT_EQ(corrections_->accept(user_, c.id, "").error().code, Code::forbidden);
  EXPECT_EQ(corrections_->confirm(user_, c.id).error().code, Code::conflict);
  EXPECT_EQ(corrections_->answer(steward_, c.id, true, " ").error().subject, "text");
  take(corrections_->answer(steward_, c.id, true, "好了"));
  EXPECT_EQ(corrections_->answer(steward_, c.id, true, "又好了").error().code, Code::conflict);
  EXPECT_EQ(corrections_->confirm(steward_, c.id).error().code, Code::forbidden);
  EXPECT_EQ(take(corrections_->list(user_, {.box = "mine"})).size(), 1U);
  EXPECT_THAT(take(corrections_->list(user_, {.box = "incoming"})), IsEmpty());
  EXPECT_EQ(take(corrections_->list(steward_, {.box = "incoming", .state = CorrectionState::corrected})).size(), 1U);
  EXPECT_EQ(corrections_->report(user_, {.dataset = "firms", .field = "nosuch", .wrong = "不对"}).error().subject, "field");
  EXPECT_EQ(corrections_->report(user_, {.dataset = "firms", .wrong = std::string(6000, 'x')}).error().subject, "wrong");
}

}  // namespace
}  // namespace qushu::quality
