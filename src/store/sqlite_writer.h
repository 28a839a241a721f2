// Group commit. SQLite has one writer, and making a commit durable costs far more than most writes: so whoever has written
// while others wait hands the open transaction on to the next of them, and the one behind whom nobody waits commits for all.
// Each body runs on its own thread, within a savepoint: what fails takes back its own changes and no one else's.
//
// A body sees what the members of its group before it have written. When the commit fails, it fails for every one of them.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "sqlite_connection.h"

namespace qushu::store {

// Thread-safe.
class Writer {
 public:
  using Open = std::function<Result<std::unique_ptr<Connection>>()>;
  // `committed` runs once for a commit, before anybody is told of it.
  Writer(Open open, std::chrono::milliseconds wait, std::function<void()> committed)
      : open_(std::move(open)), wait_(wait), committed_(std::move(committed)) {}

  // Returns when the body's changes are on disk. When it answers false, or throws, they are taken back.
  [[nodiscard]] Result<void> write(const std::function<bool(Transaction&)>& body);

 private:
  // One transaction and those who wait for its end. Guarded by mutex_.
  struct Group {
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    std::size_t members = 0;
    bool ended = false;
    std::optional<Error> failed;
    std::condition_variable told;
  };

  // Opens the transaction, or the savepoint of one that was handed on.
  [[nodiscard]] Result<void> begin(bool first);
  // Ends the turn: hands the transaction on, or commits it; waits for the end of the group when this body's changes are in it.
  [[nodiscard]] Result<void> finish(const std::shared_ptr<Group>& group, bool kept);
  void roll_back();
  void end(std::unique_lock<std::mutex>& lock, Group& group, std::optional<Error> failed);

  const Open open_;
  const std::chrono::milliseconds wait_;
  const std::function<void()> committed_;

  std::mutex mutex_;
  std::condition_variable free_;
  bool busy_ = false;              // somebody has the turn, and with it the connection
  std::size_t waiting_ = 0;        // for the turn
  std::shared_ptr<Group> handed_;  // an open transaction for the next; there is one only while somebody waits
  std::unique_ptr<Connection> connection_;
};

}  // namespace qushu::store
