#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

Result<ingest::Pipeline> read_definition(const std::string& file) {
  QS_TRY(auto text, text_of_file(file, "pipeline.file", "FILE"));
  boost::system::error_code failed;
  auto document = json::parse(text, failed);
  if (failed || !document.is_object())
    return fail(Error{.code = Code::invalid,
                      .id = "pipeline.file",
                      .text = {fmt::format("{} 不是 JSON 对象。", file), fmt::format("{} is no JSON object.", file)},
                      .subject = "FILE"});
  return ingest::pipeline_of(document.as_object());
}

Text state_name(const std::string& state) {
  static const std::map<std::string, Text> names{{"queued", {"排队中", "queued"}},   {"running", {"进行中", "running"}},
                                                 {"waiting", {"待决定", "waiting"}}, {"succeeded", {"成功", "succeeded"}},
                                                 {"failed", {"失败", "failed"}},     {"cancelled", {"已取消", "cancelled"}}};
  auto found = names.find(state);
  return found == names.end() ? Text{state, state} : found->second;
}

void print_run(const ingest::Run& r, Lang lang) {
  auto n = [](std::uint64_t count) { return with_thousands(static_cast<std::int64_t>(count)); };
  bool zh = lang == Lang::zh;
  std::cout << (zh ? fmt::format("{} {}：读取 {} 行，新增 {}，变化 {}，删除 {}，未变 {}，剔除 {}，{}{}\n", r.pipeline_code,
                                 state_name(r.state).zh, n(r.read), n(r.added), n(r.changed), n(r.deleted), n(r.unchanged),
                                 n(r.rejected), human_bytes(r.bytes),
                                 r.version > 0 ? fmt::format("，第 {} 版", r.version) : "，没有新版本")
                   : fmt::format("{} {}: {} rows read, {} new, {} changed, {} deleted, {} unchanged, {} rejected, {}{}\n",
                                 r.pipeline_code, state_name(r.state).en, n(r.read), n(r.added), n(r.changed), n(r.deleted),
                                 n(r.unchanged), n(r.rejected), human_bytes(r.bytes),
                                 r.version > 0 ? fmt::format(", version {}", r.version) : ", no new version"));
  for (const auto& d : r.drifts)
    std::cout << fmt::format("  {} {}{}\n", ingest::name(d.kind), d.was.empty() ? "" : d.was + " → ", d.column);
}

// Runs the job that a run has, here, when nobody else does; then says how it went.
Result<void> follow(System& s, const Actor& actor, const Common& common, const std::string& id) {
  QS_TRY(auto made, s.pipelines->find_run(actor, id));
  ProgressLine line(common.lang);
  s.jobs->on_change([&](const jobs::Job& job) {
    if (job.id == made.job_id && !common.json) line.show(job);
  });
  SignalWatch watch([&] {
    if (auto asked = s.jobs->cancel(actor, made.job_id); !asked) std::cerr << asked.error().text.in(common.lang) << '\n';
  });
  QS_TRY(auto job, s.jobs->run_now(made.job_id));
  QS_TRY(auto run, s.pipelines->find_run(actor, id));
  if (common.json)
    print(ingest::to_json(run, common.lang));
  else
    print_run(run, common.lang);
  if (job.state == jobs::State::succeeded) return {};
  if (job.error) return fail(*job.error);
  return fail(Code::cancelled, "job.cancelled", "作业已取消。", "The job was cancelled.");
}

Result<void> list(System& s, const Actor& actor, const Common& common) {
  QS_TRY(auto all, s.pipelines->list(actor));
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : all) {
    out.emplace_back(ingest::to_json(p));
    QS_TRY(auto runs, s.pipelines->runs(actor, {.pipeline = p.code, .limit = 1}));
    rows.push_back({p.code, p.title, p.source, p.dataset, std::string(ingest::name(p.mode)),
                    runs.empty() ? "" : state_name(runs.front().state).in(common.lang), p.next_due ? to_iso(*p.next_due) : "",
                    p.enabled ? "" : (common.lang == Lang::zh ? "停用" : "off")});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh
                    ? std::vector<std::string>{"代码", "名称", "数据源", "数据集", "方式", "上次运行", "下次运行", ""}
                    : std::vector<std::string>{"code", "title", "source", "dataset", "mode", "last run", "next run", ""},
                rows);
  return {};
}

Result<void> list_runs(System& s, const Actor& actor, const Common& common, const std::string& code) {
  QS_TRY(auto runs, s.pipelines->runs(actor, {.pipeline = code, .limit = 50}));
  json::array out;
  for (const auto& r : runs) {
    out.emplace_back(ingest::to_json(r, common.lang));
    if (!common.json) {
      std::cout << r.id << "  " << to_iso(r.created) << "  ";
      print_run(r, common.lang);
    }
  }
  if (common.json) print(out);
  return {};
}

Result<void> show_trial(System& s, const Actor& actor, const Common& common, const std::string& file) {
  QS_TRY(auto p, read_definition(file));
  QS_TRY(auto trial, s.pipelines->attempt(actor, p));
  if (common.json) {
    print(ingest::to_json(trial, common.lang));
    return {};
  }
  std::vector<std::string> head;
  for (const auto& item : trial.items) head.push_back(item.name);
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : trial.rows) {
    std::vector<std::string> cells;
    for (const auto& cell : row.as_array())
      cells.emplace_back(cell.is_string() ? std::string(cell.as_string()) : std::string());
    rows.push_back(std::move(cells));
  }
  print_table(head, rows);
  std::cout << (common.lang == Lang::zh ? fmt::format("试读 {} 行，不合格 {} 行\n", trial.read, trial.misfit)
                                        : fmt::format("{} rows tried, {} do not fit\n", trial.read, trial.misfit));
  for (const auto& d : trial.drifts)
    std::cout << fmt::format("  {} {}{}\n", ingest::name(d.kind), d.was.empty() ? "" : d.was + " → ", d.column);
  return {};
}

Result<std::vector<ingest::Decision>> decisions_of(const std::vector<std::string>& pairs) {
  std::vector<ingest::Decision> out;
  for (const auto& pair : pairs) {
    auto equal = pair.find('=');
    if (equal == std::string::npos)
      return fail(Error{.code = Code::invalid,
                        .id = "cli.usage",
                        .text = {"应写成 列名=决定，如 street=add。", "Write column=verdict, such as street=add."},
                        .subject = pair});
    out.push_back({.column = pair.substr(0, equal), .verdict = pair.substr(equal + 1)});
  }
  return out;
}

struct Given {
  std::string code, file, id;
  std::vector<std::string> decisions;
  bool accept_loss = false;
  bool wait = false;
};

}  // namespace

void add_pipeline_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("pipeline", zh ? "归集任务" : "Pipelines");
  group->require_subcommand(1);
  auto given = std::make_shared<Given>();
  auto command = [&](const char* name, const char* zh_text, const char* en_text, Body body) {
    return add_command(*group, common, chosen, name, {zh_text, en_text}, std::move(body));
  };
  auto code = [&](CLI::App* c) { c->add_option("code", given->code, zh ? "归集任务代码" : "The pipeline's code")->required(); };
  auto file = [&](CLI::App* c) {
    c->add_option("file", given->file, zh ? "定义（JSON 文件）" : "Its definition (a JSON file)")->required();
  };
  auto run_id = [&](CLI::App* c) { c->add_option("run", given->id, zh ? "运行编号" : "The run's id")->required(); };

  command("list", "列出归集任务", "List pipelines", [&common](System& s, const Actor& a) { return list(s, a, common); });
  code(command("show", "查看定义", "Show a definition", [given](System& s, const Actor& a) -> Result<void> {
    QS_TRY(auto p, s.pipelines->find(a, given->code));
    print(ingest::to_json(p));
    return {};
  }));
  file(command("try", "试运行一个定义，不保存", "Try a definition; nothing is saved",
               [&common, given](System& s, const Actor& a) { return show_trial(s, a, common, given->file); }));
  file(command("add", "新增（先试运行）", "Add one, which is tried first", [given](System& s, const Actor& a) -> Result<void> {
    QS_TRY(auto p, read_definition(given->file));
    QS_TRY(auto made, s.pipelines->add(a, p));
    print(ingest::to_json(made));
    return {};
  }));
  auto* change = command("change", "修改", "Change one", [given](System& s, const Actor& a) -> Result<void> {
    QS_TRY(auto p, read_definition(given->file));
    QS_TRY(auto made, s.pipelines->change(a, given->code, p));
    print(ingest::to_json(made));
    return {};
  });
  code(change);
  file(change);
  code(command("run", "立即运行，显示进度", "Run now, with progress",
               [&common, given](System& s, const Actor& a) -> Result<void> {
                 QS_TRY(auto run, s.pipelines->run(a, given->code));
                 return follow(s, a, common, run.id);
               }));
  code(command("runs", "列出运行", "List its runs",
               [&common, given](System& s, const Actor& a) { return list_runs(s, a, common, given->code); }));
  run_id(command("cancel", "取消运行", "Cancel a run", [&common, given](System& s, const Actor& a) -> Result<void> {
    QS_TRY(auto run, s.pipelines->cancel(a, given->id));
    if (common.json) print(ingest::to_json(run, common.lang));
    return {};
  }));
  auto* decide = command("decide", "决定结构变化怎么处理，并继续运行", "Decide about schema drift, and go on",
                         [&common, given](System& s, const Actor& a) -> Result<void> {
                           QS_TRY(auto decisions, decisions_of(given->decisions));
                           QS_TRY(auto run, s.pipelines->decide(a, given->id, decisions, given->accept_loss));
                           return follow(s, a, common, run.id);
                         });
  run_id(decide);
  decide->add_option("decisions", given->decisions,
                     zh ? "列名=add|skip|rename|empty|retype|text|reject" : "column=add|skip|rename|empty|retype|text|reject");
  decide->add_flag("--accept-loss", given->accept_loss,
                   zh ? "确认数据集可以减少这么多行" : "The dataset may lose so many rows");
  for (auto [name, zh_text, en_text] :
       {std::tuple{"enable", "启用", "Enable one"}, std::tuple{"disable", "停用", "Disable one"},
        std::tuple{"forget", "忘掉增量位点，下次全部重读", "Forget the watermark; the next run reads everything"},
        std::tuple{"remove", "删除（数据集保留）", "Remove one; the dataset stays"}})
    code(command(name, zh_text, en_text, [given, what = std::string(name)](System& s, const Actor& a) -> Result<void> {
      if (what == "remove") return s.pipelines->remove(a, given->code);
      if (what == "forget") {
        QS_CHECK(s.pipelines->forget(a, given->code));
      } else {
        QS_CHECK(s.pipelines->enable(a, given->code, what == "enable"));
      }
      return {};
    }));
}

}  // namespace qushu::app
