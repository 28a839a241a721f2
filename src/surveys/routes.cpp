#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/definitions/definition_routes.h"

#include "pages.h"

namespace qushu::surveys {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;
using http::Schema;

const definitions::Kind kKind{.id = "survey",
                              .tag = "surveys",
                              .name = {"调查", "a survey"},
                              .use = Permission::register_use,
                              .manage = Permission::register_manage};

constexpr const char* kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr const char* kCsv = "text/csv; charset=utf-8";

Schema survey_schema() {
  return schema::object({{"code", schema::text()},
                         {"name", schema::text()},
                         {"description", schema::text()},
                         {"audience", schema::text()},
                         {"mode", schema::choice({"links", "public"})},
                         {"phase", schema::choice({"draft", "waiting", "open", "closed"})},
                         {"phase_name", schema::text()},
                         {"version", schema::integer()},
                         {"origin", schema::choice({"builtin", "local"})},
                         {"opens", schema::time().nullable()},
                         {"closes", schema::time().nullable()},
                         {"opened", schema::time().nullable()},
                         {"closed", schema::time().nullable()},
                         {"department_name", schema::text()},
                         {"person_name", schema::text()},
                         {"changed", schema::time()},
                         {"changed_by", schema::text()},
                         {"questions", schema::integer()},
                         {"invitations", schema::integer()},
                         {"used", schema::integer()},
                         {"answers", schema::integer()},
                         {"response_rate",
                          schema::number().nullable().note("答卷 ÷ 一次性链接（%）", "Answers ÷ one-time links, in per cent")},
                         {"path", schema::text().note("公开调查的网址路径", "Where a public survey is answered")},
                         {"may_manage", schema::boolean()},
                         {"builtin", schema::boolean()},
                         {"archived", schema::time().nullable()}})
      .named("Survey");
}

Schema trial_schema() {
  return schema::object(
             {{"code", schema::text()},
              {"name", schema::text()},
              {"version", schema::integer()},
              {"unchanged", schema::boolean()},
              {"mistakes", definitions::mistakes_schema()},
              {"definition", schema::map(schema::any()).note("读出的定义，两种语言", "As it was read, in both languages")}})
      .named("SurveyTrial");
}

Schema results_schema() {
  auto count = schema::object({{"code", schema::text()},
                               {"label", schema::text()},
                               {"satisfied", schema::boolean()},
                               {"answers", schema::integer()},
                               {"share", schema::number().nullable()}});
  auto question = schema::object({{"code", schema::text()},
                                  {"title", schema::text()},
                                  {"type", schema::choice({"scale", "choice", "choices", "text"})},
                                  {"subject", schema::text()},
                                  {"answers", schema::integer()},
                                  {"shown", schema::boolean().note("答复够多，可以显示", "Enough answer it to be shown")},
                                  {"counts", schema::array(count)},
                                  {"mean", schema::number().nullable()},
                                  {"satisfied", schema::integer().nullable()},
                                  {"satisfied_share", schema::number().nullable()},
                                  {"texts", schema::array(schema::text())}});
  auto judged = schema::object({{"question", schema::text()},
                                {"satisfied", schema::integer()},
                                {"answers", schema::integer()},
                                {"share", schema::number().nullable()}});
  return schema::object(
             {{"survey", survey_schema()},
              {"counted", schema::integer()},
              {"waiting", schema::integer().note("还没有计入的答卷", "Answers that are not counted yet")},
              {"minimum", schema::integer()},
              {"questions", schema::array(question)},
              {"months", schema::array(schema::object(
                             {{"month", schema::text()}, {"answers", schema::integer()}, {"judged", schema::array(judged)}}))}})
      .named("SurveyResults");
}

Response sheet(const SheetFile& file, SheetFormat format, const std::string& name) {
  bool csv = format == SheetFormat::csv;
  Response answer;
  answer.headers.emplace_back("Content-Type", csv ? kCsv : kXlsx);
  answer.body = Response::File{.path = file.path, .keep = file.keep};
  return std::move(answer).as_download(name + (csv ? ".csv" : ".xlsx"));
}

std::vector<std::string> texts(const Request& r, std::string_view member) {
  std::vector<std::string> out;
  if (const auto* list = r.body.as_object().if_contains(member))
    for (const auto& one : list->as_array()) out.emplace_back(one.as_string());
  return out;
}

Result<Response> shown(const Surveys& surveys, const Request& r, std::string_view code) {
  QS_TRY(auto survey, surveys.find(r.actor, code));
  return Response::ok(to_json(survey, r.lang()));
}

void add_reading(http::Router& router, Surveys& surveys) {
  auto use = http::may(Permission::register_use);
  router.add({.method = Method::get,
              .path = "/api/v1/surveys",
              .id = "survey_list",
              .tag = "surveys",
              .summary = {"您能看结果的调查", "Surveys whose results the caller may see"},
              .who = use,
              .query = {{.name = "archived", .shape = schema::boolean(), .note = {"已归档的", "Those that are archived"}}},
              .answer = schema::object({{"surveys", schema::array(survey_schema())}, {"may_manage", schema::boolean()}}),
              .handler = [&surveys](Request& r) -> Result<Response> {
                QS_TRY(auto all, surveys.list(r.actor, r.flag("archived")));
                json::array out;
                for (const auto& one : all) out.push_back(to_json(one, r.lang()));
                return Response::ok(json::object{{"surveys", std::move(out)}, {"may_manage", may_manage(r.actor)}});
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/surveys/{code}",
              .id = "survey_show",
              .tag = "surveys",
              .summary = {"一个调查", "A survey"},
              .who = use,
              .answer = survey_schema(),
              .errors = {Code::not_found},
              .handler = [&surveys](Request& r) { return shown(surveys, r, r.param("code")); }});
  definitions::add_reading(
      router, kKind,
      {.yaml = std::bind_front(&Surveys::yaml, &surveys), .versions = std::bind_front(&Surveys::versions, &surveys)});
  router.add({.method = Method::get,
              .path = "/api/v1/surveys/{code}/results",
              .id = "survey_results",
              .tag = "surveys",
              .summary = {"调查结果，人数不足的不含", "A survey's results, without what too few answer"},
              .who = use,
              .answer = results_schema(),
              .errors = {Code::not_found},
              .handler = [&surveys](Request& r) -> Result<Response> {
                QS_TRY(auto results, surveys.results(r.actor, r.param("code")));
                return Response::ok(to_json(results, r.lang()));
              }});
  for (auto format : {SheetFormat::csv, SheetFormat::xlsx}) {
    bool csv = format == SheetFormat::csv;
    router.add({.method = Method::get,
                .path = csv ? "/api/v1/surveys/{code}/results.csv" : "/api/v1/surveys/{code}/results.xlsx",
                .id = csv ? "survey_results_csv" : "survey_results_xlsx",
                .tag = "surveys",
                .summary = {csv ? "导出结果（CSV）" : "导出结果（XLSX）", csv ? "The results as CSV" : "The results as XLSX"},
                .who = use,
                .answer_types = {csv ? kCsv : kXlsx},
                .errors = {Code::not_found},
                .handler = [&surveys, format](Request& r) -> Result<Response> {
                  QS_TRY(auto survey, surveys.find(r.actor, r.param("code")));
                  QS_TRY(auto file, surveys.write_results(r.actor, r.param("code"), format, r.lang()));
                  return sheet(file, format, survey.definition.name.in(r.lang()));
                }});
  }
}

void add_defining(http::Router& router, Surveys& surveys) {
  definitions::add_changing(
      router, kKind,
      {.most = kMostYaml,
       .applied = survey_schema(),
       .apply = [&surveys](const Request& r, const std::string& yaml, const std::string& note) -> Result<Response> {
         QS_TRY(auto made, surveys.apply(r.actor, yaml, note));
         return Response::ok(to_json(made, r.lang()));
       },
       .check_summary = {"检查定义", "Check a definition"},
       .checked = trial_schema(),
       .check = [&surveys](const Request& r, const std::string& yaml) -> Result<Response> {
         QS_TRY(auto tried, surveys.check(r.actor, yaml));
         return Response::ok(to_json(tried, r.lang()));
       }});
  auto manage = http::may(Permission::register_manage);
  for (bool open : {true, false})
    router.add({.method = Method::post,
                .path = open ? "/api/v1/surveys/{code}/open" : "/api/v1/surveys/{code}/close",
                .id = open ? "survey_open" : "survey_close",
                .tag = "surveys",
                .summary = {open ? "开放调查" : "结束调查", open ? "Let it be answered" : "Close it"},
                .who = manage,
                .answer = survey_schema(),
                .errors = {Code::not_found, Code::conflict},
                .handler = [&surveys, open](Request& r) -> Result<Response> {
                  QS_TRY(auto now, open ? surveys.open(r.actor, r.param("code")) : surveys.close(r.actor, r.param("code")));
                  return Response::ok(to_json(now, r.lang()));
                }});
}

void add_ending(http::Router& router, Surveys& surveys) {
  auto manage = http::may(Permission::register_manage);
  for (bool archived : {true, false})
    router.add(
        {.method = Method::post,
         .path = archived ? "/api/v1/surveys/{code}/archive" : "/api/v1/surveys/{code}/restore",
         .id = archived ? "survey_archive" : "survey_restore",
         .tag = "surveys",
         .summary = {archived ? "归档草稿或已结束的调查，答卷保留" : "取消归档",
                     archived ? "Put a draft or a closed survey away; its answers stay" : "Take an archived survey back"},
         .who = manage,
         .answer = survey_schema(),
         .errors = {Code::not_found, Code::conflict},
         .handler = [&surveys, archived](Request& r) -> Result<Response> {
           QS_TRY(auto now, surveys.archive(r.actor, r.param("code"), archived));
           return Response::ok(to_json(now, r.lang()));
         }});
  router.add({.method = Method::del,
              .path = "/api/v1/surveys/{code}",
              .id = "survey_remove",
              .tag = "surveys",
              .summary = {"删除草稿或已结束的调查，连同它的全部答卷", "Remove a draft or a closed survey with all its answers"},
              .who = manage,
              .query = {{.name = "answers",
                         .shape = schema::integer().range(0, INT32_MAX),
                         .note = {"确认：一起删除的答卷数", "To confirm: how many answers go with it"},
                         .otherwise = "0"}},
              .answer_status = 204,
              .errors = {Code::not_found, Code::conflict},
              .handler = [&surveys](Request& r) -> Result<Response> {
                QS_CHECK(surveys.remove(r.actor, r.param("code"), r.integer("answers", 0)));
                return Response::no_content();
              }});
}

void add_inviting(http::Router& router, Surveys& surveys, const Settings& settings) {
  auto manage = http::may(Permission::register_manage);
  // Answered once, as a file: the tokens are nowhere else.
  for (auto format : {SheetFormat::csv, SheetFormat::xlsx}) {
    bool csv = format == SheetFormat::csv;
    router.add({.method = Method::post,
                .path = csv ? "/api/v1/surveys/{code}/links.csv" : "/api/v1/surveys/{code}/links.xlsx",
                .id = csv ? "survey_links_csv" : "survey_links_xlsx",
                .tag = "surveys",
                .summary = {csv ? "生成一次性链接（CSV，只给一次）" : "生成一次性链接（XLSX，只给一次）",
                            csv ? "Make one-time links, handed out once (CSV)" : "Make one-time links, handed out once (XLSX)"},
                .who = manage,
                .body = schema::object({{"count", schema::integer().range(1, 100'000)}}),
                .answer_types = {csv ? kCsv : kXlsx},
                .errors = {Code::not_found, Code::conflict, Code::invalid},
                .handler = [&surveys, &settings, format](Request& r) -> Result<Response> {
                  const auto& code = r.param("code");
                  QS_TRY(auto survey, surveys.find(r.actor, code));
                  QS_TRY(auto tokens, surveys.invite(r.actor, code, r.body.at("count").as_int64()));
                  auto base = settings.text("notify.links");
                  if (base.empty()) base = (r.secure ? "https://" : "http://") + r.header("host");
                  QS_TRY(auto file, surveys.write_links(code, tokens, base, format, r.lang()));
                  return sheet(file, format,
                               survey.definition.name.in(r.lang()) + Text{"（一次性链接）", " (one-time links)"}.in(r.lang()));
                }});
  }
  auto list = [] { return schema::array(schema::text().length(1, 100)).length(0, 500).optional(); };
  router.add(
      {.method = Method::post,
       .path = "/api/v1/surveys/{code}/mail",
       .id = "survey_mail",
       .tag = "surveys",
       .summary = {"给部门的人员或指定的人员发送一次性链接", "Mail a one-time link to people of departments, or to these"},
       .who = manage,
       .body = schema::object({{"departments", list()}, {"people", list()}}),
       .answer = schema::object({{"mails", schema::integer()}, {"no_address", schema::array(schema::text())}}),
       .errors = {Code::not_found, Code::conflict, Code::invalid},
       .handler = [&surveys](Request& r) -> Result<Response> {
         QS_TRY(auto done, surveys.invite_by_mail(r.actor, r.param("code"),
                                                  {.departments = texts(r, "departments"), .people = texts(r, "people")}));
         json::array without;
         for (const auto& name : done.no_address) without.emplace_back(name);
         return Response::ok(json::object{{"mails", done.mails}, {"no_address", std::move(without)}});
       }});
}

}  // namespace

SurveyRoutes::SurveyRoutes(Surveys& surveys, const Settings& settings, const Clock& clock, std::string key)
    : surveys_(surveys), settings_(settings), pages_(std::make_unique<SurveyPages>(surveys, settings, clock, std::move(key))) {}
SurveyRoutes::~SurveyRoutes() = default;

void SurveyRoutes::add_routes(http::Router& router) {
  add_reading(router, surveys_);
  add_defining(router, surveys_);
  add_ending(router, surveys_);
  add_inviting(router, surveys_, settings_);
  pages_->add_routes(router);
}

}  // namespace qushu::surveys
