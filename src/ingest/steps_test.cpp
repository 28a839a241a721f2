#include "qushu/ingest/steps.h"

#include <gmock/gmock.h>

#include "qushu/ingest/ingest.h"
#include "qushu/ingest/trace.h"

#include "store_fixture.h"

namespace qushu::ingest {
namespace {

// A catalogue with two datasets, one of each department.
class StepsTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (auto specs : {audit::settings(), engine::settings(), step_settings()}) settings_.declare(specs);
    open_with(audit::migrations(), catalog::migrations(), trace_migrations());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_,
        [] {
          return Result<std::map<std::string, std::string>>(
              std::map<std::string, std::string>{{"d1", "市场监管局"}, {"d2", "民政局"}});
        },
        system_clock()));
    policy_ = std::make_unique<sharing::Policy>(*catalog_, *blobs_);
    steps_ = std::make_unique<Steps>(*engine_, *blobs_, *policy_, settings_);
    owner_.person_id = "p1";
    owner_.department_id = "d1";
    owner_.may = permissions({Permission::dataset_read, Permission::dataset_write});
    owner_.via = "session";
    firms_ =
        publish("firms", "企业登记", "d1", "SELECT i AS _id, 'K' || i AS code, '企业' || i AS name FROM range(1, 101) t(i)",
                {{.id = "code", .name = "代码"}, {.id = "name", .name = "名称"}});
    publish("poor", "低保对象", "d2", "SELECT i AS _id, 'P' || i AS code FROM range(1, 11) t(i)",
            {{.id = "code", .name = "编号"}});
    input_ = folder() / "input.parquet";
    take(engine_->execute(
        {.sql = "COPY (SELECT i AS _id, 'K' || (i % 50) AS code, i * 10 AS amount FROM range(1, 201) t(i)) TO " +
                engine::quote_text(input_.string()) + " (FORMAT parquet)"}));
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  std::string publish(const std::string& code, const std::string& title, const std::string& department, const std::string& sql,
                      std::vector<catalog::Field> fields) {
    auto part = blobs_->temporary_folder() / (code + ".parquet");
    auto rows =
        take(engine_->execute({.sql = "COPY (" + sql + ") TO " + engine::quote_text(part.string()) + " (FORMAT parquet)"}));
    catalog::Version version;
    version.fields = std::move(fields);
    auto blob = take(blobs_->adopt(part));
    version.parts = {{.blob = blob.sha256, .rows = rows, .bytes = blob.size}};
    version.read = version.published = rows;
    return take(store().write([&](store::Transaction& t) -> Result<std::string> {
      QS_TRY(auto added, catalog_->add(t, owner_, {.code = code, .title = title, .department_id = department}));
      QS_CHECK(catalog_->publish(t, owner_, added.id, version));
      return added.id;
    }));
  }
  [[nodiscard]] StepInput input() const {
    return {.select = "SELECT * FROM " + engine::parquet_scan({input_}), .files = {input_}};
  }
  [[nodiscard]] StepRun as_owner() const { return {.owner = owner_, .at = *parse_iso("2026-11-23T14:05:09Z")}; }
  std::string first_row(const std::filesystem::path& file) {
    auto cursor = take(engine_->run({.sql = "SELECT * FROM " + engine::parquet_scan({file}) + " ORDER BY _id LIMIT 1"}));
    const auto* chunk = take(cursor->next());
    std::string out;
    for (std::size_t c = 0; chunk != nullptr && c < cursor->columns().size(); ++c) {
      out += c == 0 ? "" : "|";
      if (!chunk->is_null(c, 0)) chunk->append_text(c, 0, out);
    }
    return out;
  }

  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<sharing::Policy> policy_;
  std::unique_ptr<Steps> steps_;
  Actor owner_;
  std::string firms_;
  std::filesystem::path input_;
};

QUSHU_ON_BOTH_STORES(StepsTest);

const StepPlan kPlan{
    .steps = {{.name = "sums", .sql = "SELECT code, sum(amount) AS total FROM input WHERE amount >= $least GROUP BY code"},
              {.name = "named",
               .sql = "SELECT s.code, f.名称 AS name, s.total, $run_date AS day FROM sums s JOIN 企业登记 f ON f.代码 = s.code "
                      "ORDER BY s.code",
               .title = "加上名称"}},
    .parameters = {{.name = "least", .type = engine::Type::integer, .otherwise = "20"}}};

TEST_P(StepsTest, AreCheckedTriedAndRun) {
  auto checked = steps_->check(kPlan, input(), as_owner());
  ASSERT_TRUE(checked) << checked.error().text.en << checked.error().detail;
  ASSERT_EQ(checked->steps.size(), 2U);
  EXPECT_EQ(checked->steps[1].columns[3].type, engine::Type::date);
  ASSERT_EQ(checked->datasets.size(), 1U);
  EXPECT_EQ(checked->datasets[0].code, "firms");
  EXPECT_EQ(checked->steps[1].lineage.columns[1].from, (std::set<engine::Origin>{{.relation = "企业登记", .column = "名称"}}));

  auto tried = steps_->sample(kPlan, input(), as_owner(), 60, 5);
  ASSERT_TRUE(tried) << tried.error().text.en;
  EXPECT_EQ(tried->steps[0].reads[0].rows, 60U);
  EXPECT_EQ(tried->steps[0].rows, 50U);
  EXPECT_EQ(tried->steps[0].first.size(), 5U);
  EXPECT_EQ(tried->steps[1].rows, 49U);  // K0 is nobody's

  auto ran = steps_->run(kPlan, input(), as_owner(), 500);
  ASSERT_TRUE(ran) << ran.error().text.en << ran.error().detail;
  EXPECT_EQ(ran->rows, 49U);
  EXPECT_EQ(first_row(ran->file), "500|K1|企业1|3030|2026-11-23");
  auto run = as_owner();
  run.values["least"] = "1990";
  EXPECT_EQ(take(steps_->run(kPlan, input(), run)).rows, 1U);
}

TEST_P(StepsTest, ReadOnlyWhatTheOwnerMayRead) {
  StepPlan plan{.steps = {{.name = "others", .sql = "SELECT * FROM poor"}}};
  auto refused = steps_->check(plan, input(), as_owner());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "sql.table");
  EXPECT_FALSE(refused.error().text.zh.contains("低保"));
  auto run = as_owner();
  run.owner = Actor::system();
  EXPECT_TRUE(steps_->check(plan, input(), run));
}

TEST_P(StepsTest, SayWhatAnItemThatIsNamedIsCalled) {
  StepPlan plan{.steps = {{.name = "named", .sql = "SELECT f.名称 FROM firms f JOIN input USING (code)"}}};
  auto refused = steps_->check(plan, input(), as_owner());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().text.zh.ends_with("标识符 name")) << refused.error().text.zh;
  auto labelled = input();
  labelled.labels = {{.name = "金额", .column = "amount"}};
  plan.steps[0].sql = "SELECT sum(金额) AS total FROM input";
  refused = steps_->check(plan, labelled, as_owner());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().text.zh.ends_with("标识符 amount")) << refused.error().text.zh;
}

TEST_P(StepsTest, RefuseWhatCannotBeMeant) {
  struct Bad {
    StepPlan plan;
    std::string id, subject;
  };
  const std::vector<Bad> bad{{{.steps = {}}, "steps.none", "steps"},
                             {{.steps = {{.name = "1st", .sql = "SELECT 1"}}}, "steps.name", "steps[0].name"},
                             {{.steps = {{.name = "input", .sql = "SELECT 1"}}}, "steps.name", "steps[0].name"},
                             {{.steps = {{.name = "firms", .sql = "SELECT * FROM firms"}}}, "steps.name", "steps[0].name"},
                             {{.steps = {{.name = "a", .sql = "SELECT 1 AS x"}, {.name = "a", .sql = "SELECT 2 AS x"}}},
                              "steps.name",
                              "steps[1].name"},
                             {{.steps = {{.name = "a", .sql = "  "}}}, "steps.sql", "steps[0].sql"},
                             {{.steps = {{.name = "a", .sql = "SELECT $who AS x"}}}, "steps.parameter", "steps[0].sql"},
                             {{.steps = {{.name = "a", .sql = "SELECT code FROM input UNION ALL SELECT amount, 1 FROM input"}}},
                              "sql.failed",
                              "steps[0].sql"},
                             {{.steps = {{.name = "a", .sql = "SELECT 1 AS x"}}, .parameters = {{.name = "Bad Name"}}},
                              "steps.parameter",
                              "parameters[0].name"}};
  for (const auto& b : bad) {
    auto refused = steps_->check(b.plan, input(), as_owner());
    ASSERT_FALSE(refused) << b.id;
    EXPECT_EQ(refused.error().id, b.id) << refused.error().text.en;
    EXPECT_THAT(refused.error().subject, ::testing::StartsWith(b.subject)) << refused.error().text.en;
  }
  auto run = as_owner();
  run.values["unknown"] = "1";
  EXPECT_EQ(steps_->check(kPlan, input(), run).error().subject, "values.unknown");
}

TEST_P(StepsTest, APlanIsKeptAsJson) {
  auto again = step_plan_of(to_json(kPlan));
  ASSERT_EQ(again.steps.size(), 2U);
  EXPECT_EQ(again.steps[1].title, "加上名称");
  EXPECT_EQ(again.steps[0].sql, kPlan.steps[0].sql);
  ASSERT_EQ(again.parameters.size(), 1U);
  EXPECT_EQ(again.parameters[0].type, engine::Type::integer);
  EXPECT_EQ(again.parameters[0].otherwise, "20");
}

TEST_P(StepsTest, ATraceIsKeptWithItsVersion) {
  auto report = take(steps_->check(kPlan, input(), as_owner()));
  Trace trace{
      .pipeline_id = "pl",
      .pipeline_code = "sums",
      .pipeline_title = "汇总",
      .run_id = "r",
      .inputs =
          {{.relation = "input", .kind = "table", .id = "s1", .name = "业务库", .location = "public.pay", .columns = {"code"}},
           {.relation = "企业登记", .kind = "dataset", .id = firms_, .name = "企业登记"}},
      .steps = trace_of(kPlan, report),
      .fields = {{.name = "name", .from = {{.relation = "named", .column = "name"}}, .copied = true}}};
  take(store().write([&](store::Transaction& t) -> Result<int> {
    QS_CHECK(keep_trace(t, firms_, 1, trace));
    return 0;
  }));
  auto found = take(store().read([&](store::Session& s) { return find_trace(s, firms_, 1); }));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->inputs[0].location, "public.pay");
  EXPECT_EQ(found->steps[1].columns[1].from, (std::set<engine::Origin>{{.relation = "企业登记", .column = "名称"}}));
  EXPECT_TRUE(found->steps[1].columns[1].copied);
  EXPECT_EQ(found->fields[0].name, "name");
  auto dependants = take(store().read([&](store::Session& s) { return dependants_of(s, "s1"); }));
  ASSERT_EQ(dependants.size(), 1U);
  EXPECT_EQ(dependants[0].dataset_id, firms_);
  EXPECT_FALSE(take(store().read([&](store::Session& s) { return find_trace(s, firms_, 2); })));
}

}  // namespace
}  // namespace qushu::ingest
