// Inside the module: indicators and their values as rows of the store.
#pragma once

#include "qushu/indicators/indicators.h"

namespace qushu::indicators {

inline constexpr std::string_view kIndicatorColumns =
    "code, version, origin, yaml, changed, changed_by, definer_id, owner_id, owner_name, department_name";
[[nodiscard]] Result<Indicator> indicator_of(const store::Row& row);

inline constexpr std::string_view kValueColumns =
    "period, first_day, state, numerator, denominator, score, light, target_numerator, target_denominator, weight, row_count, "
    "version, final, computed, error_zh, error_en";
// `from`: where these columns begin.
[[nodiscard]] Value value_of(const store::Row& row, std::size_t from = 0);

[[nodiscard]] Failure no_indicator();
[[nodiscard]] Result<void> may_use(const Actor& actor);
[[nodiscard]] Result<void> may_manage(const Actor& actor);

// What statements read as `period`, as the beginning of one. It is no view, so that figures of different periods over the same
// data find the engine's instance ready.
[[nodiscard]] std::string period_sql(const Period& period, calendar::Day today);
// The statement that gives the figure: the value, or part and whole, and the number of rows. And the one of the rows.
[[nodiscard]] std::string figure_sql(const Evidence& evidence, const std::string& period);
[[nodiscard]] std::string rows_sql(const Evidence& evidence, const std::string& period, std::int64_t most);

// The line on which a key of the outermost map stands, from 1.
[[nodiscard]] std::uint32_t line_of(std::string_view yaml, std::string_view key);

}  // namespace qushu::indicators
