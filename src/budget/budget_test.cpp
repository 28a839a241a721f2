#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "qushu/budget/check.h"

#include "decimal.h"
#include "folded.h"
#include "layout.h"
#include "statements.h"
#include "subject.h"

namespace qushu::budget {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Report checked(const std::string& text) {
  auto document = read_document(text, "test.txt");
  EXPECT_TRUE(document) << document.error().text.en;
  return check(*document);
}

bool has(const Report& report, std::string_view kind) {
  return std::ranges::any_of(report.findings, [&](const Finding& f) { return name(f.kind) == kind; });
}

// --- documents of other units ------------------------------------------------------------------------------------------------

const std::filesystem::path kDocuments = QUSHU_BUDGET_DOCUMENTS;

TEST(Documents, ConsistentOnesGiveNoFinding) {
  std::size_t documents = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kDocuments)) {
    if (entry.path().extension() != ".txt") continue;
    auto report = checked(read(entry.path()));
    EXPECT_TRUE(report.findings.empty()) << entry.path() << "\n" << to_text(report, Lang::zh);
    EXPECT_GE(report.checked, 10U) << entry.path();
    ++documents;
  }
  EXPECT_GE(documents, 10U);
}

// A .changes file: for each case a kind, words of the document, words to put in their place, a blank line.
TEST(Documents, OnePlantedContradictionIsFoundAndOfItsKind) {
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kDocuments)) {
    if (entry.path().extension() != ".changes") continue;
    auto original = read(std::filesystem::path(entry.path()).replace_extension(".txt"));
    std::istringstream in(read(entry.path()));
    std::string kind, from, to, blank;
    while (std::getline(in, kind) && std::getline(in, from) && std::getline(in, to)) {
      std::getline(in, blank);
      auto at = original.find(from);
      ASSERT_NE(at, std::string::npos) << entry.path() << ": " << from;
      auto changed = original;
      changed.replace(at, from.size(), to);
      auto report = checked(changed);
      EXPECT_TRUE(has(report, kind)) << entry.path().filename() << " " << kind << ": " << to << "\n"
                                     << to_text(report, Lang::zh);
      // One wrong figure contradicts what it stands with and where it is repeated; it does not set off a flood.
      EXPECT_LE(report.findings.size(), 5U) << to_text(report, Lang::zh);
      auto line =
          static_cast<std::size_t>(std::count(changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(at), '\n')) + 1;
      auto touches = [&](const Finding& f) {
        return std::ranges::any_of(f.places, [&](const Place& p) { return p.line == line; });
      };
      EXPECT_TRUE(std::ranges::any_of(report.findings, touches)) << to << "\n" << to_text(report, Lang::zh);
      ++cases;
    }
  }
  EXPECT_GE(cases, 79U);
}

// --- one contradiction at a time ---------------------------------------------------------------------------------------------

struct Case {
  const char* what;
  const char* text;
  const char* kind;  // nullptr: nothing to find
};

const std::vector<Case> kCases{
    {"details in a sentence", "2023年本年支出100万元，其中：基本支出60万元，项目支出30万元。", "sum"},
    {"details that add up", "2023年本年支出100万元，其中：基本支出60万元，项目支出40万元。", nullptr},
    {"a selection is no whole", "2023年收入100万元，其中：房租收入10万元，利息3万元等。", nullptr},
    {"parts above their whole", "2023年收入100万元，其中：房租90万元，利息30万元。", "sum"},
    {"rounding of the parts", "2023年本年支出100.01万元，其中：基本支出60.00万元，项目支出40.00万元。", nullptr},
    {"a change and its rate", "2023年支出预算110.00万元，比上年增加10.00万元，增长10%。", nullptr},
    {"a rate that was cut off", "2023年支出预算119.99万元，比上年增加19.99万元，增长19.9%。", nullptr},
    {"a rate of another base", "2023年支出预算110.00万元，比上年增加10.00万元，增长12%。", "year_on_year"},
    {"a fall", "2023年支出预算90.00万元，比上年减少10.00万元，下降10.00%。", nullptr},
    {"a negative change", "2023年支出预算90.00万元，比上年增加-10.00万元，增长-10.00%。", nullptr},
    {"full-width digits", "２０２３年支出预算１１０．００万元，比上年增加１０．００万元，增长１１．００％。", "year_on_year"},
    {"a number with a space inside", "2023年支出预算1 110.00万元，比上年增加10.00万元，增长0.91%。", nullptr},
    {"from nothing", "2023年支出预算10.00万元，比上年增加10.00万元，增长100%。", nullptr},
    {"balance", "2023年收入总计100万元，支出总计101万元，收支平衡。", "balance"},
    {"two units", "2023年本年支出1.2345亿元，其中：基本支出10000万元，项目支出2345万元。", nullptr},
    {"yuan and ten thousands", "2023年本年支出1,000,000元，其中：基本支出60万元，项目支出50万元。", "sum"},
    {"reasons are not compared",
     "2023年支出预算110.00万元，比上年增加10.00万元，增长10%，主要原因是人员增加3人，增加支出25万元。", nullptr},
    {"a share", "2023年本年支出100.00万元，其中：基本支出60.00万元，占60%；项目支出40.00万元，占50%。", "percent"},
    {"nothing at all", "本单位2023年无政府性基金预算安排的支出。", nullptr},
};

TEST(Sentences, Table) {
  for (const auto& c : kCases) {
    auto report = checked(std::string("第三部分 2023年部门预算情况说明\n一、部门支出预算情况\n") + c.text + "\n");
    if (c.kind == nullptr)
      EXPECT_TRUE(report.findings.empty()) << c.what << "\n" << to_text(report, Lang::zh);
    else
      EXPECT_TRUE(has(report, c.kind)) << c.what << "\n" << to_text(report, Lang::zh);
  }
}

const char* const kYears = R"(2022年部门预算表
部门整体支出绩效目标表
收入构成
近两年收支金额 2020年 2021年
支出构成
基本支出 498.00 400.00 450.00
项目支出 202.00 100.00 150.00
合计 700.00 500.00 600.00
第三部分 2022年部门预算情况说明
一、部门支出预算情况
)";

TEST(Changes, HoldOnlyAgainstAnotherYear) {
  auto wrong = checked(std::string(kYears) + "支出预算700.00万元，比2021年预算增加200.00万元，增长40.00%。\n");
  ASSERT_EQ(wrong.findings.size(), 1U) << to_text(wrong, Lang::zh);
  const auto& f = wrong.findings.front();
  EXPECT_EQ(f.kind, Kind::year_on_year);
  EXPECT_EQ(f.expected, "100.00");
  EXPECT_EQ(f.found, "200.00");
  EXPECT_NE(f.message.en.find("2020"), std::string::npos);
  auto right = checked(std::string(kYears) + "支出预算700.00万元，比2021年预算增加100.00万元，增长16.67%。\n");
  EXPECT_TRUE(right.findings.empty()) << to_text(right, Lang::zh);
  auto level = checked(std::string(kYears) + "支出预算700.00万元，与2021年持平。\n");
  EXPECT_TRUE(has(level, "year_on_year")) << to_text(level, Lang::zh);
}

std::string project_with(const std::string& detail, const std::string& goal) {
  return "2022年项目支出绩效目标表\n单位：万元\n项目名称 智慧社区建设经费 项目代码\n项目当年预算 30\n项目支出明细 金额\n合计 "
         "30\n1." +
         detail + " 20\n2.培训费 10\n一级指标 二级指标 指标名称 指标值\n产出指标 数量指标 " + goal + "\n";
}

TEST(Promises, AgainstTheDetail) {
  EXPECT_TRUE(has(checked(project_with("新建12个社区监控点位", "新建社区监控点位数 ≥15个")), "promise"));
  EXPECT_TRUE(checked(project_with("新建15个社区监控点位", "新建社区监控点位数 ≥15个")).findings.empty());
  EXPECT_TRUE(checked(project_with("新建18个社区监控点位", "新建社区监控点位数 ≥15个")).findings.empty());
  // Another thing, or counted otherwise.
  EXPECT_TRUE(checked(project_with("社区监控点位运维（5年）", "新建社区监控点位数 15个")).findings.empty());
  EXPECT_TRUE(checked(project_with("新建12个社区公园", "新建社区监控点位数 15个")).findings.empty());
}

TEST(Coverage, ClaimAndFigures) {
  std::string claim = "（五）预算绩效情况\n2022年项目支出全部纳入绩效管理，涉及资金";
  EXPECT_TRUE(has(checked(std::string(kYears) + claim + "150.00万元。\n"), "coverage"));
  EXPECT_TRUE(checked(std::string(kYears) + claim + "202.00万元。\n").findings.empty());
}

// --- pieces ---------------------------------------------------------------------------------------------------------------

TEST(Decimals, ReadAndWrite) {
  struct Row {
    std::u32string_view text;
    std::int64_t micro;
    int digits;
    std::size_t length;
  };
  for (const auto& row : std::vector<Row>{{U"2606.14", 2606140000, 2, 7},
                                          {U"1,234,567.8元", 1234567800000, 1, 11},
                                          {U"-3", -3000000, 0, 2},
                                          {U"12,34", 12000000, 0, 2},
                                          {U"798.125万", 798125000, 3, 7}}) {
    std::size_t length = 0;
    auto value = read_decimal(row.text, length);
    ASSERT_TRUE(value);
    EXPECT_EQ(value->micro, row.micro);
    EXPECT_EQ(value->digits, row.digits);
    EXPECT_EQ(length, row.length);
  }
  std::size_t length = 0;
  EXPECT_FALSE(read_decimal(U"九", length));
  EXPECT_FALSE(read_decimal(U"99999999999999999999999", length));
  EXPECT_EQ(to_text(2606140000, 2), "2606.14");
  EXPECT_EQ(to_text(-500000, 0), "-0.5");
  EXPECT_EQ(scaled(1245 * kMicro, 100 * kMicro, 1361140000), 91467446);
  EXPECT_EQ(scaled(-1, 1, 2), -1);
}

TEST(Folded, NumbersOfItems) {
  EXPECT_EQ(numbering(U"二十三、其他支出").ordinal, 23);
  EXPECT_EQ(numbering(folded("（一）收入")).level, 2);
  EXPECT_EQ(numbering(U"3.公务接待费").level, 3);
  EXPECT_EQ(numbering(U"1.2020 年预算 80 万").length, 2U);
  EXPECT_EQ(numbering(U"2.5 万元").level, 0);
  EXPECT_EQ(encoded(folded("１２．５％（万元）")), "12.5%(万元)");
}

TEST(Subjects, OfPhrases) {
  struct Row {
    std::u32string_view text;
    const char* code;
  };
  for (const auto& row : std::vector<Row>{{U"一般公共预算财政拨款收入", "income.general"},
                                          {U"一般公共预算基本支出", "expenditure.basic"},
                                          {U"公务用车购置及运行维护费", "sangong.car"},
                                          {U"公务用车运行费", "sangong.car_run"},
                                          {U"2023年度三公经费预算", "sangong.total"},
                                          {U"政府采购支出总额", "procurement.total"},
                                          {U"本年支出合计", "expenditure.year"},
                                          {U"社会保障和就业支出", "function.208"},
                                          {U"工资福利支出", "economic.301"}}) {
    auto found = subject_of(row.text);
    ASSERT_TRUE(found) << encoded(row.text);
    EXPECT_EQ(found->code, row.code) << encoded(row.text);
  }
  EXPECT_FALSE(subject_of(U"对附属单位补助支出"));
  EXPECT_FALSE(subject_of(U"项目支出绩效评价资金"));
}

}  // namespace
}  // namespace qushu::budget
