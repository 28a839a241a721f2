#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kDay = std::chrono::hours(24);

class RequestTest : public PolicyTest {
 protected:
  void SetUp() override {
    PolicyTest::SetUp();
    take(identity_->first_start("本级政府"));
    auto add = [&](const std::string& code, const std::string& name) {
      return take(identity_->add_department(Actor::system(), {.code = code, .name = name, .parent_id = "root"})).id;
    };
    provider_ = add("mzj", "民政局");
    asking_ = add("wjw", "卫健委");
    requests_ = Requests::open({.store = store(),
                                .audit = *audit_,
                                .engine = *engine_,
                                .calendar = *calendar_,
                                .catalog = *catalog_,
                                .identity = *identity_,
                                .grants = *grants_,
                                .rules = *rules_,
                                .notify = *notify_,
                                .settings = settings_,
                                .clock = clock_});
    make("relief", "救助对象", provider_, "SELECT 1 AS _id, 'a' AS code, '张三' AS name", 1,
         {{.id = "code", .name = "编号", .key = true}, {.id = "name", .name = "姓名"}});
    auto dataset = take(catalog_->find({.all = true}, "relief"));
    dataset.face = 1;
    user_ = who("u", {asking_}, {Permission::dataset_read});
    officer_ = who("o", {asking_}, {Permission::dataset_read, Permission::share_review});
    giver_ = who("g", {provider_}, {Permission::dataset_read, Permission::share_review});
    authority_ = who("a", {"centre"}, {Permission::dataset_read, Permission::catalog_review});
    stranger_ = who("x", {"elsewhere"}, {Permission::dataset_read, Permission::share_review});
    // Known to the asker as one of its readers would know it: entries have tests of their own.
    take(catalog_->change(Actor::system(), dataset.id, {.readers = std::vector<std::string>{"u", "o"}}));
  }
  NewRequest asked(std::string scenario = "医疗救助一站式结算") {
    return {.dataset = "relief",
            .basis = "《社会救助暂行办法》第二十八条",
            .scenario = std::move(scenario),
            .terms = {{"fields", json::array{json::object{{"id", "code"}}, json::object{{"id", "name"}}}},
                      {"methods", json::array{"api"}},
                      {"purpose", "核对救助对象身份"},
                      {"named_purpose", "relief"}}};
  }
  SharingRequest reviewing() {
    auto r = take(requests_->submit(user_, asked()));
    return take(requests_->approve(officer_, r.id, "同意"));
  }
  std::unique_ptr<Requests> requests_;
  std::string provider_, asking_;
  Actor user_, officer_, giver_, authority_, stranger_;
};
QUSHU_ON_BOTH_STORES(RequestTest);

TEST_P(RequestTest, BecomesAGrant) {
  auto r = take(requests_->submit(user_, asked()));
  EXPECT_EQ(r.state, RequestState::asking);
  EXPECT_EQ(r.department_name, "卫健委");
  // The provider does not know of it yet, and nobody approves her own.
  EXPECT_EQ(requests_->find(giver_, r.id).error().code, Code::not_found);
  EXPECT_EQ(requests_->approve(user_, r.id, "").error().code, Code::forbidden);
  EXPECT_EQ(requests_->grant(officer_, r.id, nullptr, "").error().code, Code::forbidden);
  EXPECT_EQ(requests_->find(stranger_, r.id).error().code, Code::not_found);
  EXPECT_THAT(take(requests_->waiting(officer_)), ::testing::SizeIs(1));
  r = take(requests_->approve(officer_, r.id, "同意"));
  // Ten working days from Wednesday the 25th of November, which is not counted.
  EXPECT_EQ(calendar::to_text(r.standing->last_day), "2026-12-09");
  EXPECT_THAT(take(requests_->waiting(giver_)), ::testing::SizeIs(1));
  EXPECT_THAT(requests_->possible(giver_, r), ElementsAre("grant", "refuse", "return", "extend"));
  EXPECT_THAT(requests_->possible(user_, r), ElementsAre("withdraw"));

  // A part of what was asked for; never more.
  json::object part{
      {"fields", json::array{json::object{{"id", "name"}, {"mask", json::object{{"kind", "partial"}, {"first", 1}}}}}},
      {"methods", json::array{"api"}},
      {"purpose", "核对救助对象身份"},
      {"named_purpose", "relief"}};
  auto wider = part;
  wider["methods"] = json::array{"api", "sql"};
  EXPECT_EQ(requests_->grant(giver_, r.id, wider, "").error().id, "request.wider");
  clock_.advance(5 * kDay);
  r = take(requests_->grant(giver_, r.id, part, "姓名脱敏"));
  EXPECT_EQ(r.state, RequestState::granted);
  EXPECT_EQ(r.days_taken, 3);
  EXPECT_FALSE(r.late);
  auto grant = take(grants_->find(user_, r.grant_id));
  EXPECT_EQ(grant.terms.fields.size(), 1U);
  EXPECT_EQ(grant.request_id, r.id);
  EXPECT_EQ(requests_->refuse(giver_, r.id, "晚了").error().code, Code::conflict);
  std::vector<std::string> steps;
  for (const auto& e : take(requests_->events(user_, r.id))) steps.push_back(e.action + " " + e.text);
  EXPECT_THAT(steps, ElementsAre("submit 医疗救助一站式结算", "approve 同意", "grant 姓名脱敏"));
}

TEST_P(RequestTest, APeriodIsWholeDaysAndNotOver) {
  auto n = asked();
  n.terms["until"] = "2020-12-01";
  EXPECT_EQ(requests_->submit(user_, n).error().subject, "until");
  // The 25th at 18:00 in the district: the day itself is included.
  n.terms["from"] = "2026-11-25";
  n.terms["until"] = "2026-11-25";
  auto r = take(requests_->submit(user_, n));
  EXPECT_EQ(to_iso(*r.terms.from), "2026-11-24T16:00:00Z");
  EXPECT_EQ(to_iso(*r.terms.until), "2026-11-25T15:59:59.999999Z");
  auto late = take(requests_->submit(user_, n));
  take(requests_->approve(officer_, late.id, ""));
  take(requests_->approve(officer_, r.id, ""));
  auto grant = take(grants_->find(user_, take(requests_->grant(giver_, r.id, nullptr, "")).grant_id));
  EXPECT_EQ(grant.state, GrantState::active);
  clock_.advance(std::chrono::hours(6));
  grant = take(grants_->find(user_, grant.id));
  EXPECT_EQ(grant.state, GrantState::expired);
  EXPECT_THAT(take(grants_->list(user_, {.box = "", .dataset = "", .state = GrantState::active})), ::testing::IsEmpty());
  EXPECT_THAT(take(grants_->list(user_, {.box = "", .dataset = "", .state = GrantState::expired})), ::testing::SizeIs(1));
  EXPECT_EQ(requests_->grant(giver_, late.id, nullptr, "").error().subject, "until") << "it ran out while it was looked at";
}

TEST_P(RequestTest, IsReturnedOnceAndItsClockBeginsAgain) {
  auto r = reviewing();
  EXPECT_EQ(requests_->give_back(giver_, r.id, " ").error().subject, "text");
  r = take(requests_->give_back(giver_, r.id, "缺法律依据的条款；缺使用期限"));
  EXPECT_FALSE(r.standing) << "the clock stands still while the asker completes it";
  EXPECT_THAT(take(requests_->waiting(user_)), ::testing::SizeIs(1));
  clock_.advance(2 * kDay);
  EXPECT_EQ(requests_->complete(officer_, r.id, asked(), "").error().code, Code::forbidden);
  r = take(requests_->complete(user_, r.id, asked("补正后的场景"), ""));
  EXPECT_EQ(r.scenario, "补正后的场景");
  EXPECT_EQ(calendar::to_text(r.standing->last_day), "2026-12-11");
  EXPECT_EQ(requests_->give_back(giver_, r.id, "还缺").error().id, "request.returned_once");
  EXPECT_THAT(requests_->possible(giver_, r), Not(Contains("return")));
}

TEST_P(RequestTest, IsExtendedOnceWithTheAuthoritysConsent) {
  auto r = reviewing();
  EXPECT_EQ(requests_->extend(giver_, r.id, 11, "涉及多个系统").error().subject, "days");
  r = take(requests_->extend(giver_, r.id, 5, "涉及多个系统"));
  EXPECT_EQ(calendar::to_text(r.standing->last_day), "2026-12-09") << "asking is not getting";
  EXPECT_THAT(take(requests_->waiting(authority_)), ::testing::SizeIs(1));
  EXPECT_EQ(requests_->consent(giver_, r.id, "").error().code, Code::forbidden);
  r = take(requests_->consent(authority_, r.id, ""));
  EXPECT_EQ(calendar::to_text(r.standing->last_day), "2026-12-16");
  EXPECT_EQ(requests_->extend(giver_, r.id, 1, "再延").error().id, "request.extended_once");
  // Late: the authority is told, and it stays on the record.
  clock_.advance(25 * kDay);
  EXPECT_TRUE(take(requests_->find(user_, r.id)).late);
  EXPECT_THAT(take(requests_->waiting(authority_)), ::testing::SizeIs(1));
  EXPECT_EQ(requests_->refuse(giver_, r.id, "").error().subject, "text");
  r = take(requests_->refuse(giver_, r.id, "法律不允许用于这个场景"));
  EXPECT_TRUE(r.late);
  EXPECT_EQ(r.answer, "法律不允许用于这个场景");
}

TEST_P(RequestTest, UnconditionalOnesAreGrantedAtOnceAndOthersNotAtAll) {
  auto id = take(catalog_->find({.all = true}, "relief")).id;
  take(catalog_->change(Actor::system(), id, {.sharing_type = "unconditional"}));
  auto r = reviewing();
  EXPECT_EQ(r.state, RequestState::granted);
  EXPECT_TRUE(grants_->find(user_, r.grant_id));
  take(catalog_->change(Actor::system(), id, {.sharing_type = "none"}));
  EXPECT_EQ(requests_->submit(user_, asked()).error().id, "request.not_shared");
  take(catalog_->change(Actor::system(), id, {.sharing_type = "conditional"}));
  auto own = who("p", {provider_}, {Permission::dataset_read});
  EXPECT_EQ(requests_->submit(own, asked()).error().id, "request.own");
  EXPECT_EQ(requests_->submit(stranger_, asked()).error().code, Code::not_found);
  auto empty = asked();
  empty.basis = " ";
  EXPECT_EQ(requests_->submit(user_, empty).error().subject, "basis");
  auto withdrawn = take(requests_->submit(user_, asked()));
  EXPECT_EQ(take(requests_->withdraw(user_, withdrawn.id, "")).state, RequestState::withdrawn);
  auto declined = take(requests_->submit(user_, asked()));
  EXPECT_EQ(take(requests_->decline(officer_, declined.id, "场景不清")).state, RequestState::declined);
  EXPECT_THAT(take(requests_->list(giver_, {.box = "incoming", .state = {}, .before = {}})), ::testing::SizeIs(1));
  EXPECT_THAT(take(requests_->list(user_, {.box = "mine", .state = {}, .before = {}})), ::testing::SizeIs(3));
  EXPECT_THAT(take(requests_->list(stranger_, {.box = "", .state = {}, .before = {}})), IsEmpty());
}

}  // namespace
}  // namespace qushu::sharing
