// Which addresses may be reached, and reaching them. Asked with the address that a connection really goes to, after names were
// resolved, so that a name which points inside is no way around it.
//
// Thread-safety: a Network may be used from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "qushu/base/config.h"
#include "qushu/base/error.h"

namespace qushu::sources {

// The value of sources.denied_addresses: "10.0.0.0/8, fe80::/10"; an error names the entry.
struct Prefix {
  bool v6 = false;
  unsigned char bytes[16] = {};
  int length = 0;
};
[[nodiscard]] Result<std::vector<Prefix>> prefixes_of(std::string_view text);

class Network {
 public:
  explicit Network(const Settings& settings);

  // Success, or why this address may not be reached.
  [[nodiscard]] Result<void> check(const sockaddr* address) const;
  // The same, and that it is no address of a private network, which only those inside can mean.
  [[nodiscard]] Result<void> check_public(const sockaddr* address) const;
  struct Endpoint {
    std::string ip;  // numeric
    sockaddr_storage address = {};
    socklen_t length = 0;
  };
  // The addresses of a host that may be reached; an error when there is none.
  [[nodiscard]] Result<std::vector<Endpoint>> resolve(std::string_view host, std::int64_t port) const;

 private:
  const Settings& settings_;
};

}  // namespace qushu::sources
