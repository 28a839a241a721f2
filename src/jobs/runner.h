// What runs one job: its lease, its progress on the way to the store, and the transaction in which it ends.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "qushu/jobs/jobs.h"

#include "rows.h"

namespace qushu::jobs {

struct Limits {
  std::chrono::seconds lease;
  std::chrono::seconds backoff;
  std::int64_t log_lines;
};

// The Context of one running attempt. The handler's thread reports to it, the heartbeat thread carries the news to the store.
class Attempt final : public Context {
 public:
  Attempt(store::Store& store, const Clock& clock, Limits limits, StoredJob stored, const std::atomic<bool>& stopping)
      : store_(store), clock_(clock), limits_(limits), stored_(std::move(stored)), stopping_(stopping) {}

  [[nodiscard]] const Job& job() const override { return stored_.job; }
  [[nodiscard]] const Actor& actor() const override { return stored_.actor; }
  void progress(double fraction, Text step) override;
  void units(std::int64_t done, std::int64_t total, std::string_view unit) override;
  void log(std::string_view level, Text text) override;
  [[nodiscard]] bool cancelled() const override { return cancel_.load() || lost_.load() || stopping_.load(); }

  // Renews the lease and writes what is new; learns that it was cancelled or that the lease is gone. The job as it is now.
  [[nodiscard]] Result<Job> beat();
  // Ends the attempt; what became of the job.
  [[nodiscard]] Result<Job> end(audit::Audit& audit, Result<Finish> outcome);

  [[nodiscard]] bool lost() const { return lost_.load(); }

 private:
  struct News {
    double progress;
    Text step;
    std::int64_t done, total;
    std::string unit;
    std::vector<LogLine> lines;
  };
  News take_news();
  Result<void> write_lines(store::Transaction& t, const std::vector<LogLine>& lines);
  Result<Job> succeed(const Finish& finish);
  Result<Job> fail_with(audit::Audit& audit, const Error& error);
  // The end state is written only while the lease is ours; conflict otherwise.
  Result<void> still_ours(store::Session& s);

  store::Store& store_;
  const Clock& clock_;
  Limits limits_;
  StoredJob stored_;
  const std::atomic<bool>& stopping_;
  std::atomic<bool> cancel_ = false, lost_ = false;

  std::mutex beating_;  // one beat or the end at a time
  std::mutex mutex_;    // guards what follows
  News news_{};
};

[[nodiscard]] Result<StoredJob> load(store::Session& s, std::string_view id);

}  // namespace qushu::jobs
