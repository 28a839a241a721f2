#include "read_ahead.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace qushu::tabular {
namespace {

constexpr std::size_t kAligned = BlockPool::kAligned, kAround = ReadAhead::kRoom + kAligned;
// With what is around them, blocks fill whole pages, the large ones huge ones.
constexpr std::size_t kBlock = (4U << 20U) - kAround, kSmallBlock = (1U << 20U) - kAround;
// From here on a file is read past the page cache.
constexpr std::uint64_t kLarge = 64U << 20U;
// Pieces that lie ready: what parsing takes a tenth of a second for, and as long a disk may take to flush.
constexpr std::size_t kReady = 8;

}  // namespace

ReadAhead::ReadAhead(int fd, std::uint64_t size, std::uint64_t from, File::ByteSink copy)
    : fd_(fd),
      size_(size),
      at_(from / kAligned * kAligned),
      skip_(from % kAligned),
      copy_(std::move(copy)),
      // Of a small file there are blocks for every thread.
      block_(size < kLarge ? kSmallBlock : kBlock),
      pool_(block_ + kAround) {
  // A thread's start costs more than reading a small file.
  if (size_ - std::min(size_, at_) > kSmallBlock) reader_ = std::thread([this] { run(); });
}

ReadAhead::~ReadAhead() {
  if (reader_.joinable()) {
    {
      std::scoped_lock lock(mutex_);
      stop_ = true;
      changed_.notify_all();
    }
    reader_.join();
  }
  ::close(fd_);
}

Result<std::unique_ptr<ReadAhead>> ReadAhead::open(const std::filesystem::path& file, std::uint64_t from, File::ByteSink copy) {
  std::error_code failed;
  auto size = std::filesystem::file_size(file, failed);
  if (failed) return fail_errno(failed.value(), "stat " + file.string());
  int fd = size >= kLarge ? ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT) : -1;
  if (fd < 0) fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "open " + file.string());
  return std::unique_ptr<ReadAhead>(new ReadAhead(fd, size, from, std::move(copy)));
}

ReadAhead::Got ReadAhead::read() {
  Got got{.block = pool_.take()};
  if (!got.block) got.error = ENOMEM;
  while (got.block && got.size < block_) {
    auto n = ::pread(fd_, got.block.get() + kRoom + got.size, block_ - got.size, static_cast<off_t>(at_ + got.size));
    if (n == 0) break;
    if (n > 0) {
      got.size += static_cast<std::size_t>(n);
      // Past the page cache, what is left after an odd count is the end of the file.
      if (got.size % kAligned != 0) break;
    } else if (errno == EINVAL && (::fcntl(fd_, F_GETFL) & O_DIRECT) != 0) {
      (void)::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_DIRECT);
    } else if (errno != EINTR) {
      got.error = errno;
      break;
    }
  }
  at_ += got.size;
  return got;
}

void ReadAhead::run() {
  for (bool last = false; !last;) {
    auto got = read();
    last = got.error != 0 || got.size < block_;
    std::unique_lock lock(mutex_);
    ready_.push_back(std::move(got));
    ended_ = last;
    changed_.notify_all();
    changed_.wait(lock, [&] { return stop_ || ready_.size() < kReady; });
    if (stop_) return;
  }
}

// What has been read, or nothing at the end.
ReadAhead::Got ReadAhead::take() {
  if (!reader_.joinable()) {
    if (ended_) return {};
    auto got = read();
    ended_ = got.error != 0 || got.size < block_;
    return got;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_.empty() || ended_; });
  if (ready_.empty()) return {};
  auto got = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return got;
}

Result<ReadAhead::Piece> ReadAhead::next() {
  auto got = take();
  if (got.error != 0) return fail_errno(got.error, "read a table");
  if (!got.block) return Piece();
  std::span<char> bytes(got.block.get() + kRoom, got.size);
  if (copy_) QS_CHECK(copy_({.owner = got.block, .bytes = {bytes.data(), bytes.size()}}));
  auto skipped = std::min<std::size_t>(skip_, bytes.size());
  skip_ = 0;
  return Piece{.block = std::move(got.block), .bytes = bytes.subspan(skipped)};
}

}  // namespace qushu::tabular
