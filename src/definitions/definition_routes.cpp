#include "qushu/definitions/definition_routes.h"

#include "qushu/base/json.h"

namespace qushu::definitions {
namespace {

namespace json = boost::json;
namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

std::string path(const Kind& kind, std::string_view rest = "") {
  return "/api/v1/" + kind.tag + std::string(rest);
}

// "a register" as a sentence begins.
std::string begins(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

Response answer(const std::vector<Version>& versions) {
  json::array out;
  for (const auto& v : versions)
    out.push_back(json::object{{"version", v.version}, {"at", to_iso(v.at)}, {"person_name", v.person_name}, {"note", v.note}});
  return Response::ok(json::object{{"versions", std::move(out)}});
}

}  // namespace

http::Schema mistakes_schema() {
  return schema::array(schema::object(
      {{"line", schema::integer()}, {"column", schema::integer()}, {"key", schema::text()}, {"text", schema::text()}}));
}

void add_reading(http::Router& router, const Kind& kind, Reading reading) {
  auto use = http::may(kind.use);
  router.add({.method = Method::get,
              .path = path(kind, "/{code}/definition"),
              .id = kind.id + "_definition",
              .tag = kind.tag,
              .summary = {kind.name.zh + "的 YAML 定义", begins(kind.name.en) + "'s definition in YAML"},
              .who = use,
              .query = {{.name = "version",
                         .shape = schema::integer().range(1, INT32_MAX),
                         .note = {"版本，默认当前", "The version; by default the current one"}}},
              .answer_types = {"application/yaml"},
              .errors = {Code::not_found},
              .handler = [yaml = std::move(reading.yaml)](Request& r) -> Result<Response> {
                QS_TRY(auto text, yaml(r.actor, r.param("code"), r.integer("version", 0)));
                return Response::text(std::move(text), "application/yaml; charset=utf-8");
              }});
  router.add({.method = Method::get,
              .path = path(kind, "/{code}/versions"),
              .id = kind.id + "_versions",
              .tag = kind.tag,
              .summary = {"定义的历次版本", "The versions of a definition"},
              .who = use,
              .answer = schema::object({{"versions", schema::array(schema::object({{"version", schema::integer()},
                                                                                   {"at", schema::time()},
                                                                                   {"person_name", schema::text()},
                                                                                   {"note", schema::text()}}))}}),
              .errors = {Code::not_found},
              .handler = [versions = std::move(reading.versions)](Request& r) -> Result<Response> {
                QS_TRY(auto all, versions(r.actor, r.param("code")));
                return answer(all);
              }});
}

void add_changing(http::Router& router, const Kind& kind, Changing changing) {
  auto manage = http::may(kind.manage);
  auto yaml = schema::text().length(1, changing.most).note("YAML 定义", "The definition in YAML");
  router.add(
      {.method = Method::post,
       .path = path(kind),
       .id = kind.id + "_apply",
       .tag = kind.tag,
       .summary = {"建立" + kind.name.zh + "，或按新定义变更", "Make " + kind.name.en + ", or change it to a new definition"},
       .who = manage,
       .body = schema::object({{"yaml", yaml}, {"note", schema::text().length(0, 500).optional()}}),
       .body_limit = changing.most * 2,
       .answer = std::move(changing.applied),
       .errors = {Code::invalid, Code::conflict},
       .handler = [apply = std::move(changing.apply)](Request& r) {
         const auto& body = r.body.as_object();
         return apply(r, text_at(body, "yaml"), text_at(body, "note"));
       }});
  router.add(
      {.method = Method::post,
       .path = path(kind, "/check"),
       .id = kind.id + "_check",
       .tag = kind.tag,
       .summary = std::move(changing.check_summary),
       .who = manage,
       .body = schema::object({{"yaml", yaml}}),
       .body_limit = changing.most * 2,
       .answer = std::move(changing.checked),
       .handler = [check = std::move(changing.check)](Request& r) { return check(r, text_at(r.body.as_object(), "yaml")); }});
}

}  // namespace qushu::definitions
