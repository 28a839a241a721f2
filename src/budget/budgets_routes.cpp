#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/budget/budgets.h"
#include "qushu/budget/workbook.h"
#include "qushu/http/received_file.h"
#include "qushu/workflow/routes.h"

#include "public_pages.h"
#include "sections.h"

namespace qushu::budget {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;
using http::Router;
using http::Schema;
using workflow::comment_body;
using workflow::format_parameter;
using workflow::kXlsx;
using workflow::member;
using workflow::shown;
using workflow::version_parameter;

constexpr std::uint64_t kMostJson = 16ULL << 20U;

// --- shapes ------------------------------------------------------------------------------------------------------------------
template <class Row>
Schema row_schema(const Section<Row>& section) {
  std::vector<http::Member> members;
  for (const auto& c : section.columns) {
    auto shape = std::holds_alternative<std::string Row::*>(c.at) ? schema::text() : schema::integer();
    auto noted = std::move(shape).note(c.title.zh, c.title.en);
    if (std::holds_alternative<std::optional<std::int64_t> Row::*>(c.at))
      members.push_back({std::string(c.name), std::move(noted).nullable().optional()});
    else
      members.push_back({std::string(c.name), std::move(noted).optional()});
  }
  return schema::object(std::move(members));
}

Schema content_schema() {
  std::vector<http::Member> members;
  each_section([&](const auto& section) {
    members.push_back(
        {std::string(section.name), schema::array(row_schema(section)).note(section.title.zh, section.title.en).optional()});
  });
  return schema::object(std::move(members))
      .note("金额为整数分，数量为千分之一，百分比为万分之一",
            "Money in fen, quantities in thousandths, percentages in hundredths")
      .named("BudgetContent");
}

Schema version_schema() {
  return schema::object({{"version", schema::integer()},
                         {"state", schema::choice({"draft", "submitted", "returned", "approved", "published"})},
                         {"state_name", schema::text()},
                         {"revision", schema::integer().note("保存时带回，以防覆盖他人的修改", "Given back when saving")},
                         {"reason", schema::text().note("调整的理由", "Why it was adjusted")},
                         {"adjusted_on", schema::text()},
                         {"comment", schema::text()},
                         {"changed", schema::time()},
                         {"changed_by", schema::text()},
                         {"income", schema::integer()},
                         {"expenditure", schema::integer()}})
      .named("BudgetVersion");
}

std::vector<http::Member> budget_members() {
  return {{"id", schema::text()},         {"department_id", schema::text()},
          {"department", schema::text()}, {"department_name", schema::text()},
          {"year", schema::integer()},    {"versions", schema::array(version_schema())}};
}

Schema finding_schema(bool explained) {
  std::vector<http::Member> members{{"identity", schema::text()},
                                    {"severity", schema::choice({"error", "warning"})},
                                    {"message", schema::text()},
                                    {"place", schema::text().note("如 functions[2].basic", "Such as functions[2].basic")},
                                    {"others", schema::array(schema::text())},
                                    {"expected", schema::integer()},
                                    {"found", schema::integer()},
                                    {"difference", schema::integer()},
                                    {"key", schema::text().note("说明以此为键", "What an explanation is kept under")}};
  if (explained) members.push_back({"explanation", schema::text()});
  return schema::object(std::move(members)).named(explained ? "BudgetExplained" : "BudgetDiscrepancy");
}

Schema detail_schema() {
  auto members = budget_members();
  members.push_back({"version", version_schema()});
  members.push_back({"content", content_schema()});
  members.push_back({"findings", schema::array(finding_schema(true))});
  members.push_back({"spent", schema::array(schema::object({{"month", schema::integer()},
                                                            {"subject", schema::text()},
                                                            {"amount", schema::integer()},
                                                            {"changed_by", schema::text()},
                                                            {"explanation", schema::text()}}))});
  members.push_back(
      {"execution", schema::array(schema::object({{"subject", schema::text()},
                                                  {"name", schema::text()},
                                                  {"budget", schema::integer()},
                                                  {"spent", schema::integer()},
                                                  {"light", schema::choice({"green", "yellow", "red", "over", "none"})}}))});
  members.push_back({"month", schema::integer()});
  members.push_back({"may", schema::object({{"edit", schema::boolean()},
                                            {"submit", schema::boolean()},
                                            {"decide", schema::boolean()},
                                            {"publish", schema::boolean()},
                                            {"adjust", schema::boolean()},
                                            {"spend", schema::boolean()}})});
  return schema::object(std::move(members)).named("BudgetDetail");
}

std::string file_name(const Detail& d, std::string_view what) {
  return fmt::format("{} {} 年{}", d.budget.department_name, d.budget.year, what);
}

Result<Response> print_response(const Request& r, const Detail& d, std::string_view project,
                                const std::filesystem::path& scratch) {
  auto format = workflow::wants_pdf(r) ? PrintFormat::pdf : PrintFormat::xlsx;
  QS_TRY(auto bytes, printed(d, format, project, scratch));
  return workflow::download(r, std::move(bytes), file_name(d, project.empty() ? "部门预算" : "项目申报表"));
}

std::map<std::string, std::string> explanations_of(const Request& r) {
  std::map<std::string, std::string> out;
  if (const auto* given = r.body.as_object().if_contains("explanations"))
    for (const auto& [key, value] : given->as_object()) out.emplace(key, std::string(value.as_string()));
  return out;
}

Result<Response> import_workbook(const BudgetRoutes& x, const Request& r) {
  QS_TRY(auto now, x.budgets.find(r.actor, r.param("id")));
  http::ReceivedFile file(x.scratch);
  QS_CHECK(
      file.read(*r.stream, static_cast<std::uint64_t>(x.settings.integer("budget.workbook_size")), "budget.workbook_size"));
  QS_TRY(auto read,
         read_workbook(file.path(), file_name_of(r.get("name").value_or("预算.xlsx")), x.scratch, x.engine, x.settings));
  json::array errors;
  for (const auto& e : read.errors)
    errors.emplace_back(json::object{
        {"sheet", e.sheet}, {"row", e.row}, {"column", e.column}, {"value", e.value}, {"expected", e.expected.in(r.lang())}});
  json::object out{{"errors", std::move(errors)}, {"budget", nullptr}};
  if (read.errors.empty()) {
    std::map<std::string, std::string> kept;
    for (const auto& f : now.findings) kept[f.discrepancy.key()] = f.explanation;
    QS_TRY(auto saved, x.budgets.save(r.actor, r.param("id"), r.integer("revision", 0), read.content, kept, "import"));
    out["budget"] = to_json(saved, r.lang());
  }
  return Response::ok(out);
}

workflow::Papers papers() {
  return {.kind = kind(), .path = "/api/v1/budgets", .detail = detail_schema()};
}

// --- routes ------------------------------------------------------------------------------------------------------------------
void add_reading(Router& router, const BudgetRoutes& x) {
  auto use = http::may(Permission::budget_use);
  router.add(
      {.method = Method::get,
       .path = "/api/v1/budgets",
       .id = "budgets",
       .tag = "budget",
       .summary = {"各部门各年的预算", "Budgets of departments and years"},
       .who = use,
       .query = {{.name = "year", .shape = schema::integer().range(2000, 2100)},
                 {.name = "department", .shape = schema::text().length(0, 100)},
                 {.name = "state", .shape = schema::choice({"draft", "submitted", "returned", "approved", "published"})}},
       .answer = schema::object({{"budgets", schema::array(schema::object(budget_members()).named("Budget"))}}),
       .errors = {Code::not_found},
       .handler = [x](Request& r) -> Result<Response> {
         Filter filter{.year = {}, .department = r.get("department").value_or(""), .state = r.get("state").value_or("")};
         if (r.get("year")) filter.year = r.integer("year", 0);
         QS_TRY(auto all, x.budgets.list(r.actor, filter));
         json::array out;
         for (const auto& b : all) out.emplace_back(to_json(b, r.lang()));
         return Response::ok(json::object{{"budgets", std::move(out)}});
       }});
  router.add(
      {.method = Method::get,
       .path = "/api/v1/budgets/{id}",
       .id = "budget",
       .tag = "budget",
       .summary = {"一份预算的一个版本，连同疑点和执行", "A version of a budget with what does not agree and what was spent"},
       .who = use,
       .query = {version_parameter()},
       .answer = detail_schema(),
       .errors = {Code::not_found},
       .handler = [x](Request& r) -> Result<Response> {
         return shown(r, x.budgets.find(r.actor, r.param("id"), r.integer("version", 0)));
       }});
  router.add(
      {.method = Method::post,
       .path = "/api/v1/budgets/{id}/check",
       .id = "budget_identities",
       .tag = "budget",
       .summary = {"核对尚未保存的内容，返回全部不符之处", "Check content that is not saved: everything that does not agree"},
       .who = use,
       .body = schema::object({{"content", content_schema()}}),
       .body_limit = kMostJson,
       .answer = schema::object({{"findings", schema::array(finding_schema(false))}}),
       .errors = {Code::not_found, Code::invalid},
       .handler = [x](Request& r) -> Result<Response> {
         QS_TRY(auto content, content_of(r.body.at("content")));
         QS_TRY(auto found, x.budgets.check(r.actor, r.param("id"), content));
         json::array out;
         for (const auto& d : found) out.emplace_back(to_json(d, r.lang()));
         return Response::ok(json::object{{"findings", std::move(out)}});
       }});
  router.add(
      {.method = Method::get,
       .path = "/api/v1/budgets/{id}/compare",
       .id = "budget_compare",
       .tag = "budget",
       .summary = {"与另一年或另一版逐行对比", "Line by line against another year or version"},
       .who = use,
       .query = {version_parameter(),
                 {.name = "with",
                  .shape = schema::text().length(1, 40),
                  .note = {"另一份预算的标识", "The other budget's identifier"},
                  .required = true},
                 {.name = "with_version", .shape = schema::integer().range(0, 10'000), .required = false, .otherwise = "0"}},
       .answer = schema::object(
           {{"year_before", schema::integer()},
            {"version_before", schema::integer()},
            {"year_now", schema::integer()},
            {"version_now", schema::integer()},
            {"lines", schema::array(schema::object(
                          {{"section", schema::text()},
                           {"name", schema::text()},
                           {"before", schema::integer().nullable()},
                           {"now", schema::integer().nullable()},
                           {"difference", schema::integer()},
                           {"percent", schema::integer().nullable().note("万分之一；对比数为零或没有时为空",
                                                                         "Hundredths; null against nothing")}}))}}),
       .errors = {Code::not_found},
       .handler = [x](Request& r) -> Result<Response> {
         QS_TRY(auto c, x.budgets.compare(r.actor, r.param("id"), r.integer("version", 0), r.get("with").value_or(""),
                                          r.integer("with_version", 0)));
         return Response::ok(to_json(c, r.lang()));
       }});
  workflow::add_history(router, papers(), {"一份预算的每一步", "Every step of a budget"},
                        [x](const Request& r) { return x.budgets.history(r.actor, r.param("id")); });
}

void add_files(Router& router, const BudgetRoutes& x) {
  auto use = http::may(Permission::budget_use);
  router.add({.method = Method::get,
              .path = "/api/v1/budgets/{id}/print",
              .id = "budget_print",
              .tag = "budget",
              .summary = {"官方表格，PDF 或 XLSX", "The official tables as PDF or XLSX"},
              .who = use,
              .query = {version_parameter(),
                        format_parameter(),
                        {.name = "project",
                         .shape = schema::text().length(0, 40),
                         .note = {"只要这个项目的申报表", "This project's form alone"}}},
              .answer_types = {"application/pdf", kXlsx},
              .errors = {Code::not_found, Code::unavailable},
              .handler = [x](Request& r) -> Result<Response> {
                QS_TRY(auto d, x.budgets.find(r.actor, r.param("id"), r.integer("version", 0)));
                return print_response(r, d, r.get("project").value_or(""), x.scratch);
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/budgets/{id}/workbook",
              .id = "budget_workbook",
              .tag = "budget",
              .summary = {"填报用的工作簿，已填入现有内容", "The workbook for entering, filled in with what there is"},
              .who = use,
              .query = {version_parameter(),
                        {.name = "unit",
                         .shape = schema::choice({"yuan", "wan"}),
                         .note = {"元或万元", "Yuan or ten thousand"},
                         .required = false,
                         .otherwise = "wan"}},
              .answer_types = {kXlsx},
              .errors = {Code::not_found},
              .handler = [x](Request& r) -> Result<Response> {
                QS_TRY(auto d, x.budgets.find(r.actor, r.param("id"), r.integer("version", 0)));
                QS_TRY(auto bytes,
                       write_workbook(d.content, r.get("unit").value_or("wan") == "yuan" ? MoneyUnit::yuan : MoneyUnit::wan,
                                      x.scratch));
                return Response::text(std::move(bytes), kXlsx).as_download(file_name(d, "预算填报表") + ".xlsx");
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/budgets/{id}/workbook",
              .id = "budget_import",
              .tag = "budget",
              .summary = {"从工作簿导入；有错误时不保存", "Import from the workbook; nothing is saved when there are errors"},
              .who = http::may(Permission::budget_write),
              .query = {{.name = "name", .shape = schema::text().length(1, 255)},
                        {.name = "revision", .shape = schema::integer().range(0, 1'000'000'000), .required = true}},
              .streams_body = true,
              .body_type = kXlsx,
              .answer = schema::object({{"errors", schema::array(schema::object({{"sheet", schema::text()},
                                                                                 {"row", schema::integer()},
                                                                                 {"column", schema::text()},
                                                                                 {"value", schema::text()},
                                                                                 {"expected", schema::text()}}))},
                                        {"budget", detail_schema().nullable()}}),
              .errors = {Code::not_found, Code::invalid, Code::conflict, Code::too_large},
              .handler = [x](Request& r) { return import_workbook(x, r); }});
}

void add_writing(Router& router, const BudgetRoutes& x) {
  auto write = http::may(Permission::budget_write);
  router.add(
      {.method = Method::post,
       .path = "/api/v1/budgets",
       .id = "budget_create",
       .tag = "budget",
       .summary = {"新建一个部门一年的预算", "Make a department's budget for a year"},
       .who = write,
       .body =
           schema::object({{"department", schema::text().length(1, 100).note("部门的代码或标识", "Code or identifier")},
                           {"year", schema::integer().range(2000, 2100)},
                           {"copy_of", schema::text().length(0, 40).optional().note("照抄这份预算", "Begin as this budget")}}),
       .answer = detail_schema(),
       .answer_status = 201,
       .errors = {Code::not_found, Code::invalid, Code::conflict},
       .handler = [x](Request& r) -> Result<Response> {
         return shown(r, x.budgets.create(r.actor, member(r, "department"), r.body.at("year").as_int64(), member(r, "copy_of")),
                      201);
       }});
  router.add({.method = Method::put,
              .path = "/api/v1/budgets/{id}",
              .id = "budget_save",
              .tag = "budget",
              .summary = {"保存草稿", "Save the draft"},
              .who = write,
              .body = schema::object({{"revision", schema::integer()},
                                      {"content", content_schema()},
                                      {"explanations", schema::map(schema::text().length(0, 500)).optional()}}),
              .body_limit = kMostJson,
              .answer = detail_schema(),
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [x](Request& r) -> Result<Response> {
                QS_TRY(auto content, content_of(r.body.at("content")));
                return shown(
                    r, x.budgets.save(r.actor, r.param("id"), r.body.at("revision").as_int64(), content, explanations_of(r)));
              }});
  auto all = papers();
  add_step(router, all, "submit", {"提交审核；全部勾稽关系成立才能提交", "Submit; every identity must hold"},
           Permission::budget_write, comment_body(),
           [x](const Request& r) { return x.budgets.submit(r.actor, r.param("id"), member(r, "comment")); });
  add_step(router, all, "return", {"退回", "Return"}, Permission::budget_approve, comment_body(),
           [x](const Request& r) { return x.budgets.send_back(r.actor, r.param("id"), member(r, "comment")); });
  add_step(router, all, "approve", {"批复；编制和提交的人不能批复", "Approve; never by whoever entered or submitted it"},
           Permission::budget_approve, comment_body(),
           [x](const Request& r) { return x.budgets.approve(r.actor, r.param("id"), member(r, "comment")); });
  add_step(router, all, "publish", {"公开", "Publish"}, Permission::budget_approve, schema::object({}),
           [x](const Request& r) { return x.budgets.publish(r.actor, r.param("id")); });
  add_step(router, all, "adjust", {"调整已批复的预算：新的一版草稿", "Adjust an approved budget: a new draft"},
           Permission::budget_write,
           schema::object({{"reason", schema::text().length(1, 500)},
                           {"day", schema::text().length(10, 10).note("如 2026-06-30", "Such as 2026-06-30")}}),
           [x](const Request& r) { return x.budgets.adjust(r.actor, r.param("id"), member(r, "reason"), member(r, "day")); });
  router.add(
      {.method = Method::put,
       .path = "/api/v1/budgets/{id}/spent/{month}",
       .id = "budget_spend",
       .tag = "budget",
       .summary = {"登记一个月的支出", "Note what was spent in a month"},
       .who = write,
       .body = schema::object(
           {{"amounts", schema::map(schema::integer())
                            .note("personnel、office 或项目编码 → 分", "personnel, office or a project's code → fen")},
            {"explanation", schema::text().optional().length(0, 500).note("超出预算时必填", "Needed beyond the budget")}}),
       .answer = detail_schema(),
       .errors = {Code::not_found, Code::invalid, Code::conflict},
       .handler = [x](Request& r) -> Result<Response> {
         std::map<std::string, std::int64_t> amounts;
         for (const auto& [key, value] : r.body.at("amounts").as_object())
           amounts.emplace(key, value.to_number<std::int64_t>());
         return shown(r, x.budgets.spend(r.actor, r.param("id"), exact_of(r.param("month"), 0).value_or(0), amounts,
                                         member(r, "explanation")));
       }});
}

// What is published, for everybody: a list and the documents.
void add_public(Router& router, const BudgetRoutes& x) {
  router.add({.method = Method::get,
              .path = "/open/budgets",
              .id = "open_budgets",
              .tag = "open",
              .summary = {"已公开的部门预算", "Budgets that are published"},
              .who = http::anyone(),
              .nameless = true,
              .answer = schema::object({{"budgets", schema::array(schema::object({{"id", schema::text()},
                                                                                  {"department_name", schema::text()},
                                                                                  {"year", schema::integer()},
                                                                                  {"version", schema::integer()},
                                                                                  {"income", schema::integer()},
                                                                                  {"expenditure", schema::integer()},
                                                                                  {"pdf", schema::text()},
                                                                                  {"xlsx", schema::text()}}))}}),
              .handler = [x](Request&) -> Result<Response> {
                QS_TRY(auto all, x.budgets.published());
                json::array out;
                for (const auto& b : all) {
                  const auto& v = b.versions.front();
                  auto at = "/open/budgets/" + b.id;
                  out.emplace_back(json::object{{"id", b.id},
                                                {"department_name", b.department_name},
                                                {"year", b.year},
                                                {"version", v.number},
                                                {"income", v.income},
                                                {"expenditure", v.expenditure},
                                                {"pdf", at + "?format=pdf"},
                                                {"xlsx", at + "?format=xlsx"}});
                }
                return Response::ok(json::object{{"budgets", std::move(out)}});
              }});
  router.add({.method = Method::get,
              .path = "/open/budgets/{id}",
              .id = "open_budget",
              .tag = "open",
              .summary = {"一份已公开的部门预算，PDF 或 XLSX", "A published budget as PDF or XLSX"},
              .who = http::anyone(),
              .query = {format_parameter()},
              .nameless = true,
              .answer_types = {"application/pdf", kXlsx},
              .errors = {Code::not_found, Code::unavailable},
              .handler = [x](Request& r) -> Result<Response> {
                QS_TRY(auto d, x.budgets.published(r.param("id")));
                return print_response(r, d, "", x.scratch);
              }});
}

}  // namespace

void add_budget_routes(Router& router, BudgetRoutes routes) {
  add_reading(router, routes);
  add_files(router, routes);
  add_writing(router, routes);
  add_public(router, routes);
  add_public_pages(router, routes.budgets, routes.settings);
}

}  // namespace qushu::budget
