#include <gmock/gmock.h>

#include "catalog_fixture.h"
#include "highlight.h"
#include "index_query.h"
#include "terms.h"

namespace qushu::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SearchTest : public CatalogTest {
 protected:
  std::vector<std::string> found(const std::string& text) { return codes(take(catalog_->search(all_, {.text = text}))); }
};
QUSHU_ON_BOTH_STORES(SearchTest);

TEST_P(SearchTest, ChinesePinyinAndInitials) {
  add("firms", "企业登记信息");
  auto parks = add("parks", "公园绿地");
  add("people", "人口统计");
  publish(parks.id, 1, {{.id = "trees", .name = "古树名木"}});
  for (const auto* text :
       {"企业登记", "登记", "企", "qydj", "QYDJXX", "qiye", "dengji", "dengj", "djxx", "企业 信息", "firm", "企业 dengji"})
    EXPECT_THAT(found(text), ElementsAre("firms")) << text;
  for (const auto* text : {"古树", "gsmm", "gushu", "trees", "mingmu"}) EXPECT_THAT(found(text), ElementsAre("parks")) << text;
  for (const auto* text : {"登企", "企业公园", "%", "AND", "\"", "qydk", "*"}) EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST_P(SearchTest, ChangesAreSeenAtOnceAndByOthers) {
  auto d = add("firms", "企业登记");
  EXPECT_THAT(found("企业"), ElementsAre("firms"));
  take(catalog_->change(actor_, d.id, {.title = "个体户名录"}));
  EXPECT_THAT(found("企业"), IsEmpty());
  EXPECT_THAT(found("个体户"), ElementsAre("firms"));
  // A second process with an index of its own, and one that shares a folder.
  auto other = open_again();
  auto shared = folder() / "search";
  auto names = [] { return Result<std::map<std::string, std::string>>(std::map<std::string, std::string>{}); };
  auto first = take(Catalog::open(store(), *audit_, names, clock_, shared));
  auto second = take(Catalog::open(*other, *audit_, names, clock_, shared));
  EXPECT_THAT(codes(take(first->search(all_, {.text = "名录"}))), ElementsAre("firms"));
  add("more", "更多名录");
  EXPECT_THAT(codes(take(second->search(all_, {.text = "名录"}))), UnorderedElementsAre("firms", "more"));
  EXPECT_THAT(codes(take(first->search(all_, {.text = "名录"}))), UnorderedElementsAre("firms", "more"));
  // Damaged, it is made anew.
  for (const auto& file : std::filesystem::directory_iterator(shared))
    if (file.path().extension() == ".glass") std::filesystem::resize_file(file.path(), 10);
  auto third = take(Catalog::open(store(), *audit_, names, clock_, shared));
  EXPECT_THAT(codes(take(third->search(all_, {.text = "更多"}))), ElementsAre("more"));
}

TEST_P(SearchTest, AStoreThatWentBackMakesTheIndexAnew) {
  auto shared = folder() / "search";
  auto names = [] { return Result<std::map<std::string, std::string>>(std::map<std::string, std::string>{}); };
  add("firms", "企业登记");
  auto kept = add("parks", "公园");
  EXPECT_EQ(take(take(Catalog::open(store(), *audit_, names, clock_, shared))->search(all_, {.text = "公园"})).total, 1);
  auto gone = store().write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec("DELETE FROM dataset WHERE id = ?", {kept.id}));
    return {};
  });
  ASSERT_TRUE(gone);
  auto again = take(Catalog::open(store(), *audit_, names, clock_, shared));
  EXPECT_EQ(take(again->search(all_, {.text = "公园"})).total, 0);
  EXPECT_EQ(take(again->search(all_, {})).total, 1);
}

TEST_P(SearchTest, FacetsCountWhatEachChoiceWouldGive) {
  add("a", "甲表", "d1", {"标签"});
  add("b", "乙表", "d1");
  auto c = add("c", "丙表", "d2");
  take(catalog_->change(actor_, c.id, {.sharing_type = "none"}));
  store()
      .write([&](store::Transaction& t) {
        EntryChange change;
        change.classifications = {"201"};
        return entries_->change(t, actor_, c.id, change);
      })
      .value();
  auto count = [](const Found& f, const std::string& facet, const std::string& value) {
    for (const auto& one : f.facets.at(facet))
      if (one.value == value) return one.count;
    return std::int64_t{0};
  };
  auto all = take(catalog_->search(all_, {}));
  EXPECT_EQ(all.total, 3);
  EXPECT_EQ(count(all, "department", "d1"), 2);
  EXPECT_EQ(count(all, "classification", "2"), 1);
  EXPECT_EQ(count(all, "classification", "201"), 1);
  auto one = take(catalog_->search(all_, {.departments = {"d1"}}));
  EXPECT_EQ(one.total, 2);
  EXPECT_EQ(count(one, "department", "d2"), 1) << "what the other choice would give";
  EXPECT_EQ(count(one, "sharing_type", "none"), 0);
  EXPECT_THAT(codes(take(catalog_->search(all_, {.classifications = {"2"}}))), ElementsAre("c"));
  EXPECT_THAT(codes(take(catalog_->search(all_, {.tags = {"标签"}, .entry_states = {"draft"}}))), ElementsAre("a"));
  EXPECT_EQ(take(catalog_->search(all_, {.departments = {"nosuch"}})).total, 0);
}

TEST_P(SearchTest, PagesByRelevanceToo) {
  for (int i = 0; i < 7; ++i) add("t" + std::to_string(i), "企业表" + std::to_string(i));
  for (const auto* sort : {"relevance", "changed", "title", "rows"}) {
    Search query{.text = "企业", .sort = sort, .limit = 3};
    std::vector<std::string> seen;
    do {
      auto page = take(catalog_->search(all_, query));
      EXPECT_EQ(page.total, 7) << sort;
      for (const auto& code : codes(page)) seen.push_back(code);
      query.after = page.next;
    } while (!query.after.empty() && seen.size() < 20);
    EXPECT_THAT(seen, UnorderedElementsAre("t0", "t1", "t2", "t3", "t4", "t5", "t6")) << sort;
    EXPECT_FALSE(catalog_->search(all_, {.text = "企业", .sort = sort, .after = "bm9uc2Vuc2U"})) << sort;
  }
}

TEST(TermsTest, RunsAndTerms) {
  auto runs = runs_of("2024年ＡＢ表—x_y");
  ASSERT_EQ(runs.size(), 6U);
  EXPECT_EQ(utf8(runs[2].text), "ab");
  EXPECT_EQ(runs[2].from, 5U);
  TermCounts terms;
  add_name("企业登记", 1, terms);
  for (const auto* term : {"企", "企业", "业登", "XIqydj", "XIdj", "XPqiye", "XPdengji"})
    EXPECT_TRUE(terms.contains(term)) << term;
  EXPECT_FALSE(terms.contains("企业登"));
}

TEST(HighlightTest, NeighboursAreOneHit) {
  auto spans = [](std::string_view text, std::string_view query) {
    std::string out;
    for (const auto& hit : hits_in(text, query)) out += std::to_string(hit.from) + "-" + std::to_string(hit.to) + " ";
    return out;
  };
  EXPECT_EQ(spans("本区企业登记信息", "企业登记"), "2-6 ");
  EXPECT_EQ(spans("本区企业登记信息", "企业 登记"), "2-6 ");
  EXPECT_EQ(spans("本区企业登记信息", "qydj"), "2-6 ");
  EXPECT_EQ(spans("本区企业登记信息", "dengj"), "4-6 ");
  EXPECT_EQ(spans("企业A表", "a"), "2-3 ");
  EXPECT_EQ(spans("企业", "登记"), "");
  Dataset d{.title = "表", .abstract = std::string(90, 'x') + " 登记在这里"};
  auto h = highlight(d, "登记");
  ASSERT_EQ(h.in_snippet.size(), 1U);
  EXPECT_TRUE(h.snippet.starts_with("…"));
}

}  // namespace
}  // namespace qushu::catalog
