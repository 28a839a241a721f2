#include "qushu/sharing/policy.h"

#include <gmock/gmock.h>

#include "store_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PolicyTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), catalog::migrations());
    settings_.declare(audit::settings());
    settings_.declare(engine::settings());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_,
        [] {
          return Result<std::map<std::string, std::string>>(std::map<std::string, std::string>{{"d1", "甲局"}, {"d2", "乙局"}});
        },
        system_clock()));
    policy_ = std::make_unique<Policy>(*catalog_, *blobs_);
    make("firms", "企业登记", "d1");
    make("parks", "公园", "d2");
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  static Actor who(std::string id, std::vector<std::string> departments, std::initializer_list<Permission> may) {
    Actor actor;
    actor.person_id = std::move(id);
    actor.department_id = departments.empty() ? "" : departments[0];
    actor.departments = std::move(departments);
    actor.may = permissions(may);
    actor.via = "session";
    return actor;
  }
  void make(const std::string& code, const std::string& title, const std::string& department) {
    auto part = blobs_->temporary_folder() / (code + ".parquet");
    take(engine_->execute({.sql = "COPY (SELECT 1 AS _id, '" + code + "' AS code) TO " + engine::quote_text(part.string()) +
                                  " (FORMAT parquet)"}));
    auto blob = take(blobs_->adopt(part));
    catalog::Version version;
    version.fields = {{.id = "code", .name = "代码"}};
    version.parts = {{.blob = blob.sha256, .rows = 1, .bytes = blob.size}};
    version.read = version.published = 1;
    take(store().write([&](store::Transaction& t) -> Result<std::int64_t> {
      QS_TRY(auto d, catalog_->add(t, Actor::system(), {.code = code, .title = title, .department_id = department}));
      return catalog_->publish(t, Actor::system(), d.id, version);
    }));
  }
  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Policy> policy_;
};
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
    auto spec = policy_->sandbox(c.actor, "SELECT * FROM firms, parks, \"企业登记\"");
    std::set<std::string> views;
    if (spec)
      for (const auto& v : spec->views) views.insert(v.name);
    EXPECT_EQ(views.contains("firms"), c.firms) << c.name;
    EXPECT_EQ(views.contains("企业登记"), c.firms) << c.name;
    EXPECT_EQ(views.contains("parks"), c.parks) << c.name;
    if (spec)
      for (const auto& n : spec->names)
        EXPECT_TRUE((n != "firms" || c.firms) && (n != "parks" || c.parks)) << c.name << " is told of " << n;
    auto readable = policy_->readable(c.actor);
    EXPECT_EQ(readable ? readable->size() : 0U, static_cast<std::size_t>(c.firms) + static_cast<std::size_t>(c.parks))
        << c.name;
  }
}

TEST_P(PolicyTest, ASandboxReachesItsFilesAndNoOthers) {
  auto actor = who("p", {"d1"}, {Permission::dataset_read, Permission::sql});
  auto spec = take(policy_->sandbox(actor, "SELECT * FROM firms"));
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
