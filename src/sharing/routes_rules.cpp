#include "qushu/sharing/routes.h"

#include "words.h"

namespace qushu::sharing {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema ruling() {
  return schema::choice({"allowed", "masked", "denied"});
}

http::Schema table_schema() {
  auto level = schema::object({{"level", schema::text()},
                               {"api", ruling()},
                               {"sql", ruling()},
                               {"file", ruling()},
                               {"push", ruling()},
                               {"second", schema::boolean().note("需主管部门复核", "Needs the second approval")},
                               {"purpose", schema::boolean().note("需选用途类别", "Needs a named purpose")}});
  auto purpose =
      schema::object({{"code", schema::text()}, {"zh", schema::text()}, {"en", schema::text()}, {"active", schema::boolean()}});
  return schema::object({{"levels", schema::array(level)}, {"purposes", schema::array(purpose)}}).named("SharingRules");
}

Result<Response> shown(const Rules& rules) {
  QS_TRY(auto table, rules.table());
  return Response::ok(to_json(*table));
}

Result<Response> change(Rules& rules, const Request& r) {
  const auto& b = r.body.as_object();
  LevelRule rule{
      .level = r.param("level"), .by_use = {}, .second = flag_at(b, "second", true), .purpose = flag_at(b, "purpose", true)};
  for (auto use : {Use::api, Use::sql, Use::file, Use::push})
    (void)parse(text_at(b, name(use)), rule.by_use.at(static_cast<std::size_t>(use)));
  QS_CHECK(rules.change(r.actor, rule));
  return shown(rules);
}

Result<Response> put_purpose(Rules& rules, const Request& r) {
  const auto& b = r.body.as_object();
  QS_CHECK(rules.put_purpose(
      r.actor, {.code = r.param("code"), .name = {text_at(b, "zh"), text_at(b, "en")}, .active = flag_at(b, "active", true)}));
  return shown(rules);
}

}  // namespace

void add_rule_routes(http::Router& router, Rules& rules) {
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/rules",
              .id = "sharing_rules",
              .tag = "sharing",
              .summary = {"分级共享策略", "What may go by which method, by level"},
              .who = http::may_any({Permission::dataset_read, Permission::security_manage}),
              .answer = table_schema(),
              .handler = [&rules](Request&) { return shown(rules); }});
  router.add({.method = Method::put,
              .path = "/api/v1/sharing/rules/{level}",
              .id = "sharing_rule_change",
              .tag = "sharing",
              .summary = {"修改一个级别的共享策略，立即生效", "Change the rule of a level, at once"},
              .who = http::may(Permission::security_manage),
              .body = schema::object({{"api", ruling()},
                                      {"sql", ruling()},
                                      {"file", ruling()},
                                      {"push", ruling()},
                                      {"second", schema::boolean()},
                                      {"purpose", schema::boolean()}}),
              .answer = table_schema(),
              .errors = {Code::invalid},
              .handler = [&rules](Request& r) { return change(rules, r); }});
  router.add({.method = Method::put,
              .path = "/api/v1/sharing/purposes/{code}",
              .id = "sharing_purpose_put",
              .tag = "sharing",
              .summary = {"增加或修改用途类别", "Add or change a purpose"},
              .who = http::may(Permission::security_manage),
              .body = schema::object({{"zh", schema::text().length(1, 200)},
                                      {"en", schema::text().length(0, 200).optional()},
                                      {"active", schema::boolean().optional()}}),
              .answer = table_schema(),
              .errors = {Code::invalid},
              .handler = [&rules](Request& r) { return put_purpose(rules, r); }});
}

}  // namespace qushu::sharing
