#include <algorithm>

#include "qushu/base/text.h"
#include "qushu/sharing/desk.h"

#include "search_query.h"

namespace qushu::sharing {
namespace {

using http::Request;
using http::Response;
namespace json = http::json;
namespace schema = http::schema;

http::Schema field_schema() {
  return schema::object(
             {{"id", schema::text().note("标识符", "Identifier")},
              {"name", schema::text().note("名称", "Name")},
              {"description", schema::text()},
              {"type", schema::choice({"text", "integer", "decimal", "number", "boolean", "date", "time", "datetime"})},
              {"width", schema::integer()},
              {"scale", schema::integer()},
              {"unit", schema::text()},
              {"level", schema::text()},
              {"key", schema::boolean()}})
      .named("Field");
}

http::Schema dataset_schema() {
  auto text = [] { return schema::text(); };
  return schema::object(
             {{"id", text()},
              {"code", text().note("数据集代码", "Dataset code")},
              {"title", text()},
              {"abstract", text()},
              {"department_id", text()},
              {"department_name", text()},
              {"theme", text()},
              {"tags", schema::array(text())},
              {"update_cycle", text()},
              {"sharing_type", text()},
              {"level", text()},
              {"state", schema::choice({"draft", "published", "withdrawn"})},
              {"version", schema::integer()},
              {"rows", schema::integer()},
              {"bytes", schema::integer()},
              {"entry_state", text()},
              {"resource_code", text()},
              {"classifications", schema::array(text())},
              {"format", text()},
              {"entry_version", schema::integer()},
              {"by_entry", schema::boolean()},
              {"created_by", text()},
              {"created", schema::time()},
              {"changed", schema::time()},
              {"published", schema::time().nullable()},
              {"fields", schema::array(field_schema())},
              {"readers", schema::array(schema::object(
                              {{"id", text()}, {"kind", schema::choice({"person", "department"})}, {"name", text()}}))},
              {"may_write", schema::boolean()},
              {"may_read", schema::boolean()},
              {"highlight", schema::any().optional()}})
      .named("Dataset");
}

http::Schema version_schema() {
  auto text = [] { return schema::text(); };
  return schema::object(
             {{"number", schema::integer()},
              {"read", schema::integer()},
              {"published", schema::integer()},
              {"rejected", schema::integer()},
              {"mode", schema::choice({"full", "append", "upsert"}).note("更新方式", "How it was made of what was loaded")},
              {"added", schema::integer()},
              {"changed", schema::integer()},
              {"deleted", schema::integer()},
              {"unchanged", schema::integer()},
              {"bytes", schema::integer()},
              {"parts",
               schema::array(schema::object({{"sha256", text()}, {"rows", schema::integer()}, {"bytes", schema::integer()}}))},
              {"origins", schema::array(schema::object(
                              {{"file_name", text()}, {"sha256", text()}, {"table", text()}, {"import_id", text()}}))},
              {"fields", schema::array(field_schema())},
              {"person_name", text()},
              {"job_id", text()},
              {"at", schema::time()},
              {"current", schema::boolean()}})
      .named("Version");
}

class Routes {
 public:
  Routes(catalog::Catalog& catalog, identity::Identity& identity) : catalog_(catalog), identity_(identity) {}

  // Whether the data are hers to read; a reviewer, who knows of every entry, needs no more than that.
  static bool readable(const Actor& actor, const catalog::Dataset& d) {
    auto who = visibility(actor);
    auto among = [&](const std::vector<std::string>& list, const std::string& id) {
      return std::ranges::find(list, id) != list.end();
    };
    return who.all || among(who.departments, d.department_id) || among(d.readers, who.person_id) ||
           std::ranges::any_of(who.departments, [&](const std::string& id) { return among(d.readers, id); });
  }

  Result<json::object> shown(const Actor& actor, const catalog::Dataset& d) const {
    auto out = catalog::to_json(d);
    json::array readers;
    if (!d.readers.empty()) {
      for (const auto& id : d.readers) {
        if (auto department = identity_.department(id))
          readers.emplace_back(json::object{{"id", id}, {"kind", "department"}, {"name", department->name}});
        else if (auto person = identity_.person(id))
          readers.emplace_back(json::object{{"id", id}, {"kind", "person"}, {"name", person->name}});
      }
    }
    out["readers"] = std::move(readers);
    out["may_write"] = !d.by_entry && check_steward(actor, d).has_value();
    out["may_read"] = !d.by_entry && readable(actor, d);
    return out;
  }

  Result<Response> list(const Request& r) const {
    QS_TRY(auto found, catalog_.search(knowledge(r.actor), search_of(r)));
    json::array datasets;
    for (std::size_t i = 0; i < found.datasets.size(); ++i) {
      QS_TRY(auto one, shown(r.actor, found.datasets[i]));
      if (i < found.highlights.size()) one["highlight"] = marked(found.highlights[i]);
      datasets.emplace_back(std::move(one));
    }
    json::object facets;
    for (const auto& [name, list] : found.facets) {
      json::array values;
      for (const auto& f : list) values.emplace_back(json::object{{"value", f.value}, {"label", f.label}, {"count", f.count}});
      facets[name] = std::move(values);
    }
    return Response::ok(json::object{
        {"datasets", std::move(datasets)}, {"total", found.total}, {"facets", std::move(facets)}, {"next", found.next}});
  }

  static json::array spans(const std::vector<catalog::Hit>& hits) {
    json::array out;
    for (const auto& hit : hits) out.emplace_back(json::array{hit.from, hit.to});
    return out;
  }
  static json::object marked(const catalog::Highlight& h) {
    json::array fields;
    for (const auto& field : h.fields) fields.emplace_back(json::object{{"name", field.name}, {"hits", spans(field.hits)}});
    return {{"title", spans(h.title)},
            {"snippet", h.snippet},
            {"snippet_hits", spans(h.in_snippet)},
            {"fields", std::move(fields)}};
  }

  Result<catalog::Dataset> find(const Request& r) const { return catalog_.find(visibility(r.actor), r.param("code")); }
  // In the catalogue, which knows more than who may read it.
  Result<catalog::Dataset> known(const Request& r) const { return catalog_.find(knowledge(r.actor), r.param("code")); }
  Result<catalog::Dataset> writable(const Request& r) const {
    QS_TRY(auto d, find(r));
    QS_CHECK(check_steward(r.actor, d));
    return d;
  }

  Result<Response> answer(const Request& r, const catalog::Dataset& d) const {
    QS_TRY(auto out, shown(r.actor, d));
    return Response::ok(out);
  }

  Result<Response> change(const Request& r) {
    QS_TRY(auto d, writable(r));
    QS_TRY(auto change, change_of(r.body.as_object()));
    if (change.department_id) {
      QS_TRY(auto department, identity_.department(*change.department_id));
      change.department_id = department.id;
      QS_CHECK(check_steward(r.actor, department.id));
    }
    if (change.readers)
      for (auto& reader : *change.readers) {
        QS_TRY(reader, subject(reader));
      }
    QS_TRY(auto now, catalog_.change(r.actor, d.id, change));
    return answer(r, now);
  }

  Result<Response> versions(const Request& r) const {
    QS_TRY(auto d, find(r));
    QS_TRY(auto list, catalog_.versions(d.id));
    json::array out;
    for (const auto& v : list) out.emplace_back(catalog::to_json(v));
    return Response::ok(json::object{{"versions", std::move(out)}});
  }

  Result<Response> roll_back(const Request& r) {
    QS_TRY(auto d, writable(r));
    QS_TRY(auto now, catalog_.roll_back(r.actor, d.id, r.body.at("version").as_int64()));
    return answer(r, now);
  }

  Result<Response> withdraw(const Request& r) {
    QS_TRY(auto d, writable(r));
    QS_TRY(auto now, catalog_.withdraw(r.actor, d.id, r.body.at("withdrawn").as_bool()));
    return answer(r, now);
  }

 private:
  Result<std::string> subject(const std::string& text) const {
    if (auto department = identity_.department(text)) return department->id;
    if (auto person = identity_.person(text)) return person->id;
    return fail(Error{.code = Code::invalid,
                      .id = "dataset.reader",
                      .text = {"没有“" + text + "”这个部门或人员。", "There is no department or person “" + text + "”."},
                      .subject = "readers"});
  }

  static Result<catalog::DatasetChange> change_of(const json::object& body) {
    catalog::DatasetChange change;
    auto text = [&](std::string_view key, std::optional<std::string>& into) {
      if (const auto* value = body.if_contains(key)) into = std::string(value->as_string());
    };
    auto list = [&](std::string_view key, std::optional<std::vector<std::string>>& into) {
      const auto* value = body.if_contains(key);
      if (!value) return;
      into.emplace();
      for (const auto& item : value->as_array()) into->emplace_back(item.as_string());
    };
    text("title", change.title);
    text("abstract", change.abstract);
    text("theme", change.theme);
    text("update_cycle", change.update_cycle);
    text("sharing_type", change.sharing_type);
    text("level", change.level);
    text("department_id", change.department_id);
    list("tags", change.tags);
    list("readers", change.readers);
    if (const auto* fields = body.if_contains("fields"))
      for (const auto& item : fields->as_array()) {
        const auto& o = item.as_object();
        catalog::DatasetChange::FieldChange field{.id = std::string(o.at("id").as_string())};
        auto member = [&](std::string_view key, std::optional<std::string>& into) {
          if (const auto* value = o.if_contains(key)) into = std::string(value->as_string());
        };
        member("description", field.description);
        member("unit", field.unit);
        member("level", field.level);
        if (const auto* key = o.if_contains("key")) field.key = key->as_bool();
        change.fields.push_back(std::move(field));
      }
    return change;
  }

  catalog::Catalog& catalog_;
  identity::Identity& identity_;
};

http::Schema change_schema() {
  auto text = [](std::size_t max) { return schema::text().length(0, max).optional(); };
  return schema::object({{"title", schema::text().length(1, 200).optional()},
                         {"abstract", text(5000)},
                         {"theme", text(60)},
                         {"tags", schema::array(schema::text().length(1, 30)).length(0, 30).optional()},
                         {"update_cycle", text(30)},
                         {"sharing_type", text(30)},
                         {"level", text(30)},
                         {"department_id", text(64)},
                         {"readers", schema::array(schema::text().length(1, 64)).length(0, 1000).optional()},
                         {"fields", schema::array(schema::object({{"id", schema::text()},
                                                                  {"description", text(1000)},
                                                                  {"unit", text(30)},
                                                                  {"level", text(30)},
                                                                  {"key", schema::boolean().optional()}}))
                                        .optional()}});
}

std::vector<http::Parameter> list_parameters() {
  auto out = search_parameters();
  out.push_back({.name = "sort",
                 .shape = schema::choice({"relevance", "changed", "title", "rows"}),
                 .note = {"有检索词时默认按相关度", "By relevance when there are words"}});
  out.push_back({.name = "after", .shape = schema::text(), .note = {"上一页的 next", "next of the page before"}});
  out.push_back({.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "20"});
  return out;
}

// A dataset that is described before there are data.
http::Schema new_dataset_schema() {
  auto text = [](std::size_t max) { return schema::text().length(0, max).optional(); };
  return schema::object(
      {{"code", text(63)},
       {"title", schema::text().length(1, 200)},
       {"abstract", text(5000)},
       {"department_id", text(64)},
       {"theme", text(60)},
       {"tags", schema::array(schema::text().length(1, 30)).length(0, 30).optional()},
       {"update_cycle", text(30)},
       {"sharing_type", text(30)},
       {"level", text(30)},
       {"fields", schema::array(schema::object({{"id", text(63)},
                                                {"name", schema::text().length(1, 200)},
                                                {"description", text(1000)},
                                                {"type", schema::choice({"text", "integer", "decimal", "number", "boolean",
                                                                         "date", "time", "datetime"})
                                                             .optional()},
                                                {"width", schema::integer().range(0, 38).optional()},
                                                {"scale", schema::integer().range(0, 38).optional()},
                                                {"unit", text(30)},
                                                {"level", text(30)},
                                                {"key", schema::boolean().optional()}}))
                      .length(0, 2000)
                      .optional()}});
}

catalog::NewDataset new_dataset_of(const json::object& body) {
  catalog::NewDataset n;
  auto text = [&](std::string_view key, std::string& into) {
    if (const auto* value = body.if_contains(key); value && !value->as_string().empty()) into = std::string(value->as_string());
  };
  text("code", n.code);
  text("title", n.title);
  text("abstract", n.abstract);
  text("department_id", n.department_id);
  text("theme", n.theme);
  text("update_cycle", n.update_cycle);
  text("sharing_type", n.sharing_type);
  text("level", n.level);
  if (const auto* tags = body.if_contains("tags"))
    for (const auto& tag : tags->as_array()) n.tags.emplace_back(tag.as_string());
  if (const auto* fields = body.if_contains("fields")) n.fields = catalog::fields_of(*fields);
  return n;
}

}  // namespace

void add_routes(http::Router& router, catalog::Catalog& catalog, identity::Identity& identity, const Desk& desk) {
  using http::Method;
  auto routes = std::make_shared<Routes>(catalog, identity);
  router.add({.method = Method::post,
              .path = "/api/v1/datasets",
              .id = "dataset_add",
              .tag = "datasets",
              .summary = {"登记数据集（可以还没有数据）", "Register a dataset, which may have no data yet"},
              .who = http::may(Permission::dataset_write),
              .body = new_dataset_schema(),
              .answer = dataset_schema(),
              .answer_status = 201,
              .errors = {Code::forbidden, Code::conflict, Code::invalid},
              .handler = [routes, &desk](Request& r) -> Result<Response> {
                QS_TRY(auto made, desk.add(r.actor, new_dataset_of(r.body.as_object())));
                QS_TRY(auto out, routes->shown(r.actor, made));
                return Response::ok(out, 201);
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets",
              .id = "dataset_list",
              .tag = "datasets",
              .summary = {"检索数据集目录", "Search the catalogue"},
              .who = http::may(Permission::dataset_read),
              .query = list_parameters(),
              .answer = schema::object(
                  {{"datasets", schema::array(dataset_schema())},
                   {"total", schema::integer()},
                   {"facets", schema::map(schema::array(schema::object(
                                  {{"value", schema::text()}, {"label", schema::text()}, {"count", schema::integer()}})))},
                   {"next", schema::text()}}),
              .handler = [routes](Request& r) { return routes->list(r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}",
              .id = "dataset_show",
              .tag = "datasets",
              .summary = {"查看数据集", "Show a dataset"},
              .who = http::may(Permission::dataset_read),
              .answer = dataset_schema(),
              .errors = {Code::not_found},
              .handler = [routes](Request& r) -> Result<Response> {
                QS_TRY(auto d, routes->known(r));
                return routes->answer(r, d);
              }});
  router.add({.method = Method::patch,
              .path = "/api/v1/datasets/{code}",
              .id = "dataset_change",
              .tag = "datasets",
              .summary = {"修改数据集的目录信息", "Change the entry of a dataset"},
              .who = http::may(Permission::dataset_write),
              .body = change_schema(),
              .answer = dataset_schema(),
              .errors = {Code::not_found, Code::invalid},
              .handler = [routes](Request& r) { return routes->change(r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/versions",
              .id = "dataset_versions",
              .tag = "datasets",
              .summary = {"列出版本", "List the versions"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::object({{"versions", schema::array(version_schema())}}),
              .errors = {Code::not_found},
              .handler = [routes](Request& r) { return routes->versions(r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/datasets/{code}/rollback",
              .id = "dataset_rollback",
              .tag = "datasets",
              .summary = {"切换到某个版本", "Roll back to a version"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object({{"version", schema::integer().range(1, INT32_MAX)}}),
              .answer = dataset_schema(),
              .errors = {Code::not_found, Code::conflict},
              .handler = [routes](Request& r) { return routes->roll_back(r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/datasets/{code}/withdraw",
              .id = "dataset_withdraw",
              .tag = "datasets",
              .summary = {"撤回或恢复数据集", "Withdraw a dataset, or bring it back"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object({{"withdrawn", schema::boolean()}}),
              .answer = dataset_schema(),
              .errors = {Code::not_found},
              .handler = [routes](Request& r) { return routes->withdraw(r); }});
}

}  // namespace qushu::sharing
