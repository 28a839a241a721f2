#include "qushu/calendar/zone.h"

#include <fmt/format.h>
#include <unicode/timezone.h>

#include "qushu/base/text.h"

namespace qushu::calendar {

struct Zone::Table {
  std::unique_ptr<const icu::TimeZone> zone;

  // How far the clock is ahead of UTC.
  [[nodiscard]] std::chrono::milliseconds ahead(double ms) const {
    std::int32_t raw = 0, saving = 0;
    auto status = U_ZERO_ERROR;
    zone->getOffset(ms, 0, raw, saving, status);
    return std::chrono::milliseconds(U_SUCCESS(status) ? raw + saving : 0);
  }
};

Result<Zone> Zone::find(std::string_view name) {
  auto wrong = [&] {
    return fail(
        Error{.code = Code::invalid,
              .id = "calendar.zone",
              .text = {fmt::format("没有“{}”这个时区，应写成 Asia/Shanghai 这样的名称。", shorten(name, 60)),
                       fmt::format("There is no time zone “{}”; write a name such as Asia/Shanghai.", shorten(name, 60))},
              .subject = "zone"});
  };
  if (name.empty() || name.size() > 60 || !is_utf8(name)) return wrong();
  auto id = icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<std::int32_t>(name.size())));
  auto table = std::make_shared<Table>();
  table->zone.reset(icu::TimeZone::createTimeZone(id));
  if (!table->zone || *table->zone == icu::TimeZone::getUnknown()) return wrong();
  return Zone(std::string(name), std::move(table));
}

LocalTime Zone::local(Time at) const {
  auto ms = std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
  return LocalTime(at.time_since_epoch() + table_->ahead(static_cast<double>(ms)));
}

Time Zone::instant(LocalTime local) const {
  // The offsets a day before and a day after are those on either side of a change, if there is one near.
  auto as_utc = Time(local.time_since_epoch());
  auto ahead = [&](Time at) {
    return table_->ahead(static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count()));
  };
  auto before = ahead(as_utc - std::chrono::days(1)), after = ahead(as_utc + std::chrono::days(1));
  auto early = as_utc - std::max(before, after), late = as_utc - std::min(before, after);
  if (this->local(early) == local) return early;
  if (this->local(late) == local) return late;
  return as_utc - before;  // never shown: the clock was put forward over it
}

std::string to_text(Day day) {
  std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<Day> parse_day(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  auto time = parse_iso(text);
  if (!time) return std::nullopt;
  return Day(std::chrono::floor<std::chrono::days>(time->time_since_epoch()));
}

}  // namespace qushu::calendar
