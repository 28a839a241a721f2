// Days of records: what a calendar shows. The dates that a definition names (`calendar`), the ends of states' clocks, and days
// of which somebody is reminded; of one register, or of all of them as far as they concern the caller. As iCalendar (RFC 5545)
// too.
//
// Thread-safety: plain values, and functions that may be called from any thread.
#pragma once

#include "qushu/registers/registers.h"

namespace qushu::registers {

struct DayEvent {
  std::string register_code;
  Text register_name;
  std::string id, number, title;
  Text state;
  std::string kind;   // "date", "due" or "remind"
  std::string field;  // of "date" and "remind"
  Text label;         // what day it is
  calendar::Day day;
  std::optional<Time> at;  // of a date with a time
  bool final = false, late = false;
  Time changed;  // the record
};

struct DayEvents {
  std::vector<DayEvent> events;  // by day, time and number
  bool more = false;             // there are more than anybody looks at
};

// Both days included, at most 400 days; invalid "calendar.days" otherwise. An empty `from` is the first of this month, an empty
// `until` the end of the month of `from`.
struct DayRange {
  calendar::Day from, until;
};
[[nodiscard]] Result<DayRange> day_range(const calendar::Calendar& calendar, std::string_view from, std::string_view until);

[[nodiscard]] json::object to_json(const DayEvent& event, const calendar::Zone& zone, Lang lang);
// `links`: what links begin with; empty: there are none.
[[nodiscard]] std::string icalendar(const DayEvents& days, std::string_view name, std::string_view links, Lang lang);

// Addresses from which a calendar program reads somebody's days without signing in: each person has one at most, whose secret
// is shown once and kept as a digest. What is read there is what the person may see at that moment; it ends with her account.
//
// Thread-safety: may be used from any thread.
class Feeds {
 public:
  struct Deps {
    store::Store& store;
    const Registers& registers;
    audit::Audit& audit;
    const identity::Identity& identity;
    const calendar::Calendar& calendar;
    const Clock& clock;
  };
  explicit Feeds(Deps deps) : deps_(deps) {}

  struct Info {
    std::optional<Time> made, used;
  };
  [[nodiscard]] Result<Info> info(const Actor& actor) const;
  // A new secret; the one before ends. Audited.
  [[nodiscard]] Result<std::string> make(const Actor& actor) const;
  [[nodiscard]] Result<void> end(const Actor& actor) const;
  // not_found for whatever secret is not in use.
  [[nodiscard]] Result<DayEvents> read(std::string_view secret) const;

 private:
  Deps deps_;
};

// /api/v1/register-calendar…, /api/v1/registers/{code}/calendar, /api/v1/calendar-feeds/{secret}/calendar.ics
void add_calendar_routes(http::Router& router, const Registers& registers, const Feeds& feeds,
                         const calendar::Calendar& calendar, const Settings& settings);

}  // namespace qushu::registers
