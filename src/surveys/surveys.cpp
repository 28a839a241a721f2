// Definitions: kept with their versions, changed while nobody is misled by it, opened and closed.
#include "qushu/surveys/surveys.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/definitions/versions.h"

#include "builtin.h"
#include "stored.h"

namespace qushu::surveys {
namespace {

constexpr std::string_view kTable = "survey";

// Answers have a random number as their key: INTEGER, since that is where SQLite keeps the rows by, and the order of keeping
// must not tell who came first.
const std::array kMigrations{store::Migration{.id = "surveys.0001", .sql = R"(
CREATE TABLE survey (
  code TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  origin TEXT NOT NULL,
  digest TEXT NOT NULL,
  yaml TEXT NOT NULL,
  state TEXT NOT NULL,
  opened BIGINT,
  closed BIGINT,
  department_id TEXT NOT NULL,
  department_name TEXT NOT NULL,
  person_name TEXT NOT NULL,
  changed BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
CREATE TABLE survey_version (
  code TEXT NOT NULL,
  version BIGINT NOT NULL,
  yaml TEXT NOT NULL,
  at BIGINT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE TABLE survey_invitation (
  hash TEXT PRIMARY KEY,
  survey TEXT NOT NULL,
  used BIGINT NOT NULL
);
CREATE INDEX survey_invitation_survey ON survey_invitation (survey, used);
CREATE TABLE survey_answer (
  id INTEGER PRIMARY KEY,
  survey TEXT NOT NULL,
  counted TEXT,
  answers TEXT NOT NULL
);
CREATE INDEX survey_answer_survey ON survey_answer (survey, counted);
)"},
                             store::Migration{.id = "surveys.0002", .sql = "ALTER TABLE survey ADD COLUMN archived BIGINT"}};

const std::array kSettings{
    SettingSpec{.key = "surveys.minimum_answers",
                .kind = SettingKind::integer,
                .default_value = "5",
                .label = {"调查结果至少满多少份才显示和计入",
                          "Answers that a survey's results are shown from, and counted by, at least"},
                .min = 1,
                .max = 1000,
                .runtime = true},
    SettingSpec{.key = "surveys.form_seconds",
                .kind = SettingKind::integer,
                .default_value = "3",
                .label = {"公开问卷打开后多少秒内提交视为机器人", "Seconds within which nobody fills in a public survey"},
                .min = 0,
                .max = 600,
                .runtime = true},
    SettingSpec{.key = "surveys.form_limit",
                .kind = SettingKind::integer,
                .default_value = "20",
                .label = {"同一地址每小时最多提交几份公开问卷", "Answers to public surveys of one address in an hour at most"},
                .min = 1,
                .max = 100'000,
                .runtime = true},
    SettingSpec{.key = "surveys.form_total",
                .kind = SettingKind::integer,
                .default_value = "5000",
                .label = {"公开问卷每小时总共最多收多少份", "Answers to public surveys in an hour at most, of all"},
                .min = 1,
                .max = 10'000'000,
                .runtime = true},
    SettingSpec{.key = "surveys.links",
                .kind = SettingKind::integer,
                .default_value = "5000",
                .label = {"一次最多生成多少个一次性链接", "One-time links that are made at once at most"},
                .min = 1,
                .max = 100'000,
                .runtime = true}};

constexpr std::string_view kColumns =
    "s.code, s.version, s.origin, s.yaml, s.state, s.opened, s.closed, s.department_id, s.department_name, s.person_name, "
    "s.changed, s.changed_by, s.archived";
constexpr std::string_view kCounts =
    "(SELECT count(*) FROM survey_invitation i WHERE i.survey = s.code), "
    "(SELECT count(*) FROM survey_invitation i WHERE i.survey = s.code AND i.used = 1), "
    "(SELECT count(*) FROM survey_answer a WHERE a.survey = s.code)";
// Who answers does not wait for counting, nor for others who answer.
constexpr std::string_view kNoCounts = "0, 0, 0";

// What may not change once somebody has answered; empty: all is well.
std::optional<Text> lost(const Definition& was, const Definition& now) {
  if (was.mode != now.mode) return Text{"已经有人答卷，不能改变参与方式（mode）。", "Somebody has answered: the mode stays."};
  for (const auto& section : was.sections)
    for (const auto& q : section.questions) {
      const auto* kept = now.question(q.code);
      if (kept == nullptr || kept->kind != q.kind || (q.kind == Kind::scale && kept->options.size() != q.options.size()))
        return Text{
            fmt::format("已经有人答卷，题目“{}”不能删除，也不能改题型或级数；可以改文字、加题，或另建一份调查。", q.code),
            fmt::format("Somebody has answered: the question “{}” keeps its type and points. Texts may be changed and "
                        "questions added; or make another survey.",
                        q.code)};
      for (const auto& o : q.options)
        if (kept->option(o.code) == nullptr)
          return Text{fmt::format("已经有人答卷，题目“{}”的选项“{}”不能删除。", q.code, o.code),
                      fmt::format("Somebody has answered: the choice “{}” of “{}” stays.", o.code, q.code)};
    }
  return std::nullopt;
}

Result<void> check_roles(const Definition& d) {
  for (const auto& who : d.results)
    if (who.starts_with("role:") && identity::find_role(who.substr(5)) == nullptr)
      return fail(
          Error{.code = Code::invalid,
                .id = "survey.role",
                .text = {fmt::format("没有角色“{}”。", who.substr(5)), fmt::format("There is no role “{}”.", who.substr(5))},
                .subject = "results"});
  return {};
}

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

std::string_view name(Phase phase) {
  constexpr std::array<std::string_view, 4> kNames{"draft", "waiting", "open", "closed"};
  return kNames.at(static_cast<std::size_t>(phase));
}

Text title(Phase phase) {
  switch (phase) {
    case Phase::draft:
      return {"草稿", "Draft"};
    case Phase::waiting:
      return {"未开始", "Not yet open"};
    case Phase::open:
      return {"进行中", "Open"};
    case Phase::closed:
      return {"已结束", "Closed"};
  }
  return {};
}

Failure no_survey() {
  return fail(Code::not_found, "survey.not_found", "没有这个调查，或者您无权查看。",
              "There is no such survey, or none that you may see.");
}

bool may_manage(const Actor& actor) {
  return actor.can(Permission::register_manage);
}

Result<void> manager_only(const Actor& actor) {
  if (may_manage(actor)) return {};
  return fail(Code::forbidden, "survey.manage", "只有台账的管理者能建立和管理调查。",
              "Only who manages registers may make and manage surveys.");
}

bool may_see(const Survey& survey, const Actor& actor) {
  if (may_manage(actor)) return true;
  return std::ranges::any_of(survey.definition.results, [&](const std::string& who) {
    if (who == "everyone") return actor.signed_in();
    if (who == "department")
      return !survey.department_id.empty() &&
             (actor.department_id == survey.department_id || actor.in_department(survey.department_id));
    return std::ranges::find(actor.roles, who.substr(5)) != actor.roles.end();
  });
}

Survey Surveys::survey_of(const store::Row& row, Definition definition) const {
  Survey out{.definition = std::move(definition), .version = row.integer(1), .origin = row.text(2)};
  const auto& zone = deps_.calendar.zone();
  const auto& d = out.definition;
  if (d.opens) out.opens = zone.instant(*d.opens);
  if (d.closes) out.closes = zone.instant(*d.closes);
  out.opened = row.opt_time(5);
  out.closed = row.opt_time(6);
  out.department_id = row.text(7);
  out.department_name = row.text(8);
  out.person_name = row.text(9);
  out.changed = row.time(10);
  out.changed_by = row.text(11);
  out.archived = row.opt_time(12);
  out.invitations = row.integer(13);
  out.used = row.integer(14);
  out.answers = row.integer(15);
  out.builtin = std::ranges::any_of(builtins(), [&](const auto& one) { return one.code == d.code; });
  auto now = deps_.clock.now();
  const auto& state = row.text(4);
  if (state == "closed" || (state == "open" && out.closes && now >= *out.closes))
    out.phase = Phase::closed;
  else if (state == "open")
    out.phase = out.opens && now < *out.opens ? Phase::waiting : Phase::open;
  return out;
}

Result<std::optional<Survey>> Surveys::load(store::Session& s, std::string_view code, bool counted) const {
  QS_TRY(auto row,
         s.one(fmt::format("SELECT {}, {} FROM survey s WHERE s.code = ?", kColumns, counted ? kCounts : kNoCounts), {code}));
  if (!row) return std::nullopt;
  QS_TRY(auto definition, read_definition(row->text(3)));
  return survey_of(*row, std::move(definition));
}

Result<std::vector<Survey>> Surveys::load_all(store::Session& s) const {
  QS_TRY(auto rows, s.query(fmt::format("SELECT {}, {} FROM survey s ORDER BY coalesce(s.opened, s.changed) DESC, s.code",
                                        kColumns, kCounts)));
  std::vector<Survey> out;
  for (const auto& row : rows) {
    QS_TRY(auto definition, read_definition(row.text(3)));
    out.push_back(survey_of(row, std::move(definition)));
  }
  return out;
}

Result<Survey> Surveys::load_visible(store::Session& s, const Actor& actor, std::string_view code) const {
  QS_TRY(auto survey, load(s, code));
  if (!survey || !may_see(*survey, actor)) return no_survey();
  survey->may_manage = may_manage(actor);
  return *std::move(survey);
}

Result<std::vector<Survey>> Surveys::list(const Actor& actor, bool archived) const {
  QS_TRY(auto all, deps_.store.read([&](store::Session& s) { return load_all(s); }));
  std::erase_if(all, [&](const Survey& one) { return !may_see(one, actor) || one.archived.has_value() != archived; });
  for (auto& one : all) one.may_manage = may_manage(actor);
  return all;
}

Result<Survey> Surveys::find(const Actor& actor, std::string_view code) const {
  return deps_.store.read([&](store::Session& s) { return load_visible(s, actor, code); });
}

Result<std::string> Surveys::yaml(const Actor& actor, std::string_view code, std::int64_t version) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::string> {
    QS_TRY(auto survey, load_visible(s, actor, code));
    return definitions::yaml_of(s, kTable, code, version > 0 ? version : survey.version);
  });
}

Result<std::vector<Version>> Surveys::versions(const Actor& actor, std::string_view code) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Version>> {
    QS_CHECK(load_visible(s, actor, code));
    return definitions::versions_of(s, kTable, code);
  });
}

Result<Trial> Surveys::check(const Actor& actor, std::string_view yaml) const {
  QS_CHECK(manager_only(actor));
  auto parsed = parse_definition(yaml);
  Trial out{.code = parsed.definition.code, .name = parsed.definition.name, .mistakes = std::move(parsed.mistakes)};
  out.definition = to_json(parsed.definition);
  if (!out.mistakes.empty()) return out;
  QS_CHECK(check_roles(parsed.definition));
  return deps_.store.read([&](store::Session& s) -> Result<Trial> {
    QS_TRY(auto old, load(s, out.code));
    out.version = old ? old->version + 1 : 1;
    if (!old) return out;
    QS_TRY(auto row, s.one("SELECT digest FROM survey WHERE code = ?", {out.code}));
    out.unchanged = row && row->text(0) == definitions::digest_of(yaml);
    if (out.unchanged) out.version = old->version;
    if (auto why = old->answers > 0 ? lost(old->definition, parsed.definition) : std::nullopt)
      out.mistakes.push_back({.line = 1, .column = 1, .key = "sections", .text = *why});
    return out;
  });
}

Result<Survey> Surveys::apply(const Actor& actor, std::string_view yaml, std::string_view note) {
  QS_CHECK(manager_only(actor));
  QS_TRY(auto d, read_definition(yaml));
  QS_CHECK(check_roles(d));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) { return apply(t, actor, d, yaml, note, "local"); }));
  return find(actor, d.code);
}

Result<void> Surveys::apply(store::Transaction& t, const Actor& actor, const Definition& d, std::string_view yaml,
                            std::string_view note, std::string_view origin) const {
  QS_TRY(auto row, t.one("SELECT version, digest, state FROM survey WHERE code = ?", {d.code}));
  auto digest = definitions::digest_of(yaml);
  if (row && row->text(1) == digest) return {};
  if (row) {
    QS_TRY(auto old, load(t, d.code));
    if (auto why = old->answers > 0 ? lost(old->definition, d) : std::nullopt)
      return fail(Error{.code = Code::conflict, .id = "survey.answered", .text = *why, .subject = d.code});
  }
  auto version = row ? row->integer(0) + 1 : 1;
  auto now = deps_.clock.now();
  std::string department;
  if (!actor.department_id.empty()) {
    auto found = deps_.identity.department(actor.department_id);
    if (found) department = found->name;
  }
  // Whose survey it is stays.
  QS_CHECK(t.exec(
      "INSERT INTO survey (code, version, origin, digest, yaml, state, department_id, department_name, person_name, changed, "
      "changed_by) VALUES (?, ?, ?, ?, ?, 'draft', ?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET version = "
      "excluded.version, origin = excluded.origin, digest = excluded.digest, yaml = excluded.yaml, changed = "
      "excluded.changed, changed_by = excluded.changed_by",
      {d.code, version, origin, digest, yaml, actor.department_id, department, actor.name, now, actor.name}));
  QS_CHECK(definitions::keep_version(t, kTable, actor, d.code, version, yaml, now, note));
  return deps_.audit.record(t, actor,
                            {.action = "survey.apply",
                             .object_kind = "survey",
                             .object_id = d.code,
                             .object_name = d.name.zh,
                             .detail = {{"version", version}}});
}

Result<Survey> Surveys::move(const Actor& actor, std::string_view code, bool open) {
  QS_CHECK(manager_only(actor));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto survey, load_visible(t, actor, code));
    auto now = deps_.clock.now();
    bool is_open = survey.phase == Phase::open || survey.phase == Phase::waiting;
    if (open && survey.archived)
      return fail(Code::conflict, "survey.archived", "调查已归档，请先取消归档。",
                  "The survey is archived: take it back first.");
    if (open && survey.closes && now >= *survey.closes)
      return fail(Code::conflict, "survey.over", "截止时间（closes）已过，请先修改定义里的截止时间。",
                  "Its closing time has passed: change `closes` in the definition first.");
    if (open == is_open)
      return fail(Code::conflict, "survey.state", open ? "调查已经开放。" : "调查没有开放。",
                  open ? "The survey is open already." : "The survey is not open.");
    if (open)
      QS_CHECK(
          t.exec("UPDATE survey SET state = 'open', opened = coalesce(opened, ?), closed = NULL WHERE code = ?", {now, code}));
    else
      QS_CHECK(t.exec("UPDATE survey SET state = 'closed', closed = ? WHERE code = ?", {now, code}));
    if (!open) QS_CHECK(settle(t, code, true));
    return deps_.audit.record(t, actor,
                              {.action = open ? "survey.open" : "survey.close",
                               .object_kind = "survey",
                               .object_id = std::string(code),
                               .object_name = survey.definition.name.zh});
  }));
  return find(actor, code);
}

Result<Survey> Surveys::open(const Actor& actor, std::string_view code) {
  return move(actor, code, true);
}
Result<Survey> Surveys::close(const Actor& actor, std::string_view code) {
  return move(actor, code, false);
}

namespace {

// Whoever could still answer must not find it gone.
Result<void> at_rest(const Survey& survey) {
  if (survey.phase == Phase::draft || survey.phase == Phase::closed) return {};
  return fail(Code::conflict, "survey.state", "调查还在进行，请先结束它。", "The survey is open: close it first.");
}

}  // namespace

Result<Survey> Surveys::archive(const Actor& actor, std::string_view code, bool archived) {
  QS_CHECK(manager_only(actor));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto survey, load_visible(t, actor, code));
    QS_CHECK(at_rest(survey));
    if (archived == survey.archived.has_value())
      return fail(Code::conflict, "survey.archived", archived ? "调查已经归档。" : "调查没有归档。",
                  archived ? "The survey is archived already." : "The survey is not archived.");
    QS_CHECK(t.exec("UPDATE survey SET archived = ? WHERE code = ?",
                    {archived ? std::optional(deps_.clock.now()) : std::nullopt, code}));
    return deps_.audit.record(t, actor,
                              {.action = archived ? "survey.archive" : "survey.restore",
                               .object_kind = "survey",
                               .object_id = std::string(code),
                               .object_name = survey.definition.name.zh});
  }));
  return find(actor, code);
}

Result<void> Surveys::remove(const Actor& actor, std::string_view code, std::int64_t answers) {
  QS_CHECK(manager_only(actor));
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto survey, load_visible(t, actor, code));
    QS_CHECK(at_rest(survey));
    if (survey.builtin)
      return fail(Code::conflict, "survey.builtin", "这个调查随程序提供，不能删除，可以归档。",
                  "This survey comes with Qushu: it can be archived, not removed.");
    if (survey.answers != answers)
      return fail(Error{.code = Code::conflict,
                        .id = "survey.answers",
                        .text = {fmt::format("删除会连同 {} 份答卷一起消失，不能恢复；请写明答卷数（answers={}）以确认。",
                                             survey.answers, survey.answers),
                                 fmt::format("{} answers go with it, for good; name their number (answers={}) to confirm.",
                                             survey.answers, survey.answers)},
                        .subject = "answers"});
    for (const auto* table : {"survey_answer", "survey_invitation"})
      QS_CHECK(t.exec(fmt::format("DELETE FROM {} WHERE survey = ?", table), {code}));
    for (const auto* table : {"survey_version", "survey"})
      QS_CHECK(t.exec(fmt::format("DELETE FROM {} WHERE code = ?", table), {code}));
    return deps_.audit.record(t, actor,
                              {.action = "survey.remove",
                               .object_kind = "survey",
                               .object_id = std::string(code),
                               .object_name = survey.definition.name.zh,
                               .detail = {{"answers", survey.answers}, {"links", survey.invitations}}});
  });
}

Result<void> Surveys::install_builtins() {
  QS_TRY(auto due, deps_.store.read([](store::Session& s) { return definitions::due_builtins(s, kTable, builtins()); }));
  if (due.empty()) return {};
  return deps_.store.write([&](store::Transaction& t) {
    return definitions::apply_builtins(t, kTable, due, [&](const Builtin& one) -> Result<void> {
      QS_TRY(auto d, read_definition(one.yaml));
      auto done = apply(t, Actor::system(), d, one.yaml, "随程序提供", "builtin");
      // What people have answered to stays as they saw it.
      if (!done && done.error().id == "survey.answered") return {};
      return done;
    });
  });
}

}  // namespace qushu::surveys
