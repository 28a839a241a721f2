// Declarative: lineage/cases.sql says of every statement where its columns come from.
#include "qushu/engine/lineage.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/base/text.h"
#include "qushu/engine/engine.h"

#include "temp_folder.h"

namespace qushu::engine {
namespace {

struct Case {
  std::string sql;
  std::vector<std::string> expected;
};

std::vector<Case> cases() {
  std::ifstream in(std::filesystem::path(QUSHU_ENGINE_CASES) / "lineage" / "cases.sql");
  std::vector<Case> found;
  std::string sql;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("--")) {
      if (!found.empty() && sql.empty()) found.back().expected.push_back(line.substr(3));
      continue;
    }
    sql += line;
    if (!line.ends_with(';')) continue;
    found.push_back({.sql = sql.substr(0, sql.size() - 1), .expected = {}});
    sql.clear();
  }
  return found;
}

// "t.a u.x" in the order of the names.
std::string text_of(const std::set<Origin>& origins) {
  std::string out;
  for (const auto& origin : origins) out += (out.empty() ? "" : " ") + origin.relation + "." + origin.column;
  return out.empty() ? "-" : out;
}

std::string sorted(std::string_view list) {
  std::vector<std::string> words;
  for (auto word : split(list, ' '))
    if (!word.empty()) words.emplace_back(word);
  std::ranges::sort(words);
  return join(words, " ");
}

std::string text_of(const OutputColumn& column) {
  auto name = column.name.empty() ? std::string("?") : column.name;
  std::string mark = !column.certain ? "? " : column.copied || column.from.empty() ? "" : "~ ";
  return name + " = " + mark + text_of(column.from);
}

// The order of the origins in the file is the writer's.
std::string normal(const std::string& line) {
  auto equal = line.find(" = ");
  if (equal != std::string::npos) {
    auto rest = line.substr(equal + 3);
    auto mark = rest.starts_with("~ ") || rest.starts_with("? ") ? rest.substr(0, 2) : std::string();
    return line.substr(0, equal + 3) + mark + sorted(rest.substr(mark.size()));
  }
  return line.starts_with("if ") ? "if " + sorted(line.substr(3)) : line;
}

class LineageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(settings());
    engine_ = *Engine::open(settings_, folder_.path() / "scratch");
  }
  Result<Lineage> read(std::string_view sql) { return engine_->lineage(sql, relations_); }

  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<Engine> engine_;
  std::vector<Relation> relations_{{.name = "t", .columns = {"a", "b", "c", "d", "k"}},
                                   {.name = "u", .columns = {"k", "x", "y", "s"}},
                                   {.name = "v", .columns = {"id", "val"}},
                                   {.name = "w", .columns = {}}};
};

TEST_F(LineageTest, EveryCaseIsAsWritten) {
  auto all = cases();
  EXPECT_GE(all.size(), 60U);
  for (const auto& c : all) {
    auto lineage = read(c.sql);
    ASSERT_TRUE(lineage) << c.sql << "\n" << lineage.error().text.en;
    std::vector<std::string> told, expected;
    for (const auto& column : lineage->columns) told.push_back(normal(text_of(column)));
    if (!lineage->conditions.empty()) told.push_back(normal("if " + text_of(lineage->conditions)));
    if (!lineage->complete) told.emplace_back("more");
    for (const auto& line : c.expected) expected.push_back(normal(line));
    EXPECT_EQ(told, expected) << c.sql;
  }
}

TEST_F(LineageTest, NamesOfTheAnswerCompleteWhatTheTreeDoesNotTell) {
  auto pivot = read("SELECT * FROM (PIVOT v ON id IN (1, 2) USING sum(val))");
  ASSERT_TRUE(pivot);
  pivot->name_columns({"1", "2"});
  ASSERT_EQ(pivot->columns.size(), 2U);
  EXPECT_FALSE(pivot->columns[0].certain);
  EXPECT_EQ(text_of(pivot->columns[1].from), "v.");
  auto plain = read("SELECT count(*), a FROM t");
  ASSERT_TRUE(plain);
  plain->name_columns({"count_star()", "a"});
  EXPECT_EQ(plain->columns[0].name, "count_star()");
  EXPECT_TRUE(plain->columns[1].copied);
}

TEST_F(LineageTest, CountsInHowManyPlacesARelationIsRead) {
  auto twice = read("SELECT e.a FROM t e JOIN t f ON e.a = f.b WHERE EXISTS (SELECT 1 FROM v)");
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->relations.at("t"), 2U);
  EXPECT_EQ(twice->relations.at("v"), 1U);
  EXPECT_FALSE(twice->relations.contains("u"));
}

TEST_F(LineageTest, WhatMayNotBeRunIsNotRead) {
  EXPECT_EQ(read("SELECT * FROM secret").error().id, "sql.table");
  EXPECT_EQ(read("SELECT * FROM read_csv('/etc/passwd')").error().id, "sql.function");
  EXPECT_EQ(read("DROP TABLE t").error().id, "sql.not_select");
}

// Definitions inside definitions, each read again: the answer comes at once, and says that it is not complete.
TEST_F(LineageTest, AMachinesStatementIsGivenUpInTime) {
  std::string sql = "SELECT 1 AS n, 2 AS m, 3 AS o";
  for (int i = 0; i < 12; ++i)
    sql =
        fmt::format("WITH RECURSIVE r(n, m, o) AS ({} UNION ALL SELECT m, o, n FROM r WHERE n < 1) SELECT n, m, o FROM r", sql);
  auto begun = std::chrono::steady_clock::now();
  auto lineage = read(sql);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  if (lineage) EXPECT_LE(lineage->columns.size(), 3U);
}

}  // namespace
}  // namespace qushu::engine
