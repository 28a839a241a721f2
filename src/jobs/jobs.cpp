#include "qushu/jobs/jobs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "lease.h"
#include "rows.h"
#include "runner.h"

namespace qushu::jobs {
namespace {

class StoredJobs final : public Jobs {
 public:
  StoredJobs(store::Store& store, audit::Audit& audit, const Settings& settings, const Clock& clock)
      : store_(store),
        audit_(audit),
        clock_(clock),
        workers_(static_cast<std::size_t>(settings.integer("jobs.workers"))),
        interval_(settings.integer("jobs.progress_interval")),
        keep_(std::chrono::days(settings.integer("jobs.keep_days"))),
        limits_{.lease = std::chrono::seconds(settings.integer("jobs.lease")),
                .backoff = std::chrono::seconds(settings.integer("jobs.backoff")),
                .log_lines = settings.integer("jobs.log_limit")} {}
  ~StoredJobs() override { StoredJobs::stop(); }

  void register_kind(Kind kind) override {
    std::lock_guard lock(mutex_);
    auto name = kind.name;
    kinds_.insert_or_assign(name, std::make_shared<const Kind>(std::move(kind)));
  }

  void start() override {
    std::lock_guard lock(mutex_);
    if (!threads_.empty()) return;
    stopping_ = false;
    for (std::size_t i = 0; i < workers_; ++i) threads_.emplace_back([this] { work(); });
    threads_.emplace_back([this] { watch(); });
  }

  void stop() override {
    std::vector<std::thread> threads;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      threads.swap(threads_);
    }
    wake_.notify_all();
    for (auto& thread : threads) thread.join();
  }

  Result<std::string> add(store::Transaction& t, const Actor& actor, const Request& request) override {
    auto kind = kind_of(request.kind);
    if (!kind) return fail_internal("no job kind " + request.kind);
    if (!request.idempotency_key.empty()) {
      QS_TRY(auto known, t.one("SELECT id FROM job WHERE idempotency_key = ?", {request.idempotency_key}));
      if (known) return known->text(0);
    }
    auto id = new_id();
    auto now = clock_.now();
    auto key = request.idempotency_key.empty() ? std::nullopt : std::optional(request.idempotency_key);
    QS_CHECK(
        t.exec("INSERT INTO job (id, kind, title_zh, title_en, state, input, object_kind, object_id, person_id, person_name, "
               "department_id, actor, max_attempts, created, changed, run_after, idempotency_key) "
               "VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {id, request.kind, request.title.zh, request.title.en, json::serialize(request.input), request.object_kind,
                request.object_id, actor.person_id, actor.name, actor.department_id, to_text(actor), kind->max_attempts, now,
                now, request.run_after.value_or(now), key}));
    t.after_commit([this, id] {
      nudge();
      tell(id);
    });
    return id;
  }

  Result<Job> run_now(std::string_view id) override {
    Time told{};
    while (true) {
      QS_TRY(auto stored, read(id));
      if (is_final(stored.job.state)) return stored.job;
      if (stopping_)
        return fail(Error{.code = Code::cancelled,
                          .id = "jobs.stopped",
                          .text = {fmt::format("已中断。作业“{}”留在队列里，服务运行时会接着做。", stored.job.title.zh),
                                   fmt::format("Interrupted. The job “{}” stays queued and is done once the server runs.",
                                               stored.job.title.en)}});
      if (stored.job.state == State::queued && stored.job.run_after.value_or(Time{}) <= clock_.now()) {
        QS_TRY(auto claimed, claim(id));
        if (claimed) {
          run(*std::move(claimed), true);
          continue;
        }
      }
      if (stored.job.changed != told) emit(stored.job);
      told = stored.job.changed;
      QS_CHECK(take_over());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  Result<Job> find(std::string_view id) const override {
    QS_TRY(auto stored, read(id));
    return stored.job;
  }

  Result<std::vector<Job>> list(const Filter& filter) const override {
    std::string sql = fmt::format("SELECT {} FROM job WHERE 1 = 1", kJobColumns);
    store::Params params;
    auto equals = [&](std::string_view column, std::string_view value) {
      if (value.empty()) return;
      sql += fmt::format(" AND {} = ?", column);
      params.emplace_back(value);
    };
    equals("person_id", filter.person_id);
    equals("object_kind", filter.object_kind);
    equals("object_id", filter.object_id);
    equals("kind", filter.kind);
    if (filter.state) equals("state", name(*filter.state));
    if (!filter.departments.empty()) {
      std::string marks;
      for (const auto& d : filter.departments) {
        marks += marks.empty() ? "?" : ", ?";
        params.emplace_back(d);
      }
      sql += fmt::format(" AND department_id IN ({})", marks);
    }
    if (!filter.before.empty()) {
      sql += " AND id < ?";
      params.emplace_back(filter.before);
    }
    sql += " ORDER BY id DESC LIMIT ?";
    params.emplace_back(static_cast<std::int64_t>(filter.limit));
    return store_.read([&](store::Session& s) -> Result<std::vector<Job>> {
      QS_TRY(auto rows, s.query(sql, params));
      std::vector<Job> jobs;
      for (const auto& row : rows) jobs.push_back(job_of(row).job);
      return jobs;
    });
  }

  Result<std::vector<LogLine>> log(std::string_view id, std::int64_t after, std::size_t limit) const override {
    return store_.read([&](store::Session& s) -> Result<std::vector<LogLine>> {
      QS_TRY(auto rows, s.query("SELECT number, at, level, text_zh, text_en FROM job_log WHERE job_id = ? AND number > ? "
                                "ORDER BY number LIMIT ?",
                                {id, after, static_cast<std::int64_t>(limit)}));
      std::vector<LogLine> lines;
      for (const auto& row : rows)
        lines.push_back(
            {.number = row.integer(0), .at = row.time(1), .level = row.text(2), .text = {row.text(3), row.text(4)}});
      return lines;
    });
  }

  Result<Job> cancel(const Actor& actor, std::string_view id) override {
    return changed_by(actor, id, "job.cancel", [&](store::Transaction& t, const StoredJob& stored) -> Result<void> {
      if (is_final(stored.job.state))
        return fail(Code::conflict, "job.ended", "作业已经结束，不能取消。", "The job has ended and cannot be cancelled.");
      auto now = clock_.now();
      if (stored.job.state == State::queued) {
        QS_CHECK(t.exec("UPDATE job SET state = 'cancelled', cancel_asked = 1, ended = ?, changed = ? WHERE id = ?",
                        {now, now, id}));
      } else {
        QS_CHECK(t.exec("UPDATE job SET cancel_asked = 1, changed = ? WHERE id = ?", {now, id}));
      }
      return {};
    });
  }

  Result<Job> retry(const Actor& actor, std::string_view id) override {
    return changed_by(actor, id, "job.retry", [&](store::Transaction& t, const StoredJob& stored) -> Result<void> {
      if (!is_final(stored.job.state) || stored.job.state == State::succeeded)
        return fail(Code::conflict, "job.not_failed", "只有失败、取消或中断的作业可以重试。",
                    "Only a job that failed, was cancelled or was interrupted can be tried again.");
      auto now = clock_.now();
      QS_CHECK(
          t.exec("UPDATE job SET state = 'queued', attempts = 0, cancel_asked = 0, error = NULL, ended = NULL, progress = 0, "
                 "run_after = ?, changed = ? WHERE id = ?",
                 {now, now, id}));
      return {};
    });
  }

  void on_change(std::function<void(const Job&)> listener) override {
    std::lock_guard lock(mutex_);
    listeners_.push_back(std::make_shared<const std::function<void(const Job&)>>(std::move(listener)));
  }

 private:
  std::shared_ptr<const Kind> kind_of(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto found = kinds_.find(name);
    return found == kinds_.end() ? nullptr : found->second;
  }

  Result<StoredJob> read(std::string_view id) const {
    return store_.read([&](store::Session& s) { return load(s, id); });
  }

  template <class F>
  Result<Job> changed_by(const Actor& actor, std::string_view id, std::string_view action, F&& change) {
    return store_.write([&](store::Transaction& t) -> Result<Job> {
      QS_TRY(auto stored, load(t, id));
      QS_CHECK(change(t, stored));
      QS_CHECK(audit_.record(t, actor,
                             {.action = std::string(action),
                              .object_kind = "job",
                              .object_id = stored.job.id,
                              .object_name = stored.job.title.zh,
                              .detail = {{"kind", stored.job.kind}}}));
      QS_TRY(auto now, load(t, id));
      t.after_commit([this, job = now.job] {
        nudge();
        emit(job);
        if (job.cancel_asked) beat_one(job.id);
      });
      return now.job;
    });
  }

  // The oldest job that is due (or the one named), now ours; nothing when there is none.
  Result<std::optional<StoredJob>> claim(std::string_view only) {
    std::string names;
    store::Params params{clock_.now()};
    {
      std::lock_guard lock(mutex_);
      for (const auto& [kind, unused] : kinds_) {
        names += names.empty() ? "?" : ", ?";
        params.emplace_back(kind);
      }
    }
    if (names.empty()) return std::nullopt;
    auto sql = fmt::format(
        "SELECT id FROM job WHERE state = 'queued' AND run_after <= ? AND kind IN ({}){} AND (lane = '' OR (SELECT count(*) "
        "FROM job other WHERE other.state = 'running' AND other.lane = job.lane) < lane_limit) ORDER BY run_after, id LIMIT 1",
        names, only.empty() ? "" : " AND id = ?");
    if (!only.empty()) params.emplace_back(only);
    // Looking first costs no write transaction while there is nothing to do.
    QS_TRY(auto due, store_.read([&](store::Session& s) { return s.one(sql, params); }));
    if (!due) return std::nullopt;
    return store_.write([&](store::Transaction& t) -> Result<std::optional<StoredJob>> {
      QS_TRY(auto row, t.one(sql, params));
      if (!row) return std::nullopt;
      auto now = clock_.now();
      auto id = row->text(0);
      QS_CHECK(
          t.exec("UPDATE job SET state = 'running', attempts = attempts + 1, started = ?, changed = ?, progress = 0, "
                 "lease_owner = ?, lease_until = ? WHERE id = ?",
                 {now, now, owner_ + "/" + new_id(), now + limits_.lease, id}));
      QS_TRY(auto stored, load(t, id));
      return stored;
    });
  }

  // Jobs whose process is dead, or whose lease ran out, go back to the queue, or are marked when they must not run twice.
  Result<void> take_over() {
    QS_TRY(auto running, store_.read([&](store::Session& s) {
      return s.query("SELECT id, lease_owner, lease_until FROM job WHERE state = 'running'");
    }));
    for (const auto& row : running) {
      if (row.time(2) > clock_.now() && !is_dead(row.text(1))) continue;
      auto id = row.text(0);
      auto done = store_.write([&](store::Transaction& t) -> Result<Job> {
        QS_TRY(auto stored, load(t, id));
        if (stored.job.state != State::running || stored.lease_owner != row.text(1)) return stored.job;
        auto kind = kind_of(stored.job.kind);
        auto now = clock_.now();
        bool again = (!kind || kind->repeatable) && !stored.job.cancel_asked && stored.job.attempts < stored.job.max_attempts;
        auto state = again ? "queued" : stored.job.cancel_asked ? "cancelled" : "interrupted";
        Error why{.code = Code::unavailable,
                  .id = "job.interrupted",
                  .text = {"执行作业的进程中断了。", "The process that ran the job was interrupted."}};
        QS_CHECK(t.exec(
            "UPDATE job SET state = ?, error = ?, run_after = ?, changed = ?, ended = ?, lease_owner = '', lease_until = 0 "
            "WHERE id = ?",
            {state, to_text(why), now, now, again ? std::nullopt : std::optional(now), id}));
        QS_TRY(auto changed, load(t, id));
        return changed.job;
      });
      if (!done) return Failure(done.error());
      emit(*done);
      nudge();
    }
    return {};
  }

  void run(const StoredJob& stored, bool beat_here) {
    auto kind = kind_of(stored.job.kind);
    auto attempt = std::make_shared<Attempt>(store_, clock_, limits_, stored, stopping_);
    {
      std::lock_guard lock(mutex_);
      running_[stored.job.id] = attempt;
    }
    emit(stored.job);
    // The command line has no watch thread of its own: it beats beside the handler.
    std::atomic<bool> over = false;
    std::thread heart;
    if (beat_here)
      heart = std::thread([&] {
        std::unique_lock lock(mutex_);
        while (!over) {
          wake_.wait_for(lock, interval_, [&] { return over.load(); });
          if (over) break;
          lock.unlock();
          beat(*attempt);
          lock.lock();
        }
      });
    Result<Finish> outcome = fail_internal("never ran");
    try {
      outcome = kind->handler(*attempt);
    } catch (const std::exception& thrown) {
      outcome = fail_internal(std::string("a job handler threw: ") + thrown.what());
    }
    {
      std::lock_guard lock(mutex_);
      over = true;
    }
    wake_.notify_all();
    if (heart.joinable()) heart.join();
    {
      std::lock_guard lock(mutex_);
      running_.erase(stored.job.id);
    }
    // Its message tells people that the log holds more.
    if (!outcome && outcome.error().code == Code::internal)
      log::error("job " + stored.job.id + " (" + stored.job.kind + ") failed inside", outcome.error());
    auto done = attempt->end(audit_, std::move(outcome));
    if (done)
      emit(*done);
    else if (!attempt->lost())
      log::error("the end of a job could not be written; its lease will run out", done.error());
    nudge();
  }

  void beat(Attempt& attempt) {
    auto job = attempt.beat();
    if (job)
      emit(*job);
    else if (!attempt.lost())
      log::warn("the progress of a job could not be written", {{"job", attempt.job().id}, {"why", job.error().detail}});
  }

  void beat_one(const std::string& id) {
    std::shared_ptr<Attempt> attempt;
    {
      std::lock_guard lock(mutex_);
      auto found = running_.find(id);
      if (found != running_.end()) attempt = found->second;
    }
    if (attempt) beat(*attempt);
  }

  void work() {
    while (!stopping_) {
      auto seen = nudges();
      auto claimed = claim("");
      if (!claimed) {
        log::warn("jobs cannot be read", {{"why", claimed.error().detail}});
        pause(std::chrono::seconds(1));
        continue;
      }
      if (*claimed) {
        run(**std::move(claimed), false);
        continue;
      }
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_ || nudged_ != seen; });
    }
  }

  // Beats for all that run here, takes over what died, tells listeners what other processes did, and throws away what is old.
  void watch() {
    auto next_sweep = std::chrono::steady_clock::now();
    auto next_purge = next_sweep;
    while (!stopping_) {
      std::vector<std::shared_ptr<Attempt>> running;
      {
        std::lock_guard lock(mutex_);
        for (const auto& [id, attempt] : running_) running.push_back(attempt);
      }
      for (const auto& attempt : running) beat(*attempt);
      auto now = std::chrono::steady_clock::now();
      if (now >= next_sweep) {
        if (auto done = take_over(); !done) log::warn("jobs cannot be taken over", {{"why", done.error().detail}});
        next_sweep = now + std::chrono::seconds(2);
      }
      if (now >= next_purge) {
        purge();
        next_purge = now + std::chrono::hours(1);
      }
      tell_of_others();
      pause(interval_);
    }
  }

  void purge() {
    auto done = store_.write([&](store::Transaction& t) {
      return t.exec("DELETE FROM job WHERE ended < ? AND state IN ('succeeded', 'failed', 'cancelled', 'interrupted')",
                    {clock_.now() - keep_});
    });
    if (!done) log::warn("old jobs could not be removed", {{"why", done.error().detail}});
  }

  void tell_of_others() {
    auto generation = store_.generation();
    if (!generation || *generation == generation_) return;
    generation_ = *generation;
    auto since = told_until_;
    told_until_ = clock_.now();
    auto rows = store_.read([&](store::Session& s) {
      return s.query(fmt::format("SELECT {} FROM job WHERE changed > ? ORDER BY changed LIMIT 200", kJobColumns),
                     {since - std::chrono::seconds(2)});
    });
    if (!rows) return;
    for (const auto& row : *rows) {
      auto stored = job_of(row);
      bool ours = stored.lease_owner.starts_with(owner_ + "/");
      if (ours) continue;
      auto& told = told_[stored.job.id];
      if (told != stored.job.changed) emit(stored.job);
      told = stored.job.changed;
    }
    std::erase_if(told_, [&](const auto& entry) { return entry.second < since - std::chrono::minutes(1); });
  }

  void tell(const std::string& id) {
    if (auto stored = read(id)) emit(stored->job);
  }

  void emit(const Job& job) {
    std::vector<std::shared_ptr<const std::function<void(const Job&)>>> listeners;
    {
      std::lock_guard lock(mutex_);
      listeners = listeners_;
    }
    for (const auto& listener : listeners) (*listener)(job);
  }

  void nudge() {
    {
      std::lock_guard lock(mutex_);
      ++nudged_;
    }
    wake_.notify_all();
  }
  std::uint64_t nudges() {
    std::lock_guard lock(mutex_);
    return nudged_;
  }
  void pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, time, [&] { return stopping_.load(); });
  }

  store::Store& store_;
  audit::Audit& audit_;
  const Clock& clock_;
  std::size_t workers_;
  std::chrono::milliseconds interval_;
  Duration keep_;
  Limits limits_;
  std::string owner_ = process_owner();
  std::atomic<bool> stopping_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::uint64_t nudged_ = 0;
  std::map<std::string, std::shared_ptr<const Kind>, std::less<>> kinds_;
  std::map<std::string, std::shared_ptr<Attempt>, std::less<>> running_;
  std::vector<std::shared_ptr<const std::function<void(const Job&)>>> listeners_;
  std::vector<std::thread> threads_;

  // of the watch thread
  std::int64_t generation_ = -1;
  Time told_until_ = Time{};
  std::map<std::string, Time, std::less<>> told_;
};

}  // namespace

Result<std::unique_ptr<Jobs>> Jobs::open(store::Store& store, audit::Audit& audit, const Settings& settings,
                                         const Clock& clock) {
  return std::make_unique<StoredJobs>(store, audit, settings, clock);
}

}  // namespace qushu::jobs
