#include "estimate.h"

#include <gmock/gmock.h>

#include "qushu/query/profile.h"

#include "answer.h"
#include "temp_folder.h"

namespace qushu::query {
namespace {

using engine::Type;

class EstimateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    auto opened = engine::Engine::open(settings_, folder_.path() / "scratch");
    ASSERT_TRUE(opened);
    engine_ = *std::move(opened);
    auto add = [&](std::string id, Type type, std::uint8_t width = 0, std::uint8_t scale = 0) {
      catalog::Field field;
      field.id = field.name = std::move(id);
      field.type = type;
      field.width = width;
      field.scale = scale;
      fields_.push_back(field);
    };
    add("kind", Type::text);
    add("n", Type::integer);
    add("amount", Type::decimal, 12, 2);
    add("x", Type::number);
    add("day", Type::date);
    add("at", Type::datetime);
    add("flag", Type::boolean);
    add("name", Type::text);
    select_ =
        "SELECT i AS _id, CASE WHEN i % 4 = 0 THEN NULL ELSE '类' || (i % 6) END AS kind, i % 1000 AS n, CAST(i / 8.0 AS "
        "DECIMAL(12, 2)) AS amount, sqrt(i) AS x, DATE '2020-01-01' + CAST(i % 365 AS INTEGER) AS day, TIMESTAMP '2024-01-01' "
        "+ "
        "INTERVAL (i) MINUTE AS at, i % 5 = 0 AS flag, '名' || i AS name FROM range(20000) t(i)";
    auto profile = compute_profile(*engine_, {.select = select_, .fields = fields_});
    ASSERT_TRUE(profile) << profile.error().detail;
    profile_ = *std::move(profile);
  }

  RowsRequest request(const Pairs& query) {
    auto parsed = parse_rows(query, fields_, 1, {});
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().text.en);
    return *parsed;
  }

  double truth(const RowsRequest& request) {
    auto sql = count_sql(select_, fields_, request);
    auto cursor = engine_->run({.sql = sql.text, .params = sql.params});
    EXPECT_TRUE(cursor);
    auto chunk = (*cursor)->next();
    return static_cast<double>((*chunk)->integer(0, 0));
  }

  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
  std::vector<catalog::Field> fields_;
  std::string select_;
  json::object profile_;
};

TEST_F(EstimateTest, WhatTheProfileListsIsExact) {
  for (const auto& query : std::vector<Pairs>{{{"kind", "类1"}},
                                              {{"kind", "类9"}},
                                              {{"kind__not", "类2"}},
                                              {{"kind__in", "类1,类2,类1"}},
                                              {{"kind__notin", "类1,类5"}},
                                              {{"kind__isnull", ""}},
                                              {{"kind__notnull", ""}},
                                              {{"flag", "true"}},
                                              {{"flag__not", "1"}},
                                              {{"kind", "类1"}, {"kind", "类9"}}}) {
    auto asked = request(query);
    auto guess = estimate(profile_, fields_, asked);
    ASSERT_TRUE(guess) << query[0].first;
    EXPECT_TRUE(guess->exact) << query[0].first << "=" << query[0].second;
    EXPECT_EQ(guess->rows, truth(asked)) << query[0].first << "=" << query[0].second;
  }
}

TEST_F(EstimateTest, RangesAndUnlistedValuesAreNear) {
  for (const auto& query : std::vector<Pairs>{{{"n", "77"}},
                                              {{"n__gt", "900"}},
                                              {{"n__lte", "0"}},
                                              {{"n__between", "100,299"}},
                                              {{"amount__gte", "1000"}},
                                              {{"amount__between", "10.5,20.25"}},
                                              {{"x__lt", "50"}},
                                              {{"day__between", "2020-03-01,2020-03-31"}},
                                              {{"at__gte", "2024-01-10"}},
                                              {{"name", "名77"}},
                                              {{"kind", "类1"}, {"n__gt", "500"}},
                                              {{"n__gt", "5000"}},
                                              {{"n__gte", "0"}}}) {
    auto asked = request(query);
    auto guess = estimate(profile_, fields_, asked);
    ASSERT_TRUE(guess) << query[0].first;
    EXPECT_FALSE(guess->exact) << query[0].first;
    auto real = truth(asked);
    EXPECT_NEAR(guess->rows, real, std::max(20.0, real * 0.15)) << query[0].first << "=" << query[0].second;
  }
}

TEST_F(EstimateTest, WhatTheProfileCannotKnowIsLeftOpen) {
  EXPECT_FALSE(estimate(profile_, fields_, request({{"name__contains", "7"}})));
  EXPECT_FALSE(estimate(profile_, fields_, request({{"_search", "7"}})));
  EXPECT_FALSE(estimate({}, fields_, request({{"n", "7"}})));
  EXPECT_FALSE(estimate({{"rows", "many"}}, fields_, request({{"n", "7"}})));
  EXPECT_FALSE(estimate({{"rows", 7}, {"fields", json::array()}}, fields_, request({{"n", "7"}})));
}

TEST_F(EstimateTest, APageSaysWhatItsTotalIs) {
  auto total = [&](const Pairs& query, const AnswerLimits& limits) {
    auto asked = request(query);
    auto answer =
        answer_rows(*engine_, {.select = select_, .fields = fields_, .all_rows = 20'000, .profile = &profile_}, asked, limits);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().detail);
    return json::parse(answer->body).as_object();
  };
  auto large = AnswerLimits{.count_rows = 1000};
  EXPECT_EQ(total({{"n__gt", "900"}}, {}).at("total"), 1980);
  EXPECT_EQ(total({{"n__gt", "900"}}, {}).at("total_exact"), true);
  EXPECT_EQ(total({{"n__gt", "900"}}, large).at("total_exact"), false);
  EXPECT_NEAR(total({{"n__gt", "900"}}, large).at("total").to_number<double>(), 1980, 100);
  EXPECT_EQ(total({{"n__gt", "900"}, {"_count", "exact"}}, large).at("total"), 1980);
  EXPECT_EQ(total({{"kind", "类1"}}, large).at("total_exact"), true);
  // Fewer than a page: counted by being shown. Nothing in the profile: counted while it is cheap.
  EXPECT_EQ(total({{"name", "名77"}}, large).at("total"), 1);
  EXPECT_EQ(total({{"name__contains", "77"}}, large).at("total_exact"), true);
  // Too dear to count: judged by the first page, and left open in another order.
  auto hurried = AnswerLimits{.count_rows = 1000, .count_time = std::chrono::milliseconds(0)};
  auto judged = total({{"name__endswith", "5"}}, hurried);
  EXPECT_EQ(judged.at("total_exact"), false);
  EXPECT_NEAR(judged.at("total").to_number<double>(), 2000, 100);
  EXPECT_TRUE(total({{"name__endswith", "5"}, {"_sort", "x"}}, hurried).at("total").is_null());
}

}  // namespace
}  // namespace qushu::query
