// The whole module over a real store, catalogue, policy, audit and engine, on both databases.
#include <set>

#include <gmock/gmock.h>

#include "qushu/base/text.h"

#include "service_fixture.h"

namespace qushu::query {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

QUSHU_ON_BOTH_STORES(ServiceTest);

TEST_P(ServiceTest, PagesFacetsAndTotals) {
  auto page =
      rows(owner_, {{"人数__gte", "40"}, {"_sort_desc", "staff"}, {"_size", "30"}, {"_facet", "name"}, {"_col", "code"}});
  EXPECT_EQ(page.at("total"), 200);
  EXPECT_EQ(page.at("total_exact"), true);
  EXPECT_EQ(page.at("rows").as_array().size(), 30U);
  EXPECT_EQ(page.at("rows").at(0), (json::object{{"code", "K49"}}));
  EXPECT_EQ(page.at("fields").at(0), (json::object{{"id", "code"}, {"name", "代码"}, {"type", "text"}, {"unit", ""}}));
  EXPECT_EQ(page.at("facets").at("name").as_array().size(), 7U);
  auto next = rows(owner_, {{"人数__gte", "40"},
                            {"_sort_desc", "staff"},
                            {"_size", "30"},
                            {"_col", "code"},
                            {"_next", std::string(page.at("next").as_string())}});
  EXPECT_EQ(next.at("total"), 200);
  EXPECT_NE(next.at("rows").at(0), page.at("rows").at(29));
  EXPECT_EQ(rows(owner_, {{"_count", "none"}}).at("total"), json::value(nullptr));
  EXPECT_EQ(rows(owner_, {{"_size", "0"}}).at("total"), 1000);
}

// Publication of a large load does not wait for its keys: who loaded it is told, with the statement that lists the rows.
TEST_P(ServiceTest, WhoLoadedKeysThatRepeatIsTold) {
  auto notices = [&](const Actor& who) {
    return take(store().read([&](store::Session& s) { return notify::notices_of(s, who.person_id, 10); }));
  };
  run_jobs("dataset.index");
  EXPECT_TRUE(notices(owner_).empty());
  publish(10);
  go_on("(1001, 'K0', '又一个', 7), (1002, NULL, '没有', 8)", 2, {});
  run_jobs("dataset.index");
  ASSERT_EQ(notices(owner_).size(), 1U);
  auto told = notices(owner_)[0];
  EXPECT_EQ(told.title.zh, "“企业登记”第 3 版的主键不唯一");
  EXPECT_EQ(told.detail.en, "The declared key is not unique: 1 rows repeat the key of another, 1 have none.");
  EXPECT_TRUE(notices(stranger_).empty());
  ASSERT_TRUE(told.link.starts_with("/sql?q="));
  auto statement = url_decode(told.link.substr(7));
  auto answer = service_->sql(owner_, *statement, {}, 0, {});
  ASSERT_TRUE(answer) << answer.error().text.en;
  EXPECT_THAT(*answer, HasSubstr(R"("rows":[["K0",2],[null,1]])"));
}

TEST_P(ServiceTest, AReadingStaysInItsVersion) {
  auto first = rows(owner_, {{"_size", "600"}});
  publish(10);
  auto rest = rows(owner_, {{"_size", "600"}, {"_next", std::string(first.at("next").as_string())}});
  EXPECT_EQ(rest.at("version"), 1);
  EXPECT_EQ(rest.at("rows").as_array().size(), 400U);
  EXPECT_EQ(rows(owner_, {}).at("total"), 10);
  EXPECT_EQ(rows(owner_, {{"_version", "1"}}).at("total"), 1000);
}

// Rows, lookups, facets, exports, SQL and profiles of a version that is made of several parts less what is gone.
TEST_P(ServiceTest, AVersionOfManyPartsIsOneDataset) {
  run_jobs("dataset.index");
  run_jobs("dataset.profile");
  // K0 changes, K1 goes, N0 comes; then K0 changes again and N0 goes.
  go_on("(1001, 'K0', '新', 7), (1002, 'N0', '新', 8)", 2, {1, 2}, 1);
  go_on("(1003, 'K0', '更新', 9)", 1, {1001, 1002}, 1);
  auto look = [&](const std::string& key) {
    auto page = rows(owner_, {{"key", key}});
    return json::serialize(page.at("rows"));
  };
  auto expect_all = [&](const char* when) {
    EXPECT_EQ(look("K0"), R"([{"code":"K0","name":"更新","staff":9}])") << when;
    EXPECT_EQ(look("K1"), "[]") << when;
    EXPECT_EQ(look("N0"), "[]") << when;
    EXPECT_EQ(look("K5"), R"([{"code":"K5","name":"企业5","staff":5}])") << when;
  };
  expect_all("without an index");
  run_jobs("dataset.index");
  expect_all("with its layers");
  auto dataset = take(catalog_->find({.all = true}, "firms"));
  auto version = take(catalog_->version(dataset.id, 0));
  EXPECT_GE(std::ranges::count(version.index_blob, ' '), 1) << "a layer upon the first: " << version.index_blob;
  EXPECT_EQ(dataset.rows, 999U);
  auto all = rows(owner_, {{"_size", "1000"}, {"_facet", "name"}});
  EXPECT_EQ(all.at("total"), 999);
  EXPECT_EQ(all.at("rows").as_array().size(), 999U);
  EXPECT_EQ(all.at("rows").at(998).at("code"), "K0") << "in the order of _id";
  EXPECT_EQ(rows(owner_, {{"name", "新"}}).at("total"), 0);
  // Pages go on where they were, across the parts.
  std::string next;
  std::set<std::string> seen;
  do {
    auto page = rows(owner_, {{"_size", "300"}, {"_next", next}});
    for (const auto& row : page.at("rows").as_array()) seen.emplace(row.at("code").as_string());
    next = std::string(page.at("next").as_string());
  } while (!next.empty());
  EXPECT_EQ(seen.size(), 999U);
  auto sql = take(service_->sql(owner_, "SELECT count(*), count(DISTINCT code), max(staff) FROM firms", {}, 0, {}));
  EXPECT_THAT(sql, HasSubstr("[999,999,49]"));
  auto csv = read(take(service_->download_rows(owner_, "firms", {}, Format::csv, {})));
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1000);
  // The profile that estimates use is the one before; who asks has it of this very version.
  EXPECT_EQ(version.profile.at("as_of"), 1);
  auto profile = take(service_->profile(owner_, "firms", 0, {}));
  EXPECT_EQ(profile.at("rows"), 999);
  EXPECT_FALSE(profile.contains("as_of"));
  EXPECT_EQ(take(service_->profile(owner_, "firms", 1, {})).at("rows"), 1000);
}

TEST_P(ServiceTest, RowsThatComeAreMatchedByTheIndex) {
  auto dataset = take(catalog_->find({.all = true}, "firms"));
  std::string coming =
      "SELECT CAST(i AS BIGINT) AS _id, code, name, CAST(staff AS BIGINT) AS staff FROM (VALUES (1, 'K0', '企业0', 0), (2, "
      "'K1', '企业1', "
      "9), (3, 'K2', NULL, 2), (4, 'none', '企业0', 0)) t(i, code, name, staff)";
  auto ask = [&] {
    auto version = take(catalog_->version(dataset.id, 0));
    return take(service_->match(version, version.fields, coming, {}));
  };
  EXPECT_FALSE(ask()) << "no index yet";
  run_jobs("dataset.index");
  auto found = ask();
  ASSERT_TRUE(found);
  std::map<std::int64_t, std::pair<std::int64_t, bool>> by_row;
  for (const auto& m : *found) by_row[m.new_id] = {m.old_id, m.differs};
  EXPECT_EQ(by_row, (std::map<std::int64_t, std::pair<std::int64_t, bool>>{{1, {1, false}}, {2, {2, true}}, {3, {3, true}}}));
}

TEST_P(ServiceTest, AnIndexOfManyLayersIsMadeAFewAgain) {
  settings_.set("query.index_layers", "3").value();
  run_jobs("dataset.index");
  for (std::int64_t i = 0; i < 9; ++i) {
    go_on(fmt::format("({}, 'K7', '第{}次', {})", 1001 + i, i, i), 1, {i == 0 ? std::int64_t{8} : 1000 + i}, 1);
    run_jobs("dataset.index");
    EXPECT_THAT(json::serialize(rows(owner_, {{"key", "K7"}}).at("rows")), HasSubstr(fmt::format("第{}次", i)));
    auto version = take(catalog_->version(take(catalog_->find({.all = true}, "firms")).id, 0));
    EXPECT_FALSE(version.index_blob.empty());
    EXPECT_LE(std::ranges::count(version.index_blob, ' '), 2) << i;
    for (auto blob : split(version.index_blob, ' ')) EXPECT_TRUE(take(catalog_->uses_blob(blob)));
  }
  EXPECT_THAT(json::serialize(rows(owner_, {{"key", "K6"}}).at("rows")), HasSubstr("企业6"));
}

TEST_P(ServiceTest, NobodyElseSeesAnything) {
  auto no = [](const auto& result) { return !result && result.error().code == Code::not_found; };
  EXPECT_TRUE(no(service_->rows(stranger_, "firms", {}, {})));
  EXPECT_TRUE(no(service_->download_rows(stranger_, "firms", {}, Format::csv, {})));
  EXPECT_TRUE(no(service_->profile(stranger_, "firms", 0, {})));
  EXPECT_TRUE(no(service_->rejects(stranger_, "firms", 0, 0, 10, {})));
  EXPECT_TRUE(no(service_->download_rejects(stranger_, "firms", 0, {})));
  EXPECT_TRUE(service_->tables(stranger_)->at("tables").as_array().empty());
  EXPECT_FALSE(service_->sql(stranger_, "SELECT * FROM firms", {}, 0, {}));
  EXPECT_FALSE(service_->explain(stranger_, "SELECT * FROM firms", {}));
  EXPECT_FALSE(service_->rows(Actor{}, "firms", {}, {}));
  EXPECT_EQ(audited("dataset.export"), 0U);
  EXPECT_EQ(audited("sql.run"), 1U);  // the refusal
}

TEST_P(ServiceTest, LookupsComeFromTheIndexAndAskThePolicyAgainAfterAnyChange) {
  EXPECT_FALSE(service_->lookup(owner_, "firms", {{"key", "K5"}}));
  run_jobs("dataset.index");
  // The first one asks the policy, on the pool; from then on it is known.
  auto slow = rows(owner_, {{"key", "K5"}});
  EXPECT_EQ(slow.at("rows").at(0), (json::object{{"code", "K5"}, {"name", "企业5"}, {"staff", 5}}));
  auto fast = service_->lookup(owner_, "firms", {{"key", "K5"}});
  ASSERT_TRUE(fast);
  EXPECT_EQ(json::parse(*fast), slow);
  EXPECT_EQ(json::parse(*service_->lookup(owner_, "firms", {{"代码", "none"}})).at("total"), 0);
  EXPECT_FALSE(service_->lookup(owner_, "firms", {{"name", "企业5"}}));
  EXPECT_FALSE(service_->lookup(stranger_, "firms", {{"key", "K5"}}));
  // Taking her rights away takes effect at once.
  auto moved = owner_;
  moved.departments = {"d2"};
  moved.department_id = "d2";
  EXPECT_FALSE(service_->lookup(moved, "firms", {{"key", "K5"}}));
  auto dataset = take(catalog_->find(sharing::visibility(owner_), "firms"));
  take(catalog_->change(owner_, dataset.id, {.readers = std::vector<std::string>{"p2"}}));
  EXPECT_FALSE(service_->lookup(owner_, "firms", {{"key", "K5"}}));
  EXPECT_EQ(rows(stranger_, {{"key", "K5"}}).at("total"), 1);
  EXPECT_TRUE(service_->lookup(stranger_, "firms", {{"key", "K5"}}));
  take(catalog_->change(owner_, dataset.id, {.readers = std::vector<std::string>{}}));
  EXPECT_FALSE(service_->lookup(stranger_, "firms", {{"key", "K5"}}));
  EXPECT_FALSE(service_->rows(stranger_, "firms", {{"key", "K5"}}, {}));
}

TEST_P(ServiceTest, AnotherKeyMeansAnotherIndex) {
  run_jobs("dataset.index");
  auto dataset = take(catalog_->find(sharing::visibility(owner_), "firms"));
  take(catalog_->change(owner_, dataset.id, {.fields = {{.id = "code", .key = false}, {.id = "staff", .key = true}}}));
  EXPECT_EQ(rows(owner_, {{"key", "7"}}).at("total"), 20);
  EXPECT_FALSE(service_->lookup(owner_, "firms", {{"key", "7"}}));
  run_jobs("dataset.index");
  auto found = rows(owner_, {{"key", "7"}});
  EXPECT_EQ(found.at("total"), 20);
  EXPECT_TRUE(service_->lookup(owner_, "firms", {{"key", "7"}}));
  // The old key is no key any more, and still filters.
  EXPECT_FALSE(service_->lookup(owner_, "firms", {{"code", "K7"}}));
  EXPECT_EQ(rows(owner_, {{"code", "K7"}}).at("total"), 1);
}

TEST_P(ServiceTest, ExportsAreAuditedWithoutTheValuesOfTheirFilter) {
  auto csv = take(service_->download_rows(owner_, "firms", {{"code", "K7"}, {"_bom", "1"}}, Format::csv, {}));
  EXPECT_EQ(csv.file_name, "企业登记_v1.csv");
  EXPECT_EQ(read(csv), "\xEF\xBB\xBF代码,名称,人数\r\nK7,企业0,7\r\n");
  EXPECT_EQ(read(take(service_->download_rows(owner_, "firms", {{"code", "K7"}, {"_header", "id"}, {"_col", "staff"}},
                                              Format::csv, {}))),
            "staff\r\n7\r\n");
  EXPECT_EQ(read(take(service_->download_rows(owner_, "firms", {{"code", "K7"}}, Format::ndjson, {}))),
            "{\"code\":\"K7\",\"name\":\"企业0\",\"staff\":7}\n");
  auto parquet = take(service_->download_rows(owner_, "firms", {{"staff__lt", "3"}}, Format::parquet, {}));
  EXPECT_EQ(parquet.file->rows, 60U);
  auto path = parquet.file->path;
  parquet.file.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THAT(read(take(service_->download_rows(owner_, "firms", {}, Format::xlsx, {}))), HasSubstr("PK"));
  EXPECT_EQ(audited("dataset.export"), 5U);
  for (const auto& entry : take(audit_->search({.action = "dataset.export"}))) {
    auto detail = json::serialize(entry.event.detail);
    EXPECT_THAT(detail, Not(HasSubstr("K7")));
    EXPECT_EQ(entry.event.object_name, "企业登记");
  }
  EXPECT_FALSE(service_->download_rows(owner_, "firms", {{"_size", "x"}}, Format::csv, {}));
  EXPECT_FALSE(service_->download_rows(owner_, "firms", {{"_header", "x"}}, Format::csv, {}));
}

TEST_P(ServiceTest, OnlySoManyExportsAtOnce) {
  ASSERT_TRUE(settings_.set("query.exports", "1"));
  {
    auto first = take(service_->download_rows(owner_, "firms", {}, Format::csv, {}));
    auto second = service_->download_rows(owner_, "firms", {}, Format::csv, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::overloaded);
  }
  EXPECT_TRUE(service_->download_rows(owner_, "firms", {}, Format::csv, {}));
}

TEST_P(ServiceTest, TheProfileIsMadeOnceAndKept) {
  auto asked = take(service_->profile(owner_, "firms", 0, {}));
  EXPECT_EQ(asked.at("rows"), 1000);
  auto dataset = take(catalog_->find(sharing::visibility(owner_), "firms"));
  EXPECT_EQ(take(catalog_->version(dataset.id, 1)).profile, asked);
  publish(10);
  run_jobs("dataset.profile");
  EXPECT_EQ(take(catalog_->version(dataset.id, 2)).profile.at("rows"), 10);
}

TEST_P(ServiceTest, RejectsForTheProviderOnly) {
  auto page = take(service_->rejects(owner_, "firms", 0, 0, 1, {}));
  EXPECT_EQ(page.at("total"), 2);
  EXPECT_EQ(page.at("rejects").at(0).at("reason"), "不是整数");
  EXPECT_EQ(page.at("next"), "1");
  auto rest = take(service_->rejects(owner_, "firms", 0, 1, 5, {}));
  EXPECT_EQ(rest.at("rejects").as_array().size(), 1U);
  EXPECT_EQ(rest.at("next"), "");
  auto text = read(take(service_->download_rejects(owner_, "firms", 0, {})));
  EXPECT_THAT(text, HasSubstr("a.csv,\"\",1,人数,\"'=x\",不是整数"));
  auto dataset = take(catalog_->find(sharing::visibility(owner_), "firms"));
  take(catalog_->change(owner_, dataset.id, {.readers = std::vector<std::string>{"p2"}}));
  EXPECT_EQ(service_->rejects(stranger_, "firms", 0, 0, 10, {}).error().code, Code::forbidden);
}

TEST_P(ServiceTest, SqlAndItsHistory) {
  ASSERT_TRUE(settings_.set("query.history_keep", "3"));
  auto answer = take(service_->sql(owner_, "SELECT name, count(*) AS n FROM firms WHERE staff < $1 GROUP BY name ORDER BY name",
                                   {std::int64_t{10}}, 0, {}));
  auto parsed = json::parse(answer).as_object();
  EXPECT_EQ(parsed.at("columns").at(1), (json::object{{"name", "n"}, {"type", "integer"}}));
  EXPECT_EQ(parsed.at("rows").as_array().size(), 7U);
  EXPECT_EQ(parsed.at("truncated"), false);
  auto cut = json::parse(take(service_->sql(owner_, "SELECT 名称 FROM 企业登记", {}, 5, {}))).as_object();
  EXPECT_EQ(cut.at("rows").as_array().size(), 5U);
  EXPECT_EQ(cut.at("truncated"), true);
  EXPECT_FALSE(service_->sql(owner_, "SELECT * FROM read_csv('/etc/passwd')", {}, 0, {}));
  EXPECT_FALSE(service_->sql(owner_, "SELEC 1", {}, 0, {}));
  json::array nested;
  nested.push_back(json::array());
  EXPECT_FALSE(service_->sql(owner_, "SELECT $1", nested, 0, {}));
  auto history = take(service_->history(owner_)).at("queries").as_array();
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].at("sql"), "SELEC 1");
  EXPECT_FALSE(history[0].at("error").is_null());
  EXPECT_TRUE(history[2].at("error").is_null());
  EXPECT_TRUE(take(service_->history(stranger_)).at("queries").as_array().empty());
  EXPECT_THAT(take(service_->explain(owner_, "SELECT * FROM firms", {})), HasSubstr("PARQUET"));
  EXPECT_EQ(read(take(service_->download_sql(owner_, "SELECT code FROM firms WHERE staff = 3 ORDER BY code LIMIT 1", {},
                                             Format::csv, {}))),
            "\xEF\xBB\xBF"
            "code\r\nK103\r\n");
  EXPECT_EQ(audited("sql.export"), 1U);
  EXPECT_EQ(audited("sql.run"), 1U);
  auto tables = take(service_->tables(owner_)).at("tables").as_array();
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].at("columns").as_array().size(), 3U);
}

TEST_P(ServiceTest, AnAnswerThatIsKnownIsNotMadeAgain) {
  auto first = take(service_->rows(owner_, "firms", {{"staff", "3"}}, {}));
  auto again = take(service_->rows(owner_, "firms", {{"staff", "3"}}, {}, first.etag));
  EXPECT_TRUE(again.unchanged);
  EXPECT_FALSE(take(service_->rows(owner_, "firms", {{"staff", "4"}}, {}, first.etag)).unchanged);
  publish(10);
  EXPECT_FALSE(take(service_->rows(owner_, "firms", {{"staff", "3"}}, {}, first.etag)).unchanged);
}

TEST_P(ServiceTest, StopsWhenNobodyWaits) {
  auto stopped = service_->sql(owner_, "SELECT count(*) FROM firms a, firms b, firms c WHERE a.staff + b.staff > c.staff", {},
                               0, [] { return true; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::cancelled);
}

}  // namespace
}  // namespace qushu::query
