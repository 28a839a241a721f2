#include "qushu/engine/expression.h"

#include <gmock/gmock.h>

#include "temp_folder.h"

namespace qushu::engine {
namespace {

using ::testing::HasSubstr;

class ExpressionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(settings());
    auto opened = Engine::open(settings_, folder_.path() / "scratch");
    ASSERT_TRUE(opened) << opened.error().detail;
    engine_ = *std::move(opened);
  }
  Result<std::string> check(std::string_view text) { return check_expression(*engine_, text, columns_); }
  // What the expression says of one row, null as "null".
  std::string value(std::string_view text, const std::string& row) {
    auto written = check(text);
    if (!written) return written.error().id;
    auto cursor = engine_->run({.sql = "SELECT " + *written + " FROM (SELECT " + row + ")"});
    if (!cursor) return cursor.error().detail;
    auto chunk = (*cursor)->next();
    if (!chunk) return chunk.error().detail;
    return (*chunk)->is_null(0, 0) ? "null" : (*chunk)->integer(0, 0) != 0 ? "true" : "false";
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<Engine> engine_;
  std::vector<Column> columns_{{.name = "begin", .type = Type::date},
                               {.name = "end", .type = Type::date},
                               {.name = "n", .type = Type::integer},
                               {.name = "sum", .type = Type::decimal, .width = 12, .scale = 2},
                               {.name = "code", .type = Type::text}};
};

TEST_F(ExpressionTest, WhatHoldsAndWhatDoesNot) {
  auto row = "DATE '2020-01-02' AS begin, DATE '2020-01-01' AS \"end\", 3 AS n, 1.50 AS sum, '91350100M000100Y43' AS code";
  EXPECT_EQ(value("begin <= \"end\"", row), "false");
  EXPECT_EQ(value("n > 2 AND sum = 1.5", row), "true");
  EXPECT_EQ(value("is_credit_code(code)", row), "true");
  EXPECT_EQ(value("n IN (1, 2, 3) -- a remark", row), "true");
  EXPECT_EQ(value("CASE WHEN n IS NULL THEN true ELSE length(code) = 18 END", row), "true");
  EXPECT_EQ(value("n > NULL", row), "null");
  // What is written out binds as it was written, whatever it stands in.
  EXPECT_EQ(value("true) AND (false", row), "false");
}

TEST_F(ExpressionTest, WhatIsMoreThanAnExpressionIsRefused) {
  for (const char* text : {"",
                           "   ",
                           "true) GROUP BY (n",
                           "true) LIMIT (1",
                           "true) ORDER BY (n",
                           "true) UNION SELECT 1 FROM qushu_row WHERE (true",
                           "n IN (SELECT 1)",
                           "EXISTS (SELECT 1 FROM qushu_row)",
                           "count(*) > 1",
                           "sum(n) > 1",
                           "row_number() OVER () = 1",
                           "true); DROP TABLE x; SELECT (1",
                           "true) HAVING (true",
                           "true) QUALIFY (true",
                           "n = $1",
                           "n = ?",
                           "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0",
                           "read_text('/etc/passwd') = ''",
                           "getenv('HOME') = ''",
                           "current_setting('memory_limit') = ''",
                           "no_such_column = 1",
                           "n > 'x' AND",
                           "true /* open",
                           "pg_sleep(1)",
                           "nextval('x') > 0",
                           "\xff\xfe = 1",
                           "repeat(code, 1000000000) = ''",
                           "COLUMNS(*) IS NOT NULL"}) {
    auto written = check(text);
    ASSERT_FALSE(written) << text << " became " << *written;
    EXPECT_EQ(written.error().code, Code::invalid) << text << ": " << written.error().detail;
    EXPECT_FALSE(written.error().text.zh.empty()) << text;
  }
  EXPECT_FALSE(check(std::string(20'000, '1')));
}

TEST_F(ExpressionTest, AnErrorNamesThePlaceInWhatWasWritten) {
  auto wrong = check("n = 1 AND nosuch(n)");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().subject, "position 11");
  EXPECT_THAT(wrong.error().text.en, HasSubstr("nosuch"));
}

TEST_F(ExpressionTest, ChecksOfCodesInPeoplesSql) {
  auto sandbox =
      engine_->sandbox({.views = {{.name = "t", .sql = "SELECT * FROM (VALUES ('13800138000'), ('1'), (NULL)) v(x)"}}});
  ASSERT_TRUE(sandbox);
  auto cursor = (*sandbox)->run("SELECT count(*) FILTER (is_mobile(x)), count(is_mobile(x)), count(*) FROM t", {}, {});
  ASSERT_TRUE(cursor) << cursor.error().text.en;
  auto chunk = (*cursor)->next();
  ASSERT_TRUE(chunk && *chunk);
  EXPECT_EQ((*chunk)->integer(0, 0), 1);
  EXPECT_EQ((*chunk)->integer(1, 0), 2);
  EXPECT_EQ((*chunk)->integer(2, 0), 3);
}

}  // namespace
}  // namespace qushu::engine
