// A figure and the rows behind it, read with its definer's rights and kept as one fact.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/notify/notices.h"

#include "computed.h"
#include "rows.h"

namespace qushu::indicators {
namespace {

json::array to_json_array(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& one : list) out.emplace_back(one);
  return out;
}

Failure not_a_number(std::string_view text) {
  return fail(
      Error{.code = Code::invalid,
            .id = "indicator.number",
            .text = {fmt::format("结果“{}”不是能精确表示的数。value、part、whole 应得出一个数值。", text),
                     fmt::format("“{}” is no number that can be kept exactly: value, part and whole give one each.", text)},
            .subject = "evidence"});
}

// A number of an answer's first row; nullopt: it is NULL.
Result<std::optional<Fraction>> number_at(const engine::Chunk& chunk, std::size_t column) {
  if (chunk.is_null(column, 0)) return std::nullopt;
  std::string text;
  chunk.append_text(column, 0, text);
  auto value = Fraction::parse(text);
  if (!value) return not_a_number(text);
  return value;
}

// The share of the year that has passed with a day.
Fraction elapsed(const Period& period, calendar::Day day) {
  auto first = period.year_first_day();
  auto whole = (period.year_last_day() - first).count() + 1;
  auto passed = std::clamp<std::int64_t>((day - first).count() + 1, 1, whole);
  return Fraction::make(passed, whole).value_or(Fraction{.n = 1});
}

// What has no evidence is no worse than what is as it should be: nobody is to be woken by a ledger that is still empty.
int severity(std::string_view state, Light light) {
  if (state == "failed") return 3;
  return light == Light::red ? 2 : light == Light::yellow ? 1 : 0;
}

}  // namespace

Result<Actor> Indicators::reader_of(const Indicator& indicator) const {
  if (indicator.definer_id.empty()) return Actor::system();
  auto actor = deps_.identity.actor_of(indicator.definer_id);
  if (!actor && actor.error().code == Code::not_found)
    return fail(Code::forbidden, "indicator.definer", "定义这个指标的人已不在系统中，请由有权的人重新保存定义。",
                "Who defined this indicator is gone; somebody who may should save its evidence again.");
  if (actor) actor->via = "system";  // on her behalf, without a session of hers
  return actor;
}

Indicators::Computed Indicators::figure_of(const Indicator& indicator, const Period& period) const {
  auto reader = reader_of(indicator);
  if (reader) return figure(indicator.definition, *reader, period);
  auto out = Computed{};
  out.value = {.period = period.text(),
               .first_day = calendar::to_text(period.first_day()),
               .state = "failed",
               .target = indicator.definition.target,
               .weight = indicator.definition.weight,
               .computed = deps_.clock.now(),
               .error = reader.error().text};
  return out;
}

Indicators::Computed Indicators::figure(const Definition& d, const Actor& reader, const Period& period) const {
  Computed out;
  out.value = {.period = period.text(),
               .first_day = calendar::to_text(period.first_day()),
               .state = "none",
               .target = d.target,
               .weight = d.weight,
               .computed = deps_.clock.now()};
  auto days = period_sql(period, deps_.calendar.today());
  out.value_sql = figure_sql(d.evidence, days);
  auto read = [&]() -> Result<void> {
    QS_TRY(out.value.final, is_final(period));
    return read_figure(d, reader, period, out);
  }();
  if (!read) {
    auto code = read.error().code;
    if (code == Code::overloaded || code == Code::unavailable || code == Code::storage_full) out.busy = read.error();
    out.value.state = "failed";
    out.value.error = read.error().text;
    out.rows.clear();
  }
  return out;
}

Result<void> Indicators::read_figure(const Definition& d, const Actor& reader, const Period& period, Computed& out) const {
  auto today = deps_.calendar.today();
  QS_TRY(auto allowed, deps_.policy.sandbox_whole(reader, out.value_sql));
  out.relations = allowed.relations;
  out.datasets = allowed.datasets;
  engine::Limits limits{.time = std::chrono::seconds(deps_.settings.integer("indicators.query_time"))};
  QS_TRY(auto sandbox, deps_.engine.sandbox(allowed.spec));
  QS_TRY(auto cursor, sandbox->run(out.value_sql, {}, limits));
  QS_TRY(const auto* chunk, cursor->next());
  if (chunk == nullptr || chunk->rows() == 0) return {};
  bool share = d.evidence.value.empty();
  QS_TRY(auto first, number_at(*chunk, 0));
  std::optional<Fraction> whole;
  if (share) {
    QS_TRY(whole, number_at(*chunk, 1));
  }
  auto& v = out.value;
  v.rows = chunk->integer(share ? 2 : 1, 0);
  cursor.reset();
  QS_TRY(auto again, deps_.engine.sandbox(std::move(allowed.spec)));
  auto most = deps_.settings.integer("indicators.evidence_rows");
  QS_TRY(cursor, again->run(rows_sql(d.evidence, period_sql(period, today), most), {}, limits));
  for (const auto& column : cursor->columns()) out.columns.push_back(column.name);
  for (;;) {
    QS_TRY(chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      json::array row;
      for (std::size_t c = 0; c < out.columns.size(); ++c) {
        if (chunk->is_null(c, r)) {
          row.emplace_back(nullptr);
          continue;
        }
        std::string text;
        chunk->append_text(c, r, text);
        row.emplace_back(std::move(text));
      }
      out.rows.emplace_back(std::move(row));
    }
  }
  if (v.rows == 0 || !first || (share && (!whole || whole->n == 0))) return {};
  if (share) {
    auto percent = Fraction::make(static_cast<__int128>(first->n) * whole->d * 100, static_cast<__int128>(first->d) * whole->n);
    if (!percent) return not_a_number(first->text() + "/" + whole->text());
    v.value = *percent;
  } else {
    v.value = *first;
  }
  v.state = "value";
  v.score = score(d.direction, v.value, d.target, d.weight);
  v.light = light(d.direction, v.value, d.target,
                  d.grows ? std::optional(elapsed(period, std::min(today, period.last_day()))) : std::nullopt);
  return {};
}

Result<void> Indicators::keep(store::Transaction& t, const Indicator& indicator, const Computed& computed) const {
  const auto& d = indicator.definition;
  const auto& v = computed.value;
  // Somebody may have changed the definition meanwhile; then this figure is nobody's.
  QS_TRY(auto now, t.one("SELECT version, owner_id FROM indicator WHERE code = ?", {d.code}));
  if (!now || now->integer(0) != indicator.version)
    return fail(Code::conflict, "indicator.changed", "指标的定义刚刚变了，请重新计算。",
                "The indicator's definition has just changed; compute it again.");
  QS_TRY(auto before,
         t.one("SELECT state, light FROM indicator_value WHERE code = ? AND first_day <= ? ORDER BY first_day DESC LIMIT 1",
               {d.code, v.first_day}));
  QS_CHECK(t.exec(
      fmt::format(
          "INSERT INTO indicator_value (code, {0}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
          "(code, period) DO UPDATE SET state = excluded.state, numerator = excluded.numerator, denominator = "
          "excluded.denominator, score = excluded.score, light = excluded.light, target_numerator = "
          "excluded.target_numerator, target_denominator = excluded.target_denominator, weight = excluded.weight, "
          "row_count = excluded.row_count, version = excluded.version, final = excluded.final, computed = "
          "excluded.computed, error_zh = excluded.error_zh, error_en = excluded.error_en",
          kValueColumns),
      {d.code, v.period, v.first_day, v.state, v.value.n, v.value.d, v.score, name(v.light), v.target.n, v.target.d, v.weight,
       v.rows, indicator.version, v.final && v.state != "failed", v.computed, v.error.zh, v.error.en}));
  QS_CHECK(t.exec(
      "INSERT INTO indicator_evidence (code, period, rows_sql, value_sql, columns, rows, total, kept, relations, "
      "datasets, computed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code, period) DO UPDATE SET rows_sql "
      "= excluded.rows_sql, value_sql = excluded.value_sql, columns = excluded.columns, rows = excluded.rows, total = "
      "excluded.total, kept = excluded.kept, relations = excluded.relations, datasets = excluded.datasets, computed "
      "= excluded.computed",
      {d.code, v.period, d.evidence.rows, computed.value_sql, json::serialize(to_json_array(computed.columns)),
       json::serialize(computed.rows), v.rows, static_cast<std::int64_t>(computed.rows.size()),
       json::serialize(to_json_array(computed.relations)), json::serialize(to_json_array(computed.datasets)), v.computed}));
  if (changed_) t.after_commit([this, code = d.code] { changed_(code); });
  // Of what is past nobody needs to be warned.
  auto current = Period::containing(d.period, deps_.calendar.today());
  Light light_before = Light::none;
  if (before && !parse(before->text(1), light_before)) light_before = Light::none;
  bool worse = severity(v.state, v.light) > (before ? severity(before->text(0), light_before) : 0);
  const auto& owner = now->text(1);
  if (v.period != current.text() || !worse || owner.empty()) return {};
  Text detail =
      v.state == "failed"
          ? v.error
          : Text{fmt::format("{}：{}，目标 {}", v.period, with_unit(v.value, d.unit.zh), with_unit(d.target, d.unit.zh)),
                 fmt::format("{}: {}, target {}", v.period, with_unit(v.value, d.unit.en), with_unit(d.target, d.unit.en))};
  return notify::tell(t, {owner},
                      {.kind = v.light == Light::yellow ? "indicator" : "indicator_late",
                       .link = "/indicators/" + d.code,
                       .title = {"指标偏离目标：" + d.name.zh, "Off its target: " + d.name.en},
                       .detail = std::move(detail),
                       .at = v.computed});
}

Result<Value> Indicators::compute(const Actor& actor, std::string_view code, std::string_view period) {
  QS_CHECK(may_manage(actor));
  QS_TRY(auto indicator, deps_.store.read([&](store::Session& s) { return load(s, code); }));
  const auto& d = indicator.definition;
  auto which =
      period.empty() ? std::optional(Period::containing(d.period, deps_.calendar.today())) : Period::parse(d.period, period);
  if (!which || which->first_day() > deps_.calendar.today())
    return fail(
        Error{.code = Code::invalid,
              .id = "indicator.period",
              .text = {"应为已经开始的周期，如 2026-11、2026-Q4、2026-H2 或 2026，与指标的周期一致。",
                       "A period of the indicator's kind that has begun is expected: 2026-11, 2026-Q4, 2026-H2 or 2026."},
              .subject = "period"});
  auto computed = figure_of(indicator, *which);
  if (computed.busy) return fail(*computed.busy);
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(keep(t, indicator, computed));
    return deps_.audit.record(t, actor,
                              {.action = "indicator.compute",
                               .object_kind = "indicator",
                               .object_id = d.code,
                               .object_name = d.name.zh,
                               .detail = {{"period", which->text()}, {"state", computed.value.state}}});
  }));
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM indicator_value WHERE code = ? AND period = ?", kValueColumns),
                 {code, which->text()});
  }));
  if (!row) return no_indicator();
  return value_of(*row);
}

}  // namespace qushu::indicators
