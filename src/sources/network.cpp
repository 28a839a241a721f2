#include "network.h"

#include <algorithm>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>

#include "qushu/base/text.h"

namespace qushu::sources {
namespace {

// The bytes of an address; IPv4 within IPv6 as IPv4.
struct Bytes {
  bool v6 = false;
  unsigned char bytes[16] = {};
};

Bytes bytes_of(const sockaddr* address) {
  Bytes out;
  if (address->sa_family == AF_INET) {
    std::memcpy(out.bytes, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
    return out;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::memcpy(out.bytes, v6.s6_addr + 12, 4);
    return out;
  }
  out.v6 = true;
  std::memcpy(out.bytes, v6.s6_addr, 16);
  return out;
}

bool within(const Bytes& address, const Prefix& prefix) {
  if (address.v6 != prefix.v6) return false;
  auto whole = static_cast<std::size_t>(prefix.length / 8);
  if (std::memcmp(address.bytes, prefix.bytes, whole) != 0) return false;
  auto rest = prefix.length % 8;
  if (rest == 0) return true;
  auto mask = static_cast<unsigned char>(0xFFU << (8 - rest));
  return (address.bytes[whole] & mask) == (prefix.bytes[whole] & mask);
}

bool loopback(const Bytes& a) {
  static constexpr unsigned char kOne[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return a.v6 ? std::memcmp(a.bytes, kOne, 16) == 0 : a.bytes[0] == 127;
}

bool ours(const Bytes& address) {
  if (loopback(address)) return true;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return true;  // on a doubt, it is
  auto found = false;
  for (const auto* at = list; at != nullptr && !found; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_addr->sa_family != AF_INET && at->ifa_addr->sa_family != AF_INET6)) continue;
    auto mine = bytes_of(at->ifa_addr);
    found = mine.v6 == address.v6 && std::memcmp(mine.bytes, address.bytes, mine.v6 ? 16 : 4) == 0;
  }
  ::freeifaddrs(list);
  return found;
}

int port_of(const sockaddr* address) {
  return ntohs(address->sa_family == AF_INET ? reinterpret_cast<const sockaddr_in*>(address)->sin_port
                                             : reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
}

std::string written(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* at = address->sa_family == AF_INET
                       ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr)
                       : &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  ::inet_ntop(address->sa_family, at, text.data(), text.size());
  return text.data();
}

}  // namespace

Result<std::vector<Prefix>> prefixes_of(std::string_view text) {
  std::vector<Prefix> out;
  for (auto item : split(text, ',')) {
    auto entry = std::string(trim(item));
    if (entry.empty()) continue;
    Prefix prefix;
    auto slash = entry.find('/');
    auto ip = entry.substr(0, slash);
    prefix.v6 = ip.find(':') != std::string::npos;
    auto most = prefix.v6 ? 128 : 32;
    auto length = slash == std::string::npos ? std::optional<std::int64_t>(most) : to_int(entry.substr(slash + 1));
    if (!length || *length < 0 || *length > most || ::inet_pton(prefix.v6 ? AF_INET6 : AF_INET, ip.c_str(), prefix.bytes) != 1)
      return fail(Error{.code = Code::invalid,
                        .id = "source.prefix",
                        .text = {fmt::format("“{}”不是网段，应如 10.0.0.0/8 或 fe80::/10。", entry),
                                 fmt::format("“{}” is no range of addresses such as 10.0.0.0/8 or fe80::/10.", entry)},
                        .subject = "sources.denied_addresses"});
    prefix.length = static_cast<int>(*length);
    out.push_back(prefix);
  }
  return out;
}

Network::Network(const Settings& settings) : settings_(settings) {}

Result<void> Network::check(const sockaddr* address) const {
  auto refuse = [&](std::string zh, std::string en) {
    return fail(Error{.code = Code::invalid,
                      .id = "source.denied",
                      .text = {fmt::format("不允许连接 {}：{}", written(address), zh),
                               fmt::format("{} may not be reached: {}", written(address), en)},
                      .subject = "settings.host"});
  };
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
    return fail(Error{.code = Code::invalid,
                      .id = "source.denied",
                      .text = {"只能通过 IP 地址连接。", "Only IP addresses can be reached."},
                      .subject = "settings.host"});
  auto bytes = bytes_of(address);
  if (port_of(address) == settings_.integer("http.port") && ours(bytes))
    return refuse("那是区枢自己的端口。", "that is Qushu's own port.");
  if (loopback(bytes)) {
    if (settings_.boolean("sources.allow_loopback")) return {};
    return refuse("那是本机；如确需要，请管理员打开设置 sources.allow_loopback。",
                  "that is this machine; an administrator can turn on sources.allow_loopback when it is needed.");
  }
  QS_TRY(auto denied, prefixes_of(settings_.text("sources.denied_addresses")));
  if (std::ranges::any_of(denied, [&](const Prefix& p) { return within(bytes, p); }))
    return refuse("在设置 sources.denied_addresses 禁止的网段内。", "it is in a range that sources.denied_addresses denies.");
  return {};
}

Result<void> Network::check_public(const sockaddr* address) const {
  // IANA's special-purpose registries: this host, private use, shared, link-local, protocol assignments, benchmarks, multicast
  // and reserved; for IPv6 the unspecified address, unique local, link-local, translation of IPv4 and multicast.
  constexpr std::string_view kPrivate =
      "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.168.0.0/16,198.18.0.0/15,"
      "224.0.0.0/3,::/127,64:ff9b::/96,fc00::/7,fe80::/10,ff00::/8";
  QS_CHECK(check(address));
  QS_TRY(auto inside, prefixes_of(kPrivate));
  auto bytes = bytes_of(address);
  if (std::ranges::none_of(inside, [&](const Prefix& p) { return within(bytes, p); })) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "source.private",
                    .text = {fmt::format("{} 是内部网络的地址。", written(address)),
                             fmt::format("{} is an address of a private network.", written(address))},
                    .subject = "address"});
}

Result<std::vector<Network::Endpoint>> Network::resolve(std::string_view host, std::int64_t port) const {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  auto name = std::string(host);
  auto failed = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failed != 0)
    return fail(Error{.code = failed == EAI_AGAIN ? Code::unavailable : Code::invalid,
                      .id = "source.host",
                      .text = {fmt::format("找不到主机“{}”，请检查主机名或域名解析。", name),
                               fmt::format("There is no host “{}”; check its name and the name service.", name)},
                      .subject = "settings.host",
                      .detail = ::gai_strerror(failed)});
  std::vector<Endpoint> out;
  Result<void> last{};
  for (const auto* at = list; at != nullptr; at = at->ai_next) {
    last = check(at->ai_addr);
    if (!last) continue;
    Endpoint endpoint{.ip = written(at->ai_addr), .length = at->ai_addrlen};
    std::memcpy(&endpoint.address, at->ai_addr, at->ai_addrlen);
    out.push_back(std::move(endpoint));
  }
  ::freeaddrinfo(list);
  if (out.empty() && !last) return fail(std::move(last).error());
  return out;
}

}  // namespace qushu::sources
