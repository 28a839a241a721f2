#include "package_index.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "qushu/base/text.h"

namespace qushu::opendata {
namespace {

const std::vector<std::string> kWords{"公园", "学校", "医院", "道路", "企业", "水质", "空气", "预算", "社区", "养老"};

const std::vector<std::string> kDepartments{"民政局", "卫健委", "教育局", "数据局", "财政局"};

PackagePtr package(std::size_t n, std::mt19937& random, std::size_t spread = 7) {
  auto p = std::make_shared<Package>();
  auto any = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random); };
  p->dataset_id = fmt::format("d{}", n);
  p->id = uuid_of("package", p->dataset_id);
  p->name = fmt::format("set_{:05}", any(90000) * 10 + n % 10);
  p->name += fmt::format("_{}", n);
  p->title = kWords[any(10)] + kWords[any(10)] + "登记";
  p->notes = kWords[any(10)];
  p->licence = any(3) == 0 ? "cc-by" : "cc-zero";
  p->tags = {kWords[any(10)]};
  if (auto more = fmt::format("标签{}", any(40)); any(2) == 0) p->tags.push_back(more);
  auto department = any(5);
  p->organization = {fmt::format("o{}", department), fmt::format("dept{}", department), kDepartments[department]};
  p->created = p->modified = Time{} + std::chrono::microseconds(any(spread));
  p->rows = any(spread);
  return p;
}

// The same questions answered one package at a time.
struct Plain {
  std::vector<PackagePtr> all;

  static bool holds(const Package& p, const std::string& word) {
    auto text = p.title + " " + p.notes + " " + p.organization.title;
    for (const auto& tag : p.tags) text += " " + tag;
    return text.contains(word);
  }
  std::vector<PackagePtr> matching(const std::string& word, const std::string& tag) const {
    std::vector<PackagePtr> out;
    for (const auto& p : all)
      if ((word.empty() || holds(*p, word)) && (tag.empty() || std::ranges::find(p->tags, tag) != p->tags.end()))
        out.push_back(p);
    return out;
  }
};

std::vector<std::string> names(const std::vector<PackagePtr>& packages) {
  std::vector<std::string> out;
  for (const auto& p : packages) out.push_back(p->name);
  return out;
}

std::vector<std::string> page_of(std::vector<PackagePtr> all, const std::string& sort, const std::string& word,
                                 std::size_t start, std::size_t rows) {
  std::ranges::sort(all, [&](const PackagePtr& a, const PackagePtr& b) {
    for (auto part : split(sort, ',')) {
      auto field = std::string(part.substr(0, part.find(' ')));
      bool down = part.ends_with(" desc");
      auto order = std::strong_ordering::equal;
      if (field == "score") order = a->title.contains(word) <=> b->title.contains(word);
      if (field == "metadata_modified") order = a->modified <=> b->modified;
      if (field == "rows") order = a->rows <=> b->rows;
      if (field == "title") order = a->title <=> b->title;
      if (field == "name") order = a->name <=> b->name;
      if (order != std::strong_ordering::equal) return down ? order > 0 : order < 0;
    }
    return a->name < b->name;
  });
  auto begin = std::min(start, all.size()), end = std::min(begin + rows, all.size());
  return names({all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(end)});
}

TEST(PackageIndex, AnswersAsOneByOneWould) {
  std::mt19937 random(20261129);
  PackageIndex index;
  Plain plain;
  auto one_of = [&](const auto& list) { return list[std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(random)]; };
  const std::vector<std::string> sorts{"score desc,metadata_modified desc",
                                       "metadata_modified desc",
                                       "metadata_modified asc",
                                       "name asc",
                                       "name desc",
                                       "rows desc,title asc",
                                       "title desc,score desc",
                                       "score asc",
                                       "rows asc"};
  for (std::size_t n = 0; n < 3000; ++n) {
    // Some change, and some go.
    if (n % 3 == 2) {
      auto at = std::uniform_int_distribution<std::size_t>(0, plain.all.size() - 1)(random);
      index.drop(plain.all[at]->dataset_id);
      plain.all.erase(plain.all.begin() + static_cast<std::ptrdiff_t>(at));
    }
    plain.all.push_back(package(n, random));
    index.add(plain.all.back());
    if (n % 10 != 0) continue;
    auto word = one_of(std::vector<std::string>{"", "公园", "登记", "教育局", "没有的"});
    auto tag = one_of(std::vector<std::string>{"", "水质", "标签7"});
    auto sort = one_of(sorts);
    PackageSearch query{.q = word, .fq = {}, .sort = sort, .rows = n % 50, .start = n % 70, .facets = {"tags", "organization"}};
    if (!tag.empty()) query.fq.push_back("tags:\"" + tag + "\"");
    auto found = index.search(query);
    ASSERT_TRUE(found);
    auto expected = plain.matching(word, tag);
    ASSERT_EQ(found->count, static_cast<std::int64_t>(expected.size())) << word << " " << tag;
    ASSERT_EQ(names(found->packages), page_of(expected, sort, word, query.start, query.rows))
        << n << " " << word << " " << sort;
    std::map<std::string, std::int64_t> tags;
    for (const auto& p : expected)
      for (const auto& t : p->tags) ++tags[t];
    ASSERT_EQ(found->facets["tags"].size(), tags.size());
    for (std::size_t i = 0; i < tags.size(); ++i) {
      const auto& value = found->facets["tags"][i];
      ASSERT_EQ(value.count, tags[value.name]) << value.name;
      if (i > 0) ASSERT_LE(value.count, found->facets["tags"][i - 1].count);
    }
  }
}

TEST(PackageIndex, ForgetsWhatIsGone) {
  std::mt19937 random(1);
  PackageIndex index;
  auto kept = package(1, random);
  index.add(kept);
  for (std::size_t n = 2; n < 5000; ++n) {
    auto p = package(n, random);
    index.add(p);
    index.drop(p->dataset_id);
    ASSERT_EQ(index.find(p->id), nullptr);
  }
  std::size_t format = 9;
  EXPECT_EQ(index.of_resource(resource_id(*kept, file_formats()[2]), format), kept);
  EXPECT_EQ(format, 2U);
  EXPECT_EQ(index.find(kept->name), kept);
  auto all = index.search({.rows = 10});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->count, 1);
  EXPECT_EQ(names(all->packages), names({kept}));
}

TEST(PackageIndex, TagsThatDifferInCaseAreFoundTogether) {
  std::mt19937 random(2);
  PackageIndex index;
  for (std::size_t n = 0; n < 4; ++n) {
    auto p = std::make_shared<Package>(*package(n, random));
    p->tags = {n % 2 == 0 ? "GIS" : "gis", "gis"};
    index.add(p);
  }
  auto found = index.search({.fq = {"tags:Gis"}, .rows = 10, .facets = {"tags"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 4);
  // Named twice in one package, it counts once.
  EXPECT_EQ(found->facets["tags"].front().name, "gis");
  EXPECT_EQ(found->facets["tags"].front().count, 4);
}

TEST(PackageIndex, SaysWhatCannotBeAsked) {
  PackageIndex index;
  EXPECT_EQ(index.search({.sort = "colour desc"}).error().subject, "sort");
  EXPECT_EQ(index.search({.q = "colour:red"}).error().subject, "fq");
  EXPECT_TRUE(index.search({.sort = "views_recent desc"}));
}

}  // namespace
}  // namespace qushu::opendata
