#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "document.h"
#include "pipeline_store.h"

namespace qushu::ingest {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

constexpr std::size_t kRecent = 20;  // runs that a pipeline's success rate is made of

struct Context {
  Pipelines& pipelines;
  jobs::Jobs& jobs;
  const calendar::Calendar& calendar;
};

// With what the overview shows of it: when it runs, in words, how the last run went, and how many of the last ones went well.
Result<json::object> shown(const Context& c, const Request& r, const Pipeline& p) {
  auto out = to_json(p);
  auto home = c.calendar.zone().name();
  json::array when;
  for (const auto& w : p.schedules) {
    auto made = calendar::Schedule::make(w.cron, w.zone.empty() ? home : w.zone, w.days);
    if (made) when.emplace_back(made->explain(home).in(r.lang()));
  }
  out["when"] = std::move(when);
  QS_TRY(auto runs, c.pipelines.runs(r.actor, {.pipeline = p.code, .limit = kRecent}));
  std::int64_t ended = 0, good = 0;
  for (const auto& run : runs) {
    ended += run.state == "succeeded" || run.state == "failed" ? 1 : 0;
    good += run.state == "succeeded" ? 1 : 0;
  }
  out["last_run"] = runs.empty() ? json::value(nullptr) : json::value(to_json(runs.front(), r.lang()));
  out["ended"] = ended;
  out["succeeded"] = good;
  return out;
}

http::Schema pipeline_schema() {
  return schema::map(schema::any()).named("Pipeline");
}
http::Schema run_schema() {
  return schema::map(schema::any()).named("Run");
}
http::Schema definition_schema() {
  auto any = [] { return schema::any().optional(); };
  return schema::object({{"code", schema::text().note("归集任务代码", "The pipeline's code")},
                         {"title", schema::text()},
                         {"department_id", any()},
                         {"source", schema::text().note("数据源代码", "The source's code")},
                         {"selection", schema::map(schema::any())
                                           .optional()
                                           .note("schema、table、query 或 pattern", "schema, table, query or pattern")},
                         {"dataset", schema::text().note("数据集代码，没有则由第一次运行建立",
                                                         "The dataset's code; the first run adds it")},
                         {"entry", any()},
                         {"mode", schema::choice({"full", "append", "upsert", "incremental"})},
                         {"delete_missing", any()},
                         {"watermark", any()},
                         {"fields", any()},
                         {"file", any()},
                         {"steps", any()},
                         {"schedules", any()},
                         {"after", any()},
                         {"on_datasets", any()},
                         {"on_arrival", any()},
                         {"drift", schema::choice({"ask", "add", "text"}).optional()},
                         {"enabled", any()},
                         {"changed", schema::text().optional().note("修改时：读到的 changed；此后被改过就不保存",
                                                                    "Of a change: `changed` as it was read; nothing is saved "
                                                                    "when it has been changed since")},
                         {"attempts", any()},
                         {"retry_pause", any()}})
      .named("PipelineDefinition");
}

Result<Pipeline> given(const Request& r) {
  auto document = r.body.as_object();
  document.erase("changed");
  return pipeline_of(document);
}

http::Route base(Method method, std::string path, std::string id, Text summary, Permission who) {
  return {.method = method,
          .path = std::move(path),
          .id = std::move(id),
          .tag = "pipelines",
          .summary = std::move(summary),
          .who = http::may(who)};
}

void add_definition_routes(http::Router& router, const Context& c) {
  auto list =
      base(Method::get, "/api/v1/pipelines", "pipeline_list", {"列出归集任务", "List pipelines"}, Permission::dataset_write);
  list.answer = schema::object({{"pipelines", schema::array(pipeline_schema())}});
  list.handler = [c](Request& r) -> Result<Response> {
    QS_TRY(auto all, c.pipelines.list(r.actor));
    json::array out;
    for (const auto& p : all) {
      QS_TRY(auto one, shown(c, r, p));
      out.emplace_back(std::move(one));
    }
    return Response::ok(json::object{{"pipelines", std::move(out)}});
  };
  router.add(std::move(list));

  auto add =
      base(Method::post, "/api/v1/pipelines", "pipeline_add",
           {"新增归集任务（先试运行，不通过不保存）", "Add a pipeline, which is tried first"}, Permission::dataset_write);
  add.body = definition_schema();
  add.answer = pipeline_schema();
  add.answer_status = 201;
  add.errors = {Code::invalid, Code::conflict, Code::not_found, Code::unavailable};
  add.handler = [c](Request& r) -> Result<Response> {
    QS_TRY(auto p, given(r));
    QS_TRY(auto made, c.pipelines.add(r.actor, p));
    QS_TRY(auto out, shown(c, r, made));
    return Response::ok(out, 201);
  };
  router.add(std::move(add));

  auto attempt = base(Method::post, "/api/v1/pipelines/try", "pipeline_try",
                      {"试运行一个归集任务的定义，不保存", "Try a definition; nothing is saved"}, Permission::dataset_write);
  attempt.body = definition_schema();
  attempt.answer = schema::map(schema::any());
  attempt.errors = {Code::invalid, Code::not_found, Code::unavailable};
  attempt.handler = [c](Request& r) -> Result<Response> {
    QS_TRY(auto p, given(r));
    QS_TRY(auto trial, c.pipelines.attempt(r.actor, p));
    return Response::ok(to_json(trial, r.lang()));
  };
  router.add(std::move(attempt));

  auto show = base(Method::get, "/api/v1/pipelines/{code}", "pipeline_show", {"查看归集任务", "Show a pipeline"},
                   Permission::dataset_write);
  show.answer = pipeline_schema();
  show.errors = {Code::not_found};
  show.handler = [c](Request& r) -> Result<Response> {
    QS_TRY(auto p, c.pipelines.find(r.actor, r.param("code")));
    QS_TRY(auto out, shown(c, r, p));
    return Response::ok(out);
  };
  router.add(std::move(show));

  auto change = base(Method::put, "/api/v1/pipelines/{code}", "pipeline_change", {"修改归集任务", "Change a pipeline"},
                     Permission::dataset_write);
  change.body = definition_schema();
  change.answer = pipeline_schema();
  change.errors = {Code::invalid, Code::conflict, Code::not_found, Code::unavailable};
  change.handler = [c](Request& r) -> Result<Response> {
    QS_TRY(auto p, given(r));
    std::optional<Time> seen;
    if (auto text = text_at(r.body.as_object(), "changed"); !text.empty()) {
      seen = parse_iso(text);
      if (!seen) return fail(wrong_member("changed", "应是读到的时间", "must be the time that was read"));
    }
    QS_TRY(auto now, c.pipelines.change(r.actor, r.param("code"), p, seen));
    QS_TRY(auto out, shown(c, r, now));
    return Response::ok(out);
  };
  router.add(std::move(change));

  auto remove = base(Method::del, "/api/v1/pipelines/{code}", "pipeline_remove",
                     {"删除归集任务（数据集保留）", "Remove a pipeline; the dataset stays"}, Permission::dataset_write);
  remove.answer_status = 204;
  remove.errors = {Code::conflict, Code::not_found};
  remove.handler = [c](Request& r) -> Result<Response> {
    QS_CHECK(c.pipelines.remove(r.actor, r.param("code")));
    return Response::no_content();
  };
  router.add(std::move(remove));
}

void add_verb_routes(http::Router& router, const Context& c) {
  using Act = std::function<Result<Pipeline>(Pipelines&, const Actor&, const std::string&)>;
  auto verb = [&](std::string name, Text summary, Act act) {
    auto route = base(Method::post, "/api/v1/pipelines/{code}/" + name, "pipeline_" + name, std::move(summary),
                      Permission::dataset_write);
    route.answer = pipeline_schema();
    route.errors = {Code::not_found};
    route.handler = [c, act = std::move(act)](Request& r) -> Result<Response> {
      QS_TRY(auto p, act(c.pipelines, r.actor, r.param("code")));
      QS_TRY(auto out, shown(c, r, p));
      return Response::ok(out);
    };
    router.add(std::move(route));
  };
  verb("enable", {"启用归集任务", "Enable a pipeline"},
       [](Pipelines& p, const Actor& a, const std::string& code) { return p.enable(a, code, true); });
  verb("disable", {"停用归集任务", "Disable a pipeline"},
       [](Pipelines& p, const Actor& a, const std::string& code) { return p.enable(a, code, false); });
  verb("forget",
       {"忘掉增量位点和读过的文件，下次全部重读", "Forget the watermark and the files: the next run reads everything"},
       [](Pipelines& p, const Actor& a, const std::string& code) { return p.forget(a, code); });

  auto run =
      base(Method::post, "/api/v1/pipelines/{code}/run", "pipeline_run", {"立即运行", "Run now"}, Permission::dataset_write);
  run.answer = run_schema();
  run.answer_status = 202;
  run.errors = {Code::not_found, Code::conflict};
  run.handler = [c](Request& r) -> Result<Response> {
    QS_TRY(auto made, c.pipelines.run(r.actor, r.param("code")));
    return Response::ok(to_json(made, r.lang()), 202);
  };
  router.add(std::move(run));
}

Result<Response> run_list(const Context& c, Request& r) {
  Pipelines::Filter filter{.pipeline = r.get("pipeline").value_or(""),
                           .state = r.get("state").value_or(""),
                           .before = r.get("after").value_or(""),
                           .limit = static_cast<std::size_t>(r.integer("limit", 50))};
  QS_TRY(auto list, c.pipelines.runs(r.actor, filter));
  json::array out;
  for (const auto& run : list) out.emplace_back(to_json(run, r.lang()));
  return Response::ok(
      json::object{{"runs", std::move(out)}, {"next", list.size() == filter.limit ? list.back().id : std::string()}});
}

Result<Response> run_show(const Context& c, Request& r) {
  QS_TRY(auto run, c.pipelines.find_run(r.actor, r.param("id")));
  auto out = to_json(run, r.lang());
  out["job"] = nullptr;
  if (auto job = c.jobs.find(run.job_id)) out["job"] = jobs::to_json(*job, r.lang());
  json::array lines;
  if (auto log = c.jobs.log(run.job_id, 0, 500))
    for (const auto& line : *log)
      lines.emplace_back(json::object{{"at", to_iso(line.at)}, {"level", line.level}, {"text", line.text.in(r.lang())}});
  out["log"] = std::move(lines);
  return Response::ok(out);
}

void add_run_routes(http::Router& router, const Context& c) {
  auto list = base(Method::get, "/api/v1/runs", "run_list", {"列出运行", "List runs"}, Permission::dataset_write);
  list.query = {
      {.name = "pipeline", .shape = schema::text()},
      {.name = "state", .shape = schema::choice({"queued", "running", "waiting", "succeeded", "failed", "cancelled"})},
      {.name = "after", .shape = schema::text(), .note = {"上一页的 next", "next of the page before"}},
      {.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "50"}};
  list.answer = schema::object({{"runs", schema::array(run_schema())}, {"next", schema::text()}});
  list.handler = [c](Request& r) { return run_list(c, r); };
  router.add(std::move(list));

  auto show = base(Method::get, "/api/v1/runs/{id}", "run_show", {"查看运行，含日志", "Show a run with its log"},
                   Permission::dataset_write);
  show.answer = run_schema();
  show.errors = {Code::not_found};
  show.handler = [c](Request& r) { return run_show(c, r); };
  router.add(std::move(show));

  auto cancel =
      base(Method::post, "/api/v1/runs/{id}/cancel", "run_cancel", {"取消运行", "Cancel a run"}, Permission::dataset_write);
  cancel.answer = run_schema();
  cancel.errors = {Code::not_found, Code::conflict};
  cancel.handler = [c](Request& r) -> Result<Response> {
    QS_TRY(auto run, c.pipelines.cancel(r.actor, r.param("id")));
    return Response::ok(to_json(run, r.lang()));
  };
  router.add(std::move(cancel));

  auto decide = base(Method::post, "/api/v1/runs/{id}/decide", "run_decide",
                     {"决定结构变化怎么处理，运行从保存的数据继续", "Decide about schema drift; the run goes on"},
                     Permission::dataset_write);
  decide.body = schema::object(
      {{"decisions", schema::array(schema::object(
                         {{"column", schema::text()},
                          {"verdict", schema::text().length(1, 300).note(
                                          "add、skip、rename（或 rename:原列名）、empty、retype、text、reject",
                                          "add, skip, rename (or rename:old column), empty, retype, text, reject")}}))},
       {"accept_loss", schema::boolean().optional().note("确认数据可以减少这么多", "So many rows may go")}});
  decide.answer = run_schema();
  decide.errors = {Code::not_found, Code::conflict, Code::invalid};
  decide.handler = [c](Request& r) -> Result<Response> {
    std::vector<Decision> decisions;
    for (const auto& d : r.body.at("decisions").as_array())
      decisions.push_back({.column = text_at(d.as_object(), "column"), .verdict = text_at(d.as_object(), "verdict")});
    QS_TRY(auto run, c.pipelines.decide(r.actor, r.param("id"), decisions, flag_at(r.body.as_object(), "accept_loss")));
    return Response::ok(to_json(run, r.lang()));
  };
  router.add(std::move(decide));
}

}  // namespace

void add_pipeline_routes(http::Router& router, Pipelines& pipelines, jobs::Jobs& jobs, const calendar::Calendar& calendar) {
  Context c{.pipelines = pipelines, .jobs = jobs, .calendar = calendar};
  add_definition_routes(router, c);
  add_verb_routes(router, c);
  add_run_routes(router, c);
}

}  // namespace qushu::ingest
