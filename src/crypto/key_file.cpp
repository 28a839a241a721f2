#include "key_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/crypto/crypto.h"

namespace qushu::crypto {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongest = 1 << 20;

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_durably(const fs::path& file, std::string_view content, unsigned mode) {
  File out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (out.get() < 0) return fail_errno(errno, "create " + file.string());
  while (!content.empty()) {
    auto wrote = ::write(out.get(), content.data(), content.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "write " + file.string());
    }
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fsync(out.get()) != 0) return fail_errno(errno, "fsync " + file.string());
  return {};
}

Result<void> sync_folder(const fs::path& folder) {
  File handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() < 0) return fail_errno(errno, "open " + folder.string());
  if (::fsync(handle.get()) != 0) return fail_errno(errno, "fsync " + folder.string());
  return {};
}

}  // namespace

Result<std::optional<std::string>> read_small_file(const fs::path& file) {
  File in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) {
    if (errno == ENOENT) return std::nullopt;
    return fail_errno(errno, "open " + file.string());
  }
  std::string content;
  char piece[4096];
  while (true) {
    auto got = ::read(in.get(), piece, sizeof piece);
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "read " + file.string());
    }
    if (got == 0) return content;
    content.append(piece, static_cast<std::size_t>(got));
    if (content.size() > kLongest) return fail_internal("longer than any key: " + file.string());
  }
}

Result<bool> create_file(const fs::path& file, std::string_view content, unsigned mode) {
  auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code made;
  if (!fs::exists(folder, made)) {
    if (fs::create_directories(folder, made); made) return fail_errno(made.value(), "mkdir " + folder.string());
    if (::chmod(folder.c_str(), 0700) != 0) return fail_errno(errno, "chmod " + folder.string());
  }
  auto temporary = folder / ("." + file.filename().string() + "." + new_id());
  auto wrote = write_durably(temporary, content, mode);
  bool first = false;
  if (wrote) {
    // A link, unlike a rename, never replaces what another process has put there meanwhile.
    first = ::link(temporary.c_str(), file.c_str()) == 0;
    if (!first && errno != EEXIST) wrote = fail_errno(errno, "link " + file.string());
  }
  ::unlink(temporary.c_str());
  QS_CHECK(wrote);
  QS_CHECK(sync_folder(folder));
  return first;
}

Result<std::string> load_or_create_key(const fs::path& file) {
  QS_TRY(auto content, read_small_file(file));
  if (!content) {
    QS_CHECK(create_file(file, to_hex(random_bytes(32)) + "\n", 0600));
    QS_TRY(content, read_small_file(file));
  }
  if (!content) return fail_internal("vanished while it was read: " + file.string());
  struct stat info{};
  if (::stat(file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0)
    log::warn("key file can be read by others; run chmod 600 on it", {{"file", file.string()}});
  std::string_view text = *content;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  auto key = from_hex(text);
  if (!key || key->size() != 32) {
    auto name = file.filename().string();
    return fail(Code::invalid, "crypto.key_file",
                "密钥文件 " + name + " 不是 64 位十六进制数字，请从备份恢复它；没有它，已加密的内容无法读出。",
                "The key file " + name +
                    " does not hold 64 hexadecimal digits. Restore it from a backup: what was sealed with it cannot be read "
                    "otherwise.");
  }
  return *std::move(key);
}

}  // namespace qushu::crypto
