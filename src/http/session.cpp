// With session_head.cpp and server.cpp the only file that knows Beast.
#include <array>
#include <future>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/base/time.h"

#include "encoding.h"
#include "events.h"
#include "session_head.h"

namespace qushu::http {
namespace {

constexpr std::size_t kBlock = std::size_t{64} * 1024;
constexpr auto kHeartbeat = std::chrono::seconds(20);

template <class Stream>
class Session final : public Connection, public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, Shared& shared, std::string remote, bool secure)
      : stream_(std::move(stream)),
        shared_(shared),
        remote_(std::move(remote)),
        secure_(secure),
        fd_(beast::get_lowest_layer(stream_).socket().native_handle()),
        stop_peer_(false) {}

  net::awaitable<void> run() {
    auto self = this->shared_from_this();
    co_await handshake();
    while (open_) {
      bool keep = co_await serve();
      if (!keep) break;
    }
    co_await close();
  }

  void drain() override {
    draining_ = true;
    // What has come already is a request, and is answered.
    boost::system::error_code ignored;
    if (idle_ && socket().available(ignored) == 0) socket().cancel(ignored);
  }
  void abort() override {
    stop_peer_ = true;
    boost::system::error_code ignored;
    socket().close(ignored);
  }

 private:
  using Parser = bhttp::request_parser<bhttp::buffer_body>;

  auto& socket() { return beast::get_lowest_layer(stream_).socket(); }
  void expire(std::chrono::seconds after) { beast::get_lowest_layer(stream_).expires_after(after); }

  net::awaitable<void> handshake() {
    if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
      expire(shared_.limits.header_timeout);
      boost::system::error_code failed;
      co_await stream_.async_handshake(net::ssl::stream_base::server, net::redirect_error(net::use_awaitable, failed));
      if (failed) open_ = false;
    }
  }

  net::awaitable<void> close() {
    boost::system::error_code failed;
    if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
      if (open_) {
        expire(std::chrono::seconds(2));
        co_await stream_.async_shutdown(net::redirect_error(net::use_awaitable, failed));
      }
    }
    socket().shutdown(tcp::socket::shutdown_send, failed);
    if (unread_) {
      // The answer must reach a client that still sends: closing with unread bytes would reset the connection under it.
      expire(std::chrono::seconds(2));
      std::array<char, 4096> sink{};
      for (int i = 0; i < 512 && !failed; ++i)
        co_await beast::get_lowest_layer(stream_).async_read_some(net::buffer(sink),
                                                                  net::redirect_error(net::use_awaitable, failed));
    }
    socket().close(failed);
  }

  // One request and its answer; whether the connection may be used again.
  net::awaitable<bool> serve() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(shared_.limits.header));
    parser.body_limit(boost::none);
    boost::system::error_code failed;
    // A connection may idle for long, but once a request has begun its header must come.
    if (buffer_.size() == 0) {
      idle_ = true;
      if (draining_) co_return false;
      expire(shared_.limits.idle_timeout);
      auto got = co_await stream_.async_read_some(buffer_.prepare(8192), net::redirect_error(net::use_awaitable, failed));
      idle_ = false;
      if (failed) co_return false;
      buffer_.commit(got);
    }
    expire(shared_.limits.header_timeout);
    co_await bhttp::async_read_header(stream_, buffer_, parser, net::redirect_error(net::use_awaitable, failed));
    if (failed) co_return co_await refuse(failed);

    Exchange x;
    auto keep = parser.get().keep_alive() && !draining_ && !shared_.stopping;
    Peer peer(fd_, stop_peer_);
    if (auto begun = begin(x, parser, peer); !begun) {
      unread_ = !parser.is_done();
      co_return co_await respond(x, shared_.dispatcher.problem_of(x, begun.error()), keep && !unread_);
    }
    if (parser.get().method() == bhttp::verb::options)
      co_return co_await respond(x, shared_.dispatcher.preflight(x), keep && parser.is_done());
    auto planned = shared_.dispatcher.plan(x);
    if (!planned) {
      unread_ = !parser.is_done();
      co_return co_await respond(x, shared_.dispatcher.problem_of(x, planned.error()), keep && !unread_);
    }
    auto limit = shared_.dispatcher.body_limit(*x.route);
    if (auto length = parser.content_length(); length && *length > limit) {
      unread_ = true;
      co_return co_await respond(x, shared_.dispatcher.problem_of(x, too_large(limit)), false);
    }
    if (!parser.is_done() && lower_ascii(x.request.header("expect")) == "100-continue") {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await net::async_write(stream_, net::buffer(kContinue), net::redirect_error(net::use_awaitable, failed));
      if (failed) co_return false;
    }
    if (!x.route->streams_body && !parser.is_done()) {
      auto read = co_await read_body(parser, x.body_text, limit);
      if (!read) {
        unread_ = true;
        co_return co_await respond(x, shared_.dispatcher.problem_of(x, read.error()), false);
      }
      x.request.raw_body = x.body_text;
    }
    if (auto now = shared_.dispatcher.answer_now(x)) co_return co_await respond(x, *std::move(now), keep);
    auto response = co_await on_pool(x, parser, limit);
    if (!parser.is_done()) {
      unread_ = true;
      keep = false;
    }
    if (peer.gone()) keep = false;
    co_return co_await respond(x, std::move(response), keep);
  }

  net::awaitable<bool> refuse(boost::system::error_code failed) {
    auto error = refusal(failed);
    if (!error) co_return false;
    Exchange x;
    unread_ = true;
    co_return co_await respond(x, shared_.dispatcher.problem_of(x, *error), false);
  }

  Result<void> begin(Exchange& x, Parser& parser, Peer& peer) {
    x.request.remote = remote_;
    x.request.secure = secure_;
    x.request.client = &peer;
    return read_head(parser.get(), x);
  }

  // Some bytes of the body into `into`; 0 at its end.
  net::awaitable<Result<std::size_t>> read_some(Parser& parser, std::span<char> into) {
    if (parser.is_done()) co_return std::size_t{0};
    parser.get().body().data = into.data();
    parser.get().body().size = into.size();
    expire(shared_.limits.body_timeout);
    boost::system::error_code failed;
    co_await bhttp::async_read(stream_, buffer_, parser, net::redirect_error(net::use_awaitable, failed));
    if (failed == bhttp::error::need_buffer) failed = {};
    if (failed == beast::error::timeout)
      co_return fail(Code::timed_out, "http.slow", "请求体长时间没有到达。", "The body stalled.");
    if (failed.category() == bhttp::make_error_code(bhttp::error::bad_target).category() &&
        failed != bhttp::error::partial_message && failed)
      co_return fail(Code::invalid, "http.malformed", "请求体格式有误。", "The body is malformed.");
    if (failed) co_return fail(Code::cancelled, "http.gone", "客户端中断了连接。", "The client went away.");
    co_return into.size() - parser.get().body().size;
  }

  net::awaitable<Result<void>> read_body(Parser& parser, std::string& into, std::uint64_t limit) {
    std::string block(std::min<std::size_t>(kBlock, parser.content_length() ? *parser.content_length() + 1 : kBlock), '\0');
    while (!parser.is_done()) {
      auto got = co_await read_some(parser, block);
      if (!got) co_return fail(got.error());
      into.append(block.data(), *got);
      if (into.size() > limit) co_return fail(too_large(limit));
    }
    co_return Result<void>{};
  }

  // The body for a handler on a pool thread: each read is done by the connection's own thread while the handler waits.
  class PoolReader final : public BodyReader {
   public:
    PoolReader(Session& session, Parser& parser, std::uint64_t limit) : session_(session), parser_(parser), limit_(limit) {}
    Result<std::size_t> read(std::span<char> into) override {
      if (into.empty()) return std::size_t{0};
      std::promise<Result<std::size_t>> done;
      auto future = done.get_future();
      net::co_spawn(
          session_.stream_.get_executor(),
          [this, into, &done]() -> net::awaitable<void> {
            auto got = co_await session_.read_some(parser_, into);
            done.set_value(std::move(got));
          },
          net::detached);
      auto got = future.get();
      if (!got) return got;
      taken_ += *got;
      if (taken_ > limit_) return fail(too_large(limit_));
      return got;
    }
    std::optional<std::uint64_t> length() const override {
      auto length = parser_.content_length();
      return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
    }

   private:
    Session& session_;
    Parser& parser_;
    std::uint64_t limit_, taken_ = 0;
  };

  // Runs `work` on the pool and comes back; false when the pool's queue is full.
  template <class F>
  net::awaitable<bool> hop(Pool& pool, F work) {
    auto executor = stream_.get_executor();
    co_return co_await net::async_initiate<const net::use_awaitable_t<>&, void(bool)>(
        [&](auto handler) {
          auto back = std::make_shared<decltype(handler)>(std::move(handler));
          auto done = [back, executor](bool ran) { net::post(executor, [back, ran] { (*back)(ran); }); };
          if (!pool.post([&work, done] {
                work();
                done(true);
              }))
            done(false);
        },
        net::use_awaitable);
  }

  net::awaitable<Response> on_pool(Exchange& x, Parser& parser, std::uint64_t limit) {
    PoolReader reader(*this, parser, limit);
    if (x.route->streams_body) x.request.stream = &reader;
    beast::get_lowest_layer(stream_).expires_never();
    Response response;
    auto& pool = x.route->streams_body ? shared_.streams : shared_.workers;
    bool ran = co_await hop(pool, [&] { response = shared_.dispatcher.answer(x); });
    if (!ran)
      response = shared_.dispatcher.problem_of(
          x, {.code = Code::overloaded,
              .id = "http.overloaded",
              .text = {"服务繁忙，请稍后再试。", "The server is busy; please try again shortly."}});
    x.request.stream = nullptr;
    co_return response;
  }

  // Writes from a pool thread, each write done by the connection's own thread.
  class PoolWriter final : public BodyWriter {
   public:
    PoolWriter(Session& session, bool chunked) : session_(session), chunked_(chunked) { pending_.reserve(kBlock * 2); }
    Result<void> write(std::string_view bytes) override {
      while (!bytes.empty()) {
        auto part = bytes.substr(0, kBlock);
        pending_ += part;
        bytes.remove_prefix(part.size());
        if (pending_.size() >= kBlock) QS_CHECK(flush());
      }
      return {};
    }
    Result<void> finish() {
      QS_CHECK(flush());
      return chunked_ ? send("0\r\n\r\n") : Result<void>{};
    }

   private:
    Result<void> flush() {
      if (pending_.empty()) return {};
      auto text = chunked_ ? fmt::format("{:x}\r\n{}\r\n", pending_.size(), pending_) : std::move(pending_);
      pending_.clear();
      return send(text);
    }
    Result<void> send(std::string_view text) {
      std::promise<boost::system::error_code> done;
      auto future = done.get_future();
      net::post(session_.stream_.get_executor(), [&] {
        session_.expire(session_.shared_.limits.write_timeout);
        net::async_write(session_.stream_, net::buffer(text),
                         [&](boost::system::error_code failed, std::size_t) { done.set_value(failed); });
      });
      auto failed = future.get();
      if (failed == beast::error::timeout)
        return fail(Code::timed_out, "http.slow", "客户端接收太慢。", "The client reads too slowly.");
      if (failed) return fail(Code::cancelled, "http.gone", "客户端中断了连接。", "The client went away.");
      return {};
    }
    Session& session_;
    bool chunked_;
    std::string pending_;
  };

  net::awaitable<bool> respond(const Exchange& x, Response response, bool keep) {
    shared_.dispatcher.finish(x, response);
    keep = keep && !draining_ && !shared_.stopping;
    bool ok = co_await std::visit([&](auto& body) { return send(x, response, body, keep); }, response.body);
    shared_.dispatcher.measure(x, response.status);
    if (!ok) open_ = false;
    co_return ok&& keep;
  }

  net::awaitable<bool> write(const std::string& head, std::string_view body) {
    expire(shared_.limits.write_timeout);
    boost::system::error_code failed;
    std::array<net::const_buffer, 2> buffers{net::buffer(head), net::buffer(body.data(), body.size())};
    co_await net::async_write(stream_, buffers, net::redirect_error(net::use_awaitable, failed));
    co_return !failed;
  }

  net::awaitable<bool> send(const Exchange&, Response& r, std::monostate, bool keep) {
    auto length = r.status == 204 || r.status == 304 ? std::nullopt : std::optional<std::uint64_t>(0);
    co_return co_await write(head_of(r, keep, length, false), {});
  }

  net::awaitable<bool> send(const Exchange& x, Response& r, const std::string& body, bool keep) {
    co_return co_await write(head_of(r, keep, body.size(), false), x.head ? std::string_view() : std::string_view(body));
  }

  net::awaitable<bool> send(const Exchange& x, Response& r, Response::Static body, bool keep) {
    if (body.gzipped && !accepts_gzip(x.accept_encoding)) {
      auto plain = gunzip(body.bytes);
      co_return co_await send(x, r, plain ? *plain : std::string(), keep);
    }
    if (body.gzipped) r.headers.emplace_back("Content-Encoding", "gzip");
    co_return co_await write(head_of(r, keep, body.bytes.size(), false), x.head ? std::string_view() : body.bytes);
  }

  net::awaitable<bool> send(const Exchange& x, Response& r, const Response::Stream& writer, bool keep) {
    bool compress = false;
    for (const auto& [name, value] : r.headers)
      if (name == "Content-Type") compress = is_compressible(value) && accepts_gzip(x.accept_encoding);
    if (compress) r.headers.emplace_back("Content-Encoding", "gzip");
    // A first failure can still be told properly, so the head waits for the first bytes: writers fail early or not at all.
    bool sent = co_await write(head_of(r, keep, std::nullopt, true), {});
    if (!sent || x.head) co_return sent;
    Result<void> outcome;
    bool ran = co_await hop(shared_.streams, [&] {
      PoolWriter out(*this, true);
      try {
        if (compress) {
          GzipWriter zipped(out);
          outcome = writer(zipped);
          if (outcome) outcome = zipped.finish();
        } else {
          outcome = writer(out);
        }
        if (outcome) outcome = out.finish();
      } catch (const std::exception& thrown) {
        outcome = fail_internal(std::string("a body writer threw: ") + thrown.what());
      }
    });
    // The body is cut off without its last chunk, which is how HTTP/1.1 tells a client that it is incomplete.
    if (ran && !outcome && outcome.error().code != Code::cancelled)
      log::warn("a streamed answer was cut off",
                {{"request", x.request.request_id}, {"why", outcome.error().text.en + " " + outcome.error().detail}});
    co_return ran&& outcome.has_value();
  }

  net::awaitable<bool> send(const Exchange& x, Response& r, const Response::File& file, bool keep) {
    int fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info{};
    if (fd < 0 || ::fstat(fd, &info) != 0) {
      if (fd >= 0) ::close(fd);
      auto lost = shared_.dispatcher.problem_of(x, fail_internal("cannot read " + file.path.string()).error());
      shared_.dispatcher.finish(x, lost);
      co_return co_await send(x, lost, std::get<std::string>(lost.body), keep);
    }
    auto size = static_cast<std::uint64_t>(info.st_size);
    std::uint64_t first = 0, count = size;
    std::string etag;
    for (const auto& [name, value] : r.headers)
      if (name == "ETag") etag = value;
    r.headers.emplace_back("Last-Modified", to_http_date(qushu::Time(std::chrono::seconds(info.st_mtime))));
    r.headers.emplace_back("Accept-Ranges", "bytes");
    auto if_range = x.request.header("if-range");
    if (auto wanted = x.request.header("range"); r.status == 200 && !wanted.empty() && (if_range.empty() || if_range == etag)) {
      auto answer = range_of(wanted, size);
      if (answer.unsatisfiable) {
        ::close(fd);
        r.status = 416;
        r.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
        co_return co_await write(head_of(r, keep, 0, false), {});
      }
      if (answer.range) {
        first = answer.range->first;
        count = answer.range->last - first + 1;
        r.status = 206;
        r.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first, answer.range->last, size));
      }
    }
    bool sent = co_await write(head_of(r, keep, count, false), {});
    Result<void> outcome;
    if (sent && !x.head && count > 0) {
      bool ran = co_await hop(shared_.streams, [&] { outcome = send_file(fd, first, count); });
      sent = ran && outcome.has_value();
    }
    ::close(fd);
    co_return sent;
  }

  Result<void> send_file(int fd, std::uint64_t first, std::uint64_t count) {
    PoolWriter out(*this, false);
    std::string block(4 * kBlock, '\0');
    while (count > 0) {
      auto got = ::pread(fd, block.data(), std::min<std::uint64_t>(block.size(), count), static_cast<off_t>(first));
      if (got <= 0) return fail_errno(got < 0 ? errno : EIO, "read a file that is being sent");
      QS_CHECK(out.write({block.data(), static_cast<std::size_t>(got)}));
      first += static_cast<std::uint64_t>(got);
      count -= static_cast<std::uint64_t>(got);
    }
    return out.finish();
  }

  net::awaitable<bool> send(const Exchange& x, Response& r, const std::shared_ptr<EventHub::Impl>& hub, bool) {
    bool sent = co_await write(head_of(r, false, std::nullopt, false), ": listening\n\n");
    if (!sent || x.head) co_return false;
    auto listener = std::make_shared<Listener>(x.request.actor);
    auto timer = std::make_shared<net::steady_timer>(stream_.get_executor());
    auto executor = stream_.get_executor();
    listener->wake = [timer, executor] { net::post(executor, [timer] { timer->cancel(); }); };
    {
      std::lock_guard lock(hub->mutex);
      hub->listeners.push_back(listener);
    }
    auto checked = std::chrono::steady_clock::now();
    while (open_ && !draining_ && !shared_.stopping && !peer_gone()) {
      std::string text;
      bool cut = false;
      {
        std::lock_guard lock(listener->mutex);
        for (auto& event : listener->queue) text += event;
        listener->queue.clear();
        cut = listener->cut;
      }
      if (cut) break;
      auto now = std::chrono::steady_clock::now();
      if (now - checked >= kHeartbeat) {
        checked = now;
        bool still = false;
        co_await hop(shared_.workers, [&] { still = shared_.dispatcher.still_signed_in(x); });
        if (!still) break;
        if (text.empty()) text = ": still here\n\n";
      }
      if (!text.empty()) {
        if (!co_await write(text, {})) break;
        continue;
      }
      beast::get_lowest_layer(stream_).expires_never();
      timer->expires_after(std::chrono::seconds(1));
      boost::system::error_code ignored;
      co_await timer->async_wait(net::redirect_error(net::use_awaitable, ignored));
    }
    {
      std::lock_guard lock(listener->mutex);
      listener->wake = nullptr;
    }
    std::lock_guard lock(hub->mutex);
    std::erase(hub->listeners, listener);
    co_return false;
  }

  bool peer_gone() const { return Peer(fd_, stop_peer_).gone(); }

  Stream stream_;
  Shared& shared_;
  std::string remote_;
  bool secure_;
  int fd_;
  std::atomic<bool> stop_peer_;
  beast::flat_buffer buffer_;
  bool idle_ = false, draining_ = false, open_ = true, unread_ = false;
};

// A connection counts until it is gone.
template <class S>
void launch(const std::shared_ptr<S>& session, Loop& loop, Shared& shared) {
  loop.open.insert(session.get());
  net::co_spawn(
      loop.context, [session]() -> net::awaitable<void> { co_await session->run(); },
      [session, &loop, &shared](const std::exception_ptr& failed) {
        if (failed) {
          try {
            std::rethrow_exception(failed);
          } catch (const std::exception& thrown) {
            log::error("a connection failed", {{"why", thrown.what()}});
          }
        }
        loop.open.erase(session.get());
        --shared.connections;
      });
}

}  // namespace

void start_session(tcp::socket socket, Loop& loop, Shared& shared, net::ssl::context* tls) {
  boost::system::error_code failed;
  socket.set_option(tcp::no_delay(true), failed);
  auto end = socket.remote_endpoint(failed);
  auto remote = failed ? std::string("?")
                : end.address().is_v6() && end.address().to_v6().is_v4_mapped()
                    ? net::ip::make_address_v4(net::ip::v4_mapped, end.address().to_v6()).to_string()
                    : end.address().to_string();
  if (tls)
    launch(std::make_shared<Session<beast::ssl_stream<beast::tcp_stream>>>(
               beast::ssl_stream<beast::tcp_stream>(beast::tcp_stream(std::move(socket)), *tls), shared, remote, true),
           loop, shared);
  else
    launch(std::make_shared<Session<beast::tcp_stream>>(beast::tcp_stream(std::move(socket)), shared, remote, false), loop,
           shared);
}

}  // namespace qushu::http
