// Numbers of things: stated twice, added up, named one by one, multiplied.
#include "said_fixture.h"

namespace qushu::budget {
namespace {

using testing::checked;
using testing::expect_nothing;
using testing::expect_one;
using testing::with;

const char* const kTitle = "云口县林业局2022年度部门决算\n第三部分 2022年度部门决算情况说明\n";

Report account(const std::string& text) {
  return checked(kTitle + text + "\n");
}

// --- stated twice ------------------------------------------------------------------------------------------------------------

const char* const kReceptions =
    "3.公务接待费支出1.20万元，全年国内公务接待23批次，累计接待187人次，其中外事接待0批次、0人次。\n"
    "财政拨款“三公”经费支出决算表\n单位：万元\n项目 决算数\n3.公务接待费 1.20\n国内公务接待批次（个） 23\n"
    "国内公务接待人次（人） 187\n公务用车保有量（辆） 6\n";

TEST(Counts, ReceptionsInSentenceAndTable) {
  expect_nothing(account(kReceptions));
  expect_one(account(with(kReceptions, "接待23批次", "接待32批次")), Kind::restated, "32", "23");
  expect_one(account(with(kReceptions, "187人次", "178人次")), Kind::restated, "178", "187");
  // Both differ: those of someone else.
  expect_nothing(account(with(with(kReceptions, "187人次", "80人次"), "接待23批次", "接待9批次")));
}

TEST(Counts, ReceptionsOfAnotherYearOrKind) {
  std::string text = kReceptions;
  expect_nothing(account("2021年国内公务接待30批次，210人次。\n" + text));
  expect_nothing(account("公务接待费预算1.50万元，年初计划接待40批次，300人次。\n" + text));
  expect_nothing(account("信访窗口接待群众来访56批次，102人次。\n" + text));
  expect_nothing(account(text + "公务接待费主要用于检查，其中国内公务接待省级检查8批次，60人次。\n"));
}

TEST(Counts, CarsOfPublicMoneyAreNoMoreThanAll) {
  std::string text =
      "2.公务用车运行维护费支出13.20万元，开支财政拨款的公务用车保有量为6辆。\n七、截至年末，公务用车保有量8辆。";
  expect_nothing(account(text));
  expect_one(account(with(text, "保有量8辆", "保有量5辆")), Kind::restated, "5", "6");
  expect_nothing(account("2.公务用车运行维护费支出13.20万元，公务用车保有量为6辆。\n七、截至年末，共有车辆9辆。"));
}

TEST(Counts, ValueOfTheSameCars) {
  std::string text = "七、资产情况\n2022年车辆3辆，52.40万元。\n固定资产总额610.00万元，其中：车辆3辆、原值52.40万元。";
  expect_nothing(account(text));
  expect_one(account(with(text, "辆，52.40", "辆，54.20")), Kind::restated, "54.20", "52.40");
  expect_nothing(account(with(with(text, "辆，52.40", "辆，54.20"), "2022年车辆3辆", "2022年车辆4辆")));
  expect_nothing(account(with(with(text, "辆，52.40", "辆，54.20"), "原值", "净值")));
}

TEST(Counts, MoneyForNobody) {
  std::string text = "3.公务接待费支出0.35万元，主要用于调研。全年国内公务接待4批次，31人次。";
  expect_nothing(account(text));
  auto none = with(with(text, "4批次", "0批次"), "31人次", "0人次");
  expect_one(account(none), Kind::restated, "0", ">0");
  expect_nothing(account(with(none, "主要用于调研", "用于结算上年接待的费用")));
  expect_nothing(account(with(none, "支出0.35万元", "支出0万元")));
}

// --- named one by one --------------------------------------------------------------------------------------------------------

TEST(Names, OfUnits) {
  std::string text = "本单位设4个内设机构，分别是办公室、造林科、资源管理科、财务科。";
  expect_nothing(account(text));
  expect_one(account(with(text, "设4个", "设5个")), Kind::promise, "5", "4");
  expect_one(account(with(text, "设4个", "设3个")), Kind::promise, "3", "4");
  expect_nothing(account("本单位设6个内设机构，分别是办公室、造林科、资源管理科等。"));
  // A name may hold a 、, and a 和 may part two.
  expect_nothing(account("本单位设3个内设机构，分别是办公室、造林、绿化管理科、财务科。"));
  expect_nothing(account("本单位设5个内设机构，分别是办公室、造林科、资源管理科、财务科和执法大队。"));
  expect_nothing(account("本单位设3个内设机构，分别是办公室、造林科（挂退耕办牌子）、财务科，核定编制20人。"));
  expect_nothing(account("局属单位包括机关和5个下属单位，分别是林场3个、种苗站2个。"));
}

TEST(Names, NumberedOverLines) {
  std::string text =
      "纳入2022年度部门决算编制范围的单位共3个，包括：\n1.云口县林业局本级\n2.云口县种苗站\n3.云口县国有林场\n"
      "三、收入决算情况说明\n";
  expect_nothing(account(text));
  expect_one(account(with(text, "共3个", "共4个")), Kind::promise, "4", "3");
  expect_one(account(with(text, "共3个", "共2个")), Kind::promise, "2", "3");
  // Below the unit that publishes are two.
  expect_nothing(account(with(text, "单位共3个", "下属单位共2个")));
  expect_nothing(account(with(text, "3.云口县国有林场\n", "3.云口县国有林场等\n")));
}

TEST(Names, OfProjects) {
  std::string text = "本年预算共3个项目，分别为：造林补助30.50万元、护林员补贴12.00万元、苗圃维修8.40万元。";
  expect_nothing(account(text));
  expect_one(account(with(text, "共3个", "共2个")), Kind::promise, "2", "3");
  std::string judged = "组织对森林防火物资购置、苗圃灌溉设施改造、病虫害监测平台运维共3个项目开展了评估。";
  expect_nothing(account(judged));
  expect_one(account(with(judged, "共3个", "共4个")), Kind::promise, "4", "3");
  // Kinds of projects.
  expect_nothing(account(with(judged, "共3个", "共18个")));
  expect_nothing(account("组织对一般公共预算、政府性基金预算共7个项目开展了评估。"));
  expect_nothing(account("组织对森林防火物资购置、苗圃灌溉设施改造等共3个项目开展了评估。"));
}

// --- added up ----------------------------------------------------------------------------------------------------------------

TEST(Tallies, KindsThatExcludeEachOther) {
  std::string text = "内设科室12个，其中业务科室7个、综合科室2个、监督科室3个。";
  expect_nothing(account(text));
  expect_one(account(with(text, "监督科室3个", "监督科室5个")), Kind::sum, "12", "14");
  expect_nothing(account(with(text, "监督科室3个", "监督科室1个")));  // not all need be told
  expect_nothing(account("在职职工40人，其中党员28人、本科以上学历30人。"));
  std::string school = "编制120人，在校学生900人，其中初中500人、高中400人。";
  expect_nothing(account(school));
  expect_one(account(with(school, "高中400人", "高中410人")), Kind::sum, "900", "910");
}

TEST(Tallies, ListsThatClose) {
  std::string text = "开展宣讲9次、演练4次，其中防火主题宣讲5次、法规主题宣讲2次、其他主题宣讲2次。";
  expect_nothing(account(text));
  expect_one(account(with(text, "其他主题宣讲2次", "其他主题宣讲1次")), Kind::sum, "9", "8");
  std::string bought = "购置风力灭火机8台、油锯3台、水泵2台，共13台。";
  expect_nothing(account(bought));
  expect_one(account(with(bought, "共13台", "共14台")), Kind::sum, "14", "13");
  expect_nothing(account("购置风力灭火机8台、油锯3台等，共14台。"));
  expect_nothing(account("购置风力灭火机8台、油锯3台，共6套。"));
}

TEST(Tallies, PupilsAreNoStaff) {
  std::string text = "年末实有人数60人，其中在职人员52人，离休人员1人，退休人员7人；年末学生人数900人。";
  expect_nothing(account(text));
  expect_one(account(with(text, "在职人员52人", "在职人员54人")), Kind::sum, "60", "62");
}

TEST(Tallies, Scores) {
  std::string text = "整体支出自评得分为93.20分，其中预算执行率9.20分、产出指标47分、效益指标28分、满意度指标9分。";
  expect_nothing(account(text));
  expect_one(account(with(text, "为93.20分", "为94.20分")), Kind::sum, "94.20", "93.20");
  std::string mean = "对3个项目开展自评。得分：造林补助92分、苗圃维修90分、护林员补贴97分，平均93分。";
  expect_nothing(account(mean));
  expect_one(account(with(mean, "平均93分", "平均95分")), Kind::sum, "95", "93");
  expect_nothing(account(with(with(mean, "平均93分", "平均95分"), "对3个", "对6个")));
  std::string bands = "评价项目14个。评价得分在90分（含）以上的9个、80-90分的4个、60-80分的1个、60分以下的0个。";
  expect_nothing(account(bands));
  expect_one(account(with(bands, "90分的4个", "90分的6个")), Kind::sum, "14", "16");
}

// --- multiplied --------------------------------------------------------------------------------------------------------------

TEST(Products, NumberPriceAndTotal) {
  std::string text = "购置巡护终端40台，单价0.25万元，金额10.00万元。";
  expect_nothing(account(text));
  expect_one(account(with(text, "金额10.00", "金额12.00")), Kind::promise, "12.00", "10.00");
  expect_one(account("培训护林员150人，人均400元，共计5.00万元。"), Kind::promise, "5.00", "6.00");
  expect_nothing(account("培训护林员150人，人均133.33元，共计2.00万元。"));  // rounded
  expect_nothing(account("培训护林员150人，每人每天100元，共计6.00万元。"));
  expect_nothing(account("培训护林员150人，人均400元，支出总额80.00万元，其中培训费6.00万元。培训3天。"));
}

TEST(Products, RowsOfATable) {
  std::string text =
      "政府采购支出表 单位：万元\n采购项目 数量 单价（万元） 金额（万元）\n油锯 6 0.30 1.80\n水泵 4 1.20 4.80\n"
      "巡护终端 40 0.25 10.00\n合计 16.60\n";
  expect_nothing(account(text));
  expect_one(account(with(text, "4 1.20", "4 1.30")), Kind::promise, "4.80", "5.20");
  // The prices are of another measure.
  expect_nothing(account(with(with(text, "4 1.20", "4 12000"), "6 0.30", "6 3000")));
}

TEST(Products, EachOfThem) {
  std::string text = "公务接待费支出1.10万元，国内公务接待12批次，接待80人次。人均接待费137.50元。";
  expect_nothing(account(text));
  expect_one(account(with(text, "137.50元", "173.50元")), Kind::promise, "173.50", "137.50");
  std::string cars = "公务用车运行维护费支出9.00万元，公务用车保有量4辆，车均运行维护费2.25万元。";
  expect_nothing(account(cars));
  expect_one(account(with(cars, "2.25万元", "2.52万元")), Kind::promise, "2.52", "2.25");
}

// What is spent may be for more than those that are counted, unless two digits changed about explain it.
TEST(Products, AmountsThatStandApart) {
  std::string text = "助学项目执行数为21.60万元。资助学生72人，人均3000元。";
  expect_nothing(account(text));
  expect_one(account(with(text, "72人", "27人")), Kind::promise, "27", "72");
  expect_nothing(account(with(text, "72人", "60人")));
}

}  // namespace
}  // namespace qushu::budget
