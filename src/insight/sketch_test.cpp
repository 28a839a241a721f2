// How exact the sketches are, against known overlaps.
#include "sketch.h"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "temp_folder.h"

namespace qushu::insight {
namespace {

class SketchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    engine_ = *engine::Engine::open(settings_, folder_.path() / "scratch");
  }
  Sketched make(const std::string& name, const std::string& select, std::vector<catalog::Field> fields) {
    auto made = sketch(*engine_, {.dataset_id = name, .select = select, .fields = std::move(fields)}, folder_.path() / name);
    EXPECT_TRUE(made) << made.error().detail;
    return made ? *made : Sketched{};
  }
  static catalog::Field text(std::string id) {
    catalog::Field out;
    out.id = std::move(id);
    return out;
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
};

// Of pairs with a known overlap, the estimates lie within three standard errors, and the mean error is small.
TEST_F(SketchTest, EstimatesAreWithinTheirError) {
  struct Case {
    int a, b, shared;
  };
  const std::vector<Case> cases{{1000, 1000, 1000},         {1000, 1000, 500},      {50'000, 50'000, 45'000},
                                {50'000, 50'000, 25'000},   {50'000, 50'000, 5000}, {200'000, 20'000, 18'000},
                                {200'000, 100'000, 60'000}, {5000, 80'000, 4500}};
  double sum = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& c = cases[i];
    // Shared values first, then those that only one of them has.
    make(fmt::format("a{}", i), fmt::format("SELECT i AS _id, 'v{0}-' || i AS x FROM range({1}) t(i)", i, c.a), {text("x")});
    make(fmt::format("b{}", i),
         fmt::format("SELECT i AS _id, CASE WHEN i < {1} THEN 'v{0}-' || i ELSE 'w{0}-' || i END AS y FROM range({2}) t(i)", i,
                     c.shared, c.b),
         {text("y")});
    auto found = overlaps(*engine_, folder_.path() / fmt::format("a{}", i), {folder_.path() / fmt::format("b{}", i)}, {});
    ASSERT_TRUE(found) << found.error().detail;
    ASSERT_EQ(found->size(), 1U) << i;
    auto link = link_of("x", "y", found->front().shared, found->front().seen, found->front().other_seen, false);
    auto expected_a = static_cast<double>(c.shared) / c.a, expected_b = static_cast<double>(c.shared) / c.b;
    auto error = std::max(std::abs(link.a_in_b - expected_a), std::abs(link.b_in_a - expected_b));
    EXPECT_LE(error, 3 * std::max(link.error, 0.02)) << i << ": " << link.a_in_b << " " << link.b_in_a;
    sum += error;
    RecordProperty(fmt::format("error_{}", i), fmt::format("{:.4f}", error));
  }
  EXPECT_LT(sum / static_cast<double>(cases.size()), 0.03);
}

TEST_F(SketchTest, CountsDifferentValues) {
  auto made = make("d",
                   "SELECT i AS _id, 'v' || (i % 60000) AS many, 'c' || (i % 7) AS few, CASE WHEN i % 2 = 0 THEN 'n' || i END "
                   "AS half FROM range(120000) t(i)",
                   {text("many"), text("few"), text("half")});
  ASSERT_EQ(made.columns.size(), 2U) << "few different values are left out";
  for (const auto& column : made.columns) {
    EXPECT_EQ(column.rows, 120'000U);
    EXPECT_NEAR(static_cast<double>(column.distinct), 60'000, 60'000 * 0.1) << column.field;
    EXPECT_EQ(column.identifies(), column.field == "half");
  }
  EXPECT_LT(made.hashes, 2U * 2048 * 2);
}

TEST_F(SketchTest, ComparesAsPeopleMean) {
  make("x", "SELECT i AS _id, i AS n FROM range(100000, 105000) t(i)", {[] {
         auto f = text("n");
         f.type = engine::Type::integer;
         return f;
       }()});
  make("y", "SELECT i AS _id, '  ' || i || ' ' AS n FROM range(100000, 105000) t(i)", {text("n")});
  auto found = overlaps(*engine_, folder_.path() / "x", {folder_.path() / "y"}, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().shared, found->front().seen);
}

TEST_F(SketchTest, RunningNumbersAndMeasuresLinkNothing) {
  auto amount = text("amount");
  amount.type = engine::Type::integer;
  amount.unit = "万元";
  auto made =
      make("r", "SELECT i AS _id, CAST(i AS VARCHAR) AS n, i * 1000003 AS amount, 'K' || i AS code FROM range(5000) t(i)",
           {text("n"), amount, text("code")});
  ASSERT_EQ(made.columns.size(), 1U);
  EXPECT_EQ(made.columns[0].field, "code");
}

TEST_F(SketchTest, NothingToCompareIsNoError) {
  auto made = make("e", "SELECT i AS _id, 'a' AS x FROM range(10) t(i)", {text("x")});
  EXPECT_TRUE(made.columns.empty());
  make("f", "SELECT i AS _id, 'v' || i AS x FROM range(100) t(i)", {text("x")});
  EXPECT_TRUE(overlaps(*engine_, folder_.path() / "e", {folder_.path() / "f"}, {})->empty());
  EXPECT_TRUE(overlaps(*engine_, folder_.path() / "f", {}, {})->empty());
}

}  // namespace
}  // namespace qushu::insight
