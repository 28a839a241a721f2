#include "dispatch.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "encoding.h"
#include "schema_node.h"

namespace qushu::http {
namespace {

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  for (auto part : split(text, ','))
    if (!trim(part).empty()) out.emplace_back(trim(part));
  return out;
}

Lang language(const Request& request) {
  auto chosen = request.cookie("qs_lang");
  if (chosen == "en") return Lang::en;
  if (chosen == "zh") return Lang::zh;
  for (auto part : split(request.header("accept-language"), ',')) {
    auto tag = lower_ascii(trim(part));
    if (tag.starts_with("zh")) return Lang::zh;
    if (tag.starts_with("en")) return Lang::en;
  }
  return Lang::zh;
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

bool has_credential(const Request& request) {
  return !request.header("authorization").empty() || !request.cookie("qs_session").empty() ||
         !request.header("signature-input").empty();
}

json::value typed(const Schema::Node& node, const std::string& text) {
  switch (node.kind) {
    case Kind::integer:
      if (auto n = to_int(text)) return *n;
      return json::value(text);
    case Kind::number: {
      char* end = nullptr;
      auto d = std::strtod(text.c_str(), &end);
      if (!text.empty() && *end == '\0') return d;
      return json::value(text);
    }
    case Kind::boolean:
      if (text == "true" || text == "1" || text.empty()) return true;
      if (text == "false" || text == "0") return false;
      return json::value(text);
    default:
      return json::value(text);
  }
}

Failure malformed(std::string zh, std::string en) {
  return fail(Code::invalid, "http.malformed", std::move(zh), std::move(en));
}

}  // namespace

Dispatcher::Dispatcher(const ServerDeps& deps)
    : router_(deps.router),
      authenticator_(deps.authenticator),
      metrics_(deps.metrics),
      json_limit_(static_cast<std::uint64_t>(deps.settings.integer("http.body_limit"))),
      upload_limit_(static_cast<std::uint64_t>(deps.settings.integer("http.upload_limit"))),
      gzip_minimum_(static_cast<std::uint64_t>(deps.settings.integer("http.gzip_minimum"))),
      origins_(list_of(deps.settings.text("http.cors_origins"))),
      proxies_(list_of(deps.settings.text("http.trusted_proxies"))) {}

std::uint64_t Dispatcher::body_limit(const Route& route) const {
  if (route.body_limit > 0) return route.body_limit;
  return route.streams_body ? upload_limit_ : json_limit_;
}

Result<void> Dispatcher::plan(Exchange& x) const {
  auto& r = x.request;
  auto id = r.header("x-request-id");
  r.request_id = is_request_id(id) ? std::move(id) : new_id();
  r.actor.lang = language(r);
  if (std::ranges::find(proxies_, r.remote) != proxies_.end()) {
    // The last address that is not a proxy of ours is the client's; what stands before it was written by the client.
    auto chain = list_of(r.header("x-forwarded-for"));
    while (!chain.empty() && std::ranges::find(proxies_, chain.back()) != proxies_.end()) chain.pop_back();
    if (!chain.empty()) r.remote = chain.back();
    r.secure = r.secure || lower_ascii(r.header("x-forwarded-proto")) == "https";
  }
  r.actor.from = r.remote;
  r.actor.request_id = r.request_id;
  QS_TRY(auto match, router_.match(r.method, r.path));
  x.route = match.route;
  r.route = match.route->path;
  r.params = std::move(match.params);
  return {};
}

Result<void> Dispatcher::check_query(const Exchange& x) const {
  std::vector<Flaw> flaws;
  const auto& r = x.request;
  for (const auto& p : x.route->query) {
    auto [begin, end] = r.query.equal_range(p.name);
    if (begin == end) {
      if (p.required) flaws.push_back({p.name, {"缺少这个参数。", "This parameter is missing."}});
      continue;
    }
    if (!p.repeated && std::next(begin) != end)
      flaws.push_back({p.name, {"这个参数只能出现一次。", "This parameter may occur only once."}});
    for (auto i = begin; i != end; ++i)
      for (auto& flaw : check(p.shape, typed(p.shape.node(), i->second))) flaws.push_back({p.name, flaw.text});
  }
  if (!x.route->open_query)
    for (const auto& [name, value] : r.query)
      if (std::ranges::none_of(x.route->query, [&](const Parameter& p) { return p.name == name; }))
        flaws.push_back({name, {"没有这个参数，请检查拼写。", "There is no such parameter; check the spelling."}});
  if (!flaws.empty()) return fail(invalid_body(flaws, r.lang()));
  return {};
}

void Dispatcher::fill_actor(Exchange& x, Actor actor) const {
  actor.from = x.request.remote;
  actor.request_id = x.request.request_id;
  actor.lang = x.request.actor.lang;
  x.request.actor = std::move(actor);
}

bool Dispatcher::is_own_origin(const Exchange& x) const {
  auto host = x.origin.find("://");
  return (host != std::string::npos && std::string_view(x.origin).substr(host + 3) == x.request.header("host")) ||
         std::ranges::find(origins_, x.origin) != origins_.end();
}

Result<void> Dispatcher::admit(Exchange& x, const Authenticator::Outcome& outcome) const {
  const auto& who = x.route->who;
  const auto& actor = x.request.actor;
  bool changes = x.request.method != Method::get;
  if (outcome.cookie_session && changes &&
      !crypto::equal_in_constant_time(outcome.csrf_token, x.request.header("x-csrf-token")))
    return fail(Code::forbidden, "http.csrf", "请求缺少防伪令牌，请刷新页面后重试。",
                "The request lacks its anti-forgery token; reload the page and try again.");
  if (outcome.cookie_session && changes && !x.origin.empty() && !is_own_origin(x))
    return fail(Code::forbidden, "http.origin", "请求来自别的网站，已拒绝。",
                "The request comes from another site and was refused.");
  if (who.kind == Access::Kind::anyone) return {};
  if (!actor.signed_in()) return fail(Code::unauthenticated, "http.sign_in", "请先登录。", "Please sign in first.");
  if (!outcome.complete && !who.before_complete)
    return fail(Code::forbidden, "identity.incomplete", "请先修改初始密码或完成动态口令设置。",
                "Please change the first password or set up the second factor first.");
  // Signed in is a person; an application's key is none.
  if (who.kind == Access::Kind::signed_in && actor.person_id.empty())
    return fail(Code::forbidden, "http.person", "应用密钥不能这样使用。", "An application's key cannot be used for this.");
  if (who.kind == Access::Kind::permission && std::ranges::none_of(who.any_of, [&](Permission p) { return actor.can(p); }))
    return fail(Code::forbidden, "http.forbidden", "您没有执行这项操作的权限。", "You are not allowed to do this.");
  return {};
}

Result<void> Dispatcher::take_body(Exchange& x) const {
  if (!x.route->body) {
    if (!x.route->streams_body && !x.body_text.empty())
      return malformed("这个地址不接受请求体。", "This address takes no body.");
    return {};
  }
  auto type = lower_ascii(x.request.header("content-type"));
  if (!type.starts_with("application/json"))
    return fail(Error{.code = Code::invalid,
                      .id = "http.content_type",
                      .text = {"请求体应为 application/json。", "The body must be application/json."},
                      .subject = "Content-Type"});
  boost::system::error_code failed;
  x.request.body = json::parse(x.body_text, failed);
  if (failed) return malformed("请求体不是有效的 JSON。", "The body is not valid JSON.");
  auto flaws = check(*x.route->body, x.request.body);
  if (!flaws.empty()) return fail(invalid_body(flaws, x.request.lang()));
  return {};
}

Response Dispatcher::run(Exchange& x, const Handler& handler) const {
  try {
    auto result = handler(x.request);
    if (result) return *std::move(result);
    return problem_of(x, result.error());
  } catch (const std::exception& thrown) {
    return problem_of(x, fail_internal(fmt::format("handler of {} threw: {}", x.route->id, thrown.what())).error());
  }
}

std::optional<Response> Dispatcher::answer_now(Exchange& x) const {
  const auto& route = *x.route;
  if (route.run != Run::at_once && !route.fast) return std::nullopt;
  Authenticator::Outcome outcome;
  if (!route.nameless && has_credential(x.request)) {
    auto known = authenticator_.authenticate_fast(x.request);
    if (!known || !*known) return std::nullopt;
    outcome = **std::move(known);
    fill_actor(x, std::move(outcome.actor));
  }
  if (!admit(x, outcome)) return std::nullopt;
  if (auto checked = check_query(x); !checked) return problem_of(x, checked.error());
  if (route.run == Run::at_once) return run(x, route.handler);
  try {
    auto quick = route.fast(x.request);
    if (!quick) return std::nullopt;
    if (*quick) return **std::move(quick);
    return problem_of(x, quick->error());
  } catch (const std::exception& thrown) {
    return problem_of(x, fail_internal(fmt::format("fast handler of {} threw: {}", route.id, thrown.what())).error());
  }
}

Response Dispatcher::answer(Exchange& x) const {
  Authenticator::Outcome outcome;
  if (!x.route->nameless && has_credential(x.request)) {
    auto known = authenticator_.authenticate_slow(x.request);
    if (!known) {
      // A stale cookie must not lock anybody out of what is open to anyone.
      bool open = x.route->who.kind == Access::Kind::anyone && known.error().code == Code::unauthenticated;
      if (!open) {
        if (known.error().code == Code::unauthenticated) authenticator_.refused(x.request, known.error());
        return problem_of(x, known.error());
      }
    } else {
      outcome = *std::move(known);
      fill_actor(x, std::move(outcome.actor));
    }
  }
  if (auto admitted = admit(x, outcome); !admitted) {
    authenticator_.refused(x.request, admitted.error());
    return problem_of(x, admitted.error());
  }
  // Only who may call is told what is wrong with the call.
  if (auto checked = check_query(x); !checked) return problem_of(x, checked.error());
  if (auto taken = take_body(x); !taken) return problem_of(x, taken.error());
  auto response = run(x, x.route->handler);
  if (auto* text = std::get_if<std::string>(&response.body);
      text && text->size() >= gzip_minimum_ && accepts_gzip(x.accept_encoding)) {
    bool compressible = false, encoded = false;
    for (const auto& [name, value] : response.headers) {
      auto key = lower_ascii(name);
      if (key == "content-type") compressible = is_compressible(value);
      if (key == "content-encoding") encoded = true;
    }
    if (compressible && !encoded) {
      *text = gzip(*text);
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  return response;
}

Response Dispatcher::problem_of(const Exchange& x, const Error& error) const {
  if (error.code == Code::internal) log::error("request " + x.request.request_id + " " + x.request.path, error);
  auto detail = problem(error, x.request.lang(), x.request.request_id);
  Response r;
  r.status = static_cast<unsigned>(detail.at("status").to_number<int>());
  r.headers.emplace_back("Content-Type", "application/problem+json");
  r.headers.emplace_back("Cache-Control", "no-store");
  if (r.status == 503 || r.status == 429) r.headers.emplace_back("Retry-After", r.status == 503 ? "1" : "60");
  if (r.status == 405) r.headers.emplace_back("Allow", error.subject);
  if (r.status == 401 && !x.request.header("authorization").empty()) r.headers.emplace_back("WWW-Authenticate", "Bearer");
  r.body = json::serialize(detail);
  return r;
}

void Dispatcher::finish(const Exchange& x, Response& response) const {
  auto& headers = response.headers;
  bool cached = false, policy = false;
  for (const auto& [name, value] : headers) {
    auto key = lower_ascii(name);
    if (key == "etag" && response.status == 200 && x.request.method == Method::get) {
      for (auto tag : split(x.request.header("if-none-match"), ','))
        if (auto t = trim(tag); t == "*" || t == value || (t.starts_with("W/") && t.substr(2) == value)) {
          response.status = 304;
          response.body = std::monostate{};
        }
    }
    cached = cached || key == "cache-control";
    policy = policy || key == "content-security-policy";
  }
  if (!cached) headers.emplace_back("Cache-Control", "no-cache");
  if (!policy) headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("X-Frame-Options", "DENY");
  headers.emplace_back("Referrer-Policy", "same-origin");
  headers.emplace_back("Vary", "Accept-Encoding, Accept-Language, Cookie, Origin");
  if (x.request.secure) headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
  headers.emplace_back("X-Request-Id", x.request.request_id);
  if (!x.origin.empty() && std::ranges::find(origins_, x.origin) != origins_.end())
    headers.emplace_back("Access-Control-Allow-Origin", x.origin);
}

bool Dispatcher::is_for_everybody(std::string_view path) const {
  for (auto method : {Method::get, Method::post})
    if (auto match = router_.match(method, path); match && !match->route->nameless) return false;
  return router_.match(Method::get, path).has_value();
}

Response Dispatcher::preflight(const Exchange& x) const {
  Response r;
  r.status = 204;
  auto match = router_.match(Method::get, x.request.path);
  std::string allow = "GET, HEAD";
  if (!match) allow = match.error().id == "http.method" ? match.error().subject : "";
  if (!x.origin.empty() && std::ranges::find(origins_, x.origin) != origins_.end()) {
    r.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
    r.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id");
    r.headers.emplace_back("Access-Control-Max-Age", "600");
  } else if (!x.origin.empty() && is_for_everybody(x.request.path)) {
    // Nobody is told from anybody there, so that no page can do more than whoever looks.
    r.headers.emplace_back("Access-Control-Allow-Origin", "*");
    r.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST");
    r.headers.emplace_back("Access-Control-Allow-Headers", "Content-Type");
    r.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  if (!allow.empty()) r.headers.emplace_back("Allow", allow + ", OPTIONS");
  return r;
}

void Dispatcher::measure(const Exchange& x, unsigned status) const {
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - x.begun).count();
  auto id = x.route ? std::string_view(x.route->id) : std::string_view("none");
  metrics_.observe("qushu_http_request_seconds", fmt::format("route=\"{}\",status=\"{}xx\"", id, status / 100), seconds);
}

bool Dispatcher::still_signed_in(const Exchange& x) const {
  auto known = authenticator_.authenticate_slow(x.request);
  return known && known->actor.signed_in() && known->actor.person_id == x.request.actor.person_id;
}

}  // namespace qushu::http
