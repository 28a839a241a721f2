// Pushes over the store; the flush in a file of its own.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "qushu/ingest/push.h"

#include "pushed_rows.h"

namespace qushu::ingest {

class StoredPushes final : public Pushes {
 public:
  explicit StoredPushes(const Deps& deps) : deps_(deps) {}
  void register_jobs();

  Result<Answer> push(const Actor& actor, const catalog::Dataset& dataset, const Request& request, const Read& read) override;
  Result<std::uint64_t> waiting(std::string_view dataset_id) const override;
  Result<std::string> flush(const Actor& actor, const catalog::Dataset& dataset) override;

 private:
  // One request being taken in, batch by batch.
  class Intake;

  struct Batch {
    std::string id;
    const catalog::Dataset& dataset;
    const std::string& mode;
    std::string columns;  // JSON, as catalog::PartColumn
    std::string payload, rejects;
    std::uint64_t rows = 0, rejected = 0;
  };
  // Keeps a batch and sees that it is flushed.
  Result<void> keep(store::Transaction& t, const Actor& actor, const Batch& batch);
  Result<void> order_flush(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset, Duration pause);
  Result<void> check_room(const catalog::Dataset& dataset, std::uint64_t more);
  // A batch of a request that waits, and which rows of the request it holds.
  struct Sent {
    std::string id;
    std::vector<std::uint64_t> rows;
  };
  Result<void> wait_for(const Actor& actor, const catalog::Dataset& dataset, const std::vector<Sent>& sent,
                        const Request& request, Answer& answer);
  // What the version that took a batch did not take of it.
  Result<void> add_outcome(const Sent& sent, Answer& answer) const;
  [[nodiscard]] std::int64_t next_place();

  // The flush: batches that fit into one version together.
  struct Waiting {
    std::vector<std::string> ids;
    std::vector<std::uint64_t> counts;  // rows of each
    std::string mode, columns;
    std::uint64_t rows = 0, rejected = 0;
    bool more = false;
    json::array senders;
  };
  Result<jobs::Finish> run_flush(jobs::Context& context);
  Result<Waiting> gather(std::string_view dataset_id) const;
  // What a version rejects of a batch.
  struct Outcome {
    std::string batch;
    std::uint64_t rejected = 0;
    json::array faults;  // the first kFaults; `row` counts within the batch
  };
  Result<Change> change_of(jobs::Context& context, const catalog::Dataset& dataset, const Waiting& waiting,
                           std::vector<Outcome>& outcomes);
  Result<std::vector<Outcome>> outcomes_of(const Waiting& waiting, const std::string& all, const std::string& before,
                                           const Cancelled& cancelled) const;
  Result<void> write_out(const Waiting& waiting, const std::filesystem::path& rows, class RejectFile& rejects) const;

  Deps deps_;
  std::mutex mutex_;
  std::int64_t last_place_ = 0;
  struct Room {
    std::chrono::steady_clock::time_point asked;
    std::uint64_t rows = 0;
  };
  std::map<std::string, Room, std::less<>> rooms_;  // what waits of each dataset, as of a moment ago
};

}  // namespace qushu::ingest
