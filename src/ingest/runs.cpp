#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/json.h"
#include "qushu/jobs/lanes.h"

#include "document.h"
#include "pipeline_store.h"

namespace qushu::ingest {
namespace {

constexpr std::string_view kColumns =
    "r.id, r.pipeline_id, p.code, p.title, r.cause, r.state, r.job_id, r.person_id, r.person_name, p.department_id, p.source, "
    "p.dataset, r.due, r.created, r.started, r.ended, r.read_count, r.added_count, r.changed_count, r.deleted_count, "
    "r.unchanged_count, r.rejected_count, r.byte_count, r.version, r.position_before, r.position_after, r.files, r.drifts, "
    "r.decisions, r.error, r.warnings, r.loss";

json::value parsed(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value() : value;
}

Run run_of(const store::Row& row) {
  Run r;
  std::size_t i = 0;
  for (auto* text : {&r.id, &r.pipeline_id, &r.pipeline_code, &r.pipeline_title, &r.trigger, &r.state, &r.job_id, &r.person_id,
                     &r.person_name, &r.department_id, &r.source, &r.dataset})
    *text = row.text(i++);
  r.due = row.opt_time(i++);
  r.created = row.time(i++);
  r.started = row.opt_time(i++);
  r.ended = row.opt_time(i++);
  for (auto* count : {&r.read, &r.added, &r.changed, &r.deleted, &r.unchanged, &r.rejected, &r.bytes})
    *count = static_cast<std::uint64_t>(row.integer(i++));
  r.version = row.integer(i++);
  r.position_before = row.text(i++);
  r.position_after = row.text(i++);
  if (auto files = parsed(row.text(i++)); files.is_array()) r.files = std::move(files.as_array());
  r.drifts = drifts_of(parsed(row.text(i++)));
  if (auto decisions = parsed(row.text(i++)); decisions.is_object()) r.decisions = std::move(decisions.as_object());
  if (auto text = row.opt_text(i++))
    if (auto error = parsed(*text); error.is_object()) {
      const auto& o = error.as_object();
      r.error = Error{.id = text_at(o, "id"), .text = {text_at(o, "zh"), text_at(o, "en")}, .subject = text_at(o, "subject")};
    }
  if (auto list = parsed(row.text(i++)); list.is_array())
    for (const auto& w : list.as_array()) r.warnings.push_back({text_at(w.as_object(), "zh"), text_at(w.as_object(), "en")});
  if (auto text = row.opt_text(i++))
    if (auto loss = parsed(*text); loss.is_object())
      r.loss = Loss{.before = loss.at("before").to_number<std::uint64_t>(),
                    .after = loss.at("after").to_number<std::uint64_t>(),
                    .accepted = loss.at("accepted").as_bool()};
  return r;
}

json::value to_json(const std::optional<Loss>& loss) {
  if (!loss) return nullptr;
  return json::object{{"before", loss->before}, {"after", loss->after}, {"accepted", loss->accepted}};
}

json::array to_json(const std::vector<Drift>& drifts) {
  json::array out;
  for (const auto& d : drifts) out.emplace_back(to_json(d));
  return out;
}

Failure no_run() {
  return fail(Code::not_found, "run.not_found", "没有这次运行，或者您无权查看。",
              "There is no such run, or none that you may see.");
}

}  // namespace

bool is_active(std::string_view state) {
  return state == "queued" || state == "running" || state == "waiting";
}

Result<Run> StoredPipelines::load_run(store::Session& s, std::string_view id) const {
  QS_TRY(auto row,
         s.one(fmt::format("SELECT {} FROM pipeline_run r JOIN pipeline p ON p.id = r.pipeline_id WHERE r.id = ?", kColumns),
               {id}));
  if (!row) return no_run();
  return run_of(*row);
}

Result<Run> StoredPipelines::visible_run(store::Session& s, const Actor& actor, std::string_view id) const {
  QS_TRY(auto run, load_run(s, id));
  if (!actor.can(Permission::dataset_all) && !actor.in_department(run.department_id)) return no_run();
  return run;
}

Result<void> StoredPipelines::save_run(store::Transaction& t, const Run& r) const {
  std::optional<std::string> error;
  if (r.error)
    error = json::serialize(
        json::object{{"id", r.error->id}, {"zh", r.error->text.zh}, {"en", r.error->text.en}, {"subject", r.error->subject}});
  json::array warnings;
  for (const auto& w : r.warnings) warnings.emplace_back(json::object{{"zh", w.zh}, {"en", w.en}});
  std::optional<std::string> loss;
  if (r.loss) loss = json::serialize(to_json(r.loss));
  QS_CHECK(
      t.exec("UPDATE pipeline_run SET state = ?, job_id = ?, started = ?, ended = ?, read_count = ?, added_count = ?, "
             "changed_count = ?, deleted_count = ?, unchanged_count = ?, rejected_count = ?, byte_count = ?, version = ?, "
             "position_before = ?, position_after = ?, files = ?, drifts = ?, decisions = ?, error = ?, warnings = ?, loss = ? "
             "WHERE id = ?",
             {r.state,
              r.job_id,
              r.started,
              r.ended,
              static_cast<std::int64_t>(r.read),
              static_cast<std::int64_t>(r.added),
              static_cast<std::int64_t>(r.changed),
              static_cast<std::int64_t>(r.deleted),
              static_cast<std::int64_t>(r.unchanged),
              static_cast<std::int64_t>(r.rejected),
              static_cast<std::int64_t>(r.bytes),
              r.version,
              r.position_before,
              r.position_after,
              json::serialize(r.files),
              json::serialize(to_json(r.drifts)),
              json::serialize(r.decisions),
              error,
              json::serialize(warnings),
              loss,
              r.id}));
  return {};
}

Result<std::string> StoredPipelines::queue_job(store::Transaction& t, const Actor& actor, const Pipeline& p,
                                               std::string_view run_id) {
  QS_TRY(auto id, deps_.jobs.add(t, actor,
                                 {.kind = std::string(kRunJob),
                                  .title = {"归集 " + p.title, "Gather " + p.title},
                                  .input = {{"run", run_id}},
                                  .object_kind = "pipeline",
                                  .object_id = p.code}));
  auto source = deps_.sources.find(Actor::system(), p.source);
  QS_CHECK(jobs::set_terms(t, id,
                           {.lane = "source " + p.source,
                            .lane_limit = source ? static_cast<int>(source->parallel) : 1,
                            .max_attempts = p.attempts,
                            .pause = std::chrono::seconds(p.retry_pause)}));
  return id;
}

Result<std::optional<Run>> StoredPipelines::queue(store::Transaction& t, const Actor& actor, const Pipeline& p,
                                                  const Cause& cause) {
  QS_TRY(auto active,
         t.one("SELECT id FROM pipeline_run WHERE pipeline_id = ? AND state IN ('queued', 'running', 'waiting')", {p.id}));
  if (active) return std::nullopt;
  auto once = cause.once.empty() ? std::nullopt : std::optional(cause.once);
  if (once) {
    QS_TRY(auto before, t.one("SELECT id FROM pipeline_run WHERE once = ?", {*once}));
    if (before) return std::nullopt;
  }
  auto id = new_id();
  QS_TRY(auto job, queue_job(t, actor, p, id));
  QS_CHECK(
      t.exec("INSERT INTO pipeline_run (id, pipeline_id, cause, once, state, job_id, person_id, person_name, due, created, "
             "position_before) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
             {id, p.id, cause.trigger, once, job, actor.person_id, actor.name, cause.due, deps_.clock.now(), p.position}));
  QS_TRY(auto made, load_run(t, id));
  return made;
}

Result<Run> StoredPipelines::run(const Actor& actor, std::string_view code) {
  QS_CHECK(settle());
  return deps_.store.write([&](store::Transaction& t) -> Result<Run> {
    QS_TRY(auto p, load(t, code));
    if (!may_see(actor, p))
      return fail(Code::not_found, "pipeline.not_found", "没有这个归集任务，或者您无权查看。",
                  "There is no such pipeline, or none that you may see.");
    QS_CHECK(sharing::check_steward(actor, p.department_id));
    QS_TRY(auto made, queue(t, actor, p, {.trigger = "manual"}));
    if (!made)
      return fail(Code::conflict, "pipeline.active",
                  "这个归集任务有一次运行还没有结束。请等它结束、取消它，或处理它等待的决定。",
                  "A run of this pipeline has not ended. Wait for it, cancel it, or decide what it waits for.");
    QS_CHECK(record(t, actor, "pipeline.run", p, {{"run", made->id}}));
    return *std::move(made);
  });
}

Result<Run> StoredPipelines::find_run(const Actor& actor, std::string_view id) const {
  return deps_.store.read([&](store::Session& s) { return visible_run(s, actor, id); });
}

Result<std::vector<Run>> StoredPipelines::runs(const Actor& actor, const Filter& filter) const {
  std::string sql = fmt::format("SELECT {} FROM pipeline_run r JOIN pipeline p ON p.id = r.pipeline_id WHERE 1 = 1", kColumns);
  store::Params params;
  auto equals = [&](std::string_view column, std::string_view value) {
    if (value.empty()) return;
    sql += fmt::format(" AND {} = ?", column);
    params.emplace_back(value);
  };
  equals("p.code", filter.pipeline);
  equals("r.state", filter.state);
  if (!actor.can(Permission::dataset_all)) {
    std::string marks;
    for (const auto& d : actor.departments) {
      marks += marks.empty() ? "?" : ", ?";
      params.emplace_back(d);
    }
    if (marks.empty()) return std::vector<Run>();
    sql += fmt::format(" AND p.department_id IN ({})", marks);
  }
  if (!filter.before.empty()) {
    sql += " AND r.id < ?";
    params.emplace_back(filter.before);
  }
  sql += " ORDER BY r.id DESC LIMIT ?";
  params.emplace_back(static_cast<std::int64_t>(filter.limit));
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Run>> {
    QS_TRY(auto rows, s.query(sql, params));
    std::vector<Run> list;
    for (const auto& row : rows) list.push_back(run_of(row));
    return list;
  });
}

Result<void> StoredPipelines::settle_one(std::string_view id, const jobs::Job& job) {
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto run, load_run(t, id));
    if (run.job_id != job.id || (run.state != "queued" && run.state != "running")) return {};
    run.state = job.state == jobs::State::cancelled ? "cancelled" : "failed";
    if (!run.error) run.error = job.error;
    run.ended = job.ended;
    return save_run(t, run);
  });
}

Result<Run> StoredPipelines::cancel(const Actor& actor, std::string_view id) {
  QS_TRY(auto run, find_run(actor, id));
  QS_CHECK(sharing::check_steward(actor, run.department_id));
  if (!is_active(run.state)) return fail(Code::conflict, "run.ended", "这次运行已经结束。", "The run has ended.");
  if (run.state != "waiting") {
    QS_TRY(auto job, deps_.jobs.cancel(actor, run.job_id));
    if (job.state == jobs::State::cancelled) QS_CHECK(settle_one(id, job));
    return find_run(actor, id);
  }
  return deps_.store.write([&](store::Transaction& t) -> Result<Run> {
    QS_TRY(auto now, visible_run(t, actor, id));
    if (now.state != "waiting")
      return fail(Code::conflict, "run.changed", "这次运行已不在等待。", "The run does not wait any more.");
    now.state = "cancelled";
    now.ended = deps_.clock.now();
    now.person_id = actor.person_id;
    QS_CHECK(save_run(t, now));
    QS_TRY(auto p, load(t, now.pipeline_id));
    QS_CHECK(record(t, actor, "pipeline.cancel", p, {{"run", now.id}}));
    return now;
  });
}

Result<bool> StoredPipelines::uses_blob(std::string_view sha256) const {
  return deps_.store.read([&](store::Session& s) -> Result<bool> {
    // What a run read is kept as long as the run, like an import's file.
    QS_TRY(auto row, s.one("SELECT 1 FROM pipeline_run WHERE state NOT IN ('failed', 'cancelled') AND files LIKE ? LIMIT 1",
                           {fmt::format("%{}%", sha256)}));
    return row.has_value();
  });
}

json::object to_json(const Run& r, Lang lang) {
  json::array files;
  for (const auto& f : r.files)
    files.emplace_back(json::object{{"name", text_at(f.as_object(), "name")}, {"size", f.as_object().at("size")}});
  json::array warnings;
  for (const auto& w : r.warnings) warnings.emplace_back(w.in(lang));
  json::object out{{"id", r.id},
                   {"pipeline", r.pipeline_code},
                   {"title", r.pipeline_title},
                   {"trigger", r.trigger},
                   {"state", r.state},
                   {"job_id", r.job_id},
                   {"person_name", r.person_name},
                   {"source", r.source},
                   {"dataset", r.dataset},
                   {"due", time_or_null(r.due)},
                   {"created", to_iso(r.created)},
                   {"started", time_or_null(r.started)},
                   {"ended", time_or_null(r.ended)},
                   {"read", r.read},
                   {"added", r.added},
                   {"changed", r.changed},
                   {"deleted", r.deleted},
                   {"unchanged", r.unchanged},
                   {"rejected", r.rejected},
                   {"bytes", r.bytes},
                   {"version", nullptr},
                   {"position_before", r.position_before},
                   {"position_after", r.position_after},
                   {"files", std::move(files)},
                   {"drifts", in_language(json::value(to_json(r.drifts)), lang)},
                   {"decisions", r.decisions},
                   {"error", nullptr},
                   {"warnings", std::move(warnings)},
                   {"loss", to_json(r.loss)}};
  if (r.version > 0) out["version"] = r.version;
  if (r.error)
    out["error"] = json::object{{"id", r.error->id}, {"text", r.error->text.in(lang)}, {"subject", r.error->subject}};
  return out;
}

}  // namespace qushu::ingest
