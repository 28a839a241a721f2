// qushu budget …: the checker of published documents, and the budgets that are kept here.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/base/text.h"
#include "qushu/budget/budget.h"
#include "qushu/budget/budgets.h"
#include "qushu/budget/check.h"
#include "qushu/budget/workbook.h"

#include "commands.h"

namespace qushu::app {
namespace {

struct CheckOptions {
  std::string file, format = "text";
};

// One byte more than the limit is enough to be refused.
Result<std::string> read_file(const std::string& path, std::uint64_t limit) {
  std::error_code failed;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, failed))
    return fail(Error{.code = Code::not_found,
                      .id = "budget.file",
                      .text = {"文件不存在或无法打开。", "There is no such file, or it cannot be opened."},
                      .subject = path});
  std::string bytes;
  std::array<char, 65536> buffer{};
  while (bytes.size() <= limit && (in.read(buffer.data(), buffer.size()) || in.gcount() > 0))
    bytes.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  return bytes;
}

Result<budget::Report> check_file(const Common& common, const std::string& path) {
  // Checking needs no data folder: the limits are the defaults and what --set says.
  Settings settings;
  System::declare(settings);
  for (const auto& [key, value] : common.overrides) QS_CHECK(settings.set(key, value));
  auto limits = budget::limits_of(settings);
  QS_TRY(auto bytes, read_file(path, limits.document));
  QS_TRY(auto document, budget::read_document(bytes, std::filesystem::path(path).filename().string(), limits));
  return budget::check(document);
}

// 0 no findings, 1 findings, 2 not read: as diff and grep do, so that scripts can tell.
int run_check(const Common& common, const CheckOptions& o) {
  auto checked = check_file(common, o.file);
  if (!checked) {
    static_cast<void>(report(common, checked.error()));
    return 2;
  }
  if (common.json || o.format == "json")
    print(budget::to_json(*checked, common.lang));
  else
    std::cout << budget::to_text(*checked, common.lang);
  return checked->findings.empty() ? 0 : 1;
}

// --- the budgets -------------------------------------------------------------------------------------------------------------
namespace json = boost::json;

// What the commands are given: a budget is named by its department and year.
struct Named {
  std::string department, file, unit = "wan", comment, day, project;
  std::int64_t year = 0, version = 0, with_year = 0, month = 0;
  std::vector<std::string> amounts;  // "office=12345.67", in yuan
};

std::string wan(std::int64_t fen) {
  return budget::money_text(fen, budget::MoneyUnit::wan);
}

Result<budget::Detail> named(const System& s, const Actor& actor, const Named& o) {
  QS_TRY(auto id, s.budgets->id_of(o.department, o.year));
  return s.budgets->find(actor, id, o.version);
}

void print_findings(const std::vector<budget::Explained>& findings, Lang lang) {
  for (const auto& f : findings)
    std::cout << fmt::format(
        "{} {}{}\n", f.discrepancy.error ? Text{"[不符]", "[error]"}.in(lang) : Text{"[提示]", "[warning]"}.in(lang),
        f.discrepancy.message.in(lang),
        f.explanation.empty() ? "" : Text{"（已说明：", " (explained: "}.in(lang) + f.explanation + Text{"）", ")"}.in(lang));
}

void show(const Common& common, const budget::Detail& d) {
  if (common.json) {
    print(budget::to_json(d, common.lang));
    return;
  }
  const auto& t = d.content.totals.at(0);
  bool zh = common.lang == Lang::zh;
  std::cout << (zh ? fmt::format("{} {} 年预算 第 {} 版 {}\n收入 {} 万元，支出 {} 万元（基本 {}，项目 {}）\n",
                                 d.budget.department_name, d.budget.year, d.version.number, budget::title(d.version.state).zh,
                                 wan(t.income), wan(t.expenditure), wan(t.basic), wan(t.project))
                   : fmt::format(
                         "{}, budget of {}, version {}: {}\nIncome {}, expenditure {} (basic {}, projects {}), 10,000 yuan\n",
                         d.budget.department_name, d.budget.year, d.version.number, budget::title(d.version.state).en,
                         wan(t.income), wan(t.expenditure), wan(t.basic), wan(t.project)));
  std::vector<std::vector<std::string>> rows;
  for (const auto& e : d.execution) rows.push_back({e.subject, e.name, wan(e.budget), wan(e.spent), e.light});
  print_table(zh ? std::vector<std::string>{"代码", "支出", "预算", "已支出", "进度"}
                 : std::vector<std::string>{"code", "expenditure", "budget", "spent", "light"},
              rows);
  print_findings(d.findings, common.lang);
}

Result<void> list_budgets(const System& s, const Actor& actor, const Common& common, const Named& o) {
  budget::Filter filter{.year = {}, .department = o.department, .state = {}};
  if (o.year != 0) filter.year = o.year;
  QS_TRY(auto all, s.budgets->list(actor, filter));
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& b : all) {
    const auto& v = b.versions.front();
    out.emplace_back(budget::to_json(b, common.lang));
    rows.push_back({b.department_code, b.department_name, std::to_string(b.year), std::to_string(v.number),
                    budget::title(v.state).in(common.lang), wan(v.expenditure)});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh
                    ? std::vector<std::string>{"部门", "名称", "年份", "版本", "状态", "支出（万元）"}
                    : std::vector<std::string>{"department", "name", "year", "version", "state", "expenditure"},
                rows);
  return {};
}

Result<void> export_budget(const System& s, const Actor& actor, const Named& o) {
  QS_TRY(auto d, named(s, actor, o));
  QS_TRY(auto bytes,
         budget::write_workbook(d.content, o.unit == "yuan" ? budget::MoneyUnit::yuan : budget::MoneyUnit::wan, s.scratch()));
  return write_whole_file(o.file, bytes, "budget.file");
}

Result<void> print_budget(const System& s, const Actor& actor, const Named& o) {
  QS_TRY(auto d, named(s, actor, o));
  auto format = o.file.ends_with(".xlsx") ? budget::PrintFormat::xlsx : budget::PrintFormat::pdf;
  QS_TRY(auto bytes, budget::printed(d, format, o.project, s.scratch()));
  return write_whole_file(o.file, bytes, "budget.file");
}

Result<void> import_budget(const System& s, const Actor& actor, const Common& common, const Named& o) {
  QS_TRY(auto now, named(s, actor, o));
  QS_TRY(auto read, budget::read_workbook(o.file, file_name_of(o.file), s.scratch(), *s.engine, s.settings));
  if (!read.errors.empty()) {
    Text all;
    for (const auto& e : read.errors) {
      all.zh += fmt::format("{}{} 第 {} 行 {}：“{}” {}", all.zh.empty() ? "" : "\n", e.sheet, e.row, e.column, e.value,
                            e.expected.zh);
      all.en +=
          fmt::format("{}{} row {} {}: “{}” {}", all.en.empty() ? "" : "\n", e.sheet, e.row, e.column, e.value, e.expected.en);
    }
    return fail(Error{.code = Code::invalid, .id = "budget.workbook", .text = std::move(all), .subject = o.file});
  }
  std::map<std::string, std::string> kept;
  for (const auto& f : now.findings) kept[f.discrepancy.key()] = f.explanation;
  QS_TRY(auto saved, s.budgets->save(actor, now.budget.id, now.version.revision, read.content, kept, "import"));
  show(common, saved);
  return {};
}

Result<void> check_identities(const System& s, const Actor& actor, const Common& common, const Named& o) {
  QS_TRY(auto d, named(s, actor, o));
  json::array out;
  for (const auto& f : d.findings) out.emplace_back(budget::to_json(f.discrepancy, common.lang));
  auto errors = std::ranges::count_if(d.findings, [](const budget::Explained& f) { return f.discrepancy.error; });
  if (common.json)
    print(json::object{{"findings", std::move(out)}});
  else if (d.findings.empty())
    std::cout << (common.lang == Lang::zh ? "全部勾稽关系成立。\n" : "Every identity holds.\n");
  else
    print_findings(d.findings, common.lang);
  if (errors == 0) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "budget.findings",
                    .text = {fmt::format("有 {} 处不符。", errors), fmt::format("{} figures do not agree.", errors)},
                    .subject = o.department});
}

Result<void> compare_budgets(const System& s, const Actor& actor, const Common& common, const Named& o) {
  QS_TRY(auto id, s.budgets->id_of(o.department, o.year));
  QS_TRY(auto other, s.budgets->id_of(o.department, o.with_year));
  QS_TRY(auto c, s.budgets->compare(actor, id, o.version, other, 0));
  if (common.json) {
    print(budget::to_json(c, common.lang));
    return {};
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& l : c.lines)
    rows.push_back({l.name.in(common.lang), l.before ? wan(*l.before) : "—", l.now ? wan(*l.now) : "—",
                    wan(l.now.value_or(0) - l.before.value_or(0)), l.percent ? budget::exact_text(*l.percent, 2) + "%" : "—"});
  print_table(
      {"", std::to_string(c.year_before), std::to_string(c.year_now), common.lang == Lang::zh ? "增减" : "difference", "%"},
      rows);
  return {};
}

Result<void> spend(System& s, const Actor& actor, const Common& common, const Named& o) {
  std::map<std::string, std::int64_t> amounts;
  for (const auto& one : o.amounts) {
    auto at = one.rfind('=');
    auto fen = at == std::string::npos || at == 0
                   ? std::nullopt
                   : budget::money_of(std::string_view(one).substr(at + 1), budget::MoneyUnit::yuan);
    if (!fen)
      return fail(
          Error{.code = Code::invalid,
                .id = "budget.amount",
                .text = {"应写作 科目=金额（元，最多两位小数），如 office=12345.67 或 P1=80000。",
                         "Write subject=amount in yuan with two decimals at most, such as office=12345.67 or P1=80000."},
                .subject = one});
    amounts.insert_or_assign(one.substr(0, at), *fen);
  }
  QS_TRY(auto id, s.budgets->id_of(o.department, o.year));
  QS_TRY(auto d, s.budgets->spend(actor, id, o.month, amounts, o.comment));
  show(common, d);
  return {};
}

using StepOf = Result<budget::Detail> (*)(budget::Budgets&, const Actor&, const std::string& id, const Named&);

void add_kept_commands(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto o = std::make_shared<Named>();
  auto of = [=](CLI::App* c) {
    c->add_option("department", o->department, zh ? "部门的代码" : "The department's code")->required();
    c->add_option("year", o->year, zh ? "年份" : "Year")->required();
    return c;
  };
  auto version = [=](CLI::App* c) {
    c->add_option("--version", o->version, zh ? "版本，默认最新" : "Version; the newest by default");
    return c;
  };
  auto file = [=](CLI::App* c, const char* note_zh, const char* note_en) {
    c->add_option("file", o->file, zh ? note_zh : note_en)->required();
  };
  auto* list = add_command(group, common, chosen, "list", {"各部门各年的预算", "Budgets of departments and years"},
                           [&common, o](System& s, const Actor& actor) { return list_budgets(s, actor, common, *o); });
  list->add_option("--department", o->department, zh ? "部门的代码" : "The department's code");
  list->add_option("--year", o->year, zh ? "年份" : "Year");
  version(of(add_command(group, common, chosen, "show", {"一份预算", "A budget"},
                         [&common, o](System& s, const Actor& actor) -> Result<void> {
                           QS_TRY(auto d, named(s, actor, *o));
                           show(common, d);
                           return {};
                         })));
  auto* made = of(add_command(group, common, chosen, "new", {"新建一份预算", "Make a budget"},
                              [&common, o](System& s, const Actor& actor) -> Result<void> {
                                std::string copy;
                                if (o->with_year != 0) {
                                  QS_TRY(copy, s.budgets->id_of(o->department, o->with_year));
                                }
                                QS_TRY(auto d, s.budgets->create(actor, o->department, o->year, copy));
                                show(common, d);
                                return {};
                              }));
  made->add_option("--copy", o->with_year, zh ? "照抄这一年的预算" : "Begin as this year's budget");
  auto* exported =
      version(of(add_command(group, common, chosen, "export", {"写成填报用的工作簿", "Write the workbook for entering"},
                             [o](System& s, const Actor& actor) { return export_budget(s, actor, *o); })));
  file(exported, "XLSX 文件", "XLSX file");
  exported->add_option("--unit", o->unit, zh ? "金额单位：wan（万元）或 yuan（元）" : "Unit of amounts: wan or yuan")
      ->check(CLI::IsMember({"wan", "yuan"}))
      ->capture_default_str();
  file(of(add_command(group, common, chosen, "import", {"从工作簿导入", "Import the workbook"},
                      [&common, o](System& s, const Actor& actor) { return import_budget(s, actor, common, *o); })),
       "XLSX 文件", "XLSX file");
  auto* printed = version(of(add_command(group, common, chosen, "print", {"打印官方表格", "Print the official tables"},
                                         [o](System& s, const Actor& actor) { return print_budget(s, actor, *o); })));
  file(printed, "PDF 或 XLSX 文件", "PDF or XLSX file");
  printed->add_option("--project", o->project, zh ? "只要这个项目的申报表" : "This project's form alone");
  version(of(add_command(group, common, chosen, "check-identities", {"核对勾稽关系", "Check the identities"},
                         [&common, o](System& s, const Actor& actor) { return check_identities(s, actor, common, *o); })));
  version(of(add_command(group, common, chosen, "compare", {"与另一年对比", "Compare with another year"},
                         [&common, o](System& s, const Actor& actor) { return compare_budgets(s, actor, common, *o); })))
      ->add_option("with", o->with_year, zh ? "对比的年份" : "The other year")
      ->required();
  auto step = [&](const char* name, const Text& text, StepOf run) {
    auto* c =
        of(add_command(group, common, chosen, name, text, [&common, o, run](System& s, const Actor& actor) -> Result<void> {
          QS_TRY(auto id, s.budgets->id_of(o->department, o->year));
          QS_TRY(auto d, run(*s.budgets, actor, id, *o));
          show(common, d);
          return {};
        }));
    c->add_option("--comment", o->comment, zh ? "意见或理由" : "Comment or reason");
    return c;
  };
  step("submit", {"提交审核", "Submit"},
       [](budget::Budgets& b, const Actor& a, const std::string& id, const Named& n) { return b.submit(a, id, n.comment); });
  step("return", {"退回", "Return"},
       [](budget::Budgets& b, const Actor& a, const std::string& id, const Named& n) { return b.send_back(a, id, n.comment); });
  step("approve", {"批复", "Approve"},
       [](budget::Budgets& b, const Actor& a, const std::string& id, const Named& n) { return b.approve(a, id, n.comment); });
  step("publish", {"公开", "Publish"},
       [](budget::Budgets& b, const Actor& a, const std::string& id, const Named&) { return b.publish(a, id); });
  step("adjust", {"调整", "Adjust"},
       [](budget::Budgets& b, const Actor& a, const std::string& id, const Named& n) {
         return b.adjust(a, id, n.comment, n.day);
       })
      ->add_option("--day", o->day, zh ? "调整的日期，如 2026-06-30" : "Day of the adjustment, such as 2026-06-30")
      ->required();
  auto* spent = of(add_command(group, common, chosen, "spend", {"登记一个月的支出", "Note what was spent in a month"},
                               [&common, o](System& s, const Actor& actor) { return spend(s, actor, common, *o); }));
  spent->add_option("month", o->month, zh ? "月份" : "Month")->required();
  spent
      ->add_option("amounts", o->amounts,
                   zh ? "科目=金额（元）：personnel、office 或项目编码"
                      : "subject=amount in yuan: personnel, office or a project's code")
      ->required();
  spent->add_option("--explanation", o->comment,
                    zh ? "超支说明，累计超出预算时必填" : "Why more is spent than the budget holds");
}

}  // namespace

void add_budget_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("budget", zh ? "预算：编制、审核、打印和公开文件核对"
                                                : "Budgets: entered, decided, printed; published documents checked");
  group->require_subcommand(1);
  auto o = std::make_shared<CheckOptions>();
  auto* c =
      group->add_subcommand("check", zh ? "核对公开的预算或决算文件，找出互相矛盾的数字"
                                        : "Check a published budget or final account for figures that contradict each other");
  c->add_option("file", o->file, zh ? "PDF、DOCX 或文本文件" : "PDF, DOCX or text")->required();
  c->add_option("--format", o->format, zh ? "text 或 json" : "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  c->footer(zh ? "退出码：0 没有疑点；1 有疑点；2 文件无法读取"
               : "Exit codes: 0 no findings; 1 findings; 2 the file could not be read");
  c->callback([&, o] { chosen.action = [&, o] { return run_check(common, *o); }; });
  add_kept_commands(*group, common, chosen);
}

}  // namespace qushu::app
