// Sends a growing file to the disk while it is written, so that the fsync at its end finds little left to wait for. It promises
// nothing: what must be on disk is still synced by who keeps the file.
//
//   WriteBehind behind(path);   // the file need not exist yet
//   … write the file …
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace qushu::blob {

class WriteBehind {
 public:
  explicit WriteBehind(std::filesystem::path file);
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

 private:
  void run();

  std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace qushu::blob
