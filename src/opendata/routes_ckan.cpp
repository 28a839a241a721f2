// /api/3/action/{name}, /api/action/{name}: CKAN's shapes in and out, errors too; /datastore/dump/{id}.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "ckan_desk.h"

namespace qushu::opendata {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

std::function<bool()> gone(const Request& r) {
  return [client = r.client] { return client != nullptr && client->gone(); };
}

struct Shape {
  unsigned status;
  std::string_view type;
};

Shape shape_of(const Error& e) {
  if (e.id == "open.query")
    return {e.subject == "sort" ? 409U : 400U, e.subject == "sort" ? "Search Error" : "Search Query Error"};
  switch (e.code) {
    case Code::invalid:
    case Code::conflict:
    case Code::too_large:
      return {409, "Validation Error"};
    case Code::unauthenticated:
    case Code::forbidden:
      return {403, "Authorization Error"};
    case Code::not_found:
      return {404, "Not Found Error"};
    case Code::limited:
      return {429, "Rate Limit Error"};
    case Code::overloaded:
    case Code::unavailable:
      return {503, "Service Unavailable Error"};
    case Code::timed_out:
      return {504, "Timeout Error"};
    default:
      return {500, "Internal Server Error"};
  }
}

json::object error_json(const Error& e, std::string_view type, Lang lang, const Flaws& flaws) {
  auto text = e.text.in(lang);
  auto out = type == "Validation Error" ? flaws.in(lang) : json::object();
  out["__type"] = type;
  if (out.size() > 1) return out;
  if (e.id == "open.sql") {
    out["query"] = json::array{text};
    out["info"] = json::object{{"orig", json::array{text}}, {"position", e.subject}};
  } else if (type == "Validation Error" && !e.subject.empty()) {
    out[e.subject] = json::array{text};
  } else {
    out["message"] = text;
  }
  return out;
}

bool is_callback(std::string_view text) {
  return !text.empty() && text.size() <= 100 && !is_ascii_digit(text[0]) && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.';
  });
}

Response answer(std::string body, unsigned status) {
  auto response = Response::text(std::move(body), "application/json;charset=utf-8");
  response.status = status;
  // What is for everybody may be read by every page.
  return std::move(response).with("Access-Control-Allow-Origin", "*");
}

// The owner of the token that came with a request, by whichever of its headers; nobody without one. Cookies are not looked at:
// no page of another site can make a browser send a token.
Result<Actor> caller_of(const Ckan& ckan, const Request& r) {
  Actor nobody;
  nobody.from = r.remote;
  nobody.request_id = r.request_id;
  nobody.lang = r.lang();
  // JSONP is for everybody's data.
  if (r.method == Method::get && r.get("callback")) return nobody;
  auto token = r.header("authorization");
  if (token.empty()) token = r.header("x-ckan-api-key");
  if (token.empty()) return nobody;
  if (lower_ascii(std::string_view(token).substr(0, 7)) != "bearer ") token = "Bearer " + token;
  Request asked;
  asked.method = r.method;
  asked.path = r.path;
  asked.route = r.route;
  asked.actor = nobody;
  asked.request_id = r.request_id;
  asked.remote = r.remote;
  asked.headers.emplace_back("authorization", std::move(token));
  auto& authenticator = ckan.deps().identity.authenticator();
  auto known = authenticator.authenticate_slow(asked);
  if (!known && known.error().code == Code::unauthenticated) {
    authenticator.refused(asked, known.error());
    return nobody;
  }
  QS_CHECK(known);
  if (!known->complete) return nobody;
  auto actor = std::move(known->actor);
  actor.from = r.remote;
  actor.request_id = r.request_id;
  actor.lang = r.lang();
  return actor;
}

// What was asked, and the file that came with it when the action takes one from this caller.
Result<FormBody::Received> received(const Ckan& ckan, Request& r, const std::string& action, const Actor& actor) {
  FormBody::Received out{.params = params_of_query(r.query_in_order), .upload = {}};
  if (r.method != Method::post) return out;
  auto type = r.header("content-type");
  std::uint64_t size = 0;
  bool takes_file = CkanDesk::takes_file(action) && actor.signed_in();
  auto within = [&](std::string_view piece) -> Result<void> {
    size += piece.size();
    if (takes_file || size <= FormBody::kMost) return {};
    return fail(Code::too_large, "open.body", "请求体太长。", "The body is too long.");
  };
  if (lower_ascii(type).starts_with("multipart/form-data")) {
    FormBody::TakeFile take;
    if (takes_file) take = [&ckan] { return ckan.deps().blobs.create(); };
    QS_TRY(auto form, FormBody::open(type, std::move(take)));
    QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
      QS_CHECK(within(piece));
      return form.feed(piece);
    }));
    return form.finish();
  }
  takes_file = false;
  std::string body;
  QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
    QS_CHECK(within(piece));
    body += piece;
    return {};
  }));
  if (!trim(body).empty()) {
    QS_TRY(out.params, params_of_body(type, body));
  }
  return out;
}

Response refusal(std::string_view why) {
  return answer(json::serialize(json::string("Bad request: " + std::string(why))), 400);
}

Result<Response> act(const Ckan& ckan, Request& r) {
  const auto& name = r.param("name");
  auto base = base_of(r, ckan.deps().settings);
  if (CkanDesk::changes(name) && r.method != Method::post)
    return refusal("Invalid request. Please use POST method for your request");
  QS_TRY(auto actor, caller_of(ckan, r));
  auto asked = received(ckan, r, name, actor);
  if (!asked && asked.error().id == "open.body") return refusal(asked.error().text.in(r.lang()));
  QS_CHECK(asked);
  auto help = fmt::format("{}/api/3/action/help_show?name={}", base, url_encode(name));
  CkanCall call{.actor = actor,
                .base = base,
                .params = std::move(asked->params),
                .cancelled = gone(r),
                .upload = std::move(asked->upload)};
  auto result = ckan.act(name, call);
  if (!result && result.error().id == "open.action") return refusal("Action name not known: " + name);
  if (!result && result.error().code == Code::cancelled) return Failure(std::move(result).error());
  if (!result) {
    if (result.error().code == Code::internal) log::error("CKAN action " + name, result.error());
    auto [status, type] = shape_of(result.error());
    return answer(json::serialize(json::object{
                      {"help", help}, {"success", false}, {"error", error_json(result.error(), type, r.lang(), *call.flaws)}}),
                  status);
  }
  auto body = fmt::format("{{\"help\": {}, \"success\": true, \"result\": {}}}", json::serialize(json::string(help)), *result);
  if (auto callback = call.params.text("callback"); !callback.empty() && r.method == Method::get) {
    if (!is_callback(callback)) return refusal("callback");
    auto script = Response::text("/**/" + callback + "(" + body + ");", "application/javascript;charset=utf-8");
    return script;
  }
  return answer(std::move(body), 200);
}

http::Schema answer_schema() {
  return schema::object({{"help", schema::text()},
                         {"success", schema::boolean()},
                         {"result", schema::any().optional()},
                         {"error", schema::any().optional()}})
      .named("CkanAnswer");
}

void add_action(http::Router& router, const Ckan& ckan, const std::string& path, const std::string& suffix) {
  router.add({.method = Method::get,
              .path = path,
              .id = "ckan_get" + suffix,
              .tag = "open",
              .summary = {"CKAN Action API v3，读取", "CKAN Action API v3, reading"},
              .who = http::anyone(),
              .nameless = true,
              .open_query = true,
              .answer = answer_schema(),
              .handler = [&ckan](Request& r) { return act(ckan, r); }});
  router.add({.method = Method::post,
              .path = path,
              .id = "ckan_post" + suffix,
              .tag = "open",
              .summary = {"同上，参数在请求体中（JSON 或表单）；凭令牌可以新建、修改、上传",
                          "The same with its parameters in the body (JSON or a form); by token also what changes something"},
              .who = http::anyone(),
              .nameless = true,
              .open_query = true,
              .streams_body = true,
              .body_type = "application/json",
              .answer = answer_schema(),
              .handler = [&ckan](Request& r) { return act(ckan, r); }});
}

// --- dump
// ----------------------------------------------------------------------------------------------------------------------

enum class DumpFormat : std::uint8_t { csv, tsv, json, xml };

void append_xml(std::string_view text, std::string& out) {
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r')
      out += c;
  }
}

void append_xml_row(const engine::Chunk& chunk, std::size_t row, const std::vector<engine::Column>& columns, std::string& out) {
  out += "<row _id=\"" + std::to_string(chunk.integer(0, row)) + "\">";
  for (std::size_t c = 1; c < columns.size(); ++c) {
    if (chunk.is_null(c, row)) {
      out += "<" + columns[c].name + " xsi:nil=\"true\"/>";
      continue;
    }
    std::string text;
    chunk.append_text(c, row, text);
    out += "<" + columns[c].name + ">";
    append_xml(text, out);
    out += "</" + columns[c].name + ">";
  }
  out += "</row>\n";
}

std::string head_of(DumpFormat format, const Selected& selected, bool bom) {
  std::string out;
  if (format == DumpFormat::json)
    return "{\n  \"fields\": " + json::serialize(fields_json(selected.columns)) + ",\n  \"records\": [\n";
  if (format == DumpFormat::xml) return "<data xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\r\n";
  if (bom) out = "\xEF\xBB\xBF";
  for (std::size_t i = 0; i < selected.columns.size(); ++i) {
    if (i > 0) out += format == DumpFormat::tsv ? '\t' : ',';
    out += selected.columns[i] == nullptr ? "_id" : selected.columns[i]->id;
  }
  return out + "\r\n";
}

Result<void> pour(engine::Cursor& cursor, DumpFormat format, http::BodyWriter& to) {
  constexpr std::size_t kPiece = 64U << 10U;
  auto kind = format == DumpFormat::json ? Records::lists : format == DumpFormat::tsv ? Records::tsv : Records::csv;
  RecordWriter writer(kind, cursor.columns());
  std::string piece;
  while (true) {
    QS_TRY(const auto* chunk, cursor.next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      if (format == DumpFormat::xml)
        append_xml_row(*chunk, r, cursor.columns(), piece);
      else
        writer.add(*chunk, r, piece);
      if (piece.size() < kPiece) continue;
      QS_CHECK(to.write(piece));
      piece.clear();
    }
  }
  if (format == DumpFormat::json) piece += "\n]}\n";
  if (format == DumpFormat::xml) piece += "</data>\r\n";
  return to.write(piece);
}

Result<Response> dump(const Ckan& ckan, Request& r) {
  auto word = r.get("format").value_or("csv");
  auto format = word == "tsv"    ? DumpFormat::tsv
                : word == "json" ? DumpFormat::json
                : word == "xml"  ? DumpFormat::xml
                                 : DumpFormat::csv;
  std::size_t file = 0;
  QS_TRY(auto package, ckan.deps().shelf.of_resource(r.param("id"), file));
  if (!package || file != 0) return not_public();
  QS_TRY(auto shown, ckan.deps().view.open(package->dataset_id));
  auto params = params_of_query(r.query_in_order);
  DatastoreQuery query{.filters = params.value("filters"), .q = params.value("q"), .fields = {}, .sort = params.text("sort")};
  QS_TRY(auto selected, select_rows(*shown, query));
  CkanCall call{.actor = r.actor, .base = {}, .params = {}, .cancelled = gone(r)};
  QS_TRY(std::shared_ptr<engine::Cursor> cursor,
         ckan.deps().engine.run(
             {.sql = selected.rows, .params = selected.params, .limits = ckan.limits("opendata.download_time", call)}));
  auto head = head_of(format, selected, r.flag("bom"));
  ckan.deps().audit.count_access({}, "dataset", package->dataset_id, "open_download", shown->version.published);
  std::string type = format == DumpFormat::json  ? "application/json; charset=utf-8"
                     : format == DumpFormat::xml ? "text/xml; charset=utf-8"
                     : format == DumpFormat::tsv ? "text/tab-separated-values; charset=utf-8"
                                                 : "text/csv; charset=utf-8";
  return Response::stream(type,
                          [cursor, format, head, shown](http::BodyWriter& to) -> Result<void> {
                            QS_CHECK(to.write(head));
                            return pour(*cursor, format, to);
                          })
      .with("Access-Control-Allow-Origin", "*")
      .as_download(package->name + "." + word);
}

}  // namespace

void add_ckan_routes(http::Router& router, const Ckan& ckan) {
  add_action(router, ckan, "/api/3/action/{name}", "");
  add_action(router, ckan, "/api/action/{name}", "_short");
  auto text = [](const char* name, Text note) {
    return http::Parameter{.name = name, .shape = schema::text(), .note = std::move(note)};
  };
  router.add({.method = Method::get,
              .path = "/datastore/dump/{id}",
              .id = "ckan_dump",
              .tag = "open",
              .summary = {"下载一个开放文件的全部数据行", "All rows of an open resource"},
              .who = http::anyone(),
              .query = {{.name = "format", .shape = schema::choice({"csv", "tsv", "json", "xml"})},
                        {.name = "bom", .shape = schema::boolean()},
                        text("filters", {"筛选，同 datastore_search", "Filters, as in datastore_search"}),
                        text("q", {"词", "Words"}),
                        text("sort", {"排序", "Sort"})},
              .nameless = true,
              .answer_types = {"text/csv", "text/tab-separated-values", "application/json", "text/xml"},
              .errors = {Code::not_found, Code::invalid},
              .handler = [&ckan](Request& r) { return dump(ckan, r); }});
}

}  // namespace qushu::opendata
