#include "qushu/blob/write_behind.h"

#include <chrono>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace qushu::blob {

namespace {
constexpr std::chrono::milliseconds kPause{50};
}

WriteBehind::WriteBehind(std::filesystem::path file) : file_(std::move(file)), thread_([this] { run(); }) {}

WriteBehind::~WriteBehind() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WriteBehind::run() {
  int fd = -1;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPause, [&] { return stop_; })) {
    if (fd < 0) fd = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    lock.unlock();
    // Only begins the writing of pages that are dirty. A system that cannot leaves all to the fsync.
    (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    lock.lock();
  }
  if (fd >= 0) ::close(fd);
}

}  // namespace qushu::blob
