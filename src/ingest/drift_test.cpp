#include "qushu/ingest/drift.h"

#include <gmock/gmock.h>

namespace qushu::ingest {
namespace {

using enum engine::Type;

std::vector<std::string> shown(const std::vector<Drift>& drifts) {
  std::vector<std::string> out;
  for (const auto& d : drifts) out.push_back(std::string(name(d.kind)) + " " + (d.was.empty() ? "" : d.was + ">") + d.column);
  return out;
}

const std::vector<KnownColumn> kKnown{{.name = "id", .item = "编号", .type = integer, .into = integer, .needed = true},
                                      {.name = "name", .item = "企业名称", .type = text, .into = text},
                                      {.name = "capital", .item = "注册资本", .type = decimal, .into = decimal},
                                      {.name = "opened", .item = "成立日期", .type = date, .into = date},
                                      {.name = "note", .item = "备注", .type = text, .into = text, .skip = true}};

TEST(DriftTest, WhatStaysIsNoDrift) {
  EXPECT_THAT(compare(kKnown, {{"id", integer}, {"name", text}, {"capital", decimal}, {"opened", date}, {"note", text}}),
              ::testing::IsEmpty());
  // Another order, a narrower type, no values at all, and a skipped column that went are nobody's concern.
  EXPECT_THAT(compare(kKnown, {{"name", text}, {"id", integer}, {"capital", integer}, {"opened", text, true}}),
              ::testing::IsEmpty());
}

TEST(DriftTest, NewMissingAndRetyped) {
  auto drifts = compare(kKnown, {{"id", integer}, {"name", text}, {"opened", text}, {"note", text}, {"street_code", text}});
  EXPECT_THAT(shown(drifts), ::testing::ElementsAre("missing capital", "retyped opened", "added street_code"));
  EXPECT_EQ(drifts[1].before, date);
  EXPECT_EQ(drifts[1].type, text);
  EXPECT_EQ(summary(drifts).zh, "新增 1 列，缺少 1 列，改变类型 1 列");
}

TEST(DriftTest, RenamedByPlaceTypeNameAndValues) {
  // The same place and type and a similar name.
  EXPECT_THAT(shown(compare(kKnown, {{"id", integer}, {"name_cn", text}, {"capital", decimal}, {"opened", date}})),
              ::testing::ElementsAre("renamed name>name_cn"));
  // Neither place nor name, but the values.
  auto values = [](const KnownColumn& k, const SeenColumn& s) -> std::optional<double> {
    return k.name == "name" && s.name == "qymc" ? 0.9 : 0.0;
  };
  auto drifts = compare(kKnown, {{"id", integer}, {"capital", decimal}, {"opened", date}, {"x", text}, {"qymc", text}}, values);
  EXPECT_THAT(shown(drifts), ::testing::ElementsAre("renamed name>qymc", "added x"));
  EXPECT_THAT(drifts[0].why.zh, ::testing::HasSubstr("90% 的值相同"));
  // The same place alone is not enough, nor is a column of another type.
  EXPECT_THAT(shown(compare(kKnown, {{"id", integer}, {"name", text}, {"capital", decimal}, {"zzz", boolean}})),
              ::testing::ElementsAre("missing opened", "added zzz"));
}

TEST(DriftTest, AColumnIsRenamedOnce) {
  auto drifts = compare({{.name = "企业名称", .item = "a"}, {.name = "企业简称", .item = "b"}}, {{"企业名"}, {"企业简称名"}});
  EXPECT_THAT(shown(drifts), ::testing::ElementsAre("renamed 企业名称>企业名", "renamed 企业简称>企业简称名"));
}

TEST(DriftTest, LikenessAndWidth) {
  EXPECT_EQ(likeness("Name", "name"), 1.0);
  EXPECT_EQ(likeness("street_code", "streetCode"), 1.0);
  EXPECT_GT(likeness("企业名称", "企业名"), 0.7);
  EXPECT_EQ(likeness("甲", "乙"), 0.0);
  EXPECT_EQ(likeness("", ""), 0.0);
  EXPECT_TRUE(holds(number, integer));
  EXPECT_TRUE(holds(datetime, date));
  EXPECT_FALSE(holds(integer, decimal));
  EXPECT_FALSE(holds(date, datetime));
}

TEST(DriftTest, FilesOfOneDeliveryAreComparedTogether) {
  const std::vector<SeenColumn> as_ever{{"id", integer}, {"name", text}, {"capital", decimal}, {"opened", date}};
  auto more = as_ever, other = as_ever, less = as_ever;
  more.push_back({"street", integer});
  other.push_back({"street", text});
  less.erase(less.begin() + 2);
  auto drifts = compare_all(kKnown, {as_ever, more, other, less});
  EXPECT_THAT(shown(drifts), ::testing::UnorderedElementsAre("added street", "missing capital"));
  for (const auto& d : drifts) {
    EXPECT_TRUE(d.partly) << d.column;
    if (d.column == "street") {
      EXPECT_EQ(d.type, text);  // what holds the values of both files
    }
  }
  EXPECT_FALSE(compare_all(kKnown, {more, more})[0].partly);
  EXPECT_TRUE(drifts_of(json::array{to_json(drifts[0])})[0].partly);
}

TEST(DriftTest, AColumnBesideTheOldOneIsNotItsNewName) {
  const std::vector<SeenColumn> renamed{{"id", integer}, {"name_cn", text}, {"capital", decimal}, {"opened", date}};
  const std::vector<SeenColumn> both{
      {"id", integer}, {"name", text}, {"capital", decimal}, {"opened", date}, {"name_cn", text}};
  for (const auto& drifts : {compare_all(kKnown, {renamed, both}), compare_all(kKnown, {both, renamed})})
    EXPECT_THAT(shown(drifts), ::testing::UnorderedElementsAre("added name_cn", "missing name"));
}

TEST(DriftTest, ColumnsUniteToWhatHoldsAllTheirValues) {
  auto united =
      unite({{{.name = "a", .type = integer},
              {.name = "b", .type = decimal, .width = 6, .scale = 2},
              {.name = "e", .type = text, .empty = true}},
             {{.name = "b", .type = decimal, .width = 9, .scale = 1}, {.name = "a", .type = decimal, .width = 5, .scale = 3}},
             {{.name = "c", .type = date}, {.name = "e", .type = date}},
             {{.name = "c", .type = boolean}}});
  ASSERT_EQ(united.size(), 4U);
  EXPECT_EQ(united[0].type, decimal);
  EXPECT_EQ(united[0].width, 22);
  EXPECT_EQ(united[0].scale, 3);
  EXPECT_EQ(united[1].width, 10);
  EXPECT_EQ(united[1].scale, 2);
  EXPECT_EQ(united[2].type, date);
  EXPECT_EQ(united[3].type, text);
}

TEST(DriftTest, AsDocument) {
  auto drifts = compare(kKnown, {{"id", text}, {"name_cn", text}, {"capital", decimal}, {"opened", date}});
  json::array stored;
  for (const auto& d : drifts) stored.emplace_back(to_json(d));
  EXPECT_EQ(shown(drifts_of(stored)), shown(drifts));
  EXPECT_TRUE(drifts_of(stored)[0].needed);
  EXPECT_THAT(drifts_of(json::value(nullptr)), ::testing::IsEmpty());
}

}  // namespace
}  // namespace qushu::ingest
