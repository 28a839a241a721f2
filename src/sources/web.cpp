#include "web.h"

#include <algorithm>

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

namespace qushu::sources {
namespace {

struct Closer {
  void operator()(CURL* c) const { curl_easy_cleanup(c); }
  void operator()(curl_slist* l) const { curl_slist_free_all(l); }
  void operator()(CURLU* u) const { curl_url_cleanup(u); }
};
using Easy = std::unique_ptr<CURL, Closer>;
using Headers = std::unique_ptr<curl_slist, Closer>;
using Url = std::unique_ptr<CURLU, Closer>;

// libcurl wants this before anything else, once.
void start_curl() {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;
}

// What the callbacks of one request share.
struct Transfer {
  const Network& network;
  const Cancelled& cancelled;
  const Web::Begun& begun;
  const Web::Body& body;
  WebAnswer answer;
  std::optional<Error> error;
  bool ended = false;    // begun() had enough
  bool started = false;  // begun() was asked
  bool excess = false;   // more came than the announced length
  bool public_only = false;
  std::uint64_t received = 0;

  // Whether to go on.
  bool start() {
    if (started) return !ended;
    started = true;
    if (!begun) return true;
    auto on = begun(answer);
    if (!on) {
      error = std::move(on).error();
      return false;
    }
    ended = !*on;
    return *on;
  }
};

curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  auto allowed = transfer.public_only ? transfer.network.check_public(&address->addr) : transfer.network.check(&address->addr);
  if (!allowed) {
    if (!transfer.error) transfer.error = std::move(allowed).error();
    return CURL_SOCKET_BAD;
  }
  transfer.error.reset();
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    transfer.answer = {};
    auto space = line.find(' ');
    if (space != std::string_view::npos) transfer.answer.status = to_int(line.substr(space + 1, 3)).value_or(0);
    return line.size();
  }
  auto colon = line.find(':');
  if (colon != std::string_view::npos && transfer.answer.headers.size() < 200)
    transfer.answer.headers[lower_ascii(trim(line.substr(0, colon)))] = std::string(trim(line.substr(colon + 1)));
  return line.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.start()) return 0;
  transfer.received += size * count;
  if (auto taken = transfer.body({data, size * count}); !taken) {
    transfer.error = std::move(taken).error();
    return 0;
  }
  return size * count;
}

int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.cancelled && transfer.cancelled() ? 1 : 0;
}

// Bytes beyond the announced length that libcurl has read already it only speaks of.
int on_talk(CURL*, curl_infotype kind, char* data, std::size_t size, void* self) {
  if (kind == CURLINFO_TEXT && std::string_view(data, size).contains("Excess found"))
    static_cast<Transfer*>(self)->excess = true;
  return 0;
}

// Whether bytes wait behind the announced end of the body. Of an encrypted connection nobody can tell.
bool goes_on(CURL* easy, std::string_view url) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (!url.starts_with("http:") || curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
      socket == CURL_SOCKET_BAD)
    return false;
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

Trouble trouble_of_code(CURL* easy, CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Trouble::host;
    case CURLE_COULDNT_CONNECT: {
      long number = 0;
      curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
      if (number == ETIMEDOUT) return Trouble::timed_out;
      return number == EHOSTUNREACH || number == ENETUNREACH ? Trouble::route : Trouble::refused;
    }
    case CURLE_OPERATION_TIMEDOUT:
      return Trouble::timed_out;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Trouble::certificate;
    case CURLE_SSL_CONNECT_ERROR:
      return Trouble::encryption;
    case CURLE_ABORTED_BY_CALLBACK:
      return Trouble::cancelled;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP2:
      return Trouble::lost;
    default:
      return Trouble::other;
  }
}

std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, what, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

}  // namespace

std::string WebAnswer::header(std::string_view name) const {
  auto found = headers.find(std::string(name));
  return found == headers.end() ? std::string() : found->second;
}
std::optional<std::uint64_t> WebAnswer::length() const {
  auto length = to_int(header("content-length"));
  return length && *length >= 0 ? std::optional(static_cast<std::uint64_t>(*length)) : std::nullopt;
}
std::optional<Time> WebAnswer::modified() const {
  auto text = header("last-modified");
  if (text.empty()) return std::nullopt;
  auto seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

Web::Web(const Target& target, const Context& context) : target_(target), context_(context), network_(context.settings) {
  start_curl();
}

Result<WebAnswer> Web::ask(const WebRequest& request, const Begun& begun, const Body& body) const {
  Easy easy(curl_easy_init());
  if (!easy) return fail_internal("curl_easy_init");
  auto* c = easy.get();
  Transfer transfer{
      .network = network_, .cancelled = context_.cancelled, .begun = begun, .body = body, .answer = {}, .error = {}};
  transfer.public_only = request.public_only;
  std::array<char, CURL_ERROR_SIZE> message{};
  curl_easy_setopt(c, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "qushu");
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, message.data());
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, static_cast<long>(context_.settings.integer("sources.connect_timeout")));
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, static_cast<long>(context_.settings.integer("sources.stall_timeout")));
  curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L * 1024);
  curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_talk);
  curl_easy_setopt(c, CURLOPT_DEBUGDATA, &transfer);
  curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &transfer);
  if (request.head) curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
  if (request.body) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, request.body->data());
  }
  auto ca = target_.text("ca");
  if (!ca.empty()) {
    curl_blob blob{.data = ca.data(), .len = ca.size(), .flags = CURL_BLOB_COPY};
    curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!request.user.empty()) {
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(c, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, request.password.c_str());
  }
  Headers headers;
  for (const auto& header : request.headers) headers.reset(curl_slist_append(headers.release(), header.c_str()));
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  auto code = curl_easy_perform(c);
  if (transfer.error) return fail(*std::move(transfer.error));
  if (transfer.ended) return std::move(transfer.answer);
  if (code != CURLE_OK)
    return fail(trouble(trouble_of_code(c, code), target_, fmt::format("{} {}", curl_easy_strerror(code), message.data())));
  if (!request.head && transfer.answer.status < 300 && (transfer.excess || goes_on(c, request.url)))
    return fail(trouble(Trouble::lost, target_, "more bytes came than Content-Length said"));
  if (!transfer.start() && transfer.error) return fail(*std::move(transfer.error));  // nothing in the body
  return std::move(transfer.answer);
}

Result<std::pair<WebAnswer, std::string>> Web::text(const WebRequest& request, std::size_t most) const {
  std::string body;
  QS_TRY(auto answer, ask(request, {}, [&](std::string_view bytes) -> Result<void> {
           if (body.size() + bytes.size() > most) return fail(trouble(Trouble::other, target_, "the answer is too long"));
           body += bytes;
           return {};
         }));
  return std::pair(std::move(answer), std::move(body));
}

std::optional<Error> error_of_status(long status, const Target& target, std::string_view said) {
  if (status < 400) return std::nullopt;
  auto detail = fmt::format("HTTP {} {}", status, said);
  if (status == 401 || status == 407) return trouble(Trouble::password, target, detail);
  if (status == 403) return trouble(Trouble::permission, target, detail);
  if (status == 404 || status == 410) return trouble(Trouble::table, target, detail);
  if (status == 408 || status == 504) return trouble(Trouble::timed_out, target, detail);
  if (status == 429 || status >= 500) return trouble(Trouble::busy, target, detail);
  return trouble(Trouble::other, target, detail);
}

Result<Address> address_of(const std::string& url, std::string_view field) {
  Url parsed(curl_url());
  auto good = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  Address out{.scheme = part(parsed.get(), CURLUPART_SCHEME),
              .host = part(parsed.get(), CURLUPART_HOST),
              .port = part(parsed.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT),
              .path = part(parsed.get(), CURLUPART_PATH),
              .query = part(parsed.get(), CURLUPART_QUERY)};
  if (!good || (out.scheme != "http" && out.scheme != "https") || out.host.empty())
    return fail(
        wrong("source.url", field, "应为 http:// 或 https:// 开头的地址。", "An address begins with http:// or https://."));
  if (!part(parsed.get(), CURLUPART_USER).empty())
    return fail(wrong("source.url", field, "地址里不能写用户名和口令，请填在用户名和口令两栏。",
                      "The address must not hold a user and password; they have fields of their own."));
  return out;
}

std::optional<std::string> resolved(const std::string& base, const std::string& location) {
  Url url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) return std::nullopt;
  if (curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) return std::nullopt;
  auto out = part(url.get(), CURLUPART_URL);
  return out.empty() ? std::nullopt : std::optional(out);
}

}  // namespace qushu::sources
