#include "qushu/base/text.h"
#include "qushu/jobs/jobs.h"

namespace qushu::jobs {
namespace {

using http::Response;
namespace schema = http::schema;

http::Schema job_schema() {
  auto text = [] { return schema::text(); };
  return schema::object(
             {{"id", text()},
              {"kind", text()},
              {"title", text()},
              {"state", schema::choice({"queued", "running", "succeeded", "failed", "cancelled", "interrupted"})},
              {"output", schema::map(schema::any())},
              {"object_kind", text()},
              {"object_id", text()},
              {"person_id", text()},
              {"person_name", text()},
              {"department_id", text()},
              {"progress", schema::number().note("0 到 1", "0 to 1")},
              {"step", text()},
              {"done_units", schema::integer()},
              {"total_units", schema::integer()},
              {"unit", schema::choice({"rows", "bytes", ""})},
              {"attempts", schema::integer()},
              {"max_attempts", schema::integer()},
              {"created", schema::time()},
              {"changed", schema::time()},
              {"started", schema::time().nullable()},
              {"ended", schema::time().nullable()},
              {"run_after", schema::time().nullable()},
              {"cancel_asked", schema::boolean()},
              {"error", schema::object({{"code", text()}, {"id", text()}, {"text", text()}, {"subject", text()}}).nullable()}})
      .named("Job");
}

Result<Job> visible(const Jobs& jobs, const http::Request& request) {
  QS_TRY(auto job, jobs.find(request.param("id")));
  if (!may_see(request.actor, job)) return fail(Code::not_found, "job.not_found", "没有这个作业。", "There is no such job.");
  return job;
}

// Seeing a colleague's job is not stopping it.
Result<Job> own(const Jobs& jobs, const http::Request& request) {
  QS_TRY(auto job, visible(jobs, request));
  const auto& actor = request.actor;
  if (!actor.can(Permission::job_manage) && job.person_id != actor.person_id)
    return fail(Code::forbidden, "job.not_yours", "只能取消或重试自己的作业。",
                "You can cancel or retry only jobs of your own.");
  return job;
}

Result<Response> list(const Jobs& jobs, const http::Request& request) {
  Jobs::Filter filter;
  filter.object_kind = request.get("object_kind").value_or("");
  filter.object_id = request.get("object_id").value_or("");
  filter.kind = request.get("kind").value_or("");
  filter.before = request.get("after").value_or("");
  filter.limit = static_cast<std::size_t>(request.integer("limit", 50));
  if (auto state = request.get("state"))
    for (auto s : {State::queued, State::running, State::succeeded, State::failed, State::cancelled, State::interrupted})
      if (name(s) == *state) filter.state = s;
  if (!request.actor.can(Permission::job_manage)) {
    filter.departments = request.actor.departments;
    if (filter.departments.empty() || request.flag("mine")) filter.person_id = request.actor.person_id;
  } else if (request.flag("mine")) {
    filter.person_id = request.actor.person_id;
  }
  QS_TRY(auto found, jobs.list(filter));
  http::json::array out;
  for (const auto& job : found) out.emplace_back(to_json(job, request.lang()));
  auto next = found.size() == filter.limit ? found.back().id : std::string();
  return Response::ok(http::json::object{{"jobs", std::move(out)}, {"next", next}});
}

Result<Response> log_lines(const Jobs& jobs, const http::Request& request) {
  QS_TRY(auto job, visible(jobs, request));
  QS_TRY(auto lines, jobs.log(job.id, request.integer("after", 0), static_cast<std::size_t>(request.integer("limit", 500))));
  http::json::array out;
  for (const auto& line : lines)
    out.emplace_back(http::json::object{
        {"number", line.number}, {"at", to_iso(line.at)}, {"level", line.level}, {"text", line.text.in(request.lang())}});
  return Response::ok(http::json::object{{"lines", std::move(out)}});
}

}  // namespace

bool may_see(const Actor& actor, const Job& job) {
  return actor.can(Permission::job_manage) || (!job.person_id.empty() && job.person_id == actor.person_id) ||
         actor.in_department(job.department_id);
}

void add_routes(http::Router& router, Jobs& jobs, http::EventHub& hub) {
  using http::Method;
  router.add({.method = Method::get,
              .path = "/api/v1/jobs",
              .id = "job_list",
              .tag = "jobs",
              .summary = {"列出作业", "List jobs"},
              .who = http::may(Permission::account),
              .query = {{.name = "state",
                         .shape = schema::choice({"queued", "running", "succeeded", "failed", "cancelled", "interrupted"})},
                        {.name = "kind", .shape = schema::text()},
                        {.name = "object_kind", .shape = schema::text()},
                        {.name = "object_id", .shape = schema::text()},
                        {.name = "mine", .shape = schema::boolean(), .note = {"只看自己的", "Only one's own"}},
                        {.name = "after", .shape = schema::text(), .note = {"上一页的 next", "next of the page before"}},
                        {.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "50"}},
              .answer = schema::object({{"jobs", schema::array(job_schema())}, {"next", schema::text()}}),
              .handler = [&](http::Request& r) { return list(jobs, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/jobs/{id}",
              .id = "job_show",
              .tag = "jobs",
              .summary = {"查看作业", "Show a job"},
              .who = http::may(Permission::account),
              .answer = job_schema(),
              .errors = {Code::not_found},
              .handler = [&](http::Request& r) -> Result<Response> {
                QS_TRY(auto job, visible(jobs, r));
                return Response::ok(to_json(job, r.lang()));
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/jobs/{id}/log",
              .id = "job_log",
              .tag = "jobs",
              .summary = {"查看作业日志", "Show the log of a job"},
              .who = http::may(Permission::account),
              .query = {{.name = "after", .shape = schema::integer().range(0, INT64_MAX), .otherwise = "0"},
                        {.name = "limit", .shape = schema::integer().range(1, 5000), .otherwise = "500"}},
              .answer = schema::object({{"lines", schema::array(schema::object({{"number", schema::integer()},
                                                                                {"at", schema::time()},
                                                                                {"level", schema::text()},
                                                                                {"text", schema::text()}}))}}),
              .errors = {Code::not_found},
              .handler = [&](http::Request& r) { return log_lines(jobs, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/jobs/{id}/cancel",
              .id = "job_cancel",
              .tag = "jobs",
              .summary = {"取消作业", "Cancel a job"},
              .who = http::may(Permission::account),
              .answer = job_schema(),
              .errors = {Code::not_found, Code::conflict},
              .handler = [&](http::Request& r) -> Result<Response> {
                QS_TRY(auto job, own(jobs, r));
                QS_TRY(auto now, jobs.cancel(r.actor, job.id));
                return Response::ok(to_json(now, r.lang()));
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/jobs/{id}/retry",
              .id = "job_retry",
              .tag = "jobs",
              .summary = {"重试作业", "Try a job again"},
              .who = http::may(Permission::account),
              .answer = job_schema(),
              .errors = {Code::not_found, Code::conflict},
              .handler = [&](http::Request& r) -> Result<Response> {
                QS_TRY(auto job, own(jobs, r));
                QS_TRY(auto now, jobs.retry(r.actor, job.id));
                return Response::ok(to_json(now, r.lang()));
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/events",
              .id = "events",
              .tag = "jobs",
              .summary = {"实时事件（服务器推送）", "Live events (server-sent events)"},
              .who = http::may(Permission::account),
              .answer_types = {"text/event-stream"},
              .handler = [&](http::Request&) -> Result<Response> { return Response::events(hub); }});
  jobs.on_change([&hub](const Job& job) {
    if (hub.listeners() == 0) return;
    for (auto lang : {Lang::zh, Lang::en})
      hub.publish("job", to_json(job, lang), [&](const Actor& actor) { return actor.lang == lang && may_see(actor, job); });
  });
}

}  // namespace qushu::jobs
