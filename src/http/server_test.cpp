// The server under many clients at once, over real sockets; its protocol from outside is tested in tests/test_http.py.
#include "qushu/http/server.h"

#include <condition_variable>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "temp_folder.h"

namespace qushu::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Knows one token, "good", slowly the first time.
class OneToken final : public Authenticator {
 public:
  std::optional<Result<Outcome>> authenticate_fast(const Request& request) override {
    if (request.header("authorization") != "Bearer good" || !known_) return std::nullopt;
    return Result<Outcome>(somebody());
  }
  Result<Outcome> authenticate_slow(const Request& request) override {
    if (request.header("authorization") != "Bearer good")
      return fail(Code::unauthenticated, "t.credential", "请重新登录", "sign in again");
    known_ = true;
    return somebody();
  }
  void refused(const Request&, const Error&) override { ++refusals; }
  std::atomic<int> refusals = 0;

 private:
  static Outcome somebody() {
    Outcome outcome;
    outcome.actor.person_id = "p";
    outcome.actor.via = "token";
    outcome.actor.may = permissions({Permission::dataset_read});
    return outcome;
  }
  std::atomic<bool> known_ = false;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(settings());
    for (auto [key, value] : {std::pair{"http.port", "0"}, std::pair{"http.workers", "2"}, std::pair{"http.queue", "4"},
                              std::pair{"http.threads", "2"}, std::pair{"http.shutdown_grace", "60s"}})
      ASSERT_TRUE(settings_.set(key, value));
    add("/open", anyone(), [](Request&) -> Result<Response> { return Response::text("open"); });
    add("/closed", may(Permission::dataset_read),
        [](Request& r) -> Result<Response> { return Response::text("hello " + r.actor.person_id); });
    add("/forbidden", may(Permission::audit_read), [](Request&) -> Result<Response> { return Response::text("secret"); });
    add("/slow", anyone(), [this](Request& r) -> Result<Response> {
      ++inside_;
      std::unique_lock lock(mutex_);
      gate_.wait_for(lock, 60s, [&] { return open_ || r.client->gone(); });
      if (r.client->gone()) ++gone_;
      --inside_;
      return Response::text("slow");
    });
    add("/throws", anyone(), [](Request&) -> Result<Response> { throw std::runtime_error("boom with a secret"); });
    add("/stream", anyone(), [](Request&) -> Result<Response> {
      return Response::stream("text/plain", [](BodyWriter& out) -> Result<void> {
        for (int i = 0; i < 1000; ++i) QS_CHECK(out.write(fmt::format("{:08}\n", i)));
        return {};
      });
    });
    add("/breaks", anyone(), [](Request&) -> Result<Response> {
      return Response::stream("text/plain", [](BodyWriter& out) -> Result<void> {
        QS_CHECK(out.write(std::string(100000, 'x')));
        return fail(Code::unavailable, "t", "断了", "broke");
      });
    });
    Route upload{
        .method = Method::post, .path = "/upload", .id = "upload", .tag = "system", .summary = {"传", "Up"}, .who = anyone()};
    upload.streams_body = true;
    upload.body_limit = 1000000;
    upload.handler = [](Request& r) -> Result<Response> {
      std::string block(4096, '\0');
      std::size_t total = 0;
      while (true) {
        QS_TRY(auto got, r.stream->read(block));
        if (got == 0) break;
        total += got;
      }
      return Response::text(std::to_string(total));
    };
    router_.add(std::move(upload));
    Route events{.method = Method::get,
                 .path = "/events",
                 .id = "events",
                 .tag = "system",
                 .summary = {"事", "Events"},
                 .who = anyone()};
    events.handler = [this](Request&) -> Result<Response> { return Response::events(hub_); };
    router_.add(std::move(events));
  }
  void add(std::string path, Access who, Handler handler) {
    auto id = path.substr(1);
    router_.add({.method = Method::get,
                 .path = std::move(path),
                 .id = id,
                 .tag = "system",
                 .summary = {"测", "Test"},
                 .who = std::move(who),
                 .handler = std::move(handler)});
  }
  void start() {
    auto started = Server::start(
        {.settings = settings_, .router = router_, .authenticator = auth_, .metrics = metrics_, .data_folder = folder_.path()});
    ASSERT_TRUE(started) << started.error().text.en;
    server_ = *std::move(started);
  }
  void TearDown() override {
    open();
    if (server_) server_->stop();
  }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    gate_.notify_all();
  }

  struct Socket {
    explicit Socket(std::uint16_t port) : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("connect");  // NOLINT
      timeval wait{.tv_sec = 10, .tv_usec = 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    }
    ~Socket() { ::close(fd); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    void send(std::string_view text) const {
      while (!text.empty()) {
        auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(sent));
      }
    }
    // Until the server closes, or until `enough` is in what came.
    [[nodiscard]] std::string receive(std::string_view enough = "") const {
      std::string out;
      char block[65536];
      while (enough.empty() || !out.contains(enough)) {
        auto got = ::recv(fd, block, sizeof block, 0);
        if (got <= 0) break;
        out.append(block, static_cast<std::size_t>(got));
      }
      return out;
    }
    int fd;
  };
  std::string get(std::string_view path, std::string_view headers = "") {
    Socket s(server_->port());
    s.send(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n", path, headers));
    return s.receive();
  }

  testing::TempFolder folder_;
  Settings settings_;
  OneToken auth_;
  Metrics metrics_;
  EventHub hub_;
  Router router_;
  std::mutex mutex_;
  std::condition_variable gate_;
  bool open_ = false;
  std::atomic<int> inside_ = 0, gone_ = 0;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, WhoMayCallIsAskedFirst) {
  start();
  EXPECT_THAT(get("/open"), HasSubstr("open"));
  EXPECT_THAT(get("/closed"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(get("/closed", "Authorization: Bearer bad\r\n"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(get("/closed?wrong=1"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(get("/closed", "Authorization: Bearer good\r\n"), HasSubstr("hello p"));
  EXPECT_THAT(get("/closed", "Authorization: Bearer good\r\n"), HasSubstr("hello p"));
  EXPECT_THAT(get("/forbidden", "Authorization: Bearer good\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(get("/closed?wrong=1", "Authorization: Bearer good\r\n"), StartsWith("HTTP/1.1 422"));
  EXPECT_EQ(auth_.refusals, 4);
}

TEST_F(ServerTest, WhatThrowsInsideStaysInside) {
  start();
  auto answer = get("/throws");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
  EXPECT_THAT(answer, HasSubstr("application/problem+json"));
}

TEST_F(ServerTest, StreamsBothWaysAndAStreamThatBreaksIsSeenToBreak) {
  start();
  auto answer = get("/stream");
  EXPECT_THAT(answer, HasSubstr("00000999"));
  EXPECT_THAT(answer, HasSubstr("\r\n0\r\n\r\n"));
  EXPECT_THAT(get("/breaks"), Not(HasSubstr("\r\n0\r\n\r\n")));
  Socket s(server_->port());
  std::string body(500000, 'b');
  s.send(
      fmt::format("POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  EXPECT_THAT(s.receive(), HasSubstr("500000"));
  Socket big(server_->port());
  big.send("POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000001\r\n\r\n");
  EXPECT_THAT(big.receive(), StartsWith("HTTP/1.1 413"));
  Socket chunked(server_->port());
  chunked.send("POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) chunked.send(fmt::format("{:x}\r\n{}\r\n", 100000, std::string(100000, 'c')));
  chunked.send("0\r\n\r\n");
  EXPECT_THAT(chunked.receive(), HasSubstr("413"));
}

TEST_F(ServerTest, AFullQueueIsAnswered503AndNothingIsLost) {
  start();
  std::vector<std::unique_ptr<Socket>> sockets;
  auto ask = [&] {
    sockets.push_back(std::make_unique<Socket>(server_->port()));
    sockets.back()->send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  };
  // Both workers are busy before the queue fills: what they have not taken yet would stand in it.
  for (int i = 0; i < 2; ++i) ask();
  while (inside_ < 2) std::this_thread::sleep_for(2ms);
  for (int i = 0; i < 10; ++i) ask();
  // The gate stays shut until all have been taken in, or refused.
  for (int i = 0; i < 3000 && !metrics_.render().contains(R"(count{route="slow",status="5xx"} 6)"); ++i)
    std::this_thread::sleep_for(10ms);
  open();
  int good = 0, refused = 0;
  for (auto& s : sockets) {
    auto answer = s->receive();
    if (answer.starts_with("HTTP/1.1 200")) ++good;
    if (answer.starts_with("HTTP/1.1 503")) {
      ++refused;
      EXPECT_THAT(answer, HasSubstr("Retry-After"));
    }
  }
  EXPECT_EQ(good, 6);  // two workers and a queue of four
  EXPECT_EQ(refused, 6);
}

TEST_F(ServerTest, AClientThatGoesIsNoticed) {
  start();
  {
    Socket s(server_->port());
    s.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    while (inside_ == 0) std::this_thread::sleep_for(2ms);
  }
  for (int i = 0; i < 3000 && gone_ == 0; ++i) {
    gate_.notify_all();
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(gone_, 1);
}

TEST_F(ServerTest, ManyClientsAndEventsAtOnce) {
  start();
  std::vector<std::unique_ptr<Socket>> listeners;
  for (int i = 0; i < 5; ++i) {
    listeners.push_back(std::make_unique<Socket>(server_->port()));
    listeners.back()->send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(listeners.back()->receive("\r\n\r\n"), HasSubstr("text/event-stream"));
  }
  while (hub_.listeners() < 5) std::this_thread::sleep_for(2ms);
  std::atomic<int> answered = 0, busy = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 30; ++i) {
        auto answer = t % 2 == 0 ? get("/open") : get("/closed", "Authorization: Bearer good\r\n");
        if (answer.starts_with("HTTP/1.1 200")) ++answered;
        if (answer.starts_with("HTTP/1.1 503")) ++busy;
        hub_.publish("tick", json::object{{"n", i}});
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(answered + busy, 180);
  EXPECT_GE(answered, 60);
  for (auto& l : listeners) EXPECT_THAT(l->receive("event: tick"), HasSubstr("\"n\""));
  EXPECT_THAT(metrics_.render(), HasSubstr("qushu_http_request_seconds"));
}

TEST_F(ServerTest, StoppingFinishesWhatIsUnderWay) {
  start();
  Socket s(server_->port());
  s.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  while (inside_ == 0) std::this_thread::sleep_for(2ms);
  std::thread stopper([&] { server_->stop(); });
  std::this_thread::sleep_for(100ms);
  open();
  EXPECT_THAT(s.receive(), HasSubstr("slow"));
  stopper.join();
  EXPECT_THROW(Socket(server_->port()), std::runtime_error);
  server_->stop();
}

TEST_F(ServerTest, AnAddressInUseIsNamed) {
  start();
  ASSERT_TRUE(settings_.set("http.port", std::to_string(server_->port())));
  auto second = Server::start(
      {.settings = settings_, .router = router_, .authenticator = auth_, .metrics = metrics_, .data_folder = folder_.path()});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text.zh, HasSubstr(std::to_string(server_->port())));
}

}  // namespace
}  // namespace qushu::http
