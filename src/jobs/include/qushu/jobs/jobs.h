// Durable background work: progress, log, cancel, retry with back-off; survives `kill -9`.
//
// A job is a row. A worker takes it by a lease, which it renews while it works; a lease that ran out (the process died) makes
// the job run again, unless its kind may not be repeated, then it is marked `interrupted`. The effect of a job and its
// completion are one transaction: a handler does its preparation (files, which are garbage until named), and returns the
// `finish` step, which runs in the transaction that marks the job done and only if the lease is still ours. So a job is never
// lost and its effect never happens twice.
//
// Several processes may share one store: the server's workers and the command line, which runs the job that it made itself
// (run_now) while it watches it.
//
// Thread-safety: Jobs may be used from any thread; a Context by the handler's thread, but cancelled() by any.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::jobs {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> migrations();
[[nodiscard]] std::span<const SettingSpec> settings();  // jobs.workers, jobs.lease, jobs.keep_days …

enum class State : std::uint8_t { queued, running, succeeded, failed, cancelled, interrupted };
[[nodiscard]] std::string_view name(State state);

struct LogLine {
  std::int64_t number;
  Time at;
  std::string level;  // "info", "warn", "error"
  Text text;
};

struct Job {
  std::string id, kind;
  Text title;  // "导入 企业登记.csv"
  State state = State::queued;
  json::object input, output;
  std::string object_kind, object_id;  // what it works on, so that a page can show its jobs
  std::string person_id, person_name, department_id;
  double progress = 0;                           // 0 to 1
  Text step;                                     // what it does now: "读取第 2 个工作表"
  std::int64_t done_units = 0, total_units = 0;  // rows or bytes, for rate and time left
  std::string unit;                              // "rows", "bytes" or ""
  int attempts = 0, max_attempts = 1;
  std::optional<Error> error;
  Time created, changed;
  std::optional<Time> started, ended, run_after;
  bool cancel_asked = false;
};

class Context {
 public:
  virtual ~Context() = default;
  [[nodiscard]] virtual const Job& job() const = 0;
  [[nodiscard]] virtual const Actor& actor() const = 0;  // on whose behalf
  // Cheap; written to the store at most every `jobs.progress_interval`.
  virtual void progress(double fraction, Text step) = 0;
  virtual void units(std::int64_t done, std::int64_t total, std::string_view unit) = 0;
  virtual void log(std::string_view level, Text text) = 0;
  // Asked for by a person, by shutdown, or because the lease was lost. Handlers look often and return Code::cancelled.
  [[nodiscard]] virtual bool cancelled() const = 0;
};

// Runs inside the transaction that completes the job; its value is the job's output.
using Finish = std::function<Result<json::object>(store::Transaction&)>;
using Handler = std::function<Result<Finish>(Context&)>;

struct Kind {
  std::string name;  // "import.analyse"
  Text title;
  Handler handler;
  int max_attempts = 3;    // errors of the kinds unavailable, overloaded, internal, timed_out are tried again, others are not
  bool repeatable = true;  // may run again after the process died
};

struct Request {
  std::string kind;
  Text title;
  json::object input = {};
  std::string object_kind = {}, object_id = {};
  std::optional<Time> run_after = {};
  std::string idempotency_key = {};  // a second job with the same key is the first one
};

class Jobs {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Jobs>> open(store::Store& store, audit::Audit& audit, const Settings& settings,
                                                          const Clock& clock);
  virtual ~Jobs() = default;  // stop()

  virtual void register_kind(Kind kind) = 0;
  // Starts `jobs.workers` threads and takes over what a dead process left behind.
  virtual void start() = 0;
  // Asks the running jobs to stop (they go back to the queue), waits, joins.
  virtual void stop() = 0;

  // Queues a job as part of `t`; its id. Workers are woken after the commit.
  [[nodiscard]] virtual Result<std::string> add(store::Transaction& t, const Actor& actor, const Request& request) = 0;
  // Runs one queued job in this thread, as a worker would; for the command line and tests. Its final state, or "jobs.stopped"
  // when another thread called stop(): the job then waits in the queue.
  [[nodiscard]] virtual Result<Job> run_now(std::string_view id) = 0;

  [[nodiscard]] virtual Result<Job> find(std::string_view id) const = 0;
  struct Filter {
    std::string person_id, object_kind, object_id, kind;
    std::vector<std::string> departments;  // empty: all
    std::optional<State> state;
    std::string before;  // keyset: jobs older than this id
    std::size_t limit = 50;
  };
  [[nodiscard]] virtual Result<std::vector<Job>> list(const Filter& filter) const = 0;
  [[nodiscard]] virtual Result<std::vector<LogLine>> log(std::string_view id, std::int64_t after, std::size_t limit) const = 0;
  // Audited. A queued job ends at once, a running one is asked to stop.
  [[nodiscard]] virtual Result<Job> cancel(const Actor& actor, std::string_view id) = 0;
  // Audited. Of a failed, cancelled or interrupted job.
  [[nodiscard]] virtual Result<Job> retry(const Actor& actor, std::string_view id) = 0;

  // Told of every change of a job (state, progress), on the thread that made it; must be quick. For the event hub.
  virtual void on_change(std::function<void(const Job&)> listener) = 0;
};

// Whether the job has not ended yet: it waits, runs, or will run again.
[[nodiscard]] Result<bool> is_open(store::Session& s, std::string_view id);

// A job as the API shows it.
[[nodiscard]] json::object to_json(const Job& job, Lang lang);

// Whether the person may see this job: her own, her departments', or any with job_manage.
[[nodiscard]] bool may_see(const Actor& actor, const Job& job);

// /api/v1/jobs…, and /api/v1/events (server-sent events of everything that changes; `hub` is fed by the jobs from here on).
void add_routes(http::Router& router, Jobs& jobs, http::EventHub& hub);

}  // namespace qushu::jobs
