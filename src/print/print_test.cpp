// Tables to pages: where cells stand, what a reader finds in the PDF, that fonts are inside, that long tables go on.
#include "qushu/print/print.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "temp_folder.h"

namespace qushu::print {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Table table(std::size_t rows) {
  Table t{.title = "收支总表",
          .left = "单位名称：测试局",
          .right = "单位：万元",
          .columns = {{3, Align::left}, {1, Align::right}},
          .head = {{{.text = "项目"}, {.text = "预算数"}}},
          .rows = {},
          .note = "注：合计含结转。"};
  for (std::size_t i = 0; i < rows; ++i)
    t.rows.push_back({{.text = fmt::format("第{}行", i + 1)}, {.text = "12.34", .number = 12.34}});
  return t;
}

std::string output_of(const std::string& command) {
  std::string out;
  auto* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  pclose(pipe);
  return out;
}

TEST(PrintTest, SpansAreResolved) {
  Cell tall{.text = "高", .rows = 2}, wide{.text = "宽", .columns = 2};
  auto placed = place({{tall, {.text = "a"}, {.text = "b"}}, {wide}, {{.text = "c"}, wide}}, 3);
  ASSERT_EQ(placed.size(), 6U);
  EXPECT_EQ(placed[3].column, 1U) << "the column that the tall cell takes is passed over";
  EXPECT_EQ(placed[4].column, 0U);
  EXPECT_EQ(placed[5].column, 1U);
}

TEST(PrintTest, CellsThatDoNotFitAreLeftOut) {
  EXPECT_EQ(place({{{.text = "a"}, {.text = "b", .columns = 2}}}, 2).size(), 1U);
}

TEST(PrintTest, PagesHoldTheTextAndTheFonts) {
  testing::TempFolder folder;
  auto made = pdf({.title = "预算", .footer = "测试局", .tables = {table(3), table(150)}});
  ASSERT_TRUE(made) << made.error().detail;
  auto file = (folder.path() / "a.pdf").string();
  std::ofstream(file, std::ios::binary) << *made;
  auto text = output_of("pdftotext -layout " + file + " -");
  EXPECT_THAT(text, HasSubstr("收支总表"));
  EXPECT_THAT(text, HasSubstr("单位：万元"));
  EXPECT_THAT(text, HasSubstr("第150行"));
  EXPECT_THAT(text, HasSubstr("收支总表（续）"));
  auto fonts = output_of("pdffonts " + file);
  EXPECT_THAT(fonts, HasSubstr("NotoS"));
  EXPECT_THAT(fonts, Not(HasSubstr(" no  "))) << "each font is embedded";
}

TEST(PrintTest, WorkbooksAreWritten) {
  testing::TempFolder folder;
  auto made = xlsx({.title = "预算", .footer = "", .tables = {table(3), table(3)}}, folder.path());
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(made->starts_with("PK"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "nothing is left on the way";
}

}  // namespace
}  // namespace qushu::print
