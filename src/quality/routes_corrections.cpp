#include "qushu/quality/corrections.h"

#include "words.h"

namespace qushu::quality {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema correction_schema() {
  std::vector<http::Member> members;
  for (const char* text :
       {"id", "dataset", "dataset_title", "provider_id", "provider_name", "row", "field", "field_name", "wrong", "proposed",
        "material", "person_name", "origin", "contact", "outcome", "answer", "answered_by"})
    members.push_back({text, schema::text()});
  for (const char* number : {"number", "version", "days_allowed"}) members.push_back({number, schema::integer()});
  for (const char* time : {"reported", "started", "changed"}) members.push_back({time, schema::time()});
  for (const char* time : {"answered", "closed"}) members.push_back({time, schema::time().nullable()});
  members.push_back({"state", schema::choice({"pending", "working", "corrected", "refused", "closed"})});
  members.push_back({"deadline", schema::text().nullable().note("办理期限的最后一个工作日", "Last working day to answer")});
  members.push_back(
      {"days_left", schema::integer().nullable().note("剩余工作日，负数为逾期", "Working days left; negative when late")});
  members.push_back({"deadline_sure", schema::boolean()});
  members.push_back({"may_attach", schema::array(schema::choice({"report", "answer"}))});
  members.push_back({"days_taken", schema::integer().nullable()});
  for (const char* flag : {"late", "may_answer", "may_confirm"}) members.push_back({flag, schema::boolean()});
  return schema::object(std::move(members)).named("Correction");
}

Result<Response> one(const Request& r, const Result<Correction>& correction, unsigned status = 200) {
  QS_CHECK(correction);
  return Response::ok(to_json(*correction, r.actor), status);
}

Result<Response> list(Corrections& corrections, const Request& r) {
  Corrections::Filter filter{
      .box = r.get("box").value_or(""), .dataset = r.get("dataset").value_or(""), .before = r.get("after").value_or("")};
  if (filter.box == "all") filter.box.clear();
  CorrectionState state{};
  if (auto wanted = r.get("state"); wanted && parse(*wanted, state)) filter.state = state;
  filter.limit = static_cast<std::size_t>(r.integer("limit", 50));
  QS_TRY(auto found, corrections.list(r.actor, filter));
  json::array out;
  for (const auto& c : found) out.emplace_back(to_json(c, r.actor));
  return Response::ok(
      json::object{{"corrections", std::move(out)}, {"next", found.size() == filter.limit ? found.back().id : std::string()}});
}

Result<Response> show(Corrections& corrections, const Request& r) {
  QS_TRY(auto c, corrections.find(r.actor, r.param("id")));
  QS_TRY(auto events, corrections.events(r.actor, c.id));
  auto out = to_json(c, r.actor);
  json::array list;
  for (const auto& e : events)
    list.push_back(json::object{{"at", to_iso(e.at)},
                                {"action", e.action},
                                {"state", name(e.state)},
                                {"text", e.text},
                                {"person_name", e.person_name}});
  out["events"] = std::move(list);
  QS_TRY(auto files, corrections.files(r.actor, c.id));
  json::array attached;
  for (const auto& f : files) {
    auto file = to_json(f);
    file["may_remove"] = f.person_id == r.actor.person_id && may_attach(r.actor, c, f.part);
    attached.push_back(std::move(file));
  }
  out["files"] = std::move(attached);
  return Response::ok(out);
}

Result<Response> statistics(Corrections& corrections, const Request& r) {
  QS_TRY(auto found, corrections.statistics(r.actor));
  json::array out;
  for (const auto& s : found)
    out.push_back(json::object{{"department_id", s.department_id},
                               {"department_name", s.department_name},
                               {"total", s.total},
                               {"open", s.open},
                               {"overdue", s.overdue},
                               {"answered", s.answered},
                               {"in_time", s.in_time},
                               {"corrected", s.corrected},
                               {"mean_days", s.mean_days}});
  return Response::ok(json::object{{"departments", std::move(out)}});
}

}  // namespace

void add_correction_routes(http::Router& router, Corrections& corrections) {
  auto read = http::may(Permission::dataset_read);
  auto write = http::may(Permission::dataset_write);
  router.add({.method = Method::get,
              .path = "/api/v1/corrections",
              .id = "correction_list",
              .tag = "corrections",
              .summary = {"列出校核工单", "List correction tickets"},
              .who = read,
              .query = {{.name = "box",
                         .shape = schema::choice({"all", "mine", "incoming"}),
                         .note = {"我提出的或由我部门办理的", "Reported by me, or for my department to answer"},
                         .otherwise = "all"},
                        {.name = "state", .shape = schema::choice({"pending", "working", "corrected", "refused", "closed"})},
                        {.name = "dataset", .shape = schema::text().length(0, 63)},
                        {.name = "after", .shape = schema::text()},
                        {.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "50"}},
              .answer = schema::object({{"corrections", schema::array(correction_schema())}, {"next", schema::text()}}),
              .handler = [&corrections](Request& r) { return list(corrections, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/corrections",
              .id = "correction_report",
              .tag = "corrections",
              .summary = {"申请校核：报告数据中的错误", "Report an error in a dataset"},
              .who = read,
              .body = schema::object({{"dataset", schema::text().length(1, 63)},
                                      {"row", schema::text().length(0, 100000).optional()},
                                      {"field", schema::text().length(0, 200).optional()},
                                      {"wrong", schema::text().length(1, 100000)},
                                      {"proposed", schema::text().length(0, 100000).optional()},
                                      {"material", schema::text().length(0, 100000).optional()}}),
              .answer = correction_schema(),
              .answer_status = 201,
              .errors = {Code::not_found, Code::invalid, Code::conflict},
              .handler = [&corrections](Request& r) {
                const auto& b = r.body.as_object();
                return one(r,
                           corrections.report(r.actor, {.dataset = text_at(b, "dataset"),
                                                        .row_key = text_at(b, "row"),
                                                        .field = text_at(b, "field"),
                                                        .wrong = text_at(b, "wrong"),
                                                        .proposed = text_at(b, "proposed"),
                                                        .material = text_at(b, "material")}),
                           201);
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/corrections/statistics",
              .id = "correction_statistics",
              .tag = "corrections",
              .summary = {"各部门校核办理情况", "How departments answer"},
              .who = read,
              .answer = schema::object({{"departments", schema::array(schema::any())}}),
              .handler = [&corrections](Request& r) { return statistics(corrections, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/corrections/{id}",
              .id = "correction_show",
              .tag = "corrections",
              .summary = {"查看校核工单", "Show a correction ticket"},
              .who = read,
              .answer = schema::any(),
              .errors = {Code::not_found},
              .handler = [&corrections](Request& r) { return show(corrections, r); }});
  auto act = [&](std::string verb, Text summary, http::Access who, std::optional<http::Schema> body, auto run) {
    router.add({.method = Method::post,
                .path = "/api/v1/corrections/{id}/" + verb,
                .id = "correction_" + verb,
                .tag = "corrections",
                .summary = std::move(summary),
                .who = std::move(who),
                .body = std::move(body),
                .answer = correction_schema(),
                .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
                .handler = [&corrections, run](Request& r) { return one(r, run(corrections, r)); }});
  };
  auto text = [] { return schema::object({{"text", schema::text().length(1, 100000)}}); };
  act("accept", {"开始核实", "Begin to look into it"}, write,
      schema::object({{"text", schema::text().length(0, 100000).optional()}}),
      [](Corrections& c, Request& r) { return c.accept(r.actor, r.param("id"), text_at(r.body.as_object(), "text")); });
  act("answer", {"答复：已更正或不予更正", "Answer: corrected, or refused and why"}, write,
      schema::object({{"outcome", schema::choice({"corrected", "refused"})}, {"text", schema::text().length(1, 100000)}}),
      [](Corrections& c, Request& r) {
        return c.answer(r.actor, r.param("id"), text_at(r.body.as_object(), "outcome") == "corrected",
                        text_at(r.body.as_object(), "text"));
      });
  act("confirm", {"申请人确认", "Confirm the answer"}, read, std::nullopt,
      [](Corrections& c, Request& r) { return c.confirm(r.actor, r.param("id")); });
  act("reopen", {"申请人重新提出", "Raise it again"}, read, text(),
      [](Corrections& c, Request& r) { return c.reopen(r.actor, r.param("id"), text_at(r.body.as_object(), "text")); });
}

}  // namespace qushu::quality
