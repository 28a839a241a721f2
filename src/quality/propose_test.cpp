#include "quality_fixture.h"

namespace qushu::quality {
namespace {

using engine::Type;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ProposeTest : public QualityFixture {
 protected:
  static std::vector<catalog::Field> fields() {
    return {field("code", "编号", Type::text, true), field("state", "状态", Type::text), field("n", "数量", Type::integer),
            field("phone", "电话", Type::text), field("day", "日期", Type::date)};
  }
  void publish_many() {
    publish("many",
            "SELECT i AS _id, printf('%06d', i) AS code, ['存续', '注销'][1 + i % 2] AS state, CAST(i AS BIGINT) AS n, "
            "CASE WHEN i = 7 THEN NULL ELSE '138' || printf('%08d', i) END AS phone, DATE '2020-01-01' AS day FROM range(1, "
            "101) t(i)",
            fields());
  }
  // As the profile job would keep it; only the members that proposals look at.
  void profile(const catalog::Dataset& dataset, std::string_view text) {
    take(store().write([&](store::Transaction& t) -> Result<bool> {
      QS_CHECK(catalog_->set_profile(t, dataset.id, dataset.version, json::parse(text).as_object()));
      return true;
    }));
  }
  std::vector<std::string> proposed(bool from_profile) {
    auto found = take(quality_->propose(steward_, "many", {}));
    EXPECT_EQ(found.from_profile, from_profile);
    std::vector<std::string> out;
    for (const auto& p : found.list)
      out.push_back(fmt::format("{} {} {} {}/{}", name(p.rule.kind), p.rule.fields.empty() ? "" : p.rule.fields[0],
                                json::serialize(p.rule.params), p.failed, p.checked));
    return out;
  }
  // Whoever reads the rows now fails.
  void lose_the_rows() {
    auto version = take(catalog_->version(take(catalog_->find({.all = true}, "many")).id, 0));
    for (const auto& part : version.parts) std::filesystem::resize_file(take(blobs_->path(part.blob)), 4);
  }
  static constexpr std::string_view kProfile = R"({"rows": 100, "fields": [
    {"id": "code", "type": "text", "values": 100, "distinct": 100, "distinct_exact": true, "blank": 0, "min_length": 6,
     "max_length": 6, "top": [{"value": "000001", "count": 1}]},
    {"id": "state", "type": "text", "values": 100, "distinct": 2, "distinct_exact": true, "blank": 0, "min_length": 2,
     "max_length": 2, "top": [{"value": "存续", "count": 50}, {"value": "注销", "count": 50}]},
    {"id": "n", "type": "integer", "values": 100, "distinct": 100, "distinct_exact": true, "min": 1, "max": 100, "top": []},
    {"id": "phone", "type": "text", "values": 99, "distinct": 99, "distinct_exact": true, "blank": 0, "min_length": 11,
     "max_length": 11, "top": [{"value": "13800000001", "count": 1}]},
    {"id": "day", "type": "date", "values": 100, "distinct": 1, "distinct_exact": true, "min": "2020-01-01",
     "max": "2020-01-01", "top": [{"value": "2020-01-01", "count": 100}]}]})";
};
QUSHU_ON_BOTH_STORES(ProposeTest);

TEST_P(ProposeTest, TheDataSuggestsRules) {
  publish_many();
  auto found = proposed(false);
  for (const char* expected :
       {"required code {} 0/100", "unique code {} 0/100", R"(length code {"min":6,"max":6} 0/100)",
        R"(enumeration state {"values":["存续","注销"]} 0/100)", R"(range n {"min":0} 0/100)", "required phone {} 1/100",
        R"(format phone {"format":"mobile"} 0/99)", R"(format day {"format":"not_future"} 0/100)", "freshness  {} 0/1"})
    EXPECT_THAT(found, Contains(expected));
  // The profile of these rows says the same, one of an earlier version is not asked.
  profile(take(catalog_->find({.all = true}, "many")), kProfile);
  EXPECT_EQ(proposed(true), found);
  auto stale = std::string(kProfile);
  profile(take(catalog_->find({.all = true}, "many")), stale.insert(1, R"("as_of": 1, "drift": 3, )"));
  EXPECT_EQ(proposed(false), found);
  // What is there already is not proposed again; all of them can be taken.
  auto proposals = take(quality_->propose(steward_, "many", {})).list;
  json::array all;
  for (const auto& p : proposals) all.push_back(to_json(p.rule, {}, Lang::zh));
  take(quality_->add(steward_, "many", all));
  EXPECT_THAT(take(quality_->propose(steward_, "many", {})).list, IsEmpty());
}

TEST_P(ProposeTest, WhatTheProfileTellsIsNotReadAgain) {
  publish_many();
  auto dataset = take(catalog_->find({.all = true}, "many"));
  // Short texts, whose values are all among the commonest or cannot have any format by their length.
  profile(dataset, R"({"rows": 1000, "fields": [
    {"id": "code", "type": "text", "values": 1000, "distinct": 1000, "distinct_exact": true, "blank": 0, "min_length": 4,
     "max_length": 4, "top": [{"value": "a001", "count": 1}]},
    {"id": "state", "type": "text", "values": 990, "distinct": 3, "distinct_exact": true, "blank": 90, "min_length": 0,
     "max_length": 2, "top": [{"value": "注销", "count": 800}, {"value": "存续", "count": 100}, {"value": "", "count": 90}]},
    {"id": "n", "type": "integer", "values": 1000, "distinct": 10, "distinct_exact": true, "min": -1, "max": 9, "top": []},
    {"id": "phone", "type": "text", "values": 1000, "distinct": 2, "distinct_exact": true, "blank": 0, "min_length": 11,
     "max_length": 12, "top": [{"value": "13800000001", "count": 600}, {"value": "010-62345678", "count": 400}]},
    {"id": "day", "type": "date", "values": 1000, "distinct": 1, "distinct_exact": true, "min": "2020-01-01",
     "max": "2026-11-26", "top": []}]})");
  lose_the_rows();
  EXPECT_THAT(proposed(true), UnorderedElementsAre("required code {} 0/1000", "unique code {} 0/1000",
                                                   R"(length code {"min":4,"max":4} 0/1000)",
                                                   R"(enumeration state {"values":["注销","存续"]} 90/990)",
                                                   "required phone {} 0/1000", R"(format phone {"format":"phone"} 0/1000)",
                                                   "required day {} 0/1000", "required n {} 0/1000", "freshness  {} 0/1"));
}

TEST_P(ProposeTest, WhatTheProfileLacksIsCounted) {
  publish_many();
  auto dataset = take(catalog_->find({.all = true}, "many"));
  // A profile of before lengths were kept.
  auto old = json::parse(kProfile).as_object();
  for (auto& told : old["fields"].as_array())
    for (const char* member : {"blank", "min_length", "max_length"}) told.as_object().erase(member);
  profile(dataset, json::serialize(old));
  EXPECT_THAT(proposed(true), Contains(R"(format phone {"format":"mobile"} 0/99)"));
  EXPECT_THAT(proposed(true), Contains(R"(length code {"min":6,"max":6} 0/100)"));
  // An estimate of distinct values is counted exactly before a rule is made of it.
  auto estimated = json::parse(kProfile).as_object();
  for (auto& told : estimated["fields"].as_array()) {
    told.as_object()["distinct_exact"] = false;
    if (told.at("id") == "n") told.as_object()["distinct"] = 98;
  }
  profile(dataset, json::serialize(estimated));
  EXPECT_THAT(proposed(true), Contains("unique n {} 0/100"));
  // One whose rows are of another type meanwhile is no use for that field.
  auto other = json::parse(kProfile).as_object();
  other["fields"].as_array()[2].as_object()["type"] = "text";
  profile(dataset, json::serialize(other));
  EXPECT_THAT(proposed(true), Contains(R"(range n {"min":0} 0/100)"));
}

TEST_P(ProposeTest, PercentagesStayWithinAHundred) {
  auto rate = field("rate", "达标率", Type::number);
  auto share = field("share", "占比", Type::number);  // written as 0.5: a fraction
  auto area = field("area", "面积", Type::number);
  area.unit = "亩";
  publish("many", "SELECT i AS _id, i / 2.0 AS rate, i / 200.0 AS share, i / 2.0 AS area FROM range(1, 101) t(i)",
          {rate, share, area});
  auto found = proposed(false);
  EXPECT_THAT(found, Contains(R"(range rate {"min":0,"max":100} 0/100)"));
  EXPECT_THAT(found, Contains(R"(range share {"min":0} 0/100)"));
  EXPECT_THAT(found, Contains(R"(range area {"min":0} 0/100)"));
}

}  // namespace
}  // namespace qushu::quality
