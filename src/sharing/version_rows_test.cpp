#include "qushu/sharing/version_rows.h"

#include <gmock/gmock.h>

#include "temp_folder.h"

namespace qushu::sharing {
namespace {

using catalog::Field;
using engine::Type;
using ::testing::ElementsAre;

class VersionRows : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    auto opened = engine::Engine::open(settings_, folder_.path() / "scratch");
    ASSERT_TRUE(opened);
    engine_ = *std::move(opened);
  }
  std::filesystem::path file(const std::string& name, const std::string& select) {
    auto path = folder_.path() / name;
    auto done =
        engine_->execute({.sql = "COPY (" + select + ") TO " + engine::quote_text(path.string()) + " (FORMAT parquet)"});
    EXPECT_TRUE(done) << done.error().detail;
    return path;
  }
  std::vector<std::string> lines(const std::string& select) {
    auto cursor = engine_->run({.sql = "SELECT * FROM (" + select + ") AS r ORDER BY _id"});
    EXPECT_TRUE(cursor) << (cursor ? "" : cursor.error().detail);
    std::vector<std::string> out;
    while (const auto* chunk = (*cursor)->next().value())
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        std::string line;
        for (std::size_t c = 0; c < (*cursor)->columns().size(); ++c) {
          if (c > 0) line += '|';
          if (!chunk->is_null(c, r)) chunk->append_text(c, r, line);
        }
        out.push_back(line);
      }
    return out;
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
};

TEST_F(VersionRows, PartsOfOtherShapesAreReadInTodays) {
  auto old = file("old",
                  "SELECT CAST(i AS BIGINT) AS _id, CAST(i * 10 AS BIGINT) AS n, TIMESTAMP '2024-01-02 03:04:05' AS t FROM "
                  "range(1, 3) x(i)"),
       now = file("now", "SELECT CAST(5 AS BIGINT) AS _id, 'zehn' AS n, 'dann' AS t, CAST(1.5 AS DECIMAL(4, 2)) AS d");
  std::vector<Field> fields{{.id = "n", .name = "n"},
                            {.id = "t", .name = "t"},
                            {.id = "d", .name = "d", .description = "", .type = Type::decimal, .width = 4, .scale = 2}};
  auto sql = rows_sql(
      fields,
      {{.file = old, .columns = {{.id = "n", .type = Type::integer}, {.id = "t", .type = Type::datetime}}}, {.file = now}}, {});
  EXPECT_THAT(lines(sql), ElementsAre("1|10|2024-01-02T03:04:05|", "2|20|2024-01-02T03:04:05|", "5|zehn|dann|1.50"));
}

TEST_F(VersionRows, WhatIsListedAsGoneIsGoneFromEveryPart) {
  std::vector<std::filesystem::path> parts{file("a", "SELECT i AS _id, 'a' || i AS n FROM range(1, 4) x(i)"),
                                           file("b", "SELECT i AS _id, 'b' || i AS n FROM range(5, 8) x(i)")};
  auto gone = file("gone", "SELECT i AS _id FROM range(3, 7, 3) x(i)");
  std::vector<Field> fields{{.id = "n", .name = "n"}};
  EXPECT_THAT(lines(rows_sql(fields, {{.file = parts[0]}, {.file = parts[1]}}, {gone})),
              ElementsAre("1|a1", "2|a2", "5|b5", "7|b7"));
  EXPECT_THAT(lines(rows_sql(fields, {{.file = parts[0]}, {.file = parts[1]}}, {})),
              ElementsAre("1|a1", "2|a2", "3|a3", "5|b5", "6|b6", "7|b7"));
  EXPECT_THAT(lines(rows_sql(fields, {}, {})), ElementsAre());
}

}  // namespace
}  // namespace qushu::sharing
