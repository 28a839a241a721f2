// Requests and responses as the modules see them. Nothing of Beast appears here.
//
// A handler is a plain function `Result<Response>(Request&)`. It runs on the bounded worker pool, so it may block on the store,
// the engine or a file; an Error becomes a problem detail (RFC 9457) in the reader's language. A body that streams, in either
// direction, is read or written by the handler's own thread with back-pressure, through BodyReader and BodyWriter: both fail
// with Code::cancelled as soon as the client has gone away, and with timed_out when it stalls.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/error.h"

namespace qushu::http {

namespace json = boost::json;

enum class Method : std::uint8_t { get, post, put, patch, del };

// The request's body as it arrives. Used by one thread.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Fills the front of `into`; how many bytes, 0 at the end. too_large once the route's limit is passed.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;
  // Content-Length when the client sent one.
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;
  // Reads to the end, piece by piece; the first error, of either side, ends it.
  [[nodiscard]] Result<void> each(const std::function<Result<void>(std::string_view)>& piece);
};

// The response's body as it is made. Used by one thread.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  [[nodiscard]] virtual Result<void> write(std::string_view bytes) = 0;
};

// Says whether the client went away; passed down to queries so that they stop. Thread-safe, cheap.
class ClientGone {
 public:
  virtual ~ClientGone() = default;
  [[nodiscard]] virtual bool gone() const = 0;
};

class Request {
 public:
  Method method = Method::get;
  std::string path;                               // decoded, without the query
  std::string target;                             // path and query as they were sent, for who checks what was signed
  std::string_view raw_body;                      // of a JSON body, as it was sent; lives as long as the request
  std::string route;                              // the pattern that matched: "/api/v1/datasets/{code}"
  std::multimap<std::string, std::string> query;  // decoded, in order of name
  std::vector<std::pair<std::string, std::string>> query_in_order;
  json::value body;              // already checked against the route's shape; null without one
  BodyReader* stream = nullptr;  // of routes that stream their body
  Actor actor;                   // who calls, its language included
  std::string request_id;
  std::string remote;                  // the client's address (X-Forwarded-For only from trusted proxies)
  bool secure = false;                 // over TLS, here or at a trusted proxy
  const ClientGone* client = nullptr;  // never null inside a handler

  // A path parameter of the pattern ("code" of "/datasets/{code}"); exists, since the route matched.
  [[nodiscard]] const std::string& param(std::string_view name) const;
  // A query parameter; its declared default, or nothing, when it is absent.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name,
                                     std::int64_t otherwise) const;  // declared as integer: already checked
  [[nodiscard]] bool flag(std::string_view name) const;              // "true", "1" or empty
  // A header's value or "" (names in any case).
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] std::string cookie(std::string_view name) const;
  [[nodiscard]] Lang lang() const { return actor.lang; }

  std::map<std::string, std::string, std::less<>> params;    // filled by the router
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
};

// A source of server-sent events (HTML Living Standard, 9.2). Thread-safe: publish from any thread, to all who listen. A
// listener that is more than `kBacklog` events behind is cut off, and its browser reconnects.
class EventHub {
 public:
  static constexpr std::size_t kBacklog = 1024;
  EventHub();
  ~EventHub();
  // `filter` decides for each listener, by the actor that it signed in as.
  void publish(std::string_view event, const json::value& data, const std::function<bool(const Actor&)>& filter = {});
  [[nodiscard]] std::size_t listeners() const;

  struct Impl;
  [[nodiscard]] const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

class Response {
 public:
  using Stream = std::function<Result<void>(BodyWriter&)>;
  struct File {
    std::filesystem::path path;
    std::shared_ptr<const void> keep = {};  // released when the file has been sent
  };
  struct Static {
    std::string_view bytes;  // lives as long as the program
    bool gzipped = false;
  };
  using Body = std::variant<std::monostate, std::string, Stream, File, Static, std::shared_ptr<EventHub::Impl>>;

  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  Body body;

  [[nodiscard]] static Response ok(const json::value& value, unsigned status = 200);
  [[nodiscard]] static Response no_content();
  [[nodiscard]] static Response text(std::string body, std::string content_type = "text/plain; charset=utf-8");
  // A file with ranges, Last-Modified and a strong ETag (quoted for you; usually the content's SHA-256).
  [[nodiscard]] static Response file(std::filesystem::path path, std::string content_type, std::string_view etag);
  [[nodiscard]] static Response stream(std::string content_type, Stream writer);
  [[nodiscard]] static Response events(const EventHub& hub);
  [[nodiscard]] static Response redirect(std::string location, unsigned status = 303);

  // Sets a header, replacing one of that name. Values from outside are refused when they hold control characters.
  Response&& with(std::string_view name, std::string value) &&;
  // Content-Disposition: attachment with a UTF-8 file name (RFC 6266).
  Response&& as_download(std::string_view file_name) &&;
  // A strong ETag over the JSON or text body; a matching If-None-Match is answered with 304.
  Response&& with_etag(std::string_view tag) &&;
};

using Handler = std::function<Result<Response>(Request&)>;

}  // namespace qushu::http
