// Sentences and tables as units write them, each consistent or with one contradiction: what is found, and that nothing else is.
#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::said;
using testing::with;
using testing::words;

// --- tables ------------------------------------------------------------------------------------------------------------------

TEST(Tables, HeadsWithoutFiguresAreRead) {
  for (const auto* head : {"科目编码                  科目名称           合计           人员经费       公用经费",
                           "科目编码 科目名称 合计 基本支出 项目支出", "项目 合计 一般公共预算 政府性基金", "项目 总计",
                           "栏次 2022年 2023年 增减"})
    for (const auto* foot : {"某局 2021 年预算 第 1 版 已公开       —6—", "某局 2021 年预算 第 1 版 已公开", "合计", "说明 12"})
      expect_nothing(checked(std::string(head) + "\n" + foot + "\n"));
}

// The left side's cell is blank: the figures of the right side stay there.
TEST(Tables, BlankCellsOnTheLeft) {
  std::string table =
      "财政拨款收支总表\n单位：万元\n"
      "           项目                预算数                   项目          合计           一般公共预算        "
      "政府性基金预算\n"
      "一般公共预算拨款收入                     100.00 一般公共服务支出                 70.00         70.00\n"
      "政府性基金预算拨款收入                              社会保障和就业支出                  20.00         20.00\n"
      "国有资本经营预算拨款收入                             卫生健康支出                     8.00         8.00\n"
      "                                         住房保障支出                     2.00         2.00\n"
      "         收入总计                  100.00            支出总计          100.00         100.00\n";
  expect_nothing(checked(table));
  auto wrong = table;
  wrong = with(wrong, "20.00         20.00", "21.00         20.00");
  auto report = checked(wrong);
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& f) { return f.kind == Kind::sum; })) << words(report);
}

TEST(Tables, CodesAreNoAmounts) {
  std::string table =
      "项目支出表\n单位：万元\n项目编码         项目名称       功能科目       合计    一般公共预算    其他资金\n"
      "XM01          党务经费       2010399        22.20      22.20\n"
      "XM02          网络经费       2010399       696.12      600.12      96.00\n"
      "XM03          安全经费       2010399        77.00      77.00\n"
      "              合计                         795.32      699.32      96.00\n";
  expect_nothing(checked(table));
  auto wrong = table;
  wrong = with(wrong, "795.32", "895.32");
  EXPECT_FALSE(checked(wrong).findings.empty());
}

// --- sentences ---------------------------------------------------------------------------------------------------------------

TEST(Groups, TheTotalIsWhatTheMarkerNames) {
  std::string text =
      "2023年收支总预算100万元。收入包括：一般公共预算拨款收入80万元、其他收入20万元；支出包括：农林水支出60万元、住房保障支出4"
      "0万元。";
  expect_nothing(said(text));
  auto income = text;
  income = with(income, "其他收入20", "其他收入25");
  expect_one(said(income), Kind::sum, "100", "105");
  auto spent = text;
  spent = with(spent, "支出40", "支出45");
  expect_one(said(spent), Kind::sum, "100", "105");
}

TEST(Groups, ListsWithinLists) {
  for (const auto* stop : {"；", "，"}) {
    std::string text = "2023年“三公”经费预算数19.60万元。其中：因公出国（境）费0万元" + std::string(stop) +
                       "公务用车购置及运行费15.60万元，其中公务用车购置费0万元，公务用车运行维护费15.60万元" + stop +
                       "公务接待费4万元。";
    expect_nothing(said(text));
    auto total = text;
    total = with(total, "19.60", "18.60");
    expect_one(said(total), Kind::sum, "18.60", "19.60");
    auto inner = text;
    inner = with(inner, "购置费0万", "购置费1万");
    expect_one(said(inner), Kind::sum, "15.60", "16.60");
  }
}

TEST(Groups, WhatIsMadeUpOfThingsWithoutFigures) {
  expect_one(said("基本支出100万元，其中：人员经费80万元，主要包括：基本工资；公用经费30万元，主要包括：办公费。"), Kind::sum,
             "100", "110");
  expect_nothing(said("基本支出110万元，其中：人员经费80万元，主要包括：基本工资；公用经费30万元，主要包括：办公费。"));
  expect_nothing(said("基本支出110万元，其中：人员经费80万元，主要包括：基本工资60万元、津贴20万元；公用经费30万元。"));
  expect_one(said("基本支出120万元，其中：人员经费80万元，主要包括：基本工资60万元、津贴20万元；公用经费30万元。"), Kind::sum,
             "120", "110");
}

TEST(Groups, ParagraphsWithoutNumbers) {
  std::string text =
      "2023年一般公共预算基本支出1986.40万元，其中：\n\n人员经费1722."
      "18万元，主要包括：基本工资、津贴补贴、奖金、绩效工资等；\n\n"
      "公用经费254.22万元，主要包括：办公费、印刷费、水费、电费、差旅费等。\n";
  expect_one(said(text), Kind::sum, "1986.40", "1976.40");
  text = with(text, "1722.18", "1732.18");
  expect_nothing(said(text));
}

TEST(Restated, OfTheYearThatItNames) {
  expect_nothing(said("2023年“三公”经费预算30万元，2022年“三公”经费预算32万元，减少2万元，下降6.25%。"));
  expect_nothing(said("2022年“三公”经费预算32万元，2023年“三公”经费预算30万元，减少2万元，下降6.25%。"));
}

TEST(Restated, WhatWasSpentOfTheBudgetBeforeIt) {
  std::string text =
      "2022年度部门决算\n第三部分 2022年度部门决算情况说明\n七、“三公”经费决算情况说明\n"
      "2022年度公务接待费支出决算5.3万元，完成预算的66.25%。\n公务接待费预算8万元，支出决算";
  expect_one(checked(text + "5.8万元，主要用于接待。\n"), Kind::restated, "5.8", "5.3");
  expect_nothing(checked(text + "5.3万元，主要用于接待。\n"));
}

TEST(Balance, OnlyLikeWithLike) {
  expect_nothing(
      said("2022年度收入总计、支出总计均为500万元。其中：本年收入合计450万元，使用非财政拨款结余0万元，年初结转和结余50万元；"
           "本年支出合计480万元，年末结转和结余20万元。",
           "2022"));
  expect_nothing(said("2022年度本年收入合计450万元，本年支出合计480万元，使用年初结转和结余30万元，收支平衡。", "2022"));
  auto grand = said("2023年收入总计100万元，支出总计101万元。");
  expect_one(grand, Kind::balance, "101", "100");
  EXPECT_EQ(grand.findings[0].message.zh.find("文中称"), std::string::npos) << words(grand);
  auto claimed = said("2023年部门预算收入100万元，支出101万元，收支平衡。");
  expect_one(claimed, Kind::balance, "101", "100");
  EXPECT_NE(claimed.findings[0].message.zh.find("文中称"), std::string::npos) << words(claimed);
  expect_one(said("2023年部门预算收入100万元，支出101万元。全年预算收支平衡。"), Kind::balance, "101", "100");
}

// --- projects ----------------------------------------------------------------------------------------------------------------

const char* const kProject =
    "某街道2024年单位预算\n支出经济分类表（单位：元）\n科目 合计 基本支出 项目支出\n工资福利支出 30000.00 20000.00 10000.00\n"
    "合计 30000.00 20000.00 10000.00\n社区项目支出绩效目标表\n项目名称 社区治理经费\n主管部门 某街道办事处\n预算金额 856.4 "
    "万元\n项目明细\n"
    "1.社区惠民资金 160万元\n2.社区工作者报酬 512.4万元\n3.网格员补助 144万元\n4.社区办公用房租金 40万元\n合计 856.4万元\n"
    "绩效指标\n数量指标 覆盖社区数 9个\n数量指标 培训社区工作者 ≥4次\n"
    "第三部分 2024年单位预算情况说明\n五、绩效\n";

TEST(Details, WithTheirUnits) {
  auto right = checked(kProject);
  expect_nothing(right);
  EXPECT_GE(right.checked, 1U);
  std::string wrong = kProject;
  wrong = with(wrong, "144万元", "134万元");
  expect_one(checked(wrong), Kind::sum, "856.4", "846.40");
}

TEST(Promises, AgainstWhatIsSaidOfTheProjectElsewhere) {
  std::string text = kProject;
  expect_nothing(checked(text + "2024年项目编制了绩效目标。社区治理经费856.4万元，覆盖全部9个社区。\n"));
  text = with(text, "社区数 9个", "社区数 8个");
  expect_one(checked(text + "2024年项目编制了绩效目标。社区治理经费856.4万元，覆盖全部9个社区。\n"), Kind::promise, "9", "8");
}

TEST(Coverage, ByEachFund) {
  std::string text =
      "2023年支出预算5386.40万元，其中：基本支出1986.40万元，项目支出3400万元。\n九、其他重要事项\n（四）预算绩效情况。"
      "2023年对项目支出全面实施绩效目标管理，共设置绩效目标项目4个，涉及一般公共预算拨款2700万元，政府性基金预算拨款500万元，其"
      "他资金";
  auto whole = said(text + "200万元。");
  expect_nothing(whole);
  EXPECT_TRUE(whole.not_understood.empty()) << words(whole);
  expect_one(said(text + "100万元。"), Kind::coverage, "3300", "3400");
}

}  // namespace
}  // namespace qushu::budget
