#include "qushu/ingest/ingest.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/ingest/drift.h"
#include "qushu/ingest/pipelines.h"
#include "qushu/ingest/push.h"
#include "qushu/notify/notices.h"
#include "qushu/sharing/policy.h"
#include "qushu/tabular/tabular.h"

#include "document.h"
#include "store_fixture.h"

namespace qushu::ingest {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class IngestTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), jobs::migrations(), identity::migrations(), catalog::migrations(), migrations(),
              notify::notice_migrations());
    for (auto specs : {audit::settings(), jobs::settings(), identity::settings(), catalog::settings(), engine::settings(),
                       tabular::settings(), settings(), pipeline_settings()})
      settings_.declare(specs);
    settings_.set("jobs.backoff", "1s").value();
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, system_clock()));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", system_clock()));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_, [] { return Result<std::map<std::string, std::string>>(std::map<std::string, std::string>{}); },
        system_clock()));
    changes_ = std::make_unique<Changes>(
        Changes::Deps{.blobs = *blobs_, .engine = *engine_, .catalog = *catalog_, .settings = settings_});
    imports_ = Imports::open({.store = store(),
                              .blobs = *blobs_,
                              .engine = *engine_,
                              .audit = *audit_,
                              .jobs = *jobs_,
                              .identity = *identity_,
                              .catalog = *catalog_,
                              .changes = *changes_,
                              .settings = settings_,
                              .clock = system_clock()});
    take(identity_->first_start("测试区"));
    auto console = Actor::operator_on_console("root");
    for (const auto* code : {"d1", "d2"})
      take(identity_->add_department(console, {.code = code, .name = code, .parent_id = "root"}));
    for (const auto* code : {"d1", "d2"})
      take(identity_->add_person(
          console,
          {.login = std::string("steward_") + code, .name = "管理员", .department_id = code, .roles = {"data_steward"}}));
    actor_ = take(identity_->actor_of("steward_d1"));
    stranger_ = take(identity_->actor_of("steward_d2"));
    actor_.via = stranger_.via = "session";
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  blob::BlobInfo keep(const std::string& bytes) {
    auto path = folder() / "input";
    std::ofstream(path, std::ios::binary) << bytes;
    return take(blobs_->copy_in(path));
  }
  Import run(const Import& import) {
    take(jobs_->run_now(import.job_id));
    return take(imports_->find(actor_, import.id));
  }
  Import analysed(const std::string& name, const std::string& bytes, const std::string& dataset = "") {
    return run(take(imports_->add(actor_, {.file_name = name, .dataset = dataset}, keep(bytes))));
  }
  Import published(const Import& import, bool accept_drift = false) {
    return run(take(imports_->publish(actor_, import.id, accept_drift)));
  }
  static json::object& table(Import& import, std::size_t n = 0) { return import.tables.at(n).as_object(); }
  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Changes> changes_;
  std::unique_ptr<Imports> imports_;
  Actor actor_, stranger_;
};
QUSHU_ON_BOTH_STORES(IngestTest);

TEST_P(IngestTest, AFileBecomesAVersionAndItsEntryIsProposed) {
  auto import = analysed("2024年企业登记表.csv",
                         "统一社会信用代码,企业名称,注册资金（万元）\n91350100M000100Y43,甲公司,100\n91350100M000100Y43,乙公司,"
                         "200.5\n,,\n91350100M000100Y43,丙公司\n");
  EXPECT_EQ(import.state, "ready");
  const auto& entry = table(import).at("dataset").as_object();
  EXPECT_THAT(std::string(entry.at("title").as_string()), HasSubstr("企业登记"));
  EXPECT_TRUE(catalog::is_code(std::string(entry.at("code").as_string())));
  import = published(import);
  EXPECT_EQ(import.state, "published");
  EXPECT_EQ(table(import).at("version"), 1);
  auto dataset =
      take(catalog_->find({.all = true}, std::string(table(import).at("dataset").as_object().at("code").as_string())));
  auto version = take(catalog_->version(dataset.id, 0));
  EXPECT_EQ(version.read, version.published + version.rejected);
  EXPECT_EQ(version.origins.at(0).file_blob, import.file_blob);
  EXPECT_EQ(version.fields.at(2).unit, "万元");
  EXPECT_TRUE(take(imports_->uses_blob(import.file_blob)));
}

// Of each table, what its rows became: read = published + rejected, also where keys and rules leave rows out.
TEST_P(IngestTest, TheCountsOfATableFollowWhatKeysAndRulesLeftOut) {
  auto settle = [&](const Import& import) {
    return take(imports_->correct(
        actor_, import.id,
        json::array{json::object{{"location", ""},
                                 {"dataset", json::object{{"mode", "upsert"}}},
                                 {"columns", json::array{json::object{{"position", 0}, {"key", true}},
                                                         json::object{{"position", 1}, {"type", "integer"}}}}}}));
  };
  auto counts = [](Import import) {
    auto& t = table(import);
    return std::tuple(t.at("rows").to_number<int>(), t.at("published").to_number<int>(), t.at("rejected").to_number<int>());
  };
  std::string text = "代码,数\n";
  for (int i = 0; i < 300; ++i) text += fmt::format("k{},{}\n", i, i);
  auto import = analysed("a.csv", text + ",1\nk1,1\nk2,错\n", "left_out");
  import = run(settle(import));
  import = published(import);
  ASSERT_EQ(import.state, "published") << (import.error ? import.error->en : "");
  // A misfit, an empty key, and the earlier of two rows with one key.
  EXPECT_EQ(counts(import), std::tuple(303, 300, 3));
  changes_->on_examine([&](const Candidate& candidate) -> Result<Verdict> {
    Verdict verdict{.rejects = blobs_->temporary_folder() / "rejects.parquet"};
    take(engine_->execute({.sql = fmt::format("COPY (SELECT _id, '数' AS field, '9' AS value, '规则' AS reason_zh, 'rule' AS "
                                              "reason_en FROM ({}) AS r LIMIT 2) TO {} (FORMAT parquet)",
                                              candidate.rows, engine::quote_text(verdict.rejects.string()))}));
    return verdict;
  });
  import = analysed("b.csv", "代码,数\nn1,1\nn2,2\nn3,3\n,4\n", "left_out");
  import = published(settle(import));
  ASSERT_EQ(import.state, "published") << (import.error ? import.error->en : "");
  EXPECT_EQ(counts(import), std::tuple(4, 1, 3));
  auto version = take(catalog_->version(take(catalog_->find({.all = true}, "left_out")).id, 0));
  EXPECT_EQ(version.rejected, 3U);
}

// While the import is worked out, a flush of pushed rows gets through each time.
TEST_P(IngestTest, AnImportThatWasOvertakenByPushesIsNotOvertakenAgain) {
  auto pushes = Pushes::open({.store = store(),
                              .blobs = *blobs_,
                              .engine = *engine_,
                              .jobs = *jobs_,
                              .catalog = *catalog_,
                              .changes = *changes_,
                              .settings = settings_,
                              .clock = system_clock()});
  auto import = analysed("a.csv", "代码,数\n1,10\n", "counted");
  take(imports_->correct(
      actor_, import.id,
      json::array{json::object{{"location", ""}, {"columns", json::array{json::object{{"position", 0}, {"key", true}}}}}}));
  published(import);
  int pushed = 0;
  std::vector<std::string> outcomes;
  bool inside = false;
  changes_->on_examine([&](const Candidate&) -> Result<Verdict> {
    if (inside) return Verdict();
    inside = true;
    auto dataset = take(catalog_->find({.all = true}, "counted"));
    auto body = fmt::format("{{\"代码\": {}, \"数\": 1}}", 100 + ++pushed);
    bool sent = false;
    take(pushes->push(actor_, dataset, {}, [&](std::span<char> into) -> Result<std::size_t> {
      if (std::exchange(sent, true)) return 0;
      std::ranges::copy(body, into.begin());
      return body.size();
    }));
    auto flushed = take(jobs_->run_now(take(pushes->flush(actor_, dataset))));
    outcomes.push_back(flushed.output.contains("gave_way") ? "gave way" : "published");
    inside = false;
    return Verdict();
  });
  import = analysed("b.csv", "代码,数\n2,20\n3,30\n", "counted");
  take(imports_->correct(actor_, import.id,
                         json::array{json::object{{"location", ""}, {"dataset", json::object{{"mode", "upsert"}}}}}));
  import = published(import);
  EXPECT_EQ(import.state, "published") << (import.error ? import.error->en : "");
  EXPECT_THAT(outcomes, ::testing::ElementsAre("published", "gave way"));
  // What had to wait comes when the import is through.
  auto dataset = take(catalog_->find({.all = true}, "counted"));
  EXPECT_EQ(dataset.rows, 4U);
  inside = true;
  take(jobs_->run_now(take(pushes->flush(actor_, dataset))));
  EXPECT_EQ(take(catalog_->find({.all = true}, "counted")).rows, 5U);
}

TEST_P(IngestTest, CorrectionsAreCheckedAndCountedAgain) {
  auto import = analysed("a.csv", "代码,数\n1,10\n2,20\n3,30\n", "numbers");
  auto correct = [&](json::value columns) {
    return imports_->correct(actor_, import.id, json::array{json::object{{"location", ""}, {"columns", std::move(columns)}}});
  };
  EXPECT_FALSE(correct(json::array{json::object{{"position", 9}, {"type", "text"}}}));
  EXPECT_FALSE(correct(json::array{json::object{{"position", 0}, {"name", ""}}}));
  EXPECT_FALSE(imports_->correct(actor_, import.id, json::array{json::object{{"location", "nosuch"}}}));
  EXPECT_FALSE(imports_->correct(actor_, import.id,
                                 json::array{json::object{{"location", ""}, {"dataset", json::object{{"code", "Bad Code"}}}}}));
  auto changed = take(correct(json::array{json::object{{"position", 1}, {"type", "date"}}}));
  EXPECT_EQ(changed.state, "analysing");
  changed = run(changed);
  EXPECT_EQ(table(changed).at("rejected"), 3);
  changed = run(take(
      correct(json::array{json::object{{"position", 1}, {"type", "text"}}, json::object{{"position", 0}, {"key", true}}})));
  EXPECT_EQ(table(changed).at("rejected"), 0);
  changed = published(changed);
  EXPECT_TRUE(take(catalog_->find({.all = true}, "numbers")).fields.at(0).key);
  EXPECT_FALSE(imports_->publish(actor_, import.id)) << "published already";
}

TEST_P(IngestTest, TablesOfOneShapeBecomeOneVersion) {
  auto import = analysed("a.csv", "代码,数\n01,10\n", "both");
  import = published(import);
  auto again = analysed("a.csv", "代码,数\n02,20\n03,30\n", "both");
  EXPECT_TRUE(table(again).at("dataset").as_object().at("exists").as_bool());
  again = published(again);
  EXPECT_EQ(table(again).at("version"), 2);
  EXPECT_EQ(take(catalog_->find({.all = true}, "both")).rows, 2U);
}

// Tables of these rows, as analysing an archive gives them: two columns each.
json::object sheet(const std::string& location, const std::vector<std::pair<std::string, std::string>>& rows) {
  tabular::TableFacts facts{.location = location, .format = tabular::Format::csv};
  facts.columns.resize(2);
  facts.rows = rows.size();
  for (std::size_t c = 0; c < 2; ++c) {
    auto& column = facts.columns[c];
    column.plan.name = c == 0 ? "街道" : "年度";
    column.values = rows.size();
    for (const auto& row : rows) {
      const auto& value = c == 0 ? row.first : row.second;
      if (std::ranges::find(column.examples, value) == column.examples.end()) column.examples.push_back(value);
    }
  }
  return table_document(facts);
}

TEST_P(IngestTest, TablesThatBecomeOneDatasetAreToldApartByAColumn) {
  auto propose = [&](json::array tables, const std::string& dataset) {
    Import import{.file_name = "人口.zip", .department_id = "d1", .dataset_hint = dataset};
    auto done = propose_entries(tables, import, *catalog_, store(), {});
    EXPECT_TRUE(done);
    return tables;
  };
  auto table_name = [](const json::value& table) {
    const auto& last = table.at("columns").as_array().back().as_object();
    return last.contains("fixed") ? text_at(last, "name") + "=" + text_at(last, "fixed") : "";
  };
  auto tables = propose({sheet("人口.zip › 一季度.csv", {{"东街", "2023"}, {"西街", "2023"}}),
                         sheet("人口.zip › 二季度.csv", {{"东街", "2023"}, {"西街", "2023"}})},
                        "told_apart");
  EXPECT_EQ(table_name(tables[0]), "来源表=一季度");
  EXPECT_EQ(table_name(tables[1]), "来源表=二季度");
  EXPECT_EQ(plan_of(tables[1].as_object()).back().fixed, "二季度");
  EXPECT_EQ(text_at(tables[0].at("columns").as_array().back().as_object(), "id"), "lai_yuan_biao");
  // Two files of one name in two folders: what differs is the folder.
  tables =
      propose({sheet("甲区 › 人口.csv", {{"东街", ""}, {"西街", ""}}), sheet("乙区 › 人口.csv", {{"东街", ""}, {"西街", ""}})},
              "folders");
  EXPECT_EQ(table_name(tables[0]), "来源表=甲区 › 人口");
  // Their own column says it, or there is one table only.
  tables = propose(
      {sheet("一.csv", {{"东街", "2022"}, {"西街", "2022"}}), sheet("二.csv", {{"东街", "2023"}, {"西街", "2023"}})}, "own");
  EXPECT_EQ(table_name(tables[0]), "");
  EXPECT_EQ(table_name(propose({sheet("一.csv", {{"东街", "2022"}})}, "one")[0]), "");

  // A dataset that was published without it is left as it is; one that has it, keeps it.
  published(analysed("a.csv", "街道,年度\n东街,2023\n西街,2024\n", "without"));
  published(analysed("a.csv", "街道,年度,来源表\n东街,2023,一\n西街,2024,一\n", "with"));
  auto two = [&] {
    return json::array{sheet("一.csv", {{"东街", "2023"}, {"西街", "2024"}}),
                       sheet("二.csv", {{"东街", "2023"}, {"西街", "2024"}})};
  };
  EXPECT_EQ(table_name(propose(two(), "without")[0]), "");
  EXPECT_EQ(table_name(propose(two(), "with")[1]), "来源表=二");
  EXPECT_EQ(table_name(propose({sheet("", {{"东街", "2023"}, {"西街", "2024"}})}, "with")[0]), "来源表=人口");
}

TEST_P(IngestTest, WhatIsSaidOfOneTableHoldsForAllOfItsDataset) {
  json::array tables{sheet("一.csv", {{"东街", "1"}, {"西街", "2"}}), sheet("二.csv", {{"东街", "1"}, {"西街", "2"}}),
                     json::object{}};
  tables[2] = sheet("三.csv", {{"南街", "x"}});
  ASSERT_TRUE(propose_entries(tables, Import{.file_name = "人口.zip", .dataset_hint = "people"}, *catalog_, store(), {}));
  bool recount = false;
  auto correct = [&](json::object change) {
    recount = false;
    change["location"] = "二.csv";
    return apply_corrections(tables, {change}, recount);
  };
  auto of = [&](std::size_t n, std::size_t column, const char* key) {
    return text_at(tables[n].at("columns").as_array()[column].as_object(), key);
  };
  auto column = [](json::object change) { return json::object{{"columns", json::array{std::move(change)}}}; };
  ASSERT_TRUE(correct(column({{"position", 1}, {"type", "integer"}, {"name", "户数"}})));
  EXPECT_TRUE(recount);
  EXPECT_EQ(of(0, 1, "type") + of(0, 1, "name"), "integer户数");
  EXPECT_EQ(of(2, 1, "type") + of(2, 1, "name"), "integer户数");
  ASSERT_TRUE(correct({{"dataset", json::object{{"title", "人口"}}}}));
  EXPECT_EQ(text_at(tables[0].at("dataset").as_object(), "title"), "人口");
  // The text of a fixed column is each table's own, and only of such a column.
  ASSERT_TRUE(correct(column({{"position", 2}, {"fixed", "下半年"}})));
  EXPECT_TRUE(recount);
  EXPECT_EQ(of(0, 2, "fixed") + of(1, 2, "fixed"), "一下半年");
  auto refused = correct(column({{"position", 0}, {"fixed", "东街"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "columns.fixed");
  // One that gets a code of its own goes its own way.
  ASSERT_TRUE(correct({{"dataset", json::object{{"code", "others"}, {"title", "别的"}}}}));
  ASSERT_TRUE(correct(column({{"position", 0}, {"name", "地方"}})));
  EXPECT_EQ(of(0, 0, "name") + of(1, 0, "name"), "街道地方");
  EXPECT_EQ(text_at(tables[0].at("dataset").as_object(), "title"), "人口");
}

TEST_P(IngestTest, ColumnsThatDifferAreSeenBeforeTheyArePublished) {
  published(analysed("a.csv", "代码,企业名称,人数,备注\n01,甲公司,10,一\n02,乙公司,20,二\n", "firms"));
  auto import = analysed("b.csv", "代码,企业名,人数,电话\n03,丙公司,约三十,13800000000\n", "firms");
  auto kinds = [&] {
    std::map<std::string, std::string> out;
    for (const auto& d : drifts_of(table(import).at("drifts"))) out[d.column] = name(d.kind);
    return out;
  };
  using Kinds = std::map<std::string, std::string>;
  EXPECT_EQ(kinds(), (Kinds{{"企业名", "renamed"}, {"人数", "retyped"}, {"电话", "added"}, {"备注", "missing"}}));
  auto refused = imports_->publish(actor_, import.id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(std::pair(refused.error().code, refused.error().id), std::pair(Code::conflict, std::string("import.drift")));
  EXPECT_THAT(refused.error().text.zh, AllOf(HasSubstr("firms"), HasSubstr("企业名"), HasSubstr("备注")));
  EXPECT_EQ(take(imports_->find(actor_, import.id)).state, "ready");
  EXPECT_EQ(take(catalog_->find({.all = true}, "firms")).version, 1);
  // What a person puts right differs no more.
  import = take(
      imports_->correct(actor_, import.id,
                        json::array{json::object{{"location", ""},
                                                 {"columns", json::array{json::object{{"position", 1}, {"name", "企业名称"}},
                                                                         json::object{{"position", 3}, {"skip", true}}}}}}));
  if (import.state == "analysing") import = run(import);
  EXPECT_EQ(kinds(), (Kinds{{"人数", "retyped"}, {"备注", "missing"}}));
  // Aimed at nothing that there is, it differs from nothing; aimed back, it does again.
  auto aim = [&](const char* code) {
    import = take(imports_->correct(actor_, import.id,
                                    json::array{json::object{{"location", ""}, {"dataset", json::object{{"code", code}}}}}));
    return kinds().size();
  };
  EXPECT_EQ(aim("others"), 0U);
  EXPECT_EQ(aim("firms"), 2U);
  import = published(import, true);
  EXPECT_EQ(import.state, "published");
  EXPECT_EQ(kinds().size(), 2U) << "it stays to be seen";
  EXPECT_EQ(take(catalog_->find({.all = true}, "firms")).version, 2);
}

TEST_P(IngestTest, WhatIsNarrowerThanTheDatasetDiffersFromNothing) {
  published(analysed("a.csv", "代码,数,说明\n01,1.5,甲\n", "wide"));
  auto import = analysed("b.csv", "数,代码,说明\n2,02,7\n", "wide");
  EXPECT_TRUE(table(import).at("drifts").as_array().empty());
  EXPECT_EQ(published(import).state, "published");
}

TEST_P(IngestTest, WhoHasReadTheDatasetIsToldWhatBecameOfItsColumns) {
  published(analysed("a.csv", "代码,数\n01,1\n", "told"));
  auto dataset = take(catalog_->find({.all = true}, "told"));
  auto reader = stranger_.person_id;
  audit_->count_access(stranger_, "dataset", dataset.id, "rows", 1);
  ASSERT_TRUE(audit_->flush());
  auto notices = [&] { return take(store().read([&](store::Session& s) { return notify::notices_of(s, reader, 10); })); };
  published(analysed("b.csv", "代码,数\n02,2\n", "told"));
  EXPECT_TRUE(notices().empty());
  published(analysed("c.csv", "代码,数,新列\n03,3,甲\n", "told"), true);
  ASSERT_EQ(notices().size(), 1U);
  EXPECT_EQ(notices()[0].detail.zh, "新增 1 列");
}

// A file that is analysed while it is copied becomes what it becomes in two steps, whatever it is.
TEST_P(IngestTest, ReceivingIsStoringAndAnalysing) {
  std::string plain = "代码,数,日期\n", late = "代码,数\n";
  for (int i = 0; i < 500; ++i)
    plain += fmt::format("{:04},{},2024-01-{:02}\n", i, i == 7 ? "错" : std::to_string(i), i % 28 + 1);
  for (int i = 0; i < 400'000; ++i) late += fmt::format("{:07},{}\n", i, i < 380'000 ? "12" : "不是数");
  auto gbk = std::string("\xB4\xFA\xC2\xEB,\xCA\xFD\n01,10\n02,20\n");
  for (const auto& [name, bytes] :
       {std::pair{"a.csv", plain}, {"late.csv", late}, {"gbk.csv", gbk}, {"rows.json", std::string(R"([{"a": 1}])")}}) {
    auto path = folder() / "received";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    auto one = run(take(imports_->receive(actor_, {.file_name = name, .dataset = "same"}, path, {})));
    auto two = analysed(name, bytes, "same");
    EXPECT_EQ(one.file_blob, two.file_blob) << name;
    EXPECT_EQ(one.state, "ready") << name;
    // The drafts are written in an order of their own, so their blobs differ.
    for (auto* import : {&one, &two}) table(*import).erase("draft");
    EXPECT_EQ(json::serialize(one.tables), json::serialize(two.tables)) << name;
  }
  EXPECT_EQ(imports_->receive(actor_, {.file_name = "none.csv"}, folder() / "none.csv", {}).error().code, Code::invalid);
  std::ofstream(folder() / "empty.csv").close();
  EXPECT_EQ(imports_->receive(actor_, {.file_name = "empty.csv"}, folder() / "empty.csv", {}).error().id, "import.empty");
  EXPECT_EQ(imports_->receive(stranger_, {.file_name = "a.csv", .department = "d1"}, folder() / "received", {}).error().code,
            Code::forbidden);
}

TEST_P(IngestTest, OthersNeitherSeeNorChangeIt) {
  auto import = analysed("a.csv", "代码,数\n01,10\n", "mine");
  EXPECT_EQ(imports_->find(stranger_, import.id).error().code, Code::not_found);
  EXPECT_EQ(imports_->publish(stranger_, import.id).error().code, Code::not_found);
  EXPECT_TRUE(take(imports_->list(stranger_, {})).empty());
  published(import);
  // Nor does she publish into a dataset of another department, whether she can see it or not.
  auto hers = imports_->add(stranger_, {.file_name = "b.csv", .dataset = "mine"}, keep("代码,数\n09,90\n"));
  ASSERT_FALSE(hers);
  EXPECT_EQ(hers.error().id, "dataset.exists");
  EXPECT_EQ(take(catalog_->find({.all = true}, "mine")).version, 1);
}

TEST_P(IngestTest, WhatCannotBeReadFailsWithItsReason) {
  auto import = analysed("a.xlsx", "PK\x03\x04 no workbook");
  EXPECT_EQ(import.state, "failed");
  ASSERT_TRUE(import.error);
  EXPECT_FALSE(import.error->zh.empty());
  EXPECT_FALSE(imports_->publish(actor_, import.id));
  EXPECT_EQ(take(imports_->discard(actor_, import.id)).state, "discarded");
  EXPECT_FALSE(take(imports_->uses_blob(import.file_blob)));
}

TEST_P(IngestTest, BrokenBytesAreKeptOutAndShown) {
  std::string text = "名称,数\n";
  for (int i = 0; i < 300; ++i) text += "企业,1\n";
  text += "坏\x80\xFF,2\n";
  auto import = analysed("a.csv", text, "bytes");
  EXPECT_EQ(table(import).at("rejected"), 1);
  import = published(import);
  auto version = take(catalog_->version(take(catalog_->find({.all = true}, "bytes")).id, 0));
  EXPECT_EQ(version.published, 300U);
  EXPECT_EQ(version.rejected, 1U);
}

}  // namespace
}  // namespace qushu::ingest
