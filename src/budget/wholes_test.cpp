// Wholes and their parts, shares and changes in the speech of more provinces: each text is sound, and its slip is found.
#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::with;

Report budget(const std::string& text) {
  return checked("云口县林业局2024年部门预算\n" + text + "\n");
}
Report account(const std::string& text) {
  return checked("云口县林业局2023年度部门决算\n" + text + "\n");
}

// --- parts that are all of a whole
// ---------------------------------------------------------------------------------------------

TEST(Wholes, PersonnelAndPublicAreTheBasicExpenditure) {
  std::string apart =
      "六、一般公共预算基本支出情况说明\n2024年一般公共预算基本支出428.66万元，其中：\n"
      "（一）人员经费405.38万元。主要包括：基本工资、津贴补贴等。（二）公用经费23.28万元。主要包括：办公费、水费等。";
  expect_nothing(budget(apart));
  expect_one(budget(with(apart, "23.28", "32.28")), Kind::sum, "428.66", "437.66");
  std::string within =
      "四、一般公共预算拨款支出\n（一）基本支出：2024年基本支出预算数201.86万元，主要是为保障部门正常运转而发生的各项支出，"
      "包括用于基本工资、津贴补贴等人员经费165.24万元以及办公费、印刷费等日常公用经费36.62万元。";
  expect_nothing(budget(within));
  expect_one(budget(with(within, "36.62", "35.62")), Kind::sum, "201.86", "200.86");
  // A third of them that some units list.
  expect_nothing(
      budget("六、一般公共预算基本支出情况说明\n2024年基本支出100.00万元，其中：人员经费80.00万元，公用经费15."
             "00万元，对个人和家庭的补助5.00万元。"));
}

TEST(Wholes, GrantsAndFunds) {
  std::string granted =
      "2024年部门收入预算346.80万元，其中，一般公共预算拨款333.60万元（其中：经费拨款321.60万元，纳入预算管理的非税收入拨款"
      "12.00万元），政府性基金预算拨款8.50万元，其他收入4.70万元。";
  expect_nothing(budget(granted));
  expect_one(budget(with(granted, "拨款12.00", "拨款10.20")), Kind::sum, "333.60", "331.80");
  std::string funds =
      "支出预算1,834万元，其中：财政拨款支出预算1,834万元，比2023年预算减少58万元。财政拨款支出预算中，一般公共预算拨款支出预算"
      "1,713万元，比2023年预算减少50万元；政府性基金拨款支出预算121万元，比2023年预算减少8万元。";
  expect_nothing(budget(funds));
  expect_one(budget(with(funds, "1,713", "1,731")), Kind::sum, "1834", "1852");
}

TEST(Wholes, SidesBelowTheirTotal) {
  std::string text =
      "四、财政拨款收支预算情况说明\n县林业局2024年财政拨款收支预算总数2985.00万元，比2023年财政拨款收支预算总数2839."
      "00万元增加146.00"
      "万元，主要是人员增加。\n收入包括：本年一般公共预算拨款收入2864.00万元、上年结转121."
      "00万元；支出包括：社会保障和就业支出241.00万元、"
      "卫生健康支出92.00万元、农林水支出2652.00万元。";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "支出92.00", "支出29.00")), Kind::sum, "2985.00", "2922.00");
}

TEST(Wholes, ProcurementBehindAColon) {
  std::string text =
      "2、政府采购情况\n政府采购预算总额1,865.00万元：政府采购货物预算48.60万元、政府采购工程预算1,620."
      "00万元、政府采购服务预算196.40"
      "万元；其中一般公共预算拨款政府采购1,665.00万元。";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "1,865.00", "1,856.00")), Kind::sum, "1856.00", "1865.00");
}

TEST(Wholes, AsManyAsTheSentenceCounts) {
  std::string text =
      "（四）预算绩效情况\n2024年实行绩效目标管理的项目共3个，涉及资金494.50万元，其中：森林资源培育260."
      "00万元、森林资源管理148.50"
      "万元、林业有害生物防治86.00万元。";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "494.50", "408.50")), Kind::sum, "408.50", "494.50");
}

TEST(Wholes, AllocationsAndValues) {
  std::string uses =
      "七、项目支出情况说明\n项目名称：农村饮水安全巩固提升工程\n预算安排规模：536万元\n项目承担单位：云口县林业局\n"
      "资金分配情况：泵站改造206万元，管网铺设280万元，水质检测设备50万元。";
  expect_nothing(budget(uses));
  expect_one(budget(with(uses, "536万元", "486万元")), Kind::sum, "486", "536");
  std::string cars =
      "（三）国有资产占用使用情况：1.房屋3200平方米，价值864.2万元。2.车辆4辆，价值87.8万元；其中：一般公务用车2辆，价值42."
      "6万元；"
      "执法执勤用车2辆，价值45.2万元。3.办公家具价值38.5万元。";
  expect_nothing(budget(cars));
  expect_one(budget(with(cars, "87.8", "96.8")), Kind::sum, "96.8", "87.8");
  // One car of no kind that is told: what it is worth is not known.
  expect_nothing(budget(with(with(cars, "87.8", "96.8"), "车辆4辆", "车辆5辆")));
}

TEST(Wholes, DividedByUnits) {
  std::string text = "九、绩效目标说明\n专项业务经费项目8个，按单位分：局本级5个、不动产登记中心1个、地质环境监测站2个。";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "项目8个", "项目7个")), Kind::sum, "7", "8");
}

TEST(Wholes, GradesYearsAndAllOfOneKind) {
  std::string grades =
      "（四）预算绩效管理。\n2023年度纳入绩效自评的项目共8个，涉及一般公共预算项目支出833."
      "59万元。自评结果为“优”的6个、“良”的2个。";
  expect_nothing(account(grades));
  expect_one(account(with(grades, "的6个", "的5个")), Kind::sum, "8", "7");
  std::string years = "（二）承担普通高中教学任务，现有42个教学班，其中高一14个、高二14个、高三14个。";
  expect_nothing(account(years));
  expect_one(account(with(years, "42个", "48个")), Kind::sum, "48", "42");
  std::string cars = "十、国有资产占用情况\n本单位共有车辆3辆，全部为特种专业技术用车（救护车）3辆。";
  expect_nothing(account(cars));
  expect_one(account(with(cars, "）3辆", "）2辆")), Kind::sum, "3", "2");
}

// What is said beside the parts is none of them.
TEST(Wholes, OtherFiguresAmongTheParts) {
  for (const auto* text :
       {"收入总计100.00万元，较上年80.00万元增加20.00万元，增长25%，其中财政拨款收入90.00万元，增长28.57%，上年为70.00万元。",
        "2023年度支出100.00万元，其中基本支出60.00万元，2022年为55.00万元；项目支出40.00万元，2022年为45.00万元。",
        "“三公”经费支出10.00万元，其中：公务接待费2.00万元，上年2.50万元；公务用车运行维护费8.00万元，上年8.20万元。",
        "收入总计120.00万元，其中本年收入100.00万元，年初结转20.00万元，年末结转15.00万元。",
        "年初结转和结余96.45万元，其中财政拨款结转91.30万元；年末结转和结余86.21万元，其中财政拨款结转78."
        "84万元、非财政拨款结余7.37万元。",
        "政府采购支出总额255.00万元，其中货物48.60万元、工程10.00万元、服务196.40万元，其中面向中小企业200.00万元。",
        "2023年度收入300.00万元，具体情况如下：\n1.财政拨款收入200.00万元。\n2.事业收入80.00万元。\n6.其他收入20.00万元。",
        "1.行政运行812.36万元，其中工资福利支出700.00万元，商品和服务支出112.36万元。\n2.事业运行421."
        "09万元，其中工资福利支出400.00万元，"
        "商品和服务支出21.09万元，年初预算410.00万元。"})
    expect_nothing(account(text));
}

// --- shares
// --------------------------------------------------------------------------------------------------------------------

TEST(Wholes, SharesOfWhatTheyName) {
  std::string list =
      "一、收入预算\n2024年收入预算864.23万元。\n七、其他情况\n一般公共预算拨款793.56万元，占收入预算的91.82%"
      "；政府性基金预算拨款70.67万元，"
      "占收入预算的8.18%。";
  expect_nothing(budget(list));
  // Its share of the other.
  expect_one(budget(with(list, "8.18%", "8.91%")), Kind::percent, "8.91", "8.18");
  std::string total =
      "（一）收入总计326.63万元，包括：\n1.财政拨款收入287.65万元，占收入总计的88.07%。\n本年收入合计320.75万元。";
  expect_nothing(account(total));
  expect_one(account(with(total, "88.07%", "89.68%")), Kind::percent, "89.68", "88.07");
  std::string fund =
      "三、预算情况说明\n2024年一般公共预算财政拨款收入720.81万元，一般公共预算财政拨款支出720.81万元。其中：基本支出292."
      "47万元；项目支出"
      "428.34万元。\n住房保障支出18.14万元，占一般公共预算财政拨款支出的2.52%，用于缴纳住房公积金。";
  expect_nothing(budget(fund));
  expect_one(budget(with(fund, "2.52%", "6.20%")), Kind::percent, "6.20", "2.52");
  std::string year =
      "（一）收入决算情况说明\n2023年度收入276.69万元，具体情况如下：\n1.一般公共预算财政拨款收入240.62万元，占本年收入的86.96%"
      "。\n"
      "2.政府性基金预算财政拨款收入31.86万元，占本年收入的11.51%。\n3.其他收入4.21万元，占本年收入的1.52%。";
  expect_nothing(account(year));
  expect_one(account(with(year, "11.51%", "11.15%")), Kind::percent, "11.15", "11.51");
  std::string stated = "2024年，本部门填报绩效目标的预算项目23个，占本部门本年预算项目25个的92%。";
  expect_nothing(budget(stated));
  expect_one(budget(with(stated, "92%", "98%")), Kind::percent, "98", "92.00");
  // A share behind the ； of something whose amount is not told.
  expect_nothing(account(
      "政府采购支出总额353.66万元，其中：货物21.36万元、工程145.80万元、服务186.50万元。授予中小企业合同金额318.96万元，"
      "占90.19%；货物采购授予中小企业合同金额占货物支出金额的100%，工程占100%，服务占81.39%。"));
}

TEST(Wholes, CompletionWhereverTheBudgetStands) {
  std::string behind =
      "六、财政拨款“三公”经费支出决算情况说明\n2023年度“三公”经费财政拨款支出14.30万元，完成全年预算的77.30%；比上年决算数15."
      "62万元减少"
      "1.32万元，下降8.45%。全年预算为18.50万元。";
  expect_nothing(account(behind));
  expect_one(account(with(behind, "77.30%", "91.55%")), Kind::percent, "91.55", "77.30");
  std::string before = "基本公共卫生服务支出167.92万元，年初预算150.00万元，完成年初预算的111.95%。";
  expect_nothing(account(before));
  expect_one(account(with(before, "111.95%", "89.33%")), Kind::percent, "89.33", "111.95");
  std::string rate = "2023年度开展绩效自评的项目5个，预算资金359.70万元，执行351.07万元，预算执行率97.6%。";
  expect_nothing(account(rate));
  expect_one(account(with(rate, "97.6%", "79.6%")), Kind::percent, "79.6", "97.60");
  // The amount on the line below its item.
  std::string broken =
      "二、一般公共预算财政拨款支出决算情况\n（3）自然灾害救灾及恢复重建支出（款）自然灾害救灾补助（项）年初预算为\n"
      "120.00万元，支出决算为204.75万元，完成年初预算的170.63%，主要是上级追\n加救灾资金。";
  expect_nothing(account(broken));
  expect_one(account(with(broken, "170.63%", "70.63%")), Kind::percent, "70.63", "170.63");
}

// --- changes
// -------------------------------------------------------------------------------------------------------------------

TEST(Wholes, AmountAndRateGoTheSameWay) {
  std::string text =
      "2023年度收入总计284.32万元，支出总计284.32万元。与上年决算数266.13万元相比，收、支总计各增加18.19万元，增长6.84%。";
  expect_nothing(account(text));
  expect_one(account(with(text, "各增加", "各减少")), Kind::year_on_year, "6.84", "-6.84");
  std::string reason =
      "2024年“三公”经费预算数为14.50万元，较2023年减少1.50万元，主要是公务接待费由2023年的6.00万元压减为4."
      "50万元，公务用车运行费与上年持平。";
  expect_nothing(budget(reason));
  EXPECT_FALSE(budget(with(reason, "减少1.50", "增加1.50")).findings.empty());
}

TEST(Wholes, ChangesOfWhatStandsElsewhere) {
  std::string named =
      "二、收入决算情况\n2023年度收入合计873.55万元。其中：财政拨款收入626.72万元，占71.74%；事业收入241.36万元，占27.63%"
      "；其他收入5.47万元，"
      "占0.63%。其中事业收入较2022年度263.18万元减少21.82万元，主要原因是门诊人次减少。";
  expect_nothing(account(named));
  expect_one(account(with(named, "减少21.82", "增加21.82")), Kind::year_on_year, "21.82", "-21.82");
  std::string rate =
      "“三公”经费预算情况说明\n2024年“三公”经费预算数23.50万元，其中：因公出国（境）费0万元，公务接待费8."
      "50万元，公务用车购置及运行维护费"
      "15.00万元。\n（一）公务接待费较2023年预算下降15%。2023年公务接待费预算为10.00万元，主要原因是厉行节约。";
  expect_nothing(budget(rate));
  expect_one(budget(with(rate, "下降15%", "下降17.65%")), Kind::year_on_year, "-17.65", "-15.00");
  std::string last =
      "收入预算情况说明\n云口县林业局收入预算234.67万元，其中：一般公共预算230.67万元，占98.3%，比上年预算增加17."
      "84万元，主要是项目增加；"
      "上年结转4.00万元，占1.7%，比上年预算减少3.00万元。上年收入预算219.83万元，其中一般公共预算212.83万元，上年结转7."
      "00万元。";
  expect_nothing(budget(last));
  expect_one(budget(with(last, "增加17.84", "增加18.74")), Kind::year_on_year, "18.74", "17.84");
  std::string above =
      "一、2024年单位预算收支情况说明\n2024年收支总预算1321.48万元。收入包括：一般公共预算收入。支出包括：农林水支出。\n"
      "2024年预算与上年相比增加122.72万元，增长10.24%，主要原因是项目扩大实施范围。";
  expect_nothing(budget(above));
  expect_one(budget(with(above, "10.24%", "21.37%")), Kind::year_on_year, "21.37", "10.24");
}

TEST(Wholes, ChangesOfThePublicsWithoutPurchases) {
  std::string text =
      "“三公”经费预算情况说明\n2024年“三公”经费财政拨款预算比上年减少1.00万元，其中：因公出国（境）费增加0."
      "00万元；公务用车购置费为0，"
      "未安排预算；公务用车运行费增加0.00万元；公务接待费减少1.00万元，主要原因是厉行节约。";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "接待费减少1.00", "接待费减少0.10")), Kind::year_on_year, "-1.00", "-0.10");
}

// A heading without a number says of which funds what follows is.
TEST(Wholes, HeadingsWithoutNumbers) {
  expect_nothing(
      checked("云口县林业局2024年部门预算\n2024年财政拨款支出包括：教育支出2486.14万元、社会保障和就业支出241.31万元。\n"
              "一般公共预算当年拨款结构情况\n教育支出2365.50万元，占90.74%；社会保障和就业支出241.31万元，占9.26%。\n"));
}

// --- text and tables
// -----------------------------------------------------------------------------------------------------------

TEST(Wholes, ItemsInTheTextAndTheirRows) {
  std::string text =
      "3.一般公共预算当年拨款具体使用情况。\n（2）文化旅游体育与传媒支出（类）文化和旅游（款）图书馆（项）356."
      "80万元，主要用于图书购置。\n"
      "附表五 一般公共预算支出表\n单位：万元\n科目编码 科目名称 2023年预算数 2024年预算数\n2070104 图书馆 378.00 356.80\n"
      "2070109 群众文化 120.00 130.00\n";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "（项）356.80", "（项）365.80")), Kind::restated, "365.80", "356.80");
  // An item of a class that its name sounds like is not the class.
  expect_nothing(
      account("4.灾害防治及应急管理支出（类）年初预算为1180.00万元，支出决算为1320.11万元。其中：\n"
              "（2）自然灾害防治（款）地质灾害防治（项）年初预算为150.00万元，支出决算为156.30万元。"));
}

TEST(Wholes, TheRowOfThePublicsBesideTheRunning) {
  std::string text =
      "2024年部门“三公”经费和机关运行经费预算表\n单位：万元\n2024年“三公”经费预算数 2024年机关运行经费预算数\n"
      "合计 因公出国(境)费 公务接待费 公务用车购置及运行费 小计 购置费 运行费\n36.50 0.00 5.50 31.00 18.00 13.00 1,186.42\n";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "18.00 13.00", "18.00 15.00")), Kind::sum, "31.00", "33.00");
}

TEST(Wholes, GoalsInWordsAndInIndicators) {
  std::string text =
      "2024年项目支出绩效目标表\n项目名称\t高标准农田建设\n项目绩效目标\t新建高标准农田2.1万亩，改善灌溉面积6500亩。\n"
      "一级指标\t二级指标\t三级指标\t性质\t指标值\t度量单位\t权重\n产出指标\t数量指标\t新建高标准农田面积\t≥\t2.1\t万亩\t20\n"
      "效益指标\t社会效益指标\t改善灌溉面积\t≥\t6500\t亩\t20\n";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "农田2.1万亩", "农田1.2万亩")), Kind::promise, "1.2", "≥2.1");
}

// --- claims and names
// ----------------------------------------------------------------------------------------------------------

TEST(Wholes, NeitherOfTheFunds) {
  std::string text =
      "三、政府性基金预算财政拨款支出决算情况说明\n2023年度政府性基金预算财政拨款支出0.00万元。\n四、国有资本经营预算\n"
      "本部门2023年度没有使用政府性基金预算、国有资本经营预算财政拨款安排的支出。";
  expect_nothing(account(text));
  expect_one(account(with(text, "支出0.00", "支出318.60")), Kind::coverage, "0", "318.60");
}

TEST(Wholes, BalanceOverTwoSentences) {
  std::string text =
      "（二）财政拨款收支情况\n2024年财政拨款收入1300.65万元，其中当年一般公共预算拨款1225.05万元，上年结转75."
      "60万元。财政拨款支出1300.65"
      "万元，收支平衡。";
  expect_nothing(budget(text));
  expect_one(budget(with(text, "支出1300.65", "支出1225.05")), Kind::balance, "1225.05", "1300.65");
}

TEST(Wholes, NamesBeforeTheirNumberAndBeforeMore) {
  std::string rooms = "二、机构设置\n我院设内科、外科、妇产科、儿科、中医科5个临床科室和检验科、放射科、影像科3个医技科室。";
  expect_nothing(account(rooms));
  expect_one(account(with(rooms, "5个临床", "6个临床")), Kind::promise, "6", "5");
  std::string behind =
      "二、机构设置情况\n云口县林业局内设4个职能部室：综合部、成果转化部、企业服务部、条件平台部；下辖0个预算单位。";
  expect_nothing(budget(behind));
  expect_one(budget(with(behind, "内设4个", "内设5个")), Kind::promise, "5", "4");
  std::string funds =
      "七、预算绩效情况说明\n对2023年度3个项目开展绩效自评，分别为农村环境卫生整治、乡村道路建设、农村基础设施建设，共涉及资金5"
      "50.90万元。";
  expect_nothing(account(funds));
  expect_one(account(with(funds, "3个项目", "4个项目")), Kind::promise, "4", "3");
}

}  // namespace
}  // namespace qushu::budget
