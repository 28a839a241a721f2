#include "qushu/base/json.h"
#include "qushu/delivery/delivery.h"

namespace qushu::delivery {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema delivery_schema() {
  std::vector<http::Member> members;
  for (const char* text : {"id", "grant_id", "source", "schema", "table", "url", "cron", "days", "person_name"})
    members.push_back({text, schema::text()});
  members.push_back({"kind", schema::choice({"table", "webhook"})});
  for (const char* flag : {"on_version", "active"}) members.push_back({flag, schema::boolean()});
  for (const char* number : {"rows", "version"}) members.push_back({number, schema::integer()});
  members.push_back({"created", schema::time()});
  for (const char* time : {"due", "ran", "first"}) members.push_back({time, schema::time().nullable()});
  members.push_back({"error", schema::text().nullable()});
  return schema::object(std::move(members)).named("Delivery");
}

Result<Response> list(const Deliveries& deliveries, const sharing::Grants& grants, const Request& r) {
  QS_TRY(auto grant, grants.find(r.actor, r.param("id")));
  QS_TRY(auto all, deliveries.list(r.actor, grant.id));
  QS_TRY(auto standing, deliveries.standing(grant));
  json::array out;
  for (const auto& d : all) out.push_back(to_json(d, r.lang()));
  json::value clock;
  if (standing)
    clock = json::object{
        {"deadline", calendar::to_text(standing->last_day)}, {"days_left", standing->left}, {"late", standing->late}};
  return Response::ok(json::object{{"deliveries", std::move(out)}, {"clock", std::move(clock)}});
}

Result<Response> add(const Deliveries& deliveries, const Request& r) {
  const auto& b = r.body.as_object();
  NewDelivery n{.grant_id = r.param("id"),
                .source = text_at(b, "source"),
                .table = {.schema = text_at(b, "schema"), .table = text_at(b, "table")},
                .url = text_at(b, "url"),
                .cron = text_at(b, "cron")};
  (void)parse(text_at(b, "kind"), n.kind);
  if (auto days = text_at(b, "days"); !days.empty()) (void)calendar::parse(days, n.days);
  if (const auto* on = b.if_contains("on_version"); on != nullptr) n.on_version = on->as_bool();
  QS_TRY(auto made, deliveries.add(r.actor, n));
  return Response::ok(json::object{{"delivery", to_json(made.first, r.lang())}, {"secret", made.second}}, 201);
}

}  // namespace

void add_routes(http::Router& router, const Deliveries& deliveries, const sharing::Grants& grants) {
  auto read = http::may(Permission::dataset_read);
  router.add({.method = Method::get,
              .path = "/api/v1/sharing/grants/{id}/deliveries",
              .id = "delivery_list",
              .tag = "sharing",
              .summary = {"授权的推送和订阅", "The deliveries of a grant"},
              .who = read,
              .answer = schema::object({{"deliveries", schema::array(delivery_schema())},
                                        {"clock", schema::any().note("尚未提供数据时的期限（条例第二十二条）",
                                                                     "The clock of article 22 until data is there")}}),
              .errors = {Code::not_found},
              .handler = [&deliveries, &grants](Request& r) { return list(deliveries, grants, r); }});
  auto text = [](std::size_t most) { return schema::text().length(0, most).optional(); };
  router.add({.method = Method::post,
              .path = "/api/v1/sharing/grants/{id}/deliveries",
              .id = "delivery_add",
              .tag = "sharing",
              .summary = {"设置推送入库或变更通知", "Have rows pushed into a table, or an address told of new versions"},
              .who = read,
              .body = schema::object({{"kind", schema::choice({"table", "webhook"})},
                                      {"source", text(63)},
                                      {"schema", text(100)},
                                      {"table", text(100)},
                                      {"url", text(2000)},
                                      {"on_version", schema::boolean().optional()},
                                      {"cron", text(100)},
                                      {"days", schema::choice({"every", "working", "first_working"}).optional()}}),
              .answer = schema::object({{"delivery", delivery_schema()}, {"secret", schema::text()}}),
              .answer_status = 201,
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid},
              .handler = [&deliveries](Request& r) { return add(deliveries, r); }});
  router.add({.method = Method::patch,
              .path = "/api/v1/sharing/deliveries/{id}",
              .id = "delivery_activate",
              .tag = "sharing",
              .summary = {"暂停或恢复", "Pause or resume a delivery"},
              .who = read,
              .body = schema::object({{"active", schema::boolean()}}),
              .answer = delivery_schema(),
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&deliveries](Request& r) -> Result<Response> {
                QS_TRY(auto d, deliveries.activate(r.actor, r.param("id"), r.body.at("active").as_bool()));
                return Response::ok(to_json(d, r.lang()));
              }});
  router.add({.method = Method::del,
              .path = "/api/v1/sharing/deliveries/{id}",
              .id = "delivery_remove",
              .tag = "sharing",
              .summary = {"删除推送或订阅", "Remove a delivery"},
              .who = read,
              .answer_status = 204,
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&deliveries](Request& r) -> Result<Response> {
                QS_CHECK(deliveries.remove(r.actor, r.param("id")));
                return Response::no_content();
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/sharing/deliveries/{id}/run",
              .id = "delivery_run",
              .tag = "sharing",
              .summary = {"立即推送", "Deliver now"},
              .who = read,
              .answer = schema::object({{"job", schema::text()}}),
              .answer_status = 202,
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&deliveries](Request& r) -> Result<Response> {
                QS_TRY(auto job, deliveries.run(r.actor, r.param("id")));
                return Response::ok(json::object{{"job", job}}, 202);
              }});
}

}  // namespace qushu::delivery
