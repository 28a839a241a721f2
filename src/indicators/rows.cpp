#include "rows.h"

#include <algorithm>

#include <fmt/format.h>

namespace qushu::indicators {

Result<Indicator> indicator_of(const store::Row& row) {
  Indicator out;
  QS_TRY(out.definition, read_definition(row.text(3)));
  out.version = row.integer(1);
  out.origin = row.text(2);
  out.changed = row.time(4);
  out.changed_by = row.text(5);
  out.definer_id = row.text(6);
  out.owner_id = row.text(7);
  out.owner_name = row.text(8);
  out.department_name = row.text(9);
  return out;
}

Value value_of(const store::Row& row, std::size_t from) {
  Value v;
  v.period = row.text(from);
  v.first_day = row.text(from + 1);
  v.state = row.text(from + 2);
  v.value = {.n = row.integer(from + 3), .d = row.integer(from + 4)};
  v.score = row.integer(from + 5);
  if (!parse(row.text(from + 6), v.light)) v.light = Light::none;
  v.target = {.n = row.integer(from + 7), .d = row.integer(from + 8)};
  v.weight = row.integer(from + 9);
  v.rows = row.integer(from + 10);
  v.version = row.integer(from + 11);
  v.final = row.boolean(from + 12);
  v.computed = row.time(from + 13);
  v.error = {row.text(from + 14), row.text(from + 15)};
  return v;
}

Failure no_indicator() {
  return fail(Code::not_found, "indicator.not_found", "没有这个指标。", "There is no such indicator.");
}

Result<void> may_use(const Actor& actor) {
  if (actor.can(Permission::indicator_use)) return {};
  return fail(Code::forbidden, "indicator.use", "您的角色不能查看指标。", "Your role does not see indicators.");
}

Result<void> may_manage(const Actor& actor) {
  if (actor.can(Permission::indicator_manage)) return {};
  return fail(Code::forbidden, "indicator.manage", "只有指标的管理者能定义和计算指标。",
              "Only who manages indicators may define and compute them.");
}

std::string period_sql(const Period& period, calendar::Day today) {
  auto day = [](calendar::Day d) { return "DATE " + engine::quote_text(calendar::to_text(d)); };
  return fmt::format(
      "WITH period AS (SELECT {} AS first_day, {} AS last_day, {} AS year_first_day, {} AS year_last_day, {} AS as_of)\n",
      day(period.first_day()), day(period.last_day()), day(period.year_first_day()), day(period.year_last_day()),
      day(std::min(period.last_day(), today)));
}

// What people wrote stands on lines of its own, so that a comment at an end swallows nothing.
std::string figure_sql(const Evidence& e, const std::string& period) {
  auto figure = e.value.empty() ? fmt::format("(\n{}\n) AS part_, (\n{}\n) AS whole_", e.part, e.whole)
                                : fmt::format("(\n{}\n) AS value_", e.value);
  return fmt::format("{}SELECT {}, count(*) AS rows_ FROM (\n{}\n) AS evidence_", period, figure, e.rows);
}

std::string rows_sql(const Evidence& e, const std::string& period, std::int64_t most) {
  return fmt::format("{}SELECT * FROM (\n{}\n) AS evidence_ LIMIT {}", period, e.rows, most);
}

std::uint32_t line_of(std::string_view yaml, std::string_view key) {
  std::uint32_t line = 1;
  for (std::size_t at = 0; at < yaml.size(); ++line) {
    auto end = std::min(yaml.find('\n', at), yaml.size());
    auto text = yaml.substr(at, end - at);
    if (text.starts_with(key) && text.substr(key.size()).starts_with(':')) return line;
    at = end + 1;
  }
  return 1;
}

}  // namespace qushu::indicators
