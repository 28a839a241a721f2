// The failing rows of a quality check to download: rules know them (quality), files are written by query.
#include <fmt/format.h>

#include "qushu/http/server.h"
#include "qushu/query/export.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace schema = http::schema;
namespace json = http::json;
using http::Request;
using http::Response;

struct Found {
  quality::Check check;
  catalog::Dataset dataset;
  std::string from;  // what to select from
};

Result<Found> find(System& s, const Request& r) {
  QS_TRY(auto check, s.quality->check(r.actor, r.param("id")));
  QS_TRY(auto dataset, s.quality->failures_dataset(r.actor, check));
  if (check.failures_blob.empty())
    return Found{.check = std::move(check),
                 .dataset = std::move(dataset),
                 .from =
                     "(SELECT '' AS rule, 0 AS _id, '' AS \"key\", '' AS field, '' AS value, '' AS reason_zh, '' AS reason_en, "
                     "'' AS raw WHERE false)"};
  QS_TRY(auto path, s.blobs->path(check.failures_blob));
  auto from = engine::parquet_scan({path});
  return Found{.check = std::move(check), .dataset = std::move(dataset), .from = std::move(from)};
}

std::string columns(Lang lang) {
  return fmt::format("\"key\", field, value, {}, raw, _id", lang == Lang::zh ? "reason_zh" : "reason_en");
}

engine::Limits limits(System& s, const Request& r) {
  return {.time = std::chrono::seconds(s.settings.integer("query.export_time")),
          .cancelled = [client = r.client] { return client != nullptr && client->gone(); }};
}

// A page of them, for the console; of one rule when it is named.
Result<Response> page(System& s, const Request& r) {
  QS_TRY(auto found, find(s, r));
  auto rule = r.get("rule").value_or("");
  auto limit = r.integer("limit", 100), offset = r.integer("after", 0);
  QS_TRY(auto cursor, s.engine->run({.sql = fmt::format("SELECT {}, rule FROM {} WHERE $1 = '' OR rule = $1 LIMIT {} OFFSET {}",
                                                        columns(r.lang()), found.from, limit + 1, offset),
                                     .params = {rule},
                                     .limits = limits(s, r)}));
  json::array rows;
  bool more = false;
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t i = 0; i < chunk->rows(); ++i) {
      if (static_cast<std::int64_t>(rows.size()) == limit) {
        more = true;
        break;
      }
      auto text = [&](std::size_t c) { return chunk->is_null(c, i) ? std::string() : std::string(chunk->text(c, i)); };
      rows.push_back(json::object{{"key", text(0)},
                                  {"field", text(1)},
                                  {"value", text(2)},
                                  {"reason", text(3)},
                                  {"raw", text(4)},
                                  {"id", chunk->integer(5, i)},
                                  {"rule", text(6)}});
    }
  }
  s.audit->count_access(r.actor, "dataset", found.dataset.id, "failures", rows.size());
  return Response::ok(
      json::object{{"failures", std::move(rows)}, {"next", more ? fmt::format("{}", offset + limit) : std::string()}});
}

Result<Response> download(System& s, const Request& r, query::Format format) {
  QS_TRY(auto found, find(s, r));
  QS_CHECK(
      s.audit->record(r.actor, {.action = "dataset.export",
                                .object_kind = "dataset",
                                .object_id = found.dataset.id,
                                .object_name = found.dataset.title,
                                .detail = {{"what", "failures"}, {"format", query::name(format)}, {"check", found.check.id}}}));
  QS_TRY(auto cursor,
         s.engine->run({.sql = fmt::format("SELECT {} FROM {}", columns(r.lang()), found.from), .limits = limits(s, r)}));
  query::WriteOptions options{.headers = r.lang() == Lang::zh
                                             ? std::vector<std::string>{"主键", "字段", "值", "原因", "原文", "行标识"}
                                             : std::vector<std::string>{"Key", "Field", "Value", "Reason", "Raw", "Row id"},
                              .bom = true,
                              .engine = s.engine.get(),
                              .folder = s.blobs->temporary_folder(),
                              .limits = limits(s, r)};
  QS_TRY(auto file, query::write_file(format, *cursor, options));
  Response response;
  response.body = Response::File{.path = file.path, .keep = file.keep};
  auto name =
      fmt::format("{} {}.{}", found.dataset.title, r.lang() == Lang::zh ? "不合格行" : "failing rows", query::name(format));
  return std::move(response).with("Content-Type", std::string(query::content_type(format))).as_download(name);
}

}  // namespace

void add_failure_routes(http::Router& router, System& s) {
  auto text = [] { return schema::text(); };
  router.add(
      {.method = http::Method::get,
       .path = "/api/v1/quality/checks/{id}/failures",
       .id = "quality_failures",
       .tag = "quality",
       .summary = {"不合格的行", "Failing rows of a check"},
       .who = http::may(Permission::dataset_read),
       .query = {{.name = "rule", .shape = schema::text().length(0, 64), .note = {"只看这条规则的", "Of this rule alone"}},
                 {.name = "after", .shape = schema::integer().range(0, 1'000'000'000)},
                 {.name = "limit", .shape = schema::integer().range(1, 1000), .otherwise = "100"}},
       .answer = schema::object({{"failures", schema::array(schema::object({{"id", schema::integer()},
                                                                            {"key", text()},
                                                                            {"field", text()},
                                                                            {"value", text()},
                                                                            {"reason", text()},
                                                                            {"raw", text()},
                                                                            {"rule", text()}}))},
                                 {"next", text()}}),
       .errors = {Code::not_found, Code::forbidden},
       .handler = [&s](Request& r) { return page(s, r); }});
  for (auto format : {query::Format::csv, query::Format::xlsx})
    router.add({.method = http::Method::get,
                .path = fmt::format("/api/v1/quality/checks/{{id}}/failures.{}", query::name(format)),
                .id = fmt::format("quality_failures_{}", query::name(format)),
                .tag = "quality",
                .summary = {"下载不合格的行", "Download the failing rows"},
                .who = http::may(Permission::dataset_read),
                .answer_types = {std::string(query::content_type(format))},
                .errors = {Code::not_found, Code::forbidden},
                .handler = [&s, format](Request& r) { return download(s, r, format); }});
}

}  // namespace qushu::app
