#include "routes.h"

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/definitions/definition_routes.h"
#include "qushu/registers/registers.h"

#include "access.h"

namespace qushu::registers {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

const definitions::Kind kKind{.id = "register",
                              .tag = "registers",
                              .name = {"台账", "a register"},
                              .use = Permission::register_use,
                              .manage = Permission::register_manage};

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

Result<Response> check(const Registers& registers, const Request& r, std::string_view yaml) {
  auto parsed = parse_definition(yaml);
  json::object out{{"mistakes", to_json(parsed.mistakes, r.lang())}, {"plan", nullptr}};
  if (parsed.mistakes.empty()) {
    QS_TRY(auto plan, registers.plan(r.actor, yaml));
    out["plan"] = to_json(plan, r.lang());
  }
  return Response::ok(out);
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

void add_changing(http::Router& router, Registers& registers) {
  definitions::add_changing(
      router, kKind,
      {.most = kMostYaml,
       .applied = plan_schema(),
       .apply = [&registers](const Request& r, const std::string& yaml, const std::string& note) -> Result<Response> {
         QS_TRY(auto plan, registers.apply(r.actor, yaml, note));
         return Response::ok(to_json(plan, r.lang()));
       },
       .check_summary = {"检查定义，并说明将要发生的变更", "Check a definition and tell what it will change"},
       .checked = schema::object({{"mistakes", definitions::mistakes_schema()}, {"plan", plan_schema().nullable()}}),
       .check = [&registers](const Request& r, const std::string& yaml) { return check(registers, r, yaml); }});
}

}  // namespace

void add_routes(http::Router& router, Registers& registers, blob::BlobStore& blobs, const identity::Identity& identity,
                const Settings& settings) {
  auto use = http::may(Permission::register_use);
  router.add({.method = Method::get,
              .path = "/api/v1/registers",
              .id = "register_list",
              .tag = "registers",
              .summary = {"台账列表", "List registers"},
              .who = use,
              .answer = schema::object({{"registers", schema::array(schema::any())}, {"may_manage", schema::boolean()}}),
              .handler = [&registers](Request& r) { return list(registers, r); }});
  add_changing(router, registers);
  router.add({.method = Method::get,
              .path = "/api/v1/registers/{code}",
              .id = "register_show",
              .tag = "registers",
              .summary = {"台账的字段、状态、流转、视图和表单", "A register's fields, states, transitions, views and form"},
              .who = use,
              .answer = schema::any(),
              .errors = {Code::not_found},
              .handler = [&registers](Request& r) { return show(registers, r); }});
  definitions::add_reading(
      router, kKind,
      {.yaml = std::bind_front(&Registers::yaml, &registers), .versions = std::bind_front(&Registers::versions, &registers)});
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
