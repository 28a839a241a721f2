#include "qushu/workflow/routes.h"

#include "qushu/base/json.h"

namespace qushu::workflow {

namespace schema = http::schema;
using http::Request;
using http::Response;
using http::Schema;

http::Parameter version_parameter() {
  return {.name = "version",
          .shape = schema::integer().range(0, 10'000),
          .note = {"版本，默认最新", "Version; the newest by default"},
          .required = false,
          .otherwise = "0"};
}
http::Parameter format_parameter() {
  return {.name = "format",
          .shape = schema::choice({"pdf", "xlsx"}),
          .note = {"格式", "Format"},
          .required = false,
          .otherwise = "pdf"};
}
bool wants_pdf(const Request& r) {
  return r.get("format").value_or("pdf") != "xlsx";
}
Response download(const Request& r, std::string bytes, const std::string& name) {
  bool pdf = wants_pdf(r);
  return Response::text(std::move(bytes), pdf ? "application/pdf" : kXlsx).as_download(name + (pdf ? ".pdf" : ".xlsx"));
}

Schema comment_body() {
  return schema::object({{"comment", schema::text().length(0, kMostComment).optional()}});
}
std::string member(const Request& r, std::string_view name) {
  return text_at(r.body.as_object(), name);
}

void add_post(http::Router& router, const Papers& papers, const std::string& name, Text summary, Permission who, Schema body,
              http::Handler handler) {
  router.add({.method = http::Method::post,
              .path = papers.path + "/{id}/" + name,
              .id = papers.kind.name + "_" + name,
              .tag = papers.kind.name,
              .summary = std::move(summary),
              .who = http::may(who),
              .body = std::move(body),
              .answer = papers.detail,
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = std::move(handler)});
}

void add_history(http::Router& router, const Papers& papers, Text summary,
                 std::function<Result<std::vector<Step>>(const Request&)> history) {
  router.add({.method = http::Method::get,
              .path = papers.path + "/{id}/history",
              .id = papers.kind.name + "_history",
              .tag = papers.kind.name,
              .summary = std::move(summary),
              .who = http::may(Permission::budget_use),
              .answer = schema::object({{"steps", schema::array(schema::object({{"at", schema::time()},
                                                                                {"action", schema::text()},
                                                                                {"action_name", schema::text()},
                                                                                {"version", schema::integer()},
                                                                                {"person_name", schema::text()},
                                                                                {"comment", schema::text()}}))}}),
              .errors = {Code::not_found},
              .handler = [history = std::move(history), &kind = papers.kind](Request& r) -> Result<Response> {
                QS_TRY(auto steps, history(r));
                json::array out;
                for (const auto& s : steps) out.emplace_back(to_json(s, kind, r.lang()));
                return Response::ok(json::object{{"steps", std::move(out)}});
              }});
}

}  // namespace qushu::workflow
