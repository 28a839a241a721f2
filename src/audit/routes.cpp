#include <array>

#include "qushu/audit/audit.h"
#include "qushu/base/csv.h"
#include "qushu/base/text.h"

namespace qushu::audit {
namespace {

using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema entry_schema() {
  auto text = [] { return schema::text(); };
  return schema::object({{"number", schema::integer()},
                         {"at", schema::time()},
                         {"actor_id", text()},
                         {"actor_name", text()},
                         {"department_id", text()},
                         {"via", text()},
                         {"from", text()},
                         {"request_id", text()},
                         {"action", text()},
                         {"action_name", text()},
                         {"object_kind", text()},
                         {"object_id", text()},
                         {"object_name", text()},
                         {"outcome", schema::choice({"success", "failure", "denied"})},
                         {"detail", schema::map(schema::any())},
                         {"previous_hash", text()},
                         {"hash", text()}})
      .named("AuditEntry");
}

json::object shown(const Entry& e, Lang lang) {
  return {{"number", e.number},
          {"at", to_iso(e.at)},
          {"actor_id", e.actor_id},
          {"actor_name", e.actor_name},
          {"department_id", e.department_id},
          {"via", e.via},
          {"from", e.from},
          {"request_id", e.request_id},
          {"action", e.event.action},
          {"action_name", action_name(e.event.action).in(lang)},
          {"object_kind", e.event.object_kind},
          {"object_id", e.event.object_id},
          {"object_name", e.event.object_name},
          {"outcome", name(e.event.outcome)},
          {"detail", e.event.detail},
          {"previous_hash", e.previous_hash},
          {"hash", e.hash}};
}

Result<Query> query_of(const Request& r) {
  Query q;
  for (auto [name, into] : {std::pair{"since", &q.since}, std::pair{"until", &q.until}})
    if (auto text = r.get(name); text && !text->empty()) {
      *into = parse_iso(*text);
      if (!*into)
        return fail(Error{.code = Code::invalid,
                          .id = "audit.time",
                          .text = {"时间应写成 2026-11-23 或 2026-11-23T08:00:00Z。",
                                   "A time is written 2026-11-23 or 2026-11-23T08:00:00Z."},
                          .subject = name});
    }
  q.actor = r.get("actor").value_or("");
  q.action = r.get("action").value_or("");
  q.object_kind = r.get("object_kind").value_or("");
  q.object_id = r.get("object_id").value_or("");
  q.text = r.get("text").value_or("");
  q.before = r.integer("before", 0);
  q.limit = static_cast<std::size_t>(r.integer("limit", 50));
  auto outcome = r.get("outcome").value_or("");
  for (auto o : {Outcome::success, Outcome::failure, Outcome::denied})
    if (name(o) == outcome) q.outcome = o;
  return q;
}

Result<void> write_csv(Audit& audit, Query q, Lang lang, http::BodyWriter& out) {
  QS_CHECK(
      out.write(lang == Lang::zh
                    ? "\xEF\xBB\xBF序号,时间(UTC),人员,方式,来源,动作,对象类型,对象,名称,结果,详情,哈希\r\n"
                    : "\xEF\xBB\xBFnumber,time (UTC),person,via,from,action,object kind,object,name,outcome,detail,hash\r\n"));
  q.limit = 1000;
  while (true) {
    QS_TRY(auto entries, audit.search(q));
    std::string text;
    for (const auto& e : entries)
      append_csv_line(
          std::array{std::to_string(e.number), to_iso(e.at), e.actor_name, e.via, e.from, action_name(e.event.action).in(lang),
                     e.event.object_kind, e.event.object_id, e.event.object_name, std::string(name(e.event.outcome)),
                     json::serialize(e.event.detail), e.hash},
          text);
    QS_CHECK(out.write(text));
    if (entries.size() < q.limit) return {};
    q.before = entries.back().number;
  }
}

std::vector<http::Parameter> parameters() {
  return {{.name = "since", .shape = schema::text()},
          {.name = "until", .shape = schema::text()},
          {.name = "actor", .shape = schema::text(), .note = {"姓名的一部分，或标识", "Part of the name, or the id"}},
          {.name = "action",
           .shape = schema::text(),
           .note = {"动作，或以“.”结尾的前缀", "An action, or a prefix that ends in “.”"}},
          {.name = "object_kind", .shape = schema::text()},
          {.name = "object_id", .shape = schema::text()},
          {.name = "outcome", .shape = schema::choice({"success", "failure", "denied"})},
          {.name = "text", .shape = schema::text()},
          {.name = "before", .shape = schema::integer().range(0, INT64_MAX), .otherwise = "0"},
          {.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "50"}};
}

}  // namespace

void add_routes(http::Router& router, Audit& audit) {
  using http::Method;
  router.add({.method = Method::get,
              .path = "/api/v1/audit",
              .id = "audit_search",
              .tag = "audit",
              .summary = {"检索审计记录", "Search the audit"},
              .who = http::may(Permission::audit_read),
              .query = parameters(),
              .answer = schema::object({{"entries", schema::array(entry_schema())}, {"next", schema::text()}}),
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto q, query_of(r));
                QS_TRY(auto entries, audit.search(q));
                json::array out;
                for (const auto& e : entries) out.emplace_back(shown(e, r.lang()));
                auto next = entries.size() == q.limit ? std::to_string(entries.back().number) : std::string();
                return Response::ok(json::object{{"entries", std::move(out)}, {"next", next}});
              }});
  router.add(
      {.method = Method::get,
       .path = "/api/v1/audit/export.csv",
       .id = "audit_export",
       .tag = "audit",
       .summary = {"导出审计记录", "Export the audit"},
       .who = http::may(Permission::audit_read),
       .query = parameters(),
       .answer_types = {"text/csv"},
       .handler = [&](Request& r) -> Result<Response> {
         QS_TRY(auto q, query_of(r));
         QS_CHECK(audit.record(
             r.actor, {.action = "audit.export", .object_kind = "audit", .object_id = "export", .object_name = "审计记录"}));
         return Response::stream("text/csv; charset=utf-8",
                                 [&audit, q, lang = r.lang()](http::BodyWriter& out) { return write_csv(audit, q, lang, out); })
             .as_download("audit.csv");
       }});
  router.add({.method = Method::get,
              .path = "/api/v1/audit/{number}",
              .id = "audit_show",
              .tag = "audit",
              .summary = {"查看一条审计记录", "Show an entry of the audit"},
              .who = http::may(Permission::audit_read),
              .answer = entry_schema(),
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                auto number = to_int(r.param("number"));
                QS_TRY(auto entry, audit.find(number.value_or(0)));
                if (!entry)
                  return fail(Code::not_found, "audit.not_found", "没有这条审计记录。", "There is no such entry in the audit.");
                return Response::ok(shown(*entry, r.lang()));
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/audit/verify",
              .id = "audit_verify",
              .tag = "audit",
              .summary = {"校验整条审计链", "Verify the whole chain"},
              .who = http::may(Permission::audit_read),
              .answer = schema::object({{"intact", schema::boolean()},
                                        {"entries", schema::integer()},
                                        {"checkpoints", schema::integer()},
                                        {"first_broken", schema::integer()},
                                        {"reason", schema::text()}}),
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto v, audit.verify());
                QS_CHECK(audit.record(r.actor, {.action = "audit.verify",
                                                .object_kind = "audit",
                                                .object_id = "chain",
                                                .object_name = "审计链",
                                                .outcome = v.intact ? Outcome::success : Outcome::failure,
                                                .detail = {{"entries", v.entries}, {"first_broken", v.first_broken}}}));
                return Response::ok(json::object{{"intact", v.intact},
                                                 {"entries", v.entries},
                                                 {"checkpoints", v.checkpoints},
                                                 {"first_broken", v.first_broken},
                                                 {"reason", v.reason.in(r.lang())}});
              }});
}

}  // namespace qushu::audit
