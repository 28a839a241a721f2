#include <array>

#include "qushu/base/text.h"
#include "qushu/sources/sources.h"

namespace qushu::sources {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

constexpr std::size_t kPreview = 50;

Cancelled gone(const Request& r) {
  return [client = r.client] { return client->gone(); };
}

std::map<std::string, std::string> secrets_of(const json::object& body) {
  std::map<std::string, std::string> out;
  if (const auto* given = body.if_contains("secrets"); given && given->is_object())
    for (const auto& [key, value] : given->as_object())
      if (value.is_string()) out[key] = std::string(value.as_string());
  return out;
}

std::string text_of(const json::object& body, std::string_view key) {
  const auto* value = body.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

NewSource source_of(const json::object& body) {
  NewSource n{.code = text_of(body, "code"),
              .name = text_of(body, "name"),
              .department = text_of(body, "department"),
              .settings = {},
              .secrets = secrets_of(body)};
  static_cast<void>(parse(text_of(body, "kind"), n.kind));  // checked by the route's shape
  if (const auto* settings = body.if_contains("settings"); settings && settings->is_object())
    n.settings = settings->as_object();
  if (const auto* parallel = body.if_contains("parallel"); parallel && parallel->is_number())
    n.parallel = parallel->to_number<std::int64_t>();
  return n;
}

Selection selection_of(const json::object& o) {
  return {.schema = text_of(o, "schema"),
          .table = text_of(o, "table"),
          .query = text_of(o, "query"),
          .pattern = text_of(o, "pattern")};
}

http::Schema kinds() {
  return schema::choice({"http", "s3", "sftp", "postgresql", "mysql", "sqlite", "odbc"});
}
http::Schema source_schema() {
  return schema::map(schema::any()).named("Source");
}
http::Schema body_schema() {
  return schema::object({{"code", schema::text().optional()},
                         {"name", schema::text().optional()},
                         {"kind", kinds()},
                         {"department", schema::text().optional()},
                         {"settings", schema::map(schema::any())},
                         {"secrets", schema::map(schema::text()).optional()},
                         {"parallel", schema::integer().range(1, kMostParallel).optional()}})
      .named("NewSource");
}

http::Schema selection_schema() {
  return schema::object({{"schema", schema::text().optional()},
                         {"table", schema::text().optional()},
                         {"query", schema::text().optional()},
                         {"pattern", schema::text().optional()}});
}

json::object offers_of(const std::vector<Offer>& offers) {
  json::array out;
  for (const auto& o : offers) out.emplace_back(to_json(o));
  return {{"offers", std::move(out)}};
}

http::Route base(Method method, std::string path, std::string id, Text summary) {
  return {.method = method,
          .path = std::move(path),
          .id = std::move(id),
          .tag = "sources",
          .summary = std::move(summary),
          .who = http::may(Permission::dataset_write),
          .errors = {Code::not_found, Code::invalid, Code::conflict, Code::unavailable}};
}

json::array fields_of(Kind kind, Lang lang) {
  static constexpr std::array<std::string_view, 6> kInputs{"text", "lines", "integer", "boolean", "choice", "secret"};
  json::array out;
  for (const auto& f : fields(kind)) {
    json::array choices;
    if (!f.choices.empty())
      for (auto c : split(f.choices, '|')) choices.emplace_back(c);
    out.emplace_back(json::object{{"name", f.name},
                                  {"input", kInputs.at(static_cast<std::size_t>(f.input))},
                                  {"label", f.label.in(lang)},
                                  {"required", f.required},
                                  {"default", f.otherwise},
                                  {"choices", std::move(choices)},
                                  {"address", f.address},
                                  {"note", f.note.in(lang)}});
  }
  return out;
}

Result<Response> change(Sources& sources, const Request& r) {
  const auto& body = r.body.as_object();
  SourceChange c{.secrets = secrets_of(body)};
  if (body.contains("name")) c.name = text_of(body, "name");
  if (body.contains("department")) c.department = text_of(body, "department");
  if (const auto* settings = body.if_contains("settings")) c.settings = settings->as_object();
  if (const auto* parallel = body.if_contains("parallel")) c.parallel = parallel->to_number<std::int64_t>();
  QS_TRY(auto now, sources.change(r.actor, r.param("code"), c));
  return Response::ok(to_json(now, r.lang()));
}

void add_saved_routes(http::Router& router, Sources& sources) {
  auto list = base(Method::get, "/api/v1/sources", "source_list", {"列出数据源", "List sources"});
  list.answer = schema::object({{"sources", schema::array(source_schema())}});
  list.handler = [&sources](Request& r) -> Result<Response> {
    QS_TRY(auto all, sources.list(r.actor));
    json::array out;
    for (const auto& s : all) out.emplace_back(to_json(s, r.lang()));
    return Response::ok(json::object{{"sources", std::move(out)}});
  };
  router.add(std::move(list));
  auto add = base(Method::post, "/api/v1/sources", "source_add", {"新增数据源", "Add a source"});
  add.body = body_schema();
  add.answer = source_schema();
  add.answer_status = 201;
  add.handler = [&sources](Request& r) -> Result<Response> {
    QS_TRY(auto made, sources.add(r.actor, source_of(r.body.as_object())));
    return Response::ok(to_json(made, r.lang()), 201);
  };
  router.add(std::move(add));
  auto show =
      base(Method::get, "/api/v1/sources/{code}", "source_show", {"查看数据源和谁在用", "Show a source and what uses it"});
  show.answer = source_schema();
  show.handler = [&sources](Request& r) -> Result<Response> {
    QS_TRY(auto s, sources.find(r.actor, r.param("code")));
    QS_TRY(auto uses, sources.uses(r.actor, s.id));
    auto out = to_json(s, r.lang());
    json::array list_of;
    for (const auto& u : uses) list_of.emplace_back(json::object{{"kind", u.kind}, {"id", u.id}, {"name", u.name}});
    out["uses"] = std::move(list_of);
    return Response::ok(out);
  };
  router.add(std::move(show));
  auto edit = base(Method::patch, "/api/v1/sources/{code}", "source_change", {"修改数据源", "Change a source"});
  edit.body = schema::object({{"name", schema::text().optional()},
                              {"department", schema::text().optional()},
                              {"settings", schema::map(schema::any()).optional()},
                              {"secrets", schema::map(schema::text()).optional()},
                              {"parallel", schema::integer().range(1, kMostParallel).optional()}});
  edit.answer = source_schema();
  edit.handler = [&sources](Request& r) { return change(sources, r); };
  router.add(std::move(edit));
  auto remove = base(Method::del, "/api/v1/sources/{code}", "source_remove", {"删除数据源", "Remove a source"});
  remove.answer_status = 204;
  remove.handler = [&sources](Request& r) -> Result<Response> {
    QS_CHECK(sources.remove(r.actor, r.param("code")));
    return Response::no_content();
  };
  router.add(std::move(remove));
  auto check = base(Method::post, "/api/v1/sources/{code}/check", "source_check", {"测试连接", "Try the connection"});
  check.answer = schema::map(schema::any());
  check.handler = [&sources](Request& r) -> Result<Response> {
    QS_TRY(auto access, sources.target(r.actor, r.param("code")));
    QS_TRY(auto checked, sources.check(r.actor, access, gone(r)));
    return Response::ok(to_json(checked, r.lang()));
  };
  router.add(std::move(check));
  auto browse = base(Method::get, "/api/v1/sources/{code}/browse", "source_browse", {"列出表或文件", "List tables or files"});
  browse.query = {{.name = "search", .shape = schema::text()},
                  {.name = "limit", .shape = schema::integer().range(1, 5000), .otherwise = "500"}};
  browse.answer = schema::object({{"offers", schema::array(schema::any())}});
  browse.handler = [&sources](Request& r) -> Result<Response> {
    QS_TRY(auto access, sources.target(r.actor, r.param("code")));
    QS_TRY(auto offers,
           sources.browse(access, r.get("search").value_or(""), static_cast<std::size_t>(r.integer("limit", 500)), gone(r)));
    return Response::ok(offers_of(offers));
  };
  router.add(std::move(browse));
  auto preview =
      base(Method::post, "/api/v1/sources/{code}/preview", "source_preview", {"预览前几行", "Preview the first rows"});
  preview.body = selection_schema();
  preview.answer = schema::map(schema::any());
  preview.handler = [&sources](Request& r) -> Result<Response> {
    QS_TRY(auto access, sources.target(r.actor, r.param("code")));
    QS_TRY(auto seen, sources.preview(access, selection_of(r.body.as_object()), kPreview, gone(r)));
    return Response::ok(to_json(seen, r.lang()));
  };
  router.add(std::move(preview));
}

// Settings of a form that is not saved yet: tried, listed and previewed as they stand there.
void add_unsaved_routes(http::Router& router, Sources& sources) {
  auto route = [](std::string path, std::string id, Text summary) {
    auto out = base(Method::post, std::move(path), std::move(id), std::move(summary));
    out.query = {{.name = "of",
                  .shape = schema::text(),
                  .note = {"已保存的数据源，取其未重新填写的口令", "A saved source whose kept secrets are used"}}};
    return out;
  };
  auto with_draft = [](http::Schema selection) {
    return schema::object({{"source", body_schema()}, {"selection", std::move(selection)}});
  };
  auto draft = [&sources](Request& r, const json::object& body) -> Result<Access> {
    return sources.draft(r.actor, source_of(body), r.get("of").value_or(""));
  };
  auto attempt = route("/api/v1/sources/try", "source_try", {"用未保存的设置试连", "Try settings that are not saved"});
  attempt.body = body_schema();
  attempt.answer = schema::map(schema::any());
  attempt.handler = [&sources, draft](Request& r) -> Result<Response> {
    QS_TRY(auto access, draft(r, r.body.as_object()));
    QS_TRY(auto checked, sources.check(r.actor, access, gone(r)));
    return Response::ok(to_json(checked, r.lang()));
  };
  router.add(std::move(attempt));
  auto browse = route("/api/v1/sources/try/browse", "source_try_browse",
                      {"列出未保存的数据源的表或文件", "List the tables or files of an unsaved source"});
  browse.body = with_draft(schema::object({{"search", schema::text().optional()}}));
  browse.answer = schema::object({{"offers", schema::array(schema::any())}});
  browse.handler = [&sources, draft](Request& r) -> Result<Response> {
    constexpr std::size_t kShown = 500;
    QS_TRY(auto access, draft(r, r.body.at("source").as_object()));
    QS_TRY(auto offers,
           sources.tried(r.actor, access,
                         sources.browse(access, text_of(r.body.at("selection").as_object(), "search"), kShown, gone(r))));
    return Response::ok(offers_of(offers));
  };
  router.add(std::move(browse));
  auto preview = route("/api/v1/sources/try/preview", "source_try_preview",
                       {"预览未保存的数据源的前几行", "Preview the first rows of an unsaved source"});
  preview.body = with_draft(selection_schema());
  preview.answer = schema::map(schema::any());
  preview.handler = [&sources, draft](Request& r) -> Result<Response> {
    QS_TRY(auto access, draft(r, r.body.at("source").as_object()));
    QS_TRY(auto seen,
           sources.tried(r.actor, access,
                         sources.preview(access, selection_of(r.body.at("selection").as_object()), kPreview, gone(r))));
    return Response::ok(to_json(seen, r.lang()));
  };
  router.add(std::move(preview));
}

}  // namespace

void add_routes(http::Router& router, Sources& sources) {
  auto kinds_route = base(Method::get, "/api/v1/source-kinds", "source_kinds",
                          {"数据源的种类和各自的设置", "Kinds of sources and their settings"});
  kinds_route.answer = schema::object({{"kinds", schema::array(schema::any())}});
  kinds_route.handler = [](Request& r) -> Result<Response> {
    json::array out;
    for (auto kind : {Kind::postgresql, Kind::mysql, Kind::sqlite, Kind::odbc, Kind::http, Kind::s3, Kind::sftp})
      out.emplace_back(json::object{{"kind", name(kind)},
                                    {"name", title(kind).in(r.lang())},
                                    {"files", holds_files(kind)},
                                    {"fields", fields_of(kind, r.lang())}});
    return Response::ok(json::object{{"kinds", std::move(out)}});
  };
  router.add(std::move(kinds_route));
  add_unsaved_routes(router, sources);
  add_saved_routes(router, sources);
}

}  // namespace qushu::sources
