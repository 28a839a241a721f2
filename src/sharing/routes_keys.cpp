// Application keys, use, records and watermarks of grants over HTTP.
#include <fstream>

#include "qushu/base/id.h"
#include "qushu/sharing/routes.h"

#include "words.h"

namespace qushu::sharing {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema key_schema() {
  std::vector<http::Member> members;
  for (const char* text : {"id", "name", "department_id", "department_name", "hint", "created_by", "revoked_by"})
    members.push_back({text, schema::text()});
  members.push_back({"grants", schema::array(schema::text())});
  members.push_back({"kind", schema::choice({"bearer", "hmac-sha256", "hmac-sm3"})});
  for (const char* time : {"created", "expires"}) members.push_back({time, schema::time()});
  for (const char* time : {"last_used", "revoked"}) members.push_back({time, schema::time().nullable()});
  return schema::object(std::move(members)).named("ApplicationKey");
}

Result<Response> add_key(const Keys& keys, const Request& r) {
  const auto& b = r.body.as_object();
  NewKey n{.name = text_at(b, "name"), .grants = {}};
  for (const auto& id : b.at("grants").as_array()) n.grants.emplace_back(id.as_string());
  (void)parse(text_at(b, "kind"), n.kind);
  if (auto expires = text_at(b, "expires"); !expires.empty()) n.expires = parse_iso(expires);
  QS_TRY(auto made, keys.add(r.actor, n));
  return Response::ok(json::object{{"key", to_json(made.first)}, {"secret", made.second}}, 201);
}

void add_keys(http::Router& router, Keys& keys) {
  auto read = http::may(Permission::dataset_read);
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/keys",
              .id = "sharing_key_list",
              .tag = "sharing",
              .summary = {"列出应用密钥", "List application keys"},
              .who = read,
              .query = {{.name = "grant", .shape = schema::text().length(0, 63)}},
              .answer = schema::object({{"keys", schema::array(key_schema())}}),
              .handler = [&keys](Request& r) -> Result<Response> {
                QS_TRY(auto list, keys.list(r.actor, r.get("grant").value_or("")));
                json::array out;
                for (const auto& key : list) out.push_back(to_json(key));
                return Response::ok(json::object{{"keys", std::move(out)}});
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/sharing/keys",
              .id = "sharing_key_add",
              .tag = "sharing",
              .summary = {"签发应用密钥；密钥只显示这一次", "Make an application key; its secret is shown this once"},
              .who = read,
              .body = schema::object({{"name", schema::text().length(1, 400)},
                                      {"grants", schema::array(schema::text().length(1, 63)).length(1, 100)},
                                      {"kind", schema::choice({"bearer", "hmac-sha256", "hmac-sm3"})},
                                      {"expires", schema::time().optional()}}),
              .answer = schema::object({{"key", key_schema()}, {"secret", schema::text()}}),
              .answer_status = 201,
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
              .handler = [&keys](Request& r) { return add_key(keys, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/sharing/keys/{id}/revoke",
              .id = "sharing_key_revoke",
              .tag = "sharing",
              .summary = {"吊销应用密钥，立即生效", "Revoke an application key, at once"},
              .who = read,
              .answer = key_schema(),
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&keys](Request& r) -> Result<Response> {
                QS_TRY(auto key, keys.revoke(r.actor, r.param("id")));
                return Response::ok(to_json(key));
              }});
}

void add_usage(http::Router& router, const Grants& grants, const Meter& meter, const Clock& clock) {
  auto usage = schema::object({{"day", schema::text()},
                               {"who", schema::text()},
                               {"method", schema::text()},
                               {"calls", schema::integer()},
                               {"rows", schema::integer()},
                               {"refused", schema::integer()}});
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/grants/{id}/usage",
              .id = "grant_usage",
              .tag = "sharing",
              .summary = {"授权的使用计量，按日", "What was used under a grant, by day"},
              .who = http::may(Permission::dataset_read),
              .query = {{.name = "days", .shape = schema::integer().range(1, 3660), .otherwise = "30"}},
              .answer = schema::object({{"usage", schema::array(usage)}}),
              .errors = {Code::not_found},
              .handler = [&grants, &meter, &clock](Request& r) -> Result<Response> {
                QS_TRY(auto g, grants.find(r.actor, r.param("id")));
                auto since = to_iso(clock.now() - std::chrono::days(r.integer("days", 30) - 1)).substr(0, 10);
                QS_TRY(auto list, meter.usage(g.id, since));
                json::array out;
                for (const auto& u : list) out.push_back(to_json(u));
                return Response::ok(json::object{{"usage", std::move(out)}});
              }});
}

void add_records(http::Router& router, const Records& records) {
  auto record = schema::object({{"id", schema::text()},
                                {"grant_id", schema::text()},
                                {"kind", schema::choice({"usage", "rectification", "disposal"})},
                                {"scenario", schema::text()},
                                {"process", schema::text()},
                                {"effect", schema::text()},
                                {"storage", schema::text()},
                                {"destruction", schema::text()},
                                {"person_name", schema::text()},
                                {"at", schema::time()}})
                    .named("GrantRecord");
  auto text = [] { return schema::text().length(0, 100000).optional(); };
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/grants/{id}/records",
              .id = "grant_records",
              .tag = "sharing",
              .summary = {"使用、整改、处置登记", "What the grantee wrote down: use, rectification, disposal"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::object({{"records", schema::array(record)}}),
              .errors = {Code::not_found},
              .handler = [&records](Request& r) -> Result<Response> {
                QS_TRY(auto list, records.list(r.actor, r.param("id")));
                json::array out;
                for (const auto& one : list) out.push_back(to_json(one));
                return Response::ok(json::object{{"records", std::move(out)}});
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/sharing/grants/{id}/records",
              .id = "grant_record_add",
              .tag = "sharing",
              .summary = {"登记使用、整改或处置", "Write down use, rectification or disposal"},
              .who = http::may(Permission::dataset_read),
              .body = schema::object({{"kind", schema::choice({"usage", "rectification", "disposal"})},
                                      {"scenario", text()},
                                      {"process", text()},
                                      {"effect", text()},
                                      {"storage", text()},
                                      {"destruction", text()}}),
              .answer = record,
              .answer_status = 201,
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
              .handler = [&records](Request& r) -> Result<Response> {
                const auto& b = r.body.as_object();
                GrantRecord one{.id = {},
                                .grant_id = r.param("id"),
                                .scenario = text_at(b, "scenario"),
                                .process = text_at(b, "process"),
                                .effect = text_at(b, "effect"),
                                .storage = text_at(b, "storage"),
                                .destruction = text_at(b, "destruction"),
                                .person_name = {},
                                .at = {}};
                (void)parse(text_at(b, "kind"), one.kind);
                QS_TRY(auto kept, records.add(r.actor, std::move(one)));
                return Response::ok(to_json(kept), 201);
              }});
}

// A file that is looked at once and gone afterwards.
struct Scratch {
  std::filesystem::path path;
  explicit Scratch(const std::filesystem::path& folder) : path(folder / ("watermark-" + new_id())) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

Result<Response> read_marks(const Watermarks& marks, const std::filesystem::path& folder, Request& r) {
  Scratch scratch(folder);
  {
    std::ofstream file(scratch.path, std::ios::binary);
    QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
      file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      if (file) return {};
      return fail(Code::storage_full, "disk.full", "磁盘空间不足。", "The disk is full.");
    }));
  }
  QS_TRY(auto found, marks.read(r.actor, scratch.path, r.get("name").value_or("file")));
  json::array out;
  for (const auto& mark : found) out.push_back(to_json(mark));
  return Response::ok(json::object{{"marks", std::move(out)}});
}

void add_watermarks(http::Router& router, const Watermarks& marks, const std::filesystem::path& folder) {
  auto mark = schema::object({{"export", schema::integer()},
                              {"times", schema::integer()},
                              {"grant_id", schema::text()},
                              {"grant_number", schema::integer()},
                              {"dataset", schema::text()},
                              {"dataset_title", schema::text()},
                              {"department_name", schema::text()},
                              {"person_name", schema::text()},
                              {"format", schema::text()},
                              {"version", schema::integer()},
                              {"at", schema::time().nullable()}});
  router.add({.method = Method::post,
              .path = "/api/v1/sharing/watermarks",
              .id = "watermark_read",
              .tag = "sharing",
              .summary = {"查验文件中的隐形水印", "Whose file this is, by its hidden marks"},
              .who = http::may_any({Permission::share_review, Permission::security_manage, Permission::dataset_all}),
              .query = {{.name = "name", .shape = schema::text().length(1, 255)}},
              .streams_body = true,
              .answer = schema::object({{"marks", schema::array(mark)}}),
              .errors = {Code::forbidden, Code::invalid, Code::too_large, Code::storage_full},
              .handler = [&marks, folder](Request& r) { return read_marks(marks, folder, r); }});
}

}  // namespace

void add_grant_use_routes(http::Router& router, const GrantUse& use) {
  add_keys(router, use.keys);
  add_usage(router, use.grants, use.meter, use.clock);
  add_records(router, use.records);
  add_watermarks(router, use.watermarks, use.scratch);
}

}  // namespace qushu::sharing
