#include "routes.h"

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/registers/registers.h"

#include "access.h"

namespace qushu::registers {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

Result<Response> list(const Registers& registers, const Request& r) {
  QS_TRY(auto all, registers.list(r.actor));
  json::array out;
  for (const auto& one : all)
    out.push_back(json::object{{"code", one.code},
                               {"name", one.name.in(r.lang())},
                               {"description", one.description.in(r.lang())},
                               {"group", one.group.in(r.lang())},
                               {"version", one.version},
                               {"origin", one.origin},
                               {"records", one.records},
                               {"open", one.open},
                               {"late", one.late},
                               {"may_create", one.may_create}});
  return Response::ok(json::object{{"registers", std::move(out)}, {"may_manage", r.actor.can(Permission::register_manage)}});
}

Result<Response> show(const Registers& registers, const Request& r) {
  QS_TRY(auto one, registers.find(r.actor, r.param("code")));
  auto out = to_json(one.definition, r.lang());
  out["version"] = one.version;
  out["origin"] = one.origin;
  out["changed"] = to_iso(one.changed);
  out["changed_by"] = one.changed_by;
  out["may_create"] = allows(one.definition.permissions.create, r.actor, nullptr);
  out["may_manage"] = r.actor.can(Permission::register_manage);
  return Response::ok(out);
}

Result<Response> definition(const Registers& registers, const Request& r) {
  QS_TRY(auto yaml, registers.yaml(r.actor, r.param("code"), r.integer("version", 0)));
  return Response::text(std::move(yaml), "application/yaml; charset=utf-8");
}

Result<Response> versions(const Registers& registers, const Request& r) {
  QS_TRY(auto all, registers.versions(r.actor, r.param("code")));
  json::array out;
  for (const auto& v : all)
    out.push_back(json::object{{"version", v.version}, {"at", to_iso(v.at)}, {"person_name", v.person_name}, {"note", v.note}});
  return Response::ok(json::object{{"versions", std::move(out)}});
}

// What is wrong with a definition is the answer to this question, not a failure of it.
Result<Response> check_definition(const Registers& registers, const Request& r) {
  const auto& yaml = r.body.at("yaml").as_string();
  auto parsed = parse_definition(yaml);
  json::array mistakes;
  for (const auto& m : parsed.mistakes) mistakes.push_back(to_json(m, r.lang()));
  json::object out{{"mistakes", std::move(mistakes)}, {"plan", nullptr}};
  if (parsed.mistakes.empty()) {
    QS_TRY(auto plan, registers.plan(r.actor, yaml));
    out["plan"] = to_json(plan, r.lang());
  }
  return Response::ok(out);
}

Result<Response> apply(Registers& registers, const Request& r) {
  const auto& o = r.body.as_object();
  std::string note;
  if (const auto* given = o.if_contains("note")) note = given->as_string();
  QS_TRY(auto plan, registers.apply(r.actor, o.at("yaml").as_string(), note));
  return Response::ok(to_json(plan, r.lang()));
}

Result<Response> people(const Registers& registers, const identity::Identity& identity, const Request& r) {
  QS_CHECK(registers.find(r.actor, r.param("code")));
  QS_TRY(auto found,
         identity.people({.text = r.get("text").value_or(""), .department_id = {}, .role = {}, .after = {}, .limit = 20}));
  json::array out;
  for (const auto& p : found)
    if (p.state == identity::PersonState::active)
      out.push_back(json::object{{"id", p.id}, {"login", p.login}, {"name", p.name}, {"department_name", p.department_name}});
  return Response::ok(json::object{{"people", std::move(out)}});
}

Result<Response> tasks(const Registers& registers, const Request& r) {
  QS_TRY(auto waiting, registers.tasks(r.actor, static_cast<std::size_t>(r.integer("limit", 50))));
  json::array out;
  for (const auto& task : waiting.list) {
    QS_TRY(auto entry, registers.find(r.actor, task.register_code));
    const auto& d = entry.definition;
    json::array transitions;
    for (const auto& name : task.transitions)
      transitions.push_back(json::object{{"name", name}, {"label", d.transition(name)->label.in(r.lang())}});
    const auto* state = d.state(task.record.state);
    const auto* field = d.field(task.field);
    out.push_back(json::object{{"register", task.register_code},
                               {"register_name", task.register_name.in(r.lang())},
                               {"id", task.record.id},
                               {"number", task.record.number},
                               {"title", task.title},
                               {"state", state != nullptr ? state->label.in(r.lang()) : task.record.state},
                               {"reason", task.reason},
                               {"transitions", std::move(transitions)},
                               {"field", field != nullptr ? field->label.in(r.lang()) : std::string()},
                               {"day", task.day},
                               {"due", time_or_null(task.record.due)},
                               {"since", to_iso(task.record.since)}});
  }
  return Response::ok(json::object{{"tasks", std::move(out)}, {"moves", waiting.moves}, {"reminders", waiting.reminders}});
}

http::Schema plan_schema() {
  return schema::object({{"code", schema::text()},
                         {"name", schema::text()},
                         {"version", schema::integer()},
                         {"unchanged", schema::boolean()},
                         {"blocked", schema::boolean()},
                         {"steps", schema::array(schema::object({{"kind", schema::text()},
                                                                 {"field", schema::text()},
                                                                 {"text", schema::text()},
                                                                 {"records", schema::integer()},
                                                                 {"blocked", schema::boolean()}}))}})
      .named("RegisterPlan");
}

}  // namespace

void add_routes(http::Router& router, Registers& registers, blob::BlobStore& blobs, const identity::Identity& identity,
                const Settings& settings) {
  auto use = http::may(Permission::register_use);
  auto manage = http::may(Permission::register_manage);
  // In code points; the definition's own limit is in bytes and told by its check.
  auto yaml = [] { return schema::text().length(1, kMostYaml).note("YAML 定义", "The definition in YAML"); };
  router.add({.method = Method::get,
              .path = "/api/v1/registers",
              .id = "register_list",
              .tag = "registers",
              .summary = {"台账列表", "List registers"},
              .who = use,
              .answer = schema::object({{"registers", schema::array(schema::any())}, {"may_manage", schema::boolean()}}),
              .handler = [&registers](Request& r) { return list(registers, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/registers",
              .id = "register_apply",
              .tag = "registers",
              .summary = {"建立台账，或按新定义变更", "Make a register, or change it to a new definition"},
              .who = manage,
              .body = schema::object({{"yaml", yaml()}, {"note", schema::text().length(0, 500).optional()}}),
              .body_limit = kMostYaml * 2,
              .answer = plan_schema(),
              .errors = {Code::invalid, Code::conflict},
              .handler = [&registers](Request& r) { return apply(registers, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/registers/check",
              .id = "register_check",
              .tag = "registers",
              .summary = {"检查定义，并说明将要发生的变更", "Check a definition and tell what it will change"},
              .who = manage,
              .body = schema::object({{"yaml", yaml()}}),
              .body_limit = kMostYaml * 2,
              .answer = schema::object({{"mistakes", schema::array(schema::object({{"line", schema::integer()},
                                                                                   {"column", schema::integer()},
                                                                                   {"key", schema::text()},
                                                                                   {"text", schema::text()}}))},
                                        {"plan", plan_schema().nullable()}}),
              .errors = {Code::invalid},
              .handler = [&registers](Request& r) { return check_definition(registers, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/registers/{code}",
              .id = "register_show",
              .tag = "registers",
              .summary = {"台账的字段、状态、流转、视图和表单", "A register's fields, states, transitions, views and form"},
              .who = use,
              .answer = schema::any(),
              .errors = {Code::not_found},
              .handler = [&registers](Request& r) { return show(registers, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/registers/{code}/definition",
              .id = "register_definition",
              .tag = "registers",
              .summary = {"台账的 YAML 定义", "A register's definition in YAML"},
              .who = use,
              .query = {{.name = "version",
                         .shape = schema::integer().range(1, INT32_MAX),
                         .note = {"版本，默认当前", "The version; by default the current one"}}},
              .answer_types = {"application/yaml"},
              .errors = {Code::not_found},
              .handler = [&registers](Request& r) { return definition(registers, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/registers/{code}/versions",
              .id = "register_versions",
              .tag = "registers",
              .summary = {"定义的历次版本", "The versions of a definition"},
              .who = use,
              .answer = schema::object({{"versions", schema::array(schema::object({{"version", schema::integer()},
                                                                                   {"at", schema::time()},
                                                                                   {"person_name", schema::text()},
                                                                                   {"note", schema::text()}}))}}),
              .errors = {Code::not_found},
              .handler = [&registers](Request& r) { return versions(registers, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/register-tasks",
              .id = "register_tasks",
              .tag = "registers",
              .summary = {"待我办理的记录和临近的日期", "Records that wait for the caller, and days that come near"},
              .who = use,
              .query = {{.name = "limit", .shape = schema::integer().range(1, 200), .otherwise = "50"}},
              .answer = schema::object(
                  {{"tasks", schema::array(schema::any())},
                   {"moves", schema::integer().note("待流转的记录总数", "How many records wait for a transition")},
                   {"reminders", schema::integer().note("临近的日期总数", "How many days come near")}}),
              .handler = [&registers](Request& r) { return tasks(registers, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/registers/{code}/people",
              .id = "register_people",
              .tag = "registers",
              .summary = {"供人员字段选择的人员", "People to choose from in a field of a person"},
              .who = use,
              .query = {{.name = "text",
                         .shape = schema::text().length(0, 100),
                         .note = {"姓名或登录名的一部分", "Part of a name or a login"}}},
              .answer = schema::object({{"people", schema::array(schema::object({{"id", schema::text()},
                                                                                 {"login", schema::text()},
                                                                                 {"name", schema::text()},
                                                                                 {"department_name", schema::text()}}))}}),
              .errors = {Code::not_found},
              .handler = [&registers, &identity](Request& r) { return people(registers, identity, r); }});
  add_record_routes(router, registers);
  add_file_routes(router, registers, blobs, settings);
  add_print_routes(router, registers);
}

}  // namespace qushu::registers
