#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>

#include "insight_fixture.h"

namespace qushu::insight {
namespace {

class LinkageTest : public InsightTest {
 protected:
  void SetUp() override {
    InsightTest::SetUp();
    firms_ = publish(one_, "firms", "企业登记",
                     "SELECT i AS _id, 'K' || i AS code, '企业' || i AS name, 1000 + i % 40 AS area FROM range(20000) t(i)",
                     {field("code", "统一社会信用代码", engine::Type::text, true), field("name", "企业名称"),
                      field("area", "区划", engine::Type::integer)});
    // Three quarters of the firms, written otherwise, and some that are nobody's.
    taxes_ =
        publish(one_, "taxes", "纳税人",
                "SELECT i AS _id, ' k' || (i + 5000) || ' ' AS no, CASE WHEN i % 2 = 0 THEN '企业' || (i + 5000) END AS name "
                "FROM range(16000) t(i)",
                {field("no", "税号"), field("name", "企业名称")});
    publish(one_, "visits", "检查记录", "SELECT i AS _id, 'K' || (i % 800) AS firm FROM range(30000) t(i)",
            {field("firm", "企业代码")});
    publish(two_, "secret", "对方数据", "SELECT i AS _id, 'K' || i AS code FROM range(20000) t(i)", {field("code", "代码")});
    publish(one_, "weather", "天气", "SELECT i AS _id, 'W' || i AS station FROM range(500) t(i)", {field("station", "站号")});
    run_jobs();
  }
  static const Suggestion* between(const Overview& overview, const std::string& x, const std::string& y) {
    for (const auto& s : overview.suggestions)
      if ((s.a.dataset.code == x && s.b.dataset.code == y) || (s.a.dataset.code == y && s.b.dataset.code == x)) return &s;
    return nullptr;
  }
  std::string firms_, taxes_;
};
QUSHU_ON_BOTH_STORES(LinkageTest);

TEST_P(LinkageTest, FindsWhatDescribesTheSame) {
  auto overview = take(insight_->linkage.overview(one_, "", ""));
  EXPECT_EQ(overview.datasets, 4U);
  EXPECT_EQ(overview.unsketched, 0U);
  const auto* same = between(overview, "firms", "taxes");
  ASSERT_NE(same, nullptr);
  EXPECT_EQ(same->kind, Kind::same);
  const auto& link = same->links.front();
  bool firms_first = same->a.dataset.code == "firms";
  // 15,000 of 20,000 firms, 15,000 of 16,000 taxpayers.
  EXPECT_NEAR(firms_first ? link.a_in_b : link.b_in_a, 0.75, 0.06);
  EXPECT_NEAR(firms_first ? link.b_in_a : link.a_in_b, 0.9375, 0.04);
  EXPECT_GT(link.error, 0);
  EXPECT_EQ(same->proposed_id, firms_) << "the key, the wider and the fuller one";
  auto twice = std::ranges::any_of(same->twins, [](const Twin& t) { return t.field_a == "name" && t.field_b == "name"; });
  EXPECT_TRUE(twice);
  const auto* refers = between(overview, "firms", "visits");
  ASSERT_NE(refers, nullptr);
  EXPECT_EQ(refers->kind, Kind::refers);
  EXPECT_EQ(refers->proposed_id, firms_);
  EXPECT_EQ(between(overview, "firms", "weather"), nullptr);
  EXPECT_EQ(take(insight_->linkage.overview(one_, "weather", "")).suggestions.size(), 0U);
}

TEST_P(LinkageTest, ShowsOnlyWhatTheCallerMaySee) {
  EXPECT_EQ(between(take(insight_->linkage.overview(one_, "", "")), "firms", "secret"), nullptr);
  EXPECT_TRUE(take(insight_->linkage.overview(two_, "", "")).suggestions.empty());
  EXPECT_FALSE(insight_->linkage.overview(one_, "secret", ""));
  EXPECT_NE(between(take(insight_->linkage.overview(all_, "", "")), "firms", "secret"), nullptr);
  EXPECT_EQ(insight_->linkage.verify(one_, "firms", "code", "secret", "code", {}).error().code, Code::not_found);
}

TEST_P(LinkageTest, CountsExactlyOnDemand) {
  auto link = take(insight_->linkage.verify(one_, "firms", "code", "taxes", "no", {}));
  EXPECT_DOUBLE_EQ(link.a_in_b, 0.75);
  EXPECT_DOUBLE_EQ(link.b_in_a, 0.9375);
  auto overview = take(insight_->linkage.overview(one_, "taxes", ""));
  const auto* same = between(overview, "firms", "taxes");
  ASSERT_NE(same, nullptr);
  EXPECT_TRUE(
      std::ranges::any_of(same->links, [](const Link& l) { return l.exact && (l.a_in_b == 0.75 || l.b_in_a == 0.75); }));
  EXPECT_EQ(insight_->linkage.verify(one_, "firms", "nosuch", "taxes", "no", {}).error().subject, "nosuch");
}

TEST_P(LinkageTest, DecisionsAreKeptAndAudited) {
  Linkage::NewDecision decision{
      .dataset_a = "taxes", .dataset_b = "firms", .state = "confirmed", .source = "firms", .note = "登记在先"};
  take(store().write([&](store::Transaction&) -> Result<int> { return 0; }));
  ASSERT_TRUE(insight_->linkage.decide(one_, decision));
  auto confirmed = take(insight_->linkage.overview(one_, "", "confirmed"));
  ASSERT_EQ(confirmed.suggestions.size(), 1U);
  EXPECT_EQ(confirmed.suggestions[0].decision->source_id, firms_);
  EXPECT_EQ(confirmed.suggestions[0].decision->person_name, "管理员d1");
  audit::Query query;
  query.action = "linkage.decide";
  EXPECT_EQ(take(audit_->search(query)).size(), 1U);
  decision.source = "weather";
  EXPECT_EQ(insight_->linkage.decide(one_, decision).error().subject, "source");
  decision.state = "open";
  ASSERT_TRUE(insight_->linkage.decide(one_, decision));
  EXPECT_TRUE(take(insight_->linkage.overview(one_, "", "confirmed")).suggestions.empty());
  // Not by those who answer for one of them only.
  take(catalog_->change(one_, firms_, {.readers = {{two_.department_id}}}));
  EXPECT_EQ(insight_->linkage.decide(two_, {.dataset_a = "firms", .dataset_b = "secret", .state = "dismissed"}).error().code,
            Code::forbidden);
}

TEST_P(LinkageTest, ANewVersionIsComparedAgain) {
  publish(one_, "taxes", "纳税人", "SELECT i AS _id, 'X' || i AS no, 'Y' || i AS name FROM range(1000) t(i)",
          {field("no", "税号"), field("name", "企业名称")});
  EXPECT_EQ(take(insight_->linkage.overview(one_, "", "")).unsketched, 1U);
  run_jobs();
  auto overview = take(insight_->linkage.overview(one_, "", ""));
  EXPECT_EQ(overview.unsketched, 0U);
  EXPECT_EQ(between(overview, "firms", "taxes"), nullptr);
  EXPECT_NE(between(overview, "firms", "visits"), nullptr);
}

TEST_P(LinkageTest, SketchesThatAreMissingAreQueuedOnce) {
  EXPECT_EQ(take(insight_->linkage.refresh(one_)), 0U);
  auto gone =
      store().write([&](store::Transaction& t) { return t.exec("DELETE FROM linkage_sketch WHERE dataset_id = ?", {firms_}); });
  ASSERT_TRUE(gone);
  EXPECT_EQ(take(insight_->linkage.refresh(two_)), 0U);
  EXPECT_EQ(take(insight_->linkage.refresh(one_)), 1U);
}

}  // namespace
}  // namespace qushu::insight
