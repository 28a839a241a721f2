#include "qushu/base/json.h"
#include "qushu/registers/days.h"

namespace qushu::registers {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

constexpr const char* kIcalendar = "text/calendar; charset=utf-8";

http::Schema events_schema() {
  return schema::object({{"from", schema::text()},
                         {"until", schema::text()},
                         {"more", schema::boolean().note("太多，没有列完", "There are more than are listed")},
                         {"events", schema::array(schema::object({{"register", schema::text()},
                                                                  {"register_name", schema::text()},
                                                                  {"id", schema::text()},
                                                                  {"number", schema::text()},
                                                                  {"title", schema::text()},
                                                                  {"state", schema::text()},
                                                                  {"kind", schema::choice({"date", "due", "remind"})},
                                                                  {"label", schema::text()},
                                                                  {"day", schema::text()},
                                                                  {"time", schema::text()},
                                                                  {"final", schema::boolean()},
                                                                  {"late", schema::boolean()}}))}});
}

std::vector<http::Parameter> range_parameters() {
  auto day = [](const char* name, const char* zh, const char* en) {
    return http::Parameter{.name = name, .shape = schema::text().length(10, 10), .note = {zh, en}};
  };
  return {day("from", "第一天，默认本月一日", "First day; by default that of this month"),
          day("until", "最后一天，默认月末", "Last day; by default that of the month")};
}

Result<Response> answer(const DayEvents& days, const DayRange& range, const calendar::Calendar& calendar, Lang lang) {
  json::array out;
  for (const auto& e : days.events) out.push_back(to_json(e, calendar.zone(), lang));
  return Response::ok(json::object{{"from", calendar::to_text(range.from)},
                                   {"until", calendar::to_text(range.until)},
                                   {"more", days.more},
                                   {"events", std::move(out)}});
}

Response file(const DayEvents& days, std::string_view name, const Settings& settings, Lang lang) {
  return Response::text(icalendar(days, name, settings.text("notify.links"), lang), kIcalendar);
}

Text my_calendar() {
  return {"我的日历", "My calendar"};
}

void add_feed_routes(http::Router& router, const Feeds& feeds, const Settings& settings) {
  auto use = http::may(Permission::register_use);
  const std::string feed = "/api/v1/register-calendar/feed";
  router.add({.method = Method::get,
              .path = feed,
              .id = "calendar_feed",
              .tag = "registers",
              .summary = {"我的日历订阅", "The address of my calendar"},
              .who = use,
              .answer = schema::object({{"made", schema::time().nullable()}, {"used", schema::time().nullable()}}),
              .handler = [&feeds](Request& r) -> Result<Response> {
                QS_TRY(auto info, feeds.info(r.actor));
                return Response::ok(json::object{{"made", time_or_null(info.made)}, {"used", time_or_null(info.used)}});
              }});
  router.add({.method = Method::post,
              .path = feed,
              .id = "calendar_feed_make",
              .tag = "registers",
              .summary = {"生成日历订阅地址，只显示一次；原来的地址作废",
                          "Make an address that a calendar program reads, shown once; the one before ends"},
              .who = use,
              .answer = schema::object({{"path", schema::text()}}),
              .answer_status = 201,
              .errors = {Code::forbidden},
              .handler = [&feeds](Request& r) -> Result<Response> {
                QS_TRY(auto secret, feeds.make(r.actor));
                return Response::ok(json::object{{"path", "/api/v1/calendar-feeds/" + secret + "/calendar.ics"}}, 201);
              }});
  router.add({.method = Method::del,
              .path = feed,
              .id = "calendar_feed_end",
              .tag = "registers",
              .summary = {"停用日历订阅", "End the address of my calendar"},
              .who = use,
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&feeds](Request& r) -> Result<Response> {
                QS_CHECK(feeds.end(r.actor));
                return Response::no_content();
              }});
  // Whoever has the address has what its person may see: calendar programs cannot sign in.
  router.add({.method = Method::get,
              .path = "/api/v1/calendar-feeds/{secret}/calendar.ics",
              .id = "calendar_feed_read",
              .tag = "registers",
              .summary = {"日历程序凭地址读取本人的日历（iCalendar）", "A person's days as iCalendar, by the address alone"},
              .who = http::anyone(),
              .nameless = true,
              .answer_types = {"text/calendar"},
              .errors = {Code::not_found},
              .handler = [&feeds, &settings](Request& r) -> Result<Response> {
                QS_TRY(auto days, feeds.read(r.param("secret")));
                return file(days, my_calendar().in(r.lang()), settings, r.lang()).with("Cache-Control", "no-store");
              }});
}

}  // namespace

void add_calendar_routes(http::Router& router, const Registers& registers, const Feeds& feeds,
                         const calendar::Calendar& calendar, const Settings& settings) {
  auto use = http::may(Permission::register_use);
  auto range_of = [&calendar](const Request& r) {
    return day_range(calendar, r.get("from").value_or(""), r.get("until").value_or(""));
  };
  const std::string one = "/api/v1/registers/{code}/calendar", mine = "/api/v1/register-calendar";
  router.add({.method = Method::get,
              .path = one,
              .id = "register_calendar",
              .tag = "registers",
              .summary = {"台账记录的日期和期限", "The days of a register's records"},
              .who = use,
              .query = range_parameters(),
              .answer = events_schema(),
              .errors = {Code::not_found, Code::invalid},
              .handler = [&registers, &calendar, range_of](Request& r) -> Result<Response> {
                QS_TRY(auto range, range_of(r));
                QS_TRY(auto days, registers.days(r.actor, r.param("code"), range.from, range.until));
                return answer(days, range, calendar, r.lang());
              }});
  router.add({.method = Method::get,
              .path = one + ".ics",
              .id = "register_calendar_file",
              .tag = "registers",
              .summary = {"台账记录的日期和期限（iCalendar）", "The days of a register's records as iCalendar"},
              .who = use,
              .query = range_parameters(),
              .answer_types = {"text/calendar"},
              .errors = {Code::not_found, Code::invalid},
              .handler = [&registers, &settings, range_of](Request& r) -> Result<Response> {
                QS_TRY(auto range, range_of(r));
                QS_TRY(auto entry, registers.find(r.actor, r.param("code")));
                QS_TRY(auto days, registers.days(r.actor, r.param("code"), range.from, range.until));
                auto name = entry.definition.name.in(r.lang());
                return file(days, name, settings, r.lang()).as_download(name + ".ics");
              }});
  router.add({.method = Method::get,
              .path = mine,
              .id = "my_calendar",
              .tag = "registers",
              .summary = {"我的日历：各台账中的期限、提醒和与我有关的日期",
                          "The caller's days in all registers: clocks, reminders and dates that concern her"},
              .who = use,
              .query = range_parameters(),
              .answer = events_schema(),
              .errors = {Code::invalid},
              .handler = [&registers, &calendar, range_of](Request& r) -> Result<Response> {
                QS_TRY(auto range, range_of(r));
                QS_TRY(auto days, registers.my_days(r.actor, range.from, range.until));
                return answer(days, range, calendar, r.lang());
              }});
  router.add({.method = Method::get,
              .path = mine + ".ics",
              .id = "my_calendar_file",
              .tag = "registers",
              .summary = {"我的日历（iCalendar）", "The caller's days as iCalendar"},
              .who = use,
              .query = range_parameters(),
              .answer_types = {"text/calendar"},
              .errors = {Code::invalid},
              .handler = [&registers, &settings, range_of](Request& r) -> Result<Response> {
                QS_TRY(auto range, range_of(r));
                QS_TRY(auto days, registers.my_days(r.actor, range.from, range.until));
                auto name = my_calendar().in(r.lang());
                return file(days, name, settings, r.lang()).as_download(name + ".ics");
              }});
  add_feed_routes(router, feeds, settings);
}

}  // namespace qushu::registers
