#include "qushu/notify/notices.h"

#include <array>

#include "qushu/base/id.h"

namespace qushu::notify {
namespace {

namespace schema = http::schema;
namespace json = http::json;
using http::Method;
using http::Request;
using http::Response;

const std::array kMigrations{store::Migration{
    .id = "notice.0001",
    .sql =
        "CREATE TABLE notice (id TEXT PRIMARY KEY, person_id TEXT NOT NULL, kind TEXT NOT NULL, title_zh TEXT NOT NULL, "
        "title_en TEXT NOT NULL, detail_zh TEXT NOT NULL, detail_en TEXT NOT NULL, link TEXT NOT NULL, at BIGINT NOT NULL);\n"
        "CREATE INDEX notice_person ON notice (person_id, id);\n"}};

}  // namespace

std::span<const store::Migration> notice_migrations() {
  return kMigrations;
}

Result<void> tell(store::Transaction& t, const std::vector<std::string>& people, const Notice& n) {
  for (const auto& person : people)
    QS_CHECK(t.exec(
        "INSERT INTO notice (id, person_id, kind, title_zh, title_en, detail_zh, detail_en, link, at) VALUES (?, ?, ?, ?, ?, "
        "?, ?, ?, ?)",
        {new_id(), person, n.kind, n.title.zh, n.title.en, n.detail.zh, n.detail.en, n.link, n.at}));
  return {};
}

Result<std::vector<Notice>> notices_of(store::Session& s, std::string_view person_id, std::size_t limit) {
  QS_TRY(auto rows,
         s.query("SELECT id, kind, title_zh, title_en, detail_zh, detail_en, link, at FROM notice WHERE person_id = ? "
                 "ORDER BY id DESC LIMIT ?",
                 {person_id, static_cast<std::int64_t>(limit)}));
  std::vector<Notice> list;
  for (const auto& row : rows)
    list.push_back({.id = row.text(0),
                    .kind = row.text(1),
                    .link = row.text(6),
                    .title = {row.text(2), row.text(3)},
                    .detail = {row.text(4), row.text(5)},
                    .at = row.time(7)});
  return list;
}

Result<void> put_away(store::Transaction& t, std::string_view person_id, std::string_view id) {
  QS_TRY(auto gone, t.exec("DELETE FROM notice WHERE id = ? AND person_id = ?", {id, person_id}));
  if (gone == 0) return fail(Code::not_found, "notice.not_found", "没有这条通知。", "There is no such notice.");
  return {};
}

void add_notice_routes(http::Router& router, store::Store& store) {
  auto notice = schema::object({{"id", schema::text()},
                                {"kind", schema::text()},
                                {"title", schema::text()},
                                {"detail", schema::text()},
                                {"link", schema::text()},
                                {"at", schema::time()}})
                    .named("Notice");
  router.add({.method = Method::get,
              .path = "/api/v1/notices",
              .id = "notice_list",
              .tag = "home",
              .summary = {"给我的通知", "Notices for me"},
              .who = http::may(Permission::account),
              .query = {{.name = "limit", .shape = schema::integer().range(1, 200), .otherwise = "50"}},
              .answer = schema::object({{"notices", schema::array(notice)}}),
              .handler = [&store](Request& r) -> Result<Response> {
                auto limit = static_cast<std::size_t>(r.integer("limit", 50));
                QS_TRY(auto list, store.read([&](store::Session& s) { return notices_of(s, r.actor.person_id, limit); }));
                json::array out;
                for (const auto& n : list)
                  out.emplace_back(json::object{{"id", n.id},
                                                {"kind", n.kind},
                                                {"title", n.title.in(r.lang())},
                                                {"detail", n.detail.in(r.lang())},
                                                {"link", n.link},
                                                {"at", to_iso(n.at)}});
                return Response::ok(json::object{{"notices", std::move(out)}});
              }});
  router.add({.method = Method::del,
              .path = "/api/v1/notices/{id}",
              .id = "notice_put_away",
              .tag = "home",
              .summary = {"收起一条通知", "Put a notice away"},
              .who = http::may(Permission::account),
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&store](Request& r) -> Result<Response> {
                QS_CHECK(store.write([&](store::Transaction& t) { return put_away(t, r.actor.person_id, r.param("id")); }));
                return Response::no_content();
              }});
}

}  // namespace qushu::notify
