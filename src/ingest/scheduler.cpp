// What makes runs begin: due times, pipelines that ran before, files that arrived, datasets that got a version.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/log.h"

#include "document.h"
#include "pipeline_store.h"

namespace qushu::ingest {
namespace {

calendar::Schedule schedule_of(const When& when, const std::string& home) {
  auto made = calendar::Schedule::make(when.cron, when.zone.empty() ? home : when.zone, when.days);
  return *std::move(made);  // it was checked when it was saved
}

}  // namespace

Result<std::optional<Time>> StoredPipelines::next_due(const Pipeline& p, Time after, const calendar::WorkingDays& days) const {
  std::optional<Time> first;
  if (!p.enabled) return first;
  for (const auto& when : p.schedules) {
    auto next = schedule_of(when, deps_.calendar.zone().name()).next(after, days);
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

Result<void> StoredPipelines::check_schedules(const Pipeline& p, const calendar::WorkingDays& days) const {
  for (std::size_t i = 0; i < p.schedules.size(); ++i)
    if (!schedule_of(p.schedules[i], deps_.calendar.zone().name()).next(deps_.clock.now(), days))
      return fail(wrong_member(fmt::format("schedules[{}].cron", i), "这个计划永远不会到期，请检查日期（例如 2 月没有 30 日）",
                               "this schedule is never due; look at its days (February has no 30th)"));
  return {};
}

Result<void> StoredPipelines::queue_due(const Pipeline& seen) {
  QS_TRY(auto days, deps_.calendar.working_days());
  QS_TRY(auto owner, owner_of(seen));
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    // Another server may have been here first.
    QS_TRY(auto row, t.one("SELECT seen, next_due FROM pipeline WHERE id = ? AND enabled = 1", {seen.id}));
    auto now = deps_.clock.now();
    if (!row || row->is_null(1) || row->time(1) > now) return {};
    // However many due times were missed, the last of them is made up for, once.
    std::optional<Time> due;
    for (const auto& when : seen.schedules) {
      auto last = schedule_of(when, deps_.calendar.zone().name()).last(row->time(0), now, *days);
      if (last && (!due || *last > *due)) due = last;
    }
    QS_TRY(auto next, next_due(seen, now, *days));
    QS_CHECK(t.exec("UPDATE pipeline SET seen = ?, next_due = ? WHERE id = ?", {now, next, seen.id}));
    if (!due) return {};
    QS_TRY(auto run,
           queue(t, owner, seen, {.trigger = "schedule", .due = due, .once = fmt::format("{}@{}", seen.id, to_micros(*due))}));
    if (!run)
      log::info("a due run was left out: one of the pipeline is still active",
                {{"pipeline", seen.code}, {"due", to_iso(*due)}});
    return {};
  });
}

Result<void> StoredPipelines::look_for_files(const Pipeline& p) {
  auto now = deps_.clock.now();
  auto interval = std::chrono::seconds(deps_.settings.integer("ingest.arrival_interval"));
  // Whoever moves the mark looks; the others find it moved.
  QS_TRY(auto ours, deps_.store.write([&](store::Transaction& t) {
    return t.exec("UPDATE pipeline SET looked = ? WHERE id = ? AND looked <= ?", {now, p.id, now - interval});
  }));
  if (ours == 0) return {};
  QS_TRY(auto owner, owner_of(p));
  QS_TRY(auto fresh, new_files(owner, p, false));
  if (fresh.empty()) return {};
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(queue(t, owner, p, {.trigger = "arrival"}));
    return {};
  });
}

Result<void> StoredPipelines::queue_followers(store::Transaction& t, const Pipeline& done, std::string_view run_id) {
  QS_TRY(auto list, all(t));
  for (const auto& p : list) {
    if (!p.enabled || std::ranges::find(p.after, done.code) == p.after.end()) continue;
    QS_TRY(auto last, t.one("SELECT coalesce(max(created), 0) FROM pipeline_run WHERE pipeline_id = ?", {p.id}));
    bool ready = true;
    for (const auto& code : p.after) {
      if (code == done.code) continue;
      QS_TRY(auto before, load(t, code));
      QS_TRY(auto row, t.one("SELECT 1 FROM pipeline_run WHERE pipeline_id = ? AND state = 'succeeded' AND ended > ? LIMIT 1",
                             {before.id, last->integer(0)}));
      ready = ready && row.has_value();
    }
    if (!ready) continue;
    QS_TRY(auto owner, owner_of(p));
    QS_CHECK(queue(t, owner, p, {.trigger = "after", .once = fmt::format("{} after {}", p.id, run_id)}));
  }
  return {};
}

Result<void> StoredPipelines::published(store::Transaction& t, const catalog::Dataset& dataset) {
  QS_TRY(auto list, all(t));
  for (const auto& p : list) {
    if (!p.enabled || std::ranges::find(p.on_datasets, dataset.code) == p.on_datasets.end()) continue;
    QS_TRY(auto owner, owner_of(p));
    QS_CHECK(queue(t, owner, p, {.trigger = "dataset"}));
  }
  return {};
}

Result<void> StoredPipelines::settle() {
  QS_TRY(auto rows, deps_.store.read([](store::Session& s) {
    return s.query("SELECT id, job_id FROM pipeline_run WHERE state IN ('queued', 'running')");
  }));
  for (const auto& row : rows) {
    auto job = deps_.jobs.find(row.text(1));
    if (!job) {
      if (job.error().code == Code::not_found) continue;
      return fail(std::move(job).error());
    }
    if (job->state != jobs::State::queued && job->state != jobs::State::running) QS_CHECK(settle_one(row.text(0), *job));
  }
  return {};
}

Result<void> StoredPipelines::tick() {
  QS_CHECK(settle());
  auto now = deps_.clock.now();
  QS_TRY(auto list, deps_.store.read([&](store::Session& s) { return all(s); }));
  for (const auto& p : list) {
    if (!p.enabled) continue;
    Result<void> done;
    if (p.next_due && *p.next_due <= now) done = queue_due(p);
    if (done && p.on_arrival) done = look_for_files(p);
    // One that cannot be looked after does not hold up the others.
    if (!done)
      log::warn("a pipeline could not be looked after",
                {{"pipeline", p.code}, {"why", done.error().text.en + " " + done.error().detail}});
  }
  return {};
}

}  // namespace qushu::ingest
