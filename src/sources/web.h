// One HTTP request at a time, through libcurl: TLS verified, addresses by policy, no proxies, no redirects of its own, bounded
// in time and size, cancellable. A body that ends before its announced length, or goes on after it, is an error.
#pragma once

#include "reader.h"

namespace qushu::sources {

struct WebRequest {
  std::string url;
  bool head = false;
  std::vector<std::string> headers = {};  // "Name: value"
  std::string user = {}, password = {};   // of basic authentication, when there is a user
  std::optional<std::string> body = {};   // sent by POST
  bool public_only = false;               // no private network
};

struct WebAnswer {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] std::optional<std::uint64_t> length() const;
  [[nodiscard]] std::string etag() const { return header("etag"); }
  [[nodiscard]] std::optional<Time> modified() const;
};

class Web {
 public:
  Web(const Target& target, const Context& context);

  // `begun` is asked when the headers are there; false ends the request there, which is no error. `body` gets what comes with a
  // status below 300.
  using Begun = std::function<Result<bool>(const WebAnswer&)>;
  using Body = std::function<Result<void>(std::string_view)>;
  [[nodiscard]] Result<WebAnswer> ask(const WebRequest& request, const Begun& begun, const Body& body) const;
  // The whole body, `most` bytes of it, whatever the status.
  [[nodiscard]] Result<std::pair<WebAnswer, std::string>> text(const WebRequest& request, std::size_t most) const;

 private:
  const Target& target_;
  const Context& context_;
  Network network_;
};

// The error that a status means; nullopt below 400.
[[nodiscard]] std::optional<Error> error_of_status(long status, const Target& target, std::string_view said);

struct Address {
  std::string scheme, host, port, path, query;  // port "" when it is the scheme's own; path and query as written
  [[nodiscard]] std::string origin() const { return scheme + "://" + authority(); }
  [[nodiscard]] std::string authority() const { return port.empty() ? host : host + ":" + port; }
};
// An http:// or https:// address without user and password in it.
[[nodiscard]] Result<Address> address_of(const std::string& url, std::string_view field);
// `location` as seen from `base`.
[[nodiscard]] std::optional<std::string> resolved(const std::string& base, const std::string& location);

// Downloads into a blob, resuming what is cut with Range and If-Range as often as sources.retries says. `make` gives the
// request for the bytes from a place on; its own conditions (If-None-Match) included.
struct Download {
  std::function<Result<WebRequest>()> request;
  std::optional<File> known;
  std::optional<std::uint64_t> expected;  // size as listed
  std::optional<std::uint64_t> most;      // previews
  bool follow = false;                    // redirects
  Sources::Progress progress;
};
[[nodiscard]] Result<Fetched> download(const Target& target, const Context& context, const Download& what, File file);

}  // namespace qushu::sources
