// Harvests over HTTP.
#include "qushu/base/json.h"
#include "qushu/opendata/harvest.h"

namespace qushu::opendata {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

http::Schema run_schema() {
  auto count = [] { return schema::integer(); };
  return schema::object({{"id", schema::text()},
                         {"harvest", schema::text()},
                         {"job_id", schema::text()},
                         {"cause", schema::choice({"manual", "schedule"})},
                         {"state", schema::text()},
                         {"person_name", schema::text()},
                         {"seen", count()},
                         {"created", count()},
                         {"changed", count()},
                         {"unchanged", count()},
                         {"gone", count()},
                         {"failed", count()},
                         {"whole", schema::boolean()},
                         {"error", schema::text().nullable()},
                         {"begun", schema::time()},
                         {"ended", schema::time().nullable()}})
      .named("HarvestRun");
}

http::Schema harvest_schema() {
  return schema::object({{"id", schema::text()},
                         {"code", schema::text()},
                         {"title", schema::text()},
                         {"kind", schema::choice({"ckan", "dcat"})},
                         {"address", schema::text()},
                         {"department_id", schema::text()},
                         {"department_name", schema::text()},
                         {"owner_name", schema::text()},
                         {"enabled", schema::boolean()},
                         {"cron", schema::text()},
                         {"days", schema::text()},
                         {"next_due", schema::time().nullable()},
                         {"entries", schema::integer()},
                         {"gone", schema::integer()},
                         {"last", run_schema().nullable()},
                         {"created", schema::time()},
                         {"changed", schema::time()}})
      .named("Harvest");
}

std::vector<http::Member> members() {
  auto text = [](std::size_t max) { return schema::text().length(0, max).optional(); };
  return {{"title", schema::text().length(1, 200)},
          {"address", schema::text().length(1, 1000)},
          {"department", text(64)},
          {"enabled", schema::boolean().optional()},
          {"cron", text(200)},
          {"days", schema::choice({"every", "working", "first_working"}).optional()}};
}

Harvest harvest_of(const json::object& o) {
  Harvest h{.id = {},
            .code = text_at(o, "code"),
            .title = text_at(o, "title"),
            .kind = text_at(o, "kind"),
            .address = text_at(o, "address"),
            .department_id = text_at(o, "department"),
            .cron = text_at(o, "cron")};
  if (auto days = text_at(o, "days"); !days.empty()) h.days = days;
  if (const auto* enabled = o.if_contains("enabled")) h.enabled = enabled->as_bool();
  return h;
}

http::Route base(Method method, std::string path, std::string id, Text summary) {
  return {.method = method,
          .path = std::move(path),
          .id = std::move(id),
          .tag = "open",
          .summary = std::move(summary),
          .who = http::may(Permission::dataset_write),
          .errors = {Code::not_found, Code::invalid, Code::conflict}};
}

void add_definitions(http::Router& router, Harvests& harvests) {
  auto list = base(Method::get, "/api/v1/open/harvests", "harvest_list", {"列出目录采集", "List the harvests"});
  list.answer = schema::object({{"harvests", schema::array(harvest_schema())}});
  list.handler = [&harvests](Request& r) -> Result<Response> {
    QS_TRY(auto all, harvests.list(r.actor));
    json::array out;
    for (const auto& h : all) out.emplace_back(to_json(h, r.lang()));
    return Response::ok(json::object{{"harvests", std::move(out)}});
  };
  router.add(std::move(list));
  auto add = base(Method::post, "/api/v1/open/harvests", "harvest_add",
                  {"新增目录采集（CKAN 站点或 DCAT 目录）", "Add a harvest of a CKAN site or a DCAT catalogue"});
  auto all = members();
  all.push_back({"code", schema::text().length(1, 63)});
  all.push_back({"kind", schema::choice({"ckan", "dcat"})});
  add.body = schema::object(std::move(all));
  add.answer = harvest_schema();
  add.answer_status = 201;
  add.handler = [&harvests](Request& r) -> Result<Response> {
    QS_TRY(auto made, harvests.add(r.actor, harvest_of(r.body.as_object())));
    return Response::ok(to_json(made, r.lang()), 201);
  };
  router.add(std::move(add));
  auto show = base(Method::get, "/api/v1/open/harvests/{code}", "harvest_show", {"查看目录采集", "Show a harvest"});
  show.answer = harvest_schema();
  show.handler = [&harvests](Request& r) -> Result<Response> {
    QS_TRY(auto h, harvests.find(r.actor, r.param("code")));
    return Response::ok(to_json(h, r.lang()));
  };
  router.add(std::move(show));
  auto change = base(Method::put, "/api/v1/open/harvests/{code}", "harvest_change",
                     {"修改目录采集，没有给出的恢复默认", "Write a harvest anew; what is not given is as by default"});
  change.body = schema::object(members());
  change.answer = harvest_schema();
  change.handler = [&harvests](Request& r) -> Result<Response> {
    QS_TRY(auto h, harvests.change(r.actor, r.param("code"), harvest_of(r.body.as_object())));
    return Response::ok(to_json(h, r.lang()));
  };
  router.add(std::move(change));
  auto remove = base(Method::del, "/api/v1/open/harvests/{code}", "harvest_remove",
                     {"删除目录采集，采集到的目录条目保留", "Remove a harvest; the entries that it made stay"});
  remove.answer_status = 204;
  remove.handler = [&harvests](Request& r) -> Result<Response> {
    QS_CHECK(harvests.remove(r.actor, r.param("code")));
    return Response::no_content();
  };
  router.add(std::move(remove));
}

void add_runs(http::Router& router, Harvests& harvests) {
  auto run = base(Method::post, "/api/v1/open/harvests/{code}/runs", "harvest_run", {"立即采集", "Harvest now"});
  run.answer = run_schema();
  run.answer_status = 201;
  run.handler = [&harvests](Request& r) -> Result<Response> {
    QS_TRY(auto made, harvests.run(r.actor, r.param("code")));
    return Response::ok(to_json(made, r.lang()), 201);
  };
  router.add(std::move(run));
  auto runs =
      base(Method::get, "/api/v1/open/harvests/{code}/runs", "harvest_runs", {"采集的历次运行", "The runs of a harvest"});
  runs.query = {{.name = "limit", .shape = schema::integer().range(1, 200), .otherwise = "20"}};
  runs.answer = schema::object({{"runs", schema::array(run_schema())}});
  runs.handler = [&harvests](Request& r) -> Result<Response> {
    QS_TRY(auto all, harvests.runs(r.actor, r.param("code"), static_cast<std::size_t>(r.integer("limit", 20))));
    json::array out;
    for (const auto& one : all) out.emplace_back(to_json(one, r.lang()));
    return Response::ok(json::object{{"runs", std::move(out)}});
  };
  router.add(std::move(runs));
  auto show = base(Method::get, "/api/v1/open/harvest-runs/{id}", "harvest_run_show",
                   {"一次采集和没有采集到的数据集", "A run, and the datasets that could not be brought in"});
  auto failure = schema::object({{"remote_id", schema::text()}, {"title", schema::text()}, {"why", schema::text()}});
  show.answer = schema::object({{"run", run_schema()}, {"failures", schema::array(failure)}});
  show.handler = [&harvests](Request& r) -> Result<Response> {
    QS_TRY(auto found, harvests.find_run(r.actor, r.param("id")));
    json::array failures;
    for (const auto& f : found.second)
      failures.emplace_back(json::object{{"remote_id", f.remote_id}, {"title", f.title}, {"why", f.text.in(r.lang())}});
    return Response::ok(json::object{{"run", to_json(found.first, r.lang())}, {"failures", std::move(failures)}});
  };
  router.add(std::move(show));
  auto entries = base(Method::get, "/api/v1/open/harvests/{code}/entries", "harvest_entries",
                      {"采集到的数据集", "The datasets that were brought in"});
  entries.query = {{.name = "gone", .shape = schema::boolean(), .note = {"只列对方已没有的", "Only those that are gone"}},
                   {.name = "after", .shape = schema::text()},
                   {.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "100"}};
  auto file = schema::object({{"title", schema::text()}, {"format", schema::text()}, {"url", schema::text()}});
  auto entry = schema::object({{"remote_id", schema::text()},
                               {"dataset", schema::text()},
                               {"title", schema::text()},
                               {"page", schema::text()},
                               {"outcome", schema::text()},
                               {"files", schema::array(file)},
                               {"first", schema::time()},
                               {"seen", schema::time()},
                               {"gone", schema::time().nullable()}})
                   .named("HarvestedEntry");
  entries.answer = schema::object({{"entries", schema::array(entry)}, {"next", schema::text()}});
  entries.handler = [&harvests](Request& r) -> Result<Response> {
    auto limit = static_cast<std::size_t>(r.integer("limit", 100));
    QS_TRY(auto all, harvests.entries(r.actor, r.param("code"), r.flag("gone"), r.get("after").value_or(""), limit));
    json::array out;
    for (const auto& one : all) out.emplace_back(to_json(one));
    return Response::ok(
        json::object{{"entries", std::move(out)}, {"next", all.size() == limit ? all.back().remote_id : std::string()}});
  };
  router.add(std::move(entries));
}

}  // namespace

json::object to_json(const HarvestRun& r, Lang lang) {
  return {{"id", r.id},
          {"harvest", r.harvest_id},
          {"job_id", r.job_id},
          {"cause", r.cause},
          {"state", r.state},
          {"person_name", r.person_name},
          {"seen", r.counts.seen},
          {"created", r.counts.created},
          {"changed", r.counts.changed},
          {"unchanged", r.counts.unchanged},
          {"gone", r.counts.gone},
          {"failed", r.counts.failed},
          {"whole", r.whole},
          {"error", r.error ? json::value(r.error->in(lang)) : json::value(nullptr)},
          {"begun", to_iso(r.created)},
          {"ended", time_or_null(r.ended)}};
}

json::object to_json(const Harvest& h, Lang lang) {
  return {{"id", h.id},
          {"code", h.code},
          {"title", h.title},
          {"kind", h.kind},
          {"address", h.address},
          {"department_id", h.department_id},
          {"department_name", h.department_name},
          {"owner_name", h.owner_name},
          {"enabled", h.enabled},
          {"cron", h.cron},
          {"days", h.days},
          {"next_due", time_or_null(h.next_due)},
          {"entries", h.entries},
          {"gone", h.gone},
          {"last", h.last ? json::value(to_json(*h.last, lang)) : json::value(nullptr)},
          {"created", to_iso(h.created)},
          {"changed", to_iso(h.changed)}};
}

json::object to_json(const HarvestedEntry& e) {
  return {{"remote_id", e.remote_id}, {"dataset", e.dataset},   {"title", e.title},
          {"page", e.page},           {"outcome", e.outcome},   {"files", e.files},
          {"first", to_iso(e.first)}, {"seen", to_iso(e.seen)}, {"gone", time_or_null(e.gone)}};
}

void add_harvest_routes(http::Router& router, Harvests& harvests) {
  add_definitions(router, harvests);
  add_runs(router, harvests);
}

}  // namespace qushu::opendata
