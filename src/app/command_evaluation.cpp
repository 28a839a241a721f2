// qushu evaluation …: how a year's budgets and goals stand, and self-evaluations at its end.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/evaluation/evaluation.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using evaluation::Detail;

// A self-evaluation is named by department, year and, of a project, its code.
struct Named {
  std::string department, project, file, item, comment, form;
  std::int64_t year = 0, version = 0;
  bool all = false;
};

std::string wan(std::int64_t fen) {
  return budget::money_text(fen, budget::MoneyUnit::wan);
}
std::string points(std::int64_t hundredths) {
  return indicators::hundredths_text(hundredths);
}

Result<std::string> id_of(const System& s, const Named& o) {
  return s.evaluations->id_of(o.department, o.year, o.project);
}

void show(const Common& common, const Detail& d) {
  if (common.json) {
    print(evaluation::to_json(d, common.lang));
    return;
  }
  bool zh = common.lang == Lang::zh;
  const auto& f = d.form;
  auto total = evaluation::total_of(f);
  std::cout << title_of(d.evaluation).in(common.lang)
            << (zh ? fmt::format(" 第 {} 版 {}\n全年预算 {} 万元，执行 {} 万元，执行率 {}%，得 {} 分\n", d.version.number,
                                 evaluation::title(d.version.state).zh, wan(f.funds.adjusted), wan(f.funds.spent),
                                 points(execution_rate(f.funds)), points(execution_score(f.funds)))
                   : fmt::format(", version {}: {}\nBudget {}, spent {} (10,000 yuan), {}%, scores {}\n", d.version.number,
                                 evaluation::title(d.version.state).en, wan(f.funds.adjusted), wan(f.funds.spent),
                                 points(execution_rate(f.funds)), points(execution_score(f.funds))));
  std::vector<std::vector<std::string>> rows;
  for (const auto& i : f.items) {
    auto actual = i.actual();
    auto score = i.score();
    auto none = i.drawn == evaluation::Drawn::none ? Text{"无证据", "no evidence"}.in(common.lang) : std::string("—");
    rows.push_back({i.id, evaluation::second_name(i.level).in(common.lang), i.name, i.target + i.unit,
                    actual ? actual->text() : none, points(i.weight), score ? points(*score) : "—", i.indicator});
  }
  print_table(zh ? std::vector<std::string>{"标识", "类别", "指标", "指标值", "完成值", "分值", "得分", "平台指标"}
                 : std::vector<std::string>{"id", "kind", "goal", "target", "actual", "weight", "score", "indicator"},
              rows);
  std::cout << (zh ? fmt::format("总分 {} {}\n", points(total.score), evaluation::grade_name(total.grade).zh)
                   : fmt::format("Total {} {}\n", points(total.score), evaluation::grade_name(total.grade).en));
  for (const auto& p : d.problems) std::cout << Text{"[未完成] ", "[to do] "}.in(common.lang) << p.text.in(common.lang) << "\n";
}

Result<void> list(const System& s, const Actor& actor, const Common& common, const Named& o) {
  evaluation::Filter filter{.year = {}, .department = o.department, .state = {}};
  if (o.year != 0) filter.year = o.year;
  QS_TRY(auto all, s.evaluations->list(actor, filter));
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& l : all) {
    const auto& v = l.evaluation.versions.front();
    out.emplace_back(evaluation::to_json(l, common.lang));
    rows.push_back({l.evaluation.department_code, std::to_string(l.evaluation.year), l.evaluation.project,
                    title_of(l.evaluation).in(common.lang), std::to_string(v.number),
                    evaluation::title(v.state).in(common.lang), points(l.total.score),
                    evaluation::grade_name(l.total.grade).in(common.lang)});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh
                    ? std::vector<std::string>{"部门", "年份", "项目", "名称", "版本", "状态", "得分", "等级"}
                    : std::vector<std::string>{"department", "year", "project", "name", "version", "state", "score", "grade"},
                rows);
  return {};
}

Result<void> monitor(const System& s, const Actor& actor, const Common& common, const Named& o) {
  QS_TRY(auto all, s.evaluations->monitor(actor, o.year, o.department));
  bool zh = common.lang == Lang::zh;
  json::array out;
  for (const auto& unit : all) {
    out.emplace_back(evaluation::to_json(unit, common.lang));
    if (common.json) continue;
    std::cout << (zh ? fmt::format("{} {} 年，截至 {} 月（万元）\n", unit.budget.department_name, unit.budget.year, unit.month)
                     : fmt::format("{} {}, to month {} (10,000 yuan)\n", unit.budget.department_name, unit.budget.year,
                                   unit.month));
    std::vector<std::vector<std::string>> rows;
    auto add = [&](const evaluation::MonitoredLine& l, const std::string& name) {
      rows.push_back({l.subject, name, wan(l.budget), wan(l.spent), points(l.rate) + "%", points(l.pace) + "%", l.light, ""});
      for (const auto& g : l.goals)
        rows.push_back({"", "  " + g.goal.name, g.goal.value + g.goal.unit,
                        g.value.empty() ? g.state : g.value + g.unit.in(common.lang), "", "",
                        std::string(indicators::name(g.light)), g.goal.indicator});
    };
    add(unit.whole, zh ? unit.whole.name : "whole");
    for (const auto& l : unit.lines) add(l, l.name);
    print_table(zh ? std::vector<std::string>{"代码", "支出或指标", "预算或目标", "执行或现值", "执行率", "对时间进度", "灯",
                                              "平台指标"}
                   : std::vector<std::string>{"code", "expenditure or goal", "budget or target", "spent or value", "rate",
                                              "pace", "light", "indicator"},
                rows);
  }
  if (common.json) print(out);
  return {};
}

Result<void> write_file(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  if (!out.flush())
    return fail(Error{.code = Code::invalid,
                      .id = "evaluation.file",
                      .text = {"写不了这个文件。", "The file cannot be written."},
                      .subject = path});
  return {};
}

Result<void> print_form(const System& s, const Actor& actor, const Named& o) {
  QS_TRY(auto id, id_of(s, o));
  QS_TRY(auto d, s.evaluations->find(actor, id, o.version));
  auto format = o.file.ends_with(".xlsx") ? evaluation::PrintFormat::xlsx : evaluation::PrintFormat::pdf;
  QS_TRY(auto bytes, printed(d, format, s.scratch()));
  return write_file(o.file, bytes);
}

Result<void> archive(const System& s, const Actor& actor, const Common& common, const Named& o) {
  QS_TRY(auto id, id_of(s, o));
  QS_TRY(auto made, s.evaluations->archive(actor, id, o.version, o.all));
  std::error_code failed;
  std::filesystem::copy_file(made.path, o.file, std::filesystem::copy_options::overwrite_existing, failed);
  if (failed)
    return fail(Error{.code = Code::invalid,
                      .id = "evaluation.file",
                      .text = {"写不了这个文件。", "The file cannot be written."},
                      .subject = o.file,
                      .detail = failed.message()});
  if (common.json)
    print(json::object{{"file", o.file}, {"sha256", made.sha256}, {"files", made.files}});
  else
    std::cout << made.sha256 << "  " << o.file << "\n";
  return {};
}

Result<void> verify(const System& s, const Actor& actor, const Common& common, const Named& o) {
  QS_TRY(auto v, s.evaluations->verify(actor, o.file));
  bool zh = common.lang == Lang::zh;
  if (common.json) print(evaluation::to_json(v, common.lang));
  if (v.entry == 0)
    return fail(Error{.code = Code::invalid,
                      .id = "evaluation.unknown_archive",
                      .text = {"审计中没有导出过这个压缩包。", "The audit knows no such archive."},
                      .subject = o.file});
  if (!common.json) {
    std::cout << (zh ? fmt::format("{}\n审计第 {} 条，{} 由{}导出\n压缩包：{}\n", v.object_name, v.entry, to_iso(v.at),
                                   v.person_name, v.same ? "一致" : "不一致（可能重新压缩过）")
                     : fmt::format("{}\nAudit entry {}, exported {} by {}\nThe archive: {}\n", v.object_name, v.entry,
                                   to_iso(v.at), v.person_name, v.same ? "the same" : "not the same (packed anew, perhaps)"));
    std::vector<std::vector<std::string>> rows;
    for (const auto& f : v.files) rows.push_back({f.state, f.path});
    print_table(zh ? std::vector<std::string>{"结果", "文件"} : std::vector<std::string>{"result", "file"}, rows);
  }
  if (v.good()) return {};
  auto wrong = std::ranges::count_if(v.files, [](const auto& f) { return f.state != "same"; });
  return fail(Error{.code = Code::invalid,
                    .id = "evaluation.changed_archive",
                    .text = {fmt::format("{} 个文件与审计中的哈希不符。", wrong),
                             fmt::format("{} files are not what the audit says.", wrong)},
                    .subject = o.file});
}

Result<Detail> attach(System& s, const Actor& actor, const Named& o) {
  QS_TRY(auto id, id_of(s, o));
  std::error_code failed;
  auto size = std::filesystem::file_size(o.file, failed);
  if (failed)
    return fail(Error{.code = Code::not_found,
                      .id = "evaluation.file",
                      .text = {"打不开这个文件。", "That file cannot be opened."},
                      .subject = o.file});
  QS_CHECK(s.evaluations->check_attach(actor, id, o.item, size));
  QS_TRY(auto content, s.blobs->copy_in(o.file));
  return s.evaluations->attach(actor, id, o.item, file_name_of(o.file), content);
}

Result<Detail> save(System& s, const Actor& actor, const Named& o) {
  QS_TRY(auto id, id_of(s, o));
  QS_TRY(auto given, json_in(o.form));
  QS_TRY(auto edit, evaluation::edit_of(given));
  QS_TRY(auto now, s.evaluations->find(actor, id));
  return s.evaluations->save(actor, id, now.version.revision, edit);
}

using StepOf = std::function<Result<Detail>(System&, const Actor&, const Named&)>;

void add_steps(CLI::App& group, Common& common, Chosen& chosen, const std::shared_ptr<Named>& o,
               const std::function<CLI::App*(CLI::App*)>& of) {
  bool zh = common.lang == Lang::zh;
  auto step = [&](const char* name, const Text& text, StepOf run) {
    return of(add_command(group, common, chosen, name, text, [&common, o, run](System& s, const Actor& actor) -> Result<void> {
      QS_TRY(auto d, run(s, actor, *o));
      show(common, d);
      return {};
    }));
  };
  auto commented = [&](CLI::App* c) { c->add_option("--comment", o->comment, zh ? "意见或理由" : "Comment or reason"); };
  step("new", {"新建自评", "Make a self-evaluation"},
       [](System& s, const Actor& a, const Named& n) { return s.evaluations->create(a, n.department, n.year, n.project); });
  step("draw", {"重新取数", "Draw anew"}, [](System& s, const Actor& a, const Named& n) -> Result<Detail> {
    QS_TRY(auto id, id_of(s, n));
    QS_TRY(auto now, s.evaluations->find(a, id));
    return s.evaluations->draw(a, id, now.version.revision);
  });
  step("set", {"填写", "Enter"}, save)
      ->add_option("form", o->form,
                   zh ? "JSON 或 @文件，如 {\"reached\":\"…\",\"items\":[{\"id\":\"…\",\"cause\":\"…\"}]}"
                      : "JSON or @FILE such as {\"reached\":\"…\",\"items\":[{\"id\":\"…\",\"cause\":\"…\"}]}")
      ->required();
  auto* attached = step("attach", {"为一个指标上传佐证材料", "Attach evidence to an item"}, attach);
  attached->add_option("item", o->item, zh ? "指标的标识" : "The item's id")->required();
  attached->add_option("file", o->file, zh ? "文件" : "File")->required();
  using Decide = Result<Detail> (evaluation::Evaluations::*)(const Actor&, std::string_view, std::string_view);
  for (const auto& [name, text, run] :
       {std::tuple{"submit", Text{"提交审核", "Submit"}, static_cast<Decide>(&evaluation::Evaluations::submit)},
        {"return", Text{"退回", "Return"}, static_cast<Decide>(&evaluation::Evaluations::send_back)},
        {"approve", Text{"审定", "Approve"}, static_cast<Decide>(&evaluation::Evaluations::approve)},
        {"revise", Text{"更正已审定的自评", "Correct an approved one"}, static_cast<Decide>(&evaluation::Evaluations::revise)}})
    commented(step(name, text, [run](System& s, const Actor& a, const Named& n) -> Result<Detail> {
      QS_TRY(auto id, id_of(s, n));
      return ((*s.evaluations).*run)(a, id, n.comment);
    }));
}

}  // namespace

void add_evaluation_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group =
      app.add_subcommand("evaluation", zh ? "年终：预算执行和绩效监控、绩效自评" : "Year end: monitoring, self-evaluation");
  group->require_subcommand(1);
  auto o = std::make_shared<Named>();
  auto of = [=](CLI::App* c) {
    c->add_option("department", o->department, zh ? "部门的代码" : "The department's code")->required();
    c->add_option("year", o->year, zh ? "年份" : "Year")->required();
    c->add_option("--project", o->project, zh ? "项目编码；不写为部门整体" : "A project's code; otherwise the unit as a whole");
    return c;
  };
  auto version = [=](CLI::App* c) {
    c->add_option("--version", o->version, zh ? "版本，默认最新" : "Version; the newest by default");
    return c;
  };
  auto* watched = add_command(*group, common, chosen, "monitor", {"预算执行和绩效目标监控", "Execution and goals"},
                              [&common, o](System& s, const Actor& actor) { return monitor(s, actor, common, *o); });
  watched->add_option("year", o->year, zh ? "年份" : "Year")->required();
  watched->add_option("--department", o->department, zh ? "部门的代码" : "The department's code");
  auto* listed = add_command(*group, common, chosen, "list", {"绩效自评", "Self-evaluations"},
                             [&common, o](System& s, const Actor& actor) { return list(s, actor, common, *o); });
  listed->add_option("--department", o->department, zh ? "部门的代码" : "The department's code");
  listed->add_option("--year", o->year, zh ? "年份" : "Year");
  version(of(add_command(*group, common, chosen, "show", {"一份自评", "A self-evaluation"},
                         [&common, o](System& s, const Actor& actor) -> Result<void> {
                           QS_TRY(auto id, id_of(s, *o));
                           QS_TRY(auto d, s.evaluations->find(actor, id, o->version));
                           show(common, d);
                           return {};
                         })));
  add_steps(*group, common, chosen, o, of);
  version(of(add_command(*group, common, chosen, "print", {"打印自评表", "Print the form"},
                         [o](System& s, const Actor& actor) { return print_form(s, actor, *o); })))
      ->add_option("file", o->file, zh ? "PDF 或 XLSX 文件" : "PDF or XLSX file")
      ->required();
  auto* packed =
      version(of(add_command(*group, common, chosen, "archive",
                             {"导出上报材料压缩包，哈希记入审计", "Export everything as one zip, audited with its hashes"},
                             [&common, o](System& s, const Actor& actor) { return archive(s, actor, common, *o); })));
  packed->add_option("file", o->file, zh ? "ZIP 文件" : "ZIP file")->required();
  packed->add_flag("--all", o->all)->description(zh ? "部门整体连同各项目" : "The unit with its projects");
  add_command(*group, common, chosen, "verify", {"核对压缩包与审计中的哈希", "Check an archive against the audit's hashes"},
              [&common, o](System& s, const Actor& actor) { return verify(s, actor, common, *o); })
      ->add_option("file", o->file, zh ? "ZIP 文件" : "ZIP file")
      ->required();
}

}  // namespace qushu::app
