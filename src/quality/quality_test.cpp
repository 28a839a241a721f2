#include "evaluation.h"
#include "quality_fixture.h"

namespace qushu::quality {
namespace {

using engine::Type;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class QualityTest : public QualityFixture {
 protected:
  void SetUp() override {
    QualityFixture::SetUp();
    firms_ = publish("firms", good(), fields());
  }
  static std::vector<catalog::Field> fields() {
    return {field("code", "信用代码", Type::text, true), field("name", "名称", Type::text),
            field("kind", "类型", Type::text),           field("staff", "人数", Type::integer),
            field("capital", "资本", Type::decimal),     field("founded", "成立日期", Type::date),
            field("closed", "注销日期", Type::date),     field("region", "区划", Type::text)};
  }
  static std::string rows(const std::string& values) {
    return "SELECT _id, code, name, kind, CAST(staff AS BIGINT) AS staff, CAST(capital AS DECIMAL(12, 2)) AS capital, "
           "CAST(founded AS DATE) AS founded, CAST(closed AS DATE) "
           "AS closed, region FROM (VALUES " +
           values + ") AS v(_id, code, name, kind, staff, capital, founded, closed, region)";
  }
  static std::string good() {
    return rows(
        "(1, '91350100M000100Y43', '甲', '个体', 3, 10.5, '2020-01-01', NULL, '110108'), (2, '12110108MB0000019E', '乙', "
        "'公司', 5, 0, '2021-01-01', '2022-01-01', '110105')");
  }
  static std::string bad() {
    return rows(
        "(1, '91350100M000100Y43', '甲', '个体', 3, 10.5, '2020-01-01', NULL, '110108'), "
        "(2, '91350100M000100Y44', '', '公司', -5, 0, '2021-01-01', '2020-01-01', '110105'), "
        "(3, '91350100M000100Y43', NULL, '外星', 7, 99999, '2027-01-01', NULL, '999999'), "
        "(4, NULL, '１２３', NULL, NULL, NULL, NULL, NULL, NULL), "
        "(5, '', '名''称\"', '公司', 1, 1, '2020-01-01', '2020-01-02', '110108')");
  }
  static constexpr std::string_view kRules = R"([
    {"kind": "required", "fields": ["name"], "severity": "warn"},
    {"kind": "unique", "fields": ["code"], "severity": "reject"},
    {"kind": "format", "fields": ["信用代码"], "params": {"format": "credit_code"}, "severity": "reject"},
    {"kind": "enumeration", "fields": ["kind"], "params": {"values": ["个体", "公司"]}},
    {"kind": "range", "fields": ["staff"], "params": {"min": 0}},
    {"kind": "range", "fields": ["capital"], "params": {"max": 1000.5}},
    {"kind": "format", "fields": ["founded"], "params": {"format": "not_future"}},
    {"kind": "expression", "params": {"sql": "closed >= founded"}},
    {"kind": "pattern", "fields": ["region"], "params": {"pattern": "11\\d{4}"}},
    {"kind": "length", "fields": ["name"], "params": {"min": 1, "max": 4}}
  ])";
  static std::map<std::string, std::string> told(const Check& check) {
    std::map<std::string, std::string> out;
    for (const auto& o : check.outcomes)
      out[std::string(name(o.rule.kind)) + (o.rule.fields.empty() ? "" : " " + o.rule.fields[0])] =
          fmt::format("{}/{}", o.failed, o.checked);
    return out;
  }
  catalog::Dataset firms_;
};
QUSHU_ON_BOTH_STORES(QualityTest);

TEST_P(QualityTest, EveryKindOfRowRuleCountsWhatFails) {
  add("firms", kRules);
  auto verdict = examine(firms_, bad());
  EXPECT_EQ(told(verdict.check), (std::map<std::string, std::string>{{"required name", "2/5"},
                                                                     {"unique code", "1/4"},
                                                                     {"format code", "2/4"},
                                                                     {"enumeration kind", "1/4"},
                                                                     {"range staff", "1/4"},
                                                                     {"range capital", "1/4"},
                                                                     {"format founded", "1/4"},
                                                                     {"expression", "1/5"},
                                                                     {"pattern region", "1/4"},
                                                                     {"length name", "1/4"}}));
  EXPECT_FALSE(verdict.stop);
  // Each row to reject once, with all its reasons: the repeated code, the wrong check digit, the empty text.
  EXPECT_EQ(verdict.rejected, 3U);
  EXPECT_THAT(lines("SELECT _id, field, value, reason_zh FROM " + engine::parquet_scan({verdict.rejects})),
              ElementsAre(HasSubstr("2|信用代码|91350100M000100Y44|统一社会信用代码不合格"),
                          "3|信用代码|91350100M000100Y43|与前面的行重复", HasSubstr("5|信用代码||")));
  auto kept = lines("SELECT field, value, raw FROM " + engine::parquet_scan({take(blobs_->path(verdict.check.failures_blob))}) +
                    " WHERE _id = 2 AND field = '人数'");
  EXPECT_THAT(kept, ElementsAre(HasSubstr("人数|-5|91350100M000100Y44,,公司,-5,0.00")));
  // What holds of all rows is nobody's failure.
  auto clean = examine(firms_, good());
  for (const auto& o : clean.check.outcomes) EXPECT_EQ(o.failed, 0U) << name(o.rule.kind);
  EXPECT_EQ(clean.check.scores.total, 100.0);
  EXPECT_TRUE(clean.rejects.empty());
  EXPECT_TRUE(clean.check.failures_blob.empty());
}

TEST_P(QualityTest, ScoresFollowTheFormula) {
  add("firms",
      R"([{"kind": "required", "fields": ["name"]}, {"kind": "enumeration", "fields": ["kind"], "params": {"values": ["个体", "公司"]}},
                   {"kind": "range", "fields": ["staff"], "params": {"min": 0}}])");
  auto scores = examine(firms_, bad()).check.scores;
  EXPECT_DOUBLE_EQ(scores.dimensions[0].value(), 60);               // 3 of 5
  EXPECT_DOUBLE_EQ(scores.dimensions[1].value(), 75);               // two rules, 3 of 4 each
  EXPECT_FALSE(scores.dimensions[2]);                               // no rule
  EXPECT_DOUBLE_EQ(*scores.total, (25 * 60.0 + 30 * 75.0) / 55.0);  // by the weights of those that have rules
  ASSERT_TRUE(settings_.set("quality.weights", "completeness=1 validity=0"));
  EXPECT_DOUBLE_EQ(*examine(firms_, bad()).check.scores.total, 60);
  EXPECT_FALSE(parse_weights("completeness"));
  EXPECT_FALSE(parse_weights("validity=-1"));
  EXPECT_FALSE(parse_weights("nosuch=3"));
  EXPECT_FALSE(parse_weights("validity=0"));
}

TEST_P(QualityTest, AStopWaitsForAPersonAndPassesWhatShePassed) {
  add("firms", R"([{"kind": "required", "fields": ["name"], "severity": "stop"}])");
  auto first = examine(firms_, bad());
  ASSERT_TRUE(first.stop);
  EXPECT_THAT(first.stop->text.zh, HasSubstr("名称 不能为空（2 行不合格）"));
  EXPECT_EQ(take(quality_->stopped(steward_)).size(), 1U);
  EXPECT_THAT(take(quality_->stopped(rival_)), IsEmpty());
  EXPECT_EQ(audited("quality.stop"), 1U);
  EXPECT_FALSE(quality_->waive(rival_, first.check.id, "看过了"));
  EXPECT_EQ(quality_->waive(steward_, first.check.id, " ").error().subject, "reason");
  auto waived = take(quality_->waive(steward_, first.check.id, "名称待核，月底补齐"));
  EXPECT_EQ(waived.waiver, "名称待核，月底补齐");
  EXPECT_EQ(audited("quality.waive"), 1U);
  auto again = examine(firms_, bad());
  EXPECT_FALSE(again.stop);
  // Other findings stop again; so do the same ones once something was published.
  EXPECT_TRUE(examine(firms_, bad() + " UNION ALL " + rows("(9, 'x', NULL, NULL, NULL, NULL, NULL, NULL, NULL)")).stop);
  take(store().write([&](store::Transaction& t) -> Result<bool> {
    QS_CHECK(quality_->keep(t, firms_, firms_.version, again));
    return true;
  }));
  EXPECT_TRUE(examine(firms_, bad()).stop);
  // A tolerance lets a few pass.
  auto rule = take(quality_->rules(steward_, "firms")).at(0);
  take(quality_->change(steward_, "firms", rule.id, {{"params", json::object{{"tolerance", 50}}}}));
  EXPECT_FALSE(examine(firms_, bad()).stop);
}

TEST_P(QualityTest, OtherDatasetsAndTheWholeVersion) {
  publish("regions", "SELECT 1 AS _id, '110108' AS code, CAST(7 AS BIGINT) AS n UNION ALL SELECT 2, '110105', 4",
          {field("code", "代码", Type::text), field("n", "数", Type::integer)});
  add("firms",
      R"([{"kind": "reference", "fields": ["region"], "params": {"dataset": "regions", "field": "代码"}, "severity": "reject"},
                   {"kind": "total", "params": {"aggregate": "count", "dataset": "regions", "difference": 1}},
                   {"kind": "total", "fields": ["staff"], "params": {"aggregate": "sum", "dataset": "regions", "field": "n", "difference": 0}},
                   {"kind": "volume", "params": {"share": 50}}])");
  auto verdict = examine(firms_, bad());
  EXPECT_EQ(verdict.rejected, 1U);
  std::vector<std::string> found;
  for (const auto& o : verdict.check.outcomes) found.push_back(fmt::format("{}/{} {}", o.failed, o.checked, o.note.en));
  EXPECT_THAT(found, ElementsAre("1/4 ", HasSubstr("1/1 5 here, 2 in regions: a difference of 3"),
                                 HasSubstr("1/1 6 here, 11 in regions"), HasSubstr("1/1 5 rows; the median")));
  // The region rule needs its table to be named, and a referred dataset must be there and seen.
  auto one = [&](std::string_view rule) { return quality_->add(steward_, "firms", json::array{json::parse(rule)}); };
  EXPECT_EQ(one(R"({"kind": "region", "fields": ["region"]})").error().id, "quality.no_regions");
  ASSERT_TRUE(settings_.set("quality.region_dataset", "regions"));
  ASSERT_TRUE(settings_.set("quality.region_field", "code"));
  EXPECT_TRUE(one(R"({"kind": "region", "fields": ["region"]})"));
  EXPECT_EQ(one(R"({"kind": "reference", "fields": ["region"], "params": {"dataset": "nosuch", "field": "x"}})").error().code,
            Code::not_found);
  EXPECT_EQ(
      one(R"({"kind": "reference", "fields": ["region"], "params": {"dataset": "regions", "field": "x"}})").error().subject,
      "rules[0].params.field");
}

TEST_P(QualityTest, ChangesAloneAreAddedToWhatWasFound) {
  add("firms", R"([{"kind": "required", "fields": ["name"]}, {"kind": "unique", "fields": ["code"], "severity": "reject"}])");
  auto keep = [&](const Verdict& v, std::int64_t version) {
    take(store().write([&](store::Transaction& t) -> Result<bool> {
      QS_CHECK(quality_->keep(t, firms_, version, v));
      return true;
    }));
  };
  keep(examine(firms_, good()), firms_.version);
  auto fresh = rows(
      "(7, '91350100M000100Y43', NULL, NULL, NULL, NULL, NULL, NULL, NULL), (8, 'new', '新', NULL, NULL, NULL, NULL, NULL, "
      "NULL)");
  auto verdict = take(quality_->examine({.dataset = &firms_,
                                         .fields = firms_.fields,
                                         .rows = fresh,
                                         .whole = good() + " UNION ALL " + fresh,
                                         .row_count = 2,
                                         .whole_count = 4}));
  EXPECT_EQ(told(verdict.check), (std::map<std::string, std::string>{{"required name", "1/4"}, {"unique code", "1/4"}}));
  EXPECT_THAT(lines("SELECT _id FROM " + engine::parquet_scan({verdict.rejects})), ElementsAre("7"));
}

TEST_P(QualityTest, FreshnessRunsByTheCalendar) {
  struct Case {
    const char* cycle;
    const char* published;
    int grace;
    const char* due;  // empty: never
  };
  // 2026-10-01 to 07 are holidays; 2026-11-28 is a Saturday.
  for (const auto& c : std::vector<Case>{{"daily", "2026-11-26T02:00:00Z", 0, "2026-11-27T16:00:00Z"},
                                         {"daily", "2026-11-27T02:00:00Z", 0, "2026-11-30T16:00:00Z"},
                                         {"weekly", "2026-11-25T02:00:00Z", 1, "2026-12-03T16:00:00Z"},
                                         {"monthly", "2027-01-31T02:00:00Z", 0, "2027-03-01T16:00:00Z"},
                                         {"quarterly", "2026-11-25T17:00:00Z", 0, "2027-02-26T16:00:00Z"},
                                         {"irregular", "2026-11-25T02:00:00Z", 0, ""}}) {
    auto until = take(due(*calendar_, c.cycle, *parse_iso(c.published), c.grace));
    EXPECT_EQ(until ? to_iso(*until) : "", c.due) << c.cycle << " " << c.published;
  }
  add("firms", R"([{"kind": "freshness", "params": {"grace": 2}}, {"kind": "required", "fields": ["name"]}])");
  auto check_now = [&] {
    auto job = take(quality_->request_check(steward_, "firms"));
    EXPECT_EQ(take(jobs_->run_now(job)).state, jobs::State::succeeded);
    return take(quality_->checks(steward_, "firms", 1)).at(0);
  };
  EXPECT_EQ(check_now().scores.dimensions[4], 100.0);
  clock_.advance(std::chrono::hours(24 * 40));
  auto late = check_now();
  EXPECT_EQ(late.scores.dimensions[4], 0.0);
  EXPECT_THAT(late.outcomes[0].note.zh, HasSubstr("已经逾期"));
}

TEST_P(QualityTest, TheDailyCheckIsQueuedOnceADay) {
  add("firms", R"([{"kind": "required", "fields": ["name"]}])");
  done(quality_->tick());
  done(quality_->tick());
  auto queued = [&] { return take(jobs_->list({.kind = "quality.daily"})); };
  ASSERT_EQ(queued().size(), 1U);
  EXPECT_EQ(take(jobs_->run_now(queued()[0].id)).state, jobs::State::succeeded);
  EXPECT_EQ(take(quality_->checks(steward_, "firms", 10)).at(0).trigger, "daily");
  clock_.advance(std::chrono::hours(24));
  done(quality_->tick());
  EXPECT_EQ(queued().size(), 2U);
}

TEST_P(QualityTest, WhatIsWrongWithARuleIsSaidWhereItIs) {
  struct Case {
    const char* rule;
    const char* subject;
  };
  for (const auto& c : std::vector<Case>{
           {R"j({"kind": "nosuch"})j", "rules[0].kind"},
           {R"j({"kind": "required"})j", "rules[0].fields"},
           {R"j({"kind": "required", "fields": ["nosuch"]})j", "rules[0].fields"},
           {R"j({"kind": "required", "fields": ["name", "code"]})j", "rules[0].fields"},
           {R"j({"kind": "unique", "fields": ["name", "name"]})j", "rules[0].fields"},
           {R"j({"kind": "required", "fields": ["name"], "params": {"x": 1}})j", "rules[0].params.x"},
           {R"j({"kind": "required", "fields": ["name"], "params": {"tolerance": 101}})j", "rules[0].params.tolerance"},
           {R"j({"kind": "range", "fields": ["staff"]})j", "rules[0].params.min"},
           {R"j({"kind": "range", "fields": ["staff"], "params": {"min": "a"}})j", "rules[0].params.min"},
           {R"j({"kind": "range", "fields": ["founded"], "params": {"max": "yesterday"}})j", "rules[0].params.max"},
           {R"j({"kind": "range", "fields": ["founded"], "params": {"max": 5}})j", "rules[0].params.max"},
           {R"j({"kind": "enumeration", "fields": ["kind"], "params": {"values": []}})j", "rules[0].params.values"},
           {R"j({"kind": "enumeration", "fields": ["kind"], "params": {"values": [1]}})j", "rules[0].params.values[0]"},
           {R"j({"kind": "length", "fields": ["kind"], "params": {"min": 5, "max": 2}})j", "rules[0].params.min"},
           {R"j({"kind": "format", "fields": ["kind"], "params": {"format": "passport"}})j", "rules[0].params.format"},
           {R"j({"kind": "format", "fields": ["kind"], "params": {"format": "not_future"}})j", "rules[0].fields"},
           {R"j({"kind": "pattern", "fields": ["kind"], "params": {"pattern": "("}})j", "rules[0].params.pattern"},
           {R"j({"kind": "freshness", "severity": "reject"})j", "rules[0].severity"},
           {R"j({"kind": "expression", "params": {"sql": "staff > (SELECT 1)"}})j", "rules[0].params"},
           {R"j({"kind": "expression", "params": {"sql": "read_text('/etc/passwd') = ''"}})j", "rules[0].position 1"},
           {R"j({"kind": "expression", "params": {"sql": "true) OR (_id IN (SELECT 1)"}})j", "rules[0].params"},
           {R"j({"kind": "expression", "params": {"sql": "nosuch = 1"}})j", "rules[0].params"},
           {"{\"kind\": \"expression\", \"params\": {\"sql\": \"code = '\\u0001'\"}}", "rules[0].params.sql"},
           {R"j({"kind": "total", "params": {"aggregate": "avg", "dataset": "firms"}})j", "rules[0].params.aggregate"},
       }) {
    auto added = quality_->add(steward_, "firms", json::array{json::parse(c.rule)});
    ASSERT_FALSE(added) << c.rule;
    EXPECT_EQ(added.error().subject, c.subject) << c.rule << " " << added.error().detail;
    EXPECT_EQ(added.error().code, Code::invalid) << c.rule << " " << added.error().detail;
  }
  EXPECT_THAT(take(quality_->rules(steward_, "firms")), IsEmpty());
}

TEST_P(QualityTest, AnExpressionThatCannotBeComputedFailsThatRowAlone) {
  add("firms", R"([{"kind": "expression", "params": {"sql": "CAST(region AS INTEGER) > 0"}}])");
  auto verdict = examine(firms_, rows("(1, 'a', 'x', 'k', 1, 1, '2020-01-01', NULL, '110108'), (2, 'b', 'x', 'k', 1, 1, "
                                      "'2020-01-01', NULL, 'abc'), (3, 'c', 'x', 'k', 1, 1, '2020-01-01', NULL, NULL)"));
  EXPECT_EQ(told(verdict.check)["expression"], "1/3");
}

TEST_P(QualityTest, AFieldThatIsGoneFailsTheRuleAndSaysWhy) {
  auto rule = add("firms", R"([{"kind": "required", "fields": ["name"], "severity": "reject"}])").at(0);
  auto renamed = publish("firms", "SELECT 1 AS _id, 'a' AS title", {field("title", "标题", Type::text)});
  auto verdict = examine(renamed, "SELECT 1 AS _id, 'a' AS title");
  EXPECT_EQ(verdict.check.outcomes.at(0).failed, 1U);
  EXPECT_THAT(verdict.check.outcomes.at(0).note.zh, HasSubstr("已不存在"));
  EXPECT_EQ(verdict.rejected, 0U);
  EXPECT_FALSE(take(quality_->change(steward_, "firms", rule.id, {{"enabled", false}})).enabled);
  done(quality_->remove(steward_, "firms", rule.id));
  EXPECT_EQ(audited("quality.rule_remove"), 1U);
}

TEST_P(QualityTest, WhoSeesWhat) {
  add("firms", R"([{"kind": "required", "fields": ["name"]}])");
  auto job = take(quality_->request_check(steward_, "firms"));
  take(jobs_->run_now(job));
  EXPECT_FALSE(quality_->rules(user_, "firms"));
  EXPECT_THAT(take(quality_->overview(user_)).datasets, IsEmpty());
  auto id = take(quality_->checks(steward_, "firms", 1)).at(0).id;
  EXPECT_FALSE(quality_->check(user_, id));
  // A reader of another department sees the score, not the rows; and changes nothing.
  take(catalog_->change(steward_, firms_.id, {.readers = std::vector<std::string>{"d2"}}));
  EXPECT_EQ(take(quality_->rules(user_, "firms")).size(), 1U);
  EXPECT_EQ(take(quality_->overview(user_)).datasets.at(0).check->scores.total, 100.0);
  EXPECT_EQ(quality_->failures_dataset(user_, take(quality_->check(user_, id))).error().code, Code::forbidden);
  EXPECT_EQ(quality_->add(rival_, "firms", json::array{json::object{{"kind", "required"}, {"fields", json::array{"name"}}}})
                .error()
                .code,
            Code::forbidden);
  EXPECT_EQ(quality_->request_check(rival_, "firms").error().code, Code::forbidden);
  EXPECT_EQ(take(quality_->overview(steward_)).days.size(), 1U);
}

}  // namespace
}  // namespace qushu::quality
