#include "qushu/ingest/pipelines.h"

#include <gmock/gmock.h>

#include "qushu/audit/readers.h"
#include "qushu/ingest/trace.h"
#include "qushu/notify/notices.h"

#include "change_fixture.h"
#include "gather.h"

namespace qushu::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Pipelines over a department's SQLite file.
class PipelinesTest : public ChangeTest {
 protected:
  void SetUp() override {
    ChangeTest::SetUp();
    open_with(audit::migrations(), catalog::migrations(), jobs::migrations(), identity::migrations(), calendar::migrations(),
              sources::migrations(), migrations(), trace_migrations(), pipeline_migrations(), notify::notice_migrations());
    for (auto specs : {jobs::settings(), identity::settings(), calendar::settings(), sources::settings(), tabular::settings(),
                       step_settings(), pipeline_settings()})
      settings_.declare(specs);
    std::filesystem::create_directories(folder() / "bureau");
    take(settings_.set("sources.folder", (folder() / "bureau").string()));
    clock_ = std::make_unique<ManualClock>(*parse_iso("2026-11-23T00:00:30Z"));
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", system_clock()));
    (void)take(identity_->first_start("区政府"));
    calendar_ = take(calendar::Calendar::open(store(), *audit_, settings_, *clock_));
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, *clock_));
    policy_ = std::make_unique<sharing::Policy>(*catalog_, *blobs_);
    steps_ = std::make_unique<Steps>(*engine_, *blobs_, *policy_, settings_);
    std::filesystem::create_directories(folder() / "keys");
    std::filesystem::create_directories(folder() / "scratch2");
    sources_ = take(sources::Sources::open({.store = store(),
                                            .blobs = *blobs_,
                                            .engine = *engine_,
                                            .audit = *audit_,
                                            .identity = *identity_,
                                            .settings = settings_,
                                            .key_folder = folder() / "keys",
                                            .scratch = folder() / "scratch2",
                                            .clock = system_clock()}));
    pipelines_ = open();
    actor_ = Actor::operator_on_console("tester");
    department_ = take(identity_->departments()).front().id;
    actor_.department_id = department_;
    sql("CREATE TABLE firm (id INTEGER PRIMARY KEY, name TEXT, capital TEXT)");
    sql("INSERT INTO firm VALUES (1, '甲', '1.5'), (2, '乙', '2'), (3, '丙', '3')");
    (void)take(sources_->add(actor_, {.code = "bureau",
                                      .name = "业务库",
                                      .kind = sources::Kind::sqlite,
                                      .department = department_,
                                      .settings = {{"file", "bureau.db"}}}));
  }
  void take(Result<void> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
  }
  using ChangeTest::take;

  std::unique_ptr<Pipelines> open() {
    return Pipelines::open({.store = store(),
                            .blobs = *blobs_,
                            .engine = *engine_,
                            .audit = *audit_,
                            .jobs = *jobs_,
                            .identity = *identity_,
                            .calendar = *calendar_,
                            .catalog = *catalog_,
                            .policy = *policy_,
                            .changes = *changes_,
                            .sources = *sources_,
                            .steps = *steps_,
                            .settings = settings_,
                            .clock = *clock_});
  }
  // What the department does in its own database.
  void sql(std::string_view statement) {
    auto opened =
        take(store::Store::open({.url = "sqlite://" + (folder() / "bureau" / "bureau.db").string(), .connections = 1}));
    (void)take(opened->write([&](store::Transaction& t) { return t.exec(statement); }));
  }
  Pipeline definition(json::object more = {}) {
    json::object document{{"code", "firms_p"},
                          {"title", "归集企业"},
                          {"source", "bureau"},
                          {"department_id", department_},
                          {"selection", json::object{{"table", "firm"}}},
                          {"dataset", "gathered"},
                          {"mode", "full"}};
    for (auto& [key, value] : more) document[key] = value;
    return take(pipeline_of(document));
  }
  static json::array fields(bool keyed = true) {
    return {json::object{{"column", "id"}, {"name", "编号"}, {"type", "integer"}, {"key", keyed}},
            json::object{{"column", "name"}, {"name", "名称"}, {"type", "text"}},
            json::object{
                {"column", "capital"}, {"name", "资本"}, {"type", "decimal"}, {"width", 10}, {"scale", 1}, {"seen", "text"}}};
  }
  ingest::Run run(const std::string& code = "firms_p") {
    auto queued = take(pipelines_->run(actor_, code));
    return finish(queued);
  }
  ingest::Run finish(const ingest::Run& queued) {
    (void)take(jobs_->run_now(queued.job_id));
    return take(pipelines_->find_run(actor_, queued.id));
  }
  static std::vector<std::uint64_t> counts(const ingest::Run& r) {
    return {r.read, r.added, r.changed, r.deleted, r.unchanged, r.rejected};
  }
  std::vector<std::string> gathered() {
    auto dataset = take(catalog_->find({.all = true}, "gathered"));
    return rows(take(catalog_->version(dataset.id, 0)));
  }

  std::unique_ptr<ManualClock> clock_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<calendar::Calendar> calendar_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<sharing::Policy> policy_;
  std::unique_ptr<Steps> steps_;
  std::unique_ptr<sources::Sources> sources_;
  std::unique_ptr<Pipelines> pipelines_;
  std::string department_;
  Actor actor_;
};
QUSHU_ON_BOTH_STORES(PipelinesTest);

TEST_P(PipelinesTest, EachModeCountsWhatItChanges) {
  (void)take(pipelines_->add(actor_, definition({{"fields", fields()}})));
  auto first = run();
  EXPECT_EQ(first.state, "succeeded") << (first.error ? first.error->text.en : "");
  EXPECT_THAT(counts(first), ElementsAre(3, 3, 0, 0, 0, 0));
  EXPECT_THAT(gathered(), ElementsAre("1|甲|1.5", "2|乙|2.0", "3|丙|3.0"));
  EXPECT_EQ(run().version, 0);  // nothing differs
  sql("UPDATE firm SET name = '改' WHERE id = 2");
  sql("DELETE FROM firm WHERE id = 3");
  sql("INSERT INTO firm VALUES (4, '丁', '九'), (5, '戊', '1.25'), (6, '己', '6')");
  auto second = run();
  EXPECT_THAT(counts(second), ElementsAre(5, 1, 1, 1, 1, 2));
  EXPECT_THAT(gathered(), ElementsAre("1|甲|1.5", "2|改|2.0", "6|己|6.0"));
  auto version = take(catalog_->version(take(catalog_->find({.all = true}, "gathered")).id, 0));
  auto why = rejects(version);
  ASSERT_EQ(why.size(), 2U);
  EXPECT_THAT(why[0] + why[1],
              ::testing::AllOf(HasSubstr("capital"), HasSubstr("九"), HasSubstr("1.25"), HasSubstr("at most 9 digits")));
  auto trace = take(store().read([&](store::Session& s) { return find_trace(s, version.dataset_id, version.number); }));
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->fields[1].from, (std::set<engine::Origin>{{"input", "name"}}));
}

TEST_P(PipelinesTest, AnUpsertRemovesWhatIsGone) {
  (void)take(pipelines_->add(actor_, definition({{"fields", fields()}, {"mode", "upsert"}, {"delete_missing", true}})));
  (void)run();
  sql("DELETE FROM firm WHERE id = 1");
  EXPECT_THAT(counts(run()), ElementsAre(2, 0, 0, 1, 2, 0));
}

TEST_P(PipelinesTest, WhatWouldTakeMostRowsAwayAsksFirst) {
  for (const auto* mode : {"full", "upsert"}) {
    auto code = fmt::format("p_{}", mode);
    json::object more{{"fields", fields()}, {"code", code}, {"dataset", code}, {"mode", mode}};
    if (code == "p_upsert") more["delete_missing"] = true;
    (void)take(pipelines_->add(actor_, definition(more)));
    ASSERT_EQ(run(code).state, "succeeded");
    sql("CREATE TABLE kept AS SELECT * FROM firm");
    sql("DELETE FROM firm");
    auto waiting = run(code);
    ASSERT_EQ(waiting.state, "waiting") << (waiting.error ? waiting.error->text.en : "");
    ASSERT_TRUE(waiting.loss);
    EXPECT_EQ(waiting.loss->before, 3U);
    EXPECT_EQ(waiting.loss->after, 0U);
    EXPECT_EQ(take(catalog_->find({.all = true}, code)).rows, 3U);
    EXPECT_EQ(pipelines_->decide(actor_, waiting.id, {}).error().subject, "accept_loss");
    auto done = finish(take(pipelines_->decide(actor_, waiting.id, {}, true)));
    EXPECT_EQ(done.state, "succeeded") << (done.error ? done.error->text.en : "");
    EXPECT_EQ(take(catalog_->find({.all = true}, code)).rows, 0U);
    sql("INSERT INTO firm SELECT * FROM kept");
    sql("DROP TABLE kept");
  }
}

TEST_P(PipelinesTest, OneWrongMomentDoesNotHideTheRowsThatCome) {
  sql("CREATE TABLE visit (id INTEGER PRIMARY KEY, at DATETIME)");
  sql("INSERT INTO visit VALUES (1, '2026-11-22 10:00:00'), (2, '2099-01-01 00:00:00'), (3, NULL)");
  (void)take(pipelines_->add(
      actor_,
      definition({{"selection", json::object{{"table", "visit"}}},
                  {"fields", json::array{json::object{{"column", "id"}, {"name", "编号"}, {"type", "integer"}, {"key", true}},
                                         json::object{{"column", "at"}, {"name", "时间"}, {"type", "datetime"}}}},
                  {"mode", "incremental"},
                  {"watermark", json::object{{"column", "at"}, {"kind", "timestamp"}}}})));
  auto first = run();
  ASSERT_EQ(first.state, "succeeded") << (first.error ? first.error->text.en : "");
  EXPECT_THAT(first.position_after, ::testing::StartsWith("2026-11-22T10:00:00"));
  ASSERT_EQ(first.warnings.size(), 2U);
  EXPECT_THAT(first.warnings[0].en, HasSubstr("1 rows have a time in the future in “at”"));
  EXPECT_THAT(first.warnings[1].en, HasSubstr("1 rows have nothing in “at”"));
  // What comes later is read, without a moment or behind the wrong one.
  sql("INSERT INTO visit VALUES (4, '2026-11-22 11:00:00'), (5, NULL)");
  auto second = run();
  EXPECT_EQ(second.added, 2U);
  EXPECT_EQ(take(catalog_->find({.all = true}, "gathered")).rows, 5U);
  // A position that went ahead before: everything is read once more.
  (void)take(
      store().write([&](store::Transaction& t) { return t.exec("UPDATE pipeline SET position = '2099-01-01T00:00:00'"); }));
  sql("INSERT INTO visit VALUES (6, '2026-11-22 09:00:00')");
  auto third = run();
  EXPECT_EQ(third.added, 1U);
  EXPECT_THAT(third.position_after, ::testing::StartsWith("2026-11-22T11:00:00"));
}

TEST_P(PipelinesTest, TheWatermarkIsWhereTheDataIs) {
  (void)take(pipelines_->add(actor_, definition({{"fields", fields(false)},
                                                 {"mode", "incremental"},
                                                 {"watermark", json::object{{"column", "id"}, {"kind", "sequence"}}}})));
  EXPECT_EQ(run().position_after, "3");
  EXPECT_EQ(run().read, 0U);
  sql("INSERT INTO firm VALUES (7, '庚', '7')");
  auto more = run();
  EXPECT_THAT(counts(more), ElementsAre(1, 1, 0, 0, 0, 0));
  EXPECT_EQ(take(pipelines_->find(actor_, "firms_p")).position, "7");
  EXPECT_EQ(gathered().size(), 4U);
  EXPECT_EQ(take(pipelines_->forget(actor_, "firms_p")).position, "");
}

TEST_P(PipelinesTest, DriftStopsUntilSomebodyDecides) {
  (void)take(pipelines_->add(actor_, definition({{"fields", fields()}})));
  (void)run();
  sql("ALTER TABLE firm RENAME COLUMN name TO name_cn");
  sql("ALTER TABLE firm ADD COLUMN street TEXT");
  auto waiting = run();
  EXPECT_EQ(waiting.state, "waiting");
  ASSERT_EQ(waiting.drifts.size(), 2U);
  EXPECT_EQ(waiting.drifts[0].was, "name");
  EXPECT_FALSE(pipelines_->run(actor_, "firms_p"));
  auto half = pipelines_->decide(actor_, waiting.id, {{"street", "add"}});
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().subject, "name_cn");
  EXPECT_FALSE(pipelines_->decide(actor_, waiting.id, {{"street", "text"}, {"name_cn", "rename"}}));
  auto decided = finish(take(pipelines_->decide(actor_, waiting.id, {{"street", "add"}, {"name_cn", "rename"}})));
  EXPECT_EQ(decided.state, "succeeded") << (decided.error ? decided.error->text.en : "");
  EXPECT_THAT(gathered(), ElementsAre("1|甲|1.5|-", "2|乙|2.0|-", "3|丙|3.0|-"));
  EXPECT_EQ(take(audit_->search({.action = "pipeline.decide"})).size(), 1U);
}

TEST_P(PipelinesTest, ADueTimeMakesOneRunHoweverManyLook) {
  (void)take(pipelines_->add(
      actor_, definition({{"fields", fields()}, {"schedules", json::array{json::object{{"cron", "* * * * *"}}}}})));
  auto other = open();
  clock_->advance(std::chrono::minutes(10));  // nobody looked for ten due times
  take(pipelines_->tick());
  take(other->tick());
  auto runs = take(pipelines_->runs(actor_, {.pipeline = "firms_p"}));
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(to_iso(*runs[0].due), "2026-11-23T00:10:00Z");
  EXPECT_EQ(to_iso(*take(pipelines_->find(actor_, "firms_p")).next_due), "2026-11-23T00:11:00Z");
  (void)finish(runs[0]);
  clock_->advance(std::chrono::seconds(60));
  take(other->tick());
  take(pipelines_->tick());
  EXPECT_EQ(take(pipelines_->runs(actor_, {.pipeline = "firms_p"})).size(), 2U);
  EXPECT_FALSE(take(pipelines_->enable(actor_, "firms_p", false)).next_due);
}

TEST_P(PipelinesTest, OneRunsAfterTheOther) {
  (void)take(pipelines_->add(actor_, definition({{"fields", fields()}})));
  auto second =
      definition({{"fields", fields()}, {"code", "second"}, {"dataset", "second"}, {"after", json::array{"firms_p"}}});
  (void)take(pipelines_->add(actor_, second));
  auto ring = pipelines_->change(actor_, "firms_p", definition({{"fields", fields()}, {"after", json::array{"second"}}}));
  ASSERT_FALSE(ring);
  EXPECT_THAT(ring.error().text.en, HasSubstr("cannot run after itself"));
  EXPECT_FALSE(pipelines_->remove(actor_, "firms_p"));
  (void)run();
  auto runs = take(pipelines_->runs(actor_, {.pipeline = "second"}));
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].trigger, "after");
  EXPECT_EQ(finish(runs[0]).state, "succeeded");
}

TEST_P(PipelinesTest, ARunThatFailsSaysWhyAndIsFoundAgain) {
  (void)take(pipelines_->add(actor_, definition({{"fields", fields()}, {"attempts", 1}})));
  sql("ALTER TABLE firm RENAME TO gone");
  auto queued = take(pipelines_->run(actor_, "firms_p"));
  auto failed = finish(queued);
  EXPECT_EQ(failed.state, "failed");
  ASSERT_TRUE(failed.error);
  EXPECT_FALSE(failed.error->text.zh.empty());
  EXPECT_EQ(take(pipelines_->find(actor_, "firms_p")).position, "");
  auto cancelled = take(pipelines_->cancel(actor_, take(pipelines_->run(actor_, "firms_p")).id));
  EXPECT_EQ(cancelled.state, "cancelled");
}

TEST_P(PipelinesTest, FixedValuesAndStepsMakeTheRows) {
  auto with_fixed = fields();
  with_fixed.emplace_back(json::object{{"column", ""}, {"name", "来源"}, {"type", "text"}, {"fixed", "民政'局"}});
  auto tried = take(pipelines_->attempt(actor_, definition({{"fields", with_fixed}})));
  ASSERT_EQ(tried.rows.size(), 3U);
  EXPECT_EQ(tried.rows[0].as_array()[3].as_string(), "民政'局");
  std::string key;
  for (const auto& item : tried.items)
    if (item.name == "编号") key = item.id;
  (void)take(pipelines_->add(
      actor_, definition({{"fields", with_fixed},
                          {"steps", json::object{{"steps", json::array{json::object{{"name", "odd"},
                                                                                    {"sql", "SELECT * FROM input WHERE " + key +
                                                                                                " % 2 = 1"}}}}}}})));
  auto done = run();
  EXPECT_EQ(done.state, "succeeded") << (done.error ? done.error->text.en : "");
  EXPECT_THAT(gathered(), ElementsAre("1|甲|1.5|民政'局", "3|丙|3.0|民政'局"));
}

TEST_P(PipelinesTest, WhatCannotBeSavedSaysWhichMember) {
  struct Case {
    json::object change;
    std::string_view subject;
  };
  for (const auto& c : {Case{{{"mode", "upsert"}, {"fields", fields(false)}}, "fields"}, Case{{{"mode", "x"}}, "mode"},
                        Case{{{"fields", json::array{json::object{{"column", "id"}}}}}, "fields[0].name"},
                        Case{{{"schedules", json::array{json::object{{"cron", "* * *"}}}}}, "schedules[0].cron"},
                        Case{{{"colour", "red"}}, "colour"}, Case{{{"code", "Ä"}}, "code"}}) {
    json::object document{{"code", "a"}, {"title", "t"}, {"source", "bureau"}, {"dataset", "b"}, {"mode", "full"}};
    for (const auto& [key, value] : c.change) document[key] = value;
    auto read = pipeline_of(document);
    ASSERT_FALSE(read) << c.subject;
    EXPECT_EQ(read.error().subject, c.subject);
  }
}

TEST(WatermarkTest, WhereReadingBegins) {
  Watermark moment{.column = "at", .timestamp = true, .overlap = 90};
  EXPECT_EQ(*begin_at(moment, "2026-11-23T00:01:00"), "2026-11-22T23:59:30");
  EXPECT_EQ(*begin_at(moment, "2026-11-23"), "2026-11-22");
  EXPECT_EQ(*begin_at(moment, ""), "");
  EXPECT_EQ(later(moment, "2026-11-23", "2026-11-24"), "2026-11-24");
  Watermark number{.column = "id", .timestamp = false, .overlap = 5};
  EXPECT_EQ(*begin_at(number, "100"), "95");
  EXPECT_EQ(later(number, "99", "100"), "100");
  EXPECT_EQ(later(number, "", "7"), "7");
  EXPECT_FALSE(begin_at(number, "x"));
}

}  // namespace
}  // namespace qushu::ingest
