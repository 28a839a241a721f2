// Forms whose rows have a rule of their own.
#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::with;

// --- numbered parts ----------------------------------------------------------------------------------------------------------

const char* const kBasics =
    "某镇2023年度部门决算\n2023年度部门整体支出绩效评价基础数据表\n经费控制情况 2022年决算数 2023年预算数 2023年决算数\n"
    "三公经费 14.20 15.00 11.70\n1、公务用车购置和维护经费 8.20 9.00 7.10\n其中：公车购置 0 0 0\n公车运行维护 8.20 9.00 7.10\n"
    "2、出国经费 0 0 0\n3、公务接待 6.00 6.00 4.60\n项目支出： 720.00 650.00 810.50\n1、业务工作经费 220.00 150.00 "
    "260.50\n2、专项资金 500.00 500.00 550.00\n公用经费 80.00 82.00 79.00\n其中：办公经费 30.00 32.00 28.00\n";

TEST(Forms, NumberedPartsInEachColumn) {
  expect_nothing(checked(kBasics));
  expect_one(checked(with(kBasics, "接待 6.00", "接待 6.60")), Kind::sum, "14.20", "14.80");
  expect_one(checked(with(kBasics, "15.00 11.70", "15.00 17.10")), Kind::sum, "17.10", "11.70");
  expect_one(checked(with(kBasics, "260.50", "206.50")), Kind::sum, "810.50", "756.50");
}

TEST(Forms, PartsThatWereNotAllListed) {
  // Two columns fail: not all of the parts were listed.
  expect_nothing(checked(with(with(kBasics, "260.50", "206.50"), "经费 220.00", "经费 200.00")));
  // One column was not filled in.
  expect_nothing(checked(with(with(kBasics, "经费 220.00", "经费 0"), "资金 500.00", "资金 0")));
  // The last column holds a rate.
  expect_nothing(checked(
      "某镇2023年部门预算\n支出情况表\n单位：万元\n项目 2022年 2023年 增长率\n办公费 30.00 33.00 10.00\n1、水费 10.00 12.00 "
      "20.00\n2、电费 20.00 21.00 5.00\n"));
}

// --- the three publics, row by row
// --------------------------------------------------------------------------------------------

const char* const kNational =
    "某乡2023年度部门决算\n财政拨款“三公”经费支出决算表\n部门：某乡 金额单位：元\n项 目 行次 年初预算数 决算数\n栏 次 1 2\n"
    "一、“三公”经费支出 1 88000.00 61500.00\n（一）支出合计 2 88000.00 61500.00\n1.因公出国（境）费 3 0.00 0.00\n"
    "2.公务用车购置及运行维护费 4 60000.00 45500.00\n（1）公务用车购置费 5 0.00 0.00\n（2）公务用车运行维护费 6 60000.00 "
    "45500.00\n3.公务接待费 7 28000.00 16000.00\n（1）国内接待费 8 — 16000.00\n其中：外事接待费 9 — 0.00\n"
    "（2）国（境）外接待费 10 — 0.00\n（二）相关统计数 11 — —\n1.因公出国（境）团组数（个） 12 — 0\n2.公务用车保有量（辆） 13 "
    "— 3\n";

TEST(Forms, PublicsOfTheNationalForm) {
  expect_nothing(checked(kNational));
  for (auto [from, to] : {std::pair{"接待费 7 28000.00", "接待费 7 26000.00"},
                          {"维护费 4 60000.00", "维护费 4 61000.00"},
                          {"合计 2 88000.00 61500.00", "合计 2 88000.00 65100.00"},
                          {"支出 1 88000.00", "支出 1 80000.00"}})
    EXPECT_FALSE(checked(with(kNational, from, to)).findings.empty()) << to;
}

TEST(Forms, PublicsBesideOtherRowsAndRates) {
  std::string text =
      "某局2023年部门预算\n“三公”经费和会议费预算表\n单位：万元\n项目 2022年预算 2023年预算 增减额 增长率\n合计 20.00 22.00 "
      "2.00 "
      "10.00\n因公出国（境）费 0.00 0.00 0.00 0.00\n公务用车购置及运行费 8.00 9.00 1.00 12.50\n公务接待费 4.00 4.00 0.00 0.00\n"
      "会议费 8.00 9.00 1.00 12.50\n";
  expect_nothing(checked(text));
  expect_nothing(checked(
      "某局2023年部门预算\n“三公”经费预算表\n单位：万元\n项目 2022年预算 2023年预算 增减额 增长率\n合计 12.00 13.00 1.00 8.33\n"
      "因公出国（境）费 0.00 0.00 0.00 0.00\n公务用车购置及运行费 8.00 9.00 1.00 12.50\n公务接待费 4.00 4.00 0.00 0.00\n"));
}

// --- quantity and price ------------------------------------------------------------------------------------------------------

const char* const kPurchases =
    "某院2024年单位预算\n采购支出表 单位：万元\n品目 数量 单价（万元） 金额（万元）\n病床 12 0.50 6.00\n推车 5 0.20 "
    "1.00\n监护仪 2 3.00 "
    "6.00\n合计 13.00\n";

TEST(Forms, QuantityTimesPrice) {
  expect_nothing(checked(kPurchases));
  expect_one(checked(with(kPurchases, "监护仪 2 3.00", "监护仪 2 3.50")), Kind::promise, "6.00", "7.00");
  expect_one(checked(with(kPurchases, "推车 5 0.20", "推车 6 0.20")), Kind::promise, "1.00", "1.20");
}

TEST(Forms, PricesThatAreRoundedOrOfAnotherUnit) {
  expect_nothing(checked(with(kPurchases, "病床 12 0.50 6.00", "病床 7 0.86 6.00")));
  expect_nothing(checked(
      "某院2024年单位预算\n采购支出表\n品目 数量 单价（元） 金额（万元）\n病床 12 5000 6.00\n推车 5 2000 1.00\n监护仪 2 30000 "
      "6.00\n合计 13.00\n"));
  // Twelve months of it.
  expect_nothing(checked(
      "某院2024年单位预算\n采购支出表 单位：万元\n品目 数量 单价 月数 金额\n保洁 3 0.40 12 14.40\n保安 2 0.50 12 12.00\n"));
}

// --- scores ------------------------------------------------------------------------------------------------------------------

const char* const kScores =
    "某局2023年度部门决算\n部门整体支出绩效自评表\n年初预算数 全年预算数 全年执行数 分值 执行率 得分\n"
    "年度资金总额 500.00 600.00 570.00 10 95.00% 9.50\n一级指标 二级指标 三级指标 年度指标值 实际完成值 分值 得分\n"
    "产出指标 数量指标 巡查次数 ≥40次 44次 30 30\n质量指标 合格率 ≥98% 97% 20 18.5 略低\n效益指标 社会效益 提升 提升 30 28\n"
    "满意度指标 群众满意度 ≥90% 93% 10 10\n";

TEST(Forms, ScoresAddUp) {
  expect_nothing(checked(std::string(kScores) + "总分 100 96.00\n"));
  expect_one(checked(std::string(kScores) + "总分 100 99.00\n"), Kind::sum, "99.00", "96.00");
}

TEST(Forms, ScoresThatWereNotAllRead) {
  // A row broken over two lines: the weights tell that it is missing.
  expect_nothing(checked(with(kScores, " 30 28\n", " 30\n28\n") + "总分 100 99.00\n"));
  expect_nothing(checked(std::string(kScores) + "总分 100 96\n"));
}

}  // namespace
}  // namespace qushu::budget
