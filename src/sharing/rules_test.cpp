#include "qushu/sharing/rules.h"

#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::ElementsAre;

class RulesTest : public PolicyTest {
 protected:
  void SetUp() override {
    PolicyTest::SetUp();
    make("health", "健康档案", "d1", "SELECT 1 AS _id, 'a' AS code, 'x' AS note, '张三' AS name", 1,
         {{.id = "code", .name = "编号", .key = true},
          {.id = "note", .name = "备注", .level = "3"},
          {.id = "name", .name = "姓名"}});
    dataset_ = take(catalog_->find({.all = true}, "health"));
    keeper_ = who("k", {}, {Permission::security_manage});
    user_ = who("u", {"d2"}, {Permission::dataset_read, Permission::sql});
  }
  Terms terms(std::vector<std::pair<std::string, std::string>> fields, json::array methods, std::string purpose = "relief") {
    json::array list;
    for (auto& [id, mask] : fields)
      list.push_back(json::object{{"id", id}, {"mask", json::object{{"kind", mask}, {"first", 1}, {"value", "-"}}}});
    return take(terms_of(
        *engine_, dataset_,
        {{"fields", std::move(list)}, {"methods", std::move(methods)}, {"purpose", "核对"}, {"named_purpose", purpose}},
        calendar_->zone()));
  }
  std::string wrong(const Terms& given, bool asked = false) {
    auto checked = check_rules(*take(rules_->table()), dataset_, given, asked);
    return checked ? "" : checked.error().subject;
  }
  catalog::Dataset dataset_;
  Actor keeper_, user_;
};
QUSHU_ON_BOTH_STORES(RulesTest);

TEST_P(RulesTest, TheTableSaysWhatMayGoByWhichMethod) {
  EXPECT_EQ(wrong(terms({{"note", "none"}}, {"api"})), "");
  // Grade 3 leaves as a file only masked; it may be asked for, since the provider masks.
  EXPECT_EQ(wrong(terms({{"note", "none"}}, {"file"})), "fields");
  EXPECT_EQ(wrong(terms({{"note", "none"}}, {"file"}), true), "");
  EXPECT_EQ(wrong(terms({{"note", "partial"}}, {"file"})), "");
  ASSERT_TRUE(rules_->change(
      keeper_, {.level = "3", .by_use = {Ruling::allowed, Ruling::allowed, Ruling::denied, Ruling::denied}, .second = true}));
  EXPECT_EQ(wrong(terms({{"note", "partial"}}, {"file"}), true), "methods");
  EXPECT_TRUE(needs_second(*take(rules_->table()), dataset_, terms({{"note", "none"}}, {"api"})));
  EXPECT_FALSE(needs_second(*take(rules_->table()), dataset_, terms({{"code", "none"}}, {"api"})));
  EXPECT_EQ(rules_->change(user_, {.level = "3"}).error().code, Code::forbidden);
  EXPECT_EQ(rules_->change(keeper_, {.level = "9"}).error().subject, "level");
  // What is in no row of the table is denied.
  EXPECT_FALSE(RuleTable{}.allows("1", Use::api, {}));
}

TEST_P(RulesTest, PersonalInformationNeedsANamedPurpose) {
  EXPECT_EQ(wrong(terms({{"name", "none"}}, {"api"}, "")), "named_purpose");
  EXPECT_EQ(wrong(terms({{"name", "none"}}, {"api"})), "");
  EXPECT_EQ(wrong(terms({{"name", "constant"}}, {"api"}, "")), "");
  EXPECT_EQ(wrong(terms({{"code", "none"}}, {"api"}, "")), "");
  EXPECT_EQ(wrong(terms({{"note", "none"}}, {"api"}, "")), "named_purpose") << "by its level";
  EXPECT_EQ(wrong(terms({{"code", "none"}}, {"api"}, "whim")), "named_purpose");
  ASSERT_TRUE(rules_->put_purpose(keeper_, {.code = "relief", .name = {"救助", "Relief"}, .active = false}));
  EXPECT_EQ(wrong(terms({{"name", "none"}}, {"api"})), "named_purpose") << "not offered any more";
  ASSERT_TRUE(rules_->put_purpose(keeper_, {.code = "audit", .name = {"审计", ""}}));
  EXPECT_EQ(wrong(terms({{"name", "none"}}, {"api"}, "audit")), "");
  EXPECT_EQ(rules_->put_purpose(keeper_, {.code = "A b", .name = {"x", ""}}).error().subject, "code");
}

TEST_P(RulesTest, AChangeBitesAtOnceAlsoForGrantsThatAreThere) {
  auto given = terms({{"code", "none"}, {"note", "none"}}, {"api", "sql"});
  take(store().write([&](store::Transaction& t) {
    return grants_->add(
        t, Actor::system(),
        {.dataset_id = dataset_.id, .dataset_code = "health", .provider_id = "d1", .department_id = "d2", .terms = given});
  }));
  auto fields = [&](Use use) {
    std::vector<std::string> out;
    auto shown = policy_->compile_for(user_, use, "health");
    if (!shown) return std::vector<std::string>{shown.error().id};
    for (const auto& f : shown->fields) out.push_back(f.id);
    return out;
  };
  EXPECT_THAT(fields(Use::api), ElementsAre("code", "note"));
  ASSERT_TRUE(
      rules_->change(keeper_, {.level = "3", .by_use = {Ruling::masked, Ruling::allowed, Ruling::denied, Ruling::denied}}));
  EXPECT_THAT(fields(Use::api), ElementsAre("code"));
  EXPECT_THAT(fields(Use::sql), ElementsAre("code", "note"));
  auto sandboxed = take(policy_->sandbox(user_, "SELECT * FROM health"));
  ASSERT_EQ(sandboxed.spec.views.size(), 1U);
  EXPECT_NE(sandboxed.spec.views[0].sql.find("note"), std::string::npos);
  // The level of a field is raised by its department.
  catalog::DatasetChange change;
  change.fields = {{.id = "code", .level = "core"}};
  take(catalog_->change(Actor::system(), dataset_.id, change));
  EXPECT_THAT(fields(Use::api), ElementsAre("grant.rules"));
}

}  // namespace
}  // namespace qushu::sharing
