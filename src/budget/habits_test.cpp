// How units of one province and another say the same things: each case is consistent as it stands, and a contradiction with one
// figure changed.
#include <string>
#include <vector>

#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::with;
using testing::words;

struct Planted {
  const char* from;
  const char* to;  // what stands there instead
  Kind kind;
};

struct Habit {
  const char* name;
  std::string text;
  std::vector<Planted> planted;
};

const char* const kAccount = "2022年度部门决算\n第三部分 2022年度部门决算情况说明\n";
const char* const kPlan = "2023年部门预算\n第三部分 2023年部门预算情况说明\n";

std::vector<Habit> habits() {
  return {
      {"the budget within the completion",
       std::string(kAccount) + "一、“三公”经费决算\n2022年度“三公”经费支出决算为14.6万元，完成预算20万元的73%"
                               "。其中：因公出国（境）费支出决算为0万元，"
                               "完成预算2万元的0%；公务用车购置及运行费支出决算为11万元，完成预算13万元的84.6%"
                               "；公务接待费支出决算为3.6万元，完成预算5"
                               "万元的72%。\n",
       {{"5万元的72%", "5万元的62%", Kind::percent}, {"决算为11万元", "决算为12万元", Kind::sum}}},
      {"budgets and accounts in one list",
       std::string(kAccount) + "一、“三公”经费决算\n2022年度“三公”经费支出年初预算为20万元，支出决算为14."
                               "6万元。其中：因公出国（境）费支出年初预算为2万"
                               "元，决算为0万元；公务用车运行维护费支出年初预算为13万元，决算为11万元；公务接待费支出年初预算为"
                               "5万元，决算为3.6万元。\n",
       {{"决算为11万元", "决算为11.5万元", Kind::sum}, {"年初预算为13万元", "年初预算为14万元", Kind::sum}}},
      {"what changed is named, its amount stands elsewhere",
       std::string(kAccount) +
           "一、“三公”经费决算\n2022年度“三公”经费支出决算为12.00万元，其中：公务用车运行维护费支出决算为9.00万元"
           "，公务接待费支出决算为3.00万"
           "元。\n2022年度“三公”经费支出决算数比2021年度减少4.00万元，下降25%"
           "，其中：公务用车运行维护费支出决算减少1.00万元，下降10%；公务"
           "接待费支出决算减少3.00万元，下降50%。\n",
       {{"下降25%", "下降29%", Kind::year_on_year}, {"下降50%", "下降55%", Kind::year_on_year}}},
      {"changes of two amounts at once",
       std::string(kPlan) + "一、“三公”经费\n公务用车购置及运行费40万元，包括公务用车购置费18万元和公务用车运行费22万元，与2022"
                            "年相比，分别减少2万元和3"
                            "万元，下降10%和12%；公务接待费5万元。\n",
       {{"10%和12%", "10%和22%", Kind::year_on_year}}},
      {"the year before in the same sentence",
       std::string(kPlan) +
           "一、机关运行经费\n2023年机关运行经费预算86.00万元，2022年机关运行经费预算90.00万元，对比减少4.00万元。\n机"
           "关运行经费预算86.00万元，比2"
           "022年预算数90.00万元下降4.44%。\n",
       {{"减少4.00万元", "减少6.00万元", Kind::year_on_year}, {"4.44%", "5.44%", Kind::year_on_year}}},
      {"parts of an item are not all there is",
       std::string(kPlan) + "一、支出预算\n2023年一般公共预算支出500万元，其中：基本支出420万元，项目支出80万元。具体支出如下："
                            "\n初中部支出200万元，其中"
                            "：基本支出180万元，项目支出20万元。\n高中部支出300万元，其中：基本支出240万元，项目支出60万元。\n",
       {{"500万元，其中", "510万元，其中", Kind::sum}, {"基本支出240万元", "基本支出250万元", Kind::sum}}},
      {"classes of the basic and of the project expenditure",
       std::string(kPlan) + "五、一般公共预算支出情况说明\n1．基本支出预算900000.00元，占一般公共预算支出的90%"
                            "。其中：\n工资福利支出预算700000.00元，占"
                            "基本支出预算77.78%。\n商品和服务支出预算200000.00元，占基本支出预算22.22%。\n2．项目支出100000."
                            "00元，占一般公共预算支出的1"
                            "0%。其中：\n商品和服务支出预算100000.00元，占项目支出预算100%"
                            "。\n六、一般公共预算基本支出情况说明\n2023年一般公共预算基本"
                            "支出900000.00元，其中：\n人员经费720000.00元，主要包括：基本工资、津贴补贴。\n公用经费180000."
                            "00元，主要包括：办公费。\n",
       {{"基本支出900000.00元，其中：\n人员", "基本支出910000.00元，其中：\n人员", Kind::sum},
        {"占基本支出预算77.78%", "占基本支出预算75.78%", Kind::percent}}},
      {"classes of both in one sentence",
       std::string(kPlan) + "一、支出预算\n按支出项目类别划分：基本支出90万元，其中：工资福利支出70万元、商品和服务支出20万元；"
                            "项目支出310万元，其中：商"
                            "品和服务支出10万元、对个人和家庭的补助300万元。\n",
       {{"工资福利支出70万元", "工资福利支出75万元", Kind::sum}}},
      {"all income and this year's",
       std::string(kAccount) + "一、收入决算\n（一）本单位2022年度总收入58万元，其中本年收入39万元，较2021年度决算数减少17."
                               "5万元，下降31%。\n2022年度收入总"
                               "计58万元，其中：本年收入合计39万元，使用非财政拨款结余0万元，年初结转和结余19万元。\n",
       {{"下降31%", "下降36%", Kind::year_on_year}, {"结余19万元", "结余16万元", Kind::sum}}},
      {"headings with a full stop, and funds of their own",
       std::string(kAccount) + "（一）收入支出决算总体情况说明。\n支出情况。2022年度支出合计900万元。其中：基本支出600万元，占6"
                               "6.7%；项目支出300万元，占33."
                               "3%"
                               "。\n（二）一般公共预算财政拨款基本支出决算情况说明。\n2022年度一般公共财政拨款基本支出550万元。"
                               "其中：人员经费450万元，公"
                               "用经费100万元。\n",
       {{"人员经费450万元", "人员经费460万元", Kind::sum}}},
      {"items with paragraphs of their own",
       std::string(kAccount) +
           "一、“三公”经费决算\n2022年度“三公”经费支出决算中，因公出国（境）费支出决算0.00万元，占0%"
           "；公务用车购置及运行维护费支出决算9.00万"
           "元，占75%；公务接待费支出决算3.00万元，占25%。具体情况如下：\n1.因公出国（境）费支出0.00万元。\n2."
           "公务用车购置及运行维护费支出9.00"
           "万元。其中：\n公务用车购置支出为0.00万元。\n公务用车运行维护支出9.00万元，主要用于燃料费。\n3."
           "公务接待费支出3.00万元。其中：\n国内公"
           "务接待支出3.00万元，主要用于交流。\n2022年度“三公”经费支出决算12.00万元。\n",
       {{"占75%", "占72%", Kind::percent}}},
      {"another budget for the completion",
       std::string(kAccount) + "一、支出决算\n2022年度年初预算支出2000万元，调整后预算为2500万元，全年实际支出2400万元，完成调"
                               "整预算的96%，完成年初预算的1"
                               "20%。\n",
       {{"的120%", "的130%", Kind::percent}}},
      {"a reason that another item follows",
       std::string(kPlan) + "一、“三公”经费\n2023年“三公”经费预算30万元，较上年减少2万元，主要原因是压减。其中：因公出国（境）"
                            "费0万元，与上年持平；公务"
                            "接待费6万元，较上年减少2万元，下降25%"
                            "，原因是控制接待；公务用车运行维护费24万元，与上年持平；公务用车购置费0万元。\n",
       {{"维护费24万元", "维护费27万元", Kind::sum}}},
      {"lines broken in the middle of everything",
       std::string(kPlan) + "一、收入预算\n2023年收入预算870.50万元，其\n中，一般公共预算拨款收入\n800.50万元，占91.96\n%"
                            "，其他收入70.00万元，占\n8.04%"
                            "。收入较去年增加\n70.50万元，增长8.81\n%。\n",
       {{"70.00万元", "77.00万元", Kind::sum}, {"8.81\n", "9.91\n", Kind::year_on_year}}},
      {"narrow punctuation",
       std::string(kPlan) + "一、收支预算\n2023年收支总预算100万元.收入包括:一般公共预算拨款收入80万元、其他收入20万元;"
                            "支出包括:农林水支出60万元、住房保"
                            "障支出40万元。\n",
       {{"收入20万元", "收入25万元", Kind::sum}}},
      {"another unit's own figures",
       std::string(kAccount) +
           "一、支出决算\n2022年度汇总支出合计900万元，其中：基本支出600万元，占66.67%；项目支出300万元，占33.33%"
           "。\n区第一医院：支出500"
           "万元，其中基本支出400万元，项目支出100万元。\n区中医院：支出400万元，其中基本支出200万元，项目支出200万元。\n",
       {{"占66.67%", "占68.67%", Kind::percent}}},
      {"the parts of the three publics stand apart",
       std::string(kAccount) +
           "二、“三公”经费\n2022年度“三公”经费支出共计12.00万元，主要用于公务。\n2022年度因公出国（境）费用0.00万"
           "元。\n公务用车购置及运行维护"
           "费8.00万元，主要用于用车。\n公务接待费4.00万元，主要用于接待。\n",
       {{"接待费4.00万元", "接待费5.00万元", Kind::sum}}},
      {"numbers broken at the edge of the page",
       std::string(kAccount) +
           "二、收入决算\n2022年度收入合计1836.40万元，其中：财政拨款收入1402.15万元，占76.35%；事业收入38\n"
           "4.25万元，占20.92%；其他收入50.00万元，占2.72%。与2021年度相比，收入合计增加4\n"
           "36.40万元，增长31.17%，主要原因是新增专项。\n",
       {{"其他收入50.00万元", "其他收入56.00万元", Kind::sum},
        {"占20.92%", "占22.92%", Kind::percent},
        {"增长31.17%", "增长33.17%", Kind::year_on_year}}},
      {"shares in a chain",
       std::string(kPlan) +
           "三、支出预算\n2023年支出预算200万元，教育、社会保障和就业、卫生健康支出分别为120万元、50万元和30万元，"
           "分别占60%、25%和15%。\n",
       {{"25%和15%", "28%和15%", Kind::percent}}},
      {"above or below the budget",
       std::string(kAccount) +
           "三、支出决算\n2022年度支出年初预算为800万元，支出决算为840万元，完成年初预算的105%。决算数大于年初预算"
           "数的主要原因是追加经费。\n1.农林水支出（类）水利（款）行政运行（项）。年初预算为300万元，支出决算为2"
           "85万元，完成年初预算的95%，决算数小于预算数。\n",
       {{"决算数大于年初预算", "决算数小于年初预算", Kind::year_on_year},
        {"决算数小于预算数", "决算数等于预算数", Kind::year_on_year}}},
      {"items of a class",
       std::string(kPlan) +
           "五、一般公共预算支出\n农林水（类）支出500万元，占100%。\n具体安排情况如下：\n（1）农林水支出（类）水利（款）"
           "行政运行（项）310万元，主要用于人员经费。\n（2）农林水支出（类）水利（款）水利工程运行与维护（项）190万元"
           "，主要用于维修。\n",
       {{"（项）190万元", "（项）290万元", Kind::sum}}},
      {"the budget told by the change",
       std::string(kAccount) +
           "六、“三公”经费\n2022年度“三公”经费支出决算18.00万元，完成年初预算的90%，比年初预算数减少2.00万元，"
           "主要原因是厉行节约。\n",
       {{"的90%", "的80%", Kind::percent}}},
      {"the budget named before the completion",
       std::string(kAccount) +
           "五、支出决算\n2022年度财政拨款支出决算460.00万元，占本年支出合计的100%。与2022年度财政拨款支出年初预算400."
           "00万元相比，"
           "完成年初预算的115%。\n九、培训费\n2022年度培训费支出预算5.00万元，支出决算4.00万元，完成调整后预算的80%。\n",
       {{"预算的115%", "预算的125%", Kind::percent}, {"预算的80%", "预算的70%", Kind::percent}}},
      {"contracts named in full",
       std::string(kAccount) +
           "六、政府采购\n2022年度政府采购支出总额50.00万元，其中：政府采购货物支出20.00万元，政府采购工程支出0万元，"
           "政府采购服务支出30.00万元。授予中小企业合同金额40.00万元，占政府采购支出总额的80%，其中：授予小微企业合同"
           "金额30.00万元，占授予中小企业合同金额的75%。\n",
       {{"合同金额的75%", "合同金额的65%", Kind::percent}}},
      {"receptions of guests from home",
       std::string(kAccount) + "六、“三公”经费\n公务接待费支出6.20万元。其中：\n国内接待费支出6.20万元，共接待41批次。\n"
                               "国（境）外接待费支出0.00万元。\n",
       {{"国内接待费支出6.20", "国内接待费支出4.20", Kind::sum}}},
      {"what the sentence is about behind its list",
       std::string(kAccount) +
           "一、支出决算\n2022年度本年支出500.00万元。\n1.基本支出200.00万元。其中：人员经费170.00万元，公用经费30."
           "00万元，占支出合计40.00%。较2021年度决算数增加25.00万元，增长14.29%，主要原因是调资。\n",
       {{"公用经费30.00万元", "公用经费34.00万元", Kind::sum}, {"增长14.29%", "增长12.29%", Kind::year_on_year}}},
      {"a fund's surplus",
       std::string(kAccount) +
           "四、社会保险基金\n2022年社会保险基金收入900万元，支出760万元，当年结余140万元，年末滚存结余800万元。\n",
       {{"当年结余140", "当年结余150", Kind::balance}}},
      {"accounts of classes beside their budgets",
       std::string(kAccount) +
           "二、支出决算\n2022年度一般公共预算财政拨款支出300.00万元。按支出功能分类科目，主要情况如下：\n（一）卫生"
           "健康支出（类）年初预算90.00万元，支出决算100.00万元，完成年初预算的111.11%。\n（二）住房保障支出（类）"
           "年初预算210.00万元，支出决算200.00万元，完成年初预算的95.24%。\n",
       {{"决算200.00万元", "决算205.00万元", Kind::sum}}},
  };
}

// As web pages are copied: bars between the cells, a rule under the head, blank cells where nothing is.
TEST(Habits, TablesWithBars) {
  std::string text =
      std::string(kPlan) +
      "收支预算总表\n单位：万元\n| 收入 | | 支出 | |\n|---|---|---|---|\n| 项目 | 预算数 | 项目 | 预算数 |\n"
      "| 一、一般公共预算拨款收入 | 700.00 | 一、教育支出 | 650.00 |\n| 二、事业收入 | 80.00 | 二、住房保障支出 | 140.00 "
      "|\n| 三、其他收入 | 10.00 | | |\n| 本年收入合计 | 790.00 | 本年支出合计 | 790.00 |\n";
  expect_nothing(checked(text));
  for (auto [from, to] : {std::pair{" 80.00", " 88.00"}, std::pair{"| 650.00", "| 560.00"}}) {
    EXPECT_FALSE(checked(with(text, from, to)).findings.empty()) << to;
  }
  std::string rates =
      std::string(kAccount) +
      "一般公共预算收入执行情况表\n单位：万元\n项目 | 2021年决算数 | 2022年调整预算数 | 2022年执行数 | 占调整预算% | "
      "比上年增长% |\n一、税收收入 | 500 | 520 | 530 | 101.92 | 6.00 |\n增值税 | 300 | 310 | 315 | 101.61 | 5.00 |\n"
      "房产税 | 200 | 210 | 215 | 102.38 | 7.50 |\n契税 | ||||\n二、非税收入 | 100 | 120 | 90 | 75.00 | -10.00 |\n"
      "罚没收入 | 100 | 120 | 90 | 75.00 | -10.00 |\n专项收入 | ||||\n本年收入合计 | 600 | 640 | 620 | 96.88 | 3.33 |\n";
  expect_nothing(checked(rates));
  for (auto [from, to] : {std::pair{"| 620 |", "| 680 |"}, std::pair{"101.61", "106.61"}}) {
    EXPECT_FALSE(checked(with(rates, from, to)).findings.empty()) << to;
  }
}

// "[205]教育支出": the codes of a classification in brackets.
TEST(Habits, CodesInBrackets) {
  std::string text =
      std::string(kPlan) +
      "一般公共预算支出情况表（按功能分类科目）\n单位：万元\n功能科目名称     合计   基本支出   项目支出\n"
      "合计     60.00   50.00   10.00\n[205]教育支出    45.00   35.00   10.00\n  [20502]普通教育    45.00   35.00   10.00\n"
      "    [2050202]小学教育    25.00   20.00   5.00\n    [2050203]初中教育    20.00   15.00   5.00\n"
      "[221]住房保障支出    15.00   15.00   0.00\n  [22102]住房改革支出    15.00   15.00   0.00\n"
      "    [2210201]住房公积金    15.00   15.00   0.00\n";
  expect_nothing(checked(text));
  text = with(text, "25.00   20.00", "28.00   20.00");
  EXPECT_FALSE(checked(text).findings.empty());
}

// A page copied cell by cell, with both sides of the table and the numbers of its lines.
TEST(Habits, BothSidesCellByCell) {
  std::string text =
      std::string(kAccount) + "收入支出决算总表\n公开 01 表\n单位：万元\n项目\n行次\n决算数\n项目\n行次\n决算数\n";
  for (auto cell : {"一、一般公共预算财政拨款收入",
                    "1",
                    "600.00",
                    "一、卫生健康支出",
                    "31",
                    "480.00",
                    "二、事业收入",
                    "2",
                    "55.5",
                    "二、住房保障支出",
                    "32",
                    "110.00",
                    "本年收入合计",
                    "27",
                    "655.50",
                    "本年支出合计",
                    "57",
                    "590.00",
                    "年初结转和结余",
                    "29",
                    "14.50",
                    "年末结转和结余",
                    "59",
                    "80.00",
                    "总计",
                    "30",
                    "670.00",
                    "总计",
                    "60",
                    "670.00"})
    text += std::string(cell) + "\n";
  expect_nothing(checked(text));
  auto at = text.find("110.00");
  text.replace(at, 6, "170.00");
  EXPECT_FALSE(checked(text).findings.empty());
}

// The funds of a project with what was carried over, and how much of them was spent.
TEST(Habits, FundsOfAProject) {
  std::string text =
      std::string(kAccount) +
      "项目支出绩效自评表\n项目名称 河道清淤\n项目资金（万元） 年初预算数 全年预算数 全年执行数 分值 执行率 得分\n"
      "年度资金总额 90.00 100.00 95.00 10 95.00% 9.5\n其中：当年财政拨款 70.00 80.00 75.00 - 93.75% -\n"
      "上年结转资金 20.00 20.00 20.00 - 100% -\n其他资金 0.00 0.00 0.00 - 0% -\n";
  expect_nothing(checked(text));
  text = with(text, "95.00%", "85.00%");
  EXPECT_FALSE(checked(text).findings.empty());
}

TEST(Habits, ConsistentAndPlanted) {
  for (const auto& habit : habits()) {
    SCOPED_TRACE(habit.name);
    expect_nothing(checked(habit.text));
    for (const auto& planted : habit.planted) {
      SCOPED_TRACE(planted.to);
      auto text = habit.text;
      auto at = text.find(planted.from);
      ASSERT_NE(at, std::string::npos) << planted.from;
      text.replace(at, std::string(planted.from).size(), planted.to);
      auto report = checked(text);
      EXPECT_TRUE(std::ranges::any_of(report.findings, [&](const Finding& f) { return f.kind == planted.kind; }))
          << words(report);
    }
  }
}

// The lines of the form are numbered on both sides: of a row whose cells are blank no number is an amount.
TEST(Habits, NumbersOfTheFormAreNoAmounts) {
  std::string table =
      "收入支出决算总表\n部门：青岩县水务局          金额单位：万元\n"
      "项目                  行次     金额         项目            行次     金额\n"
      "一、一般公共预算财政拨款收入     1     900.00        一、一般公共服务支出     32     920.00\n"
      "二、事业收入                     2      40.00        二、教育支出             33\n"
      "三、经营收入                     3                                            34\n"
      "四、其他收入                     4                                            35\n"
      "本年收入合计                    27     940.00        本年支出合计             58     920.00\n"
      "年初结转和结余                  29                   年末结转和结余           60      20.00\n"
      "总计                            31     940.00        总计                     62     940.00\n";
  expect_nothing(checked(table));
  table = with(table, " 40.00", " 48.00");
  EXPECT_FALSE(checked(table).findings.empty());
}

// Twelve figures of a budget are those of the year before and of this one.
TEST(Habits, ThreePublicsOfTwoYears) {
  std::string text =
      std::string(kPlan) +
      "“三公”经费支出表\n单位：万元\n2022年预算数 2023年预算数\n12.00 0.00 9.00 0.00 9.00 3.00 11.00 0.00 8.50 0.00 8.50 "
      "2.50\n七、“三公”经费情况\n2023年“三公”经费预算11.00万元，其中：因公出国（境）费0.00万元，公务用车购置及运行费8.50"
      "万元，公务接待费2.50万元。2023年“三公”经费预算比2022年减少1.00万元，下降8.33%。\n";
  expect_nothing(checked(text));
  text = with(text, "减少1.00", "减少2.00");
  EXPECT_FALSE(checked(text).findings.empty());
}

// Amounts in whole 万元 may differ by what was rounded away, however exact the rates beside them are.
TEST(Habits, RatesDoNotMakeAmountsExact) {
  auto document = [](std::string_view car) {
    return std::string(kAccount) +
           "一、“三公”经费\n2022年度“三公”经费支出决算2415万元，其中：因公出国（境）费21万元；公务接待费1377万元"
           "；公务用车购置及运行费" +
           std::string(car) +
           "万元（其中公务用车购置费41万元，公务用车运行维护费976万元）。\n2022年与2021年对比（单位：万元）\n年度\n合计\n出国\n"
           "接待\n用车\n"
           "2021年\n2866\n92\n1421\n1353\n2022年\n2415\n21\n1377\n1016\n增减%\n-15.74\n-77.17\n-3.10\n-24.91\n";
  };
  expect_nothing(checked(document("1016")));
  EXPECT_FALSE(checked(document("1061")).findings.empty());
}

// What was nothing grows by all of it; what is paid from the unit's own money is no part of the grant's three publics.
TEST(Habits, CustomsThatAreNoContradictions) {
  expect_nothing(checked(std::string(kAccount) +
                         "七、支出决算\n2022年度一般公共预算财政拨款支出决算300.00万元。\n八、“三公”经费\n2022年度"
                         "“三公”经费支出决算3.00万元（其中：一般公共预算支出3.00万元；政府性基金预算支出0万元）。\n"));
  expect_nothing(checked(std::string(kPlan) +
                         "一、职责\n全市教育投入62.31亿元，占一般公共预算支出的18.4%。\n二、支出预算\n2023年一般公共预算"
                         "支出490.00万元。\n"));
  expect_nothing(checked(std::string(kPlan) + "一、收支预算\n2023年政府性基金预算收入50万元，比上年增加50万元，增长100%。\n"));
  expect_nothing(
      checked(std::string(kAccount) +
              "一、“三公”经费\n2022年度财政拨款公务用车运行维护费支出3万元。自有资金安排的公务用车运行维护费支出18万元。\n"));
  expect_nothing(
      checked(std::string(kAccount) +
              "一、收入决算\n本年收入1482万元，其中：财政拨款收入182万元，占12.28%；事业收入1260万元（其中：医疗收入1250万元"
              "），占85.02%；其他收入40万元，占2.70%。\n"));
  expect_nothing(checked(std::string(kPlan) +
                         "一、人员\n年初在职人员18人，其中行政人员16人，事业人员2人；离退休人员9人，其中离休1人，"
                         "退休8人，财政供养人员27人。\n"));
  expect_nothing(checked(std::string(kPlan) +
                         "一、增减情况\n2023年基本支出预算较上年增9万元，增6%。主要变动原因如下：\n1.工资福利支出较"
                         "上年增12万元。\n2.商品和服务支出较上年(减少)3万元。\n"));
  expect_nothing(checked(std::string(kAccount) +
                         "一、国有资本经营\n2022年国有资本经营预算收入120万元，支出84万元，调出资金36万元，收支"
                         "平衡。\n"));
  expect_nothing(checked(std::string(kAccount) +
                         "一、财政支出\n全县一般公共预算支出3126万元，增长5%。其中：教育支出824万元；卫生健康支出"
                         "338万元。民生支出合计2501万元。\n"));
  expect_nothing(
      checked(std::string(kPlan) + "一、人员\n在职教职工57人，其中：高级职称12人、中级职称45人；离休2人，退休23人。\n"));
  expect_nothing(
      checked(std::string(kPlan) +
              "一、支出预算\n2023年一般公共预算支出800万元。\n2023年一般公共预算会议费预算支出2万元。\n机关运行的日常公用经"
              "费支出，合计70万元。\n"));
}

}  // namespace
}  // namespace qushu::budget
