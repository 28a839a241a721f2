#include "portal_forms.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/opendata/portal_page.h"

namespace qushu::opendata {
namespace {

using http::Method;
using http::Request;
using http::Response;

constexpr std::uint64_t kBody = 64U << 10U;

PageCall call_of(const Request& r, const PublicDeps& deps) {
  return {.request = r, .deps = deps, .lang = lang_of(r), .base = base_of(r, deps.settings)};
}

// Somebody without an account; the address is for the audit.
Actor somebody(const Request& r) {
  Actor actor;
  actor.name = "公众";
  actor.from = r.remote;
  actor.request_id = r.request_id;
  actor.lang = lang_of(r);
  return actor;
}

Text ask_state(std::string_view state) {
  if (state == "accepted") return {"已答复：将予开放或已经提供", "Answered: it will be opened, or is provided"};
  if (state == "declined") return {"已答复：不能开放", "Answered: it cannot be opened"};
  return {"等待答复", "Waiting for an answer"};
}

Text report_state(const quality::Correction& c) {
  if (c.outcome == "corrected") return {"已更正", "Corrected"};
  if (c.outcome == "refused") return {"经核实不需更正", "Verified: there is nothing to correct"};
  return c.state == quality::CorrectionState::working ? Text{"正在核实", "Being verified"} : Text{"等待核实", "Waiting"};
}

Response page_of(const PageCall& call, std::string_view name, Data data, unsigned status = 200) {
  auto response = page_answer(call.request, render(call, name, std::move(data)));
  response.status = status;
  // A form is for one person, once.
  return std::move(response).with("Cache-Control", "no-store");
}

struct Line {
  Text label;
  std::string text;
};

Data lines_of(const PageCall& call, const std::vector<Line>& lines) {
  Data out(Data::type::list);
  for (const auto& line : lines) {
    if (line.text.empty()) continue;
    Data one;
    one.set("label", call.say(line.label));
    one.set("text", line.text);
    out << one;
  }
  return out;
}

}  // namespace

struct PortalForms::Sent {
  Params params;
  std::string problem;
  unsigned status = 200;
};

PortalForms::PortalForms(const PublicDeps& deps) : deps_(deps), guard_(deps.settings, deps.clock, deps.form_key) {}

void PortalForms::add_proof(const PageCall& call, Data& data) const {
  auto question = guard_.ask();
  data.set("stamp", question.stamp);
  data.set("question", call.say(question.text));
}

Result<PortalForms::Sent> PortalForms::receive(Request& r) {
  std::string body;
  QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
    body += piece;
    return {};
  }));
  Sent out;
  QS_TRY(out.params, params_of_body(r.header("content-type"), body));
  const auto& p = out.params;
  auto checked = guard_.check(r.remote, p.text("stamp"), p.text("proof"), p.text("website"));
  if (!checked) {
    out.problem = checked.error().text.in(lang_of(r));
    out.status = http::status_of(checked.error().code);
  }
  return out;
}

Response PortalForms::told(const Request& r, const Error& error) const {
  auto call = call_of(r, deps_);
  Data data;
  data.set("title", call.say({"没有找到", "Not found"}));
  data.set("text", error.text.in(call.lang));
  return page_of(call, "message", std::move(data), http::status_of(error.code));
}

Response PortalForms::ask_page(const PageCall& call, const Sent& sent) const {
  Data data;
  data.set("title", call.say({"申请开放数据", "Ask for data"}));
  data.set("at_ask", true);
  set_text(data, "problem", sent.problem);
  for (const char* key : {"wanted", "purpose", "name", "contact"}) data.set(key, sent.params.text(key));
  add_proof(call, data);
  return page_of(call, "ask", std::move(data), sent.status);
}

Result<Response> PortalForms::ask(Request& r) {
  QS_TRY(auto sent, receive(r));
  auto call = call_of(r, deps_);
  if (!sent.problem.empty()) return ask_page(call, sent);
  Ask wanted;
  wanted.wanted = sent.params.text("wanted");
  wanted.purpose = sent.params.text("purpose");
  wanted.name = sent.params.text("name");
  wanted.contact = sent.params.text("contact");
  auto made = deps_.asks.add(somebody(r), std::move(wanted));
  if (made) return Response::redirect("/open/asked/" + made->id);
  if (made.error().code != Code::invalid) return Failure(std::move(made).error());
  sent.problem = made.error().text.in(call.lang);
  sent.status = 422;
  return ask_page(call, sent);
}

Result<Response> PortalForms::asked(const Request& r) const {
  auto found = deps_.asks.find(r.param("id"));
  if (!found && found.error().code == Code::not_found) return told(r, found.error());
  QS_CHECK(found);
  auto call = call_of(r, deps_);
  Data data;
  data.set("title",
           call.say({fmt::format("申请开放数据 第 {} 号", found->number), fmt::format("Request no. {}", found->number)}));
  data.set("state", call.say(ask_state(found->state)));
  data.set("lines", lines_of(call, {{{"提交时间", "Sent"}, day(found->at)},
                                    {{"想要的数据", "Which data"}, found->wanted},
                                    {{"用途", "What for"}, found->purpose},
                                    {{"答复", "Answer"}, found->answer},
                                    {{"答复时间", "Answered"}, found->answered ? day(*found->answered) : ""}}));
  return page_of(call, "asked", std::move(data));
}

Result<Response> PortalForms::report_page(const PageCall& call, const Package& package, const Sent& sent) const {
  QS_TRY(auto shown, deps_.view.open(package.dataset_id));
  Data data, fields(Data::type::list);
  data.set("title", call.say({"报告错误", "Report an error"}));
  data.set("dataset", title_in(package, call.lang));
  data.set("name", package.name);
  set_text(data, "problem", sent.problem);
  for (const auto& f : shown->fields) {
    Data one;
    one.set("id", f.id);
    one.set("label", f.name);
    one.set("on", sent.params.text("field") == f.id);
    fields << one;
  }
  data.set("fields", fields);
  for (const char* key : {"row", "wrong", "proposed", "contact"}) data.set(key, sent.params.text(key));
  add_proof(call, data);
  return page_of(call, "report", std::move(data), sent.status);
}

Result<Response> PortalForms::report(Request& r) {
  QS_TRY(auto package, deps_.shelf.package(r.param("name")));
  if (!package) return told(r, not_public().error());
  QS_TRY(auto sent, receive(r));
  auto call = call_of(r, deps_);
  if (!sent.problem.empty()) return report_page(call, *package, sent);
  QS_TRY(auto shown, deps_.view.open(package->dataset_id));
  auto field = sent.params.text("field");
  // What was not released has no name here.
  bool known = field.empty() || std::ranges::find(shown->fields, field, &catalog::Field::id) != shown->fields.end();
  if (!known) {
    sent.problem = call.say({"没有这个信息项。", "There is no such field."});
    sent.status = 422;
    return report_page(call, *package, sent);
  }
  // The dataset is public, so whoever reports needs no right of her own; the ticket says where it came from.
  auto actor = Actor::system();
  auto who = somebody(r);
  actor.name = who.name;
  actor.from = who.from;
  actor.request_id = who.request_id;
  actor.lang = who.lang;
  auto made = deps_.corrections.report(actor, {.dataset = package->dataset_id,
                                               .row_key = sent.params.text("row"),
                                               .field = field,
                                               .wrong = sent.params.text("wrong"),
                                               .proposed = sent.params.text("proposed"),
                                               .origin = "public",
                                               .contact = shorten(sent.params.text("contact"), 100)});
  if (made) return Response::redirect("/open/reported/" + made->id);
  if (made.error().code != Code::invalid) return Failure(std::move(made).error());
  sent.problem = made.error().text.in(call.lang);
  sent.status = 422;
  return report_page(call, *package, sent);
}

Result<Response> PortalForms::reported(const Request& r) const {
  auto found = deps_.corrections.find(Actor::system(), r.param("id"));
  // Tickets of people inside are not told apart from none.
  if (!found || found->origin != "public") {
    if (!found && found.error().code != Code::not_found) return Failure(std::move(found).error());
    return told(r,
                Error{.code = Code::not_found, .id = "ask.not_found", .text = {"没有这个报告。", "There is no such report."}});
  }
  auto call = call_of(r, deps_);
  Data data;
  data.set("title", call.say({"报告错误：" + found->dataset_title, "Error reported: " + found->dataset_title}));
  data.set("state", call.say(report_state(*found)));
  auto until = found->standing ? calendar::to_text(found->standing->last_day) : std::string();
  data.set("lines", lines_of(call, {{{"提交时间", "Sent"}, day(found->reported)},
                                    {{"信息项", "Field"}, found->field_name},
                                    {{"哪一行", "Row"}, found->row_key},
                                    {{"错在哪里", "What is wrong"}, found->wrong},
                                    {{"应该是", "What would be right"}, found->proposed},
                                    {{"答复期限", "To be answered by"}, until},
                                    {{"提供部门的答复", "Answer of the department"}, found->answer},
                                    {{"答复时间", "Answered"}, found->answered ? day(*found->answered) : ""}}));
  return page_of(call, "asked", std::move(data));
}

void PortalForms::add_routes(http::Router& router) {
  auto add = [&](Method method, const char* path, const char* id, Text summary, http::Handler handler) {
    bool post = method == Method::post;
    auto route = portal_route(path, id, std::move(summary), std::move(handler));
    route.method = method;
    route.streams_body = post;
    route.body_type = "application/x-www-form-urlencoded";
    route.body_limit = post ? kBody : 0;
    router.add(std::move(route));
  };
  add(Method::get, "/open/ask", "open_ask", {"申请开放数据", "Ask for data"},
      [this](Request& r) -> Result<Response> { return ask_page(call_of(r, deps_), {}); });
  add(Method::post, "/open/ask", "open_ask_send", {"提交申请", "Send it"}, [this](Request& r) { return ask(r); });
  add(Method::get, "/open/asked/{id}", "open_asked", {"查看答复", "The answer"}, [this](Request& r) { return asked(r); });
  add(Method::get, "/open/report/{name}", "open_report", {"报告错误", "Report an error"},
      [this](Request& r) -> Result<Response> {
        QS_TRY(auto package, deps_.shelf.package(r.param("name")));
        if (!package) return told(r, not_public().error());
        return report_page(call_of(r, deps_), *package, {});
      });
  add(Method::post, "/open/report/{name}", "open_report_send", {"提交报告", "Send it"},
      [this](Request& r) { return report(r); });
  add(Method::get, "/open/reported/{id}", "open_reported", {"查看答复", "The answer"},
      [this](Request& r) { return reported(r); });
}

}  // namespace qushu::opendata
