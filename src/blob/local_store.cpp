#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/blob/blob_store.h"
#include "qushu/crypto/crypto.h"

namespace qushu::blob {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = std::size_t{1} << 20;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { close(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  bool close() {
    auto fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

Result<void> sync_folder(const fs::path& folder) {
  Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return fail_errno(errno, "fsync " + folder.string());
  return {};
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno(errno, "write blob");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

// Reads a file in blocks.
Result<std::uint64_t> read_all(int fd, const std::function<Result<void>(std::string_view)>& take) {
  std::string block(kBlock, '\0');
  std::uint64_t total = 0;
  for (;;) {
    auto got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read");
    if (got == 0) return total;
    QS_CHECK(take(std::string_view(block).substr(0, static_cast<std::size_t>(got))));
    total += static_cast<std::uint64_t>(got);
  }
}

bool is_digest(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

class LocalStore final : public BlobStore {
 public:
  LocalStore(fs::path root, fs::path temporary, Fd lock)
      : root_(std::move(root)), temporary_(std::move(temporary)), lock_(std::move(lock)) {}
  ~LocalStore() override {
    std::error_code ignored;  // the next open() removes what is left
    fs::remove_all(temporary_, ignored);
  }

  Result<std::unique_ptr<Writer>> create() override;
  Result<BlobInfo> adopt(const fs::path& file) override {
    Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return fail_errno(errno, "open " + file.string());
    // On its way to the disk while it is hashed; whether it is there is for fsync to say.
    ::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    crypto::Digest digest;
    QS_TRY(auto size, read_all(fd.get(), [&](std::string_view block) -> Result<void> {
             digest.update(block);
             return {};
           }));
    if (::fsync(fd.get()) != 0) return fail_errno(errno, "fsync " + file.string());
    return keep(file, {.sha256 = crypto::to_hex(digest.finish()), .size = size});
  }

  Result<BlobInfo> copy_in(const fs::path& file) override {
    Fd from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info{};
    if (from.get() < 0 || ::fstat(from.get(), &info) != 0 || !S_ISREG(info.st_mode))
      return fail(Error{.code = Code::invalid,
                        .id = "blob.unreadable",
                        .text = {fmt::format("文件 {} 读不了，请检查路径和权限。", file.string()),
                                 fmt::format("The file {} cannot be read; check its path and its permissions.", file.string())},
                        .subject = file.string()});
    QS_TRY(auto writer, create());
    QS_CHECK(read_all(from.get(), [&](std::string_view block) { return writer->write(block); }));
    return writer->commit();
  }

  Result<fs::path> path(std::string_view sha256) const override {
    if (!is_digest(sha256)) return fail(Code::invalid, "blob.name", "文件编号不对。", "That is not the name of a file.");
    auto file = place(sha256);
    if (!fs::exists(file)) return fail(Code::not_found, "blob.not_found", "文件已不存在。", "There is no such file.");
    return file;
  }

  Result<void> verify(std::string_view sha256) const override {
    QS_TRY(auto file, path(sha256));
    Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return fail_errno(errno, "open " + file.string());
    crypto::Digest digest;
    QS_CHECK(read_all(fd.get(), [&](std::string_view block) -> Result<void> {
      digest.update(block);
      return {};
    }));
    if (crypto::to_hex(digest.finish()) == sha256) return {};
    return fail(Error{.code = Code::internal,
                      .id = "blob.damaged",
                      .text = {"存储的文件已损坏，与其摘要不符，请从备份恢复。",
                               "A stored file is damaged: it no longer matches its digest. Restore it from a backup."},
                      .subject = std::string(sha256)});
  }

  [[nodiscard]] fs::path temporary_folder() const override { return temporary_; }

  Result<std::uint64_t> sweep(std::chrono::seconds grace, const std::function<bool(std::string_view)>& is_used) override {
    std::uint64_t freed = 0;
    auto limit = fs::file_time_type::clock::now() - grace;
    std::error_code error;
    for (fs::recursive_directory_iterator at(root_ / "blobs", error), end; !error && at != end; at.increment(error)) {
      std::error_code gone;  // another process may sweep too
      auto name = at->path().parent_path().filename().string() + at->path().filename().string();
      if (!at->is_regular_file(gone) || !is_digest(name) || at->last_write_time(gone) > limit || gone || is_used(name))
        continue;
      auto size = at->file_size(gone);
      if (fs::remove(at->path(), gone) && !gone) freed += size;
    }
    if (error) return fail_errno(error.value(), "sweep blobs");
    return freed;
  }

  Result<std::uint64_t> free_bytes() const override {
    struct statvfs info{};
    if (::statvfs(root_.c_str(), &info) != 0) return fail_errno(errno, "statvfs " + root_.string());
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }

  // Moves a finished, synced file to its place.
  Result<BlobInfo> keep(const fs::path& file, BlobInfo info) {
    auto target = place(info.sha256);
    std::error_code error;
    bool fresh = fs::create_directories(target.parent_path(), error);
    if (error) return fail_errno(error.value(), "mkdir " + target.parent_path().string());
    if (::chmod(file.c_str(), 0440) != 0) return fail_errno(errno, "chmod " + file.string());
    if (fs::exists(target)) {
      // The same content again: its age starts anew, so that the sweep leaves it to its new owner.
      fs::last_write_time(target, fs::file_time_type::clock::now(), error);
      fs::remove(file, error);
      return info;
    }
    if (::rename(file.c_str(), target.c_str()) != 0) return fail_errno(errno, "rename to " + target.string());
    QS_CHECK(sync_folder(target.parent_path()));
    if (fresh) QS_CHECK(sync_folder(root_ / "blobs"));
    return info;
  }

 private:
  [[nodiscard]] fs::path place(std::string_view sha256) const {
    return root_ / "blobs" / sha256.substr(0, 2) / sha256.substr(2);
  }

  fs::path root_, temporary_;
  Fd lock_;  // held while we live: our temporary folder is not garbage
};

constexpr std::size_t kWriteBlock = std::size_t{2} << 20, kMostBlocks = 16;

// What a large blob goes through on its way: whole blocks are hashed by one thread and written by another, in order, while the
// next ones are filled. Used by one thread, but for its own.
class Pipeline {
 public:
  // Both actions get each block once, in order.
  Pipeline(std::function<Result<void>(std::string_view)> hash, std::function<Result<void>(std::string_view)> write)
      : hasher_([this, hash = std::move(hash)] { run(to_hash_, hash); }),
        writer_([this, write = std::move(write)] { run(to_write_, write); }) {}
  ~Pipeline() {
    {
      std::scoped_lock lock(mutex_);
      stop_ = true;
      changed_.notify_all();
    }
    hasher_.join();
    writer_.join();
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Waits when too many are on their way.
  Result<void> pass(SharedBytes block) {
    std::unique_lock lock(mutex_);
    to_hash_.push_back(block);
    to_write_.push_back(std::move(block));
    changed_.notify_all();
    changed_.wait(lock, [&] { return to_hash_.size() < kMostBlocks && to_write_.size() < kMostBlocks; });
    return outcome_;
  }
  // Waits for all that is on its way.
  Result<void> settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return to_hash_.empty() && to_write_.empty(); });
    return outcome_;
  }

 private:
  // A block stays in its queue until it is done with.
  void run(std::deque<SharedBytes>& queue, const std::function<Result<void>(std::string_view)>& act) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stop_ || !queue.empty(); });
      if (queue.empty()) return;
      auto bytes = queue.front().bytes;
      bool good = outcome_.has_value();
      lock.unlock();
      auto outcome = good ? act(bytes) : Result<void>();
      lock.lock();
      queue.pop_front();
      if (!outcome && outcome_) outcome_ = std::move(outcome);
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SharedBytes> to_hash_, to_write_;
  Result<void> outcome_;
  bool stop_ = false;
  std::thread hasher_, writer_;
};

// Large blobs go past the page cache, where the file system can: filling it costs more than the disk, and the fsync at the end
// would wait for all of it at once.
class LocalWriter final : public Writer {
 public:
  LocalWriter(LocalStore& store, fs::path file, Fd fd) : store_(store), file_(std::move(file)), fd_(std::move(fd)) {}
  ~LocalWriter() override {
    pipeline_.reset();
    if (!committed_) ::unlink(file_.c_str());
  }
  Result<void> write(std::string_view bytes) override {
    size_ += bytes.size();
    while (!bytes.empty()) {
      if (!block_) block_ = pool_.take();
      if (!block_) return fail_errno(ENOMEM, "write blob");
      auto n = std::min(bytes.size(), kWriteBlock - filled_);
      std::memcpy(block_.get() + filled_, bytes.data(), n);
      filled_ += n;
      bytes.remove_prefix(n);
      if (filled_ < kWriteBlock) break;
      QS_CHECK(pass({.owner = block_, .bytes = {block_.get(), kWriteBlock}}));
      block_.reset();
      filled_ = 0;
    }
    return {};
  }
  Result<void> write(const SharedBytes& shared) override {
    auto aligned = [](auto number) { return number % BlockPool::kAligned == 0; };
    if (filled_ > 0 || shared.bytes.size() < kWriteBlock || !aligned(shared.bytes.size()) ||
        !aligned(reinterpret_cast<std::uintptr_t>(shared.bytes.data())))  // NOLINT: past the page cache, addresses matter
      return write(shared.bytes);
    size_ += shared.bytes.size();
    return pass(shared);
  }
  [[nodiscard]] std::uint64_t written() const override { return size_; }
  Result<BlobInfo> commit() override {
    if (pipeline_) QS_CHECK(pipeline_->settle());
    auto rest = filled_ == 0 ? std::string_view() : std::string_view(block_.get(), filled_);
    digest_.update(rest);
    if (pipeline_) go_direct(false);
    QS_CHECK(write_all(fd_.get(), rest));
    if (::fsync(fd_.get()) != 0) return fail_errno(errno, "fsync blob");
    if (!fd_.close()) return fail_errno(errno, "close blob");
    QS_TRY(auto info, store_.keep(file_, {.sha256 = crypto::to_hex(digest_.finish()), .size = size_}));
    committed_ = true;
    return info;
  }

 private:
  Result<void> pass(SharedBytes block) {
    if (!pipeline_) start();
    return pipeline_->pass(std::move(block));
  }
  void start() {
    go_direct(true);
    pipeline_ = std::make_unique<Pipeline>(
        [this](std::string_view block) -> Result<void> {
          digest_.update(block);
          return {};
        },
        [this](std::string_view block) { return write_all(fd_.get(), block); });
  }
  // Where it cannot be had, the page cache serves.
  void go_direct(bool direct) {
    auto flags = ::fcntl(fd_.get(), F_GETFL);
    (void)::fcntl(fd_.get(), F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT);
  }

  LocalStore& store_;
  fs::path file_;
  Fd fd_;
  BlockPool pool_{kWriteBlock};
  std::shared_ptr<char> block_;
  std::size_t filled_ = 0;
  crypto::Digest digest_;
  std::uint64_t size_ = 0;
  bool committed_ = false;
  std::unique_ptr<Pipeline> pipeline_;
};

Result<std::unique_ptr<Writer>> LocalStore::create() {
  auto file = temporary_ / new_id();
  Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) return fail_errno(errno, "create " + file.string());
  return std::make_unique<LocalWriter>(*this, std::move(file), std::move(fd));
}

// Temporary folders whose lock nobody holds belong to processes that have died.
void remove_orphans(const fs::path& temporary) {
  std::error_code error;
  for (fs::directory_iterator at(temporary, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".lock") continue;
    Fd lock(::open(at->path().c_str(), O_RDWR | O_CLOEXEC));
    if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    std::error_code ignored;  // tried again at the next start
    fs::remove_all(fs::path(at->path()).replace_extension(), ignored);
    fs::remove(at->path(), ignored);
  }
}

}  // namespace

Result<std::unique_ptr<BlobStore>> BlobStore::open_local(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder / "blobs", error);
  if (!error) fs::create_directories(folder / "tmp", error);
  if (error) return fail_errno(error.value(), "mkdir " + folder.string());
  remove_orphans(folder / "tmp");
  auto own = folder / "tmp" / new_id();
  Fd lock(::open((own.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return fail_errno(errno, "lock " + own.string());
  if (!fs::create_directory(own, error)) return fail_errno(error.value(), "mkdir " + own.string());
  return std::make_unique<LocalStore>(folder, own, std::move(lock));
}

}  // namespace qushu::blob
