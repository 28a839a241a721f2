#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qushu/base/text.h"

#include "reading.h"

namespace qushu::budget {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

// A started process is killed, if it still runs, and waited for.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_errno(errno, "memfd");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  if (::lseek(fd, 0, SEEK_SET) < 0) return fail_errno(errno, "memfd");
  return {};
}

Result<pid_t> start(int in, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::array<std::string, 7> words{"pdftotext", "-layout", "-enc", "UTF-8", "-nopgbrk", "/proc/self/fd/0", "-"};
  std::array<char*, 8> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments.at(i) = words.at(i).data();
  std::string path = "PATH=/usr/local/bin:/usr/bin:/bin", language = "LC_ALL=C";
  std::array<char*, 3> environment{path.data(), language.data(), nullptr};
  pid_t pid = -1;
  int failed = ::posix_spawnp(&pid, "pdftotext", &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return fail(Error{.code = Code::unavailable,
                      .id = "budget.pdftotext",
                      .text = {"读取 PDF 需要 pdftotext，请安装软件包 poppler-utils。",
                               "Reading a PDF needs pdftotext: install the package poppler-utils."},
                      .subject = {},
                      .detail = std::strerror(failed)});
  return pid;
}

Failure too_slow(const ReadLimits& limits) {
  return fail(Code::timed_out, "budget.pdf_time",
              fmt::format("PDF 在 {} 秒内没有读完（设置 budget.pdf_time）。", limits.pdf_time.count()),
              fmt::format("The PDF was not read within {} seconds (setting budget.pdf_time).", limits.pdf_time.count()));
}

Result<std::string> receive(int fd, const ReadLimits& limits) {
  auto deadline = std::chrono::steady_clock::now() + limits.pdf_time;
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return too_slow(limits);
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    auto polled = ::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (polled < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (polled <= 0) continue;
    auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read");
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > limits.document * 8)
      return fail(Code::too_large, "budget.document_size", "PDF 中的文字过多（设置 budget.document_size）。",
                  "The PDF holds too much text (setting budget.document_size).");
  }
}

}  // namespace

Result<std::string> text_of_pdf(std::string_view bytes, const ReadLimits& limits) {
  Descriptor file(::memfd_create("document", MFD_CLOEXEC));
  if (file.get() < 0) return fail_errno(errno, "memfd_create");
  QS_CHECK(write_all(file.get(), bytes));
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno, "pipe2");
  Descriptor out(ends[0]), in(ends[1]);
  QS_TRY(auto pid, start(file.get(), in.get()));
  Child child(pid);
  in.reset();
  rlimit memory{.rlim_cur = limits.pdf_memory, .rlim_max = limits.pdf_memory};
  if (::prlimit(pid, RLIMIT_AS, &memory, nullptr) != 0 && errno != ESRCH) return fail_errno(errno, "prlimit");
  QS_TRY(auto text, receive(out.get(), limits));
  int status = child.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(Error{.code = Code::invalid,
                      .id = "budget.pdf",
                      .text = {"PDF 无法读取：可能已损坏或有密码，请重新导出后再核对。",
                               "The PDF cannot be read: it may be damaged or need a password. Export it anew."},
                      .subject = {},
                      .detail = fmt::format("pdftotext status {}", status)});
  return text;
}

}  // namespace qushu::budget
