#include "qushu/calendar/calendar.h"

namespace qushu::calendar {
namespace {

namespace schema = http::schema;
namespace json = http::json;
using http::Method;
using http::Request;
using http::Response;

constexpr std::uint64_t kCsvLimit = 1U << 20U;
constexpr int kNext = 5;  // due times shown of a schedule

json::object to_json(const SpecialDay& d) {
  return {{"day", to_text(d.day)}, {"kind", name(d.kind)}, {"name", d.name}};
}

Result<Day> day_of(std::string_view text, std::string_view field) {
  if (auto day = parse_day(text)) return *day;
  return fail(Error{.code = Code::invalid,
                    .id = "calendar.date",
                    .text = {"日期应写成 2026-10-01。", "A date is written 2026-10-01."},
                    .subject = std::string(field)});
}

Result<Response> year(const Calendar& calendar, const Request& r) {
  auto today = calendar.today();
  auto wanted = static_cast<int>(r.integer("year", static_cast<int>(std::chrono::year_month_day(today).year())));
  QS_TRY(auto days, calendar.list(wanted));
  QS_TRY(auto known, calendar.working_days());
  json::array out;
  for (const auto& d : days) out.emplace_back(to_json(d));
  return Response::ok(json::object{{"zone", calendar.zone().name()},
                                   {"today", to_text(today)},
                                   {"works_today", known->works(today)},
                                   {"year", wanted},
                                   {"known", !days.empty()},
                                   {"days", std::move(out)}});
}

Result<Response> put(Calendar& calendar, const Request& r) {
  QS_TRY(auto day, day_of(r.param("day"), "day"));
  SpecialDay special{.day = day,
                     .kind = r.body.at("kind").as_string() == "workday" ? DayKind::workday : DayKind::holiday,
                     .name = std::string(r.body.at("name").as_string())};
  QS_CHECK(calendar.put(r.actor, special));
  return Response::ok(to_json(special));
}

Result<Response> import_csv(Calendar& calendar, const Request& r) {
  std::string text;
  QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
    text += piece;
    return {};
  }));
  QS_TRY(auto days, calendar.import_csv(r.actor, text));
  return Response::ok(json::object{{"days", days}});
}

Result<Response> deadline(const Calendar& calendar, const Request& r) {
  QS_TRY(auto from, day_of(*r.get("from"), "from"));
  auto at = calendar.zone().instant(LocalTime(from + std::chrono::hours(12)));
  QS_TRY(auto s, calendar.standing(at, static_cast<int>(r.integer("days", 0))));
  return Response::ok(json::object{{"last_day", to_text(s.last_day)},
                                   {"deadline", to_iso(s.deadline)},
                                   {"left", s.left},
                                   {"late", s.late},
                                   {"sure", s.sure}});
}

Result<Response> schedule(const Calendar& calendar, const Clock& clock, const Request& r) {
  const auto& body = r.body.as_object();
  auto rule = DayRule::every;
  if (const auto* days = body.if_contains("days")) (void)parse(std::string_view(days->as_string()), rule);
  auto zone = calendar.zone().name();
  if (const auto* given = body.if_contains("zone"); given && !given->as_string().empty()) zone = given->as_string();
  QS_TRY(auto made, Schedule::make(std::string_view(body.at("cron").as_string()), zone, rule));
  QS_TRY(auto known, calendar.working_days());
  json::array next;
  auto at = clock.now();
  for (int i = 0; i < kNext; ++i) {
    auto due = made.next(at, *known);
    if (!due) break;
    next.emplace_back(to_iso(*due));
    at = *due;
  }
  return Response::ok(json::object{{"text", made.explain(calendar.zone().name()).in(r.lang())}, {"next", std::move(next)}});
}

http::Schema day_schema() {
  return schema::object({{"day", schema::text().note("2026-10-01", "2026-10-01")},
                         {"kind", schema::choice({"holiday", "workday"})},
                         {"name", schema::text()}})
      .named("SpecialDay");
}

void add_table_routes(http::Router& router, Calendar& calendar) {
  router.add(
      {.method = Method::get,
       .path = "/api/v1/calendar",
       .id = "calendar_year",
       .tag = "calendar",
       .summary = {"一年的节假日和调休上班日", "Holidays and make-up working days of a year"},
       .who = http::may(Permission::account),
       .query = {{.name = "year", .shape = schema::integer().range(1950, 2200), .note = {"默认今年", "This year by default"}}},
       .answer = schema::object({{"zone", schema::text()},
                                 {"today", schema::text()},
                                 {"works_today", schema::boolean()},
                                 {"year", schema::integer()},
                                 {"known", schema::boolean().note("这一年的安排已录入", "The year has been entered")},
                                 {"days", schema::array(day_schema())}}),
       .handler = [&](Request& r) { return year(calendar, r); }});
  router.add(
      {.method = Method::put,
       .path = "/api/v1/calendar/{day}",
       .id = "calendar_put",
       .tag = "calendar",
       .summary = {"设某天为放假或上班", "Make a day a holiday or a working day"},
       .who = http::may(Permission::system_manage),
       .body = schema::object({{"kind", schema::choice({"holiday", "workday"})}, {"name", schema::text().length(0, 60)}}),
       .answer = day_schema(),
       .handler = [&](Request& r) { return put(calendar, r); }});
  router.add({.method = Method::del,
              .path = "/api/v1/calendar/{day}",
              .id = "calendar_remove",
              .tag = "calendar",
              .summary = {"取消某天的特别安排", "Make a day an ordinary one again"},
              .who = http::may(Permission::system_manage),
              .answer_status = 204,
              .errors = {Code::not_found},
              .handler = [&](Request& r) -> Result<Response> {
                QS_TRY(auto day, day_of(r.param("day"), "day"));
                QS_CHECK(calendar.remove(r.actor, day));
                return Response::no_content();
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/calendar/import",
              .id = "calendar_import",
              .tag = "calendar",
              .summary = {"导入节假日表（CSV：日期,类型,名称），替换文件中出现的年份",
                          "Import holidays (CSV: date, kind, name); replaces the years that the file names"},
              .who = http::may(Permission::system_manage),
              .streams_body = true,
              .body_type = "text/csv",
              .body_limit = kCsvLimit,
              .answer = schema::object({{"days", schema::integer()}}),
              .errors = {Code::invalid, Code::too_large},
              .handler = [&](Request& r) { return import_csv(calendar, r); }});
}

}  // namespace

void add_routes(http::Router& router, Calendar& calendar) {
  add_table_routes(router, calendar);
  router.add({.method = Method::get,
              .path = "/api/v1/calendar/deadline",
              .id = "calendar_deadline",
              .tag = "calendar",
              .summary = {"从某天起第若干个工作日（当天不计）", "So many working days after a day, which is not counted"},
              .who = http::may(Permission::account),
              .query = {{.name = "from", .shape = schema::text(), .note = {"2026-10-01", "2026-10-01"}, .required = true},
                        {.name = "days", .shape = schema::integer().range(0, 1000), .required = true}},
              .answer = schema::object(
                  {{"last_day", schema::text()},
                   {"deadline", schema::time()},
                   {"left", schema::integer().note("还剩的工作日，负数为逾期", "Working days left, negative when late")},
                   {"late", schema::boolean()},
                   {"sure", schema::boolean().note("途经年份的安排都已录入", "Every year on the way has been entered")}}),
              .handler = [&](Request& r) { return deadline(calendar, r); }});
  router.add({.method = Method::post,
              .path = "/api/v1/calendar/schedule",
              .id = "calendar_schedule",
              .tag = "calendar",
              .summary = {"解释一个计划并给出接下来的时间", "Explain a schedule and tell its next times"},
              .who = http::may(Permission::account),
              .body = schema::object(
                  {{"cron", schema::text().length(1, 200).note("分钟 小时 日 月 星期", "minute hour day month weekday")},
                   {"zone", schema::text().length(0, 60).optional()},
                   {"days", schema::choice({"every", "working", "first_working"}).optional()}}),
              .answer = schema::object({{"text", schema::text()}, {"next", schema::array(schema::time())}}),
              .handler = [&](Request& r) { return schedule(calendar, system_clock(), r); }});
}

}  // namespace qushu::calendar
