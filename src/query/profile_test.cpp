#include "qushu/query/profile.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "temp_folder.h"

namespace qushu::query {
namespace {

using engine::Type;

class Profile : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    auto opened = engine::Engine::open(settings_, folder_.path() / "scratch");
    ASSERT_TRUE(opened);
    engine_ = *std::move(opened);
  }

  // The profile of the one field `v`.
  json::object field(std::string select, Type type, std::uint8_t scale = 0) {
    catalog::Field v;
    v.id = "v";
    v.name = "值";
    v.type = type;
    v.width = 12;
    v.scale = scale;
    auto profile = compute_profile(*engine_, {.select = std::move(select), .fields = {v}});
    EXPECT_TRUE(profile) << (profile ? "" : profile.error().detail);
    if (!profile) return {};
    rows_ = profile->at("rows").as_int64();
    return profile->at("fields").at(0).as_object();
  }

  static std::int64_t counted(const json::object& field) {
    std::int64_t sum = 0;
    for (const auto& bar : field.at("histogram").as_array()) sum += bar.at("count").as_int64();
    return sum;
  }

  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
  std::int64_t rows_ = 0;
};

TEST_F(Profile, Integers) {
  auto v = field("SELECT i AS _id, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 7 END AS v FROM range(1000) t(i)", Type::integer);
  EXPECT_EQ(rows_, 1000);
  EXPECT_EQ(v.at("values"), 900);
  EXPECT_EQ(v.at("nulls"), 100);
  EXPECT_EQ(v.at("distinct"), 7);
  EXPECT_EQ(v.at("distinct_exact"), true);
  EXPECT_EQ(v.at("min"), 0);
  EXPECT_EQ(v.at("max"), 6);
  EXPECT_NEAR(v.at("mean").as_double(), 3.0, 0.05);
  ASSERT_EQ(v.at("histogram").as_array().size(), 7U);
  EXPECT_EQ(v.at("histogram").at(0).at("from"), 0);
  EXPECT_EQ(v.at("histogram").at(0).at("to"), 0);
  EXPECT_EQ(counted(v), 900);
  EXPECT_EQ(v.at("top").as_array().size(), 7U);
}

TEST_F(Profile, WideIntegersHaveTwentyBarsAtMostThatCoverAll) {
  auto v = field("SELECT i AS _id, i * 13 - 5000 AS v FROM range(1000) t(i)", Type::integer);
  const auto& bars = v.at("histogram").as_array();
  EXPECT_LE(bars.size(), kBars);
  EXPECT_GE(bars.size(), 15U);
  EXPECT_EQ(bars.front().at("from"), -5000);
  EXPECT_EQ(bars.back().at("to"), 999 * 13 - 5000);
  for (std::size_t i = 1; i < bars.size(); ++i) EXPECT_EQ(bars[i].at("from").as_int64(), bars[i - 1].at("to").as_int64() + 1);
  EXPECT_EQ(counted(v), 1000);
}

TEST_F(Profile, TextWithTopValuesAndTies) {
  auto v =
      field("SELECT i AS _id, CASE WHEN i < 50 THEN '甲' WHEN i < 80 THEN '乙' ELSE '其他' || i END AS v FROM range(100) t(i)",
            Type::text);
  EXPECT_EQ(v.at("distinct"), 22);
  EXPECT_TRUE(v.at("mean").is_null());
  EXPECT_TRUE(v.at("histogram").as_array().empty());
  const auto& top = v.at("top").as_array();
  ASSERT_EQ(top.size(), kTopValues);
  EXPECT_EQ(top[0].at("value"), "甲");
  EXPECT_EQ(top[0].at("count"), 50);
  EXPECT_EQ(top[1].at("value"), "乙");
  EXPECT_EQ(top[2].at("count"), 1);
}

TEST_F(Profile, TextsHaveLengthsInCharacters) {
  auto v = field("SELECT * FROM (VALUES (1, ''), (2, '区民政局'), (3, 'ab'), (4, NULL), (5, '')) AS t(_id, v)", Type::text);
  EXPECT_EQ(v.at("values"), 4);
  EXPECT_EQ(v.at("blank"), 2);
  EXPECT_EQ(v.at("min_length"), 0);
  EXPECT_EQ(v.at("max_length"), 4);
  auto nothing = field("SELECT 1 AS _id, NULL::VARCHAR AS v", Type::text);
  EXPECT_EQ(nothing.at("blank"), 0);
  EXPECT_EQ(nothing.at("max_length"), 0);
  EXPECT_FALSE(field("SELECT 1 AS _id, 7::BIGINT AS v", Type::integer).contains("max_length"));
}

TEST_F(Profile, DecimalsAndDatesAndTimes) {
  auto decimal = field("SELECT i AS _id, CAST(i / 4.0 AS DECIMAL(12, 2)) AS v FROM range(101) t(i)", Type::decimal, 2);
  EXPECT_EQ(decimal.at("min").to_number<double>(), 0);
  EXPECT_EQ(decimal.at("max").to_number<double>(), 25);
  EXPECT_EQ(decimal.at("histogram").as_array().size(), kBars);
  EXPECT_EQ(counted(decimal), 101);
  auto date = field("SELECT i AS _id, DATE '1969-12-25' + CAST(i AS INTEGER) AS v FROM range(10) t(i)", Type::date);
  EXPECT_EQ(date.at("min"), "1969-12-25");
  EXPECT_EQ(date.at("max"), "1970-01-03");
  EXPECT_EQ(date.at("histogram").at(0).at("from"), "1969-12-25");
  EXPECT_EQ(date.at("histogram").as_array().size(), 10U);
  auto moment =
      field("SELECT i AS _id, TIMESTAMP '1969-12-31 23:00:00' + INTERVAL (i) MINUTE AS v FROM range(120) t(i)", Type::datetime);
  EXPECT_EQ(moment.at("histogram").at(0).at("from"), "1969-12-31T23:00:00");
  EXPECT_EQ(counted(moment), 120);
  auto time = field("SELECT i AS _id, TIME '08:00:00' + INTERVAL (i) MINUTE AS v FROM range(120) t(i)", Type::time);
  EXPECT_EQ(time.at("min"), "08:00:00");
  EXPECT_TRUE(time.at("histogram").as_array().empty());
  auto flag = field("SELECT i AS _id, i % 3 = 0 AS v FROM range(9) t(i)", Type::boolean);
  EXPECT_EQ(flag.at("top").at(0).at("value"), false);
  EXPECT_EQ(flag.at("top").at(0).at("count"), 6);
}

TEST_F(Profile, OddNumbersDoNoHarm) {
  auto v = field(
      "SELECT i AS _id, CASE i WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN NULL ELSE i / 2.0 END AS v "
      "FROM range(10) t(i)",
      Type::number);
  EXPECT_EQ(v.at("values"), 9);
  EXPECT_EQ(counted(v), 7);
  EXPECT_DOUBLE_EQ(v.at("mean").as_double(), 3.0);
  auto same = field("SELECT i AS _id, 2.5::DOUBLE AS v FROM range(10) t(i)", Type::number);
  EXPECT_EQ(same.at("histogram").as_array().size(), 1U);
  EXPECT_EQ(counted(same), 10);
  auto huge = field("SELECT i AS _id, CASE WHEN i = 0 THEN -1.7e308 ELSE 1.7e308 END AS v FROM range(4) t(i)", Type::number);
  EXPECT_EQ(counted(huge), 4);
  auto nothing = field("SELECT i AS _id, NULL::BIGINT AS v FROM range(5) t(i)", Type::integer);
  EXPECT_EQ(nothing.at("nulls"), 5);
  EXPECT_EQ(nothing.at("distinct"), 0);
  EXPECT_TRUE(nothing.at("min").is_null());
  EXPECT_TRUE(nothing.at("top").as_array().empty());
  auto empty = field("SELECT 1 AS _id, 1::BIGINT AS v WHERE false", Type::integer);
  EXPECT_EQ(rows_, 0);
  EXPECT_EQ(empty.at("values"), 0);
}

TEST_F(Profile, ManyValuesAreEstimatedAndSaidSo) {
  auto v = field("SELECT i AS _id, CASE WHEN i % 100 = 0 THEN -1 ELSE i END AS v FROM range(1500000) t(i)", Type::integer);
  EXPECT_EQ(v.at("distinct_exact"), false);
  EXPECT_NEAR(static_cast<double>(v.at("distinct").as_int64()), 1'485'001, 150'000);
  ASSERT_EQ(v.at("top").as_array().size(), 1U);
  EXPECT_EQ(v.at("top").at(0).at("value"), -1);
  EXPECT_EQ(v.at("top").at(0).at("count"), 15'000);
  EXPECT_EQ(counted(v), 1'500'000);
}

TEST_F(Profile, FieldsMayBeNamedAsTheyLike) {
  std::vector<catalog::Field> fields;
  std::string select = "SELECT i AS _id";
  for (const char* id : {"b", "n", "v", "t", "g", "s", "count", "select"}) {
    catalog::Field field;
    field.id = field.name = id;
    field.type = Type::integer;
    fields.push_back(field);
    select += fmt::format(", i % {} AS {}", fields.size() + 1, engine::quote_name(id));
  }
  auto profile = compute_profile(*engine_, {.select = select + " FROM range(1000) r(i)", .fields = fields});
  ASSERT_TRUE(profile) << profile.error().detail;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    EXPECT_EQ(profile->at("fields").at(i).at("distinct"), i + 2) << fields[i].id;
    EXPECT_EQ(profile->at("fields").at(i).at("histogram").as_array().size(), i + 2) << fields[i].id;
  }
}

TEST_F(Profile, StopsWhenAsked) {
  catalog::Field v;
  v.id = v.name = "v";
  v.type = Type::integer;
  auto profile = compute_profile(*engine_, {.select = "SELECT i AS _id, i AS v FROM range(100000000) t(i)",
                                            .fields = {v},
                                            .limits = {.cancelled = [] { return true; }}});
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().code, Code::cancelled);
}

}  // namespace
}  // namespace qushu::query
