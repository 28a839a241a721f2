// Definitions as modules keep them, on both databases: every version can be had again, and what comes with Qushu follows the
// program until somebody changes it.
#include "qushu/definitions/versions.h"

#include <gmock/gmock.h>

#include "qushu/definitions/builtin.h"

#include "store_fixture.h"

namespace qushu::definitions {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kTable = "thing";
const std::array kMigrations{store::Migration{.id = "thing.0001", .sql = R"(
CREATE TABLE thing (code TEXT PRIMARY KEY, digest TEXT NOT NULL, origin TEXT NOT NULL);
CREATE TABLE thing_version (
  code TEXT NOT NULL,
  version BIGINT NOT NULL,
  yaml TEXT NOT NULL,
  at BIGINT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (code, version)
)
)"}};

class VersionsTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open_with(kMigrations);
  }
  Result<void> put(std::string_view code, std::string_view yaml, std::string_view origin) {
    return store().write([&](store::Transaction& t) -> Result<void> {
      QS_CHECK(t.exec("INSERT INTO thing (code, digest, origin) VALUES (?, ?, ?)", {code, digest_of(yaml), origin}));
      return {};
    });
  }
};
QUSHU_ON_BOTH_STORES(VersionsTest);

TEST_P(VersionsTest, EveryVersionCanBeHadAgain) {
  auto actor = Actor::operator_on_console("root");
  auto at = *parse_iso("2026-11-25T02:00:00Z");
  ASSERT_TRUE(store().write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(keep_version(t, kTable, actor, "a", 1, "a: 1\n", at, "first"));
    QS_CHECK(keep_version(t, kTable, actor, "a", 2, "a: 2\n", at, ""));
    return keep_version(t, kTable, actor, "b", 1, "b: 1\n", at, "");
  }));
  auto all = store().read([](store::Session& s) { return versions_of(s, kTable, "a"); });
  ASSERT_TRUE(all);
  EXPECT_THAT(*all, ElementsAre(::testing::Field(&Version::version, 2), ::testing::Field(&Version::version, 1)));
  EXPECT_EQ(all->back().note, "first");
  EXPECT_EQ(all->back().person_name, actor.name);
  EXPECT_EQ(all->back().at, at);
  auto yaml = [&](std::int64_t version) {
    return store().read([&](store::Session& s) { return yaml_of(s, kTable, "a", version); });
  };
  EXPECT_EQ(*yaml(1), "a: 1\n");
  EXPECT_EQ(*yaml(2), "a: 2\n");
  EXPECT_EQ(yaml(3).error().id, "thing.version");
  EXPECT_EQ(yaml(3).error().code, Code::not_found);
}

TEST_P(VersionsTest, WhatComesWithQushuFollowsItUntilSomebodyChangesIt) {
  const std::array builtins{Builtin{"fresh", "1"}, Builtin{"same", "1"}, Builtin{"newer", "2"}, Builtin{"changed", "2"}};
  ASSERT_TRUE(put("same", "1", "builtin"));
  ASSERT_TRUE(put("newer", "1", "builtin"));
  ASSERT_TRUE(put("changed", "1", "local"));
  auto due = store().read([&](store::Session& s) { return due_builtins(s, kTable, builtins); });
  ASSERT_TRUE(due);
  std::vector<std::string> applied;
  auto apply = [&](const std::function<Result<void>(const Builtin&)>& one) {
    return store().write([&](store::Transaction& t) { return apply_builtins(t, kTable, *due, one); });
  };
  auto note = [&](const Builtin& one) -> Result<void> {
    applied.emplace_back(one.code);
    return {};
  };
  ASSERT_TRUE(apply(note));
  EXPECT_THAT(applied, ElementsAre("fresh", "newer"));
  // Somebody was quicker.
  ASSERT_TRUE(put("fresh", "0", "local"));
  applied.clear();
  ASSERT_TRUE(apply(note));
  EXPECT_THAT(applied, ElementsAre("newer"));
  auto failed = apply([](const Builtin&) -> Result<void> { return fail(Code::conflict, "thing.no", "不行。", "No."); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().subject, "newer");
}

}  // namespace
}  // namespace qushu::definitions
