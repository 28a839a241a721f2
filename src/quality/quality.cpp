#include "qushu/quality/quality.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "stored.h"
#include "words.h"

namespace qushu::quality {
namespace {

constexpr std::size_t kMostRules = 500;  // of one dataset

const std::array kMigrations{
    store::Migration{
        .id = "quality.0001",
        .sql =
            "CREATE TABLE quality_rule (id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE "
            "CASCADE, "
            "kind TEXT NOT NULL, severity TEXT NOT NULL, fields TEXT NOT NULL, params TEXT NOT NULL, note TEXT NOT NULL, "
            "enabled BIGINT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, created BIGINT NOT NULL, changed "
            "BIGINT NOT NULL);\n"
            "CREATE INDEX quality_rule_dataset ON quality_rule (dataset_id, id);\n"
            "CREATE TABLE quality_check (id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE "
            "CASCADE, "
            "version BIGINT NOT NULL, trigger_kind TEXT NOT NULL, stopped BIGINT NOT NULL, row_count BIGINT NOT NULL, outcomes "
            "TEXT NOT NULL, score DOUBLE PRECISION, completeness DOUBLE PRECISION, validity DOUBLE PRECISION, uniqueness "
            "DOUBLE "
            "PRECISION, consistency DOUBLE PRECISION, timeliness DOUBLE PRECISION, failures_blob TEXT NOT NULL, waived_by TEXT "
            "NOT NULL, waiver TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, job_id TEXT NOT NULL, at "
            "BIGINT "
            "NOT NULL);\n"
            "CREATE INDEX quality_check_dataset ON quality_check (dataset_id, id);\n"
            "CREATE INDEX quality_check_at ON quality_check (at);\n"
            "CREATE INDEX quality_check_blob ON quality_check (failures_blob);\n"},
    store::Migration{.id = "quality.0002",
                     .sql = "CREATE TABLE correction (id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, dataset_id TEXT NOT "
                            "NULL REFERENCES dataset (id) ON "
                            "DELETE CASCADE, dataset_code TEXT NOT NULL, dataset_title TEXT NOT NULL, provider_id TEXT NOT "
                            "NULL, provider_name TEXT NOT NULL, version BIGINT "
                            "NOT NULL, row_key TEXT NOT NULL, field TEXT NOT NULL, field_name TEXT NOT NULL, wrong TEXT NOT "
                            "NULL, proposed TEXT NOT NULL, "
                            "material TEXT NOT NULL, state TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, "
                            "department_id TEXT NOT "
                            "NULL, reported BIGINT NOT NULL, started BIGINT NOT NULL, answered BIGINT, closed BIGINT, outcome "
                            "TEXT NOT NULL, answer "
                            "TEXT NOT NULL, answered_by TEXT NOT NULL, days_allowed BIGINT NOT NULL, days_taken BIGINT, late "
                            "BIGINT NOT NULL, changed "
                            "BIGINT NOT NULL);\n"
                            "CREATE INDEX correction_dataset ON correction (dataset_id, id);\n"
                            "CREATE INDEX correction_provider ON correction (provider_id, state);\n"
                            "CREATE INDEX correction_person ON correction (person_id, state);\n"
                            "CREATE TABLE correction_event (correction_id TEXT NOT NULL REFERENCES correction (id) ON DELETE "
                            "CASCADE, number BIGINT "
                            "NOT NULL, at BIGINT NOT NULL, action TEXT NOT NULL, state TEXT NOT NULL, text TEXT NOT NULL, "
                            "person_id TEXT NOT NULL, "
                            "person_name TEXT NOT NULL, PRIMARY KEY (correction_id, number));\n"},
    store::Migration{.id = "quality.0003",
                     .sql = "CREATE TABLE correction_file (id TEXT PRIMARY KEY, correction_id TEXT NOT NULL REFERENCES "
                            "correction (id) ON DELETE CASCADE, part TEXT NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL, "
                            "size BIGINT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, at BIGINT NOT NULL);\n"
                            "CREATE INDEX correction_file_correction ON correction_file (correction_id, at);\n"
                            "CREATE INDEX correction_file_blob ON correction_file (blob);\n"},
    store::Migration{.id = "quality.0004",
                     .sql = "ALTER TABLE correction ADD COLUMN origin TEXT NOT NULL DEFAULT '';\n"
                            "ALTER TABLE correction ADD COLUMN contact TEXT NOT NULL DEFAULT '';\n"}};

const std::array kSettings{
    SettingSpec{.key = "quality.weights",
                .kind = SettingKind::text,
                .default_value = "completeness=25 validity=30 uniqueness=15 consistency=15 timeliness=15",
                .label = {"质量得分中各维度的权重", "Weights of the dimensions in the quality score"},
                .runtime = true},
    SettingSpec{.key = "quality.failures_kept",
                .kind = SettingKind::integer,
                .default_value = "10000",
                .label = {"每条规则保留多少不合格行供下载", "Failing rows kept of each rule for download"},
                .min = 0,
                .max = 1000000,
                .runtime = true},
    SettingSpec{.key = "quality.check_time",
                .kind = SettingKind::seconds,
                .default_value = "1h",
                .label = {"一次质量检查的时限", "Time limit of one quality check"},
                .min = 1,
                .max = 86400},
    SettingSpec{.key = "quality.propose_time",
                .kind = SettingKind::seconds,
                .default_value = "60s",
                .label = {"推荐规则和试算规则的时限", "Time limit of proposing and trying rules"},
                .min = 1,
                .max = 3600},
    SettingSpec{.key = "quality.grace_days",
                .kind = SettingKind::integer,
                .default_value = "3",
                .label = {"更新周期到期后宽限的工作日", "Working days of grace after an update is due"},
                .min = 0,
                .max = 366,
                .runtime = true},
    SettingSpec{.key = "quality.daily_hour",
                .kind = SettingKind::integer,
                .default_value = "5",
                .label = {"每日质量检查从几点开始", "Hour at which the daily check begins"},
                .min = 0,
                .max = 23,
                .runtime = true},
    SettingSpec{.key = "quality.region_dataset",
                .kind = SettingKind::text,
                .default_value = "",
                .label = {"作为行政区划参照表的数据集代码", "Code of the dataset that is the reference table of regions"},
                .runtime = true},
    SettingSpec{.key = "quality.region_field",
                .kind = SettingKind::text,
                .default_value = "",
                .label = {"行政区划参照表中的代码字段", "Field of that table that holds the codes"},
                .runtime = true},
    SettingSpec{.key = "quality.correction_days",
                .kind = SettingKind::integer,
                .default_value = "10",
                .label = {"校核工单的办理时限（工作日）", "Working days to answer a correction ticket"},
                .min = 1,
                .max = 366,
                .runtime = true},
    SettingSpec{.key = "quality.correction_text",
                .kind = SettingKind::integer,
                .default_value = "5000",
                .label = {"校核工单每段文字的最多字数", "Most characters of each text of a correction ticket"},
                .min = 100,
                .max = 100000},
    SettingSpec{.key = "quality.correction_file_size",
                .kind = SettingKind::bytes,
                .default_value = "20MiB",
                .label = {"校核工单每个附件的大小上限", "Size limit of a file attached to a correction ticket"},
                .min = 1024,
                .max = std::int64_t{4} << 30,
                .runtime = true},
    SettingSpec{.key = "quality.correction_files",
                .kind = SettingKind::integer,
                .default_value = "20",
                .label = {"校核工单最多几个附件", "Most files attached to a correction ticket"},
                .min = 0,
                .max = 1000,
                .runtime = true}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

Failure no_check() {
  return fail(Code::not_found, "quality.no_check", "没有这次检查，或者您无权查看。",
              "There is no such check, or none that you may see.");
}

std::unique_ptr<Quality> Quality::open(Deps deps) {
  auto quality = std::make_unique<StoredQuality>(deps);
  quality->register_jobs();
  return quality;
}

Result<catalog::Dataset> StoredQuality::visible(const Actor& actor, std::string_view code) const {
  QS_TRY(auto dataset, deps_.catalog.find(sharing::visibility(actor), code));
  if (dataset.state == "withdrawn" && !sharing::check_steward(actor, dataset))
    return fail(Code::not_found, "dataset.not_found", "没有这个数据集，或者您无权查看。",
                "There is no such dataset, or none that you may see.");
  return dataset;
}

Result<catalog::Dataset> StoredQuality::writable(const Actor& actor, std::string_view code) const {
  QS_TRY(auto dataset, visible(actor, code));
  QS_CHECK(sharing::check_steward(actor, dataset));
  return dataset;
}

std::size_t StoredQuality::failures_kept() const {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, deps_.settings.integer("quality.failures_kept")));
}

Result<void> StoredQuality::record(store::Transaction& t, const Actor& actor, std::string_view action,
                                   const catalog::Dataset& dataset, json::object detail) const {
  return deps_.audit.record(t, actor,
                            {.action = std::string(action),
                             .object_kind = "dataset",
                             .object_id = dataset.id,
                             .object_name = dataset.title,
                             .detail = std::move(detail)});
}

// --- rules -------------------------------------------------------------------------------------------------------------------

Result<std::vector<Rule>> StoredQuality::load_rules(std::string_view dataset_id, bool enabled_only) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Rule>> {
    QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM quality_rule WHERE dataset_id = ?{} ORDER BY created, id",
                                          kRuleColumns, enabled_only ? " AND enabled = 1" : ""),
                              {dataset_id}));
    std::vector<Rule> list;
    for (const auto& row : rows) list.push_back(rule_of(row));
    return list;
  });
}

Result<std::vector<Rule>> StoredQuality::rules(const Actor& actor, std::string_view code) const {
  QS_TRY(auto dataset, visible(actor, code));
  return load_rules(dataset.id, false);
}

Result<void> StoredQuality::check_deep(const Actor& actor, const catalog::Dataset& dataset, const Rule& rule) const {
  auto refers = rule.kind == Kind::reference || rule.kind == Kind::total;
  if (refers || rule.kind == Kind::region) {
    auto code = refers ? text_at(rule.params, "dataset") : deps_.settings.text("quality.region_dataset");
    if (code.empty())
      return fail(Error{.code = Code::conflict,
                        .id = "quality.no_regions",
                        .text = {"还没有指定行政区划参照表，请管理员设置 quality.region_dataset 和 quality.region_field。",
                                 "No reference table of regions is named: an administrator sets quality.region_dataset and "
                                 "quality.region_field."}});
    auto shown = deps_.policy.compile(actor, code);
    if (!shown) return fail(std::move(shown).error().about("params.dataset"));
    auto wanted = refers ? text_at(rule.params, "field") : deps_.settings.text("quality.region_field");
    bool counts = rule.kind == Kind::total && text_at(rule.params, "aggregate") == "count";
    if (!counts && std::ranges::none_of(shown->fields, [&](const auto& f) { return f.id == wanted || f.name == wanted; }))
      return fail(Error{.code = Code::invalid,
                        .id = "quality.rule",
                        .text = {fmt::format("数据集 {} 没有字段“{}”。", code, wanted),
                                 fmt::format("The dataset {} has no field “{}”.", code, wanted)},
                        .subject = "params.field"});
  }
  // Evaluated over no rows, what cannot be read or bound says so.
  std::string none = "SELECT 0 AS _id";
  for (const auto& f : dataset.fields) {
    static constexpr std::array<std::string_view, 8> kTypes{"VARCHAR", "BIGINT", "DECIMAL(38, 6)", "DOUBLE",
                                                            "BOOLEAN", "DATE",   "TIME",           "TIMESTAMP"};
    none += fmt::format(", CAST(NULL AS {}) AS {}", kTypes.at(static_cast<std::size_t>(f.type)), engine::quote_name(f.id));
  }
  if (rule.kind == Kind::pattern) {
    auto ran = deps_.engine.run({.sql = "SELECT regexp_full_match('a', $1)", .params = {text_at(rule.params, "pattern")}});
    if (!ran || !(*ran)->next())
      return fail(Error{.code = Code::invalid,
                        .id = "quality.pattern",
                        .text = {"正则表达式有误（按 RE2 语法）。", "The pattern cannot be read (RE2 syntax)."},
                        .subject = "params.pattern"});
  }
  auto tried = rule;
  if (rule.kind != Kind::expression && rule.kind != Kind::range) return {};
  Evaluation evaluation(deps_, {.dataset = &dataset, .fields = dataset.fields, .rows = none, .whole = none});
  auto counted = evaluation.count({tried});
  if (!counted) {
    auto error = std::move(counted).error();
    if (error.code == Code::internal || error.code == Code::invalid) error.code = Code::invalid;
    if (error.subject.empty()) error.subject = "params";
    return fail(std::move(error));
  }
  return {};
}

Result<std::vector<Rule>> StoredQuality::add(const Actor& actor, std::string_view code, const json::array& list) {
  QS_TRY(auto dataset, writable(actor, code));
  if (list.empty())
    return fail(Error{
        .code = Code::invalid, .id = "quality.rule", .text = {"没有给出规则。", "No rule was given."}, .subject = "rules"});
  QS_TRY(auto known, load_rules(dataset.id, false));
  std::vector<Rule> made;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto rule = list[i].is_object() ? quality::rule_of(list[i].get_object(), dataset.fields)
                                    : fail(Code::invalid, "quality.rule", "规则应为对象。", "A rule must be an object.");
    auto deep = rule ? check_deep(actor, dataset, *rule) : Result<void>(Failure(rule.error()));
    if (!deep) {
      auto error = std::move(deep).error();
      auto inner = error.subject;
      return fail(std::move(error).about(fmt::format("rules[{}]{}{}", i, inner.empty() ? "" : ".", inner)));
    }
    auto same = [&](const Rule& other) {
      return other.kind == rule->kind && other.fields == rule->fields && other.params == rule->params;
    };
    if (std::ranges::any_of(made, same) || std::ranges::any_of(known, same))
      return fail(Error{.code = Code::conflict,
                        .id = "quality.rule_twice",
                        .text = {"已有完全相同的规则。", "There is a rule just like this one already."},
                        .subject = fmt::format("rules[{}]", i)});
    rule->id = new_id();
    rule->dataset_id = dataset.id;
    rule->person_id = actor.person_id;
    rule->person_name = actor.name;
    // A microsecond apart, so that they stay in the order in which they were given.
    rule->created = rule->changed = deps_.clock.now() + Duration(i);
    made.push_back(*std::move(rule));
  }
  return deps_.store.write([&](store::Transaction& t) -> Result<std::vector<Rule>> {
    QS_TRY(auto count, t.one("SELECT count(*) FROM quality_rule WHERE dataset_id = ?", {dataset.id}));
    if (static_cast<std::size_t>(count->integer(0)) + made.size() > kMostRules)
      return fail(Code::too_large, "quality.rules", fmt::format("一个数据集最多 {} 条规则。", kMostRules),
                  fmt::format("A dataset may have at most {} rules.", kMostRules));
    json::array told;
    for (const auto& r : made) {
      QS_CHECK(t.exec(
          fmt::format("INSERT INTO quality_rule ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kRuleColumns),
          {r.id, r.dataset_id, name(r.kind), name(r.severity), json::serialize(json::array(r.fields.begin(), r.fields.end())),
           json::serialize(r.params), r.note, r.enabled, r.person_id, r.person_name, r.created, r.changed}));
      told.push_back(to_json(r, dataset.fields, Lang::zh));
    }
    QS_CHECK(record(t, actor, "quality.rule_add", dataset, {{"after", std::move(told)}}));
    return made;
  });
}

namespace {

Failure no_rule() {
  return fail(Code::not_found, "quality.no_rule", "没有这条规则。", "There is no such rule.");
}

Result<Rule> load_rule(store::Session& s, std::string_view dataset_id, std::string_view id) {
  QS_TRY(auto row,
         s.one(fmt::format("SELECT {} FROM quality_rule WHERE dataset_id = ? AND id = ?", kRuleColumns), {dataset_id, id}));
  if (!row) return no_rule();
  return rule_of(*row);
}

}  // namespace

Result<Rule> StoredQuality::change(const Actor& actor, std::string_view code, std::string_view id, const json::object& change) {
  QS_TRY(auto dataset, writable(actor, code));
  QS_TRY(auto before, deps_.store.read([&](store::Session& s) { return load_rule(s, dataset.id, id); }));
  auto merged = to_json(before, dataset.fields, Lang::zh);
  for (const auto& member : change) merged[member.key()] = member.value();
  // A rule whose field is gone can still be switched off.
  auto parsed = quality::rule_of(merged, dataset.fields);
  bool only_switch = change.size() == 1 && change.contains("enabled");
  if (!parsed && !only_switch) return fail(std::move(parsed).error());
  auto after = parsed ? *parsed : before;
  if (only_switch)
    after.enabled = change.at("enabled").as_bool();
  else
    QS_CHECK(check_deep(actor, dataset, after));
  after.id = before.id;
  after.dataset_id = dataset.id;
  after.person_id = actor.person_id;
  after.person_name = actor.name;
  after.created = before.created;
  return deps_.store.write([&](store::Transaction& t) -> Result<Rule> {
    QS_TRY(auto was, load_rule(t, dataset.id, id));
    after.changed = deps_.clock.now();
    QS_CHECK(
        t.exec("UPDATE quality_rule SET kind = ?, severity = ?, fields = ?, params = ?, note = ?, enabled = ?, person_id = ?, "
               "person_name = ?, changed = ? WHERE id = ?",
               {name(after.kind), name(after.severity), json::serialize(json::array(after.fields.begin(), after.fields.end())),
                json::serialize(after.params), after.note, after.enabled, after.person_id, after.person_name, after.changed,
                after.id}));
    QS_CHECK(record(t, actor, "quality.rule_change", dataset,
                    {{"before", to_json(was, dataset.fields, Lang::zh)}, {"after", to_json(after, dataset.fields, Lang::zh)}}));
    return after;
  });
}

Result<void> StoredQuality::remove(const Actor& actor, std::string_view code, std::string_view id) {
  QS_TRY(auto dataset, writable(actor, code));
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto was, load_rule(t, dataset.id, id));
    QS_CHECK(t.exec("DELETE FROM quality_rule WHERE id = ?", {was.id}));
    return record(t, actor, "quality.rule_remove", dataset, {{"before", to_json(was, dataset.fields, Lang::zh)}});
  });
}

Result<Outcome> StoredQuality::test(const Actor& actor, std::string_view code, const json::object& body,
                                    const Cancelled& cancelled) const {
  QS_TRY(auto dataset, writable(actor, code));
  QS_TRY(auto rule, quality::rule_of(body, dataset.fields));
  QS_CHECK(check_deep(actor, dataset, rule));
  QS_TRY(auto shown, deps_.policy.compile(actor, dataset.id));
  rule.id = "test";
  Evaluation evaluation(deps_, {.dataset = &shown.dataset,
                                .fields = shown.fields,
                                .rows = shown.select,
                                .whole = shown.select,
                                .row_count = shown.version.published,
                                .whole_count = shown.version.published,
                                .version = shown.version.number,
                                .cancelled = cancelled});
  QS_TRY(auto outcomes, evaluation.count({rule}));
  QS_TRY(auto blob, evaluation.write_failures(outcomes, 5));  // nothing names it: the sweep takes it
  return outcomes.at(0);
}

Result<Proposals> StoredQuality::propose(const Actor& actor, std::string_view code, const Cancelled& cancelled) const {
  QS_TRY(auto dataset, writable(actor, code));
  QS_TRY(auto shown, deps_.policy.compile(actor, dataset.id));
  QS_TRY(auto had, load_rules(dataset.id, false));
  return propose_rules(deps_, shown, had, cancelled);
}

}  // namespace qushu::quality
