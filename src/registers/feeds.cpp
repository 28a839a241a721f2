// A person's days for her calendar program, and iCalendar.
#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"
#include "qushu/registers/days.h"

#include "loaded.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kSecretBytes = 20;  // 160 bits: 32 letters
constexpr auto kPast = std::chrono::days(60), kAhead = std::chrono::days(330);
constexpr auto kUsedEvery = std::chrono::hours(1);

std::string hash_of(std::string_view secret) {
  return crypto::digest_hex(fmt::format("calendar\n{}", secret));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == ';' || c == ',') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out;
}

// Lines of 75 bytes at most, no character being cut in two.
void add_line(std::string& out, std::string_view line) {
  constexpr std::size_t kLine = 75;
  for (bool first = true;; first = false) {
    auto room = first ? kLine : kLine - 1;
    if (!first) out += ' ';
    auto end = std::min(room, line.size());
    while (end < line.size() && end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
    out += line.substr(0, end);
    out += "\r\n";
    line.remove_prefix(end);
    if (line.empty()) return;
  }
}

std::string digits(std::string_view text) {
  std::string out;
  for (char c : text)
    if (is_ascii_digit(c)) out += c;
  return out;
}

// "20261123T060500Z"
std::string utc(Time at) {
  auto iso = to_iso(at);
  return digits(std::string_view(iso).substr(0, 10)) + "T" + digits(std::string_view(iso).substr(11, 8)) + "Z";
}

}  // namespace

json::object to_json(const DayEvent& e, const calendar::Zone& zone, Lang lang) {
  std::string time;
  if (e.at) {
    auto local = zone.local(*e.at);
    auto minutes = std::chrono::duration_cast<std::chrono::minutes>(local - calendar::LocalTime(e.day)).count();
    time = fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
  }
  return {{"register", e.register_code},
          {"register_name", e.register_name.in(lang)},
          {"id", e.id},
          {"number", e.number},
          {"title", e.title},
          {"state", e.state.in(lang)},
          {"kind", e.kind},
          {"label", e.label.in(lang)},
          {"day", calendar::to_text(e.day)},
          {"time", time},
          {"final", e.final},
          {"late", e.late}};
}

std::string icalendar(const DayEvents& days, std::string_view name, std::string_view links, Lang lang) {
  std::string out;
  for (auto line : {"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Qushu//Registers//ZH", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"})
    add_line(out, line);
  add_line(out, "X-WR-CALNAME:" + escaped(name));
  for (const auto& e : days.events) {
    add_line(out, "BEGIN:VEVENT");
    add_line(out, fmt::format("UID:{}-{}@qushu", e.id, e.field.empty() ? "due" : e.field));
    add_line(out, "DTSTAMP:" + utc(e.changed));
    if (e.at)
      add_line(out, "DTSTART:" + utc(*e.at));
    else
      add_line(out, "DTSTART;VALUE=DATE:" + digits(calendar::to_text(e.day)));
    add_line(out, "SUMMARY:" + escaped(e.title + (lang == Lang::zh ? "：" : ": ") + e.label.in(lang)));
    add_line(out, "DESCRIPTION:" + escaped(fmt::format("{} {}\n{}", e.register_name.in(lang), e.number, e.state.in(lang))));
    if (!links.empty()) add_line(out, fmt::format("URL:{}/registers/{}/records/{}", links, e.register_code, e.id));
    // Days do not keep anybody from anything else.
    add_line(out, "TRANSP:TRANSPARENT");
    add_line(out, "END:VEVENT");
  }
  add_line(out, "END:VCALENDAR");
  return out;
}

Result<Feeds::Info> Feeds::info(const Actor& actor) const {
  return deps_.store.read([&](store::Session& s) -> Result<Info> {
    QS_TRY(auto row, s.one("SELECT made, used FROM register_feed WHERE person_id = ?", {actor.person_id}));
    if (!row) return Info{};
    return Info{.made = row->time(0), .used = row->opt_time(1)};
  });
}

Result<std::string> Feeds::make(const Actor& actor) const {
  if (actor.person_id.empty())
    return fail(Code::forbidden, "calendar.nobody", "日历订阅属于一个人，请以本人身份操作。",
                "A calendar's address belongs to a person: act as one.");
  auto secret = lower_ascii(crypto::to_base32(crypto::random_bytes(kSecretBytes)));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(
        t.exec("INSERT INTO register_feed (person_id, hash, made, used) VALUES (?, ?, ?, NULL) ON CONFLICT (person_id) DO "
               "UPDATE SET hash = excluded.hash, made = excluded.made, used = NULL",
               {actor.person_id, hash_of(secret), deps_.clock.now()}));
    return deps_.audit.record(
        t, actor,
        {.action = "calendar.subscribe", .object_kind = "person", .object_id = actor.person_id, .object_name = actor.name});
  }));
  return secret;
}

Result<void> Feeds::end(const Actor& actor) const {
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto gone, t.exec("DELETE FROM register_feed WHERE person_id = ?", {actor.person_id}));
    if (gone == 0) return fail(Code::not_found, "calendar.no_feed", "没有日历订阅。", "There is no address of a calendar.");
    return deps_.audit.record(
        t, actor,
        {.action = "calendar.unsubscribe", .object_kind = "person", .object_id = actor.person_id, .object_name = actor.name});
  });
}

Result<DayEvents> Feeds::read(std::string_view secret) const {
  auto unknown = [] { return fail(Code::not_found, "calendar.no_feed", "没有这个日历地址。", "There is no such calendar."); };
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one("SELECT person_id, used FROM register_feed WHERE hash = ?", {hash_of(secret)});
  }));
  if (!row) return unknown();
  auto actor = deps_.identity.actor_of(row->text(0));
  if (!actor && (actor.error().code == Code::not_found || actor.error().code == Code::forbidden)) return unknown();
  QS_CHECK(actor);
  if (!actor->can(Permission::register_use)) return unknown();
  auto now = deps_.clock.now();
  if (auto used = row->opt_time(1); !used || now - *used > kUsedEvery)
    QS_CHECK(deps_.store.write([&](store::Transaction& t) {
      return t.exec("UPDATE register_feed SET used = ? WHERE hash = ?", {now, hash_of(secret)});
    }));
  auto today = deps_.calendar.today();
  return deps_.registers.my_days(*actor, today - kPast, today + kAhead);
}

}  // namespace qushu::registers
