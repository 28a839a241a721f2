// Definitions: kept with their versions, tried before they are taken, and who answers for them.
#include "qushu/indicators/indicators.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/definitions/versions.h"

#include "builtin.h"
#include "computed.h"
#include "rows.h"

namespace qushu::indicators {
namespace {

constexpr std::string_view kTable = "indicator";

const std::array kMigrations{store::Migration{.id = "indicators.0001", .sql = R"(
CREATE TABLE indicator (
  code TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  origin TEXT NOT NULL,
  digest TEXT NOT NULL,
  yaml TEXT NOT NULL,
  changed BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  definer_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  owner_name TEXT NOT NULL,
  department_name TEXT NOT NULL
);
CREATE TABLE indicator_version (
  code TEXT NOT NULL,
  version BIGINT NOT NULL,
  yaml TEXT NOT NULL,
  at BIGINT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE TABLE indicator_value (
  code TEXT NOT NULL,
  period TEXT NOT NULL,
  first_day TEXT NOT NULL,
  state TEXT NOT NULL,
  numerator BIGINT NOT NULL,
  denominator BIGINT NOT NULL,
  score BIGINT NOT NULL,
  light TEXT NOT NULL,
  target_numerator BIGINT NOT NULL,
  target_denominator BIGINT NOT NULL,
  weight BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  version BIGINT NOT NULL,
  final BIGINT NOT NULL,
  computed BIGINT NOT NULL,
  error_zh TEXT NOT NULL,
  error_en TEXT NOT NULL,
  PRIMARY KEY (code, period)
);
CREATE INDEX indicator_value_day ON indicator_value (code, first_day);
CREATE TABLE indicator_evidence (
  code TEXT NOT NULL,
  period TEXT NOT NULL,
  rows_sql TEXT NOT NULL,
  value_sql TEXT NOT NULL,
  columns TEXT NOT NULL,
  rows TEXT NOT NULL,
  total BIGINT NOT NULL,
  kept BIGINT NOT NULL,
  relations TEXT NOT NULL,
  datasets TEXT NOT NULL,
  computed BIGINT NOT NULL,
  PRIMARY KEY (code, period)
);
)"}};

const std::array kSettings{
    SettingSpec{.key = "indicators.schedule",
                .kind = SettingKind::text,
                .default_value = "30 1 * * *",
                .label = {"指标自动计算的时间（分 时 日 月 周，如 30 1 * * * 为每天 1:30）",
                          "When indicators are computed (minute, hour, day, month, weekday: 30 1 * * * is 1:30 every day)"},
                .runtime = true},
    SettingSpec{.key = "indicators.settle_days",
                .kind = SettingKind::integer,
                .default_value = "10",
                .label = {"周期结束后多少个工作日内仍重新计算，之后定稿",
                          "Working days after a period during which it is computed again; then it is final"},
                .min = 0,
                .max = 250,
                .runtime = true},
    SettingSpec{.key = "indicators.evidence_rows",
                .kind = SettingKind::integer,
                .default_value = "1000",
                .label = {"随指标值最多保存多少行佐证", "Rows of evidence kept with a figure at most"},
                .min = 1,
                .max = 100'000,
                .runtime = true},
    SettingSpec{.key = "indicators.query_time",
                .kind = SettingKind::seconds,
                .default_value = "30s",
                .label = {"一个指标的语句最多运行多久", "How long an indicator's statement may run"},
                .min = 1,
                .max = 3600,
                .runtime = true}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

Result<Indicator> Indicators::load(store::Session& s, std::string_view code) const {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM indicator WHERE code = ?", kIndicatorColumns), {code}));
  if (!row) return no_indicator();
  return indicator_of(*row);
}

Result<std::vector<Indicator>> Indicators::load_all(store::Session& s) const {
  QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM indicator ORDER BY code", kIndicatorColumns)));
  std::vector<Indicator> out;
  for (const auto& row : rows) {
    QS_TRY(auto one, indicator_of(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<Trial> Indicators::check(const Actor& actor, std::string_view yaml) const {
  QS_CHECK(may_manage(actor));
  return trial(actor, yaml);
}

Result<Trial> Indicators::trial(const Actor& actor, std::string_view yaml) const {
  auto parsed = parse_definition(yaml);
  Trial out{.code = parsed.definition.code, .name = parsed.definition.name, .mistakes = std::move(parsed.mistakes)};
  if (!out.mistakes.empty()) return out;
  const auto& d = parsed.definition;
  QS_TRY(auto old, deps_.store.read([&](store::Session& s) -> Result<std::optional<std::pair<Indicator, std::string>>> {
    QS_TRY(auto row, s.one("SELECT yaml FROM indicator WHERE code = ?", {d.code}));
    if (!row) return std::nullopt;
    QS_TRY(auto loaded, load(s, d.code));
    return std::pair(std::move(loaded), row->text(0));
  }));
  out.version = old ? old->first.version + 1 : 1;
  if (old && old->second == yaml) {
    out.unchanged = true;
    out.version = old->first.version;
  }
  auto tried = old && old->first.definition.evidence == d.evidence
                   ? figure_of({.definition = d, .definer_id = old->first.definer_id},
                               Period::containing(d.period, deps_.calendar.today()))
                   : figure(d, actor, Period::containing(d.period, deps_.calendar.today()));
  if (tried.value.state == "failed") {
    // Where in the file: SQL is told by the engine, with its place in the text.
    out.mistakes.push_back({.line = line_of(yaml, "evidence"), .column = 1, .key = "evidence", .text = tried.value.error});
    return out;
  }
  out.value = tried.value;
  out.columns = tried.columns;
  return out;
}

Result<Indicator> Indicators::apply(const Actor& actor, std::string_view yaml, std::string_view note) {
  QS_CHECK(may_manage(actor));
  QS_TRY(auto tried, trial(actor, yaml));
  if (!tried.mistakes.empty()) return definitions::tell(tried.mistakes, "indicator.definition");
  return deps_.store.write([&](store::Transaction& t) { return apply(t, actor, yaml, note, "local"); });
}

Result<Indicator> Indicators::apply(store::Transaction& t, const Actor& actor, std::string_view yaml, std::string_view note,
                                    std::string_view origin) const {
  QS_TRY(auto d, read_definition(yaml));
  QS_TRY(auto row, t.one("SELECT digest FROM indicator WHERE code = ?", {d.code}));
  std::optional<Indicator> old;
  if (row) {
    QS_TRY(old, load(t, d.code));
    if (row->text(0) == definitions::digest_of(yaml)) return *std::move(old);
  }
  auto version = old ? old->version + 1 : 1;
  // Whoever changes what is read answers for it with her own rights; a new target or name is no reason to lend them.
  auto definer = old && old->definition.evidence == d.evidence ? old->definer_id : actor.person_id;
  auto now = deps_.clock.now();
  QS_CHECK(
      t.exec("INSERT INTO indicator (code, version, origin, digest, yaml, changed, changed_by, definer_id, owner_id, "
             "owner_name, department_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', '') ON CONFLICT (code) DO UPDATE SET "
             "version = excluded.version, origin = excluded.origin, digest = excluded.digest, yaml = excluded.yaml, "
             "changed = excluded.changed, changed_by = excluded.changed_by, definer_id = excluded.definer_id",
             {d.code, version, origin, definitions::digest_of(yaml), yaml, now, actor.name, definer}));
  QS_CHECK(definitions::keep_version(t, kTable, actor, d.code, version, yaml, now, note));
  QS_CHECK(deps_.audit.record(t, actor,
                              {.action = "indicator.apply",
                               .object_kind = "indicator",
                               .object_id = d.code,
                               .object_name = d.name.zh,
                               .detail = {{"version", version}}}));
  return load(t, d.code);
}

Result<void> Indicators::install_builtins() {
  QS_TRY(auto due, deps_.store.read([](store::Session& s) { return definitions::due_builtins(s, kTable, builtins()); }));
  if (due.empty()) return {};
  return deps_.store.write([&](store::Transaction& t) {
    return definitions::apply_builtins(t, kTable, due, [&](const Builtin& one) -> Result<void> {
      QS_CHECK(apply(t, Actor::system(), one.yaml, "随程序提供", "builtin"));
      return {};
    });
  });
}

Result<Indicator> Indicators::assign(const Actor& actor, std::string_view code, std::string_view person) {
  QS_CHECK(may_manage(actor));
  identity::Person owner;
  if (!person.empty()) {
    auto found = deps_.identity.person(person);
    if (!found && found.error().code == Code::not_found) return fail(std::move(found).error().about("owner"));
    QS_CHECK(found);
    owner = *std::move(found);
  }
  return deps_.store.write([&](store::Transaction& t) -> Result<Indicator> {
    QS_TRY(auto old, load(t, code));
    QS_CHECK(t.exec("UPDATE indicator SET owner_id = ?, owner_name = ?, department_name = ? WHERE code = ?",
                    {owner.id, owner.name, owner.department_name, code}));
    QS_CHECK(deps_.audit.record(t, actor,
                                {.action = "indicator.assign",
                                 .object_kind = "indicator",
                                 .object_id = std::string(code),
                                 .object_name = old.definition.name.zh,
                                 .detail = {{"before", old.owner_name}, {"after", owner.name}}}));
    return load(t, code);
  });
}

Result<std::vector<Standing>> Indicators::list(const Actor& actor, std::size_t values, std::string_view code) const {
  QS_CHECK(may_use(actor));
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Standing>> {
    std::vector<Standing> out;
    std::map<std::string, std::size_t, std::less<>> places;
    if (code.empty()) {
      QS_TRY(auto all, load_all(s));
      for (auto& one : all) out.push_back({.indicator = std::move(one)});
    } else {
      QS_TRY(auto one, load(s, code));
      out.push_back({.indicator = std::move(one)});
    }
    for (auto& one : out) {
      QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM indicator_value WHERE code = ? ORDER BY first_day DESC LIMIT ?",
                                            kValueColumns),
                                {one.indicator.definition.code, static_cast<std::int64_t>(values)}));
      for (auto row = rows.rbegin(); row != rows.rend(); ++row) one.values.push_back(value_of(*row));
    }
    return out;
  });
}

Result<Standing> Indicators::find(const Actor& actor, std::string_view code, std::size_t values) const {
  if (code.empty()) return no_indicator();
  QS_TRY(auto found, list(actor, values, code));
  return std::move(found.front());
}

Result<std::vector<Standing>> Indicators::worries(const Actor& actor) const {
  if (actor.person_id.empty() || !actor.can(Permission::indicator_use)) return std::vector<Standing>{};
  QS_TRY(auto all, list(actor, 1));
  std::erase_if(all, [&](const Standing& one) {
    bool well = one.values.empty() || (one.values.back().state != "failed" && one.values.back().light != Light::red &&
                                       one.values.back().light != Light::yellow);
    return one.indicator.owner_id != actor.person_id || one.indicator.definition.retired || well;
  });
  return all;
}

Result<std::string> Indicators::yaml(const Actor& actor, std::string_view code, std::int64_t version) const {
  QS_CHECK(may_use(actor));
  return deps_.store.read([&](store::Session& s) -> Result<std::string> {
    QS_TRY(auto now, load(s, code));
    return definitions::yaml_of(s, kTable, code, version > 0 ? version : now.version);
  });
}

Result<std::vector<Version>> Indicators::versions(const Actor& actor, std::string_view code) const {
  QS_CHECK(may_use(actor));
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Version>> {
    QS_CHECK(load(s, code));
    return definitions::versions_of(s, kTable, code);
  });
}

}  // namespace qushu::indicators
