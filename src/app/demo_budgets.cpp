#include "demo_budgets.h"

#include <algorithm>
#include <array>
#include <iostream>

#include <fmt/format.h>

namespace qushu::app {
namespace {

using budget::Content;

constexpr std::string_view kUnit = "sjj", kOfficer = "budgeter", kReviewer = "approver";
constexpr std::int64_t kHundredth = 10'000;  // fen of 0.01 万元

struct ProjectOf {
  const char *code, *name, *reason, *content, *goal;
  std::int64_t amount;   // in hundredths of 万元, as all figures here
  std::int64_t earlier;  // the year before
  const char* change;
};

struct YearOf {
  std::int64_t salaries, pensions, office, insurance, medical, housing, services;  // services: of the projects
  std::int64_t vehicles, goods, bought;
  std::vector<ProjectOf> projects;
};

// What is promised, and the platform's indicator that tells it; no project: the unit as a whole.
struct GoalOf {
  const char *project, *level, *name, *value, *unit, *evidence, *indicator;
};
constexpr std::array kGoals{
    GoalOf{"", "quantity", "党建学习活动", "≥5", "次", "活动台账", "party_study"},
    GoalOf{"", "quality", "网络保障率", "≥85", "%", "线路和故障台账", "network_assurance"},
    GoalOf{"", "timeliness", "年度建设进度", "≥90", "%", "建设进度台账", "construction_progress"},
    GoalOf{"", "timeliness", "安全问题按期整改率", "≥100", "%", "安全问题台账", "problems_in_time"},
    GoalOf{"", "social", "数据平台支撑业务", "持续优化", "", "平台评估", "data_platform"},
    GoalOf{"", "sustainable", "平台安全稳定运行", "稳定", "", "网络故障台账", "platform_stable"},
    GoalOf{"", "satisfaction", "网络服务满意度", "≥85", "%", "满意度调查", "satisfaction_network"},
    GoalOf{"XM01", "quantity", "党建学习活动", "≥5", "次", "活动台账", "party_study"},
    GoalOf{"XM01", "quantity", "普法宣传活动", "≥2", "次", "活动台账", "legal_publicity"},
    GoalOf{"XM01", "quality", "法律咨询答复率", "≥100", "%", "法律咨询台账", "legal_consultations"},
    GoalOf{"XM01", "quality", "档案规范率", "≥100", "%", "档案台账", "archives_standard"},
    GoalOf{"XM01", "social", "机关工作规范有序", "规范有序", "", "工作总结", ""},
    GoalOf{"XM01", "satisfaction", "干部职工满意度", "≥85", "%", "满意度调查", ""},
    GoalOf{"XM02", "quantity", "租用线路数量", "≥350", "条", "线路台账", "links_leased"},
    GoalOf{"XM02", "quantity", "互联网出口", "≥3", "条", "线路台账", "egresses"},
    GoalOf{"XM02", "quality", "网络保障率", "≥85", "%", "线路和故障台账", "network_assurance"},
    GoalOf{"XM02", "timeliness", "故障响应时间", "≤30", "分钟", "网络故障台账", "fault_response"},
    GoalOf{"XM02", "sustainable", "政务网持续稳定运行", "稳定", "", "网络故障台账", "platform_stable"},
    GoalOf{"XM02", "satisfaction", "网络服务满意度", "≥85", "%", "满意度调查", "satisfaction_network"},
    GoalOf{"XM03", "quality", "重大安全事件", "≤0", "起", "安全问题台账", "major_incidents"},
    GoalOf{"XM03", "quality", "会议系统正常率", "≥90", "%", "会议系统台账", "meeting_systems_normal"},
    GoalOf{"XM03", "timeliness", "安全问题按期整改率", "≥100", "%", "安全问题台账", "problems_in_time"},
    GoalOf{"XM03", "sustainable", "平台安全稳定运行", "稳定", "", "网络故障台账", "platform_stable"},
    GoalOf{"XM03", "satisfaction", "安全服务满意度", "≥85", "%", "满意度调查", "satisfaction_security"},
    GoalOf{"XM04", "quality", "文档共享系统", "建成可用", "", "系统运行记录", "document_sharing"},
    GoalOf{"XM04", "social", "数据平台支撑业务", "持续优化", "", "平台评估", "data_platform"},
    GoalOf{"XM04", "satisfaction", "长期服务满意度", "≥90", "%", "满意度调查", "satisfaction_longterm"},
    GoalOf{"XM05", "quality", "验收合格率", "≥100", "%", "项目评审台账", "acceptance_passed"},
    GoalOf{"XM05", "timeliness", "年度建设进度", "≥90", "%", "建设进度台账", "construction_progress"},
    GoalOf{"XM05", "social", "数据平台支撑业务", "持续优化", "", "平台评估", "data_platform"},
    GoalOf{"XM05", "satisfaction", "长期服务满意度", "≥90", "%", "满意度调查", "satisfaction_longterm"}};

YearOf first_year() {
  return {.salaries = 40'530,
          .pensions = 850,
          .office = 4'134,
          .insurance = 2'410,
          .medical = 1'760,
          .housing = 4'800,
          .services = 52'013,
          .vehicles = 420,
          .goods = 540,
          .bought = 45'200,
          .projects = {{"XM01", "党务与行政管理经费", "区直机关党建工作要点", "党建、普法、档案和法律顾问", "机关工作有序开展",
                        2'787, 3'252, "压减一般性支出"},
                       {"XM02", "网络系统运行经费", "政务网运行维护合同", "链路和互联网出口租赁、机房运维",
                        "政务网安全稳定运行", 52'013, 50'640, "新增互联网出口"},
                       {"XM03", "安全管理经费", "网络安全等级保护要求", "安全设施维护、监测和会议系统保障",
                        "不发生重大安全事件", 27'800, 26'950, "新增安全监测服务"},
                       {"XM04", "平台建设经费", "“一张网”建设方案", "信息资源门户和共享平台", "数据平台建成并持续优化", 8'000,
                        7'200, "扩充信息资源目录"}}};
}

YearOf second_year() {
  return {.salaries = 44'519,
          .pensions = 882,
          .office = 4'441,
          .insurance = 2'648,
          .medical = 1'942,
          .housing = 5'374,
          .services = 99'223,
          .vehicles = 420,
          .goods = 620,
          .bought = 50'367,
          .projects = {{"XM01", "党务与行政管理经费", "区直机关党建工作要点", "党建、普法、档案和法律顾问", "机关工作有序开展",
                        2'220, 2'787, "项目调整，预算减少"},
                       {"XM02", "网络系统运行经费", "政务网运行维护合同", "链路和互联网出口租赁、机房运维",
                        "政务网安全稳定运行", 69'612, 52'013, "新增接入点和出口带宽"},
                       {"XM03", "安全管理经费", "网络安全等级保护要求", "安全设施维护、监测和会议系统保障",
                        "不发生重大安全事件", 27'711, 27'800, "设备维保价格下降"},
                       {"XM04", "平台建设经费", "“一张网”建设方案", "信息资源门户、文档共享系统", "数据平台建成并持续优化",
                        9'580, 8'000, "新增文档共享系统"},
                       {"XM05", "数据中心建设经费", "区政府常务会议纪要", "机房改造和云平台扩容", "年度建设进度不低于 90%",
                        101'649, 0, "新增项目"}}};
}

// The year that runs: the one before it is not here, its projects' amounts are.
YearOf this_year() {
  return {.salaries = 47'236,
          .pensions = 905,
          .office = 4'518,
          .insurance = 2'795,
          .medical = 2'068,
          .housing = 5'730,
          .services = 112'640,
          .vehicles = 380,
          .goods = 580,
          .bought = 52'940,
          .projects = {{"XM01", "党务与行政管理经费", "区直机关党建工作要点", "党建、普法、档案和法律顾问", "机关工作有序开展",
                        2'460, 2'380, "增加普法宣传场次"},
                       {"XM02", "网络系统运行经费", "政务网运行维护合同", "链路和互联网出口租赁、机房运维",
                        "政务网安全稳定运行", 71'850, 70'400, "新增街道社区接入点"},
                       {"XM03", "安全管理经费", "网络安全等级保护要求", "安全设施维护、监测和会议系统保障",
                        "不发生重大安全事件", 31'240, 29'860, "新增关键系统密码测评"},
                       {"XM04", "平台建设经费", "“一张网”建设方案", "信息资源门户、文档共享系统", "数据平台建成并持续优化",
                        12'300, 11'500, "文档共享系统扩容"},
                       {"XM05", "数据中心建设经费", "区政府常务会议纪要", "机房改造和云平台扩容", "年度建设进度不低于 90%",
                        38'600, 64'200, "机房主体已建成，转入云平台扩容"}}};
}

Content content_of_year(const YearOf& y) {
  Content c;
  auto& t = c.totals.at(0);
  for (const auto& p : y.projects) {
    auto amount = p.amount * kHundredth;
    t.project += amount;
    c.projects.push_back({.code = p.code,
                          .name = p.name,
                          .function = "2010399",
                          .amount = amount,
                          .earlier = p.earlier * kHundredth,
                          .reason = p.reason,
                          .content = p.content,
                          .change = p.change,
                          .goal = p.goal});
    c.funds.push_back({.project = p.code, .source = "general", .amount = amount});
    auto first = amount / kHundredth / 3 * kHundredth;
    c.details.push_back({.project = p.code,
                         .item = "运行维护服务",
                         .quantity = 1000,
                         .unit = "项",
                         .price = first,
                         .amount = first,
                         .basis = "往年合同"});
    c.details.push_back({.project = p.code,
                         .item = "设备和建设",
                         .quantity = 1000,
                         .unit = "项",
                         .price = amount - first,
                         .amount = amount - first,
                         .basis = "市场询价"});
  }
  for (const auto& g : kGoals)
    if (*g.project == '\0' ||
        std::ranges::any_of(y.projects, [&](const ProjectOf& p) { return std::string_view(p.code) == g.project; }))
      c.goals.push_back({.project = g.project,
                         .level = g.level,
                         .name = g.name,
                         .value = g.value,
                         .unit = g.unit,
                         .evidence = g.evidence,
                         .indicator = g.indicator});
  t.goal = "政务网安全稳定运行，数据平台建成并持续优化，年度建设任务按期完成，服务对象满意。";
  auto fen = [](std::int64_t hundredths) { return hundredths * kHundredth; };
  t.personnel = fen(y.salaries + y.pensions);
  t.office = fen(y.office);
  t.basic = t.personnel + t.office;
  t.income = t.expenditure = t.basic + t.project;
  t.vehicle_running = t.vehicles = t.three_publics = fen(y.vehicles);
  t.text = "统筹政务数据资源的建设、推广应用和运行维护，承担政务数据平台和数据安全的技术保障。";
  c.income.push_back({.source = "general", .amount = t.income, .carried = 0, .note = ""});
  c.functions = {{.code = "2010350",
                  .name = "事业运行",
                  .fund = "general",
                  .basic = t.basic - fen(y.insurance + y.medical + y.housing),
                  .project = 0},
                 {.code = "2010399",
                  .name = "其他政府办公厅（室）及相关机构事务支出",
                  .fund = "general",
                  .basic = 0,
                  .project = t.project},
                 {.code = "2080505",
                  .name = "机关事业单位基本养老保险缴费支出",
                  .fund = "general",
                  .basic = fen(y.insurance),
                  .project = 0},
                 {.code = "2101102", .name = "事业单位医疗", .fund = "general", .basic = fen(y.medical), .project = 0},
                 {.code = "2210201", .name = "住房公积金", .fund = "general", .basic = fen(y.housing), .project = 0}};
  c.economics = {{.code = "30101", .name = "基本工资", .part = "personnel", .amount = fen(y.salaries)},
                 {.code = "30302", .name = "退休费", .part = "personnel", .amount = fen(y.pensions)},
                 {.code = "30201", .name = "办公费", .part = "office", .amount = fen(y.office)},
                 {.code = "30213", .name = "维修（护）费", .part = "project", .amount = fen(y.services)},
                 {.code = "31007", .name = "信息网络及软件购置更新", .part = "project", .amount = t.project - fen(y.services)}};
  c.purchases = {{.kind = "goods", .item = "办公设备", .project = "XM01", .amount = fen(y.goods)},
                 {.kind = "bought_services", .item = "信息技术服务", .project = "XM02", .amount = fen(y.bought)}};
  return c;
}

struct People {
  Actor officer, reviewer;
};

Result<std::string> enter(System& s, const People& people, std::int64_t year, const Content& content, bool published) {
  QS_TRY(auto made, s.budgets->create(people.officer, kUnit, year, ""));
  const auto id = made.budget.id;
  QS_CHECK(s.budgets->save(people.officer, id, made.version.revision, content, {}));
  QS_CHECK(s.budgets->submit(people.officer, id, ""));
  QS_CHECK(s.budgets->approve(people.reviewer, id, "同意"));
  if (published) QS_CHECK(s.budgets->publish(people.reviewer, id));
  return id;
}

}  // namespace

Result<void> fill_budgets(System& s, Lang lang) {
  QS_TRY(auto there,
         s.budgets->list(Actor::operator_on_console("demo"), {.year = {}, .department = std::string(kUnit), .state = {}}));
  if (!there.empty()) return {};
  People people;
  QS_TRY(people.officer, s.identity->actor_of(kOfficer));
  QS_TRY(people.reviewer, s.identity->actor_of(kReviewer));
  people.officer.via = people.reviewer.via = "cli";
  people.officer.from = people.reviewer.from = "local";
  auto now = calendar::to_text(s.calendar->today());
  auto year = budget::exact_of(now.substr(0, 4), 0).value_or(0), month = budget::exact_of(now.substr(5, 2), 0).value_or(0);
  auto before = content_of_year(first_year()), content = content_of_year(second_year());
  QS_CHECK(enter(s, people, 2020, before, true));
  auto told = content;
  const auto &a = before.totals.at(0), &b = content.totals.at(0);
  told.changes = {{.subject = "expenditure",
                   .year = 2020,
                   .base = a.expenditure,
                   .difference = b.expenditure - a.expenditure,
                   .percent = 9'147,
                   .reason = "新增数据中心建设"},
                  {.subject = "basic",
                   .year = 2020,
                   .base = a.basic,
                   .difference = b.basic - a.basic,
                   .percent = 951,
                   .reason = "社会保险基数调整"}};
  QS_CHECK(enter(s, people, 2021, told, true));
  auto running = content_of_year(this_year());
  QS_TRY(auto id, enter(s, people, year, running, false));
  const auto& held = running.totals.at(0);
  // Salaries run evenly, the networks are paid by quarter, construction lags.
  for (std::int64_t m = 1; m <= month; ++m) {
    std::map<std::string, std::int64_t> amounts{{"personnel", held.personnel / 12}, {"office", held.office / 13}};
    for (const auto& p : running.projects) {
      if (p.code == "XM02" && m % 3 == 0) amounts[p.code] = p.amount / 4;
      if (p.code == "XM05" && m > 6) amounts[p.code] = p.amount / 12;
      if (p.code != "XM02" && p.code != "XM05") amounts[p.code] = p.code == "XM04" ? p.amount / 17 : p.amount / 12;
    }
    QS_CHECK(s.budgets->spend(people.officer, id, m, amounts));
  }
  std::cout << (lang == Lang::zh ? "  预算：3 个年度，含执行\n" : "  budgets: 3 years, with what was spent\n") << std::flush;
  return {};
}

}  // namespace qushu::app
