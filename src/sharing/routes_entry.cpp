// Entries over HTTP: what they say, their steps, versions, differences and grades.
#include "qushu/base/text.h"
#include "qushu/sharing/desk.h"

#include "words.h"

namespace qushu::sharing {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema text(std::size_t max) {
  return schema::text().length(0, max).optional();
}

http::Schema text_list() {
  return schema::array(schema::text().length(1, 200)).length(0, 100).optional();
}

http::Schema assessment_schema() {
  return schema::object({{"conclusion", text(30)}, {"by", text(60)}, {"on", text(10)}, {"note", text(2000)}}).optional();
}

http::Schema entry_change_schema() {
  return schema::object(
      {{"title", text(200)},
       {"abstract", text(5000)},
       {"department_id", text(64)},
       {"provider_code", text(60)},
       {"theme", text(60)},
       {"format", text(30)},
       {"sharing_type", text(30)},
       {"sharing_condition", text(1000)},
       {"sharing_method", text(30)},
       {"not_shared_reason", text(1000)},
       {"not_shared_basis", text(1000)},
       {"open_type", text(30)},
       {"open_condition", text(1000)},
       {"update_cycle", text(30)},
       {"published_on", text(10)},
       {"level", text(30)},
       {"classifications", text_list()},
       {"related", text_list()},
       {"tags", text_list()},
       {"items", schema::array(schema::object({{"id", text(63)},
                                               {"name", text(200)},
                                               {"english", text(120)},
                                               {"type", text(1)},
                                               {"length", schema::integer().range(0, 1'000'000'000).optional()},
                                               {"description", text(1000)},
                                               {"sharing_type", text(30)},
                                               {"sharing_condition", text(1000)},
                                               {"open_type", text(30)},
                                               {"open_condition", text(1000)},
                                               {"level", text(30)},
                                               {"remove", schema::boolean().optional()}}))
                     .length(0, 2000)
                     .optional()},
       {"secrecy", assessment_schema()},
       {"personal", assessment_schema()},
       {"approval", schema::object({{"by", text(60)}, {"on", text(10)}, {"note", text(2000)}}).optional()}});
}

std::optional<std::vector<std::string>> list_at(const json::object& o, std::string_view key) {
  const auto* value = o.if_contains(key);
  if (!value) return std::nullopt;
  std::vector<std::string> out;
  for (const auto& item : value->as_array()) out.emplace_back(item.as_string());
  return out;
}

std::optional<catalog::Assessment> assessment_at(const json::object& o, std::string_view key) {
  const auto* value = o.if_contains(key);
  if (!value) return std::nullopt;
  const auto& a = value->as_object();
  return catalog::Assessment{
      .conclusion = text_at(a, "conclusion"), .by = text_at(a, "by"), .on = text_at(a, "on"), .note = text_at(a, "note")};
}

catalog::EntryChange change_of(const json::object& body) {
  catalog::EntryChange change;
  for (const auto& [key, value] : body)
    if (value.is_string()) change.texts[std::string(key)] = std::string(value.as_string());
  change.classifications = list_at(body, "classifications");
  change.related = list_at(body, "related");
  change.tags = list_at(body, "tags");
  if (const auto* items = body.if_contains("items"))
    for (const auto& one : items->as_array()) {
      const auto& o = one.as_object();
      catalog::EntryChange::ItemChange item{.id = text_at(o, "id"), .name = text_at(o, "name"), .texts = {}};
      for (const auto& [key, value] : o)
        if (value.is_string() && key != "id" && key != "name") item.texts[std::string(key)] = std::string(value.as_string());
      if (const auto* length = o.if_contains("length")) item.length = length->as_int64();
      if (const auto* remove = o.if_contains("remove")) item.remove = remove->as_bool();
      change.items.push_back(std::move(item));
    }
  change.secrecy = assessment_at(body, "secrecy");
  change.personal = assessment_at(body, "personal");
  if (auto approval = assessment_at(body, "approval"))
    change.approval = catalog::Approval{.by = approval->by, .on = approval->on, .note = approval->note};
  return change;
}

Result<Response> differences(const Desk& desk, const Request& r) {
  QS_TRY(auto before, desk.entry(r.actor, r.param("code"), r.integer("from", 0)));
  QS_TRY(auto after, desk.entry(r.actor, r.param("code"), r.integer("to", 0)));
  json::array out;
  for (const auto& one : catalog::differences(before, after, r.lang())) out.emplace_back(to_json(one, r.lang()));
  return Response::ok(json::object{{"differences", std::move(out)}});
}

Result<Response> grades(const Desk& desk, const Request& r) {
  QS_TRY(auto list, desk.grading(r.actor, r.param("code")));
  json::array out;
  for (const auto& one : list) out.emplace_back(to_json(one, r.lang()));
  return Response::ok(json::object{{"fields", std::move(out)}});
}

Result<Response> reviews(const Desk& desk, const Request& r) {
  QS_TRY(auto list, desk.reviews(r.actor));
  json::array out;
  for (const auto& one : list) out.emplace_back(to_json(one, r.lang()));
  return Response::ok(json::object{{"reviews", std::move(out)}});
}

void add_reading(http::Router& router, const Desk& desk) {
  auto standing = schema::any();
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/entry",
              .id = "entry_show",
              .tag = "catalogue",
              .summary = {"查看目录：内容、状态、还缺什么、可以做什么",
                          "Show an entry: what it says, its state, what is missing, what can be done"},
              .who = http::may(Permission::dataset_read),
              .answer = standing,
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&desk](Request& r) -> Result<Response> {
                QS_TRY(auto now, desk.standing(r.actor, r.param("code")));
                return Response::ok(to_json(desk, r.actor, now));
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/entry/published",
              .id = "entry_published",
              .tag = "catalogue",
              .summary = {"查看已发布的目录", "Show the published entry"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::any(),
              .errors = {Code::not_found},
              .handler = [&desk](Request& r) -> Result<Response> {
                QS_TRY(auto version, desk.published(r.actor, r.param("code")));
                return Response::ok(to_json(version, true));
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/entry/versions/{number}",
              .id = "entry_version",
              .tag = "catalogue",
              .summary = {"查看目录的某一版", "Show a version of an entry"},
              .who = http::may(Permission::dataset_read),
              .answer = schema::any(),
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&desk](Request& r) -> Result<Response> {
                auto number = to_int(r.param("number")).value_or(0);
                if (number < 1) return fail(Code::not_found, "entry.version", "没有这一版。", "There is no such version.");
                QS_TRY(auto entry, desk.entry(r.actor, r.param("code"), number));
                return Response::ok(json::object{{"number", number}, {"entry", catalog::to_json(entry)}});
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/entry/differences",
              .id = "entry_differences",
              .tag = "catalogue",
              .summary = {"比较目录的两版，0 为当前内容", "Compare two versions of an entry; 0 is the working copy"},
              .who = http::may(Permission::dataset_read),
              .query = {{.name = "from", .shape = schema::integer().range(0, INT32_MAX), .otherwise = "0"},
                        {.name = "to", .shape = schema::integer().range(0, INT32_MAX), .otherwise = "0"}},
              .answer = schema::object({{"differences", schema::array(schema::object({{"member", schema::text()},
                                                                                      {"label", schema::text()},
                                                                                      {"kind", schema::text()},
                                                                                      {"before", schema::text()},
                                                                                      {"after", schema::text()}}))}}),
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&desk](Request& r) { return differences(desk, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/reviews",
              .id = "review_list",
              .tag = "catalogue",
              .summary = {"列出待审核的目录", "List the entries that wait for review"},
              .who = http::may(Permission::catalog_review),
              .answer = schema::object({{"reviews", schema::array(schema::any())}}),
              .handler = [&desk](Request& r) { return reviews(desk, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/datasets/{code}/grading",
              .id = "grading_show",
              .tag = "catalogue",
              .summary = {"各信息项的分级建议及理由", "The proposed grade of each item, and why"},
              .who = http::may(Permission::dataset_write),
              .answer = schema::object({{"fields", schema::array(schema::any())}}),
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&desk](Request& r) { return grades(desk, r); }});
}

void add_writing(http::Router& router, const Desk& desk) {
  router.add({.method = Method::patch,
              .path = "/api/v1/datasets/{code}/entry",
              .id = "entry_change",
              .tag = "catalogue",
              .summary = {"修改目录", "Change an entry"},
              .who = http::may(Permission::dataset_write),
              .body = entry_change_schema(),
              .answer = schema::any(),
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
              .handler = [&desk](Request& r) -> Result<Response> {
                QS_TRY(auto now, desk.change(r.actor, r.param("code"), change_of(r.body.as_object())));
                return Response::ok(to_json(desk, r.actor, now));
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/datasets/{code}/entry/steps",
              .id = "entry_step",
              .tag = "catalogue",
              .summary = {"提交、审核、发布、退回、撤回、取消发布", "Submit, register, publish, return, take back, unpublish"},
              .who = http::may_any({Permission::dataset_write, Permission::catalog_review}),
              .body = schema::object({{"action", schema::text().length(1, 30)}, {"comment", text(2000)}}),
              .answer = schema::any(),
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
              .handler = [&desk](Request& r) -> Result<Response> {
                const auto& body = r.body.as_object();
                QS_TRY(auto now, desk.step(r.actor, r.param("code"), text_at(body, "action"), text_at(body, "comment")));
                return Response::ok(to_json(desk, r.actor, now));
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/datasets/{code}/grading",
              .id = "grading_confirm",
              .tag = "catalogue",
              .summary = {"确认信息项的级别", "Confirm the grades of items"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object({{"levels", schema::map(schema::text().length(1, 30)).length(1, 2000)}}),
              .answer = schema::any(),
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
              .handler = [&desk](Request& r) -> Result<Response> {
                std::map<std::string, std::string> levels;
                for (const auto& [id, level] : r.body.as_object().at("levels").as_object())
                  levels.emplace(id, std::string(level.as_string()));
                QS_TRY(auto now, desk.grade(r.actor, r.param("code"), levels));
                return Response::ok(to_json(desk, r.actor, now));
              }});
}

}  // namespace

void add_entry_routes(http::Router& router, const Desk& desk) {
  add_reading(router, desk);
  add_writing(router, desk);
}

}  // namespace qushu::sharing
