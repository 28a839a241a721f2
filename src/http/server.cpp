#include "qushu/http/server.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <sys/socket.h>

#include "qushu/base/log.h"
#include "qushu/crypto/crypto.h"

#include "server_impl.h"

namespace qushu::http {
namespace {

using ReusePort = net::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

Limits limits_of(const Settings& s) {
  auto seconds = [&](std::string_view key) { return std::chrono::seconds(s.integer(key)); };
  return {.header = static_cast<std::size_t>(s.integer("http.header_limit")),
          .header_timeout = seconds("http.header_timeout"),
          .body_timeout = seconds("http.body_timeout"),
          .idle_timeout = seconds("http.idle_timeout"),
          .write_timeout = seconds("http.write_timeout")};
}

std::size_t thread_count(const Settings& s) {
  auto set = s.integer("http.threads");
  if (set > 0) return static_cast<std::size_t>(set);
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
}

net::awaitable<void> accept(Loop& loop, Shared& shared, net::ssl::context* tls) {
  while (!shared.stopping) {
    boost::system::error_code failed;
    auto socket = co_await loop.acceptor->async_accept(net::redirect_error(net::use_awaitable, failed));
    if (failed == net::error::operation_aborted || shared.stopping) co_return;
    if (failed) {
      // Out of file descriptors, most likely: what is open must end first.
      log::warn("a connection could not be accepted", {{"why", failed.message()}});
      net::steady_timer pause(loop.context, std::chrono::milliseconds(100));
      co_await pause.async_wait(net::redirect_error(net::use_awaitable, failed));
      continue;
    }
    if (shared.connections.fetch_add(1) >= shared.most_connections) {
      --shared.connections;
      static constexpr std::string_view kFull =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      socket.non_blocking(true, failed);
      socket.write_some(net::buffer(kFull), failed);
      continue;
    }
    start_session(std::move(socket), loop, shared, tls);
  }
}

}  // namespace

struct Server::Impl {
  Impl(const ServerDeps& deps, Limits limits)
      : dispatcher(deps),
        workers(static_cast<std::size_t>(deps.settings.integer("http.workers")),
                static_cast<std::size_t>(deps.settings.integer("http.queue"))),
        streams(static_cast<std::size_t>(deps.settings.integer("http.streams")),
                static_cast<std::size_t>(deps.settings.integer("http.streams"))),
        shared{.dispatcher = dispatcher,
               .workers = workers,
               .streams = streams,
               .limits = limits,
               .most_connections = static_cast<std::size_t>(deps.settings.integer("http.connections"))},
        grace(deps.settings.integer("http.shutdown_grace")) {}

  Dispatcher dispatcher;
  Pool workers, streams;
  Shared shared;
  std::chrono::seconds grace;
  std::unique_ptr<net::ssl::context> tls;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::thread> threads;
  std::string address;
  std::uint16_t port = 0;
  bool stopped = false;

  Result<void> prepare_tls(const ServerDeps& deps) {
    std::filesystem::path certificate = deps.settings.text("http.tls_certificate"), key = deps.settings.text("http.tls_key");
    if (certificate.empty() && !deps.settings.boolean("http.tls_self_signed")) return {};
    if (certificate.empty()) {
      certificate = deps.data_folder / "keys" / "tls.crt";
      key = deps.data_folder / "keys" / "tls.key";
      QS_CHECK(crypto::ensure_self_signed(certificate, key, {"localhost", "127.0.0.1", "::1"}, std::chrono::days(825)));
    }
    boost::system::error_code failed;
    tls = std::make_unique<net::ssl::context>(net::ssl::context::tls_server);
    tls->set_options(net::ssl::context::default_workarounds | net::ssl::context::no_sslv2 | net::ssl::context::no_sslv3 |
                         net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1,
                     failed);
    tls->use_certificate_chain_file(certificate.string(), failed);
    if (!failed) tls->use_private_key_file(key.string(), net::ssl::context::pem, failed);
    if (failed)
      return fail(Error{
          .code = Code::invalid,
          .id = "http.tls",
          .text =
              {fmt::format("无法使用证书 {} 和私钥 {}：请检查文件是否存在、可读且相互匹配。", certificate.string(),
                           key.string()),
               fmt::format(
                   "The certificate {} and the key {} cannot be used: check that both exist, can be read and belong together.",
                   certificate.string(), key.string())},
          .subject = "http.tls_certificate",
          .detail = failed.message()});
    return {};
  }

  Result<void> listen(const Settings& settings) {
    address = settings.text("http.address");
    port = static_cast<std::uint16_t>(settings.integer("http.port"));
    boost::system::error_code failed;
    auto ip = net::ip::make_address(address, failed);
    if (failed)
      return fail(
          Error{.code = Code::invalid,
                .id = "http.address",
                .text = {"监听地址不是有效的 IP 地址：" + address, "The address to listen on is no IP address: " + address},
                .subject = "http.address"});
    for (std::size_t i = 0; i < thread_count(settings); ++i) {
      auto loop = std::make_unique<Loop>();
      loop->acceptor.emplace(loop->context);
      auto& acceptor = *loop->acceptor;
      acceptor.open(tcp::endpoint(ip, port).protocol(), failed);
      if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
      // Another process of ours on the same port would silently share it: only our own loops may, so the first binds alone.
      if (!failed && i == 0 && port != 0) {
        tcp::acceptor probe(loop->context);
        probe.open(tcp::endpoint(ip, port).protocol(), failed);
        if (!failed) probe.set_option(tcp::acceptor::reuse_address(true), failed);
        if (!failed) probe.bind(tcp::endpoint(ip, port), failed);
      }
      if (!failed) acceptor.set_option(ReusePort(true), failed);
      if (!failed) acceptor.bind(tcp::endpoint(ip, port), failed);
      if (!failed) acceptor.listen(1024, failed);
      if (failed)
        return fail(
            Error{.code = Code::conflict,
                  .id = "http.listen",
                  .text = {fmt::format("无法监听 {}:{}（{}）。端口可能已被占用，可用 --port 另选一个。", address, port,
                                       failed.message()),
                           fmt::format("Cannot listen on {}:{} ({}). The port may be taken; choose another one with --port.",
                                       address, port, failed.message())},
                  .subject = "http.port"});
      if (port == 0) port = acceptor.local_endpoint().port();
      loops.push_back(std::move(loop));
    }
    return {};
  }

  void run() {
    for (auto& loop : loops) {
      net::co_spawn(loop->context, accept(*loop, shared, tls.get()), net::detached);
      threads.emplace_back([&context = loop->context] {
        while (true) {
          try {
            context.run();
            return;
          } catch (const std::exception& thrown) {
            log::error("an I/O thread caught an exception", {{"why", thrown.what()}});
          }
        }
      });
    }
  }

  void stop() {
    if (stopped) return;
    stopped = true;
    shared.stopping = true;
    for (auto& loop : loops)
      net::post(loop->context, [&l = *loop] {
        boost::system::error_code ignored;
        if (l.acceptor) l.acceptor->close(ignored);
        for (auto* connection : l.open) connection->drain();
      });
    auto until = std::chrono::steady_clock::now() + grace;
    while (shared.connections > 0 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (auto& loop : loops)
      net::post(loop->context, [&l = *loop] {
        for (auto* connection : l.open) connection->abort();
      });
    // Handlers may still wait for their connection, whose thread must run until the last of them is done.
    workers.stop();
    streams.stop();
    auto last = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (shared.connections > 0 && std::chrono::steady_clock::now() < last)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (auto& loop : loops) {
      loop->work.reset();
      loop->context.stop();
    }
    for (auto& thread : threads) thread.join();
    threads.clear();
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  stop();
}

Result<std::unique_ptr<Server>> Server::start(ServerDeps deps) {
  auto impl = std::make_unique<Impl>(deps, limits_of(deps.settings));
  QS_CHECK(impl->prepare_tls(deps));
  QS_CHECK(impl->listen(deps.settings));
  auto* raw = impl.get();
  deps.metrics.gauge("qushu_http_connections", "Open connections",
                     [raw] { return static_cast<double>(raw->shared.connections.load()); });
  deps.metrics.gauge("qushu_http_waiting", "Requests that wait for a worker",
                     [raw] { return static_cast<double>(raw->workers.waiting()); });
  impl->run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
  return impl_->port;
}

std::string Server::base_url() const {
  auto host = impl_->address == "0.0.0.0"    ? std::string("127.0.0.1")
              : impl_->address == "::"       ? std::string("[::1]")
              : impl_->address.contains(':') ? "[" + impl_->address + "]"
                                             : impl_->address;
  return fmt::format("{}://{}:{}", impl_->tls ? "https" : "http", host, impl_->port);
}

void Server::stop() {
  impl_->stop();
}

}  // namespace qushu::http
