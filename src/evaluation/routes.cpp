#include "qushu/workflow/routes.h"

#include "qushu/http/received_file.h"

#include "stored.h"

namespace qushu::evaluation {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;
using http::Router;
using http::Schema;
using workflow::comment_body;
using workflow::kXlsx;
using workflow::member;
using workflow::shown;
using workflow::version_parameter;

// --- shapes ------------------------------------------------------------------------------------------------------------------
Schema version_schema() {
  return schema::object({{"version", schema::integer()},
                         {"state", schema::choice({"draft", "submitted", "returned", "approved"})},
                         {"state_name", schema::text()},
                         {"revision", schema::integer().note("保存时带回，以防覆盖他人的修改", "Given back when saving")},
                         {"reason", schema::text().note("更正的理由", "Why a correction was begun")},
                         {"comment", schema::text()},
                         {"changed", schema::time()},
                         {"changed_by", schema::text()},
                         {"drawn", schema::time().note("取数的时间", "When budget and evidence were read")},
                         {"budget_version", schema::integer()}})
      .named("EvaluationVersion");
}

std::vector<http::Member> head_members() {
  return {{"id", schema::text()},
          {"title", schema::text()},
          {"budget_id", schema::text()},
          {"department_id", schema::text()},
          {"department", schema::text()},
          {"department_name", schema::text()},
          {"year", schema::integer()},
          {"project", schema::text().note("项目编码；部门整体为空", "The project's code; empty for the unit as a whole")},
          {"project_name", schema::text()},
          {"versions", schema::array(version_schema())},
          {"score", schema::text().note("已得分之和", "Of what has a score")},
          {"complete", schema::boolean().note("每项都有得分", "Everything has a score")},
          {"grade", schema::choice({"", "excellent", "good", "fair", "poor"})},
          {"grade_name", schema::text()}};
}

Schema direction_schema() {
  return schema::choice({"higher", "lower", "qualitative"});
}

Schema item_schema() {
  return schema::object(
             {{"id", schema::text()},
              {"level", schema::text()},
              {"group", schema::choice({"output", "benefit", "satisfaction"})},
              {"group_name", schema::text()},
              {"level_name", schema::text()},
              {"name", schema::text()},
              {"target", schema::text()},
              {"unit", schema::text()},
              {"direction", direction_schema()},
              {"weight", schema::text()},
              {"indicator", schema::text().note("平台指标的编码", "Code of the platform's indicator")},
              {"drawn", schema::choice({"", "value", "none", "failed"}).note("none 为没有证据", "none: no evidence")},
              {"rows", schema::integer()},
              {"error", schema::text()},
              {"actual", schema::text().nullable()},
              {"score", schema::text().nullable()},
              {"hand", schema::text()},
              {"hand_reason", schema::text()},
              {"cause", schema::text()},
              {"remedy", schema::text()},
              {"files", schema::array(schema::object({{"id", schema::text()},
                                                      {"name", schema::text()},
                                                      {"size", schema::integer()},
                                                      {"sha256", schema::text()},
                                                      {"person_name", schema::text()},
                                                      {"at", schema::time()}}))}})
      .named("EvaluationItem");
}

Schema detail_schema() {
  auto members = head_members();
  members.push_back({"version", version_schema()});
  members.push_back({"form", schema::object({{"initial", schema::integer().note("年初预算数，分", "Initial budget in fen")},
                                             {"adjusted", schema::integer()},
                                             {"spent", schema::integer()},
                                             {"rate", schema::text().note("执行率，百分比", "Per cent")},
                                             {"execution_weight", schema::text()},
                                             {"execution_score", schema::text()},
                                             {"funds_cause", schema::text()},
                                             {"funds_remedy", schema::text()},
                                             {"expected", schema::text()},
                                             {"reached", schema::text()},
                                             {"items", schema::array(item_schema())}})
                                 .named("EvaluationForm")});
  members.push_back(
      {"problems", schema::array(schema::object({{"place", schema::text().note("如 items[2].cause", "Such as items[2].cause")},
                                                 {"text", schema::text()}}))});
  members.push_back(
      {"may", schema::object({{"edit", schema::boolean()}, {"decide", schema::boolean()}, {"revise", schema::boolean()}})});
  return schema::object(std::move(members)).named("EvaluationDetail");
}

Schema line_schema() {
  return schema::object(
             {{"subject", schema::text()},
              {"name", schema::text()},
              {"budget", schema::integer()},
              {"spent", schema::integer()},
              {"light", schema::choice({"green", "yellow", "red", "over", "none"})},
              {"rate", schema::text().note("执行率，百分比", "Spent of the budget, per cent")},
              {"pace", schema::text().note("执行率 ÷ 时间进度，百分比", "That, of the share of the year that has passed")},
              {"goals",
               schema::array(schema::object({{"level", schema::text()},
                                             {"level_name", schema::text()},
                                             {"name", schema::text()},
                                             {"target", schema::text()},
                                             {"unit", schema::text()},
                                             {"indicator", schema::text()},
                                             {"state", schema::choice({"value", "none", "failed", "unbound", "unknown"})},
                                             {"period", schema::text()},
                                             {"value", schema::text().nullable()},
                                             {"value_unit", schema::text()},
                                             {"light", schema::choice({"none", "green", "on_track", "yellow", "red"})}}))}})
      .named("MonitoredLine");
}

http::Parameter year_parameter(bool required) {
  return {.name = "year", .shape = schema::integer().range(2000, 2100), .note = {"年份", "Year"}, .required = required};
}
http::Parameter department_parameter() {
  return {.name = "department", .shape = schema::text().length(0, 100), .note = {"部门的代码或标识", "Code or identifier"}};
}

workflow::Papers papers() {
  return {.kind = kind(), .path = "/api/v1/evaluations", .detail = detail_schema()};
}

// Who may not attach is told so before anything of hers is stored.
Result<Response> attach(const Routes& x, Request& r) {
  auto item = r.get("item").value_or("");
  QS_CHECK(x.evaluations.check_attach(r.actor, r.param("id"), item, r.stream->length().value_or(0)));
  QS_TRY(auto writer, x.blobs.create());
  auto limit = static_cast<std::uint64_t>(x.settings.integer("evaluation.file_size"));
  QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
    QS_CHECK(writer->write(piece));
    if (writer->written() > limit) QS_CHECK(x.evaluations.check_attach(r.actor, r.param("id"), item, writer->written()));
    return {};
  }));
  QS_TRY(auto content, writer->commit());
  return shown(r, x.evaluations.attach(r.actor, r.param("id"), item, r.get("name").value_or(""), content), 201);
}

// --- routes ------------------------------------------------------------------------------------------------------------------
void add_reading(Router& router, const Routes& x) {
  auto use = http::may(Permission::budget_use);
  router.add(
      {.method = Method::get,
       .path = "/api/v1/monitoring",
       .id = "monitoring",
       .tag = "evaluation",
       .summary = {"一年的预算执行和绩效目标监控", "Execution and goals of a year's budgets"},
       .who = use,
       .query = {year_parameter(true), department_parameter()},
       .answer = schema::object(
           {{"units", schema::array(schema::object({{"budget_id", schema::text()},
                                                    {"department", schema::text()},
                                                    {"department_name", schema::text()},
                                                    {"year", schema::integer()},
                                                    {"version", schema::integer()},
                                                    {"month", schema::integer().note("统计到几月", "Counted to this month")},
                                                    {"whole", line_schema()},
                                                    {"lines", schema::array(line_schema())}})
                                        .named("MonitoredUnit"))}}),
       .errors = {Code::not_found},
       .handler = [x](Request& r) -> Result<Response> {
         QS_TRY(auto all, x.evaluations.monitor(r.actor, r.integer("year", 0), r.get("department").value_or("")));
         json::array out;
         for (const auto& one : all) out.emplace_back(to_json(one, r.lang()));
         return Response::ok(json::object{{"units", std::move(out)}});
       }});
  router.add({.method = Method::get,
              .path = "/api/v1/evaluations",
              .id = "evaluations",
              .tag = "evaluation",
              .summary = {"绩效自评", "Self-evaluations"},
              .who = use,
              .query = {year_parameter(false),
                        department_parameter(),
                        {.name = "state", .shape = schema::choice({"draft", "submitted", "returned", "approved"})}},
              .answer = schema::object({{"evaluations", schema::array(schema::object(head_members()).named("Evaluation"))}}),
              .errors = {Code::not_found},
              .handler = [x](Request& r) -> Result<Response> {
                Filter filter{.year = {}, .department = r.get("department").value_or(""), .state = r.get("state").value_or("")};
                if (r.get("year")) filter.year = r.integer("year", 0);
                QS_TRY(auto all, x.evaluations.list(r.actor, filter));
                json::array out;
                for (const auto& one : all) out.emplace_back(to_json(one, r.lang()));
                return Response::ok(json::object{{"evaluations", std::move(out)}});
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/evaluations/{id}",
              .id = "evaluation",
              .tag = "evaluation",
              .summary = {"一份自评的一个版本", "A version of a self-evaluation"},
              .who = use,
              .query = {version_parameter()},
              .answer = detail_schema(),
              .errors = {Code::not_found},
              .handler = [x](Request& r) -> Result<Response> {
                return shown(r, x.evaluations.find(r.actor, r.param("id"), r.integer("version", 0)));
              }});
  workflow::add_history(router, papers(), {"一份自评的每一步", "Every step of a self-evaluation"},
                        [x](const Request& r) { return x.evaluations.history(r.actor, r.param("id")); });
  router.add({.method = Method::get,
              .path = "/api/v1/evaluations/{id}/items/{item}/evidence",
              .id = "evaluation_evidence",
              .tag = "evaluation",
              .summary = {"一个指标取数时的佐证", "The rows behind an item's figure, as they were drawn"},
              .who = use,
              .query = {version_parameter()},
              .answer = indicators::evidence_schema(),
              .errors = {Code::not_found, Code::forbidden},
              .handler = [x](Request& r) -> Result<Response> {
                QS_TRY(auto rows, x.evaluations.evidence(r.actor, r.param("id"), r.integer("version", 0), r.param("item")));
                return Response::ok(indicators::to_json(rows, r.lang()));
              }});
}

void add_files(Router& router, const Routes& x) {
  auto use = http::may(Permission::budget_use);
  router.add({.method = Method::get,
              .path = "/api/v1/evaluations/{id}/print",
              .id = "evaluation_print",
              .tag = "evaluation",
              .summary = {"自评表，PDF 或 XLSX", "The official form as PDF or XLSX"},
              .who = use,
              .query = {version_parameter(), workflow::format_parameter()},
              .answer_types = {"application/pdf", kXlsx},
              .errors = {Code::not_found, Code::unavailable},
              .handler = [x](Request& r) -> Result<Response> {
                QS_TRY(auto d, x.evaluations.find(r.actor, r.param("id"), r.integer("version", 0)));
                auto format = workflow::wants_pdf(r) ? PrintFormat::pdf : PrintFormat::xlsx;
                QS_TRY(auto bytes, printed(d, format, x.scratch));
                return workflow::download(r, std::move(bytes), title_of(d.evaluation).zh);
              }});
  router.add(
      {.method = Method::get,
       .path = "/api/v1/evaluations/{id}/archive",
       .id = "evaluation_archive",
       .tag = "evaluation",
       .summary = {"上报材料压缩包：自评表、佐证、附件和哈希清单，哈希记入审计",
                   "One zip of form, evidence, files and hashes, which the audit keeps too"},
       .who = use,
       .query = {version_parameter(),
                 {.name = "all", .shape = schema::boolean(), .note = {"部门整体连同各项目", "The unit with its projects"}}},
       .answer_types = {"application/zip"},
       .errors = {Code::not_found, Code::invalid, Code::unavailable, Code::storage_full},
       .handler = [x](Request& r) -> Result<Response> {
         QS_TRY(auto made, x.evaluations.archive(r.actor, r.param("id"), r.integer("version", 0), r.flag("all")));
         Response answer;
         answer.headers.emplace_back("Content-Type", "application/zip");
         answer.headers.emplace_back("X-Content-SHA256", made.sha256);
         answer.body = Response::File{.path = made.path, .keep = made.keep};
         return std::move(answer).as_download(made.name);
       }});
  router.add({.method = Method::post,
              .path = "/api/v1/evaluations/verify",
              .id = "evaluation_verify",
              .tag = "evaluation",
              .summary = {"核对压缩包与审计中的哈希是否一致", "Whether an archive is what the audit says was written"},
              .who = use,
              .streams_body = true,
              .body_type = "application/zip",
              .answer = schema::object(
                  {{"good", schema::boolean()},
                   {"same", schema::boolean().note("压缩包逐字节一致", "The archive, byte for byte")},
                   {"entry", schema::integer().note("审计条目；0 为没有", "The audit's entry; 0: none")},
                   {"at", schema::time().nullable()},
                   {"person_name", schema::text()},
                   {"object_name", schema::text()},
                   {"sha256", schema::text()},
                   {"expected", schema::text()},
                   {"files", schema::array(schema::object({{"path", schema::text()},
                                                           {"state", schema::choice({"same", "changed", "missing", "unknown"})},
                                                           {"expected", schema::text()},
                                                           {"found", schema::text()}}))}}),
              .errors = {Code::invalid, Code::too_large, Code::storage_full},
              .handler = [x](Request& r) -> Result<Response> {
                http::ReceivedFile file(x.scratch);
                QS_CHECK(file.read(*r.stream, static_cast<std::uint64_t>(x.settings.integer("evaluation.archive_size")),
                                   "evaluation.archive_size"));
                QS_TRY(auto verdict, x.evaluations.verify(r.actor, file.path()));
                return Response::ok(to_json(verdict, r.lang()));
              }});
  router.add(
      {.method = Method::post,
       .path = "/api/v1/evaluations/{id}/files",
       .id = "evaluation_attach",
       .tag = "evaluation",
       .summary = {"为一个指标上传佐证材料", "Attach evidence to an item"},
       .who = http::may(Permission::budget_write),
       .query =
           {{.name = "name", .shape = schema::text().length(1, 255), .note = {"文件名", "The file's name"}, .required = true},
            {.name = "item", .shape = schema::text().length(1, 40), .note = {"指标的标识", "The item"}, .required = true}},
       .streams_body = true,
       .answer = detail_schema(),
       .answer_status = 201,
       .errors = {Code::not_found, Code::invalid, Code::conflict, Code::too_large, Code::storage_full},
       .handler = [x](Request& r) { return attach(x, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/evaluations/{id}/files/{file}",
              .id = "evaluation_file",
              .tag = "evaluation",
              .summary = {"下载佐证材料", "Download a file"},
              .who = use,
              .answer_types = {"application/octet-stream"},
              .errors = {Code::not_found},
              .handler = [x](Request& r) -> Result<Response> {
                QS_TRY(auto file, x.evaluations.file(r.actor, r.param("id"), r.param("file")));
                QS_TRY(auto path, x.blobs.path(file.blob));
                // Never shown in place: what it is, is what somebody uploaded.
                return Response::file(path, "application/octet-stream", file.blob).as_download(file.name);
              }});
  router.add({.method = Method::del,
              .path = "/api/v1/evaluations/{id}/files/{file}",
              .id = "evaluation_detach",
              .tag = "evaluation",
              .summary = {"删除佐证材料", "Remove a file"},
              .who = http::may(Permission::budget_write),
              .answer = detail_schema(),
              .errors = {Code::not_found, Code::conflict},
              .handler = [x](Request& r) { return shown(r, x.evaluations.detach(r.actor, r.param("id"), r.param("file"))); }});
}

void add_writing(Router& router, const Routes& x) {
  auto write = Permission::budget_write, decide = Permission::budget_approve;
  router.add({.method = Method::post,
              .path = "/api/v1/evaluations",
              .id = "evaluation_create",
              .tag = "evaluation",
              .summary = {"新建自评：从现行预算和平台指标的证据取数", "Make a self-evaluation, drawn from budget and evidence"},
              .who = http::may(write),
              .body = schema::object(
                  {{"department", schema::text().length(1, 100).note("部门的代码或标识", "Code or identifier")},
                   {"year", schema::integer().range(2000, 2100)},
                   {"project", schema::text().length(0, 40).optional().note("项目编码；部门整体为空", "Empty: the unit")}}),
              .answer = detail_schema(),
              .answer_status = 201,
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [x](Request& r) -> Result<Response> {
                return shown(
                    r,
                    x.evaluations.create(r.actor, member(r, "department"), r.body.at("year").as_int64(), member(r, "project")),
                    201);
              }});
  auto item =
      schema::object({{"id", schema::text().length(1, 40)},
                      {"direction", direction_schema().optional()},
                      {"weight", schema::text().length(1, 10).optional().note("分值，最多两位小数", "At most two decimals")},
                      {"indicator", schema::text().length(0, 100).optional()},
                      {"hand", schema::text().length(0, 40).optional().note("手工填写的完成值", "A figure by hand")},
                      {"hand_reason", schema::text().length(0, 2000).optional()},
                      {"cause", schema::text().length(0, 2000).optional()},
                      {"remedy", schema::text().length(0, 2000).optional()}});
  router.add({.method = Method::put,
              .path = "/api/v1/evaluations/{id}",
              .id = "evaluation_save",
              .tag = "evaluation",
              .summary = {"保存草稿", "Save the draft"},
              .who = http::may(write),
              .body = schema::object({{"revision", schema::integer()},
                                      {"reached", schema::text().length(0, 2000).optional()},
                                      {"funds_cause", schema::text().length(0, 2000).optional()},
                                      {"funds_remedy", schema::text().length(0, 2000).optional()},
                                      {"items", schema::array(std::move(item)).optional()}})
                          .note("没有给出的保持不变", "What is absent stays as it is"),
              .answer = detail_schema(),
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [x](Request& r) -> Result<Response> {
                auto body = r.body;
                body.as_object().erase("revision");
                QS_TRY(auto edit, edit_of(body));
                return shown(r, x.evaluations.save(r.actor, r.param("id"), r.body.at("revision").as_int64(), edit));
              }});
  auto all = papers();
  add_step(router, all, "draw", {"重新取数", "Draw anew"}, write, schema::object({{"revision", schema::integer()}}),
           [x](const Request& r) { return x.evaluations.draw(r.actor, r.param("id"), r.body.at("revision").as_int64()); });
  add_step(router, all, "submit", {"提交审核；没有证据、权重不对、偏差没有说明时不能提交", "Submit; nothing may be left to do"},
           write, comment_body(),
           [x](const Request& r) { return x.evaluations.submit(r.actor, r.param("id"), member(r, "comment")); });
  add_step(router, all, "return", {"退回", "Return"}, decide, comment_body(),
           [x](const Request& r) { return x.evaluations.send_back(r.actor, r.param("id"), member(r, "comment")); });
  add_step(router, all, "approve", {"审定；填写和提交的人不能审定", "Approve; never by whoever worked on or submitted it"},
           decide, comment_body(),
           [x](const Request& r) { return x.evaluations.approve(r.actor, r.param("id"), member(r, "comment")); });
  add_step(router, all, "revise", {"更正已审定的自评：新的一版草稿", "Correct an approved one: a new draft"}, write,
           schema::object({{"reason", schema::text().length(1, 500)}}),
           [x](const Request& r) { return x.evaluations.revise(r.actor, r.param("id"), member(r, "reason")); });
}

}  // namespace

void add_routes(Router& router, const Routes& routes) {
  add_reading(router, routes);
  add_files(router, routes);
  add_writing(router, routes);
}

}  // namespace qushu::evaluation
