#include "qushu/sharing/request.h"

#include "words.h"

namespace qushu::sharing {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema mask_schema() {
  return schema::map(schema::any())
      .note("脱敏规则：{kind: none|partial|hash|date|band|prefix|constant, …}",
            "Mask: {kind: none|partial|hash|date|band|prefix|constant, …}");
}

http::Schema limits_schema() {
  auto count = [](Text note) { return schema::integer().range(0, 1'000'000'000'000).optional().note(note.zh, note.en); };
  return schema::object({{"per_minute", count({"每分钟调用次数，0 不限", "Calls a minute; 0: any number"})},
                         {"daily_calls", count({"每天调用次数，0 不限", "Calls a day; 0: any number"})},
                         {"daily_rows", count({"每天行数，0 不限", "Rows a day; 0: any number"})}});
}

http::Schema marking_schema() {
  return schema::object(
      {{"visible", schema::boolean().optional().note("文件带可见水印列", "Files have a column that names the receiver")},
       {"hidden", schema::boolean().optional().note("文件带隐形水印", "Files carry hidden marks")}});
}

http::Schema terms_body() {
  return schema::object(
      {{"fields", schema::array(schema::object({{"id", schema::text().length(1, 63)}, {"mask", mask_schema().optional()}}))},
       {"row_filter",
        schema::text().length(0, 10000).optional().note("对字段标识符的判断表达式", "An expression over field identifiers")},
       {"methods", schema::array(schema::choice({"api", "sql", "file", "push"}))},
       {"addresses", schema::array(schema::text().length(1, 50)).optional()},
       {"purpose", schema::text().length(1, 100000)},
       {"named_purpose", schema::text().length(0, 40).optional()},
       {"limits", limits_schema().optional()},
       {"marking", marking_schema().optional()},
       {"from", schema::text().length(0, 40).optional()},
       {"until", schema::text().length(0, 40).optional()}});
}

http::Schema terms_answer() {
  return schema::object({{"fields", schema::array(schema::object({{"id", schema::text()}, {"mask", mask_schema()}}))},
                         {"row_filter", schema::text()},
                         {"methods", schema::array(schema::text())},
                         {"addresses", schema::array(schema::text())},
                         {"purpose", schema::text()},
                         {"from", schema::text()},
                         {"until", schema::text()},
                         {"named_purpose", schema::text()},
                         {"limits", limits_schema()},
                         {"marking", marking_schema()}})
      .named("Terms");
}

http::Schema request_schema() {
  std::vector<http::Member> members;
  for (const char* text :
       {"id", "dataset", "dataset_title", "sharing_type", "provider_id", "provider_name", "person_name", "department_id",
        "department_name", "basis", "scenario", "approved_by", "answer", "answered_by", "grant_id", "renews"})
    members.push_back({text, schema::text()});
  for (const char* number : {"number", "days_allowed", "extension"}) members.push_back({number, schema::integer()});
  for (const char* time : {"created", "changed"}) members.push_back({time, schema::time()});
  for (const char* time : {"started", "answered"}) members.push_back({time, schema::time().nullable()});
  members.push_back({"terms", terms_answer()});
  members.push_back({"decided", schema::any().nullable().note("提供部门已决定、待复核的范围",
                                                              "What the provider decided, until it is confirmed")});
  members.push_back({"state", schema::choice({"asking", "declined", "reviewing", "returned", "granted", "refused", "withdrawn",
                                              "confirming"})});
  members.push_back({"deadline", schema::text().nullable().note("答复期限的最后一个工作日", "Last working day to answer")});
  members.push_back(
      {"days_left", schema::integer().nullable().note("剩余工作日，负数为逾期", "Working days left; negative when late")});
  members.push_back({"days_taken", schema::integer().nullable()});
  for (const char* flag : {"late", "was_returned", "extended", "deadline_sure"}) members.push_back({flag, schema::boolean()});
  members.push_back({"may", schema::array(schema::text()).note("现在可以做的操作", "What the caller may do now")});
  return schema::object(std::move(members)).named("SharingRequest");
}

http::Schema grant_schema() {
  std::vector<http::Member> members;
  for (const char* text :
       {"id", "dataset", "dataset_title", "provider_id", "provider_name", "department_id", "department_name", "request_id",
        "reason", "created_by", "row_filter", "purpose", "named_purpose", "from", "until", "superseded_by"})
    members.push_back({text, schema::text()});
  members.push_back({"number", schema::integer()});
  members.push_back({"fields", schema::array(schema::object({{"id", schema::text()}, {"mask", mask_schema()}}))});
  members.push_back({"methods", schema::array(schema::text())});
  members.push_back({"addresses", schema::array(schema::text())});
  members.push_back({"limits", limits_schema()});
  members.push_back({"marking", marking_schema()});
  members.push_back({"state", schema::choice({"active", "suspended", "terminated", "expired"})});
  members.push_back({"created", schema::time()});
  members.push_back({"changed", schema::time()});
  return schema::object(std::move(members)).named("Grant");
}

class Routes {
 public:
  Routes(Requests& requests, const Grants& grants) : requests_(requests), grants_(grants) {}

  json::object shown(const Actor& actor, const SharingRequest& request) const {
    auto out = to_json(request);
    json::array may;
    for (auto action : requests_.possible(actor, request)) may.emplace_back(action);
    out["may"] = std::move(may);
    return out;
  }
  Result<Response> one(const Request& r, const Result<SharingRequest>& request, unsigned status = 200) const {
    QS_CHECK(request);
    return Response::ok(shown(r.actor, *request), status);
  }

  static NewRequest asked(const Request& r) {
    const auto& b = r.body.as_object();
    return {.dataset = text_at(b, "dataset"),
            .basis = text_at(b, "basis"),
            .scenario = text_at(b, "scenario"),
            .terms = b.at("terms").as_object(),
            .renews = text_at(b, "renews")};
  }

  Result<Response> list(const Request& r) const {
    Requests::Filter filter{.box = r.get("box").value_or(""), .state = {}, .before = r.get("after").value_or("")};
    if (filter.box == "all") filter.box.clear();
    RequestState state{};
    if (auto wanted = r.get("state"); wanted && parse(*wanted, state)) filter.state = state;
    filter.limit = static_cast<std::size_t>(r.integer("limit", 50));
    QS_TRY(auto found, filter.box == "waiting" ? requests_.waiting(r.actor) : requests_.list(r.actor, filter));
    json::array out;
    for (const auto& one : found) out.emplace_back(shown(r.actor, one));
    bool more = filter.box != "waiting" && found.size() == filter.limit;
    return Response::ok(json::object{{"requests", std::move(out)}, {"next", more ? found.back().id : std::string()}});
  }

  Result<Response> show(const Request& r) const {
    QS_TRY(auto request, requests_.find(r.actor, r.param("id")));
    QS_TRY(auto events, requests_.events(r.actor, request.id));
    auto out = shown(r.actor, request);
    json::array list;
    for (const auto& e : events)
      list.push_back(json::object{{"at", to_iso(e.at)},
                                  {"action", e.action},
                                  {"state", name(e.state)},
                                  {"text", e.text},
                                  {"person_name", e.person_name}});
    out["events"] = std::move(list);
    return Response::ok(out);
  }

  Result<Response> grants(const Request& r) const {
    Grants::Filter filter{.box = r.get("box").value_or(""),
                          .dataset = r.get("dataset").value_or(""),
                          .state = {},
                          .before = r.get("after").value_or("")};
    if (filter.box == "all") filter.box.clear();
    GrantState state{};
    if (auto wanted = r.get("state"); wanted && parse(*wanted, state)) filter.state = state;
    filter.limit = static_cast<std::size_t>(r.integer("limit", 50));
    QS_TRY(auto found, grants_.list(r.actor, filter));
    json::array out;
    for (const auto& g : found) out.emplace_back(to_json(g));
    return Response::ok(
        json::object{{"grants", std::move(out)}, {"next", found.size() == filter.limit ? found.back().id : std::string()}});
  }

  Result<Response> grant(const Request& r) const {
    QS_TRY(auto g, grants_.find(r.actor, r.param("id")));
    return Response::ok(to_json(g));
  }

  Result<Response> move(const Request& r) const {
    const auto& b = r.body.as_object();
    GrantState to{};
    (void)parse(text_at(b, "state"), to);
    QS_TRY(auto g, grants_.move(r.actor, r.param("id"), to, text_at(b, "reason")));
    return Response::ok(to_json(g));
  }

  [[nodiscard]] Requests& requests() const { return requests_; }

 private:
  Requests& requests_;
  const Grants& grants_;
};

std::vector<http::Parameter> paging(std::vector<http::Parameter> first) {
  first.push_back({.name = "after", .shape = schema::text()});
  first.push_back({.name = "limit", .shape = schema::integer().range(1, 500), .otherwise = "50"});
  return first;
}

http::Schema new_request() {
  return schema::object(
      {{"dataset", schema::text().length(1, 63)},
       {"basis", schema::text().length(1, 100000)},
       {"scenario", schema::text().length(1, 100000)},
       {"terms", terms_body()},
       {"renews", schema::text().length(0, 63).optional().note("续期或扩大的授权", "The grant that is renewed")}});
}

void add_request_routes(http::Router& router, const std::shared_ptr<Routes>& routes) {
  auto read = http::may(Permission::dataset_read);
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/requests",
              .id = "sharing_request_list",
              .tag = "sharing",
              .summary = {"列出共享申请", "List sharing requests"},
              .who = read,
              .query = paging({{.name = "box",
                                .shape = schema::choice({"all", "mine", "asking", "incoming", "waiting"}),
                                .note = {"我提出的、本部门提出的、向本部门提出的、等我处理的",
                                         "Made by me, by my department, to my department, waiting for me"},
                                .otherwise = "all"},
                               {.name = "state",
                                .shape = schema::choice({"asking", "declined", "reviewing", "returned", "granted", "refused",
                                                         "withdrawn", "confirming"})}}),
              .answer = schema::object({{"requests", schema::array(request_schema())}, {"next", schema::text()}}),
              .handler = [routes](Request& r) { return routes->list(r); }});
  router.add(
      {.method = Method::post,
       .path = "/api/v1/sharing/requests",
       .id = "sharing_request_submit",
       .tag = "sharing",
       .summary = {"申请共享", "Ask for a dataset"},
       .who = read,
       .body = new_request(),
       .answer = request_schema(),
       .answer_status = 201,
       .errors = {Code::not_found, Code::forbidden, Code::invalid, Code::conflict},
       .handler = [routes](Request& r) { return routes->one(r, routes->requests().submit(r.actor, Routes::asked(r)), 201); }});
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/requests/{id}",
              .id = "sharing_request_show",
              .tag = "sharing",
              .summary = {"查看共享申请", "Show a sharing request"},
              .who = read,
              .answer = schema::any(),
              .errors = {Code::not_found},
              .handler = [routes](Request& r) { return routes->show(r); }});
}

void add_step_routes(http::Router& router, const std::shared_ptr<Routes>& routes) {
  auto act = [&](const std::string& verb, const Text& summary, const http::Access& who, const http::Schema& body, auto run) {
    router.add({.method = Method::post,
                .path = "/api/v1/sharing/requests/{id}/" + verb,
                .id = "sharing_request_" + verb,
                .tag = "sharing",
                .summary = summary,
                .who = who,
                .body = body,
                .answer = request_schema(),
                .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
                .handler = [routes, run](Request& r) { return routes->one(r, run(routes->requests(), r)); }});
  };
  auto said = schema::object({{"text", schema::text().length(0, 100000).optional()}});
  auto reason = schema::object({{"text", schema::text().length(1, 100000)}});
  auto text = [](Request& r) { return text_at(r.body.as_object(), "text"); };
  // Who may what beyond this depends on the request: its departments, who asked, and how far it is.
  auto read = http::may(Permission::dataset_read);
  act("approve", {"申请部门同意", "Approve on the asking side"}, read, said,
      [text](Requests& q, Request& r) { return q.approve(r.actor, r.param("id"), text(r)); });
  act("decline", {"申请部门不同意", "Decline on the asking side"}, read, reason,
      [text](Requests& q, Request& r) { return q.decline(r.actor, r.param("id"), text(r)); });
  act("withdraw", {"撤回申请", "Withdraw it"}, read, said,
      [text](Requests& q, Request& r) { return q.withdraw(r.actor, r.param("id"), text(r)); });
  act("grant", {"授权：全部或部分", "Grant it, whole or in part"}, read,
      schema::object({{"terms", terms_body().optional()}, {"text", schema::text().length(0, 100000).optional()}}),
      [text](Requests& q, Request& r) {
        const auto* terms = r.body.as_object().if_contains("terms");
        return q.grant(r.actor, r.param("id"), terms == nullptr ? json::value(nullptr) : *terms, text(r));
      });
  act("refuse", {"不予共享并说明理由", "Refuse it and state the reasons"}, read, reason,
      [text](Requests& q, Request& r) { return q.refuse(r.actor, r.param("id"), text(r)); });
  act("return", {"退回补正：一次告知全部缺项", "Return it once, with everything that is missing"}, read, reason,
      [text](Requests& q, Request& r) { return q.give_back(r.actor, r.param("id"), text(r)); });
  act("complete", {"补正后重新提交", "Complete it"}, read,
      schema::object({{"basis", schema::text().length(1, 100000)},
                      {"scenario", schema::text().length(1, 100000)},
                      {"terms", terms_body()},
                      {"text", schema::text().length(0, 100000).optional()}}),
      [text](Requests& q, Request& r) { return q.complete(r.actor, r.param("id"), Routes::asked(r), text(r)); });
  act("extend", {"申请延长答复期限", "Ask for more days to answer"}, read,
      schema::object({{"days", schema::integer().range(1, 250)}, {"text", schema::text().length(1, 100000)}}),
      [text](Requests& q, Request& r) {
        return q.extend(r.actor, r.param("id"), static_cast<int>(r.body.as_object().at("days").to_number<std::int64_t>()),
                        text(r));
      });
  act("consent", {"数据主管部门同意延长", "Consent to more days, by the data authority"}, http::may(Permission::catalog_review),
      said, [text](Requests& q, Request& r) { return q.consent(r.actor, r.param("id"), text(r)); });
  act("confirm", {"数据主管部门复核同意", "Confirm what the provider granted, by the data authority"},
      http::may(Permission::catalog_review), said,
      [text](Requests& q, Request& r) { return q.confirm(r.actor, r.param("id"), text(r)); });
  act("object", {"数据主管部门复核不同意", "Object to what the provider granted, by the data authority"},
      http::may(Permission::catalog_review), reason,
      [text](Requests& q, Request& r) { return q.object(r.actor, r.param("id"), text(r)); });
}

void add_grant_routes(http::Router& router, const std::shared_ptr<Routes>& routes) {
  auto read = http::may(Permission::dataset_read);
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/grants",
              .id = "grant_list",
              .tag = "sharing",
              .summary = {"列出共享授权", "List grants"},
              .who = read,
              .query = paging({{.name = "box",
                                .shape = schema::choice({"all", "mine", "given"}),
                                .note = {"本部门得到的、本部门给出的", "Held by my department, given by it"},
                                .otherwise = "all"},
                               {.name = "dataset", .shape = schema::text().length(0, 63)},
                               {.name = "state", .shape = schema::choice({"active", "suspended", "terminated", "expired"})}}),
              .answer = schema::object({{"grants", schema::array(grant_schema())}, {"next", schema::text()}}),
              .handler = [routes](Request& r) { return routes->grants(r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/grants/{id}",
              .id = "grant_show",
              .tag = "sharing",
              .summary = {"查看共享授权", "Show a grant"},
              .who = read,
              .answer = grant_schema(),
              .errors = {Code::not_found},
              .handler = [routes](Request& r) { return routes->grant(r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/sharing/grants/{id}/state",
              .id = "grant_move",
              .tag = "sharing",
              .summary = {"暂停、恢复或终止授权", "Suspend, resume or terminate a grant"},
              .who = read,
              .body = schema::object({{"state", schema::choice({"active", "suspended", "terminated"})},
                                      {"reason", schema::text().length(0, 2000).optional()}}),
              .answer = grant_schema(),
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
              .handler = [routes](Request& r) { return routes->move(r); }});
}

}  // namespace

void add_sharing_routes(http::Router& router, Requests& requests, const Grants& grants) {
  auto routes = std::make_shared<Routes>(requests, grants);
  add_request_routes(router, routes);
  add_step_routes(router, routes);
  add_grant_routes(router, routes);
}

}  // namespace qushu::sharing
