// Sends a growing file to the disk while it is written, and flushes the disk every now and then, so that the fsync at its end
// finds little left to wait for. What must be on disk is still synced by who keeps the file, but an error that a flush has met
// is told once only by the system, and to the flush: ask end() for it.
//
//   WriteBehind behind(path);   // the file need not exist yet
//   … write the file …
//   QS_CHECK(behind.end());
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "qushu/base/error.h"

namespace qushu::blob {

class WriteBehind {
 public:
  explicit WriteBehind(std::filesystem::path file);
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;
  // Ends the work; an error if some of the file did not reach the disk.
  [[nodiscard]] Result<void> end();

 private:
  void run();

  std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;  // guarded by mutex_
  int error_ = 0;      // of the thread until it has ended
  std::thread thread_;
};

}  // namespace qushu::blob
