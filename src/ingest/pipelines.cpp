#include "qushu/ingest/pipelines.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "document.h"
#include "pipeline_store.h"

namespace qushu::ingest {
namespace {

const std::array kMigrations{
    store::Migration{
        .id = "pipeline.0001",
        .sql =
            "CREATE TABLE pipeline (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, title TEXT NOT NULL, department_id TEXT "
            "NOT "
            "NULL, "
            "owner_id TEXT NOT NULL, owner_name TEXT NOT NULL, source TEXT NOT NULL, dataset TEXT NOT NULL, enabled BIGINT NOT "
            "NULL, "
            "definition TEXT NOT NULL, position TEXT NOT NULL DEFAULT '', seen BIGINT NOT NULL, next_due BIGINT, "
            "looked BIGINT NOT NULL DEFAULT 0, created BIGINT NOT NULL, changed BIGINT NOT NULL);\n"
            "CREATE INDEX pipeline_due ON pipeline (next_due);\n"
            "CREATE TABLE pipeline_file (pipeline_id TEXT NOT NULL REFERENCES pipeline (id) ON DELETE CASCADE, name TEXT NOT "
            "NULL, "
            "etag TEXT NOT NULL, modified TEXT NOT NULL, size BIGINT NOT NULL, run_id TEXT NOT NULL, "
            "PRIMARY KEY (pipeline_id, name));\n"
            "CREATE TABLE pipeline_run (id TEXT PRIMARY KEY, pipeline_id TEXT NOT NULL REFERENCES pipeline (id) ON DELETE "
            "CASCADE, "
            "cause TEXT NOT NULL, once TEXT UNIQUE, state TEXT NOT NULL, job_id TEXT NOT NULL, person_id TEXT NOT NULL, "
            "person_name TEXT NOT NULL, due BIGINT, created BIGINT NOT NULL, started BIGINT, ended BIGINT, "
            "read_count BIGINT NOT NULL DEFAULT 0, added_count BIGINT NOT NULL DEFAULT 0, changed_count BIGINT NOT NULL "
            "DEFAULT 0, "
            "deleted_count BIGINT NOT NULL DEFAULT 0, unchanged_count BIGINT NOT NULL DEFAULT 0, "
            "rejected_count BIGINT NOT NULL DEFAULT 0, byte_count BIGINT NOT NULL DEFAULT 0, version BIGINT NOT NULL DEFAULT "
            "0, "
            "position_before TEXT NOT NULL DEFAULT '', position_after TEXT NOT NULL DEFAULT '', files TEXT NOT NULL DEFAULT "
            "'[]', "
            "drifts TEXT NOT NULL DEFAULT '[]', decisions TEXT NOT NULL DEFAULT '{}', error TEXT);\n"
            "CREATE INDEX pipeline_run_pipeline ON pipeline_run (pipeline_id, id);\n"
            "CREATE INDEX pipeline_run_state ON pipeline_run (state);\n"},
    store::Migration{.id = "pipeline.0002",
                     .sql = "ALTER TABLE pipeline_run ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';\n"
                            "ALTER TABLE pipeline_run ADD COLUMN loss TEXT;\n"}};

const std::array kSettings{
    SettingSpec{.key = "ingest.arrival_interval",
                .kind = SettingKind::seconds,
                .default_value = "60s",
                .label = {"到达触发的归集任务查看来源文件的间隔", "How often pipelines that run on arrival look for files"},
                .min = 1,
                .max = 86400,
                .runtime = true},
    SettingSpec{.key = "ingest.try_rows",
                .kind = SettingKind::integer,
                .default_value = "200",
                .label = {"试运行归集任务时读取的行数", "Rows that are read when a pipeline is tried"},
                .min = 1,
                .max = 100000,
                .runtime = true},
    SettingSpec{
        .key = "ingest.run_files",
        .kind = SettingKind::integer,
        .default_value = "1000",
        .label = {"一次运行最多读取的文件数，其余留到下一次", "Files that one run reads at most; the others wait for the next"},
        .min = 1,
        .max = 1000000,
        .runtime = true},
    SettingSpec{.key = "ingest.future_tolerance",
                .kind = SettingKind::seconds,
                .default_value = "5m",
                .label = {"时间戳增量位点最多可以比现在晚多少；更晚的值读入并警告，但不作为位点",
                          "How far a timestamp watermark may be ahead of now; later values are read, with a warning, and do "
                          "not move the position"},
                .min = 0,
                .max = 31'536'000,
                .runtime = true},
    SettingSpec{.key = "ingest.loss_share",
                .kind = SettingKind::integer,
                .default_value = "50",
                .label = {"一次归集会使数据集减少超过百分之几的行时停下来等人确认；减少到没有行时总是要确认",
                          "Per cent of a dataset's rows beyond which a run that would take them away stops and asks; one that "
                          "would leave none always asks"},
                .min = 0,
                .max = 100,
                .runtime = true},
    SettingSpec{.key = "ingest.notice_days",
                .kind = SettingKind::integer,
                .default_value = "90",
                .label = {"结构变化通知给多少天内读过数据集的人",
                          "Days for which somebody who read a dataset is told when its source changes"},
                .min = 1,
                .max = 3650,
                .runtime = true}};

constexpr std::string_view kColumns =
    "id, code, title, department_id, owner_id, owner_name, definition, position, next_due, created, changed, enabled";

Failure not_found() {
  return fail(Code::not_found, "pipeline.not_found", "没有这个归集任务，或者您无权查看。",
              "There is no such pipeline, or none that you may see.");
}

Result<Pipeline> pipeline_of_row(const store::Row& row) {
  boost::system::error_code failed;
  auto document = json::parse(row.text(6), failed);
  if (failed || !document.is_object()) return fail_internal("the definition of pipeline " + row.text(1) + " cannot be read");
  QS_TRY(auto p, pipeline_of(document.as_object()));
  p.id = row.text(0);
  p.code = row.text(1);
  p.title = row.text(2);
  p.department_id = row.text(3);
  p.owner_id = row.text(4);
  p.owner_name = row.text(5);
  p.position = row.text(7);
  p.next_due = row.opt_time(8);
  p.created = row.time(9);
  p.changed = row.time(10);
  p.enabled = row.boolean(11);
  return p;
}

// The parts of a definition that say what is read, so that a watermark belongs to them.
bool reads_the_same(const Pipeline& a, const Pipeline& b) {
  return a.source == b.source && a.selection == b.selection && a.mode == b.mode && a.watermark.column == b.watermark.column &&
         a.watermark.timestamp == b.watermark.timestamp && a.dataset == b.dataset;
}

// Nobody undoes what she has not seen.
Result<void> check_seen(const Pipeline& p, const std::optional<Time>& seen) {
  if (!seen || *seen == p.changed) return {};
  return fail(Error{.code = Code::conflict,
                    .id = "pipeline.changed",
                    .text = {fmt::format("归集任务已被修改（现在的负责人：{}），没有保存。请重新打开后再改。", p.owner_name),
                             fmt::format("The pipeline has been changed meanwhile (its owner now: {}); nothing was saved. Open "
                                         "it again.",
                                         p.owner_name)},
                    .subject = "changed"});
}

// Whether the change could make a run fail: then it is tried first.
bool needs_trial(const Pipeline& a, const Pipeline& b) {
  return !reads_the_same(a, b) || to_json(a.fields) != to_json(b.fields) || to_json(a.steps) != to_json(b.steps) ||
         a.file != b.file || a.delete_missing != b.delete_missing;
}

}  // namespace

std::span<const store::Migration> pipeline_migrations() {
  return kMigrations;
}

std::span<const SettingSpec> pipeline_settings() {
  return kSettings;
}

bool StoredPipelines::may_see(const Actor& actor, const Pipeline& pipeline) {
  return actor.can(Permission::dataset_all) || actor.in_department(pipeline.department_id);
}

Result<std::vector<Pipeline>> StoredPipelines::all(store::Session& s) const {
  QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM pipeline ORDER BY code", kColumns)));
  std::vector<Pipeline> list;
  for (const auto& row : rows) {
    QS_TRY(auto p, pipeline_of_row(row));
    list.push_back(std::move(p));
  }
  return list;
}

Result<Pipeline> StoredPipelines::load(store::Session& s, std::string_view code) const {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM pipeline WHERE code = ? OR id = ?", kColumns), {code, code}));
  if (!row) return not_found();
  return pipeline_of_row(*row);
}

Result<Pipeline> StoredPipelines::find(const Actor& actor, std::string_view code) const {
  QS_TRY(auto p, deps_.store.read([&](store::Session& s) { return load(s, code); }));
  if (!may_see(actor, p)) return not_found();
  return p;
}

Result<std::vector<Pipeline>> StoredPipelines::list(const Actor& actor) const {
  QS_TRY(auto everything, deps_.store.read([&](store::Session& s) { return all(s); }));
  std::erase_if(everything, [&](const Pipeline& p) { return !may_see(actor, p); });
  return everything;
}

Result<void> StoredPipelines::check_cycle(store::Session& s, const Pipeline& pipeline) const {
  QS_TRY(auto list, all(s));
  std::map<std::string, const Pipeline*> by_code;
  for (const auto& p : list)
    if (p.id != pipeline.id) by_code[p.code] = &p;
  by_code[pipeline.code] = &pipeline;
  for (const auto& code : pipeline.after)
    if (!by_code.contains(code))
      return fail(wrong_member("after", fmt::format("没有归集任务“{}”", code), fmt::format("there is no pipeline “{}”", code)));
  // Depth first from here along what each waits for; meeting ourselves closes a ring.
  std::vector<std::string> way;
  std::set<std::string> done;
  std::function<bool(const Pipeline&)> visit = [&](const Pipeline& p) {
    way.push_back(p.code);
    auto before = p.after;
    for (const auto& [code, other] : by_code)
      if (std::ranges::find(p.on_datasets, other->dataset) != p.on_datasets.end()) before.push_back(code);
    for (const auto& code : before) {
      if (code == pipeline.code) {
        way.push_back(code);
        return true;
      }
      auto found = by_code.find(code);
      if (found != by_code.end() && done.insert(code).second && visit(*found->second)) return true;
    }
    way.pop_back();
    return false;
  };
  if (!visit(pipeline)) return {};
  std::ranges::reverse(way);
  auto ring = join(way, " → ");
  return fail(wrong_member(pipeline.after.empty() ? "on_datasets" : "after", "归集任务不能直接或间接地在自己之后运行：" + ring,
                           "a pipeline cannot run after itself, directly or not: " + ring));
}

Result<void> StoredPipelines::check(store::Session& s, const Actor& actor, Pipeline& p) const {
  if (p.department_id.empty()) p.department_id = actor.department_id;
  auto department = deps_.identity.department(p.department_id);
  if (!department) return fail(wrong_member("department_id", "请选择部门", "choose a department"));
  p.department_id = department->id;
  QS_CHECK(sharing::check_steward(actor, p.department_id));
  if (auto source = deps_.sources.find(actor, p.source); !source) return fail(std::move(source).error().about("source"));
  QS_TRY(auto dataset, deps_.catalog.known(s, p.dataset));
  if (dataset) QS_CHECK(sharing::check_steward(actor, *dataset));
  for (const auto& code : p.on_datasets) {
    QS_TRY(auto known, deps_.catalog.known(s, code));
    if (!known)
      return fail(
          wrong_member("on_datasets", fmt::format("没有数据集“{}”", code), fmt::format("there is no dataset “{}”", code)));
  }
  return check_cycle(s, p);
}

Result<void> StoredPipelines::save(store::Transaction& t, const Pipeline& p) const {
  QS_TRY(auto changed,
         t.exec("UPDATE pipeline SET code = ?, title = ?, department_id = ?, owner_id = ?, owner_name = ?, source = ?, "
                "dataset = ?, enabled = ?, definition = ?, position = ?, next_due = ?, changed = ? WHERE id = ?",
                {p.code, p.title, p.department_id, p.owner_id, p.owner_name, p.source, p.dataset, p.enabled,
                 json::serialize(definition_of(p)), p.position, p.next_due, p.changed, p.id}));
  if (changed == 0) return not_found();
  return {};
}

Result<void> StoredPipelines::record(store::Transaction& t, const Actor& actor, std::string_view action, const Pipeline& p,
                                     json::object detail) const {
  return deps_.audit.record(t, actor,
                            {.action = std::string(action),
                             .object_kind = "pipeline",
                             .object_id = p.code,
                             .object_name = p.title,
                             .detail = std::move(detail)});
}

Result<Actor> StoredPipelines::owner_of(const Pipeline& p) const {
  if (p.owner_id.empty()) {
    auto actor = Actor::operator_on_console(p.owner_name);
    actor.via = "system";
    return actor;
  }
  auto actor = deps_.identity.actor_of(p.owner_id);
  if (!actor)
    return fail(Code::conflict, "pipeline.owner",
                fmt::format("归集任务的负责人“{}”已不可用，请由仍在岗的人员重新保存一次。", p.owner_name),
                fmt::format("The pipeline's owner “{}” is not available any more; have somebody save it anew.", p.owner_name));
  actor->via = "system";
  return actor;
}

Result<Pipeline> StoredPipelines::add(const Actor& actor, const Pipeline& given) {
  auto p = given;
  QS_CHECK(deps_.store.read([&](store::Session& s) { return check(s, actor, p); }));
  QS_TRY(auto trial, attempt(actor, p));
  if (p.fields.empty()) p.fields = trial.fields;
  p.id = new_id();
  p.owner_id = actor.person_id;
  p.owner_name = actor.name;
  p.created = p.changed = deps_.clock.now();
  QS_TRY(auto days, deps_.calendar.working_days());
  QS_CHECK(check_schedules(p, *days));
  QS_TRY(p.next_due, next_due(p, p.created, *days));
  return deps_.store.write([&](store::Transaction& t) -> Result<Pipeline> {
    QS_CHECK(check_cycle(t, p));
    QS_TRY(auto taken, t.one("SELECT title FROM pipeline WHERE code = ?", {p.code}));
    if (taken)
      return fail(Error{.code = Code::conflict,
                        .id = "pipeline.exists",
                        .text = {fmt::format("代码“{}”已属于归集任务“{}”。", p.code, taken->text(0)),
                                 fmt::format("The code “{}” belongs to the pipeline “{}” already.", p.code, taken->text(0))},
                        .subject = "code"});
    QS_CHECK(t.exec(
        "INSERT INTO pipeline (id, code, title, department_id, owner_id, owner_name, source, dataset, enabled, definition, "
        "seen, next_due, created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {p.id, p.code, p.title, p.department_id, p.owner_id, p.owner_name, p.source, p.dataset, p.enabled,
         json::serialize(definition_of(p)), p.created, p.next_due, p.created, p.changed}));
    QS_CHECK(record(t, actor, "pipeline.add", p, {{"after", definition_of(p)}}));
    return p;
  });
}

Result<Pipeline> StoredPipelines::changed_by(const Actor& actor, std::string_view code, std::string_view action,
                                             const std::function<Result<void>(store::Transaction&, Pipeline&)>& change) {
  QS_TRY(auto days, deps_.calendar.working_days());
  return deps_.store.write([&](store::Transaction& t) -> Result<Pipeline> {
    QS_TRY(auto p, load(t, code));
    if (!may_see(actor, p)) return not_found();
    QS_CHECK(sharing::check_steward(actor, p.department_id));
    auto before = definition_of(p);
    QS_CHECK(change(t, p));
    p.changed = deps_.clock.now();
    QS_TRY(p.next_due, next_due(p, p.changed, *days));
    QS_CHECK(save(t, p));
    auto after = definition_of(p);
    json::object was, now;
    for (const auto& [key, value] : after)
      if (before.at(key) != value) {
        was[key] = before.at(key);
        now[key] = value;
      }
    QS_CHECK(record(t, actor, action, p, {{"before", std::move(was)}, {"after", std::move(now)}}));
    return p;
  });
}

Result<Pipeline> StoredPipelines::change(const Actor& actor, std::string_view code, const Pipeline& given,
                                         const std::optional<Time>& seen) {
  QS_TRY(auto known, find(actor, code));
  QS_CHECK(check_seen(known, seen));
  auto wanted = given;
  wanted.id = known.id;
  if (wanted.department_id.empty()) wanted.department_id = known.department_id;
  QS_CHECK(deps_.store.read([&](store::Session& s) { return check(s, actor, wanted); }));
  QS_TRY(auto days, deps_.calendar.working_days());
  QS_CHECK(check_schedules(wanted, *days));
  if (needs_trial(known, wanted)) {
    QS_TRY(auto trial, attempt(actor, wanted));
    if (wanted.fields.empty()) wanted.fields = trial.fields;
  }
  return changed_by(actor, known.id, "pipeline.change", [&](store::Transaction& t, Pipeline& p) -> Result<void> {
    QS_CHECK(check_seen(p, seen));
    QS_CHECK(check_cycle(t, wanted));
    auto now = wanted;
    if (now.code != p.code) {
      QS_TRY(auto taken, t.one("SELECT 1 FROM pipeline WHERE code = ?", {now.code}));
      if (taken)
        return fail(Code::conflict, "pipeline.exists", fmt::format("代码“{}”已被使用。", now.code),
                    fmt::format("The code “{}” is taken.", now.code));
    }
    now.owner_id = actor.person_id;
    now.owner_name = actor.name;
    now.created = p.created;
    now.position = reads_the_same(p, now) ? p.position : "";
    if (!reads_the_same(p, now)) QS_CHECK(t.exec("DELETE FROM pipeline_file WHERE pipeline_id = ?", {p.id}));
    p = std::move(now);
    return {};
  });
}

Result<Pipeline> StoredPipelines::enable(const Actor& actor, std::string_view code, bool enabled) {
  return changed_by(actor, code, enabled ? "pipeline.enable" : "pipeline.disable",
                    [&](store::Transaction& t, Pipeline& p) -> Result<void> {
                      p.enabled = enabled;
                      // What was due while it was off is not made up for.
                      QS_CHECK(t.exec("UPDATE pipeline SET seen = ? WHERE id = ?", {deps_.clock.now(), p.id}));
                      return {};
                    });
}

Result<Pipeline> StoredPipelines::forget(const Actor& actor, std::string_view code) {
  return changed_by(actor, code, "pipeline.forget", [](store::Transaction& t, Pipeline& p) -> Result<void> {
    QS_CHECK(t.exec("DELETE FROM pipeline_file WHERE pipeline_id = ?", {p.id}));
    p.position.clear();
    return {};
  });
}

Result<void> StoredPipelines::remove(const Actor& actor, std::string_view code) {
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto p, load(t, code));
    if (!may_see(actor, p)) return not_found();
    QS_CHECK(sharing::check_steward(actor, p.department_id));
    QS_TRY(auto list, all(t));
    for (const auto& other : list)
      if (std::ranges::find(other.after, p.code) != other.after.end())
        return fail(Code::conflict, "pipeline.in_use", fmt::format("归集任务“{}”在它之后运行，请先改那一个。", other.title),
                    fmt::format("The pipeline “{}” runs after it; change that one first.", other.title));
    QS_TRY(auto active, t.one("SELECT id FROM pipeline_run WHERE pipeline_id = ? AND state IN ('queued', 'running')", {p.id}));
    if (active)
      return fail(Code::conflict, "pipeline.active", "它正在运行，请先取消这次运行。", "It is running; cancel the run first.");
    QS_CHECK(t.exec("DELETE FROM pipeline WHERE id = ?", {p.id}));
    return record(t, actor, "pipeline.remove", p, {{"before", definition_of(p)}});
  });
}

std::unique_ptr<Pipelines> Pipelines::open(Deps deps) {
  auto made = std::make_unique<StoredPipelines>(deps);
  made->register_jobs();
  return made;
}

Result<std::vector<sources::Sources::Use>> StoredPipelines::users_of(store::Session& s, std::string_view code) const {
  QS_TRY(auto rows, s.query("SELECT code, title FROM pipeline WHERE source = ? ORDER BY code", {code}));
  std::vector<sources::Sources::Use> out;
  for (const auto& row : rows) out.push_back({.kind = "pipeline", .id = row.text(0), .name = row.text(1)});
  return out;
}

}  // namespace qushu::ingest
