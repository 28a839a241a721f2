#include <fmt/format.h>

#include "qushu/quality/quality.h"

namespace qushu::quality {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

Cancelled gone(const Request& request) {
  return [client = request.client] { return client != nullptr && client->gone(); };
}

http::Schema scores_schema() {
  auto score = [] { return schema::number().nullable(); };
  return schema::object({{"total", score()},
                         {"completeness", score()},
                         {"validity", score()},
                         {"uniqueness", score()},
                         {"consistency", score()},
                         {"timeliness", score()}})
      .named("QualityScores");
}

std::vector<http::Member> rule_members() {
  auto text = [] { return schema::text(); };
  return {{"id", text()},
          {"kind", text()},
          {"kind_title", text()},
          {"dimension", text()},
          {"severity", schema::choice({"reject", "stop", "warn"})},
          {"fields", schema::array(text())},
          {"params", schema::map(schema::any())},
          {"note", text()},
          {"text", text().note("规则的说明", "What the rule says")},
          {"enabled", schema::boolean()},
          {"person_name", text()},
          {"changed", schema::time()}};
}

http::Schema rule_schema() {
  return schema::object(rule_members()).named("QualityRule");
}

http::Schema outcome_schema() {
  auto members = rule_members();
  for (const char* count : {"checked", "failed", "rejected"}) members.push_back({count, schema::integer()});
  members.push_back({"breached", schema::boolean()});
  members.push_back({"found", schema::text()});
  members.push_back(
      {"examples",
       schema::array(schema::object(
           {{"id", schema::integer()}, {"key", schema::text()}, {"field", schema::text()}, {"value", schema::text()}}))});
  return schema::object(std::move(members)).named("QualityOutcome");
}

http::Schema check_schema() {
  auto text = [] { return schema::text(); };
  return schema::object({{"id", text()},
                         {"version", schema::integer()},
                         {"trigger", schema::choice({"publish", "manual", "daily"})},
                         {"stopped", schema::boolean()},
                         {"rows", schema::integer()},
                         {"scores", scores_schema()},
                         {"has_failures", schema::boolean()},
                         {"may_see_failures", schema::boolean()},
                         {"waived_by", text()},
                         {"waiver", text()},
                         {"person_name", text()},
                         {"job_id", text()},
                         {"at", schema::time()},
                         {"outcomes", schema::array(outcome_schema())}})
      .named("QualityCheck");
}

http::Schema new_rule_schema() {
  return schema::object({{"kind", schema::text().length(1, 30)},
                         {"fields", schema::array(schema::text().length(1, 200)).length(0, 8).optional()},
                         {"params", schema::map(schema::any()).optional()},
                         {"severity", schema::choice({"reject", "stop", "warn"}).optional()},
                         {"note", schema::text().length(0, 200).optional()},
                         {"enabled", schema::boolean().optional()}});
}

json::object proposal_json(const Proposal& p, const std::vector<catalog::Field>& fields, Lang lang) {
  auto rule = to_json(p.rule, fields, lang);
  for (const char* member : {"id", "person_name", "changed"}) rule.erase(member);
  auto share = p.checked == 0 ? 100.0 : 100.0 * (1 - static_cast<double>(p.failed) / static_cast<double>(p.checked));
  return {
      {"rule", std::move(rule)}, {"reason", p.reason.in(lang)}, {"checked", p.checked}, {"failed", p.failed}, {"share", share}};
}

class Routes {
 public:
  Routes(Quality& quality, const catalog::Catalog& catalog, const Settings& settings)
      : quality_(quality), catalog_(catalog), settings_(settings) {}

  Result<catalog::Dataset> dataset(const Request& r) const {
    return catalog_.find(sharing::visibility(r.actor), r.param("code"));
  }

  // Score, rules and what came of them last, in one answer: what the dataset's page shows.
  Result<Response> show(const Request& r) const {
    QS_TRY(auto d, dataset(r));
    QS_TRY(auto rules, quality_.rules(r.actor, d.code));
    QS_TRY(auto checks, quality_.checks(r.actor, d.code, 100));
    json::array list, history;
    json::value current = nullptr, stopped = nullptr;
    for (const auto& rule : rules) list.emplace_back(to_json(rule, d.fields, r.lang()));
    bool values = may_see_failures(r.actor, d);
    for (const auto& c : checks) {
      if (c.stopped && stopped.is_null() && history.empty() && c.waiver.empty())
        stopped = to_json(c, d.fields, r.lang(), values);
      if (!c.stopped && c.version == d.version && current.is_null()) current = to_json(c, d.fields, r.lang(), values);
      auto line = to_json(c, d.fields, r.lang(), false);
      line.erase("outcomes");
      history.emplace_back(std::move(line));
    }
    json::object weights;
    if (auto parsed = parse_weights(settings_.text("quality.weights")))
      for (std::size_t i = 0; i < kDimensions; ++i) weights[name(static_cast<Dimension>(i))] = parsed->at(i);
    return Response::ok(json::object{{"check", std::move(current)},
                                     {"stopped", std::move(stopped)},
                                     {"rules", std::move(list)},
                                     {"history", std::move(history)},
                                     {"weights", std::move(weights)},
                                     {"may_write", sharing::check_steward(r.actor, d).has_value()},
                                     {"may_see_failures", values}});
  }

  Result<Response> add(const Request& r) {
    QS_TRY(auto d, dataset(r));
    QS_TRY(auto made, quality_.add(r.actor, d.code, r.body.at("rules").as_array()));
    json::array list;
    for (const auto& rule : made) list.emplace_back(to_json(rule, d.fields, r.lang()));
    return Response::ok(json::object{{"rules", std::move(list)}}, 201);
  }

  Result<Response> change(const Request& r) {
    QS_TRY(auto d, dataset(r));
    QS_TRY(auto rule, quality_.change(r.actor, d.code, r.param("id"), r.body.as_object()));
    return Response::ok(to_json(rule, d.fields, r.lang()));
  }

  Result<Response> test(const Request& r) const {
    QS_TRY(auto d, dataset(r));
    QS_TRY(auto outcome, quality_.test(r.actor, d.code, r.body.as_object(), gone(r)));
    json::array examples;
    for (const auto& e : outcome.examples)
      examples.push_back(json::object{{"id", e.id}, {"key", e.key}, {"field", e.field}, {"value", e.value}});
    return Response::ok(json::object{{"checked", outcome.checked},
                                     {"failed", outcome.failed},
                                     {"found", outcome.note.in(r.lang())},
                                     {"text", describe(outcome.rule, d.fields).in(r.lang())},
                                     {"examples", std::move(examples)}});
  }

  Result<Response> proposals(const Request& r) const {
    QS_TRY(auto d, dataset(r));
    QS_TRY(auto found, quality_.propose(r.actor, d.code, gone(r)));
    json::array list;
    for (const auto& p : found.list) list.emplace_back(proposal_json(p, d.fields, r.lang()));
    return Response::ok(json::object{{"proposals", std::move(list)}, {"from_profile", found.from_profile}});
  }

  Result<Response> answer(const Request& r, const Check& check) const {
    QS_TRY(auto d, catalog_.find(sharing::visibility(r.actor), check.dataset_id));
    auto out = to_json(check, d.fields, r.lang(), may_see_failures(r.actor, d));
    out["dataset"] = d.code;
    out["dataset_title"] = d.title;
    return Response::ok(out);
  }

  Result<Response> overview(const Request& r) const {
    QS_TRY(auto found, quality_.overview(r.actor));
    json::array datasets, days;
    for (const auto& s : found.datasets)
      datasets.emplace_back(json::object{{"code", s.dataset.code},
                                         {"title", s.dataset.title},
                                         {"department_id", s.dataset.department_id},
                                         {"department_name", s.dataset.department_name},
                                         {"version", s.dataset.version},
                                         {"rows", s.dataset.rows},
                                         {"update_cycle", s.dataset.update_cycle},
                                         {"rules", s.rules},
                                         {"scores", to_json(s.check ? s.check->scores : Scores{})},
                                         {"at", s.check ? json::value(to_iso(s.check->at)) : json::value(nullptr)}});
    for (const auto& d : found.days)
      days.emplace_back(json::object{{"day", d.day}, {"total", d.total}, {"datasets", d.datasets}});
    return Response::ok(json::object{{"datasets", std::move(datasets)}, {"days", std::move(days)}});
  }

  Quality& quality() { return quality_; }

 private:
  Quality& quality_;
  const catalog::Catalog& catalog_;
  const Settings& settings_;
};

http::Schema overview_schema() {
  auto text = [] { return schema::text(); };
  return schema::object({{"datasets", schema::array(schema::object({{"code", text()},
                                                                    {"title", text()},
                                                                    {"department_id", text()},
                                                                    {"department_name", text()},
                                                                    {"version", schema::integer()},
                                                                    {"rows", schema::integer()},
                                                                    {"update_cycle", text()},
                                                                    {"rules", schema::integer()},
                                                                    {"scores", scores_schema()},
                                                                    {"at", schema::time().nullable()}}))},
                         {"days", schema::array(schema::object(
                                      {{"day", text()}, {"total", schema::number()}, {"datasets", schema::integer()}}))}});
}

void add_rule_routes(http::Router& router, const std::shared_ptr<Routes>& routes) {
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/quality",
              .id = "quality_show",
              .tag = "quality",
              .summary = {"数据集的质量：得分、规则和检查结果", "A dataset's quality: score, rules, what came of them"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::object({{"check", check_schema().nullable()},
                                        {"stopped", check_schema().nullable()},
                                        {"rules", schema::array(rule_schema())},
                                        {"history", schema::array(schema::any())},
                                        {"weights", schema::map(schema::number())},
                                        {"may_write", schema::boolean()},
                                        {"may_see_failures", schema::boolean()}}),
              .errors = {Code::not_found},
              .handler = [routes](Request& r) { return routes->show(r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/datasets/{code}/quality/rules",
              .id = "quality_rule_add",
              .tag = "quality",
              .summary = {"新增质量规则", "Add quality rules"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object({{"rules", schema::array(new_rule_schema()).length(1, 200)}}),
              .answer = schema::object({{"rules", schema::array(rule_schema())}}),
              .answer_status = 201,
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [routes](Request& r) { return routes->add(r); }});
  router.add({.method = Method::patch,
              .path = "/api/v1/datasets/{code}/quality/rules/{id}",
              .id = "quality_rule_change",
              .tag = "quality",
              .summary = {"修改质量规则", "Change a quality rule"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object({{"fields", schema::array(schema::text().length(1, 200)).length(0, 8).optional()},
                                      {"params", schema::map(schema::any()).optional()},
                                      {"severity", schema::choice({"reject", "stop", "warn"}).optional()},
                                      {"note", schema::text().length(0, 200).optional()},
                                      {"enabled", schema::boolean().optional()}}),
              .answer = rule_schema(),
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [routes](Request& r) { return routes->change(r); }});
  router.add({.method = Method::del,
              .path = "/api/v1/datasets/{code}/quality/rules/{id}",
              .id = "quality_rule_remove",
              .tag = "quality",
              .summary = {"删除质量规则", "Remove a quality rule"},
              .who = http::may(Permission::dataset_write),
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [routes](Request& r) -> Result<Response> {
                QS_CHECK(routes->quality().remove(r.actor, r.param("code"), r.param("id")));
                return Response::no_content();
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/datasets/{code}/quality/test",
              .id = "quality_rule_test",
              .tag = "quality",
              .summary = {"试算一条规则，不保存", "Try a rule without keeping it"},
              .who = http::may(Permission::dataset_write),
              .body = new_rule_schema(),
              .answer = schema::object({{"checked", schema::integer()},
                                        {"failed", schema::integer()},
                                        {"found", schema::text()},
                                        {"text", schema::text()},
                                        {"examples", schema::array(schema::any())}}),
              .errors = {Code::not_found, Code::invalid, Code::conflict, Code::timed_out},
              .handler = [routes](Request& r) { return routes->test(r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/quality/proposals",
              .id = "quality_proposals",
              .tag = "quality",
              .summary = {"由数据推荐的规则", "Rules that the data suggests"},
              .who = http::may(Permission::dataset_write),
              .answer = schema::object(
                  {{"proposals", schema::array(schema::object({{"rule", schema::any()},
                                                               {"reason", schema::text()},
                                                               {"checked", schema::integer()},
                                                               {"failed", schema::integer()},
                                                               {"share", schema::number()}}))},
                   {"from_profile", schema::boolean().note("依据版本的数据画像；否则扫描了全部数据",
                                                           "From the version's profile; otherwise all rows were scanned")}}),
              .errors = {Code::not_found, Code::conflict, Code::timed_out},
              .handler = [routes](Request& r) { return routes->proposals(r); }});
}

}  // namespace

void add_routes(http::Router& router, Quality& quality, const catalog::Catalog& catalog, const Settings& settings) {
  auto routes = std::make_shared<Routes>(quality, catalog, settings);
  add_rule_routes(router, routes);
  router.add({.method = Method::post,
              .path = "/api/v1/datasets/{code}/quality/check",
              .id = "quality_check_run",
              .tag = "quality",
              .summary = {"立即检查当前版本（作业）", "Check the current version now (a job)"},
              .who = http::may(Permission::dataset_write),
              .answer = schema::object({{"job", schema::text()}}),
              .answer_status = 202,
              .errors = {Code::not_found, Code::conflict},
              .handler = [routes](Request& r) -> Result<Response> {
                QS_TRY(auto job, routes->quality().request_check(r.actor, r.param("code")));
                return Response::ok(json::object{{"job", job}}, 202);
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/quality",
              .id = "quality_overview",
              .tag = "quality",
              .summary = {"各数据集的质量得分和趋势", "Quality scores of all datasets, and their trend"},
              .who = http::may(Permission::dataset_read),
              .answer = overview_schema(),
              .handler = [routes](Request& r) { return routes->overview(r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/quality/checks/{id}",
              .id = "quality_check_show",
              .tag = "quality",
              .summary = {"查看一次检查", "Show a check"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::any(),
              .errors = {Code::not_found},
              .handler = [routes](Request& r) -> Result<Response> {
                QS_TRY(auto check, routes->quality().check(r.actor, r.param("id")));
                return routes->answer(r, check);
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/quality/checks/{id}/waive",
              .id = "quality_waive",
              .tag = "quality",
              .summary = {"对停止发布的检查放行并说明理由", "Let what a check stopped be published, with a reason"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object({{"reason", schema::text().length(1, 1000)}}),
              .answer = schema::any(),
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [routes](Request& r) -> Result<Response> {
                QS_TRY(auto check, routes->quality().waive(r.actor, r.param("id"), r.body.at("reason").as_string()));
                return routes->answer(r, check);
              }});
}

}  // namespace qushu::quality
