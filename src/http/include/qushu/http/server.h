// The HTTP/1.1 server: listeners, TLS, limits, the worker pool, problem details, metrics. The only place that knows Beast.
//
// One io_context per I/O thread with SO_REUSEPORT. Handlers run on a bounded pool; when its queue is full the answer is 503
// with Retry-After. Long bodies run on a second bounded pool, so that slow downloads cannot starve short answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/http/router.h"

namespace qushu::http {

// http.address, http.port, http.tls_certificate, http.tls_key, http.tls_self_signed, http.threads, http.workers, http.queue,
// http.streams, http.header_limit, http.body_limit, http.upload_limit, http.header_timeout, http.body_timeout,
// http.idle_timeout, http.write_timeout, http.request_timeout, http.connections, http.cors_origins, http.trusted_proxies,
// http.gzip_minimum, http.shutdown_grace …
[[nodiscard]] std::span<const SettingSpec> settings();

// Finds out who calls. Implemented by identity. Called on the I/O thread for every request that carries a credential, so it
// answers from memory in the usual case; thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  struct Outcome {
    Actor actor;                  // without via: nobody
    bool cookie_session = false;  // CSRF protection applies
    std::string csrf_token = {};  // what X-CSRF-Token must hold on requests that change something
    bool complete = true;         // false: must change the password or set up the second factor first
  };
  // nullopt: cannot be answered from memory, ask again on the pool (authenticate_slow).
  [[nodiscard]] virtual std::optional<Result<Outcome>> authenticate_fast(const Request& request) = 0;
  [[nodiscard]] virtual Result<Outcome> authenticate_slow(const Request& request) = 0;
  // A request was refused (401, 403, CSRF): for the audit. Called on the pool; must not block for long.
  virtual void refused(const Request& request, const Error& why) = 0;
};

// Counters and gauges for /metrics (Prometheus text format 0.0.4). Thread-safe; names and labels are our own constants.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  void count(std::string_view name, std::string_view labels = {}, std::uint64_t by = 1);
  void observe(std::string_view name, std::string_view labels, double seconds);  // histogram
  void gauge(std::string_view name, std::string_view help, std::function<double()> read);
  [[nodiscard]] std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ServerDeps {
  const Settings& settings;
  const Router& router;
  Authenticator& authenticator;
  Metrics& metrics;
  std::filesystem::path data_folder;  // for the self-signed certificate
};

class Server {
 public:
  // Binds and starts its threads; the router must be complete. An address in use is an error that names it.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerDeps deps);
  ~Server();  // stop()

  [[nodiscard]] std::uint16_t port() const;    // the real one when http.port is 0
  [[nodiscard]] std::string base_url() const;  // "http://127.0.0.1:8080"
  // Stops accepting, answers what is under way for at most http.shutdown_grace, cancels the rest, joins. Idempotent.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The HTTP status of a code.
[[nodiscard]] unsigned status_of(Code code);
// The problem detail of an error: {type, title, status, detail, code, subject?, request_id, errors?}.
[[nodiscard]] json::object problem(const Error& error, Lang lang, std::string_view request_id);
// Many flaws at once (invalid, with `errors: [{field, message}]` in the problem detail).
[[nodiscard]] Error invalid_body(const std::vector<Flaw>& flaws, Lang lang);

// /healthz, /readyz, /metrics, /api/openapi.json. `ready` says what is not ready, or nothing.
void add_system_routes(Router& router, Metrics& metrics, const std::function<Result<void>()>& ready,
                       const std::string& version);

}  // namespace qushu::http
