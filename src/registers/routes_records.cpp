#include "qushu/base/text.h"

#include "routes.h"

namespace qushu::registers {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

// "If-Match": the revision that the caller saw, quoted or not.
Result<std::int64_t> revision_of(const Request& r) {
  auto text = r.header("if-match");
  std::string_view given = trim(text);
  if (given.empty() || given == "*") return 0;
  if (given.size() > 2 && given.front() == '"' && given.back() == '"') given = given.substr(1, given.size() - 2);
  auto revision = to_int(given);
  if (revision && *revision > 0) return *revision;
  return fail(Error{.code = Code::invalid,
                    .id = "record.revision",
                    .text = {"If-Match 应为记录的修订号，如 \"3\"。", "If-Match holds the record's revision, such as \"3\"."},
                    .subject = "If-Match"});
}

Result<Response> answer(const Registers& registers, const Request& r, const Record& record, unsigned status = 200) {
  QS_TRY(auto entry, registers.find(r.actor, r.param("code")));
  auto out = registers.to_json(entry.definition, record);
  auto may = registers.may(r.actor, entry.definition, record);
  json::array transitions;
  for (auto& name : may.transitions) transitions.emplace_back(std::move(name));
  out["may"] = json::object{
      {"edit", may.edit}, {"remove", may.remove}, {"comment", may.comment}, {"transitions", std::move(transitions)}};
  return Response::ok(out, status).with("ETag", "\"" + std::to_string(record.revision) + "\"");
}

Result<Response> list(const Registers& registers, const Request& r) {
  QS_TRY(auto text, registers.page_text(r.actor, r.param("code"), r.query_in_order));
  return Response::text(*text, "application/json");
}

Result<Response> history(const Registers& registers, const Request& r) {
  QS_TRY(auto all, registers.changes(r.actor, r.param("code"), r.param("id")));
  json::array out;
  for (const auto& change : all) out.push_back(to_json(change));
  return Response::ok(json::object{{"changes", std::move(out)}});
}

Result<Response> move(Registers& registers, const Request& r) {
  QS_TRY(auto revision, revision_of(r));
  const auto& o = r.body.as_object();
  std::string comment;
  if (const auto* given = o.if_contains("comment")) comment = given->as_string();
  json::object values;
  if (const auto* given = o.if_contains("values")) values = given->as_object();
  QS_TRY(auto record,
         registers.move(r.actor, r.param("code"), r.param("id"), revision, o.at("transition").as_string(), comment, values));
  return answer(registers, r, record);
}

// Each record by itself, in a transaction of its own: one that cannot keeps no other from it.
Result<Response> bulk(Registers& registers, const Request& r) {
  const auto& o = r.body.as_object();
  const auto& code = r.param("code");
  std::string transition, comment;
  if (const auto* given = o.if_contains("transition")) transition = given->as_string();
  if (const auto* given = o.if_contains("comment")) comment = given->as_string();
  QS_CHECK(registers.find(r.actor, code));
  std::int64_t done = 0;
  json::array failed;
  for (const auto& id : o.at("ids").as_array()) {
    Result<void> one;
    if (transition.empty()) {
      one = registers.remove(r.actor, code, id.as_string(), 0, comment);
    } else if (auto moved = registers.move(r.actor, code, id.as_string(), 0, transition, comment, {}); !moved) {
      one = Failure(std::move(moved).error());
    }
    if (one) {
      ++done;
      continue;
    }
    // What is wrong with the server is no outcome of a record.
    if (one.error().code == Code::internal || one.error().code == Code::unavailable || one.error().code == Code::storage_full)
      return Failure(std::move(one).error());
    failed.push_back(json::object{{"id", id}, {"text", one.error().text.in(r.lang())}});
  }
  return Response::ok(json::object{{"done", done}, {"failed", std::move(failed)}});
}

http::Schema record_schema() {
  return schema::object({{"id", schema::text()},
                         {"number", schema::text()},
                         {"title", schema::text()},
                         {"state", schema::text()},
                         {"revision", schema::integer()},
                         {"department_id", schema::text()},
                         {"department_name", schema::text()},
                         {"created_by", schema::text()},
                         {"created_by_name", schema::text()},
                         {"changed_by_name", schema::text()},
                         {"created", schema::time()},
                         {"changed", schema::time()},
                         {"since", schema::time()},
                         {"due", schema::time().nullable().note("办理期限", "The end of the state's clock")},
                         {"late", schema::boolean()},
                         {"values", schema::map(schema::any())
                                        .note("按字段名；数值和金额是精确的小数文本",
                                              "By field; numbers and money are exact decimal texts")},
                         {"may", schema::object({{"edit", schema::boolean()},
                                                 {"remove", schema::boolean()},
                                                 {"comment", schema::boolean()},
                                                 {"transitions", schema::array(schema::text())}})
                                     .optional()}})
      .named("RegisterRecord");
}

}  // namespace

void add_record_routes(http::Router& router, Registers& registers) {
  auto use = http::may(Permission::register_use);
  auto values = [] {
    return schema::map(schema::any()).note("字段名与值；不写的字段不变", "Values by field; what is left out stays");
  };
  const std::string all = "/api/v1/registers/{code}/records", one = all + "/{id}";
  router.add(
      {.method = Method::get,
       .path = all,
       .id = "record_list",
       .tag = "registers",
       .summary = {"记录列表：字段=值、字段__比较=值，_view、_search、_sort、_sort_desc、_size、_next、_count",
                   "List records: field=value, field__op=value, _view, _search, _sort, _sort_desc, _size, _next, _count"},
       .who = use,
       .open_query = true,
       .answer = schema::object(
           {{"records", schema::array(record_schema())}, {"next", schema::text()}, {"total", schema::integer().nullable()}}),
       .errors = {Code::not_found, Code::invalid},
       .handler = [&registers](Request& r) { return list(registers, r); }});
  router.add({.method = Method::post,
              .path = all,
              .id = "record_add",
              .tag = "registers",
              .summary = {"新建记录", "Make a record"},
              .who = use,
              .body = schema::object({{"values", values()}}),
              .answer = record_schema(),
              .answer_status = 201,
              .errors = {Code::not_found, Code::forbidden, Code::invalid, Code::conflict},
              .handler = [&registers](Request& r) -> Result<Response> {
                QS_TRY(auto record, registers.create(r.actor, r.param("code"), r.body.at("values").as_object()));
                return answer(registers, r, record, 201);
              }});
  router.add({.method = Method::get,
              .path = one,
              .id = "record_show",
              .tag = "registers",
              .summary = {"查看一条记录（标识或编号）", "Show a record, by identifier or number"},
              .who = use,
              .answer = record_schema(),
              .errors = {Code::not_found},
              .handler = [&registers](Request& r) -> Result<Response> {
                QS_TRY(auto record, registers.record(r.actor, r.param("code"), r.param("id")));
                return answer(registers, r, record);
              }});
  router.add({.method = Method::patch,
              .path = one,
              .id = "record_edit",
              .tag = "registers",
              .summary = {"修改记录；If-Match 写明所见的修订号", "Edit a record; If-Match names the revision that was seen"},
              .who = use,
              .body = schema::object({{"values", values()}}),
              .answer = record_schema(),
              .errors = {Code::not_found, Code::forbidden, Code::invalid, Code::conflict},
              .handler = [&registers](Request& r) -> Result<Response> {
                QS_TRY(auto revision, revision_of(r));
                QS_TRY(auto record,
                       registers.edit(r.actor, r.param("code"), r.param("id"), revision, r.body.at("values").as_object()));
                return answer(registers, r, record);
              }});
  router.add({.method = Method::del,
              .path = one,
              .id = "record_remove",
              .tag = "registers",
              .summary = {"删除记录；历史保留", "Remove a record; its history stays"},
              .who = use,
              .query = {{.name = "comment", .shape = schema::text().length(0, 2000), .note = {"原因", "Why"}}},
              .answer_status = 204,
              .errors = {Code::not_found, Code::forbidden, Code::conflict},
              .handler = [&registers](Request& r) -> Result<Response> {
                QS_TRY(auto revision, revision_of(r));
                QS_CHECK(registers.remove(r.actor, r.param("code"), r.param("id"), revision, r.get("comment").value_or("")));
                return Response::no_content();
              }});
  router.add({.method = Method::post,
              .path = one + "/move",
              .id = "record_move",
              .tag = "registers",
              .summary = {"流转记录", "Move a record by a transition"},
              .who = use,
              .body = schema::object({{"transition", schema::text().length(1, 40)},
                                      {"comment", schema::text().length(0, 1'000'000).optional()},
                                      {"values", values().optional()}}),
              .answer = record_schema(),
              .errors = {Code::not_found, Code::forbidden, Code::invalid, Code::conflict},
              .handler = [&registers](Request& r) { return move(registers, r); }});
  router.add({.method = Method::post,
              .path = one + "/comments",
              .id = "record_comment",
              .tag = "registers",
              .summary = {"发表意见", "Comment on a record"},
              .who = use,
              .body = schema::object({{"text", schema::text().length(1, 1'000'000)}}),
              .answer_status = 204,
              .errors = {Code::not_found, Code::forbidden, Code::invalid},
              .handler = [&registers](Request& r) -> Result<Response> {
                QS_CHECK(registers.comment(r.actor, r.param("code"), r.param("id"), r.body.at("text").as_string()));
                return Response::no_content();
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/registers/{code}/bulk",
              .id = "record_bulk",
              .tag = "registers",
              .summary = {"批量流转或删除（不写 transition），逐条说明结果",
                          "Move or remove (without a transition) many records; each that cannot is told"},
              .who = use,
              .body = schema::object({{"ids", schema::array(schema::text().length(1, 60)).length(1, 500)},
                                      {"transition", schema::text().length(1, 40).optional()},
                                      {"comment", schema::text().length(0, 1'000'000).optional()}}),
              .answer = schema::object(
                  {{"done", schema::integer()},
                   {"failed", schema::array(schema::object({{"id", schema::text()}, {"text", schema::text()}}))}}),
              .errors = {Code::not_found, Code::invalid},
              .handler = [&registers](Request& r) { return bulk(registers, r); }});
  router.add({.method = Method::get,
              .path = one + "/history",
              .id = "record_history",
              .tag = "registers",
              .summary = {"记录的全部变更和意见", "All changes of a record and comments on it"},
              .who = use,
              .answer = schema::object({{"changes", schema::array(schema::any())}}),
              .errors = {Code::not_found},
              .handler = [&registers](Request& r) { return history(registers, r); }});
}

}  // namespace qushu::registers
