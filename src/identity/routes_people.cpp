#include "routes.h"

namespace qushu::identity {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

http::Schema department_schema() {
  return schema::object({{"id", schema::text()},
                         {"code", schema::text()},
                         {"name", schema::text()},
                         {"parent_id", schema::text()},
                         {"people", schema::integer()}})
      .named("Department");
}

http::json::object to_json(const Department& d) {
  return {{"id", d.id}, {"code", d.code}, {"name", d.name}, {"parent_id", d.parent_id}, {"people", d.people}};
}

std::optional<std::string> maybe(const Request& r, std::string_view key) {
  const auto* value = r.body.as_object().if_contains(key);
  return value && value->is_string() ? std::optional(std::string(value->as_string())) : std::nullopt;
}

std::vector<std::string> list_at(const Request& r, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* value = r.body.as_object().if_contains(key))
    for (const auto& item : value->as_array()) out.emplace_back(item.as_string());
  return out;
}

void add_department_routes(http::Router& router, Identity& identity) {
  router.add({.method = Method::get,
              .path = "/api/v1/departments",
              .id = "department_list",
              .tag = "departments",
              .summary = {"列出部门", "List the departments"},
              .who = http::may(Permission::account),
              .answer = schema::object({{"departments", schema::array(department_schema())}}),
              .handler = [&](Request&) -> Result<Response> {
                QS_TRY(auto list, identity.departments());
                http::json::array out;
                for (const auto& d : list) out.emplace_back(to_json(d));
                return Response::ok(http::json::object{{"departments", std::move(out)}});
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/departments",
              .id = "department_add",
              .tag = "departments",
              .summary = {"新增部门", "Add a department"},
              .who = http::may(Permission::people_manage),
              .body = schema::object({{"code", schema::text().length(1, 40)},
                                      {"name", schema::text().length(1, 100)},
                                      {"parent_id", schema::text().length(0, 64)}}),
              .answer = department_schema(),
              .answer_status = 201,
              .errors = {Code::conflict},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto d, identity.add_department(r.actor, {.code = *maybe(r, "code"),
                                                                 .name = *maybe(r, "name"),
                                                                 .parent_id = *maybe(r, "parent_id")}));
                return Response::ok(to_json(d), 201);
              }});
  router.add({.method = Method::patch,
              .path = "/api/v1/departments/{id}",
              .id = "department_change",
              .tag = "departments",
              .summary = {"修改或移动部门", "Rename or move a department"},
              .who = http::may(Permission::people_manage),
              .body = schema::object(
                  {{"name", schema::text().length(1, 100).optional()}, {"parent_id", schema::text().length(0, 64).optional()}}),
              .answer = department_schema(),
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto d, identity.change_department(r.actor, r.param("id"), maybe(r, "name").value_or(""),
                                                          maybe(r, "parent_id").value_or("")));
                return Response::ok(to_json(d));
              }});
  router.add({.method = Method::del,
              .path = "/api/v1/departments/{id}",
              .id = "department_remove",
              .tag = "departments",
              .summary = {"删除空的部门", "Remove an empty department"},
              .who = http::may(Permission::people_manage),
              .answer_status = 204,
              .errors = {Code::not_found, Code::conflict},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.remove_department(r.actor, r.param("id")));
                return Response::no_content();
              }});
}

Result<Response> list_people(Identity& identity, const Request& r) {
  Identity::PeopleFilter filter{.text = r.get("text").value_or(""),
                                .department_id = r.get("department").value_or(""),
                                .role = r.get("role").value_or(""),
                                .after = r.get("after").value_or(""),
                                .limit = static_cast<std::size_t>(r.integer("limit", 50))};
  QS_TRY(auto list, identity.people(filter));
  http::json::array out;
  for (const auto& p : list) out.emplace_back(identity::to_json(p));
  return Response::ok(http::json::object{{"people", std::move(out)},
                                         {"next", list.size() == filter.limit ? list.back().login : std::string()}});
}

Result<Response> change_person(Identity& identity, const Request& r) {
  PersonChange c{.name = maybe(r, "name"),
                 .department_id = maybe(r, "department_id"),
                 .email = maybe(r, "email"),
                 .phone = maybe(r, "phone")};
  if (auto state = maybe(r, "state")) c.state = *state == "active" ? PersonState::active : PersonState::disabled;
  if (r.body.as_object().contains("roles")) c.roles = list_at(r, "roles");
  QS_TRY(auto p, identity.change_person(r.actor, r.param("id"), c));
  return Response::ok(identity::to_json(p));
}

}  // namespace

void add_people_routes(http::Router& router, Identity& identity) {
  add_department_routes(router, identity);
  auto managers = http::may_any({Permission::people_manage, Permission::role_grant});
  auto manager = http::may(Permission::people_manage);
  auto text = [](std::size_t max) { return schema::text().length(0, max).optional(); };
  router.add({.method = Method::get,
              .path = "/api/v1/roles",
              .id = "role_list",
              .tag = "people",
              .summary = {"列出角色", "List the roles"},
              .who = http::may(Permission::account),
              .answer = schema::object({{"roles", schema::array(schema::object({{"code", schema::text()},
                                                                                {"name", schema::text()},
                                                                                {"duty", schema::text()},
                                                                                {"permissions", schema::array(schema::text())},
                                                                                {"administrator", schema::boolean()}}))}}),
              .handler = [](Request& r) -> Result<Response> {
                http::json::array out;
                for (const auto& role : roles()) {
                  http::json::array permissions;
                  for (std::size_t i = 0; i < role.permissions.size(); ++i)
                    if (role.permissions.test(i)) permissions.emplace_back(name(static_cast<Permission>(i)));
                  out.emplace_back(http::json::object{{"code", role.code},
                                                      {"name", role.name.in(r.lang())},
                                                      {"duty", role.duty.in(r.lang())},
                                                      {"permissions", std::move(permissions)},
                                                      {"administrator", role.administrator}});
                }
                return Response::ok(http::json::object{{"roles", std::move(out)}});
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/people",
              .id = "person_list",
              .tag = "people",
              .summary = {"列出人员", "List the people"},
              .who = managers,
              .query = {{.name = "text", .shape = schema::text()},
                        {.name = "department", .shape = schema::text()},
                        {.name = "role", .shape = schema::text()},
                        {.name = "after", .shape = schema::text()},
                        {.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "50"}},
              .answer = schema::object({{"people", schema::array(person_schema())}, {"next", schema::text()}}),
              .handler = [&](Request& r) { return list_people(identity, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/people",
              .id = "person_add",
              .tag = "people",
              .summary = {"新增人员", "Add a person"},
              .who = manager,
              .body = schema::object({{"login", schema::text().length(2, 40)},
                                      {"name", schema::text().length(1, 60)},
                                      {"department_id", schema::text().length(1, 64)},
                                      {"email", text(200)},
                                      {"phone", text(40)},
                                      {"roles", schema::array(schema::text()).length(0, 10).optional()}}),
              .answer = schema::object(
                  {{"person", person_schema()},
                   {"password", schema::text().note("一次性口令，只显示这一次", "One-time password, shown this once")}}),
              .answer_status = 201,
              .errors = {Code::conflict},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto made, identity.add_person(r.actor, {.login = *maybe(r, "login"),
                                                                .name = *maybe(r, "name"),
                                                                .department_id = *maybe(r, "department_id"),
                                                                .email = maybe(r, "email").value_or(""),
                                                                .phone = maybe(r, "phone").value_or(""),
                                                                .roles = list_at(r, "roles")}));
                return Response::ok(http::json::object{{"person", identity::to_json(made.first)}, {"password", made.second}},
                                    201)
                    .with("Cache-Control", "no-store");
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/people/{id}",
              .id = "person_show",
              .tag = "people",
              .summary = {"查看人员", "Show a person"},
              .who = managers,
              .answer = person_schema(),
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto p, identity.person(r.param("id")));
                return Response::ok(identity::to_json(p));
              }});
  router.add({.method = Method::patch,
              .path = "/api/v1/people/{id}",
              .id = "person_change",
              .tag = "people",
              .summary = {"修改人员或角色", "Change a person or her roles"},
              .who = managers,
              .body = schema::object({{"name", text(60)},
                                      {"department_id", text(64)},
                                      {"email", text(200)},
                                      {"phone", text(40)},
                                      {"state", schema::choice({"active", "disabled"}).optional()},
                                      {"roles", schema::array(schema::text()).length(0, 10).optional()}}),
              .answer = person_schema(),
              .errors = {Code::not_found, Code::conflict},
              .handler = [&](Request& r) { return change_person(identity, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/people/{id}/reset-password",
              .id = "person_reset_password",
              .tag = "people",
              .summary = {"重置口令", "Reset the password"},
              .who = manager,
              .answer = schema::object({{"password", schema::text()}}),
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto password, identity.reset_password(r.actor, r.param("id")));
                return Response::ok(http::json::object{{"password", password}}).with("Cache-Control", "no-store");
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/people/{id}/unlock",
              .id = "person_unlock",
              .tag = "people",
              .summary = {"解除锁定", "Unlock"},
              .who = manager,
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.unlock(r.actor, r.param("id")));
                return Response::no_content();
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/people/{id}/reset-totp",
              .id = "person_reset_totp",
              .tag = "people",
              .summary = {"停用其动态口令", "Remove the second factor"},
              .who = manager,
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.reset_totp(r.actor, r.param("id")));
                return Response::no_content();
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/people/{id}/sessions",
              .id = "person_sessions",
              .tag = "people",
              .summary = {"其登录会话", "Her sessions"},
              .who = manager,
              .answer = session_list_schema(),
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto person, identity.person(r.param("id")));
                QS_TRY(auto list, identity.sessions(r.actor, person.id));
                http::json::array out;
                for (const auto& s : list) out.emplace_back(identity::to_json(s));
                return Response::ok(http::json::object{{"sessions", std::move(out)}});
              }});
  router.add({.method = Method::del,
              .path = "/api/v1/people/{id}/sessions/{session}",
              .id = "person_session_revoke",
              .tag = "people",
              .summary = {"强制其会话下线", "End her session"},
              .who = manager,
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.revoke_session(r.actor, r.param("session")));
                return Response::no_content();
              }});
}

}  // namespace qushu::identity
