#include <algorithm>

#include <gmock/gmock.h>

#include "insight_fixture.h"

namespace qushu::insight {
namespace {

using engine::Type;

// A source is gathered by a pipeline in two steps, one of which joins another department's dataset; a third dataset is made of
// the result.
class LineageGraphTest : public InsightTest {
 protected:
  void SetUp() override {
    InsightTest::SetUp();
    firms_ = publish(two_, "firms", "企业登记", "SELECT i AS _id, 'K' || i AS code, '企业' || i AS name FROM range(100) t(i)",
                     {field("code", "代码"), field("name", "名称")});
    change({.readers = {{one_.department_id}}});
    ingest::Trace trace{.pipeline_id = "p1",
                        .pipeline_code = "pays",
                        .pipeline_title = "归集缴费",
                        .run_id = "r1",
                        .inputs = {{.relation = "input",
                                    .kind = "table",
                                    .id = "s1",
                                    .name = "业务库",
                                    .location = "public.pay",
                                    .columns = {"code", "amount", "at"}},
                                   {.relation = "企业登记", .kind = "dataset", .id = firms_, .name = "企业登记"}},
                        .steps = {{.name = "sums",
                                   .title = "汇总",
                                   .sql = "SELECT code, sum(amount) AS total FROM input WHERE at > $since GROUP BY code",
                                   .columns = {{.name = "code", .from = {{"input", "code"}}, .copied = true},
                                               {.name = "total", .from = {{"input", "amount"}}}},
                                   .conditions = {{"input", "at"}, {"input", "code"}}},
                                  {.name = "named",
                                   .title = "加名称",
                                   .sql = "SELECT s.code, f.名称, s.total FROM sums s JOIN 企业登记 f ON f.代码 = s.code",
                                   .columns = {{.name = "code", .from = {{"sums", "code"}}, .copied = true},
                                               {.name = "名称", .from = {{"企业登记", "名称"}}, .copied = true},
                                               {.name = "total", .from = {{"sums", "total"}}, .copied = true}},
                                   .conditions = {{"企业登记", "代码"}, {"sums", "code"}}}},
                        .fields = {{.name = "code", .from = {{"named", "code"}}, .copied = true},
                                   {.name = "firm", .from = {{"named", "名称"}}, .copied = true},
                                   {.name = "total", .from = {{"named", "total"}}, .copied = true}}};
    pays_ =
        publish(one_, "pays", "缴费", "SELECT i AS _id, 'K' || i AS code, '企业' || i AS firm, i AS total FROM range(50) t(i)",
                {field("code", "代码"), field("firm", "企业"), field("total", "合计", Type::integer)}, &trace);
    ingest::Trace report{.pipeline_id = "p2",
                         .pipeline_code = "report",
                         .pipeline_title = "月报",
                         .run_id = "r2",
                         .inputs = {{.relation = "pays", .kind = "dataset", .id = pays_, .name = "缴费"}},
                         .steps = {{.name = "months",
                                    .sql = "SELECT sum(total) AS total FROM pays",
                                    .columns = {{.name = "total", .from = {{"pays", "total"}}}}}},
                         .fields = {{.name = "total", .from = {{"months", "total"}}, .copied = true}}};
    report_ =
        publish(one_, "report", "缴费月报", "SELECT 1 AS _id, 1 AS total", {field("total", "合计", Type::integer)}, &report);
  }
  void change(const catalog::DatasetChange& change) { take(catalog_->change(two_, firms_, change)); }

  static const Node* find(const Graph& graph, const std::string& title) {
    auto found = std::ranges::find(graph.nodes, title, &Node::title);
    return found == graph.nodes.end() ? nullptr : &*found;
  }
  static std::vector<std::string> titles(const Graph& graph) {
    std::vector<std::string> out;
    for (const auto& node : graph.nodes) out.push_back(node.hidden ? "?" : node.title);
    std::ranges::sort(out);
    return out;
  }
  std::string firms_, pays_, report_;
};
QUSHU_ON_BOTH_STORES(LineageGraphTest);

TEST_P(LineageGraphTest, IsAnsweredBothWays) {
  auto graph = take(insight_->lineage.graph(one_, {.dataset = "pays"}));
  EXPECT_THAT(titles(graph), ::testing::UnorderedElementsAre("缴费", "业务库", "归集缴费", "汇总", "加名称", "企业登记",
                                                             "firms.csv", "months", "缴费月报"));
  EXPECT_EQ(find(graph, "缴费月报")->distance, 2);
  EXPECT_EQ(find(graph, "业务库")->distance, -4);
  auto up = take(insight_->lineage.graph(one_, {.dataset = "pays", .direction = Direction::up}));
  EXPECT_EQ(find(up, "缴费月报"), nullptr);
  auto down = take(insight_->lineage.graph(one_, {.dataset = "firms", .direction = Direction::down}));
  EXPECT_THAT(titles(down), ::testing::IsSupersetOf({"企业登记", "加名称", "缴费", "缴费月报"}));
}

TEST_P(LineageGraphTest, FollowsOneField) {
  auto graph = take(insight_->lineage.graph(one_, {.dataset = "pays", .field = "合计"}));
  EXPECT_EQ(find(graph, "企业登记"), nullptr) << "the total does not come from the name";
  EXPECT_EQ(find(graph, "业务库")->touched, std::vector<std::string>{"amount"});
  EXPECT_EQ(find(graph, "缴费月报")->touched, std::vector<std::string>{"total"});
  auto name = take(insight_->lineage.graph(one_, {.dataset = "pays", .field = "firm"}));
  EXPECT_EQ(find(name, "企业登记")->touched, std::vector<std::string>{"name"});
  EXPECT_EQ(find(name, "缴费月报"), nullptr);
  auto key = take(insight_->lineage.graph(one_, {.dataset = "firms", .field = "代码", .direction = Direction::down}));
  EXPECT_NE(find(key, "缴费月报"), nullptr) << "it decides which rows there are";
  auto wrong = insight_->lineage.graph(one_, {.dataset = "pays", .field = "nosuch"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().subject, "field");
}

TEST_P(LineageGraphTest, WhatTheCallerMayNotKnowHasNoName) {
  change({.readers = std::vector<std::string>{}});
  auto graph = take(insight_->lineage.graph(one_, {.dataset = "pays"}));
  auto hidden = std::ranges::find(graph.nodes, true, &Node::hidden);
  ASSERT_NE(hidden, graph.nodes.end());
  EXPECT_TRUE(hidden->title.empty() && hidden->code.empty() && hidden->columns.empty());
  EXPECT_FALSE(json::serialize(to_json(graph)).contains("firms")) << "no other place gives it away";
  EXPECT_FALSE(insight_->lineage.graph(one_, {.dataset = "firms"}));
  // Its own department sees that something depends on it, and not what.
  auto down = take(insight_->lineage.graph(two_, {.dataset = "firms", .direction = Direction::down}));
  EXPECT_FALSE(json::serialize(to_json(down)).contains("缴费"));
  auto impact = impact_of(down, Lang::zh);
  ASSERT_FALSE(impact.empty());
  EXPECT_EQ(impact[0].at("title"), "无权查看");
}

TEST_P(LineageGraphTest, ThoseWhoReadItAreTold) {
  insight_->lineage.note_sql(two_, "SELECT 名称 FROM 企业登记 WHERE 代码 = 'K1'");
  insight_->lineage.note_sql(one_, "SELECT name FROM firms");
  insight_->lineage.note_sql(one_, "SELECT name FROM firms");
  insight_->lineage.note_sql(one_, "SELECT * FROM nosuch");
  audit_->count_access(one_, "dataset", firms_, "export", 100);
  auto graph = take(insight_->lineage.graph(two_, {.dataset = "firms", .direction = Direction::down}));
  const auto* reader = find(graph, "管理员d1");
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->calls, 3);
  EXPECT_EQ(reader->detail, "部门d1");
  // Those who may not change the dataset see how many there are.
  auto others = take(insight_->lineage.graph(one_, {.dataset = "firms", .direction = Direction::down}));
  EXPECT_EQ(find(others, "管理员d2"), nullptr);
  EXPECT_TRUE(std::ranges::any_of(others.nodes,
                                  [](const Node& n) { return n.kind == NodeKind::reader && n.hidden && n.detail == "2"; }));
  // By field: the code is used by one of them for certain, and perhaps by the other's export.
  auto code = take(insight_->lineage.graph(two_, {.dataset = "firms", .field = "code", .direction = Direction::down}));
  EXPECT_TRUE(find(code, "管理员d2")->certain);
  EXPECT_FALSE(find(code, "管理员d1")->certain);
  auto csv = impact_csv(code, Lang::zh);
  EXPECT_THAT(csv, ::testing::HasSubstr("管理员d2,部门d2"));
}

TEST_P(LineageGraphTest, RowsThatWereAddedLaterHaveSourcesOfTheirOwn) {
  auto id = publish(one_, "log", "日志", "SELECT i AS _id, 'x' AS code FROM range(5) t(i)", {field("code", "代码")});
  auto version = take(catalog_->version(id, 0));
  auto more = [&](std::string file, bool pushed) {
    version.mode = "append";
    version.base = version.number;
    version.pushed = pushed;
    version.read = version.added = version.changed = version.deleted = version.unchanged = version.rejected = 0;
    version.origins = {{.import_id = "", .file_name = std::move(file), .file_blob = version.parts[0].blob, .table = "2"}};
    version.number = take(store().write([&](store::Transaction& t) { return catalog_->publish(t, one_, id, version); }));
  };
  more("二月.csv", false);
  more("", true);
  EXPECT_THAT(titles(take(insight_->lineage.graph(one_, {.dataset = "log"}))),
              ::testing::UnorderedElementsAre("日志", "log.csv", "二月.csv", "接口推送"));
}

TEST_P(LineageGraphTest, IsBounded) {
  take(settings_.set("insight.lineage_nodes", "10"));
  for (int i = 0; i < 12; ++i) {
    ingest::Trace trace{.pipeline_id = fmt::format("q{}", i),
                        .inputs = {{.relation = "pays", .kind = "dataset", .id = pays_, .name = "缴费"}},
                        .fields = {{.name = "code", .from = {{"pays", "code"}}, .copied = true}}};
    publish(one_, fmt::format("copy_{}", i), fmt::format("副本{}", i), "SELECT 1 AS _id, 'x' AS code", {field("code", "代码")},
            &trace);
  }
  auto graph = take(insight_->lineage.graph(one_, {.dataset = "pays"}));
  EXPECT_EQ(graph.nodes.size(), 10U);
  EXPECT_FALSE(graph.complete);
}

}  // namespace
}  // namespace qushu::insight
