// Figures from records to values, on both databases: what counts as evidence, whose rights are used, what is due when, who is
// told, and who sees the rows.
#include "qushu/indicators/indicators.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/notify/notices.h"

#include "records_fixture.h"

namespace qushu::indicators {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kDay = std::chrono::hours(24);

constexpr std::string_view kCalls = R"(register: calls
name: {zh: 来电, en: Calls}
number: LD-{seq:3}
fields:
  - {name: title, label: 事项, type: text, required: true}
  - {name: day, label: 日期, type: date, required: true}
  - {name: ok, label: 结果, type: choice, choices: [{code: "yes", label: 是}, {code: "no", label: 否}]}
  - {name: minutes, label: 用时, type: number, decimals: 1}
permissions: {see: [own, department], create: [everyone], edit: [own], remove: [own]}
)";

std::string definition(std::string_view code, std::string_view more, std::string_view period = "month",
                       std::string_view direction = "higher", std::string_view target = "90") {
  return fmt::format(R"(indicator: {}
name: {{zh: 办结率, en: Answered}}
unit: "%"
direction: {}
target: {}
weight: 10
period: {}
evidence:
  rows: |
    SELECT id, number, day, ok, minutes FROM register_calls, period WHERE day BETWEEN first_day AND as_of ORDER BY number
{}
)",
                     code, direction, target, period, more);
}
constexpr std::string_view kShare = "  part: count(*) FILTER (ok = 'yes')\n  whole: count(*)";

class IndicatorsTest : public testing::RecordsTest {
 protected:
  void SetUp() override {
    RecordsTest::SetUp();
    open_records({jobs::settings(), settings()}, jobs::migrations(), notify::notice_migrations(), migrations());
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, clock_));
    li_ = person("li", "mzj", "data_user");
    zhao_ = person("zhao", "wjw", "data_user");
    boss_ = person("boss", "wjw", "operator");
    (void)take(registers_->apply(console_, kCalls, ""));
    indicators_ = std::make_unique<Indicators>(deps(*calendar_, clock_));
    indicators_->register_jobs();
  }
  Indicators::Deps deps(const calendar::Calendar& calendar, const Clock& clock) {
    return {.store = store(),
            .engine = *engine_,
            .audit = *audit_,
            .jobs = *jobs_,
            .identity = *identity_,
            .calendar = calendar,
            .policy = *policy_,
            .relations = *relations_,
            .settings = settings_,
            .clock = clock};
  }
  void call(const char* day, const char* ok, const char* minutes = "1", const Actor* who = nullptr) {
    (void)take(registers_->create(who != nullptr ? *who : li_, "calls",
                                  {{"title", "事"}, {"day", day}, {"ok", ok}, {"minutes", minutes}}));
  }
  Value compute(std::string_view code, std::string_view period = "") {
    return take(indicators_->compute(console_, code, period));
  }
  std::size_t due() {
    return take(indicators_->compute_due([](std::size_t, std::size_t) { return true; }));
  }
  std::vector<std::string> periods(std::string_view code) {
    std::vector<std::string> out;
    for (const auto& v : take(indicators_->find(console_, code, 100)).values)
      out.push_back(v.period + (v.state == "value" ? "=" + v.value.text() : " " + v.state) + (v.final ? "!" : ""));
    return out;
  }
  std::size_t notices(const Actor& who) {
    return take(store().read([&](store::Session& s) { return notify::notices_of(s, who.person_id, 50); })).size();
  }

  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<Indicators> indicators_;
  Actor li_, zhao_, boss_;
};
QUSHU_ON_BOTH_STORES(IndicatorsTest);

TEST_P(IndicatorsTest, AFigureIsWhatItsRowsSay) {
  (void)take(indicators_->apply(console_, definition("answered", kShare), "第一版"));
  call("2026-11-02", "yes");
  call("2026-11-03", "yes");
  call("2026-11-04", "no");
  call("2026-10-31", "no");  // of another period
  auto v = compute("answered");
  EXPECT_EQ(v.period, "2026-11");
  EXPECT_EQ(v.state, "value");
  EXPECT_EQ(v.value, (Fraction{.n = 200, .d = 3}));  // exact
  EXPECT_EQ(v.value.text(), "66.67");
  EXPECT_EQ(hundredths_text(v.score), "7.41");  // 10 × 66.666… ÷ 90
  EXPECT_EQ(v.light, Light::red);
  EXPECT_EQ(v.rows, 3);
  EXPECT_FALSE(v.final);
  // Computing again replaces the value.
  call("2026-11-05", "yes");
  EXPECT_EQ(compute("answered").value.text(), "75");
  EXPECT_THAT(periods("answered"), ElementsAre("2026-11=75"));
  EXPECT_EQ(compute("answered", "2026-10").value.text(), "0");  // that is a figure: one was to be answered, none was
  EXPECT_EQ(wrong(indicators_->compute(console_, "answered", "2026-12")).id, "indicator.period");
  EXPECT_EQ(wrong(indicators_->compute(console_, "answered", "2026")).id, "indicator.period");
}

TEST_P(IndicatorsTest, NothingIsNoFigure) {
  (void)take(indicators_->apply(console_, definition("answered", kShare), ""));
  (void)take(indicators_->apply(console_, definition("longest", "  value: max(minutes)", "month", "lower", "30"), ""));
  (void)take(indicators_->apply(console_, definition("count", "  value: count(*)", "month", "lower", "0"), ""));
  (void)take(
      indicators_->apply(console_, definition("yes_only", "  part: count(*)\n  whole: count(*) FILTER (ok = 'yes')"), ""));
  for (auto code : {"answered", "longest", "count", "yes_only"}) {
    auto v = compute(code);
    EXPECT_EQ(v.state, "none") << code;
    EXPECT_EQ(v.light, Light::none) << code;
    EXPECT_EQ(v.score, 0) << code;
    EXPECT_TRUE(to_json(v, Lang::zh).at("value").is_null()) << code;
    EXPECT_EQ(to_json(v, Lang::zh).at("light_name"), "无证据") << code;
  }
  // A row whose value is missing, and a share of nothing.
  (void)take(registers_->create(li_, "calls", {{"title", "事"}, {"day", "2026-11-02"}, {"ok", "no"}}));
  EXPECT_EQ(compute("longest").state, "none");
  EXPECT_EQ(compute("yes_only").state, "none");
  EXPECT_EQ(compute("count").value.text(), "1");
  EXPECT_EQ(compute("answered").value.text(), "0");
}

TEST_P(IndicatorsTest, WhatCannotBeComputedIsToldAndIsNoFigure) {
  for (const auto& [more, says] :
       std::vector<std::pair<std::string, std::string>>{{"  value: max(nothing)", "nothing"},
                                                        {"  value: max(number)", "数值"},
                                                        {"  value: (SELECT 1 FROM secrets)", "secrets"},
                                                        {"  value: 1) FROM register_calls; DROP TABLE x; --", ""},
                                                        {"  value: read_text('/etc/passwd')", ""}}) {
    call("2026-11-02", "yes");
    auto trial = take(indicators_->check(console_, definition("bad", more)));
    ASSERT_EQ(trial.mistakes.size(), 1U) << more;
    EXPECT_EQ(trial.mistakes[0].line, 8U);
    EXPECT_EQ(trial.mistakes[0].key, "evidence");
    EXPECT_THAT(trial.mistakes[0].text.zh + trial.mistakes[0].text.en, HasSubstr(says));
    EXPECT_EQ(wrong(indicators_->apply(console_, definition("bad", more), "")).id, "indicator.definition");
  }
  EXPECT_TRUE(take(indicators_->list(console_, 1)).empty());
  // It was right once; the register's field has gone since.
  (void)take(indicators_->apply(console_, definition("longest", "  value: max(minutes)"), ""));
  auto without = std::string(kCalls);
  without.replace(without.find("name: minutes"), 13, "name: duration");
  (void)take(registers_->apply(console_, without, ""));
  auto v = compute("longest");
  EXPECT_EQ(v.state, "failed");
  EXPECT_THAT(v.error.en, HasSubstr("minutes"));
  EXPECT_EQ(v.score, 0);
}

TEST_P(IndicatorsTest, WhatWasMissedIsMadeUpForOnce) {
  for (const auto* day : {"2026-06-10", "2026-08-10", "2026-11-10"}) call(day, "yes");
  (void)take(indicators_->apply(console_, definition("answered", kShare), ""));
  (void)take(indicators_->apply(console_, definition("by_quarter", kShare, "quarter"), ""));
  EXPECT_EQ(due(), 9U);  // June to November, and the quarters in which they lie
  EXPECT_THAT(periods("answered"),
              ElementsAre("2026-06=100!", "2026-07 none!", "2026-08=100!", "2026-09 none!", "2026-10 none!", "2026-11=100"));
  // Nothing changed: only what is not final is computed again, and nothing doubles.
  EXPECT_EQ(due(), 2U);
  EXPECT_EQ(periods("answered").size(), 6U);
  // The server was off from November to February. A call of November was entered late.
  clock_.advance(75 * kDay);  // 2027-02-08
  call("2026-11-28", "no");
  EXPECT_EQ(due(), 6U);
  EXPECT_THAT(periods("answered"),
              ElementsAre("2026-06=100!", "2026-07 none!", "2026-08=100!", "2026-09 none!", "2026-10 none!", "2026-11=50!",
                          "2026-12 none!", "2027-01 none", "2027-02 none"));
  EXPECT_EQ(due(), 3U);  // January, February and the quarter are not final yet
}

TEST_P(IndicatorsTest, AFigureIsFinalSomeWorkingDaysAfterItsPeriod) {
  call("2026-09-10", "yes");
  (void)take(indicators_->apply(console_, definition("answered", kShare), ""));
  // From 1 to 7 October 2026 nobody works: the tenth working day after September is 20 October.
  struct Case {
    const char* at;
    bool final;
  };
  for (const auto& c :
       {Case{"2026-10-16T01:00:00Z", false}, Case{"2026-10-20T15:59:00Z", false}, Case{"2026-10-20T16:01:00Z", true}}) {
    ManualClock clock(*parse_iso(c.at));
    auto calendar = take(calendar::Calendar::open(store(), *audit_, settings_, clock));
    Indicators then(deps(*calendar, clock));
    EXPECT_EQ(take(then.compute(console_, "answered", "2026-09")).final, c.final) << c.at;
  }
}

TEST_P(IndicatorsTest, TheScheduleQueuesOneJobForADueTime) {
  (void)take(indicators_->apply(console_, definition("answered", kShare), ""));
  auto count = [&] { return take(jobs_->list({.kind = "indicators.compute"})).size(); };
  ASSERT_TRUE(indicators_->tick());
  ASSERT_TRUE(indicators_->tick());
  EXPECT_EQ(count(), 1U);
  clock_.advance(3 * kDay);  // off for three nights: one job makes up for all of them
  ASSERT_TRUE(indicators_->tick());
  ASSERT_TRUE(indicators_->tick());
  EXPECT_EQ(count(), 2U);
  // Another process, or the same after a restart.
  Indicators again(deps(*calendar_, clock_));
  ASSERT_TRUE(again.tick());
  EXPECT_EQ(count(), 2U);
  for (const auto& job : take(jobs_->list({.kind = "indicators.compute"})))
    EXPECT_EQ(take(jobs_->run_now(job.id)).state, jobs::State::succeeded);
  EXPECT_EQ(periods("answered").size(), 1U);
}

TEST_P(IndicatorsTest, TheOwnerIsToldWhenItGetsWorse) {
  (void)take(indicators_->apply(console_, definition("answered", kShare), ""));
  (void)take(indicators_->assign(boss_, "answered", "zhao"));
  EXPECT_EQ(wrong(indicators_->assign(boss_, "answered", "nobody_here")).subject, "owner");
  EXPECT_EQ(wrong(indicators_->assign(li_, "answered", "li")).id, "indicator.manage");
  (void)compute("answered");
  EXPECT_EQ(notices(zhao_), 0U);  // no evidence is not a figure that drifts
  call("2026-11-02", "yes");
  (void)compute("answered");
  EXPECT_EQ(notices(zhao_), 0U);
  for (int i = 0; i < 5; ++i) call("2026-11-03", "yes");
  call("2026-11-03", "no");
  EXPECT_EQ(compute("answered").light, Light::yellow);  // 6 of 7
  EXPECT_EQ(notices(zhao_), 1U);
  (void)compute("answered");
  EXPECT_EQ(notices(zhao_), 1U);  // told once
  for (int i = 0; i < 5; ++i) call("2026-11-04", "no");
  EXPECT_EQ(compute("answered").light, Light::red);
  EXPECT_EQ(notices(zhao_), 2U);
  (void)compute("answered", "2026-10");
  EXPECT_EQ(notices(zhao_), 2U);
  EXPECT_EQ(take(indicators_->worries(zhao_)).size(), 1U);
  EXPECT_TRUE(take(indicators_->worries(li_)).empty());
}

TEST_P(IndicatorsTest, TheFigureIsForAllTheRowsAreNot) {
  (void)take(indicators_->apply(console_, definition("answered", kShare), ""));
  call("2026-11-02", "yes");
  call("2026-11-03", "no", "1", &zhao_);
  (void)compute("answered");
  EXPECT_EQ(take(indicators_->find(li_, "answered", 1)).values.at(0).value.text(), "50");
  auto all = take(indicators_->evidence(boss_, "answered", ""));
  EXPECT_EQ(all.rows.size(), 2U);
  EXPECT_EQ(all.hidden, 0);
  EXPECT_EQ(all.rows[0].register_code, "calls");
  EXPECT_TRUE(registers_->record(boss_, "calls", all.rows[0].record));
  auto hers = take(indicators_->evidence(li_, "answered", "2026-11"));
  ASSERT_EQ(hers.rows.size(), 1U);
  EXPECT_EQ(hers.hidden, 1);
  EXPECT_EQ(hers.total, 2);
  EXPECT_TRUE(registers_->record(li_, "calls", hers.rows[0].record));
  // Rows that are no records, of a register that she does not see whole: none.
  auto grouped = definition("grouped", "  value: max(n)");
  grouped.replace(grouped.find("SELECT id, number"),
                  grouped.find("\n", grouped.find("SELECT id, number")) - grouped.find("SELECT id, number"),
                  "SELECT day, count(*) AS n FROM register_calls GROUP BY day");
  (void)take(indicators_->apply(console_, grouped, ""));
  (void)compute("grouped");
  EXPECT_TRUE(take(indicators_->evidence(li_, "grouped", "")).rows.empty());
  EXPECT_EQ(take(indicators_->evidence(boss_, "grouped", "")).rows.size(), 2U);
  // Who passes somebody else's record off as another register's.
  auto liar = definition("liar", "  value: count(*)");
  liar.replace(liar.find("SELECT id, number"), 10, "SELECT 'other' AS register, id");
  (void)take(indicators_->apply(console_, liar, ""));
  (void)compute("liar");
  EXPECT_TRUE(take(indicators_->evidence(li_, "liar", "")).rows.empty());
  EXPECT_EQ(wrong(indicators_->evidence(Actor{}, "answered", "")).id, "indicator.use");
  EXPECT_EQ(wrong(indicators_->list(Actor{}, 1)).id, "indicator.use");
}

TEST_P(IndicatorsTest, ItIsReadWithItsDefinersRights) {
  call("2026-11-02", "yes");
  call("2026-11-02", "no", "1", &zhao_);
  // A definer who sees one department's records only: a data user who was given the right to define.
  auto definer = li_;
  definer.may.set(static_cast<std::size_t>(Permission::indicator_manage));
  (void)take(indicators_->apply(definer, definition("mine", "  value: count(*)"), ""));
  EXPECT_EQ(compute("mine").value.text(), "1");
  // Another target by somebody who may more lends no rights; another statement does.
  auto other = definition("mine", "  value: count(*)", "month", "higher", "50");
  EXPECT_EQ(take(indicators_->apply(boss_, other, "")).definer_id, li_.person_id);
  EXPECT_EQ(compute("mine").value.text(), "1");
  auto rows = definition("mine", "  value: count(*) * 1", "month", "higher", "50");
  EXPECT_EQ(take(indicators_->apply(boss_, rows, "")).definer_id, boss_.person_id);
  EXPECT_EQ(compute("mine").value.text(), "2");
  EXPECT_EQ(take(indicators_->versions(li_, "mine")).size(), 3U);
  // And nobody defines without the permission.
  EXPECT_EQ(wrong(indicators_->apply(li_, definition("hers", kShare), "")).id, "indicator.manage");
  EXPECT_EQ(wrong(indicators_->check(li_, definition("hers", kShare))).id, "indicator.manage");
  EXPECT_EQ(wrong(indicators_->compute(li_, "mine", "")).id, "indicator.manage");
}

TEST_P(IndicatorsTest, EvidenceIsKeptWithinItsLimit) {
  ASSERT_TRUE(settings_.set("indicators.evidence_rows", "3"));
  (void)take(indicators_->apply(console_, definition("count", "  value: count(*)"), ""));
  for (int i = 0; i < 7; ++i) call("2026-11-02", "yes");
  EXPECT_EQ(compute("count").value.text(), "7");
  auto rows = take(indicators_->evidence(boss_, "count", ""));
  EXPECT_EQ(rows.total, 7);
  EXPECT_EQ(rows.kept, 3);
  EXPECT_EQ(rows.rows.size(), 3U);
  EXPECT_THAT(rows.rows_sql, HasSubstr("register_calls"));
  // What was kept stays as it was when the figure was computed.
  (void)take(registers_->edit(li_, "calls", rows.rows[0].record, 0, {{"ok", "no"}}));
  EXPECT_EQ(take(indicators_->evidence(boss_, "count", "")).rows[0].cells.at(3), "yes");
}

}  // namespace
}  // namespace qushu::indicators
