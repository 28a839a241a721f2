#include "openapi.h"

#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/http/server.h"

#include "schema_node.h"

namespace qushu::http {
namespace {

constexpr std::array<std::string_view, 5> kMethods{"get", "post", "put", "patch", "delete"};

struct TagName {
  std::string_view tag;
  Text name;
};
const std::array kTags{TagName{"session", {"登录与会话", "Session"}},
                       TagName{"account", {"我的账号", "Account"}},
                       TagName{"people", {"人员与角色", "People"}},
                       TagName{"departments", {"部门", "Departments"}},
                       TagName{"imports", {"导入", "Imports"}},
                       TagName{"datasets", {"数据集", "Datasets"}},
                       TagName{"rows", {"数据行", "Rows"}},
                       TagName{"sql", {"SQL", "SQL"}},
                       TagName{"jobs", {"作业", "Jobs"}},
                       TagName{"audit", {"审计", "Audit"}},
                       TagName{"settings", {"设置", "Settings"}},
                       TagName{"system", {"系统", "System"}},
                       TagName{"home", {"工作台", "Home"}}};

std::string who_text(const Access& who, Lang lang) {
  if (who.kind == Access::Kind::anyone) return lang == Lang::zh ? "任何人可调用。" : "Anyone may call it.";
  if (who.kind == Access::Kind::signed_in) return lang == Lang::zh ? "登录后可调用。" : "Whoever is signed in may call it.";
  std::string names;
  for (auto p : who.any_of) names += (names.empty() ? "" : ", ") + std::string(name(p));
  return (lang == Lang::zh ? "需要权限：" : "Needs the permission: ") + names + (lang == Lang::zh ? "。" : ".");
}

// The same for machines: "anyone", "signed_in", or the permissions of which one is needed.
json::value who_value(const Access& who) {
  if (who.kind == Access::Kind::anyone) return "anyone";
  if (who.kind == Access::Kind::signed_in) return "signed_in";
  json::array names;
  for (auto p : who.any_of) names.emplace_back(name(p));
  return names;
}

json::array parameters(const Route& route, Lang lang, json::object& components) {
  json::array out;
  for (auto part : split(route.path, '/')) {
    if (!part.starts_with('{')) continue;
    auto name = part.substr(1, part.size() - 2 - (part.ends_with("*}") ? 1 : 0));
    out.emplace_back(
        json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "string"}}}});
  }
  for (const auto& p : route.query) {
    auto shape = describe(p.shape, lang, components);
    if (p.otherwise) {
      if (shape["type"] == "integer")
        shape["default"] = to_int(*p.otherwise).value_or(0);
      else if (shape["type"] == "boolean")
        shape["default"] = *p.otherwise == "true";
      else
        shape["default"] = *p.otherwise;
    }
    if (p.repeated) shape = json::object{{"type", "array"}, {"items", std::move(shape)}};
    json::object one{{"name", p.name}, {"in", "query"}, {"required", p.required}, {"schema", std::move(shape)}};
    if (!p.note.in(lang).empty()) one["description"] = p.note.in(lang);
    out.emplace_back(std::move(one));
  }
  return out;
}

json::object responses(const Route& route, Lang lang, json::object& components) {
  json::object out, content;
  if (route.answer) content["application/json"] = json::object{{"schema", describe(*route.answer, lang, components)}};
  for (const auto& type : route.answer_types) {
    // JSON that is streamed has no declared shape; everything else is bytes.
    auto shape = type.starts_with("application/json") ? json::object{} : json::object{{"type", "string"}};
    content[type] = json::object{{"schema", std::move(shape)}};
  }
  json::object good{{"description", lang == Lang::zh ? "成功" : "Success"}};
  if (!content.empty()) good["content"] = std::move(content);
  out[std::to_string(route.answer_status)] = std::move(good);
  std::set<unsigned> statuses;
  for (auto code : route.errors) statuses.insert(status_of(code));
  if (route.who.kind != Access::Kind::anyone) statuses.insert({401, 403});
  if (route.body || !route.query.empty()) statuses.insert({400, 422});
  statuses.insert(503);
  for (auto status : statuses) out[std::to_string(status)] = json::object{{"$ref", "#/components/responses/Problem"}};
  return out;
}

json::object operation(const Route& route, Lang lang, json::object& components) {
  json::object out{{"operationId", route.id},
                   {"summary", route.summary.in(lang)},
                   {"description", who_text(route.who, lang)},
                   {"x-qushu-access", who_value(route.who)},
                   {"tags", json::array{route.tag}}};
  auto list = parameters(route, lang, components);
  if (!list.empty()) out["parameters"] = std::move(list);
  if (route.body)
    out["requestBody"] = json::object{
        {"required", true},
        {"content", json::object{{"application/json", json::object{{"schema", describe(*route.body, lang, components)}}}}}};
  if (route.streams_body)
    out["requestBody"] = json::object{
        {"required", true},
        {"content",
         json::object{{route.body_type, json::object{{"schema", json::object{{"type", "string"}, {"format", "binary"}}}}}}}};
  out["responses"] = responses(route, lang, components);
  out["security"] = route.who.kind == Access::Kind::anyone
                        ? json::array{}
                        : json::array{json::object{{"token", json::array{}}}, json::object{{"session", json::array{}}}};
  return out;
}

json::object problem_schema() {
  auto text = json::object{{"type", "string"}};
  return {
      {"type", "object"},
      {"properties",
       json::object{{"type", text},
                    {"title", text},
                    {"status", json::object{{"type", "integer"}}},
                    {"detail", text},
                    {"code", text},
                    {"id", text},
                    {"subject", text},
                    {"request_id", text},
                    {"errors",
                     json::object{{"type", "array"},
                                  {"items", json::object{{"type", "object"},
                                                         {"properties", json::object{{"field", text}, {"message", text}}}}}}}}},
      {"required", json::array{"type", "title", "status", "detail", "code", "id", "request_id"}}};
}

}  // namespace

json::object describe_routes(const std::vector<Route>& routes, std::string_view version, Lang lang) {
  json::object paths, components;
  std::set<std::string> tags;
  for (const auto& route : routes) {
    if (route.hidden) continue;
    std::string path;
    for (auto part : split(std::string_view(route.path).substr(1), '/'))
      path += "/" + std::string(part.ends_with("*}") ? fmt::format("{}}}", part.substr(0, part.size() - 2)) : part);
    if (!paths.contains(path)) paths[path] = json::object{};
    paths[path].as_object()[kMethods.at(static_cast<std::size_t>(route.method))] = operation(route, lang, components);
    tags.insert(route.tag);
  }
  components["Problem"] = problem_schema();
  json::array tag_list;
  for (const auto& known : kTags)
    if (tags.contains(std::string(known.tag)))
      tag_list.emplace_back(json::object{{"name", known.tag}, {"description", known.name.in(lang)}});
  return {{"openapi", "3.1.0"},
          {"info", json::object{{"title", lang == Lang::zh ? "区枢接口" : "Qushu API"},
                                {"version", version},
                                {"description",
                                 lang == Lang::zh
                                     ? "错误一律为 RFC 9457 问题详情；时间为 ISO 8601 UTC；列表以 next 翻页。"
                                     : "Errors are RFC 9457 problem details; times are ISO 8601 UTC; lists page by next."}}},
          {"tags", std::move(tag_list)},
          {"paths", std::move(paths)},
          {"components",
           json::object{
               {"schemas", std::move(components)},
               {"responses",
                json::object{
                    {"Problem",
                     json::object{
                         {"description", lang == Lang::zh ? "出错" : "Error"},
                         {"content",
                          json::object{{"application/problem+json",
                                        json::object{{"schema", json::object{{"$ref", "#/components/schemas/Problem"}}}}}}}}}}},
               {"securitySchemes",
                json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}},
                             {"session", json::object{{"type", "apiKey"}, {"in", "cookie"}, {"name", "qs_session"}}}}}}}};
}

}  // namespace qushu::http
