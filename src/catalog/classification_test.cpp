#include <gmock/gmock.h>

#include "catalog_fixture.h"

namespace qushu::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ClassificationTest : public CatalogTest {
 protected:
  // "full code name", a star for those that are not offered.
  std::vector<std::string> followed() {
    std::vector<std::string> out;
    for (const auto& node : take(classification_->nodes()))
      if (!node.department_id.empty()) out.push_back(node.full_code + " " + node.name + (node.retired ? "*" : ""));
    return out;
  }
  void follow(std::vector<ClassifiedDepartment> departments) {
    take(store().write([&](store::Transaction& t) -> Result<bool> {
      QS_CHECK(classification_->follow(t, actor_, departments));
      return true;
    }));
  }
  Node node_of(std::string_view department) {
    for (auto& node : take(classification_->nodes()))
      if (node.department_id == department) return node;
    throw std::runtime_error("no node of " + std::string(department));
  }
  std::size_t audited(std::string action) {
    audit::Query query;
    query.action = std::move(action);
    return take(audit_->search(query)).size();
  }
};
QUSHU_ON_BOTH_STORES(ClassificationTest);

TEST_P(ClassificationTest, DepartmentsAreNodes) {
  follow({{"d1", "scj", "市场监管局"}, {"d2", "mzj", "民政局"}});
  EXPECT_THAT(followed(), ElementsAre("301001 市场监管局", "301002 民政局"));
  auto id = node_of("d2").id;
  follow({{"d1", "scj", "市场监管局"}, {"d2", "mzj", "民政和社会工作局"}, {"d3", "wjw", "卫健委"}});
  EXPECT_THAT(followed(), ElementsAre("301001 市场监管局", "301002 民政和社会工作局", "301003 卫健委"));
  EXPECT_EQ(node_of("d2").id, id);
  EXPECT_EQ(audited("classification.add"), 3U);
  EXPECT_EQ(audited("classification.change"), 1U);
  // In step already: nothing is written.
  follow({{"d1", "scj", "市场监管局"}, {"d2", "mzj", "民政和社会工作局"}, {"d3", "wjw", "卫健委"}});
  EXPECT_EQ(audited("classification."), 4U);
  // One that was never used goes with its department, one that was is retired, and comes back with it.
  auto d = add("firms", "企业登记");
  EntryChange change;
  change.classifications = {id};
  take(store().write([&](store::Transaction& t) -> Result<bool> {
    QS_CHECK(entries_->change(t, actor_, d.id, change));
    return true;
  }));
  follow({{"d1", "scj", "市场监管局"}});
  EXPECT_THAT(followed(), ElementsAre("301001 市场监管局", "301002 民政和社会工作局*"));
  follow({{"d1", "scj", "市场监管局"}, {"d9", "mzj", "民政和社会工作局"}});
  EXPECT_THAT(followed(), ElementsAre("301001 市场监管局", "301002 民政和社会工作局"));
  EXPECT_EQ(node_of("d9").id, id);
}

TEST_P(ClassificationTest, WhatPeopleMadeIsTakenOverAndNamesStayApart) {
  auto mine = take(classification_->add(actor_, "301", "500", "民政局"));
  follow({{"d1", "mzj", "民政局"}, {"d2", "a_bgs", "办公室"}, {"d3", "b_bgs", "办公室"}});
  EXPECT_THAT(followed(), ElementsAre("301001 办公室", "301002 办公室（b_bgs）", "301500 民政局"));
  EXPECT_EQ(node_of("d1").id, mine.id);
  // People recode and move them, never rename or remove them.
  auto streets = take(classification_->add(actor_, "3", "02", "乡镇街道"));
  EXPECT_EQ(take(classification_->change(actor_, node_of("d2").id, {.code = "009", .parent_id = streets.id})).full_code,
            "302009");
  EXPECT_EQ(classification_->change(actor_, mine.id, {.name = "别的"}).error().subject, "name");
  EXPECT_EQ(classification_->remove(actor_, mine.id).error().id, "classification.department");
  EXPECT_TRUE(take(classification_->change(actor_, mine.id, {.retired = true})).retired);
  follow({{"d1", "mzj", "民政局"}, {"d2", "a_bgs", "办公室"}, {"d3", "b_bgs", "办公室"}});
  // Moved apart, the other office needs no mark any more; what was retired stays so.
  EXPECT_THAT(followed(), ElementsAre("301002 办公室", "301500 民政局*", "302009 办公室"));
}

TEST_P(ClassificationTest, AMissingPlaceIsMadeAndAMissingAxisIsLeftAlone) {
  EXPECT_TRUE(classification_->remove(actor_, "301"));
  follow({{"d1", "scj", std::string(100, 'x')}});
  auto node = node_of("d1");
  EXPECT_EQ(node.path.substr(0, node.path.find(std::string(9, 'x'))), "部门信息资源 › 区级部门 › ");
  EXPECT_EQ(node.full_code, "301001");
  follow({});
  EXPECT_TRUE(classification_->remove(actor_, node.parent_id));
  EXPECT_TRUE(classification_->remove(actor_, "3"));
  follow({{"d1", "scj", "市场监管局"}});
  EXPECT_THAT(followed(), IsEmpty());
}

TEST_P(ClassificationTest, ADatasetIsOfItsDepartmentsNode) {
  follow({{"d1", "scj", "市场监管局"}, {"d2", "mzj", "民政局"}});
  auto firms = add("firms", "企业登记", "d1");
  add("relief", "救助", "d2");
  add("licences", "证照", "d1");
  EntryChange change;
  change.classifications = {"203", node_of("d2").id};
  take(store().write([&](store::Transaction& t) -> Result<bool> {
    QS_CHECK(entries_->change(t, actor_, firms.id, change));
    return true;
  }));
  auto found = [&](std::vector<std::string> classes) {
    return codes(take(catalog_->search(all_, {.classifications = std::move(classes)})));
  };
  auto d1 = node_of("d1").id, d2 = node_of("d2").id;
  EXPECT_THAT(found({d1}), UnorderedElementsAre("firms", "licences"));
  EXPECT_THAT(found({d2}), UnorderedElementsAre("firms", "relief"));  // by its own class, and by department
  EXPECT_THAT(found({"3"}), UnorderedElementsAre("firms", "licences", "relief"));
  EXPECT_THAT(found({"203"}), ElementsAre("firms"));
  EXPECT_THAT(found({"203", d2}), UnorderedElementsAre("firms", "relief"));
  EXPECT_THAT(found({"nosuch"}), IsEmpty());
  // Facets count what a click would find, whatever is chosen in the axis itself.
  auto search = take(catalog_->search(all_, {.classifications = {d1}}));
  EXPECT_EQ(search.total, 2);
  std::map<std::string, std::int64_t> counts;
  for (const auto& facet : search.facets.at("classification")) counts[facet.value] = facet.count;
  EXPECT_EQ(counts, (std::map<std::string, std::int64_t>{{"2", 1}, {"203", 1}, {"3", 3}, {"301", 3}, {d1, 2}, {d2, 2}}));
  std::map<std::string, std::int64_t> departments;
  for (const auto& facet : search.facets.at("department")) departments[facet.value] = facet.count;
  EXPECT_EQ(departments, (std::map<std::string, std::int64_t>{{"d1", 2}}));
  for (const auto& node : take(classification_->nodes()))
    if (counts.contains(node.id)) EXPECT_EQ(node.entries, counts[node.id]) << node.path;
}

}  // namespace
}  // namespace qushu::catalog
