#include "qushu/blob/write_behind.h"

#include <cerrno>
#include <chrono>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace qushu::blob {

namespace {
constexpr std::chrono::milliseconds kPause{50};
constexpr int kFlush = 6;  // pauses from one flush to the next: a disk keeps what it is sent to itself until then
}  // namespace

WriteBehind::WriteBehind(std::filesystem::path file) : file_(std::move(file)), thread_([this] { run(); }) {}

WriteBehind::~WriteBehind() {
  (void)end();  // an error is for who asks: the file of one who does not is thrown away
}

Result<void> WriteBehind::end() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (error_ != 0) return fail_errno(error_, "write " + file_.string());
  return {};
}

void WriteBehind::run() {
  int fd = -1, since = 0;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPause, [&] { return stop_; })) {
    if (fd < 0) fd = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    lock.unlock();
    // Only begins the writing of pages that are dirty. A system that cannot leaves all to the fsync.
    (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    if (++since == kFlush) {
      since = 0;
      if (::fdatasync(fd) != 0 && error_ == 0) error_ = errno;
    }
    lock.lock();
  }
  if (fd >= 0) ::close(fd);
}

}  // namespace qushu::blob
