#include "qushu/opendata/boundaries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qushu::opendata {
namespace {

std::string feature(const std::string& properties, const std::string& geometry) {
  return R"({"type":"Feature","properties":{)" + properties + R"(},"geometry":)" + geometry + "}";
}
std::string file(const std::string& features) {
  return R"({"type":"FeatureCollection","features":[)" + features + "]}";
}
const std::string kSquare = R"({"type":"Polygon","coordinates":[[[118,31],[118.5,31],[118.5,31.5],[118,31.5],[118,31]]]})";

TEST(BoundariesTest, CodesOfOneRegionAreOne) {
  EXPECT_EQ(region_of("990105001000"), "990105001");
  EXPECT_EQ(region_of("990105001002"), "990105001002");
  EXPECT_EQ(region_of("990105000000"), "990105");
  EXPECT_EQ(region_of("990105"), "990105");
  EXPECT_EQ(region_of("110100"), "1101");
  EXPECT_EQ(region_of("110000"), "11");
  EXPECT_EQ(region_of("11"), "11");
  for (const auto* none : {"", "1", "99010", "9901050", "99010A", "００", "000000", "11010500100212"})
    EXPECT_EQ(region_of(none), "") << none;
}

TEST(BoundariesTest, ReadsPolygonsAndTheirNames) {
  auto all = read_boundaries(file(
      feature(R"("code":"990105001","name":"云溪街道")", kSquare) + "," +
      feature(
          R"("adcode":990105002,"名称":"望江街道")",
          R"({"type":"MultiPolygon","coordinates":[[[[118,31,7],[118.1,31],[118,31.1]]],[[[119,31],[119.1,31],[119,31.1]]]]})")));
  ASSERT_TRUE(all) << all.error().text.zh;
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->at(0).code, "990105001");
  EXPECT_EQ(all->at(0).name, "云溪街道");
  ASSERT_EQ(all->at(0).rings.size(), 1U);
  EXPECT_EQ(all->at(0).rings[0].size(), 4U);  // closed by itself
  EXPECT_EQ(all->at(1).code, "990105002");
  EXPECT_EQ(all->at(1).rings.size(), 2U);
}

TEST(BoundariesTest, NeighboursStillMeetWhenThinned) {
  // The same long border, walked both ways by two regions.
  std::string there, back;
  for (int i = 0; i <= 20000; ++i) {
    auto point = [](int n) {
      return "[" + std::to_string(118.3 + 0.00001 * ((n * 7919) % 97) / 97.0) + "," + std::to_string(31 + 0.4 * n / 20000.0) +
             "]";
    };
    there += (there.empty() ? "" : ",") + point(i);
    back += (back.empty() ? "" : ",") + point(20000 - i);
  }
  auto all = read_boundaries(file(feature(R"("code":"990105001","name":"东")",
                                          R"({"type":"Polygon","coordinates":[[)" + there + ",[118.7,31.4],[118.7,31]]]}") +
                                  "," +
                                  feature(R"("code":"990105002","name":"西")",
                                          R"({"type":"Polygon","coordinates":[[)" + back + ",[117.9,31],[117.9,31.4]]]}")));
  ASSERT_TRUE(all) << all.error().text.zh;
  const auto &east = all->at(0).rings[0], &west = all->at(1).rings[0];
  EXPECT_LT(east.size(), 12000U);
  std::size_t shared = 0;
  for (const auto& point : east) shared += std::ranges::find(west, point) != west.end() ? 1 : 0;
  EXPECT_GE(shared, east.size() - 2);
}

TEST(BoundariesTest, SaysWhichFeatureIsWrong) {
  auto subject = [](const std::string& text) { return read_boundaries(text).error().subject; };
  EXPECT_EQ(subject("{"), "");
  EXPECT_EQ(subject(R"({"type":"FeatureCollection"})"), "");
  EXPECT_EQ(subject(file("")), "features");
  auto good = feature(R"("code":"990105001","name":"云溪街道")", kSquare);
  EXPECT_EQ(subject(file(good + ",7")), "features[1]");
  EXPECT_EQ(subject(file(good + "," + feature(R"("code":"99","name":"")", kSquare))), "features[1].properties");
  EXPECT_EQ(subject(file(good + "," + feature(R"("code":"12345","name":"无")", kSquare))), "features[1].properties");
  EXPECT_EQ(subject(file(good + "," + good)), "features[1].properties");
  EXPECT_EQ(subject(file(feature(R"("code":"990105001","name":"点")", R"({"type":"Point","coordinates":[118,31]})"))),
            "features[0].geometry");
  EXPECT_EQ(
      subject(file(feature(R"("code":"990105001","name":"米")",
                           R"({"type":"Polygon","coordinates":[[[480000,3450000],[480100,3450000],[480000,3450100]]]})"))),
      "features[0].geometry");
  EXPECT_EQ(subject(file(feature(R"("code":"990105001","name":"线")",
                                 R"({"type":"Polygon","coordinates":[[[118,31],[118,31],[118,31]]]})"))),
            "features[0].geometry");
}

}  // namespace
}  // namespace qushu::opendata
