// The periods that figures are computed for, by the district's calendar: months, quarters, half years and years.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/error.h"
#include "qushu/calendar/zone.h"

namespace qushu::indicators {

enum class PeriodKind : std::uint8_t { month, quarter, half, year };
[[nodiscard]] std::string_view name(PeriodKind kind);
[[nodiscard]] bool parse(std::string_view text, PeriodKind& out);

class Period {
 public:
  [[nodiscard]] static Period containing(PeriodKind kind, calendar::Day day);
  // "2026-11", "2026-Q4", "2026-H2", "2026"; nullopt when it is none, or of another kind.
  [[nodiscard]] static std::optional<Period> parse(PeriodKind kind, std::string_view text);

  [[nodiscard]] PeriodKind kind() const { return kind_; }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] calendar::Day first_day() const;
  [[nodiscard]] calendar::Day last_day() const;
  [[nodiscard]] calendar::Day year_first_day() const;
  [[nodiscard]] calendar::Day year_last_day() const;
  [[nodiscard]] Period plus(int periods) const;

  friend bool operator==(const Period&, const Period&) = default;

 private:
  Period(PeriodKind kind, int year, int index) : kind_(kind), year_(year), index_(index) {}
  PeriodKind kind_;
  int year_;
  int index_;  // within the year, from 0
};

// How many of them make a year.
[[nodiscard]] int periods_of_year(PeriodKind kind);

}  // namespace qushu::indicators
