// What sentences say of lists, of what is carried over and of what there is not: each consistent, or with one contradiction.
#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::with;
using testing::words;

std::string account(const std::string& text) {
  return "某县图书馆2023年度部门决算\n" + text + "\n";
}

// --- shares ---

const char* const kSources =
    "一、总体情况\n2023年度收、支总计均为640.00万元。\n二、收入决算情况\n2023年度本年收入合计600.00万元，其中：财政拨款收入450."
    "00万元，占75.00%；事业收入120.00万元，占20.00%；其他收入30.00万元，占5.00%。";

TEST(ShareLists, AllAreOfTheirTotal) {
  auto text = account(kSources);
  expect_nothing(checked(text));
  // It would be right of the grand total, of which the others are not.
  expect_one(checked(with(text, "占20.00%", "占18.75%")), Kind::percent, "18.75", "20.00");
}

TEST(ShareLists, APartOfAPartHasItsOwnWhole) {
  expect_nothing(
      checked(account("二、收入决算情况\n2023年度本年收入合计600.00万元，其中：财政拨款收入450.00万元，占75.00%，其中"
                      "：专项拨款90.00万元，占20.00%；事业收入150.00万元，占25.00%。")));
  // What is not all there is may be said of something else.
  expect_nothing(
      checked(account("二、收入决算情况\n2023年度收、支总计均为640.00万元。本年收入合计600.00万元，其中：财政拨款收入"
                      "450.00万元，占75.00%；场地租金32.00万元，占5.00%。")));
}

TEST(ShareLists, TwoThatAgreeUponAnotherWhole) {
  expect_nothing(checked(
      account("二、收入\n2023年度收、支总计均为640.00万元。\n本年收入合计600.03万元，其中：财政拨款收入600.00万元，占93.75%；"
              "其他收入0.03万元，占0.00%。")));
}

TEST(ShareLists, InParagraphsOfTheirOwn) {
  auto text = account(
      "二、收入决算情况\n2023年度财政拨款收入480.00万元。\n三、支出决算情况\n2023年度本年支出合计600.00万元，其中：\n"
      "基本支出360.00万元，占60.00%；\n项目支出240.00万元，占40.00%；\n经营支出0.00万元，占0.00%。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "占60.00%", "占75.00%")), Kind::percent, "75.00", "60.00");
}

TEST(ShareLists, InNumberedSentences) {
  auto text = account(
      "二、收入\n财政拨款收入480.00万元。\n三、支出\n本年支出600.00万元，具体情况如下：1.基本支出360.00万元，占60.00%。2."
      "项目支出240.00万元，占40.00%。其中，主要支出项目：修缮120.00万元。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "占60.00%", "占75.00%")), Kind::percent, "75.00", "60.00");
}

TEST(ShareLists, OfTheTotalThatIsNamed) {
  auto text = account(
      "（二）政府采购支出情况\n2023年度政府采购支出总额500.00万元，其中：货物支出500.00万元。授予中小企业合同金额400.00万元，"
      "占政府采购支出总额的80.00%，其中：授予小微企业合同金额200.00万元，占政府采购支出总额的40.00%。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "40.00%", "50.00%")), Kind::percent, "50.00", "40.00");
  auto other = with(text, "占政府采购支出总额的40.00%", "占授予中小企业合同金额的50.00%");
  expect_nothing(checked(other));
}

TEST(Completion, OfTheBudgetThatItNames) {
  auto text = account(
      "一、支出决算情况\n2023年度年初预算数为400.00万元，调整预算数为500.00万元，支出决算数为450.00万元，完成年初预算的112.50%"
      "，"
      "完成调整预算的90.00%。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "90.00%", "112.50%")), Kind::percent, "112.50", "90.00");
  expect_one(checked(with(text, "112.50%", "90.00%")), Kind::percent, "90.00", "112.50");
  expect_nothing(checked(with(text, "完成调整预算的90.00%", "完成预算的90.00%")));
}

TEST(Completion, AsAPartOfTheBudget) {
  auto text = account(
      "七、“三公”经费情况\n“三公”经费财政拨款年初预算数为40.00万元，支出决算数为30.00万元，为年初预算的75.00%"
      "，其中：公务接待费支出"
      "决算为30.00万元，为年初预算的75.00%。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "75.00%，其中", "65.00%，其中")), Kind::percent, "65.00", "75.00");
}

TEST(Completion, OfWhatItIsComparedWith) {
  auto text = account(
      "一、支出决算情况\n财政拨款支出412.00万元。比年初预算400.00万元增加12.00万元，增长3.00%，完成年初预算的103.00%。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "103.00%", "97.09%")), Kind::percent, "97.09", "103.00");
}

// --- changes ---

TEST(Changes, BothYearsInTheParagraph) {
  auto text = account(
      "四、财政拨款收入支出决算总体情况\n2023年度财政拨款收入总计、支出总计均为530."
      "00万元。与2022年度相比，财政拨款收、支总计各增"
      "加30.00万元，增长6.00%。2022年度财政拨款收、支总计为500.00万元。");
  expect_nothing(checked(text));
  auto report = checked(with(text, "为500.00", "为540.00"));
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].kind, Kind::year_on_year) << words(report);
  EXPECT_EQ(report.findings[0].expected, "-10.00") << words(report);
}

TEST(Changes, AsMuchAsBefore) {
  auto text = account("3.公务接待费支出1.20万元，与上年1.20万元持平。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "与上年1.20", "与上年1.50")), Kind::year_on_year, "0", "-0.30");
  expect_nothing(checked(account("3.公务接待费支出1.20万元，比上年1.50万元减少0.30万元，与年初预算持平。")));
}

TEST(Changes, TheBudgetBesideTheYearBefore) {
  auto text = account(
      "八、机关运行经费支出186.00万元，比年初预算数200.00万元减少14.00万元，降低7.00%；比2022年决算数195.00万元减少9.00万元。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "减少9.00", "减少8.00")), Kind::year_on_year, "-8.00", "-9.00");
}

TEST(Restated, TheProjectsWhoseGrantsAreTold) {
  auto text = account(
      "三、支出决算情况\n2023年度本年支出决算合计600.00万元，其中：基本支出400.00万元，项目支出200."
      "00万元。\n八、项目支出决算情况\n"
      "本单位2023年度预算安排项目3个，项目支出总金额200.00万元。财政本年拨款金额190.00万元，财政拨款结转结余10.00万元。");
  expect_nothing(checked(text));
  auto wrong = with(text, "总金额200.00", "总金额220.00");
  expect_one(checked(wrong), Kind::restated, "220.00", "200.00");
  // Where the grants do not add up to it either, what is in the total is not known.
  expect_nothing(checked(with(wrong, "金额190.00", "金额180.00")));
}

// --- carried over ---

TEST(Carried, WhatIsLeftOfAFund) {
  auto text = account(
      "七、政府性基金预算财政拨款支出决算情况\n2023年度政府性基金预算财政拨款年初结转和结余5.00万元，本年收入80.00万元，"
      "本年支出75.00万元，年末结转和结余10.00万元。主要用于：馆舍维修50.00万元、图书购置20.00万元。");
  expect_nothing(checked(text));
  expect_one(checked(with(text, "结余10.00", "结余15.00")), Kind::sum, "15.00", "10.00");
}

TEST(Carried, WhatIsLeftOfAll) {
  auto text = account(
      "二、收支决算情况\n2023年度收入总计500.00万元，其中：财政拨款收入450.00万元，其他收入50.00万元。\n"
      "2023年度支出合计480.00万元，其中：基本支出300.00万元，项目支出180.00万元。结转下年20.00万元。");
  expect_nothing(checked(text));
  auto wrong = with(text, "下年20.00", "下年25.00");
  expect_one(checked(wrong), Kind::sum, "25.00", "20.00");
  // What came from the year before may not be in the income.
  expect_nothing(checked(wrong + "年初结转和结余5.00万元。\n"));
  expect_nothing(checked(wrong + "本年结余分配3.00万元。\n"));
}

// --- absence ---

const char* const kFund =
    "二、收入决算情况\n2023年度本年收入合计500.00万元，其中：一般公共预算财政拨款收入480.00万元；政府性基金预算财政拨款收入20."
    "00万元。\n六、政府性基金预算财政拨款支出情况\n";

TEST(Absence, OfAFundThatCameIn) {
  auto fund = account(kFund);
  expect_one(checked(fund + "本单位2023年度无政府性基金预算财政拨款收入和支出。\n"), Kind::coverage, "0", "20.00");
  expect_one(checked(fund + "某县图书馆没有政府性基金预算财政拨款收入。\n"), Kind::coverage, "0", "20.00");
  // Not spent, of another year, of a unit below, of another fund, of something within the fund, or not of this.
  for (const auto* legitimate :
       {"本单位2023年度无政府性基金预算财政拨款支出。", "本单位2022年度无政府性基金预算财政拨款收入和支出。",
        "上年无政府性基金预算财政拨款收入。", "所属单位无政府性基金预算财政拨款收入和支出。",
        "少儿分馆无政府性基金预算财政拨款收入。", "本单位2023年度无国有资本经营预算财政拨款收入和支出。",
        "本单位无政府性基金预算财政拨款安排的“三公”经费支出。", "本单位无政府性基金预算财政拨款结转。",
        "本单位无其他政府性基金预算财政拨款收入。", "除上述资金以外无政府性基金预算财政拨款收入。"})
    expect_nothing(checked(fund + legitimate + "\n"));
}

TEST(Absence, UnderTheHeadingOfAFund) {
  auto text = account(
      "八、政府性基金预算财政拨款支出\n本单位无政府性基金预算财政拨款支出。一般公共预算项目支出50.00万元，项目支出50.00万元。");
  expect_nothing(checked(text));
  expect_one(checked(text + "二、支出\n政府性基金预算财政拨款支出30.00万元。\n"), Kind::coverage, "0", "30.00");
}

TEST(Absence, ABudgetSpendsWhatComesIn) {
  std::string table =
      "某镇卫生院2023年单位预算\n单位收支总表\n单位：万元\n一、一般公共预算拨款收入 480.00 一、卫生健康支出 500.00\n"
      "二、政府性基金预算拨款收入 20.00\n收入总计 500.00 支出总计 500.00\n六、关于2023年政府性基金预算支出表的说明\n";
  expect_one(checked(table + "本单位2023年没有使用政府性基金预算拨款安排的支出。\n"), Kind::coverage, "0", "20.00");
  expect_nothing(checked(table + "本单位2023年没有使用国有资本经营预算拨款安排的支出。\n"));
  expect_nothing(checked(table + "本单位2023年没有使用政府性基金预算拨款安排的支出。结转下年20.00万元。\n"));
}

TEST(Absence, OfOneOfTheThreePublics) {
  auto publics = account("“三公”经费支出决算5.00万元，其中：因公出国（境）费支出3.00万元，公务接待费2.00万元。");
  expect_one(checked(publics + "1.本单位2023年度无因公出国（境）费支出。\n"), Kind::coverage, "0", "3.00");
  expect_nothing(checked(publics + "1.本单位2023年度无公务用车购置费支出。\n"));
  expect_nothing(checked(publics + "1.本单位年初未安排因公出国（境）费预算。\n"));
  expect_nothing(checked(publics + "1.增加的主要原因是上年无因公出国（境）费支出。\n"));
}

TEST(Absence, AllOfOneFund) {
  std::string text = "四、财政拨款收入情况\n财政拨款收入500.00万元，比上年增加20.00万元，增长4.17%。全部为一般公共预算财政拨款";
  expect_nothing(checked(account(text + "。")));
  expect_nothing(checked(account(text + "，其中政府性基金预算财政拨款收入0万元。")));
  expect_one(checked(account(text + "，其中政府性基金预算财政拨款收入15.00万元。")), Kind::coverage, "15.00", "0");
  // What the three publics are paid from is not all there is.
  expect_nothing(checked(account(kFund) + "五、三公经费\n“三公”经费支出全部为一般公共预算财政拨款。\n"));
  expect_one(checked(account(kFund) + "五、财政拨款\n财政拨款收入全部为一般公共预算财政拨款。\n"), Kind::coverage, "20.00",
             "0");
}

}  // namespace
}  // namespace qushu::budget
