// The classification over HTTP, and the words that entries are written in.
#include "qushu/sharing/desk.h"

namespace qushu::sharing {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema node_schema() {
  return schema::object({{"id", schema::text()},
                         {"parent_id", schema::text()},
                         {"code", schema::text()},
                         {"name", schema::text()},
                         {"full_code", schema::text()},
                         {"path", schema::text()},
                         {"depth", schema::integer()},
                         {"retired", schema::boolean()},
                         {"used", schema::boolean()},
                         {"entries", schema::integer()},
                         {"department_id", schema::text().note("对应的部门，随其改名；空为人工维护",
                                                               "The department that it follows; empty: people keep it")}})
      .named("ClassificationNode");
}

json::array shown(std::span<const catalog::Word> words, Lang lang) {
  json::array out;
  for (const auto& word : words) out.emplace_back(json::object{{"code", word.code}, {"name", word.name.in(lang)}});
  return out;
}

Result<Response> words(const Request& r) {
  auto lang = r.lang();
  return Response::ok(json::object{{"formats", shown(catalog::formats(), lang)},
                                   {"item_types", shown(catalog::item_types(), lang)},
                                   {"sharing_types", shown(catalog::sharing_types(), lang)},
                                   {"sharing_methods", shown(catalog::sharing_methods(), lang)},
                                   {"open_types", shown(catalog::open_types(), lang)},
                                   {"update_cycles", shown(catalog::update_cycles(), lang)},
                                   {"levels", shown(catalog::levels(), lang)},
                                   {"conclusions", shown(catalog::conclusions(), lang)},
                                   {"entry_states", shown(catalog::entry_states(), lang)}});
}

Result<Response> change(const Desk& desk, const Request& r) {
  const auto& body = r.body.as_object();
  catalog::NodeChange change;
  auto text = [&](std::string_view key, std::optional<std::string>& into) {
    if (const auto* value = body.if_contains(key)) into = std::string(value->as_string());
  };
  text("name", change.name);
  text("code", change.code);
  text("parent_id", change.parent_id);
  if (const auto* retired = body.if_contains("retired")) change.retired = retired->as_bool();
  QS_TRY(auto node, desk.deps().classification.change(r.actor, r.param("id"), change));
  return Response::ok(to_json(node));
}

}  // namespace

void add_classification_routes(http::Router& router, const Desk& desk) {
  router.add({.method = Method::get,
              .path = "/api/v1/classification",
              .id = "classification_list",
              .tag = "catalogue",
              .summary = {"列出目录分类", "List the classification"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::object({{"nodes", schema::array(node_schema())}}),
              .handler = [&desk](Request&) -> Result<Response> {
                QS_TRY(auto nodes, desk.deps().classification.nodes());
                json::array out;
                for (const auto& node : nodes) out.emplace_back(to_json(node));
                return Response::ok(json::object{{"nodes", std::move(out)}});
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/classification",
              .id = "classification_add",
              .tag = "catalogue",
              .summary = {"新增分类", "Add a class"},
              .who = http::may(Permission::catalog_review),
              .body = schema::object({{"parent_id", schema::text().length(0, 30)},
                                      {"code", schema::text().length(1, 12)},
                                      {"name", schema::text().length(1, 60)}}),
              .answer = node_schema(),
              .answer_status = 201,
              .errors = {Code::not_found, Code::conflict, Code::invalid},
              .handler = [&desk](Request& r) -> Result<Response> {
                const auto& body = r.body.as_object();
                auto text = [&](std::string_view key) { return std::string(body.at(key).as_string()); };
                QS_TRY(auto node, desk.deps().classification.add(r.actor, text("parent_id"), text("code"), text("name")));
                return Response::ok(to_json(node), 201);
              }});
  router.add({.method = Method::patch,
              .path = "/api/v1/classification/{id}",
              .id = "classification_change",
              .tag = "catalogue",
              .summary = {"改名、改码、移动、停用分类", "Rename, recode, move or retire a class"},
              .who = http::may(Permission::catalog_review),
              .body = schema::object({{"name", schema::text().length(1, 60).optional()},
                                      {"code", schema::text().length(1, 12).optional()},
                                      {"parent_id", schema::text().length(0, 30).optional()},
                                      {"retired", schema::boolean().optional()}}),
              .answer = node_schema(),
              .errors = {Code::not_found, Code::conflict, Code::invalid},
              .handler = [&desk](Request& r) { return change(desk, r); }});
  router.add({.method = Method::del,
              .path = "/api/v1/classification/{id}",
              .id = "classification_remove",
              .tag = "catalogue",
              .summary = {"删除没有用过的分类", "Remove a class that was never used"},
              .who = http::may(Permission::catalog_review),
              .answer_status = 204,
              .errors = {Code::not_found, Code::conflict},
              .handler = [&desk](Request& r) -> Result<Response> {
                QS_CHECK(desk.deps().classification.remove(r.actor, r.param("id")));
                return Response::no_content();
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/catalog/words",
              .id = "catalog_words",
              .tag = "catalogue",
              .summary = {"目录用到的代码及名称", "The words that entries are written in"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::map(schema::array(schema::object({{"code", schema::text()}, {"name", schema::text()}}))),
              .handler = [](Request& r) { return words(r); }});
}

}  // namespace qushu::sharing
