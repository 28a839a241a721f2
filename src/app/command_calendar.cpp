#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

Result<calendar::Day> day_of(const std::string& text, const char* what) {
  if (auto day = calendar::parse_day(text)) return *day;
  return fail(Error{.code = Code::invalid,
                    .id = "calendar.date",
                    .text = {"日期应写成 2026-10-01。", "A date is written 2026-10-01."},
                    .subject = what});
}

Text kind_name(calendar::DayKind kind) {
  return kind == calendar::DayKind::holiday ? Text{"放假", "holiday"} : Text{"上班", "working day"};
}

Result<void> list(System& s, const Common& common, int year) {
  auto today = std::chrono::year_month_day(s.calendar->today());
  QS_TRY(auto days, s.calendar->list(year == 0 ? static_cast<int>(today.year()) : year));
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& d : days) {
    out.emplace_back(json::object{{"day", calendar::to_text(d.day)}, {"kind", calendar::name(d.kind)}, {"name", d.name}});
    rows.push_back({calendar::to_text(d.day), kind_name(d.kind).in(common.lang), d.name});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh ? std::vector<std::string>{"日期", "安排", "名称"}
                                        : std::vector<std::string>{"day", "is", "name"},
                rows);
  return {};
}

Result<void> import_file(System& s, const Actor& actor, const Common& common, const std::string& file) {
  QS_TRY(auto text, text_of_file(file, "calendar.file", "FILE"));
  QS_TRY(auto days, s.calendar->import_csv(actor, text));
  if (common.json)
    print(json::object{{"days", days}});
  else
    std::cout << (common.lang == Lang::zh ? fmt::format("已导入 {} 天。\n", days) : fmt::format("{} days were taken.\n", days));
  return {};
}

Result<void> deadline(System& s, const Common& common, const std::string& from, int days) {
  QS_TRY(auto day, day_of(from, "FROM"));
  QS_TRY(auto standing, s.calendar->standing(s.calendar->zone().instant(calendar::LocalTime(day)), days));
  if (common.json)
    print(json::object{{"last_day", calendar::to_text(standing.last_day)},
                       {"deadline", to_iso(standing.deadline)},
                       {"left", standing.left},
                       {"late", standing.late},
                       {"sure", standing.sure}});
  else
    std::cout << calendar::to_text(standing.last_day)
              << (standing.sure             ? ""
                  : common.lang == Lang::zh ? "（途经的年份还没有录入节假日，可能变动）"
                                            : " (the holidays of a year on the way are not known yet)")
              << '\n';
  return {};
}

}  // namespace

void add_calendar_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("calendar", zh ? "节假日与工作日" : "Holidays and working days");
  group->require_subcommand(1);
  struct Given {
    int year = 0, days = 0;
    std::string day, kind, name, file;
  };
  auto given = std::make_shared<Given>();
  auto run = [&](CLI::App* command, std::function<Result<void>(System&, const Actor&)> body) {
    command->callback(
        [&common, &chosen, body = std::move(body)] { chosen.action = [&common, body] { return with_system(common, body); }; });
  };
  auto* listing = group->add_subcommand("list", zh ? "列出一年的节假日和调休" : "List the special days of a year");
  listing->add_option("--year", given->year, zh ? "年份，默认今年" : "The year; this one by default")
      ->check(CLI::Range(1950, 2200));
  run(listing, [&common, given](System& s, const Actor&) { return list(s, common, given->year); });
  auto* set = group->add_subcommand("set", zh ? "设某天为放假或上班" : "Make a day a holiday or a working day");
  set->add_option("day", given->day, "2026-10-01")->required();
  set->add_option("kind", given->kind, zh ? "holiday 放假，workday 上班" : "holiday or workday")
      ->required()
      ->check(CLI::IsMember({"holiday", "workday"}));
  set->add_option("--name", given->name, zh ? "名称" : "Its name");
  run(set, [given](System& s, const Actor& actor) -> Result<void> {
    QS_TRY(auto day, day_of(given->day, "DAY"));
    auto kind = given->kind == "workday" ? calendar::DayKind::workday : calendar::DayKind::holiday;
    return s.calendar->put(actor, {.day = day, .kind = kind, .name = given->name});
  });
  auto* remove = group->add_subcommand("remove", zh ? "取消某天的特别安排" : "Make a day an ordinary one again");
  remove->add_option("day", given->day, "2026-10-01")->required();
  run(remove, [given](System& s, const Actor& actor) -> Result<void> {
    QS_TRY(auto day, day_of(given->day, "DAY"));
    return s.calendar->remove(actor, day);
  });
  auto* import = group->add_subcommand("import", zh ? "导入节假日表（CSV：日期,类型,名称），替换其中的年份"
                                                    : "Import holidays (CSV: date, kind, name), replacing their years");
  import->add_option("file", given->file, zh ? "文件" : "The file")->required();
  run(import, [&common, given](System& s, const Actor& actor) { return import_file(s, actor, common, given->file); });
  auto* until = group->add_subcommand(
      "deadline", zh ? "从某天起第若干个工作日（当天不计）" : "So many working days after a day, which is not counted");
  until->add_option("from", given->day, "2026-10-01")->required();
  until->add_option("days", given->days, zh ? "工作日数" : "Working days")->required()->check(CLI::Range(0, 1000));
  run(until, [&common, given](System& s, const Actor&) { return deadline(s, common, given->day, given->days); });
}

}  // namespace qushu::app
