#include "qushu/indicators/period.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::indicators {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"month", "quarter", "half", "year"};

calendar::Day day_of(int year, int month) {
  return calendar::Day(std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) / 1);
}

int months_of(PeriodKind kind) {
  return 12 / periods_of_year(kind);
}

}  // namespace

std::string_view name(PeriodKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}
bool parse(std::string_view text, PeriodKind& out) {
  auto found = std::ranges::find(kKinds, text);
  if (found == kKinds.end()) return false;
  out = static_cast<PeriodKind>(found - kKinds.begin());
  return true;
}

int periods_of_year(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::month:
      return 12;
    case PeriodKind::quarter:
      return 4;
    case PeriodKind::half:
      return 2;
    case PeriodKind::year:
      return 1;
  }
  return 1;
}

Period Period::containing(PeriodKind kind, calendar::Day day) {
  std::chrono::year_month_day date(day);
  auto month = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  return {kind, static_cast<int>(date.year()), month / months_of(kind)};
}

std::optional<Period> Period::parse(PeriodKind kind, std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  auto year = to_int(std::string(text.substr(0, 4)));
  if (!year || *year < 1900) return std::nullopt;
  for (int i = 0; i < periods_of_year(kind); ++i) {
    Period p(kind, static_cast<int>(*year), i);
    if (p.text() == text) return p;
  }
  return std::nullopt;
}

std::string Period::text() const {
  switch (kind_) {
    case PeriodKind::month:
      return fmt::format("{:04}-{:02}", year_, index_ + 1);
    case PeriodKind::quarter:
      return fmt::format("{:04}-Q{}", year_, index_ + 1);
    case PeriodKind::half:
      return fmt::format("{:04}-H{}", year_, index_ + 1);
    case PeriodKind::year:
      break;
  }
  return fmt::format("{:04}", year_);
}

calendar::Day Period::first_day() const {
  return day_of(year_, index_ * months_of(kind_) + 1);
}
calendar::Day Period::last_day() const {
  return plus(1).first_day() - std::chrono::days(1);
}
calendar::Day Period::year_first_day() const {
  return day_of(year_, 1);
}
calendar::Day Period::year_last_day() const {
  return day_of(year_ + 1, 1) - std::chrono::days(1);
}

Period Period::plus(int periods) const {
  auto count = periods_of_year(kind_);
  auto all = year_ * count + index_ + periods;
  return {kind_, all / count, all % count};
}

}  // namespace qushu::indicators
