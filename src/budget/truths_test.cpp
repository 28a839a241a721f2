// What documents say truly in words that are easily taken for something else: nothing is found in them. Beside each, where it
// can be told, the same with one contradiction.
#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::said;
using testing::with;
using testing::words;

Report account(const std::string& text) {
  return checked("2023年度部门决算公开\n第三部分 2023年度部门决算情况说明\n一、收支决算情况\n" + text + "\n");
}

// --- the base of a change ----------------------------------------------------------------------------------------------------

TEST(Truths, WhatIsComparedWithWithinAClause) {
  for (const auto* text : {"2023年度办公费支出决算数比上年的80000.00元减少20000.00元，下降25.00%。",
                           "财政拨款支出210万元。比年初预算200万元增加10万元，增长5.00%。",
                           "上年政府性基金支出12万元，减少12万元，下降100%。", "机关运行经费比2022年40万元增加2万元，增长5%。"})
    expect_nothing(account(text));
  expect_one(account("2023年度办公费支出决算数比上年的80000.00元减少20000.00元，下降20.00%。"), Kind::year_on_year, "20.00",
             "25.00");
}

TEST(Truths, ASecondComparisonHasItsOwnBase) {
  std::string text = "公务接待费年初预算9.00万元，支出决算5.00万元，比上年决算6.00万元减少1.00万元；比年初预算减少4.00万元。";
  expect_nothing(account(text));
  text = with(text, "减少4.00万元", "减少3.00万元");
  EXPECT_FALSE(account(text).findings.empty());
}

TEST(Truths, ABudgetIsNoAccount) {
  expect_nothing(said("2023年收入预算130万元，比2022年预算增加10万元。2022年收入决算128万元。"));
}

// --- whose year, whose funds
// ---------------------------------------------------------------------------------------------------

TEST(Truths, TheYearHoldsForTheList) {
  for (const auto* text : {"收入合计24万元，其中：财政拨款收入20万元，其他收入4万元。上年财政拨款收入19万元，其他收入3万元。",
                           "上年收入总计22万元，其中财政拨款收入21万元，其他收入1万元。本年收入总计23万元，其中财政拨款收入20万"
                           "元，其他收入3万元。",
                           "2022年“三公”经费5万元，其中公务接待费2万元、因公出国（境）费3万元；2023年“三公”经费4万元，其中公务"
                           "接待费1万元、因公出国（境）费3万元。"})
    expect_nothing(account(text));
}

TEST(Truths, TheFundsHoldForTheList) {
  std::string text =
      "部门支出34万元。其中：基本支出20万元，项目支出14万元。一般公共预算拨款支出33万元，其中：基本支出20万元，项目支出13万元"
      "。";
  expect_nothing(said(text));
  expect_nothing(
      said("政府性基金预算支出1.3万元，全部为项目支出1.3万元。部门支出34万元，其中：基本支出20万元，项目支出14万元。"));
  // The same funds twice.
  EXPECT_FALSE(said(text + "一般公共预算拨款支出33万元，其中：基本支出17万元，项目支出16万元。").findings.empty());
}

TEST(Truths, AClaimIsAboutItsFunds) {
  std::string text =
      "本年支出合计50万元，其中：基本支出8万元，项目支出42万元。\n"
      "我单位对2023年度一般公共预算项目支出全面开展绩效自评，共涉及资金32万元，占一般公共预算项目支出总额的100%。";
  expect_nothing(account(text));
  text = with(text, "一般公共预算项目支出全面", "项目支出全面");
  text.resize(text.find("，占一般公共预算"));
  auto report = account(text + "。");
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& f) { return f.kind == Kind::coverage; })) << words(report);
}

TEST(Truths, SomeOfTheProjects) {
  std::string all = "支出预算34万元，其中：基本支出20万元，项目支出14万元。";
  for (const auto* text : {"填报绩效目标的项目支出预算12万元。", "对5万元以上的项目支出6万元编制了绩效目标。",
                           "重点项目支出包括：甲类网格项目支出3万元，乙类巡查项目支出2万元。",
                           "项目支出全部纳入绩效目标管理，其中重点项目3个，金额8万元。"})
    expect_nothing(said(all + text));
}

TEST(Truths, APartMayBearTheNameOfItsWhole) {
  for (const auto* text : {"教育支出24万元，其中：教育费附加安排的教育支出1万元。",
                           "机关运行经费6万元，其中：日常公用经费5万元，车改补贴1万元。日常公用经费7万元。",
                           "工资福利支出12万元，其中：基本工资9万元，其他工资福利支出3万元。",
                           "收入预算34万元，支出预算34万元。其中：局本级收入预算12万元，支出预算12万元。",
                           "人员经费16万元，公用经费3万元。其中局机关人员经费9万元，二级单位人员经费7万元。"})
    expect_nothing(said(text));
}

TEST(Truths, WholesThatAreNamedApart) {
  std::string text =
      "总收入23万元，其中本年收入20万元、年初结转和结余3万元；总支出23万元，其中本年支出21万元、年末结转和结余2万元。\n"
      "二、收入决算情况\n本年收入20万元，其中：财政拨款收入20万元。";
  expect_nothing(account(text));
}

TEST(Truths, IncomeAndExpenditureAreNoList) {
  std::string text = "收入总计74万元，支出总计74万元。其中：本年收入72万元，本年支出70万元。";
  expect_nothing(account(text));
}

// --- what the whole and its parts changed by
// --------------------------------------------------------------------------------------

TEST(ChangedSums, TheThreePublics) {
  std::string text =
      "“三公”经费预算36.00万元，比2022年预算增加16.00万元。其中：\n（一）因公出国（境）费0.00万元，与2022年预算持平。\n"
      "（二）公务用车购置及运行费30.00万元，比2022年预算增加17.00万元。\n（三）公务接待费6.00万元，比2022年预算减少1.00万元。";
  expect_nothing(said(text));
  text = with(text, "增加16.00万元", "增加15.00万元");
  expect_one(said(text), Kind::year_on_year, "15.00", "16.00");
}

TEST(ChangedSums, AgainstWhatIsSaid) {
  auto text = [](const char* basic, const char* project) {
    return std::string("支出预算30.00万元，比2022年预算增加4.00万元。其中：基本支出20.00万元，比2022年") + basic +
           "；项目支出10.00万元，比2022年" + project + "。";
  };
  expect_nothing(said(text("预算增加3.00万元", "预算增加1.00万元")));
  expect_one(said(text("预算增加3.00万元", "预算增加2.00万元")), Kind::year_on_year, "4.00", "5.00");
  // The one part is compared with the account, the other with the budget.
  expect_nothing(said(text("决算增加3.00万元", "预算增加2.00万元")));
}

TEST(Truths, UnitsOfSeveralKinds) {
  expect_nothing(said("本部门有行政单位1家，事业单位2家，具体包括：1、某局机关；2、某某监测站；3、某某服务中心。"));
}

// --- tables
// --------------------------------------------------------------------------------------------------------------------

TEST(Truths, BothSidesOfATable) {
  std::string head = "收支总表\n单位：万元\n收入 支出\n项目 预算数 项目 预算数\n";
  expect_nothing(checked(head +
                         "一、一般公共预算拨款收入 45 教育支出 35\n二、政府性基金预算拨款收入 社会保障和就业支出 5\n"
                         "三、事业收入 4 卫生健康支出 1\n四、其他收入 住房保障支出 8\n本年收入合计 49 本年支出合计 49\n"));
  expect_nothing(
      checked(head +
              "财政拨款 23 208 社会保障和就业支出 2\n一般公共预算 23 210 卫生健康支出 1\n政府性基金预算 213 农林水支出 20\n"
              "上年结转 4 221 住房保障支出 4\n收入总计 27 支出总计 27\n"));
  std::string fees =
      head +
      "一、一般公共预算拨款收入 333 一、一般公共服务支出 148\n其中：经费拨款 213 八、社会保障和就业支出 21\n"
      "非税收入拨款 120 九、卫生健康支出 18\n二、其他收入 14 十一、城乡社区支出 160\n本年收入合计 347 本年支出合计 347\n";
  expect_nothing(checked(fees));
  fees = with(fees, "支出 18", "支出 81");
  EXPECT_FALSE(checked(fees).findings.empty());
}

TEST(Truths, SubtotalsWithoutAMark) {
  for (const auto* text :
       {"支出总表\n单位：万元\n项目 金额\n合计 34.00\n一般公共服务支出 14.00\n其中：行政运行 12.00\n城乡社区支出 20.00\n"
        "其中：城管执法 9.00\n社区公共设施 8.00\n",
        "收入表\n单位：万元\n财政拨款收入 34.00\n其中：一般公共预算拨款 33.00\n其中：经费拨款 32.00\n非税收入 1.00\n"
        "政府性基金拨款 1.00\n其他收入 0.00\n收入合计 34.00\n"})
    expect_nothing(checked(text));
}

}  // namespace
}  // namespace qushu::budget
