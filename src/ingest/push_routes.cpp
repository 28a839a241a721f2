#include <memory>

#include "qushu/base/text.h"
#include "qushu/ingest/push.h"
#include "qushu/sharing/policy.h"

namespace qushu::ingest {
namespace {

using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema answer_schema() {
  return schema::object(
             {{"accepted", schema::integer()},
              {"rejected", schema::integer()},
              {"errors", schema::array(schema::object({{"row", schema::integer()},
                                                       {"field", schema::text()},
                                                       {"value", schema::text()},
                                                       {"reason", schema::text()}}))},
              {"visible", schema::boolean().note("已进入某个版本，可以查到", "In a version, and found by who reads")},
              {"version", schema::integer().nullable()}})
      .named("Pushed");
}

bool is_lines(const Request& r) {
  auto type = lower_ascii(r.header("content-type"));
  return type.contains("ndjson") || type.contains("jsonl") || type.contains("json-seq") || type.contains("jsonlines");
}

class Routes {
 public:
  Routes(Pushes& pushes, catalog::Catalog& catalog) : pushes_(pushes), catalog_(catalog) {}

  Result<catalog::Dataset> dataset(const Request& r) const {
    QS_TRY(auto d, catalog_.find(sharing::visibility(r.actor), r.param("code")));
    QS_CHECK(sharing::check_steward(r.actor, d));
    return d;
  }

  static Pushes::Request request_of(const Request& r) {
    return {.mode = "",
            .idempotency_key = r.header("idempotency-key"),
            .shape = Pushes::Shape::value,
            .wait = r.flag("wait"),
            .cancelled = [client = r.client] { return client->gone(); }};
  }
  static Result<void> check_key(const Pushes::Request& request) {
    if (request.idempotency_key.size() <= 200 && is_utf8(request.idempotency_key)) return {};
    return fail(Error{.code = Code::invalid,
                      .id = "push.key",
                      .text = {"Idempotency-Key 最长 200 字节。", "The Idempotency-Key may be 200 bytes long."},
                      .subject = "Idempotency-Key"});
  }

  Result<Response> push(Request& r) {
    QS_TRY(auto d, dataset(r));
    auto request = request_of(r);
    QS_CHECK(check_key(request));
    auto mode = r.get("mode").value_or("");
    request.remove = mode == "delete";
    if (!request.remove) request.mode = mode;
    if (is_lines(r)) request.shape = Pushes::Shape::lines;
    QS_TRY(auto answer, pushes_.push(r.actor, d, request, [&](std::span<char> into) { return r.stream->read(into); }));
    return Response::ok(to_json(answer, r.lang()));
  }

  // The key as parameters: `key` where it is one field, or each field by its identifier.
  Result<Response> remove(Request& r) {
    QS_TRY(auto d, dataset(r));
    auto request = request_of(r);
    QS_CHECK(check_key(request));
    request.remove = true;
    json::object row;
    std::vector<const catalog::Field*> key;
    for (const auto& f : d.fields)
      if (f.key) key.push_back(&f);
    for (const auto* f : key) {
      auto value = r.query.find(f->id);
      if (value == r.query.end() && key.size() == 1) value = r.query.find("key");
      if (value == r.query.end() || value->second.empty())
        return fail(Error{.code = Code::invalid,
                          .id = "push.delete_key",
                          .text = {"请给出主键“" + f->name + "”的值。", "Give the value of the key “" + f->name + "”."},
                          .subject = key.size() == 1 ? "key" : f->id});
      row[f->id] = value->second;
    }
    auto body = json::serialize(row);
    std::size_t at = 0;
    QS_TRY(auto answer, pushes_.push(r.actor, d, request, [&](std::span<char> into) -> Result<std::size_t> {
      auto count = std::min(into.size(), body.size() - at);
      std::copy_n(body.data() + at, count, into.data());
      at += count;
      return count;
    }));
    return Response::ok(to_json(answer, r.lang()));
  }

 private:
  Pushes& pushes_;
  catalog::Catalog& catalog_;
};

}  // namespace

void add_push_routes(http::Router& router, Pushes& pushes, catalog::Catalog& catalog) {
  auto routes = std::make_shared<Routes>(pushes, catalog);
  auto wait = http::Parameter{
      .name = "wait", .shape = schema::boolean(), .note = {"等到数据进入版本再回答", "Answer once the rows are in a version"}};
  router.add({.method = http::Method::post,
              .path = "/api/v1/datasets/{code}/rows",
              .id = "rows_push",
              .tag = "rows",
              .summary = {"推送数据行：一个 JSON 对象、由对象组成的数组，或 NDJSON（application/x-ndjson）",
                          "Push rows: a JSON object, an array of them, or NDJSON (application/x-ndjson)"},
              .who = http::may(Permission::dataset_write),
              .query = {{.name = "mode",
                         .shape = schema::choice({"append", "upsert", "delete"}),
                         .note = {"更新方式；缺省时有主键按主键更新，没有主键追加",
                                  "Otherwise upsert where a key is declared, else append"}},
                        wait},
              .streams_body = true,
              .body_type = "application/json",
              .answer = answer_schema(),
              .errors = {Code::not_found, Code::conflict, Code::invalid, Code::too_large, Code::limited},
              .handler = [routes](Request& r) { return routes->push(r); }});
  router.add({.method = http::Method::del,
              .path = "/api/v1/datasets/{code}/rows",
              .id = "rows_delete",
              .tag = "rows",
              .summary = {"按主键删除一行", "Delete a row by its key"},
              .who = http::may(Permission::dataset_write),
              .query = {{.name = "key", .shape = schema::text(), .note = {"主键的值", "The key's value"}}, wait},
              .open_query = true,
              .answer = answer_schema(),
              .errors = {Code::not_found, Code::conflict, Code::invalid, Code::limited},
              .handler = [routes](Request& r) { return routes->remove(r); }});
}

}  // namespace qushu::ingest
