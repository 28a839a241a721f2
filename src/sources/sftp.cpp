// A folder over SFTP. The server's key is pinned: only a check may meet an unknown one.
#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <poll.h>
#include <unistd.h>

#include "pattern.h"
#include "reader.h"

namespace qushu::sources {
namespace {

constexpr std::size_t kPiece = 32 * 1024;  // what every server answers in one piece
constexpr std::size_t kAhead = 16;         // pieces asked for at once
constexpr int kDepth = 16;

struct Closer {
  void operator()(ssh_session s) const {
    ssh_disconnect(s);
    ssh_free(s);
  }
  void operator()(sftp_session s) const { sftp_free(s); }
  void operator()(sftp_attributes a) const { sftp_attributes_free(a); }
  void operator()(sftp_file f) const { sftp_close(f); }
  void operator()(sftp_dir d) const { sftp_closedir(d); }
  void operator()(ssh_key k) const { ssh_key_free(k); }
};
template <class T>
using Owned = std::unique_ptr<std::remove_pointer_t<T>, Closer>;

// Hangs up when nothing came for too long or the caller had enough: libssh's own waiting knows neither.
class Watch {
 public:
  Watch(int socket, const Context& context)
      : socket_(socket),
        cancelled_(context.cancelled),
        most_(std::chrono::seconds(context.settings.integer("sources.stall_timeout"))),
        thread_([this] { run(); }) {}
  ~Watch() {
    stop_ = true;
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  void touch() { ++touched_; }
  [[nodiscard]] std::optional<Trouble> why() const {
    auto reason = reason_.load();
    return reason == 0 ? std::nullopt : std::optional(reason == 1 ? Trouble::cancelled : Trouble::timed_out);
  }

 private:
  void run() {
    auto seen = touched_.load();
    auto since = std::chrono::steady_clock::now();
    while (!stop_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (auto now = touched_.load(); now != seen) {
        seen = now;
        since = std::chrono::steady_clock::now();
      }
      if (cancelled_ && cancelled_())
        reason_ = 1;
      else if (std::chrono::steady_clock::now() - since > most_)
        reason_ = 2;
      if (reason_ == 0) continue;
      ::shutdown(socket_, SHUT_RDWR);
      return;
    }
  }
  int socket_;
  Cancelled cancelled_;
  std::chrono::seconds most_;
  std::atomic<std::uint64_t> touched_ = 0;
  std::atomic<int> reason_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class SftpFolder final : public Folder {
 public:
  SftpFolder(const Target& target, const Context& context) : target_(target), context_(context) {}
  ~SftpFolder() override {
    sftp_.reset();
    session_.reset();
    watch_.reset();
    if (socket_ >= 0) ::close(socket_);
  }
  SftpFolder(const SftpFolder&) = delete;
  SftpFolder& operator=(const SftpFolder&) = delete;

  Result<void> open() {
    folder_ = target_.text("folder");
    while (folder_.size() > 1 && folder_.ends_with('/')) folder_.pop_back();
    return {};
  }

  Result<Checked> check() override {
    QS_CHECK(connect(true));
    Owned<sftp_attributes> found(sftp_stat(sftp_.get(), folder_.c_str()));
    if (!found) return failure(folder_);
    const char* banner = ssh_get_serverbanner(session_.get());
    return Checked{.version = fmt::format("SFTP · {}", well_formed(banner == nullptr ? "" : banner)), .host_key = fingerprint_};
  }

  Result<std::vector<File>> files(std::string_view pattern) override {
    QS_CHECK(connect(false));
    std::vector<File> out;
    QS_CHECK(walk(fixed_folder(pattern), pattern, 0, out));
    std::ranges::sort(out, {}, &File::name);
    return out;
  }

  Result<Fetched> fetch(const File& file, const std::optional<File>& known, const Sources::Progress& progress,
                        std::optional<std::uint64_t> most) override {
    QS_CHECK(check_name(file.name));
    QS_CHECK(connect(false));
    auto path = folder_ + "/" + file.name;
    QS_TRY(auto before, look(path, file.name));
    if (known && known->size == before.size && known->modified == before.modified)
      return Fetched{.not_modified = true, .file = {}, .blob = {}};
    auto limit = static_cast<std::uint64_t>(context_.settings.integer("sources.file_limit"));
    if (!most && before.size.value_or(0) > limit)
      return fail(Error{.code = Code::too_large,
                        .id = "source.too_large",
                        .text = {fmt::format("文件超过上限 {}（设置 sources.file_limit）。", human_bytes(limit)),
                                 fmt::format("The file is larger than {} (sources.file_limit).", human_bytes(limit))},
                        .subject = file.name});
    QS_TRY(auto writer, context_.blobs.create());
    QS_CHECK(read(path, before.size.value_or(0), most, *writer, progress));
    if (!most || writer->written() < *most) {
      QS_TRY(auto after, look(path, file.name));
      if (after.size != before.size || after.modified != before.modified || writer->written() != before.size)
        return fail(trouble(Trouble::lost, target_, fmt::format("{} changed while it was read", file.name)));
    }
    QS_TRY(auto blob, writer->commit());
    return Fetched{.not_modified = false, .file = before, .blob = blob};
  }

 private:
  static Result<void> check_name(std::string_view name) {
    for (auto part : split(name, '/'))
      if (part.empty() || part == "." || part == "..")
        return fail(wrong("source.file_name", "file", "文件名不能离开数据源的目录。",
                          "A file's name must stay within the source's folder."));
    return {};
  }

  // A socket to the server, connected in time.
  Result<void> dial() {
    QS_TRY(auto endpoints, Network(context_.settings).resolve(target_.text("host"), target_.integer("port")));
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(context_.settings.integer("sources.connect_timeout"));
    int why = ECONNREFUSED;
    for (const auto& endpoint : endpoints) {
      socket_ = ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (socket_ < 0) return fail_errno(errno, "socket");
      if (::connect(socket_, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.length) == 0) return {};
      why = errno;
      while (why == EINPROGRESS) {
        if (context_.stopped()) return fail(trouble(Trouble::cancelled, target_, {}));
        if (std::chrono::steady_clock::now() > until) {
          why = ETIMEDOUT;
          break;
        }
        pollfd wait{.fd = socket_, .events = POLLOUT, .revents = 0};
        if (::poll(&wait, 1, 100) <= 0) continue;
        socklen_t size = sizeof why;
        if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &why, &size) != 0) why = errno;
        if (why == 0) return {};
      }
      ::close(socket_);
      socket_ = -1;
    }
    auto what = why == ETIMEDOUT                            ? Trouble::timed_out
                : why == EHOSTUNREACH || why == ENETUNREACH ? Trouble::route
                                                            : Trouble::refused;
    return fail(trouble(what, target_, std::strerror(why)));
  }

  Result<void> connect(bool may_be_new) {
    if (sftp_) return {};
    QS_CHECK(dial());
    watch_ = std::make_unique<Watch>(socket_, context_);
    session_.reset(ssh_new());
    if (!session_) return fail_internal("ssh_new");
    auto* s = session_.get();
    auto host = target_.text("host"), user = target_.text("user");
    int no = 0;
    long seconds = static_cast<long>(context_.settings.integer("sources.stall_timeout"));
    ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &no);
    ssh_options_set(s, SSH_OPTIONS_HOST, host.c_str());
    ssh_options_set(s, SSH_OPTIONS_USER, user.c_str());
    ssh_options_set(s, SSH_OPTIONS_FD, &socket_);
    ssh_options_set(s, SSH_OPTIONS_TIMEOUT, &seconds);
    ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
    ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    if (ssh_connect(s) != SSH_OK) return failure("");
    QS_CHECK(check_host_key(may_be_new));
    QS_CHECK(sign_in());
    sftp_.reset(sftp_new(s));
    if (!sftp_ || sftp_init(sftp_.get()) != SSH_OK) return failure("");
    watch_->touch();
    return {};
  }

  Result<void> check_host_key(bool may_be_new) {
    ssh_key raw = nullptr;
    if (ssh_get_server_publickey(session_.get(), &raw) != SSH_OK) return failure("");
    Owned<ssh_key> key(raw);
    unsigned char* hash = nullptr;
    std::size_t length = 0;
    if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &length) != 0) return failure("");
    char* text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
    fingerprint_ = text == nullptr ? "" : text;
    ssh_string_free_char(text);
    ssh_clean_pubkey_hash(&hash);
    auto pinned = target_.text("host_key");
    if (pinned == fingerprint_) return {};
    if (pinned.empty()) {
      if (may_be_new || target_.source_id.empty()) return {};
      return fail(Error{.code = Code::conflict,
                        .id = "source.host_key",
                        .text = {"还没有记下主机密钥：请先测试连接，核对指纹。",
                                 "The host's key is not known yet: check the source first and compare its fingerprint."},
                        .subject = "settings.host_key"});
    }
    return fail(
        wrong("source.host_key", "settings.host_key",
              fmt::format("主机密钥变了：现为 {}，记录的是 {}。请向对方核实，确认后清空指纹再测试连接。", fingerprint_, pinned),
              fmt::format("The host's key is now {} and no longer {}. Ask its keeper; when it is right, clear the fingerprint "
                          "and check again.",
                          fingerprint_, pinned)));
  }

  Result<void> sign_in() {
    auto* s = session_.get();
    if (auto key = target_.secret("private_key"); !key.empty()) {
      auto passphrase = target_.secret("passphrase");
      ssh_key raw = nullptr;
      if (ssh_pki_import_privkey_base64(key.c_str(), passphrase.empty() ? nullptr : passphrase.c_str(), nullptr, nullptr,
                                        &raw) != SSH_OK)
        return fail(wrong("source.key", "secrets.private_key", "私钥读不出来：应为 PEM 格式，私钥口令应正确。",
                          "The private key cannot be read: it is in PEM form, with its right passphrase."));
      Owned<ssh_key> owned(raw);
      if (ssh_userauth_publickey(s, nullptr, owned.get()) == SSH_AUTH_SUCCESS) return {};
    }
    if (auto password = target_.secret("password"); !password.empty()) {
      if (ssh_userauth_password(s, nullptr, password.c_str()) == SSH_AUTH_SUCCESS) return {};
      if (ssh_userauth_kbdint(s, nullptr, nullptr) == SSH_AUTH_INFO && ssh_userauth_kbdint_getnprompts(s) == 1 &&
          ssh_userauth_kbdint_setanswer(s, 0, password.c_str()) == 0) {
        auto code = ssh_userauth_kbdint(s, nullptr, nullptr);
        while (code == SSH_AUTH_INFO && ssh_userauth_kbdint_getnprompts(s) == 0)
          code = ssh_userauth_kbdint(s, nullptr, nullptr);
        if (code == SSH_AUTH_SUCCESS) return {};
      }
    }
    if (watch_->why() || ssh_is_connected(s) == 0) return failure("");
    return fail(trouble(Trouble::password, target_, ssh_get_error(s)));
  }

  [[nodiscard]] Failure failure(std::string_view about) const {
    std::string said = ssh_get_error(session_.get());
    if (auto why = watch_ ? watch_->why() : std::nullopt) return fail(trouble(*why, target_, said));
    auto code = sftp_ ? sftp_get_error(sftp_.get()) : SSH_FX_OK;
    if (code == SSH_FX_NO_SUCH_FILE) {
      auto whole = about == folder_;
      return fail(trouble(whole ? Trouble::database : Trouble::table, target_, std::string(about)));
    }
    if (code == SSH_FX_PERMISSION_DENIED) return fail(trouble(Trouble::permission, target_, std::string(about)));
    auto what = ssh_is_connected(session_.get()) == 0 ? Trouble::lost : trouble_of(said);
    return fail(trouble(what == Trouble::other && !sftp_ ? Trouble::lost : what, target_, said));
  }

  static File file_of(const sftp_attributes a, std::string name) {
    File file{.name = std::move(name), .size = {}, .modified = {}, .etag = {}};
    if ((a->flags & SSH_FILEXFER_ATTR_SIZE) != 0) file.size = a->size;
    if ((a->flags & SSH_FILEXFER_ATTR_ACMODTIME) != 0) file.modified = Time(std::chrono::seconds(a->mtime));
    return file;
  }

  Result<File> look(const std::string& path, const std::string& name) {
    Owned<sftp_attributes> found(sftp_stat(sftp_.get(), path.c_str()));
    if (!found) return failure(name);
    watch_->touch();
    if (found->type != SSH_FILEXFER_TYPE_REGULAR) return fail(trouble(Trouble::table, target_, name));
    return file_of(found.get(), name);
  }

  // Files of `below` (ends in "/" or is empty), and of the folders in it where the pattern may reach them.
  Result<void> walk(const std::string& below, std::string_view pattern, int depth, std::vector<File>& out) {
    auto path = below.empty() ? folder_ : folder_ + "/" + below;
    Owned<sftp_dir> dir(sftp_opendir(sftp_.get(), path.c_str()));
    if (!dir) return failure(below.empty() ? folder_ : below);
    auto limit = static_cast<std::size_t>(context_.settings.integer("sources.list_limit"));
    std::vector<std::string> folders;
    auto deeper = depth < kDepth && (goes_deep(pattern) || std::ranges::count(below, '/') < std::ranges::count(pattern, '/'));
    while (Owned<sftp_attributes> entry{sftp_readdir(sftp_.get(), dir.get())}) {
      watch_->touch();
      std::string name = entry->name;
      if (name == "." || name == ".." || name.find('/') != std::string::npos) continue;
      if (entry->type == SSH_FILEXFER_TYPE_DIRECTORY && deeper) folders.push_back(below + name + "/");
      if (entry->type != SSH_FILEXFER_TYPE_REGULAR || !matches(pattern, below + name)) continue;
      if (out.size() >= limit)
        return fail(wrong("source.list_limit", "selection.pattern",
                          fmt::format("文件超过 {} 个，请用更窄的目录或模式。", limit),
                          fmt::format("There are more than {} files; use a narrower folder or pattern.", limit)));
      out.push_back(file_of(entry.get(), below + name));
    }
    if (sftp_dir_eof(dir.get()) == 0) return failure(below);
    dir.reset();
    for (const auto& folder : folders) QS_CHECK(walk(folder, pattern, depth + 1, out));
    return {};
  }

  Result<void> read(const std::string& path, std::uint64_t size, std::optional<std::uint64_t> most, blob::Writer& writer,
                    const Sources::Progress& progress) {
    Owned<sftp_file> file(sftp_open(sftp_.get(), path.c_str(), O_RDONLY, 0));
    if (!file) return failure(path);
    auto wanted = most ? std::min(size, *most) : size;
    std::deque<int> asked;
    std::uint64_t asked_to = 0;
    std::vector<char> piece(kPiece);
    while (writer.written() < wanted) {
      while (asked.size() < kAhead && asked_to < wanted) {
        auto id = sftp_async_read_begin(file.get(), kPiece);
        if (id < 0) return failure(path);
        asked.push_back(id);
        asked_to += kPiece;
      }
      if (asked.empty()) break;
      auto got = sftp_async_read(file.get(), piece.data(), kPiece, static_cast<std::uint32_t>(asked.front()));
      asked.pop_front();
      if (got == SSH_AGAIN) return failure(path);
      if (got < 0) return failure(path);
      if (got == 0) break;
      watch_->touch();
      auto take = std::min<std::uint64_t>(static_cast<std::uint64_t>(got), wanted - writer.written());
      QS_CHECK(writer.write({piece.data(), static_cast<std::size_t>(take)}));
      if (progress) progress(writer.written(), wanted);
      // A short piece before the end leaves a hole behind it: the rest would be out of place.
      if (static_cast<std::size_t>(got) < kPiece && writer.written() < wanted)
        return fail(trouble(Trouble::lost, target_, "a read came short"));
    }
    for (auto id : asked) (void)sftp_async_read(file.get(), piece.data(), kPiece, static_cast<std::uint32_t>(id));
    return {};
  }

  const Target& target_;
  Context context_;
  std::string folder_, fingerprint_;
  int socket_ = -1;
  std::unique_ptr<Watch> watch_;
  Owned<ssh_session> session_;
  Owned<sftp_session> sftp_;
};

}  // namespace

Result<std::unique_ptr<Folder>> open_sftp(const Target& target, const Context& context) {
  auto folder = std::make_unique<SftpFolder>(target, context);
  QS_CHECK(folder->open());
  return folder;
}

}  // namespace qushu::sources
