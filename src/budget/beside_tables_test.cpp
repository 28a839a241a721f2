// A figure of the text beside its table's.
#include <algorithm>

#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::with;

const char* const kPublics =
    "某局2023年度部门决算\n“三公”经费支出决算为6.20万元，其中公务接待费1.80万元，公务用车购置及运行维护费4.40万元。\n"
    "财政拨款“三公”经费支出决算表\n单位：万元\n项目 预算数 决算数\n合计 9.00 6.20\n1.因公出国（境）费 0.00 0.00\n"
    "2.公务接待费 3.00 1.80\n3.公务用车购置及运行维护费 6.00 4.40\n";

TEST(Restated, ThePublicsBesideTheirTable) {
  expect_nothing(checked(kPublics));
  auto other = with(with(kPublics, "合计 9.00 6.20", "合计 9.00 6.02"), "1.80\n", "1.62\n");
  auto report = checked(other);
  EXPECT_EQ(std::ranges::count(report.findings, Kind::restated, &Finding::kind), 2) << testing::words(report);
  // What the year ended with is not what it began with.
  expect_nothing(checked(with(kPublics, "“三公”经费支出决算", "“三公”经费年初预算为12万元，支出决算")));
}

TEST(Restated, AllThePublicsAndWhatElseATableHolds) {
  auto wider = with(kPublics, "“三公”经费支出决算表", "“三公”经费和会议费支出决算表");
  wider = with(wider, "合计 9.00 6.20", "合计 12.00 8.20") + "4.会议费 3.00 2.00\n";
  expect_nothing(checked(wider));
}

const char* const kCarried =
    "某局2023年度部门决算\n2023年度收入总计860.00万元，支出总计860.00万元。年末结转和结余12.50万元。\n收入支出决算总表\n"
    "单位：万元\n本年收入合计 840.00 本年支出合计 847.50\n年初结转和结余 20.00 年末结转和结余 12.50\n总计 860.00 总计 860.00\n";

TEST(Restated, WhatIsCarriedOver) {
  expect_nothing(checked(kCarried));
  expect_one(checked(with(kCarried, "结余12.50", "结余15.20")), Kind::restated, "15.20", "12.50");
  expect_one(checked(with(kCarried, "年末结转和结余12.50", "其中：年初结转结余22万元，年末结转和结余12.50")), Kind::restated,
             "22", "20.00");
  // Of another year, of a part of the funds, of the year before.
  for (const auto* words : {"上年年末结转和结余9.10", "2022年年末结转和结余9.10", "年末财政拨款结转和结余9.10"})
    expect_nothing(checked(with(kCarried, "年末结转和结余12.50", words)));
}

TEST(Restated, WhatIsCarriedOverOfOtherTotals) {
  expect_nothing(checked(with(with(kCarried, "收入总计860.00", "财政拨款收入总计700.00"),
                              "支出总计860.00万元。年末结转和结余12.50", "支出总计700.00万元。年末结转和结余9.10")));
}

}  // namespace
}  // namespace qushu::budget
