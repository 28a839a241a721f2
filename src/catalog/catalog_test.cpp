#include "qushu/catalog/catalog.h"

#include <gmock/gmock.h>

#include "catalog_fixture.h"

namespace qushu::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

QUSHU_ON_BOTH_STORES(CatalogTest);

TEST_P(CatalogTest, VersionsAreImmutableAndGoingBackMovesAPointer) {
  auto d = add("firms", "企业登记");
  EXPECT_EQ(d.state, "draft");
  std::vector<std::int64_t> hooked;
  catalog_->on_current([&](store::Transaction&, const Actor&, const Dataset&, const Version& v) -> Result<void> {
    hooked.push_back(v.number);
    return {};
  });
  EXPECT_EQ(publish(d.id, 100), 1);
  EXPECT_EQ(publish(d.id, 200), 2);
  auto now = take(catalog_->find(all_, "firms"));
  EXPECT_EQ(now.state, "published");
  EXPECT_EQ(now.version, 2);
  EXPECT_EQ(now.rows, 200U);
  EXPECT_EQ(take(catalog_->roll_back(actor_, d.id, 1)).rows, 100U);
  EXPECT_EQ(catalog_->roll_back(actor_, d.id, 1).error().id, "dataset.already_current");
  EXPECT_FALSE(catalog_->roll_back(actor_, d.id, 9));
  EXPECT_EQ(publish(d.id, 300), 3);  // numbers go on, whatever is current
  auto list = take(catalog_->versions(d.id));
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].number, 3);
  EXPECT_TRUE(list[0].current);
  EXPECT_EQ(list[2].origins.at(0).file_name, "表.csv");
  EXPECT_EQ(take(catalog_->version(d.id, 2)).published, 200U);
  EXPECT_THAT(hooked, ElementsAre(1, 2, 1, 3));
  EXPECT_TRUE(take(catalog_->uses_blob("blob200")));
  EXPECT_FALSE(take(catalog_->uses_blob("blob9")));
  EXPECT_EQ(take(audit_->search({.action = "dataset.publish"})).size(), 3U);
}

TEST_P(CatalogTest, APublicationThatFailsLeavesNothing) {
  auto d = add("firms", "企业登记");
  auto failed = store().write([&](store::Transaction& t) -> Result<std::int64_t> {
    QS_TRY(auto number, catalog_->publish(t, actor_, d.id, {}));
    static_cast<void>(number);
    return fail(Code::invalid, "t", "否", "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(take(catalog_->find(all_, "firms")).version, 0);
  EXPECT_TRUE(take(catalog_->versions(d.id)).empty());
}

TEST_P(CatalogTest, AFieldKeepsItsIdentifierForEver) {
  auto d = add("firms", "企业登记");
  auto first = take(catalog_->identifiers(d.id, {"企业名称", "企业名称（旧）", "2024", "SELECT", "企业明称"}));
  EXPECT_EQ(first.at(0), "qi_ye_ming_cheng");
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), 5U);
  for (const auto& id : first) EXPECT_TRUE(is_code(id)) << id;
  publish(d.id, 1, {{.id = first[0], .name = "企业名称"}, {.id = first[4], .name = "企业明称"}});
  publish(d.id, 1, {{.id = "other", .name = "其他"}});
  EXPECT_THAT(take(catalog_->identifiers(d.id, {"企业明称", "企业名称"})), ElementsAre(first[4], first[0]));
}

TEST_P(CatalogTest, SearchFindsByWordsFiltersAndPages) {
  add("firms", "企业登记", "d1", {"经济"});
  auto parks = add("parks", "公园绿地", "d2", {"城市", "经济"});
  add("people", "人口统计", "d2");
  publish(parks.id, 50, {{.id = "trees", .name = "古树名木"}});
  EXPECT_THAT(codes(take(catalog_->search(all_, {.text = "登记"}))), ElementsAre("firms"));
  EXPECT_THAT(codes(take(catalog_->search(all_, {.text = "古树"}))), ElementsAre("parks"));
  EXPECT_THAT(codes(take(catalog_->search(all_, {.text = "经济"}))), UnorderedElementsAre("firms", "parks"));
  EXPECT_THAT(codes(take(catalog_->search(all_, {.text = "PARK"}))), ElementsAre("parks"));
  EXPECT_THAT(codes(take(catalog_->search(all_, {.text = "%"}))), ElementsAre());
  EXPECT_THAT(codes(take(catalog_->search(all_, {.text = "_"}))), ElementsAre());
  EXPECT_THAT(codes(take(catalog_->search(all_, {.departments = {"d2"}, .sort = "title"}))),
              UnorderedElementsAre("parks", "people"));
  EXPECT_THAT(codes(take(catalog_->search(all_, {.tags = {"城市"}}))), ElementsAre("parks"));
  EXPECT_THAT(codes(take(catalog_->search(all_, {.states = {"draft"}}))), UnorderedElementsAre("firms", "people"));
  auto facets = take(catalog_->search(all_, {}));
  EXPECT_EQ(facets.total, 3);
  ASSERT_EQ(facets.facets.at("department").size(), 2U);
  EXPECT_EQ(facets.facets.at("department")[0].label, "民政局");
  EXPECT_EQ(facets.facets.at("department")[0].count, 2);
  for (const auto* sort : {"changed", "title", "rows"}) {
    Search query{.sort = sort, .limit = 1};
    std::vector<std::string> seen;
    do {
      auto page = take(catalog_->search(all_, query));
      for (const auto& code : codes(page)) seen.push_back(code);
      query.after = page.next;
    } while (!query.after.empty() && seen.size() < 10);
    EXPECT_THAT(seen, UnorderedElementsAre("firms", "parks", "people")) << sort;
  }
  EXPECT_FALSE(catalog_->search(all_, {.after = "garbage"}));
}

TEST_P(CatalogTest, WhoMayNotKnowOfADatasetFindsNothing) {
  auto d = add("firms", "企业登记", "d1");
  publish(d.id, 10);
  Visibility other{.person_id = "p2", .departments = {"d2"}};
  EXPECT_EQ(catalog_->find(other, "firms").error().code, Code::not_found);
  EXPECT_EQ(take(catalog_->search(other, {})).total, 0);
  EXPECT_TRUE(take(catalog_->search(other, {})).facets["department"].empty());
  for (const auto* reader : {"d2", "p2"}) {
    take(catalog_->change(actor_, d.id, {.readers = std::vector<std::string>{reader}}));
    EXPECT_TRUE(catalog_->find(other, "firms")) << reader;
    EXPECT_EQ(take(catalog_->search(other, {})).total, 1) << reader;
  }
  take(catalog_->change(actor_, d.id, {.readers = std::vector<std::string>{}}));
  EXPECT_FALSE(catalog_->find(other, "firms"));
}

TEST_P(CatalogTest, EntriesAreChecked) {
  auto d = add("firms", "企业登记");
  EXPECT_FALSE(store().write([&](store::Transaction& t) {
    return catalog_->add(t, actor_, {.code = "firms", .title = "重复", .department_id = "d1"});
  }));
  for (const auto* code : {"", "1a", "A", "a b", "a-b", "企业"})
    EXPECT_FALSE(store().write([&](store::Transaction& t) {
      return catalog_->add(t, actor_, {.code = code, .title = "x", .department_id = "d1"});
    })) << code;
  EXPECT_FALSE(catalog_->change(actor_, d.id, {.update_cycle = "sometimes"}));
  EXPECT_FALSE(catalog_->change(actor_, d.id, {.level = "9"}));
  EXPECT_FALSE(catalog_->change(actor_, d.id, {.title = ""}));
  EXPECT_FALSE(catalog_->change(actor_, d.id, {.fields = {{.id = "nosuch", .unit = "人"}}}));
  auto changed = take(catalog_->change(
      actor_, d.id, {.title = "新名称", .sharing_type = "unconditional", .tags = std::vector<std::string>{"a", "b"}}));
  EXPECT_EQ(changed.title, "新名称");
  EXPECT_THAT(take(catalog_->find(all_, "firms")).tags, ElementsAre("a", "b"));
  EXPECT_EQ(take(catalog_->withdraw(actor_, d.id, true)).state, "withdrawn");
}

}  // namespace
}  // namespace qushu::catalog
