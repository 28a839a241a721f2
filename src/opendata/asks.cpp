#include "qushu/opendata/asks.h"

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/json.h"
#include "qushu/base/text.h"

namespace qushu::opendata {
namespace {

namespace schema = http::schema;
using http::Request;
using http::Response;

constexpr std::string_view kColumns = "id, number, wanted, purpose, name, contact, state, answer, answered_by, at, answered";
constexpr std::size_t kText = 2000, kName = 100;

Ask ask_of(const store::Row& row) {
  return {.id = row.text(0),
          .number = row.integer(1),
          .wanted = row.text(2),
          .purpose = row.text(3),
          .name = row.text(4),
          .contact = row.text(5),
          .state = row.text(6),
          .answer = row.text(7),
          .answered_by = row.text(8),
          .at = row.time(9),
          .answered = row.opt_time(10)};
}

Result<void> fits(std::string& text, std::string_view member, std::size_t least, std::size_t most) {
  text = trim(text);
  auto length = utf8_length(text);
  if (length >= least && length <= most) return {};
  return fail(
      Error{.code = Code::invalid,
            .id = "ask.text",
            .text = {length < least ? fmt::format("请写明，至少 {} 个字。", least) : fmt::format("最多 {} 个字。", most),
                     length < least ? fmt::format("Please say it, in {} characters at least.", least)
                                    : fmt::format("{} characters at most.", most)},
            .subject = std::string(member)});
}

Failure no_ask() {
  return fail(Code::not_found, "ask.not_found", "没有这个申请。", "There is no such request.");
}

Result<void> check_authority(const Actor& actor) {
  if (actor.can(Permission::catalog_review)) return {};
  return fail(Code::forbidden, "ask.not_reviewer", "需要“目录审核员”角色才能答复公众的申请。",
              "Answering the public needs the role “catalogue reviewer”.");
}

}  // namespace

Result<Ask> Asks::add(const Actor& actor, Ask ask) {
  QS_CHECK(fits(ask.wanted, "wanted", 2, kText));
  QS_CHECK(fits(ask.purpose, "purpose", 2, kText));
  QS_CHECK(fits(ask.name, "name", 0, kName));
  QS_CHECK(fits(ask.contact, "contact", 0, kName));
  ask.id = new_id();
  ask.state = "waiting";
  return deps_.store.write([&](store::Transaction& t) -> Result<Ask> {
    ask.at = deps_.clock.now();
    QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM open_ask"));
    ask.number = last->integer(0) + 1;
    QS_CHECK(
        t.exec("INSERT INTO open_ask (id, number, wanted, purpose, name, contact, state, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               {ask.id, ask.number, ask.wanted, ask.purpose, ask.name, ask.contact, ask.state, ask.at}));
    QS_CHECK(deps_.audit.record(t, actor,
                                {.action = "ask.add",
                                 .object_kind = "ask",
                                 .object_id = ask.id,
                                 .object_name = shorten(ask.wanted, 60),
                                 .detail = {{"number", ask.number}}}));
    return ask;
  });
}

Result<Ask> Asks::find(std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM open_ask WHERE id = ?", kColumns), {id});
  }));
  if (!row) return no_ask();
  return ask_of(*row);
}

Result<std::vector<Ask>> Asks::list(const Actor& actor, std::string_view state, std::string_view before,
                                    std::size_t limit) const {
  QS_CHECK(check_authority(actor));
  auto sql = fmt::format("SELECT {} FROM open_ask WHERE 1 = 1", kColumns);
  store::Params params;
  if (!state.empty()) {
    sql += " AND state = ?";
    params.emplace_back(state);
  }
  if (!before.empty()) {
    sql += " AND id < ?";
    params.emplace_back(before);
  }
  sql += " ORDER BY id DESC LIMIT ?";
  params.emplace_back(static_cast<std::int64_t>(limit));
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) { return s.query(sql, params); }));
  std::vector<Ask> out;
  for (const auto& row : rows) out.push_back(ask_of(row));
  return out;
}

Result<Ask> Asks::answer(const Actor& actor, std::string_view id, bool accepted, std::string_view text) {
  QS_CHECK(check_authority(actor));
  std::string said(text);
  QS_CHECK(fits(said, "text", 2, kText));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto done, t.exec("UPDATE open_ask SET state = ?, answer = ?, answered_by = ?, answered = ? WHERE id = ?",
                             {accepted ? "accepted" : "declined", said, actor.name, deps_.clock.now(), id}));
    if (done == 0) return no_ask();
    return deps_.audit.record(t, actor,
                              {.action = "ask.answer",
                               .object_kind = "ask",
                               .object_id = std::string(id),
                               .object_name = shorten(said, 60),
                               .detail = {{"accepted", accepted}}});
  }));
  return find(id);
}

json::object to_json(const Ask& a) {
  return {{"id", a.id},
          {"number", a.number},
          {"wanted", a.wanted},
          {"purpose", a.purpose},
          {"name", a.name},
          {"contact", a.contact},
          {"state", a.state},
          {"answer", a.answer},
          {"at", to_iso(a.at)},
          {"answered", time_or_null(a.answered)},
          {"answered_by", a.answered_by}};
}

void add_ask_routes(http::Router& router, Asks& asks) {
  std::vector<http::Member> members;
  for (const char* text : {"id", "wanted", "purpose", "name", "contact", "answer", "answered_by"})
    members.push_back({text, schema::text()});
  members.push_back({"number", schema::integer()});
  members.push_back({"state", schema::choice({"waiting", "accepted", "declined"})});
  members.push_back({"at", schema::time()});
  members.push_back({"answered", schema::time().nullable()});
  auto ask = schema::object(std::move(members)).named("Ask");
  router.add({.method = http::Method::get,
              .path = "/api/v1/open/asks",
              .id = "ask_list",
              .tag = "open",
              .summary = {"公众申请开放的数据", "What the public asks to be opened"},
              .who = http::may(Permission::catalog_review),
              .query = {{.name = "state", .shape = schema::choice({"waiting", "accepted", "declined"})},
                        {.name = "after", .shape = schema::text()},
                        {.name = "limit", .shape = schema::integer().range(1, 200), .otherwise = "50"}},
              .answer = schema::object({{"asks", schema::array(ask)}, {"next", schema::text()}}),
              .handler = [&asks](Request& r) -> Result<Response> {
                auto limit = static_cast<std::size_t>(r.integer("limit", 50));
                QS_TRY(auto found, asks.list(r.actor, r.get("state").value_or(""), r.get("after").value_or(""), limit));
                json::array out;
                for (const auto& one : found) out.emplace_back(to_json(one));
                return Response::ok(
                    json::object{{"asks", std::move(out)}, {"next", found.size() == limit ? found.back().id : std::string()}});
              }});
  router.add({.method = http::Method::post,
              .path = "/api/v1/open/asks/{id}/answer",
              .id = "ask_answer",
              .tag = "open",
              .summary = {"答复公众的申请", "Answer what the public asks for"},
              .who = http::may(Permission::catalog_review),
              .body = schema::object(
                  {{"outcome", schema::choice({"accepted", "declined"})}, {"text", schema::text().length(1, kText)}}),
              .answer = ask,
              .errors = {Code::not_found, Code::invalid},
              .handler = [&asks](Request& r) -> Result<Response> {
                const auto& o = r.body.as_object();
                QS_TRY(auto done, asks.answer(r.actor, r.param("id"), o.at("outcome").as_string() == "accepted",
                                              std::string(o.at("text").as_string())));
                return Response::ok(to_json(done));
              }});
}

}  // namespace qushu::opendata
