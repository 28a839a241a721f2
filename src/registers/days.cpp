#include "qushu/registers/days.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "access.h"
#include "loaded.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kMost = 2000;  // events of one answer
constexpr std::int64_t kMostDays = 400;

using calendar::Day;

Clause both(const Clause& a, const Clause& b) {
  if (a.sql == "1 = 0" || b.sql == "1 = 0") return {.sql = "1 = 0", .params = {}};
  Clause out{.sql = a.sql + " AND " + b.sql, .params = a.params};
  out.params.insert(out.params.end(), b.params.begin(), b.params.end());
  return out;
}

// Records that she entered or stands in.
Clause concerns(const Definition& d, const Actor& actor) {
  Who who{{{.kind = Term::Kind::own, .name = {}}}};
  for (const auto& f : d.fields)
    if (f.kind == Kind::person && !f.retired) who.push_back({{.kind = Term::Kind::field, .name = f.name}});
  return clause(who, actor);
}

Clause unfinished(const Definition& d) {
  Clause out{.sql = "1 = 1", .params = {}};
  for (const auto& state : d.states) {
    if (!state.final) continue;
    out.sql += " AND state <> ?";
    out.params.emplace_back(state.name);
  }
  return out;
}

Day day_of(const calendar::Zone& zone, Time at) {
  return std::chrono::floor<std::chrono::days>(zone.local(at));
}

Failure wrong_days(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "calendar.days", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

}  // namespace

Result<DayRange> day_range(const calendar::Calendar& calendar, std::string_view from, std::string_view until) {
  auto read = [](std::string_view text, const char* name) -> Result<Day> {
    auto day = calendar::parse_day(text);
    if (!day) return wrong_days(name, "应为日期，如 2026-11-23。", "A date is expected, such as 2026-11-23.");
    return *day;
  };
  auto first_of = [](Day day) {
    std::chrono::year_month_day date(std::chrono::sys_days(day.time_since_epoch()));
    return std::pair(Day((std::chrono::sys_days(date.year() / date.month() / 1)).time_since_epoch()),
                     Day((std::chrono::sys_days(date.year() / date.month() / std::chrono::last)).time_since_epoch()));
  };
  DayRange range{.from = first_of(calendar.today()).first, .until = {}};
  if (!from.empty()) {
    QS_TRY(range.from, read(from, "from"));
  }
  range.until = first_of(range.from).second;
  if (!until.empty()) {
    QS_TRY(range.until, read(until, "until"));
  }
  if (range.until < range.from) return wrong_days("until", "结束日期早于开始日期。", "The last day is before the first.");
  if ((range.until - range.from).count() >= kMostDays)
    return wrong_days("until", fmt::format("一次最多 {} 天。", kMostDays), fmt::format("{} days at most at once.", kMostDays));
  return range;
}

// One question about the days of a register: which column, of which records.
struct Registers::DayRead {
  const Definition& d;
  std::string kind;
  const Field* field = nullptr;  // nullptr: the clock's end
  Clause which;
  Day from, until;
};

Result<void> Registers::add_days(store::Session& s, const DayRead& read, DayEvents& out) const {
  const auto& d = read.d;
  if (read.which.sql == "1 = 0") return {};
  const auto& zone = deps_.calendar.zone();
  auto column = read.field == nullptr ? std::string("due") : stored_columns(*read.field).front().name;
  auto params = read.which.params;
  bool date = read.field != nullptr && read.field->kind == Kind::date;
  // A clock ends with its last day, which is the moment in which the next begins.
  auto moment = [&](Day day) {
    return to_micros(zone.instant(calendar::LocalTime(day)) + (read.field == nullptr ? Duration(1) : Duration(0)));
  };
  if (date) {
    params.emplace_back(calendar::to_text(read.from));
    params.emplace_back(calendar::to_text(read.until + std::chrono::days(1)));
  } else {
    params.emplace_back(moment(read.from));
    params.emplace_back(moment(read.until + std::chrono::days(1)));
  }
  QS_TRY(auto rows, s.query(fmt::format("SELECT {0} FROM {1} WHERE removed IS NULL AND {2} AND {3} >= ? AND {3} < ? ORDER BY "
                                        "{3}, id LIMIT {4}",
                                        record_columns(d), table_of(d.code), read.which.sql, column, kMost + 1),
                            params));
  if (rows.size() > kMost) out.more = true;
  auto now = deps_.clock.now();
  for (const auto& row : rows) {
    auto record = record_of(d, row);
    DayEvent e{.register_code = d.code,
               .register_name = d.name,
               .id = record.id,
               .number = record.number,
               .title = plain_title(d, record),
               .state = {},
               .kind = read.kind,
               .field = read.field != nullptr ? read.field->name : std::string(),
               .label = read.field != nullptr ? read.field->label : system_column("due")->label,
               .day = {},
               .at = {},
               .changed = record.changed};
    if (const auto* state = d.state(record.state)) {
      e.state = state->label;
      e.final = state->final;
    }
    if (read.field == nullptr) {
      e.day = day_of(zone, *record.due - std::chrono::seconds(1));
      e.late = *record.due < now;
    } else if (date) {
      e.day = *calendar::parse_day(std::get<std::string>(record.cells.at(read.field->name).front()));
    } else {
      e.at = from_micros(std::get<std::int64_t>(record.cells.at(read.field->name).front()));
      e.day = day_of(zone, *e.at);
    }
    out.events.push_back(std::move(e));
  }
  return {};
}

namespace {

void put_in_order(DayEvents& out) {
  std::ranges::sort(out.events, {}, [](const DayEvent& e) {
    return std::tuple(e.day, e.at ? to_micros(*e.at) : 0, e.register_code, e.number, e.field);
  });
  if (out.events.size() <= kMost) return;
  out.more = true;
  out.events.resize(kMost);
}

}  // namespace

Result<DayEvents> Registers::days(const Actor& actor, std::string_view code, Day from, Day until) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<DayEvents> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    const auto& d = loaded->entry.definition;
    DayEvents out;
    auto seen = visible(d, actor);
    for (const auto& name : d.calendar)
      QS_CHECK(add_days(s, {.d = d, .kind = "date", .field = d.field(name), .which = seen, .from = from, .until = until}, out));
    QS_CHECK(add_days(s, {.d = d, .kind = "due", .which = seen, .from = from, .until = until}, out));
    put_in_order(out);
    return out;
  });
}

Result<DayEvents> Registers::my_days(const Actor& actor, Day from, Day until) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<DayEvents> {
    QS_TRY(auto all, load_all(s));
    DayEvents out;
    for (const auto& loaded : all) {
      const auto& d = loaded->entry.definition;
      auto seen = visible(d, actor);
      QS_CHECK(
          add_days(s, {.d = d, .kind = "due", .which = both(seen, may_move(d, actor)), .from = from, .until = until}, out));
      auto first = out.events.size();
      auto mine = both(both(seen, clause(d.permissions.edit, actor)), unfinished(d));
      for (const auto& reminder : d.reminders)
        QS_CHECK(add_days(
            s, {.d = d, .kind = "remind", .field = d.field(reminder.field), .which = mine, .from = from, .until = until}, out));
      std::set<std::pair<std::string, std::string>> told;
      for (auto i = first; i < out.events.size(); ++i) told.emplace(out.events[i].id, out.events[i].field);
      DayEvents dates;
      for (const auto& name : d.calendar)
        QS_CHECK(add_days(s,
                          {.d = d,
                           .kind = "date",
                           .field = d.field(name),
                           .which = both(seen, concerns(d, actor)),
                           .from = from,
                           .until = until},
                          dates));
      out.more = out.more || dates.more;
      for (auto& e : dates.events)
        if (!told.contains({e.id, e.field})) out.events.push_back(std::move(e));
    }
    put_in_order(out);
    return out;
  });
}

}  // namespace qushu::registers
