#include <algorithm>

#include <fmt/format.h>

#include "qushu/http/server.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace schema = http::schema;
namespace json = http::json;
using http::Request;
using http::Response;

// Correction tickets that she has to answer or confirm, the most urgent first, and publications that were stopped.
Result<void> add_quality(System& s, const Actor& actor, Lang lang, json::array& out) {
  if (!actor.can(Permission::dataset_read)) return {};
  QS_TRY(auto corrections, s.corrections->waiting(actor));
  for (const auto& c : corrections) {
    Text detail{"已答复，等待您确认", "Answered: waits for you to confirm"};
    if (c.standing && c.late)
      detail = {fmt::format("校核已逾期 {} 个工作日", -c.standing->left),
                fmt::format("Correction {} working days late", -c.standing->left)};
    else if (c.standing)
      detail = {fmt::format("校核剩余 {} 个工作日", c.standing->left),
                fmt::format("Correction: {} working days left", c.standing->left)};
    out.emplace_back(json::object{{"kind", c.standing && c.late ? "correction_late" : "correction"},
                                  {"title", fmt::format("{} #{}", c.dataset_title, c.number)},
                                  {"detail", detail.in(lang)},
                                  {"link", "/corrections/" + c.id},
                                  {"at", to_iso(c.changed)}});
  }
  QS_TRY(auto stopped, s.quality->stopped(actor));
  for (const auto& check : stopped) {
    QS_TRY(auto dataset, s.catalog->find({.all = true}, check.dataset_id));
    out.emplace_back(
        json::object{{"kind", "quality_stopped"},
                     {"title", dataset.title},
                     {"detail", Text{"未通过质量规则，等待处理", "Stopped by quality rules: waits for a decision"}.in(lang)},
                     {"link", "/datasets/" + dataset.code + "?tab=quality"},
                     {"at", to_iso(check.at)}});
  }
  return {};
}

// Sharing requests that she has to decide or complete, the most urgent first.
Result<void> add_sharing(System& s, const Actor& actor, Lang lang, json::array& out) {
  if (!actor.can(Permission::dataset_read)) return {};
  QS_TRY(auto requests, s.requests->waiting(actor));
  for (const auto& r : requests) {
    auto detail = r.state == sharing::RequestState::asking ? Text{"共享申请待本部门审核", "Sharing request waits for approval"}
                  : r.state == sharing::RequestState::confirming
                      ? Text{"共享申请待主管部门复核", "Sharing request waits for the authority"}
                  : r.state == sharing::RequestState::returned ? Text{"共享申请待补正", "Sharing request is to be completed"}
                                                               : Text{"共享申请待答复", "Sharing request is to be answered"};
    if (r.standing && r.late)
      detail = {fmt::format("共享申请答复已逾期 {} 个工作日", std::max(1, -r.standing->left)),
                fmt::format("Answer to a sharing request {} working days late", std::max(1, -r.standing->left))};
    else if (r.standing)
      detail = {fmt::format("{}，剩余 {} 个工作日", detail.zh, r.standing->left),
                fmt::format("{}: {} working days left", detail.en, r.standing->left)};
    out.emplace_back(json::object{{"kind", r.late ? "request_late" : "request"},
                                  {"title", fmt::format("{} #{}", r.dataset_title, r.number)},
                                  {"detail", detail.in(lang)},
                                  {"link", "/sharing/requests/" + r.id},
                                  {"at", to_iso(r.changed)}});
  }
  return {};
}

// Grants that were stopped or have ended, and what is still to be written down about them.
Result<void> add_grants(System& s, const Actor& actor, Lang lang, json::array& out) {
  if (!actor.can(Permission::dataset_read)) return {};
  QS_TRY(auto tasks, s.records->waiting(actor));
  for (const auto& task : tasks) {
    Text detail{"共享授权被暂停，请整改并登记", "Grant suspended: put it right and write it down"};
    if (task.kind == "decide") detail = {"使用部门已整改，请恢复或终止授权", "Put right: resume the grant or end it"};
    if (task.kind == "dispose")
      detail = {"共享授权已结束，请处置数据并登记", "Grant ended: dispose of the data and write it down"};
    out.emplace_back(json::object{{"kind", "grant_" + task.kind},
                                  {"title", fmt::format("{} #{}", task.grant.dataset_title, task.grant.number)},
                                  {"detail", detail.in(lang)},
                                  {"link", "/sharing/grants/" + task.grant.id},
                                  {"at", to_iso(task.grant.changed)}});
  }
  return {};
}

// Releases to the public that she may decide on, and new versions of open data that did not pass the check.
Result<void> add_releases(System& s, const Actor& actor, Lang lang, json::array& out) {
  if (!actor.can(Permission::catalog_review) && !actor.can(Permission::dataset_write)) return {};
  for (const auto* state : {"proposed", "approved"}) {
    QS_TRY(auto releases, s.releases->list(actor, state));
    for (const auto& r : releases) {
      auto may = opendata::possible(actor, r);
      bool decide = std::ranges::find(may, "approve") != may.end();
      bool held = !r.held.empty() && sharing::check_steward(actor, r.department_id).has_value();
      if (!decide && !held) continue;
      out.emplace_back(json::object{
          {"kind", held ? "release_held" : "release"},
          {"title", r.title},
          {"detail", held ? Text{"新版本未通过开放检查，公众仍看到旧版本",
                                 "A new version did not pass: the public still sees the one before"}
                                .in(lang)
                          : r.department_name + Text{" · 申请向公众开放", " · asks for release to the public"}.in(lang)},
          {"link", "/open-data?release=" + r.id},
          {"at", to_iso(r.proposed.at.value_or(Time{}))}});
    }
  }
  return {};
}

// Figures that she answers for and that are not as they should be.
Result<void> add_indicators(System& s, const Actor& actor, Lang lang, json::array& out) {
  QS_TRY(auto list, s.indicators->worries(actor));
  for (const auto& one : list) {
    const auto& d = one.indicator.definition;
    const auto& v = one.values.back();
    Text detail{"计算失败", "Could not be computed"};
    if (v.state == "value")
      detail = {fmt::format("{}：{}，目标 {}", v.period, indicators::with_unit(v.value, d.unit.zh),
                            indicators::with_unit(d.target, d.unit.zh)),
                fmt::format("{}: {}, target {}", v.period, indicators::with_unit(v.value, d.unit.en),
                            indicators::with_unit(d.target, d.unit.en))};
    out.emplace_back(json::object{{"kind", v.light == indicators::Light::yellow ? "indicator" : "indicator_late"},
                                  {"title", d.name.in(lang)},
                                  {"detail", detail.in(lang)},
                                  {"link", "/indicators/" + d.code},
                                  {"at", to_iso(v.computed)}});
  }
  return {};
}

// What waits for this person, in the order in which she should look at it.
Result<json::array> waiting_for(System& s, const Actor& actor, Lang lang) {
  json::array out;
  QS_CHECK(add_quality(s, actor, lang, out));
  QS_CHECK(add_sharing(s, actor, lang, out));
  QS_CHECK(add_grants(s, actor, lang, out));
  QS_CHECK(add_indicators(s, actor, lang, out));
  auto entry = [&](const catalog::Waiting& w, const char* kind, const Text& detail, const char* tab) {
    out.emplace_back(json::object{{"kind", kind},
                                  {"title", w.dataset.title},
                                  {"detail", w.dataset.department_name + " · " + detail.in(lang)},
                                  {"link", "/datasets/" + w.dataset.code + tab},
                                  {"at", to_iso(w.at)}});
  };
  if (actor.can(Permission::catalog_review)) {
    QS_TRY(auto reviews, s.desk->reviews(actor));
    for (const auto& w : reviews)
      if (!w.own)
        entry(w, "review",
              w.action == "register" ? Text{"目录待注册审核", "Entry waits for registration"}
                                     : Text{"目录待发布审核", "Entry waits for publication"},
              "?tab=entry");
  }
  QS_CHECK(add_releases(s, actor, lang, out));
  if (!actor.can(Permission::dataset_write)) return out;
  {
    QS_TRY(auto returned, s.entries->returned(sharing::visibility(actor), 20));
    for (const auto& w : returned)
      entry(w, "entry_returned",
            w.action == "refuse" ? Text{"目录被拒绝", "Entry was refused"} : Text{"目录被退回，待修改", "Entry was returned"},
            "?tab=entry");
  }
  for (auto state : {"ready", "failed"}) {
    QS_TRY(auto list, s.imports->list(actor, {.state = state, .limit = 20}));
    for (const auto& i : list) {
      bool failed = std::string_view(state) == "failed";
      Text detail = failed    ? i.error.value_or(Text{"分析失败", "The analysis failed"})
                    : i.error ? *i.error
                              : Text{"已分析，等待核对和发布", "Analysed: waits to be checked and published"};
      out.emplace_back(json::object{{"kind", failed ? "import_failed" : "import_ready"},
                                    {"title", i.file_name},
                                    {"detail", detail.in(lang)},
                                    {"link", "/imports/" + i.id},
                                    {"at", to_iso(i.changed)}});
    }
  }
  for (auto state : {"waiting", "failed"}) {
    QS_TRY(auto runs, s.pipelines->runs(actor, {.state = state, .limit = 50}));
    for (const auto& r : runs) {
      bool failed = std::string_view(state) == "failed";
      if (failed) {
        // One that has run well since is no worry any more.
        QS_TRY(auto last, s.pipelines->runs(actor, {.pipeline = r.pipeline_code, .limit = 1}));
        if (last.empty() || last.front().id != r.id) continue;
      }
      const bool losing = r.loss && !r.loss->accepted;
      Text detail = !failed && losing ? Text{fmt::format("数据将从 {} 行减少到 {} 行，请确认", r.loss->before, r.loss->after),
                                             fmt::format("{} rows would become {}: confirm it", r.loss->before, r.loss->after)}
                    : !failed         ? Text{"来源结构变了：" + ingest::summary(r.drifts).zh,
                                     "The source has changed: " + ingest::summary(r.drifts).en}
                    : r.error         ? r.error->text
                                      : Text{"运行失败", "The run failed"};
      out.emplace_back(json::object{{"kind", failed ? "run_failed" : "run_waiting"},
                                    {"title", r.pipeline_title},
                                    {"detail", detail.in(lang)},
                                    {"link", "/runs/" + r.id},
                                    {"at", to_iso(r.ended.value_or(r.created))}});
    }
  }
  return out;
}

Result<Response> home(System& s, const Request& r) {
  QS_TRY(auto waiting, waiting_for(s, r.actor, r.lang()));
  json::array running, fresh;
  jobs::Jobs::Filter filter{.limit = 10};
  if (!r.actor.can(Permission::job_manage)) filter.person_id = r.actor.person_id;
  for (auto state : {jobs::State::running, jobs::State::queued}) {
    filter.state = state;
    QS_TRY(auto list, s.jobs->list(filter));
    for (const auto& job : list) running.emplace_back(jobs::to_json(job, r.lang()));
  }
  std::int64_t datasets = 0;
  std::uint64_t rows = 0;
  if (r.actor.can(Permission::dataset_read)) {
    QS_TRY(auto found, s.catalog->search(sharing::visibility(r.actor),
                                         {.states = {"published"}, .sort = "changed", .limit = 8, .facets = false}));
    datasets = found.total;
    for (const auto& d : found.datasets) fresh.emplace_back(catalog::to_json(d));
    QS_TRY(auto readable, s.policy->readable(r.actor));
    for (const auto& d : readable) rows += d.rows;
  }
  return Response::ok(json::object{{"waiting", std::move(waiting)},
                                   {"running", std::move(running)},
                                   {"new_datasets", std::move(fresh)},
                                   {"counts", json::object{{"datasets", datasets}, {"rows", rows}}}});
}

}  // namespace

void add_home_routes(http::Router& router, System& s) {
  router.add(
      {.method = http::Method::get,
       .path = "/api/v1/home",
       .id = "home",
       .tag = "home",
       .summary = {"工作台：待办、进行中、新数据", "What waits, what runs, what is new"},
       .who = http::may(Permission::account),
       .answer = schema::object({{"waiting", schema::array(schema::object({{"kind", schema::text()},
                                                                           {"title", schema::text()},
                                                                           {"detail", schema::text()},
                                                                           {"link", schema::text()},
                                                                           {"at", schema::time()}}))},
                                 {"running", schema::array(schema::any())},
                                 {"new_datasets", schema::array(schema::any())},
                                 {"counts", schema::object({{"datasets", schema::integer()}, {"rows", schema::integer()}})}}),
       .handler = [&s](Request& r) { return home(s, r); }});
  router.add({.method = http::Method::get,
              .path = "/api/v1/about",
              .id = "about",
              .tag = "system",
              .summary = {"系统名称和版本", "The system's name and version"},
              .who = http::anyone(),
              .answer = schema::object({{"name", schema::text()}, {"version", schema::text()}}),
              .handler = [&s](Request&) -> Result<Response> {
                return Response::ok(json::object{{"name", s.settings.text("site.name")}, {"version", kVersion}});
              }});
}

}  // namespace qushu::app
