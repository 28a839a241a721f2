// Jobs: listed, watched, cancelled, tried again.
#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

Text shown(jobs::State state) {
  switch (state) {
    case jobs::State::queued:
      return {"排队", "queued"};
    case jobs::State::running:
      return {"运行中", "running"};
    case jobs::State::succeeded:
      return {"成功", "succeeded"};
    case jobs::State::failed:
      return {"失败", "failed"};
    case jobs::State::cancelled:
      return {"已取消", "cancelled"};
    case jobs::State::interrupted:
      return {"已中断", "interrupted"};
  }
  return {};
}

}  // namespace

void add_job_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("job", zh ? "作业" : "Jobs");
  group->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  auto show_jobs = [&common, zh](const std::vector<jobs::Job>& list) {
    json::array out;
    std::vector<std::vector<std::string>> rows;
    for (const auto& j : list) {
      out.emplace_back(jobs::to_json(j, common.lang));
      rows.push_back({j.id, j.title.in(common.lang), shown(j.state).in(common.lang), fmt::format("{:.0f}%", j.progress * 100),
                      j.person_name, short_time(j.created), j.error ? j.error->text.in(common.lang) : ""});
    }
    if (common.json)
      print(out);
    else
      print_table(zh ? std::vector<std::string>{"编号", "作业", "状态", "进度", "人员", "时间", "错误"}
                     : std::vector<std::string>{"id", "job", "state", "progress", "by", "at", "error"},
                  rows);
  };
  auto* list = group->add_subcommand("list", zh ? "列出作业" : "List jobs");
  list->callback([&, show_jobs] {
    chosen.action = [&, show_jobs] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        jobs::Jobs::Filter filter{.limit = 50};
        if (!actor.can(Permission::job_manage)) filter.departments = actor.departments;
        QS_TRY(auto found, s.jobs->list(filter));
        show_jobs(found);
        return {};
      });
    };
  });
  struct Verb {
    const char* name;
    Text text;
    Result<jobs::Job> (*run)(System&, const Actor&, const std::string&);
  };
  static const std::array kVerbs{
      Verb{"show", {"查看作业", "Show a job"}, [](System& s, const Actor&, const std::string& j) { return s.jobs->find(j); }},
      Verb{"cancel",
           {"取消作业", "Cancel a job"},
           [](System& s, const Actor& a, const std::string& j) { return s.jobs->cancel(a, j); }},
      Verb{"retry",
           {"重试作业并等待结束", "Try a job again and wait for it"},
           [](System& s, const Actor& a, const std::string& j) -> Result<jobs::Job> {
             QS_CHECK(s.jobs->retry(a, j));
             return s.jobs->run_now(j);
           }}};
  for (const auto& verb : kVerbs) {
    auto* c = group->add_subcommand(verb.name, verb.text.in(common.lang));
    c->add_option("id", *id, zh ? "作业编号" : "The job's id")->required();
    c->callback([&, id, show_jobs, run = verb.run] {
      chosen.action = [&, id, show_jobs, run] {
        return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
          QS_TRY(auto seen, s.jobs->find(*id));
          if (!jobs::may_see(actor, seen))
            return fail(Code::not_found, "job.not_found", "没有这个作业。", "There is no such job.");
          QS_TRY(auto job, run(s, actor, *id));
          if (common.json)
            print(jobs::to_json(job, common.lang));
          else
            show_jobs({job});
          return {};
        });
      };
    });
  }
  auto* log = group->add_subcommand("log", zh ? "查看作业日志" : "Show a job's log");
  log->add_option("id", *id, zh ? "作业编号" : "The job's id")->required();
  log->callback([&, id] {
    chosen.action = [&, id] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto seen, s.jobs->find(*id));
        if (!jobs::may_see(actor, seen))
          return fail(Code::not_found, "job.not_found", "没有这个作业。", "There is no such job.");
        QS_TRY(auto lines, s.jobs->log(*id, 0, 10000));
        json::array out;
        for (const auto& l : lines) {
          if (common.json)
            out.emplace_back(
                json::object{{"number", l.number}, {"at", to_iso(l.at)}, {"level", l.level}, {"text", l.text.in(common.lang)}});
          else
            std::cout << fmt::format("{}  {:<5}  {}\n", to_iso(l.at).substr(0, 19), l.level, l.text.in(common.lang));
        }
        if (common.json) print(out);
        return {};
      });
    };
  });
}

}  // namespace qushu::app
