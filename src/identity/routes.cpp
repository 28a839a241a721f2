#include "routes.h"

#include "qushu/base/json.h"
#include "qushu/base/text.h"

namespace qushu::identity {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

http::Schema person_schema() {
  auto text = [] { return schema::text(); };
  return schema::object({{"id", text()},
                         {"login", text()},
                         {"name", text()},
                         {"department_id", text()},
                         {"department_name", text()},
                         {"email", text()},
                         {"phone", text()},
                         {"roles", schema::array(text())},
                         {"state", schema::choice({"active", "disabled"})},
                         {"locked", schema::boolean()},
                         {"must_change_password", schema::boolean()},
                         {"totp", schema::boolean()},
                         {"last_sign_in", schema::time().nullable()},
                         {"created", schema::time()}})
      .named("Person");
}

http::json::object to_json(const Person& p) {
  return {{"id", p.id},
          {"login", p.login},
          {"name", p.name},
          {"department_id", p.department_id},
          {"department_name", p.department_name},
          {"email", p.email},
          {"phone", p.phone},
          {"roles", http::json::array(p.roles.begin(), p.roles.end())},
          {"state", p.state == PersonState::active ? "active" : "disabled"},
          {"locked", p.locked},
          {"must_change_password", p.must_change_password},
          {"totp", p.totp},
          {"last_sign_in", time_or_null(p.last_sign_in)},
          {"created", to_iso(p.created)}};
}

http::json::object to_json(const SessionInfo& s) {
  return {{"id", s.id},
          {"from", s.from},
          {"agent", s.agent},
          {"created", to_iso(s.created)},
          {"last_seen", to_iso(s.last_seen)},
          {"current", s.current}};
}

http::Schema session_list_schema() {
  return schema::object({{"sessions", schema::array(schema::object({{"id", schema::text()},
                                                                    {"from", schema::text()},
                                                                    {"agent", schema::text()},
                                                                    {"created", schema::time()},
                                                                    {"last_seen", schema::time()},
                                                                    {"current", schema::boolean()}}))}});
}

namespace {

http::json::object to_json(const TokenInfo& t) {
  return {{"id", t.id},
          {"name", t.name},
          {"hint", t.hint},
          {"scopes", http::json::array(t.scopes.begin(), t.scopes.end())},
          {"created", to_iso(t.created)},
          {"expires", time_or_null(t.expires)},
          {"last_used", time_or_null(t.last_used)},
          {"revoked", time_or_null(t.revoked)}};
}

http::Schema token_schema() {
  return schema::object({{"id", schema::text()},
                         {"name", schema::text()},
                         {"hint", schema::text()},
                         {"scopes", schema::array(schema::text())},
                         {"created", schema::time()},
                         {"expires", schema::time().nullable()},
                         {"last_used", schema::time().nullable()},
                         {"revoked", schema::time().nullable()}})
      .named("Token");
}

http::Schema session_schema() {
  return schema::object({{"person", person_schema()},
                         {"csrf_token", schema::text()},
                         {"permissions", schema::array(schema::text())},
                         {"roles", schema::array(schema::text())},
                         {"must_change_password", schema::boolean()},
                         {"totp_setup_needed", schema::boolean()}})
      .named("Session");
}

http::json::object session_json(const Person& person, const Permissions& may, std::string_view csrf, bool must_change,
                                bool totp_needed) {
  http::json::array permissions;
  for (std::size_t i = 0; i < may.size(); ++i)
    if (may.test(i)) permissions.emplace_back(name(static_cast<Permission>(i)));
  return {{"person", identity::to_json(person)},   {"csrf_token", csrf},
          {"permissions", std::move(permissions)}, {"roles", http::json::array(person.roles.begin(), person.roles.end())},
          {"must_change_password", must_change},   {"totp_setup_needed", totp_needed}};
}

std::string text_of(const Request& r, std::string_view key) {
  const auto* value = r.body.as_object().if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::string cookie(std::string_view value, bool secure, std::string_view more) {
  return "qs_session=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "") +
         std::string(more);
}

Result<Response> sign_in(Identity& identity, Request& r) {
  Actor nobody;
  nobody.from = r.remote;
  nobody.request_id = r.request_id;
  nobody.lang = r.lang();
  QS_TRY(auto in,
         identity.sign_in(nobody, text_of(r, "login"), text_of(r, "password"), text_of(r, "code"), r.header("user-agent")));
  return Response::ok(session_json(in.person, permissions_of(in.person.roles), in.csrf_token, in.must_change_password,
                                   in.totp_setup_needed))
      .with("Set-Cookie", cookie(in.session_secret, r.secure, ""))
      .with("Cache-Control", "no-store");
}

// Who one is, which a browser asks after every reload.
Result<Response> show_session(Identity& identity, Request& r) {
  QS_TRY(auto person, identity.person(r.actor.person_id));
  QS_TRY(auto outcome, identity.authenticator().authenticate_slow(r));
  bool incomplete = !outcome.complete;
  return Response::ok(session_json(person, r.actor.may, outcome.csrf_token,
                                   incomplete && (person.must_change_password || person.totp),
                                   incomplete && !person.must_change_password && !person.totp))
      .with("Cache-Control", "no-store");
}

}  // namespace

void add_account_routes(http::Router& router, Identity& identity) {
  auto early = [] {
    auto who = http::signed_in();
    who.before_complete = true;
    return who;
  };
  auto own = http::may(Permission::account);
  auto own_early = own;
  own_early.before_complete = true;
  auto password = [] { return schema::text().length(1, 1024); };
  router.add({.method = Method::post,
              .path = "/api/v1/session",
              .id = "session_open",
              .tag = "session",
              .summary = {"登录", "Sign in"},
              .who = http::anyone(),
              .body = schema::object({{"login", schema::text().length(1, 100)},
                                      {"password", password()},
                                      {"code", schema::text().length(0, 40).optional()}}),
              .body_limit = 16384,
              .answer = session_schema(),
              .errors = {Code::unauthenticated, Code::limited},
              .handler = [&](Request& r) { return sign_in(identity, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/session",
              .id = "session_show",
              .tag = "session",
              .summary = {"当前登录信息", "Who is signed in"},
              .who = early(),
              .answer = session_schema(),
              .handler = [&](Request& r) { return show_session(identity, r); }});
  router.add({.method = Method::del,
              .path = "/api/v1/session",
              .id = "session_close",
              .tag = "session",
              .summary = {"退出登录", "Sign out"},
              .who = early(),
              .answer_status = 204,
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.sign_out(r.actor));
                return Response::no_content().with("Set-Cookie", cookie("", r.secure, "; Max-Age=0"));
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/account/password",
              .id = "account_password",
              .tag = "account",
              .summary = {"修改口令", "Change the password"},
              .who = own_early,
              .body = schema::object({{"old_password", password()}, {"new_password", password()}}),
              .answer_status = 204,
              .errors = {Code::invalid},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.change_password(r.actor, text_of(r, "old_password"), text_of(r, "new_password")));
                return Response::no_content();
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/account/totp",
              .id = "totp_begin",
              .tag = "account",
              .summary = {"开始设置动态口令", "Begin the second factor"},
              .who = own_early,
              .answer = schema::object({{"secret", schema::text()}, {"uri", schema::text()}}),
              .errors = {Code::conflict},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto setup, identity.begin_totp(r.actor));
                return Response::ok(http::json::object{{"secret", setup.secret_base32}, {"uri", setup.uri}})
                    .with("Cache-Control", "no-store");
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/account/totp/confirm",
              .id = "totp_confirm",
              .tag = "account",
              .summary = {"确认动态口令", "Confirm the second factor"},
              .who = own_early,
              .body = schema::object({{"code", schema::text().length(6, 6)}}),
              .answer = schema::object({{"recovery_codes", schema::array(schema::text())}}),
              .errors = {Code::conflict, Code::invalid},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto codes, identity.confirm_totp(r.actor, text_of(r, "code")));
                return Response::ok(http::json::object{{"recovery_codes", http::json::array(codes.begin(), codes.end())}})
                    .with("Cache-Control", "no-store");
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/account/totp/remove",
              .id = "totp_remove",
              .tag = "account",
              .summary = {"停用动态口令", "Remove the second factor"},
              .who = own,
              .body = schema::object({{"password", password()}}),
              .answer_status = 204,
              .errors = {Code::invalid},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.remove_totp(r.actor, text_of(r, "password")));
                return Response::no_content();
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/account/sessions",
              .id = "account_sessions",
              .tag = "account",
              .summary = {"我的登录会话", "My sessions"},
              .who = own,
              .answer = session_list_schema(),
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto list, identity.sessions(r.actor, r.actor.person_id));
                http::json::array out;
                for (const auto& s : list) out.emplace_back(identity::to_json(s));
                return Response::ok(http::json::object{{"sessions", std::move(out)}});
              }});
  router.add({.method = Method::del,
              .path = "/api/v1/account/sessions/{id}",
              .id = "account_session_revoke",
              .tag = "account",
              .summary = {"结束我的一个会话", "End one of my sessions"},
              .who = own,
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.revoke_session(r.actor, r.param("id")));
                return Response::no_content();
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/account/tokens",
              .id = "token_list",
              .tag = "account",
              .summary = {"我的访问令牌", "My tokens"},
              .who = own,
              .answer = schema::object({{"tokens", schema::array(token_schema())}}),
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto list, identity.tokens(r.actor, r.actor.person_id));
                http::json::array out;
                for (const auto& t : list) out.emplace_back(to_json(t));
                return Response::ok(http::json::object{{"tokens", std::move(out)}});
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/account/tokens",
              .id = "token_add",
              .tag = "account",
              .summary = {"签发访问令牌", "Make a token"},
              .who = own,
              .body = schema::object({{"name", schema::text().length(1, 60)},
                                      {"scopes", schema::array(schema::text()).length(0, 20)},
                                      {"expires", schema::time().optional().nullable()}}),
              .answer = schema::object(
                  {{"token", token_schema()}, {"secret", schema::text().note("只显示这一次", "Shown this once")}}),
              .answer_status = 201,
              .errors = {Code::invalid},
              .handler = [&](Request& r) -> Result<Response> {
                NewToken token{.name = text_of(r, "name")};
                for (const auto& scope : r.body.at("scopes").as_array()) token.scopes.emplace_back(scope.as_string());
                if (auto expires = text_of(r, "expires"); !expires.empty()) token.expires = parse_iso(expires);
                QS_TRY(auto made, identity.add_token(r.actor, r.actor.person_id, token));
                return Response::ok(http::json::object{{"token", to_json(made.first)}, {"secret", made.second}}, 201)
                    .with("Cache-Control", "no-store");
              }});
  router.add({.method = Method::del,
              .path = "/api/v1/account/tokens/{id}",
              .id = "token_revoke",
              .tag = "account",
              .summary = {"吊销访问令牌", "Revoke a token"},
              .who = own,
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_CHECK(identity.revoke_token(r.actor, r.param("id")));
                return Response::no_content();
              }});
}

void add_routes(http::Router& router, Identity& identity) {
  add_account_routes(router, identity);
  add_people_routes(router, identity);
}

}  // namespace qushu::identity
