#include <fmt/format.h>

#include "qushu/query/query.h"

namespace qushu::query {
namespace {

using http::Method;
using http::Parameter;
using http::Request;
using http::Response;
namespace schema = http::schema;

Cancelled gone(const Request& request) {
  return [client = request.client] { return client != nullptr && client->gone(); };
}

Response json_text(std::string body) {
  return Response::text(std::move(body), "application/json");
}

Response send(Download download) {
  if (download.file) {
    Response response;
    response.body = Response::File{.path = download.file->path, .keep = download.file->keep};
    return std::move(response).with("Content-Type", download.content_type).as_download(download.file_name);
  }
  return Response::stream(download.content_type,
                          [write = std::move(download.write)](http::BodyWriter& out) {
                            return write([&](std::string_view bytes) { return out.write(bytes); });
                          })
      .as_download(download.file_name);
}

http::Schema column_schema() {
  return schema::object({{"id", schema::text()}, {"name", schema::text()}, {"type", schema::text()}, {"unit", schema::text()}});
}

http::Schema rows_schema() {
  return schema::object(
             {{"version", schema::integer()},
              {"fields", schema::array(column_schema())},
              {"rows", schema::array(schema::map(schema::any()))},
              {"total", schema::integer().nullable()},
              {"total_exact", schema::boolean()},
              {"next", schema::text().note("下一页的 _next，末页为空", "_next of the next page, empty at the end")},
              {"facets", schema::map(schema::array(schema::object({{"value", schema::any()}, {"count", schema::integer()}})))}})
      .named("Rows");
}

http::Schema profile_schema() {
  auto number = [] { return schema::integer(); };
  return schema::object(
             {{"rows", number()},
              {"fields", schema::array(schema::object(
                             {{"id", schema::text()},
                              {"name", schema::text()},
                              {"type", schema::text()},
                              {"values", number()},
                              {"nulls", number()},
                              {"distinct", number()},
                              {"distinct_exact", schema::boolean()},
                              {"min", schema::any()},
                              {"max", schema::any()},
                              {"mean", schema::number().nullable()},
                              {"top", schema::array(schema::object({{"value", schema::any()}, {"count", number()}}))},
                              {"histogram", schema::array(schema::object(
                                                {{"from", schema::any()}, {"to", schema::any()}, {"count", number()}}))},
                              {"blank", number().optional()},
                              {"min_length", number().optional()},
                              {"max_length", number().optional()}}))}})
      .named("Profile");
}

// What steers; the filters themselves are named by the dataset's own fields.
std::vector<Parameter> row_parameters(bool download) {
  auto text = [](std::string name, Text note, bool repeated = false) {
    return Parameter{.name = std::move(name), .shape = schema::text(), .note = std::move(note), .repeated = repeated};
  };
  std::vector<Parameter> out{text("_sort", {"按字段升序，可多次", "Sort by a field, ascending; repeatable"}, true),
                             text("_sort_desc", {"按字段降序，可多次", "Sort by a field, descending; repeatable"}, true),
                             text("_col", {"只要这些字段，可多次", "Only these fields; repeatable"}, true),
                             text("_search", {"在文本字段中搜索", "Words somewhere in the text fields"}),
                             text("_version", {"版本号，默认当前版本", "Version number; the current one by default"})};
  if (download) {
    out.push_back(text("_bom", {"CSV 带 BOM（供 Excel 使用）", "CSV with a byte order mark, for Excel"}));
    out.push_back(text("_raw", {"CSV 不加防公式的单引号", "CSV without apostrophes before formula-like texts"}));
    out.push_back(text("_header", {"表头用 name（名称）或 id（标识符）", "Columns named by name or id"}));
  } else {
    out.push_back(text("_size", {"每页行数", "Rows of a page"}));
    out.push_back(text("_next", {"上一页给出的 next", "next of the page before"}));
    out.push_back(text("_facet", {"统计这个字段的取值，可多次", "Count the values of a field; repeatable"}, true));
    out.push_back(text("_count", {"auto、exact 或 none", "auto, exact or none"}));
  }
  return out;
}

Parameter version_parameter() {
  return {.name = "version",
          .shape = schema::integer().range(1, INT32_MAX),
          .note = {"版本号，默认当前版本", "Version number; the current one by default"}};
}

void add_rows(http::Router& router, Service& service) {
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/rows",
              .id = "dataset_rows",
              .tag = "datasets",
              .summary = {"查询数据行：字段=值 或 字段__op=值", "Rows of a dataset: field=value or field__op=value"},
              .who = http::may_any({Permission::dataset_read, Permission::grant_use}),
              .query = row_parameters(false),
              .open_query = true,
              .answer = rows_schema(),
              .errors = {Code::not_found, Code::invalid, Code::timed_out},
              .fast = [&service](Request& r) -> std::optional<Result<Response>> {
                auto body = service.lookup(r.actor, r.param("code"), r.query_in_order);
                if (!body) return std::nullopt;
                return json_text(*std::move(body));
              },
              .handler = [&service](Request& r) -> Result<Response> {
                auto known = r.header("if-none-match");
                if (known.size() > 2 && known.front() == '"') known = known.substr(1, known.size() - 2);
                QS_TRY(auto rows, service.rows(r.actor, r.param("code"), r.query_in_order, gone(r), known));
                if (rows.unchanged) {
                  Response response;
                  response.status = 304;
                  return std::move(response).with_etag(rows.etag);
                }
                return json_text(std::move(rows.json)).with_etag(rows.etag);
              }});
  for (auto format : {Format::csv, Format::ndjson, Format::json, Format::parquet, Format::xlsx}) {
    auto word = std::string(name(format));
    router.add({.method = Method::get,
                .path = "/api/v1/datasets/{code}/rows." + word,
                .id = "dataset_rows_" + word,
                .tag = "datasets",
                .summary = {"下载数据行（" + word + "）", "Download rows as " + word},
                .who = http::may_any({Permission::dataset_read, Permission::grant_use}),
                .query = row_parameters(true),
                .open_query = true,
                .answer_types = {std::string(content_type(format))},
                .errors = {Code::not_found, Code::invalid, Code::too_large, Code::timed_out},
                .handler = [&service, format](Request& r) -> Result<Response> {
                  QS_TRY(auto file, service.download_rows(r.actor, r.param("code"), r.query_in_order, format, gone(r)));
                  return send(std::move(file));
                }});
  }
}

void add_derived(http::Router& router, Service& service) {
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/profile",
              .id = "dataset_profile",
              .tag = "datasets",
              .summary = {"各字段的数据概况", "The profile of every field"},
              .who = http::may(Permission::dataset_read),
              .query = {version_parameter()},
              .answer = profile_schema(),
              .errors = {Code::not_found, Code::unavailable},
              .handler = [&service](Request& r) -> Result<Response> {
                QS_TRY(auto profile, service.profile(r.actor, r.param("code"), r.integer("version", 0), gone(r)));
                return Response::ok(profile);
              }});
  auto reject = schema::object({{"file", schema::text().nullable()},
                                {"table", schema::text().nullable()},
                                {"line", schema::integer().nullable()},
                                {"field", schema::text().nullable()},
                                {"value", schema::text().nullable()},
                                {"reason", schema::text().nullable()},
                                {"raw", schema::text().nullable()}});
  router.add(
      {.method = Method::get,
       .path = "/api/v1/datasets/{code}/rejects",
       .id = "dataset_rejects",
       .tag = "datasets",
       .summary = {"剔除行及原因", "The rejected rows and why"},
       .who = http::may(Permission::dataset_read),
       .query = {version_parameter(),
                 {.name = "after",
                  .shape = schema::integer().range(0, INT64_MAX),
                  .note = {"上一页的 next", "next of the page before"},
                  .otherwise = "0"},
                 {.name = "limit", .shape = schema::integer().range(1, 1000), .otherwise = "100"}},
       .answer = schema::object({{"rejects", schema::array(reject)}, {"total", schema::integer()}, {"next", schema::text()}}),
       .errors = {Code::not_found},
       .handler = [&service](Request& r) -> Result<Response> {
         QS_TRY(auto rejects, service.rejects(r.actor, r.param("code"), r.integer("version", 0), r.integer("after", 0),
                                              static_cast<std::size_t>(r.integer("limit", 100)), gone(r)));
         return Response::ok(rejects);
       }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/rejects.csv",
              .id = "dataset_rejects_csv",
              .tag = "datasets",
              .summary = {"下载剔除行", "Download the rejected rows"},
              .who = http::may(Permission::dataset_read),
              .query = {version_parameter()},
              .answer_types = {std::string(content_type(Format::csv))},
              .errors = {Code::not_found},
              .handler = [&service](Request& r) -> Result<Response> {
                QS_TRY(auto file, service.download_rejects(r.actor, r.param("code"), r.integer("version", 0), gone(r)));
                return send(std::move(file));
              }});
}

json::array params_of(const json::object& body) {
  const auto* params = body.if_contains("params");
  return params == nullptr ? json::array() : params->as_array();
}

std::string sql_of(const Request& request) {
  return std::string(request.body.at("sql").as_string());
}

void add_sql(http::Router& router, Service& service) {
  auto text = [] { return schema::text().length(1, 262'144); };
  auto params = [] { return schema::array(schema::any()).length(0, 1000).optional(); };
  auto column = schema::object({{"name", schema::text()}, {"type", schema::text()}});
  router.add({.method = Method::post,
              .path = "/api/v1/sql",
              .id = "sql_run",
              .tag = "sql",
              .summary = {"执行一条 SQL 查询", "Run one SQL query"},
              .who = http::may_any({Permission::sql, Permission::grant_use}),
              .body = schema::object(
                  {{"sql", text()}, {"params", params()}, {"limit", schema::integer().range(1, 1'000'000).optional()}}),
              .answer = schema::object({{"columns", schema::array(column)},
                                        {"rows", schema::array(schema::array(schema::any()))},
                                        {"truncated", schema::boolean()},
                                        {"elapsed_ms", schema::integer()}}),
              .errors = {Code::invalid, Code::timed_out, Code::too_large},
              .handler = [&service](Request& r) -> Result<Response> {
                const auto& body = r.body.as_object();
                const auto* limit = body.if_contains("limit");
                QS_TRY(auto answer, service.sql(r.actor, sql_of(r), params_of(body),
                                                limit == nullptr ? 0 : limit->to_number<std::size_t>(), gone(r)));
                return json_text(std::move(answer));
              }});
  router.add(
      {.method = Method::post,
       .path = "/api/v1/sql/export",
       .id = "sql_export",
       .tag = "sql",
       .summary = {"执行一条 SQL 查询并下载结果", "Run one SQL query and download its answer"},
       .who = http::may_any({Permission::sql, Permission::grant_use}),
       .body = schema::object(
           {{"sql", text()}, {"params", params()}, {"format", schema::choice({"csv", "json", "ndjson", "parquet", "xlsx"})}}),
       .answer_types = {"text/csv", "application/json", "application/x-ndjson", "application/vnd.apache.parquet",
                        std::string(content_type(Format::xlsx))},
       .errors = {Code::invalid, Code::timed_out, Code::too_large},
       .handler = [&service](Request& r) -> Result<Response> {
         const auto& body = r.body.as_object();
         auto format = Format::csv;
         (void)parse(std::string_view(body.at("format").as_string()), format);  // the shape allows only these
         QS_TRY(auto file, service.download_sql(r.actor, sql_of(r), params_of(body), format, gone(r)));
         return send(std::move(file));
       }});
  router.add({.method = Method::post,
              .path = "/api/v1/sql/explain",
              .id = "sql_explain",
              .tag = "sql",
              .summary = {"查看执行计划", "The plan of a query"},
              .who = http::may(Permission::sql),
              .body = schema::object({{"sql", text()}}),
              .answer = schema::object({{"plan", schema::text()}}),
              .errors = {Code::invalid},
              .handler = [&service](Request& r) -> Result<Response> {
                QS_TRY(auto plan, service.explain(r.actor, sql_of(r), gone(r)));
                return Response::ok(json::object{{"plan", plan}});
              }});
  auto table_column =
      schema::object({{"id", schema::text()}, {"name", schema::text()}, {"type", schema::text()}, {"level", schema::text()}});
  router.add({.method = Method::get,
              .path = "/api/v1/sql/tables",
              .id = "sql_tables",
              .tag = "sql",
              .summary = {"SQL 可用的数据集和字段", "Datasets and fields that SQL can name"},
              .who = http::may_any({Permission::sql, Permission::grant_use}),
              .answer = schema::object({{"tables", schema::array(schema::object({{"code", schema::text()},
                                                                                 {"title", schema::text()},
                                                                                 {"department_name", schema::text()},
                                                                                 {"rows", schema::integer().nullable()},
                                                                                 {"granted", schema::boolean()},
                                                                                 {"relation", schema::boolean()},
                                                                                 {"columns", schema::array(table_column)}}))}}),
              .handler = [&service](Request& r) -> Result<Response> {
                QS_TRY(auto tables, service.tables(r.actor));
                return Response::ok(tables);
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/sql/history",
              .id = "sql_history",
              .tag = "sql",
              .summary = {"我的 SQL 历史", "My SQL history"},
              .who = http::may(Permission::sql),
              .answer = schema::object({{"queries", schema::array(schema::object({{"id", schema::text()},
                                                                                  {"sql", schema::text()},
                                                                                  {"at", schema::time()},
                                                                                  {"elapsed_ms", schema::integer()},
                                                                                  {"rows", schema::integer()},
                                                                                  {"error", schema::text().nullable()}}))}}),
              .handler = [&service](Request& r) -> Result<Response> {
                QS_TRY(auto history, service.history(r.actor));
                return Response::ok(history);
              }});
}

}  // namespace

void add_routes(http::Router& router, Service& service) {
  add_rows(router, service);
  add_derived(router, service);
  add_sql(router, service);
}

}  // namespace qushu::query
