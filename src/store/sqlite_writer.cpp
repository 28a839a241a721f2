#include "sqlite_writer.h"

#include "qushu/base/log.h"

#include "backend.h"

namespace qushu::store {
namespace {

// The first of a group waits for its last.
constexpr std::size_t kMostMembers = 128;
constexpr std::chrono::milliseconds kLongest{20};

}  // namespace

Result<void> Writer::begin(bool first) {
  if (!connection_) {
    QS_TRY(auto opened, open_());
    connection_ = std::move(opened);
  }
  return connection_->command(first ? "BEGIN IMMEDIATE" : "SAVEPOINT member");
}

Result<void> Writer::write(const std::function<bool(Transaction&)>& body) {
  std::shared_ptr<Group> group;
  {
    std::unique_lock lock(mutex_);
    ++waiting_;
    bool mine = free_.wait_for(lock, wait_, [&] { return !busy_; });
    --waiting_;
    if (!mine) return no_connection(wait_);
    busy_ = true;
    group = std::exchange(handed_, nullptr);
  }
  bool first = group == nullptr, kept = false;
  if (first) group = std::make_shared<Group>();
  std::exception_ptr thrown;
  std::optional<SqliteTransaction> t;
  auto begun = begin(first);
  if (begun) {
    t.emplace(*connection_);
    try {
      kept = body(*t);
    } catch (...) {
      thrown = std::current_exception();
    }
    // A full disk makes SQLite take back everything by itself.
    if (connection_->in_transaction()) {
      if (!kept) begun = connection_->command(first ? "ROLLBACK" : "ROLLBACK TO member");
      if (begun && !first) begun = connection_->command("RELEASE member");
      // What could not be taken back alone goes with everything.
      if (!begun && connection_->in_transaction()) roll_back();
    }
  }
  kept = kept && begun;
  auto finished = finish(group, kept);
  if (thrown) std::rethrow_exception(thrown);
  if (!begun) return begun;
  if (!kept) return {};
  QS_CHECK(std::move(finished));
  t->run_actions();
  return {};
}

Result<void> Writer::finish(const std::shared_ptr<Group>& group, bool kept) {
  std::unique_lock lock(mutex_);
  if (kept) ++group->members;
  if (!connection_ || !connection_->in_transaction()) {
    std::optional<Error> failed;
    if (group->members > 0) failed = connection_->ended_by().value_or(fail_internal("the transaction has ended").error());
    end(lock, *group, failed);
    return failed ? Result<void>(Failure(*std::move(failed))) : Result<void>();
  }
  if (waiting_ > 0 && group->members < kMostMembers && std::chrono::steady_clock::now() - group->begun < kLongest) {
    handed_ = group;
    busy_ = false;
    free_.notify_one();
    if (!kept) return {};
    group->told.wait(lock, [&] { return group->ended; });
    return group->failed ? Result<void>(Failure(*group->failed)) : Result<void>();
  }
  lock.unlock();
  auto done = connection_->command("COMMIT");
  if (done)
    committed_();
  else if (connection_->in_transaction())
    roll_back();
  lock.lock();
  end(lock, *group, done ? std::nullopt : std::optional(done.error()));
  return done;
}

void Writer::roll_back() {
  if (auto done = connection_->command("ROLLBACK"); !done) log::error("rollback failed", done.error());
}

void Writer::end(std::unique_lock<std::mutex>&, Group& group, std::optional<Error> failed) {
  group.ended = true;
  group.failed = std::move(failed);
  group.told.notify_all();
  busy_ = false;
  free_.notify_one();
}

}  // namespace qushu::store
