#include <set>

#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

QUSHU_ON_BOTH_STORES(PolicyTest);

TEST_P(PolicyTest, WhoSeesWhat) {
  struct Case {
    const char* name;
    Actor actor;
    bool firms, parks;
  };
  auto firms = take(catalog_->find({.all = true}, "firms"));
  take(catalog_->change(Actor::system(), firms.id, {.readers = std::vector<std::string>{"named"}}));
  for (const auto& c : std::vector<Case>{
           {"own department", who("p", {"d1"}, {Permission::dataset_read}), true, false},
           {"department above both", who("p", {"d0", "d1", "d2"}, {Permission::dataset_read}), true, true},
           {"named", who("named", {"d3"}, {Permission::dataset_read}), true, false},
           {"of another department", who("p", {"d3"}, {Permission::dataset_read}), false, false},
           {"of every department", who("p", {"d3"}, {Permission::dataset_read, Permission::dataset_all}), true, true},
           {"nobody", Actor{}, false, false},
           {"without the permission", who("p", {"d1"}, {Permission::account}), false, false},
           {"system administrator", who("p", {"d1"}, {Permission::system_manage}), false, false},
       }) {
    EXPECT_EQ(policy_->compile(c.actor, "firms").has_value(), c.firms) << c.name;
    EXPECT_EQ(policy_->compile(c.actor, "parks").has_value(), c.parks) << c.name;
    auto spec = policy_->sandbox_whole(c.actor, "SELECT * FROM firms, parks, \"企业登记\"");
    std::set<std::string> views;
    if (spec)
      for (const auto& v : spec->spec.views) views.insert(v.name);
    EXPECT_EQ(views.contains("firms"), c.firms) << c.name;
    EXPECT_EQ(views.contains("企业登记"), c.firms) << c.name;
    EXPECT_EQ(views.contains("parks"), c.parks) << c.name;
    if (spec)
      for (const auto& n : spec->spec.names)
        EXPECT_TRUE((n != "firms" || c.firms) && (n != "parks" || c.parks)) << c.name << " is told of " << n;
    auto readable = policy_->readable(c.actor);
    EXPECT_EQ(readable ? readable->size() : 0U, static_cast<std::size_t>(c.firms) + static_cast<std::size_t>(c.parks))
        << c.name;
  }
}

TEST_P(PolicyTest, ASandboxReachesItsFilesAndNoOthers) {
  auto actor = who("p", {"d1"}, {Permission::dataset_read, Permission::sql});
  auto spec = take(policy_->sandbox(actor, "SELECT * FROM firms")).spec;
  auto run = [&](const std::string& sql) { return take(engine_->sandbox(spec))->run(sql, {}, {}); };
  auto cursor = take(run("SELECT code FROM firms"));
  const auto* chunk = take(cursor->next());
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(chunk->text(0, 0), "firms");
  auto refused = run("SELECT * FROM parks");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text.zh, Not(HasSubstr("公园")));
  EXPECT_THAT(run("SELECT * FROM frims").error().text.en, HasSubstr("firms"));
  auto other = take(policy_->compile(Actor::system(), "parks"));
  EXPECT_FALSE(run("SELECT * FROM read_parquet('" + other.files.at(0).string() + "')"));
  EXPECT_FALSE(run("SELECT * FROM '" + other.files.at(0).string() + "'"));
}

TEST_P(PolicyTest, ADatasetIsReadOnlyByItsWholeName) {
  auto actor = who("p", {"d1"}, {Permission::dataset_read, Permission::sql});
  auto read = [&](const std::string& sql) { return take(policy_->sandbox(actor, sql)).datasets; };
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  for (const char* sql : {"SELECT * FROM firms", "SELECT firms.code FROM FIRMS", "SELECT 1 FROM \"firms\"",
                          "SELECT 1 FROM(firms)", "SELECT * FROM 企业登记", "SELECT * FROM \"企业登记\" AS x"})
    EXPECT_THAT(read(sql), ElementsAre("firms")) << sql;
  for (const char* sql :
       {"SELECT * FROM register_firms", "SELECT * FROM firms_2024", "SELECT * FROM 企业登记表", "SELECT firmsize"})
    EXPECT_THAT(read(sql), IsEmpty()) << sql;
}

TEST_P(PolicyTest, StewardsAreOfTheDepartment) {
  auto firms = take(catalog_->find({.all = true}, "firms"));
  EXPECT_TRUE(check_steward(who("p", {"d1"}, {Permission::dataset_write}), firms));
  EXPECT_FALSE(check_steward(who("p", {"d2"}, {Permission::dataset_write}), firms));
  EXPECT_FALSE(check_steward(who("p", {"d1"}, {Permission::dataset_read}), firms));
  EXPECT_TRUE(check_steward(who("p", {"d3"}, {Permission::dataset_write, Permission::dataset_all}), firms));
}

TEST_P(PolicyTest, WhatWasWithdrawnIsForItsStewards) {
  auto firms = take(catalog_->find({.all = true}, "firms"));
  take(catalog_->change(Actor::system(), firms.id, {.readers = std::vector<std::string>{"d2"}}));
  auto reader = who("r", {"d2"}, {Permission::dataset_read}),
       steward = who("s", {"d1"}, {Permission::dataset_read, Permission::dataset_write});
  EXPECT_TRUE(policy_->compile(reader, "firms"));
  take(catalog_->withdraw(Actor::system(), firms.id, true));
  EXPECT_FALSE(policy_->compile(reader, "firms"));
  EXPECT_TRUE(policy_->compile(steward, "firms"));
}

}  // namespace
}  // namespace qushu::sharing
