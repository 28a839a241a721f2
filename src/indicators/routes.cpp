#include "qushu/definitions/definition_routes.h"
#include "qushu/indicators/indicators.h"

namespace qushu::indicators {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

const definitions::Kind kKind{.id = "indicator",
                              .tag = "indicators",
                              .name = {"指标", "an indicator"},
                              .use = Permission::indicator_use,
                              .manage = Permission::indicator_manage};

constexpr std::size_t kSpark = 13;     // values of a list: a year and the period that lasts
constexpr std::size_t kHistory = 120;  // of a page

http::Schema value_schema() {
  return schema::object({{"period", schema::text()},
                         {"first_day", schema::text()},
                         {"state", schema::text()},
                         {"value", schema::text().nullable()},
                         {"number", schema::number().nullable()},
                         {"numerator", schema::integer().nullable()},
                         {"denominator", schema::integer().nullable()},
                         {"score", schema::text().nullable()},
                         {"light", schema::text()},
                         {"light_name", schema::text()},
                         {"target", schema::text()},
                         {"weight", schema::text()},
                         {"rows", schema::integer()},
                         {"version", schema::integer()},
                         {"final", schema::boolean()},
                         {"computed", schema::time()},
                         {"error", schema::text()}})
      .named("IndicatorValue");
}

http::Schema indicator_schema() {
  return schema::object({{"code", schema::text()},
                         {"name", schema::text()},
                         {"description", schema::text()},
                         {"group", schema::text()},
                         {"level", schema::text()},
                         {"level_name", schema::text()},
                         {"unit", schema::text()},
                         {"direction", schema::text()},
                         {"target", schema::text()},
                         {"target_number", schema::number()},
                         {"weight", schema::text()},
                         {"period", schema::text()},
                         {"grows", schema::boolean()},
                         {"retired", schema::boolean()},
                         {"rows_sql", schema::text()},
                         {"value_sql", schema::text()},
                         {"version", schema::integer()},
                         {"origin", schema::text()},
                         {"changed", schema::time()},
                         {"changed_by", schema::text()},
                         {"owner_id", schema::text()},
                         {"owner_name", schema::text()},
                         {"department_name", schema::text()},
                         {"values", schema::array(value_schema())}})
      .named("Indicator");
}

http::Schema trial_schema() {
  return schema::object({{"code", schema::text()},
                         {"name", schema::text()},
                         {"version", schema::integer()},
                         {"unchanged", schema::boolean()},
                         {"mistakes", definitions::mistakes_schema()},
                         {"value", value_schema().nullable()},
                         {"columns", schema::array(schema::text())}})
      .named("IndicatorTrial");
}

}  // namespace

http::Schema evidence_schema() {
  return schema::object({{"period", schema::text()},
                         {"rows_sql", schema::text()},
                         {"value_sql", schema::text()},
                         {"columns", schema::array(schema::text())},
                         {"labels", schema::array(schema::text())},
                         {"rows", schema::array(schema::object({{"register", schema::text()},
                                                                {"record", schema::text()},
                                                                {"cells", schema::array(schema::any())}}))},
                         {"total", schema::integer()},
                         {"kept", schema::integer()},
                         {"hidden", schema::integer()},
                         {"computed", schema::time()}})
      .named("IndicatorEvidence");
}

namespace {

std::string member(const Request& r, std::string_view key) {
  const auto* found = r.body.is_object() ? r.body.as_object().if_contains(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

Result<Response> list(const Indicators& indicators, const Request& r) {
  QS_TRY(auto all, indicators.list(r.actor, kSpark));
  json::array out;
  for (const auto& one : all) out.push_back(to_json(one, r.lang()));
  return Response::ok(json::object{{"indicators", std::move(out)}, {"may_manage", r.actor.can(Permission::indicator_manage)}});
}

Result<Response> shown(const Indicators& indicators, const Request& r, std::string_view code) {
  QS_TRY(auto one, indicators.find(r.actor, code, kHistory));
  return Response::ok(to_json(one, r.lang()));
}

void add_reading(http::Router& router, Indicators& indicators) {
  auto use = http::may(Permission::indicator_use);
  router.add({.method = Method::get,
              .path = "/api/v1/indicators",
              .id = "indicator_list",
              .tag = "indicators",
              .summary = {"指标、目标和最近的值", "Indicators, their targets and latest values"},
              .who = use,
              .answer = schema::object({{"indicators", schema::array(indicator_schema())}, {"may_manage", schema::boolean()}}),
              .handler = [&indicators](Request& r) { return list(indicators, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/indicators/{code}",
              .id = "indicator_show",
              .tag = "indicators",
              .summary = {"一个指标和它历次的值", "An indicator and its values so far"},
              .who = use,
              .answer = indicator_schema(),
              .errors = {Code::not_found},
              .handler = [&indicators](Request& r) { return shown(indicators, r, r.param("code")); }});
  definitions::add_reading(router, kKind,
                           {.yaml = std::bind_front(&Indicators::yaml, &indicators),
                            .versions = std::bind_front(&Indicators::versions, &indicators)});
  router.add({.method = Method::get,
              .path = "/api/v1/indicators/{code}/evidence",
              .id = "indicator_evidence",
              .tag = "indicators",
              .summary = {"一个值背后的行，只含您有权查看的", "The rows behind a value, as far as the caller may see them"},
              .who = use,
              .query = {{.name = "period",
                         .shape = schema::text().length(0, 10),
                         .note = {"周期，默认最近一次", "The period; by default the latest"}}},
              .answer = evidence_schema(),
              .errors = {Code::not_found},
              .handler = [&indicators](Request& r) -> Result<Response> {
                QS_TRY(auto rows, indicators.evidence(r.actor, r.param("code"), r.get("period").value_or("")));
                return Response::ok(to_json(rows, r.lang()));
              }});
}

void add_managing(http::Router& router, Indicators& indicators) {
  definitions::add_changing(
      router, kKind,
      {.most = kMostYaml,
       .applied = indicator_schema(),
       .apply = [&indicators](const Request& r, const std::string& yaml, const std::string& note) -> Result<Response> {
         QS_TRY(auto made, indicators.apply(r.actor, yaml, note));
         return shown(indicators, r, made.definition.code);
       },
       .check_summary = {"检查定义，并试算本期的值", "Check a definition and try what it comes to now"},
       .checked = trial_schema(),
       .check = [&indicators](const Request& r, const std::string& yaml) -> Result<Response> {
         QS_TRY(auto tried, indicators.check(r.actor, yaml));
         return Response::ok(to_json(tried, r.lang()));
       }});
  auto manage = http::may(Permission::indicator_manage);
  router.add({.method = Method::post,
              .path = "/api/v1/indicators/compute",
              .id = "indicator_compute_all",
              .tag = "indicators",
              .summary = {"计算全部到期的指标（作业）", "Compute all that is due, as a job"},
              .who = manage,
              .answer = schema::object({{"job", schema::text()}}),
              .answer_status = 202,
              .handler = [&indicators](Request& r) -> Result<Response> {
                QS_TRY(auto job, indicators.queue(r.actor));
                auto response = Response::ok(json::object{{"job", job}});
                response.status = 202;
                return response;
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/indicators/{code}/compute",
              .id = "indicator_compute",
              .tag = "indicators",
              .summary = {"立即计算一个周期的值", "Compute the value of a period now"},
              .who = manage,
              .body = schema::object({{"period", schema::text().length(0, 10).optional()}}),
              .answer = value_schema(),
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [&indicators](Request& r) -> Result<Response> {
                QS_TRY(auto value, indicators.compute(r.actor, r.param("code"), member(r, "period")));
                return Response::ok(to_json(value, r.lang()));
              }});
  router.add({.method = Method::put,
              .path = "/api/v1/indicators/{code}/owner",
              .id = "indicator_assign",
              .tag = "indicators",
              .summary = {"指定指标的负责人", "Say who answers for an indicator"},
              .who = manage,
              .body = schema::object({{"owner", schema::text().length(0, 100).note("登录名或标识；空为无人",
                                                                                   "Login or identifier; empty: nobody")}}),
              .answer = indicator_schema(),
              .errors = {Code::not_found},
              .handler = [&indicators](Request& r) -> Result<Response> {
                QS_CHECK(indicators.assign(r.actor, r.param("code"), member(r, "owner")));
                return shown(indicators, r, r.param("code"));
              }});
}

}  // namespace

void add_routes(http::Router& router, Indicators& indicators) {
  add_reading(router, indicators);
  add_managing(router, indicators);
}

}  // namespace qushu::indicators
