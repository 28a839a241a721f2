// From a parsed request to a response: who calls, whether she may, whether what she sent fits, and the handler. Knows no
// socket.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/http/server.h"

namespace qushu::http {

// One request on its way.
struct Exchange {
  Request request;
  bool head = false;  // HEAD: the answer goes without its body
  const Route* route = nullptr;
  std::string body_text;  // of JSON routes, as it came
  std::string accept_encoding, origin;
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

class Dispatcher {
 public:
  explicit Dispatcher(const ServerDeps& deps);

  // Finds the route and checks path and query; fills in language, remote address and request id. On an error the exchange has
  // no route.
  [[nodiscard]] Result<void> plan(Exchange& x) const;
  // Answers without a blocking call when that is possible. On an I/O thread.
  [[nodiscard]] std::optional<Response> answer_now(Exchange& x) const;
  // The answer, whatever it takes. On the pool. Never throws.
  [[nodiscard]] Response answer(Exchange& x) const;
  [[nodiscard]] Response problem_of(const Exchange& x, const Error& error) const;
  // Conditional requests, security headers, request id, CORS: what every answer has. `size` of the body when it is known.
  void finish(const Exchange& x, Response& response) const;
  // The answer to OPTIONS.
  [[nodiscard]] bool is_for_everybody(std::string_view path) const;
  [[nodiscard]] Response preflight(const Exchange& x) const;
  void measure(const Exchange& x, unsigned status) const;
  [[nodiscard]] std::uint64_t body_limit(const Route& route) const;
  // Whether a listener of events may go on listening.
  [[nodiscard]] bool still_signed_in(const Exchange& x) const;
  [[nodiscard]] std::uint64_t gzip_minimum() const { return gzip_minimum_; }

 private:
  [[nodiscard]] Result<void> admit(Exchange& x, const Authenticator::Outcome& outcome) const;
  [[nodiscard]] Result<void> take_body(Exchange& x) const;
  [[nodiscard]] bool is_own_origin(const Exchange& x) const;
  [[nodiscard]] Result<void> check_query(const Exchange& x) const;
  [[nodiscard]] Response run(Exchange& x, const Handler& handler) const;
  void fill_actor(Exchange& x, Actor actor) const;

  const Router& router_;
  Authenticator& authenticator_;
  Metrics& metrics_;
  std::uint64_t json_limit_, upload_limit_, gzip_minimum_;
  std::vector<std::string> origins_, proxies_;
};

}  // namespace qushu::http
