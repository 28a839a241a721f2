#include "qushu/base/csv.h"

#include <array>

#include <gtest/gtest.h>

namespace qushu {
namespace {

std::string cell(std::string_view text, bool guard) {
  std::string out;
  append_csv(text, guard, out);
  return out;
}

TEST(CsvTest, CellsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(cell("企业", true), "企业");
  EXPECT_EQ(cell("", true), "\"\"");
  EXPECT_EQ(cell("a,b", true), "\"a,b\"");
  EXPECT_EQ(cell("say \"hi\"", true), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(cell("two\nlines", false), "\"two\nlines\"");
  EXPECT_EQ(cell(" a", false), "\" a\"");
}

TEST(CsvTest, FormulasStayText) {
  for (const auto* text : {"=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\tx"})
    EXPECT_EQ(cell(text, true), "\"'" + std::string(text) + "\"") << text;
  EXPECT_EQ(cell("=1+1", false), "=1+1");
  // Numbers and dates with a sign are none.
  for (const auto* text : {"-12.5", "+86 10", "-1,000"}) EXPECT_FALSE(cell(text, true).contains('\'')) << text;
}

TEST(CsvTest, ALineEndsAsSpreadsheetsExpect) {
  std::string out;
  append_csv_line(std::array<std::string, 3>{"甲", "=x", ""}, out);
  EXPECT_EQ(out, "甲,\"'=x\",\"\"\r\n");
}

}  // namespace
}  // namespace qushu
