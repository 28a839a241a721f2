#include "sections.h"

#include <algorithm>
#include <utility>

namespace qushu::budget {
namespace {

const std::array kSources{Word{"general", {"一般公共预算拨款收入", "General public budget"}},
                          Word{"fund", {"政府性基金预算拨款收入", "Government funds budget"}},
                          Word{"capital", {"国有资本经营预算拨款收入", "State capital budget"}},
                          Word{"special", {"财政专户管理资金收入", "Special fiscal accounts"}},
                          Word{"service", {"事业收入", "Service income"}},
                          Word{"business", {"事业单位经营收入", "Business income"}},
                          Word{"superior", {"上级补助收入", "Subsidies from above"}},
                          Word{"subordinate", {"附属单位上缴收入", "Payments from below"}},
                          Word{"other", {"其他收入", "Other income"}}};
const std::array kParts{Word{"personnel", {"人员经费", "Personnel"}}, Word{"office", {"公用经费", "Office"}},
                        Word{"project", {"项目支出", "Projects"}}};
const std::array kLevels{
    Word{"quantity", {"产出·数量", "Output: quantity"}},      Word{"quality", {"产出·质量", "Output: quality"}},
    Word{"timeliness", {"产出·时效", "Output: timeliness"}},  Word{"cost", {"产出·成本", "Output: cost"}},
    Word{"economic", {"效益·经济", "Benefit: economic"}},     Word{"social", {"效益·社会", "Benefit: social"}},
    Word{"ecological", {"效益·生态", "Benefit: ecological"}}, Word{"sustainable", {"效益·可持续", "Benefit: sustainable"}},
    Word{"satisfaction", {"满意度", "Satisfaction"}}};
const std::array kPurchases{Word{"goods", {"采购·货物", "Procured goods"}}, Word{"works", {"采购·工程", "Procured works"}},
                            Word{"services", {"采购·服务", "Procured services"}},
                            Word{"bought_services", {"政府购买服务", "Bought services"}}};
const std::array kSubjects{Word{"income", {"收入总计", "Income"}},
                           Word{"expenditure", {"支出总计", "Expenditure"}},
                           Word{"basic", {"基本支出", "Basic expenditure"}},
                           Word{"personnel", {"人员经费", "Personnel"}},
                           Word{"office", {"公用经费", "Office"}},
                           Word{"project", {"项目支出", "Projects"}},
                           Word{"three_publics", {"三公经费", "Three publics"}},
                           Word{"abroad", {"因公出国（境）费", "Travel abroad"}},
                           Word{"vehicles", {"公务用车购置及运行费", "Vehicles"}},
                           Word{"reception", {"公务接待费", "Reception"}},
                           Word{"operation", {"机关运行经费", "Office operation"}}};

using Class = std::pair<std::string_view, std::string_view>;
// 政府收支分类科目, as far as a unit's tables need headings.
constexpr std::array kFunctions{Class{"201", "一般公共服务支出"},
                                Class{"20103", "政府办公厅（室）及相关机构事务"},
                                Class{"203", "国防支出"},
                                Class{"204", "公共安全支出"},
                                Class{"205", "教育支出"},
                                Class{"206", "科学技术支出"},
                                Class{"207", "文化旅游体育与传媒支出"},
                                Class{"208", "社会保障和就业支出"},
                                Class{"20805", "行政事业单位养老支出"},
                                Class{"210", "卫生健康支出"},
                                Class{"21011", "行政事业单位医疗"},
                                Class{"211", "节能环保支出"},
                                Class{"212", "城乡社区支出"},
                                Class{"213", "农林水支出"},
                                Class{"214", "交通运输支出"},
                                Class{"215", "资源勘探工业信息等支出"},
                                Class{"216", "商业服务业等支出"},
                                Class{"217", "金融支出"},
                                Class{"219", "援助其他地区支出"},
                                Class{"220", "自然资源海洋气象等支出"},
                                Class{"221", "住房保障支出"},
                                Class{"22102", "住房改革支出"},
                                Class{"222", "粮油物资储备支出"},
                                Class{"223", "国有资本经营预算支出"},
                                Class{"224", "灾害防治及应急管理支出"},
                                Class{"227", "预备费"},
                                Class{"229", "其他支出"},
                                Class{"230", "转移性支出"},
                                Class{"231", "债务还本支出"},
                                Class{"232", "债务付息支出"},
                                Class{"233", "债务发行费用支出"}};
constexpr std::array kEconomics{Class{"301", "工资福利支出"},           Class{"302", "商品和服务支出"},
                                Class{"303", "对个人和家庭的补助"},     Class{"307", "债务利息及费用支出"},
                                Class{"309", "资本性支出（基本建设）"}, Class{"310", "资本性支出"},
                                Class{"311", "对企业补助（基本建设）"}, Class{"312", "对企业补助"},
                                Class{"313", "对社会保障基金补助"},     Class{"399", "其他支出"}};

std::string_view class_in(std::span<const Class> classes, std::string_view code) {
  const auto* found = std::ranges::find(classes.data(), classes.data() + classes.size(), code, &Class::first);
  return found == classes.data() + classes.size() ? std::string_view() : found->second;
}

}  // namespace

std::span<const Word> sources() {
  return kSources;
}
std::span<const Word> parts() {
  return kParts;
}
std::span<const Word> goal_levels() {
  return kLevels;
}
std::span<const Word> purchase_kinds() {
  return kPurchases;
}
std::span<const Word> subjects() {
  return kSubjects;
}

const Word* find_word(std::span<const Word> words, std::string_view code) {
  auto found = std::ranges::find(words, code, &Word::code);
  return found == words.end() ? nullptr : &*found;
}

std::string_view function_class(std::string_view code) {
  return class_in(kFunctions, code);
}
std::string_view economic_class(std::string_view code) {
  return class_in(kEconomics, code);
}

std::int64_t Totals::* total_of(std::string_view subject) {
  if (find_word(kSubjects, subject) == nullptr) return nullptr;
  for (const auto& c : totals_section().columns)
    if (c.name == subject) return std::get<std::int64_t Totals::*>(c.at);
  return nullptr;
}

const Section<Totals>& totals_section() {
  static const Section<Totals> section{
      .name = "totals",
      .title = {"总额", "Totals"},
      .rows = &Content::totals,
      .columns = {{"income", {"收入总计", "Income"}, Entry::money, &Totals::income},
                  {"expenditure", {"支出总计", "Expenditure"}, Entry::money, &Totals::expenditure},
                  {"basic", {"基本支出", "Basic"}, Entry::money, &Totals::basic},
                  {"personnel", {"人员经费", "Personnel"}, Entry::money, &Totals::personnel},
                  {"office", {"公用经费", "Office"}, Entry::money, &Totals::office},
                  {"project", {"项目支出", "Projects"}, Entry::money, &Totals::project},
                  {"abroad", {"因公出国（境）费", "Travel abroad"}, Entry::money, &Totals::abroad},
                  {"vehicle_purchase", {"公务用车购置费", "Vehicles bought"}, Entry::money, &Totals::vehicle_purchase},
                  {"vehicle_running", {"公务用车运行费", "Vehicles run"}, Entry::money, &Totals::vehicle_running},
                  {"vehicles", {"公务用车购置及运行费", "Vehicles"}, Entry::money, &Totals::vehicles},
                  {"reception", {"公务接待费", "Reception"}, Entry::money, &Totals::reception},
                  {"three_publics", {"三公经费合计", "Three publics"}, Entry::money, &Totals::three_publics},
                  {"operation", {"机关运行经费", "Office operation"}, Entry::money, &Totals::operation},
                  {"text", {"文字说明", "Text"}, Entry::long_text, &Totals::text},
                  {"goal", {"部门年度绩效目标", "Goal of the unit"}, Entry::long_text, &Totals::goal}},
      .single = true};
  return section;
}

const Section<Income>& income_section() {
  static const Section<Income> section{
      .name = "income",
      .title = {"收入", "Income"},
      .rows = &Content::income,
      .columns = {{"source", {"收入来源", "Source"}, Entry::choice, &Income::source, kSources, true},
                  {"amount", {"本年收入", "This year"}, Entry::money, &Income::amount},
                  {"carried", {"上年结转结余", "Carried over"}, Entry::money, &Income::carried},
                  {"note", {"备注", "Note"}, Entry::text, &Income::note}}};
  return section;
}

const Section<Function>& function_section() {
  static const Section<Function> section{
      .name = "functions",
      .title = {"支出功能分类", "Functional classes"},
      .rows = &Content::functions,
      .columns = {{"code", {"科目编码", "Code"}, Entry::code, &Function::code, {}, true},
                  {"name", {"科目名称", "Name"}, Entry::text, &Function::name, {}, true},
                  {"fund", {"资金来源", "Paid by"}, Entry::choice, &Function::fund, kSources, true},
                  {"basic", {"基本支出", "Basic"}, Entry::money, &Function::basic},
                  {"project", {"项目支出", "Projects"}, Entry::money, &Function::project}}};
  return section;
}

const Section<Economic>& economic_section() {
  static const Section<Economic> section{
      .name = "economics",
      .title = {"支出经济分类", "Economic classes"},
      .rows = &Content::economics,
      .columns = {{"code", {"科目编码", "Code"}, Entry::code, &Economic::code, {}, true},
                  {"name", {"科目名称", "Name"}, Entry::text, &Economic::name, {}, true},
                  {"part", {"支出类别", "Part"}, Entry::choice, &Economic::part, kParts, true},
                  {"amount", {"金额", "Amount"}, Entry::money, &Economic::amount}}};
  return section;
}

const Section<BudgetProject>& project_section() {
  static const Section<BudgetProject> section{
      .name = "projects",
      .title = {"项目", "Projects"},
      .rows = &Content::projects,
      .columns = {{"code", {"项目编码", "Code"}, Entry::code, &BudgetProject::code, {}, true},
                  {"name", {"项目名称", "Name"}, Entry::text, &BudgetProject::name, {}, true},
                  {"function", {"功能科目编码", "Functional class"}, Entry::code, &BudgetProject::function, {}, true},
                  {"amount", {"本年预算", "This year"}, Entry::money, &BudgetProject::amount},
                  {"earlier", {"上年预算", "Year before"}, Entry::money, &BudgetProject::earlier},
                  {"reason", {"立项依据", "Reason"}, Entry::long_text, &BudgetProject::reason},
                  {"content", {"项目内容", "Content"}, Entry::long_text, &BudgetProject::content},
                  {"change", {"与上年变化的原因", "Why it changed"}, Entry::long_text, &BudgetProject::change},
                  {"goal", {"绩效目标", "Goal"}, Entry::long_text, &BudgetProject::goal}}};
  return section;
}

const Section<ProjectFund>& fund_section() {
  static const Section<ProjectFund> section{
      .name = "funds",
      .title = {"项目资金来源", "Projects' funds"},
      .rows = &Content::funds,
      .columns = {{"project", {"项目编码", "Project"}, Entry::code, &ProjectFund::project, {}, true},
                  {"source", {"资金来源", "Source"}, Entry::choice, &ProjectFund::source, kSources, true},
                  {"amount", {"金额", "Amount"}, Entry::money, &ProjectFund::amount}}};
  return section;
}

const Section<ProjectDetail>& detail_section() {
  static const Section<ProjectDetail> section{
      .name = "details",
      .title = {"项目明细", "Projects' details"},
      .rows = &Content::details,
      .columns = {{"project", {"项目编码", "Project"}, Entry::code, &ProjectDetail::project, {}, true},
                  {"item", {"支出内容", "Item"}, Entry::text, &ProjectDetail::item, {}, true},
                  {"quantity", {"数量", "Quantity"}, Entry::quantity, &ProjectDetail::quantity},
                  {"unit", {"计量单位", "Measure"}, Entry::text, &ProjectDetail::unit},
                  {"price", {"单价", "Price"}, Entry::money, &ProjectDetail::price},
                  {"amount", {"金额", "Amount"}, Entry::money, &ProjectDetail::amount},
                  {"basis", {"测算依据", "Basis"}, Entry::text, &ProjectDetail::basis}}};
  return section;
}

const Section<ProjectGoal>& goal_section() {
  static const Section<ProjectGoal> section{
      .name = "goals",
      .title = {"绩效指标", "Indicators"},
      .rows = &Content::goals,
      .columns = {{"project", {"项目编码", "Project"}, Entry::code, &ProjectGoal::project},
                  {"level", {"指标类别", "Kind"}, Entry::choice, &ProjectGoal::level, kLevels, true},
                  {"name", {"指标名称", "Name"}, Entry::text, &ProjectGoal::name, {}, true},
                  {"value", {"指标值", "Value"}, Entry::text, &ProjectGoal::value, {}, true},
                  {"unit", {"计量单位", "Measure"}, Entry::text, &ProjectGoal::unit},
                  {"evidence", {"备注", "Evidence"}, Entry::text, &ProjectGoal::evidence},
                  {"indicator", {"对应平台指标", "Platform indicator"}, Entry::code, &ProjectGoal::indicator}}};
  return section;
}

const Section<Purchase>& purchase_section() {
  static const Section<Purchase> section{
      .name = "purchases",
      .title = {"采购和购买服务", "Purchases"},
      .rows = &Content::purchases,
      .columns = {{"kind", {"类别", "Kind"}, Entry::choice, &Purchase::kind, kPurchases, true},
                  {"item", {"采购内容", "Item"}, Entry::text, &Purchase::item, {}, true},
                  {"project", {"项目编码", "Project"}, Entry::code, &Purchase::project},
                  {"amount", {"金额", "Amount"}, Entry::money, &Purchase::amount}}};
  return section;
}

const Section<Change>& change_section() {
  static const Section<Change> section{
      .name = "changes",
      .title = {"增减变化", "Changes"},
      .rows = &Content::changes,
      .columns = {{"subject", {"对象", "Subject"}, Entry::choice, &Change::subject, kSubjects, true},
                  {"year", {"对比年份", "Year"}, Entry::year, &Change::year},
                  {"base", {"对比年预算", "Its budget"}, Entry::money, &Change::base},
                  {"difference", {"增减额", "Difference"}, Entry::money, &Change::difference},
                  {"percent", {"增减（%）", "Per cent"}, Entry::percent, &Change::percent},
                  {"reason", {"原因", "Reason"}, Entry::text, &Change::reason}}};
  return section;
}

}  // namespace qushu::budget
