// The parts of a connection that do not wait for anything: heads read and written, and whether the peer is still there.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include <poll.h>

#include "server_impl.h"

namespace qushu::http {

// Knows by the kernel whether the peer has gone, from any thread, without touching the stream.
class Peer final : public ClientGone {
 public:
  Peer(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}
  [[nodiscard]] bool gone() const override {
    if (lost_.load() || stopping_.load()) return true;
    pollfd p{.fd = fd_, .events = POLLRDHUP, .revents = 0};
    return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }
  void lose() { lost_ = true; }

 private:
  int fd_;
  const std::atomic<bool>& stopping_;
  std::atomic<bool> lost_ = false;
};

using RequestHead = bhttp::request<bhttp::buffer_body>;

// The head as a Request, and what else the answer depends on.
[[nodiscard]] Result<void> read_head(const RequestHead& head, Exchange& into);
// What to say of a head that could not be read; nullopt: nothing, the connection ended or idled.
[[nodiscard]] std::optional<Error> refusal(boost::system::error_code failed);
[[nodiscard]] Error too_large(std::uint64_t limit);
// The head of an answer, whole.
[[nodiscard]] std::string head_of(const Response& response, bool keep, std::optional<std::uint64_t> length, bool chunked);

}  // namespace qushu::http
