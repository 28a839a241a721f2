// Where a table ends and a sentence goes on: titles with their unit, another table's total, the number of a page.
#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::with;
using testing::words;

// --- tables ------------------------------------------------------------------------------------------------------------------

// The title bears the unit, or nothing tells where the next table begins but that it has no two sides.
const char* const kSides =
    "表1 收入支出总表 单位：万元\n收入 支出\n项目 预算数 项目 预算数\n"
    "一、一般公共预算拨款收入 310.00 一、教育支出 402.50\n二、事业收入 150.00 二、住房保障支出 57.50\n"
    "本年收入合计 460.00 本年支出合计 460.00\n收入总计 460.00 支出总计 460.00\n";

TEST(Boundaries, AnotherTablesTotal) {
  for (const auto* next :
       {"合计 460.00 380.00 80.00\n", "支出总表 单位：万元\n科目 合计 基本支出 项目支出\n合计 460.00 380.00 80.00\n",
        "公务用车保有量（辆） 3 国内接待批次（个） 9 国内接待人次（人） 70\n", ""}) {
    auto text = std::string("某校2024年单位预算\n") + kSides + next;
    expect_nothing(checked(text));
    auto wrong = checked(with(text, "教育支出 402.50", "教育支出 420.50"));
    expect_one(wrong, Kind::sum, "460.00", "478.00");
    auto said = text + "2024年收支总预算406.00万元，收入包括一般公共预算拨款收入、事业收入。\n";
    expect_one(checked(said), Kind::restated, "406.00", "460.00");
  }
}

TEST(Boundaries, TheTitleOnEachPage) {
  std::string text =
      "某局2024年部门预算\n支出总表 单位：万元\n科目 合计 基本支出 项目支出\n合计 90.00 60.00 30.00\n教育支出 50.00 30.00 "
      "20.00\n"
      "支出总表 单位：万元\n科目 合计 基本支出 项目支出\n住房保障支出 40.00 30.00 10.00\n";
  expect_nothing(checked(text));
  EXPECT_FALSE(checked(with(text, "住房保障支出 40.00", "住房保障支出 41.00")).findings.empty());
}

// Any title that bears its unit is one.
TEST(Boundaries, TitlesOfAnyName) {
  std::string text =
      "某局2023年度部门决算\n“三公”经费支出决算表\n单位：万元\n项目 预算数 决算数\n合计 8.00 6.50\n1.因公出国（境）费 0.00 "
      "0.00\n"
      "2.公务用车购置及运行费 5.00 4.50\n3.公务接待费 3.00 2.00\n近两年收支对比表（单位：万元）\n项目 2022年 2023年\n"
      "年初结转和结余 10.00 15.00\n本年收入合计 300.00 320.00\n收入总计 310.00 335.00\n";
  expect_nothing(checked(text));
  expect_one(checked(with(text, "结余 10.00", "结余 12.00")), Kind::sum, "310.00", "312.00");
  text += "本年支出合计 290.00 330.00\n年末结转和结余 20.00 5.00\n支出总计 310.00 335.00\n";
  expect_nothing(checked(text));
  expect_one(checked(with(text, "结余 20.00 5.00", "结余 20.00 6.00")), Kind::sum, "335.00", "336.00");
  expect_one(checked(with(text, "合计 8.00 6.50", "合计 8.00 5.60")), Kind::sum, "5.60", "6.50");
}

TEST(Boundaries, CountsBelowTheTotalsAreNoAmounts) {
  std::string text =
      "某局2023年度部门决算\n“三公”经费支出决算表 单位：万元\n项目 决算数\n1.因公出国（境）费 0.00\n2.公务接待费 2.00\n"
      "3.公务用车购置及运行费 5.00\n合计 7.00\n公务用车保有量（辆） 3\n国内公务接待批次（个） 12\n";
  expect_nothing(checked(text));
  expect_one(checked(with(text, "费 2.00", "费 2.30")), Kind::sum, "7.00", "7.30");
}

TEST(Boundaries, TheTotalOfAPurchaseIsItsAmounts) {
  std::string text =
      "某院2024年单位预算\n采购支出表 单位：万元\n品目 数量 单价 金额\n病床 12 0.50 6.00\n推车 5 0.20 1.00\n监护仪 2 3.00 "
      "6.00\n合计 13.00\n";
  expect_nothing(checked(text));
  expect_one(checked(with(text, "合计 13.00", "合计 16.00")), Kind::sum, "16.00", "13.00");
}

// --- sentences ---------------------------------------------------------------------------------------------------------------

TEST(Boundaries, ThePageWithinASentence) {
  for (const auto* page : {"7", "- 7 -", "— 7 —", "第 7 页", "·7·", "\n7\n"})
    for (const auto* words :
         {"2.乡村道路养护经费项目绩效自评综述：该项目全年预算数为", "2023年度乡镇卫生院基础设施维修改造项目全年预算数为"}) {
      auto text = std::string("某局2023年度部门决算\n（二）项目绩效自评结果\n") + words + "\n" + page + "\n";
      expect_one(checked(text + "80.00万元，执行数为72.00万元，完成预算的92.00%。\n"), Kind::percent, "92.00", "90.00");
      expect_nothing(checked(text + "80.00万元，执行数为72.00万元，完成预算的90.00%。\n"));
    }
}

// A document whose line breaks were lost: one line, read in parts that end with a sentence, its places told by its own line.
TEST(Boundaries, ADocumentInOneLine) {
  std::string filler;
  while (filler.size() < 200'000) filler += "机关依法履行职责，按季度公开工作情况，接受社会各界监督。";
  auto text =
      "某局2023年度部门决算\n" + filler + "本年收入30.00万元，比上年25.00万元增加5.00万元，增长20%。" + filler + "\n完。\n";
  expect_nothing(checked(text));
  auto wrong = checked(with(text, "增长20%", "增长25%"));
  expect_one(wrong, Kind::year_on_year, "25", "20.00");
  const auto& place = wrong.findings[0].places[0];
  EXPECT_EQ(place.line, 2U);
  EXPECT_EQ(place.text, "本年收入30.00万元，比上年25.00万元增加5.00万元，增长25%");
}

// A sentence longer than one is read is told, with what to do; what stands around it is checked.
TEST(Boundaries, ASentenceTooLongToRead) {
  std::string list = "共有项目3个，包括";
  while (list.size() < 60'000) list += "甲项目1.00万元、";
  auto report =
      checked("某局2023年度部门决算\n本年收入30.00万元，比上年25.00万元增加5.00万元，增长25%。" + list + "乙项目1.00万元。\n");
  expect_one(report, Kind::year_on_year, "25", "20.00");
  ASSERT_EQ(report.not_understood.size(), 1U) << words(report);
  EXPECT_EQ(report.not_understood[0].place.line, 2U);
  EXPECT_TRUE(report.not_understood[0].place.text.starts_with("共有项目3个，包括甲项目")) << words(report);
  EXPECT_NE(report.not_understood[0].why.zh.find("10000 字"), std::string::npos);
}

}  // namespace
}  // namespace qushu::budget
