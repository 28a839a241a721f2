#include "session_head.h"

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "encoding.h"

namespace qushu::http {
namespace {

std::string_view reason(unsigned status) {
  auto text = bhttp::obsolete_reason(static_cast<bhttp::status>(status));
  return text.empty() ? "Error" : std::string_view(text.data(), text.size());
}

Failure bad_address() {
  return fail(Code::invalid, "http.malformed", "请求地址无效。", "The request's address is not valid.");
}

Result<void> read_method(const RequestHead& head, Exchange& x) {
  auto& r = x.request;
  switch (head.method()) {
    case bhttp::verb::head:
      x.head = true;
      [[fallthrough]];
    case bhttp::verb::options:
    case bhttp::verb::get:
      r.method = Method::get;
      break;
    case bhttp::verb::post:
      r.method = Method::post;
      break;
    case bhttp::verb::put:
      r.method = Method::put;
      break;
    case bhttp::verb::patch:
      r.method = Method::patch;
      break;
    case bhttp::verb::delete_:
      r.method = Method::del;
      break;
    default:
      return fail(Error{.code = Code::invalid,
                        .id = "http.method",
                        .text = {"不支持这个方法。", "This method is not supported."},
                        .subject = "GET, HEAD, POST, PUT, PATCH, DELETE"});
  }
  return {};
}

// Path and parameters.
Result<void> read_target(std::string_view target, Request& r) {
  if (!target.starts_with('/')) return bad_address();
  r.target = target;
  auto question = target.find('?');
  auto path = url_decode(target.substr(0, question));
  if (!path || !is_utf8(*path) || path->contains('\0')) return bad_address();
  for (auto part : split(*path, '/'))
    if (part == "." || part == "..") return bad_address();
  r.path = *std::move(path);
  if (question == std::string_view::npos || question + 1 == target.size()) return {};
  for (auto pair : split(target.substr(question + 1), '&')) {
    if (pair.empty()) continue;
    auto equal = pair.find('=');
    auto name = url_decode(pair.substr(0, equal), true);
    auto value = equal == std::string_view::npos ? std::optional<std::string>("") : url_decode(pair.substr(equal + 1), true);
    if (!name || !value || !is_utf8(*name) || !is_utf8(*value) || value->contains('\0')) return bad_address();
    r.query.emplace(*name, *value);
    r.query_in_order.emplace_back(*std::move(name), *std::move(value));
  }
  return {};
}

}  // namespace

Result<void> read_head(const RequestHead& head, Exchange& x) {
  auto& r = x.request;
  for (const auto& field : head) {
    auto name = lower_ascii(std::string_view(field.name_string().data(), field.name_string().size()));
    std::string_view value(field.value().data(), field.value().size());
    if (name == "accept-encoding") x.accept_encoding = value;
    if (name == "origin") x.origin = value;
    r.headers.emplace_back(std::move(name), value);
  }
  QS_CHECK(read_method(head, x));
  return read_target({head.target().data(), head.target().size()}, r);
}

std::optional<Error> refusal(boost::system::error_code failed) {
  if (failed == bhttp::error::header_limit)
    return Error{
        .code = Code::too_large, .id = "http.header_too_large", .text = {"请求头太大。", "The request's header is too large."}};
  if (failed.category() == bhttp::make_error_code(bhttp::error::bad_target).category() &&
      failed != bhttp::error::end_of_stream && failed != bhttp::error::partial_message)
    return Error{
        .code = Code::invalid, .id = "http.malformed", .text = {"不是有效的 HTTP 请求。", "This is not a valid HTTP request."}};
  return std::nullopt;
}

Error too_large(std::uint64_t limit) {
  return {.code = Code::too_large,
          .id = "http.too_large",
          .text = {fmt::format("内容超过了 {} 的上限。", human_bytes(limit)),
                   fmt::format("The content exceeds the limit of {}.", human_bytes(limit))}};
}

std::string head_of(const Response& r, bool keep, std::optional<std::uint64_t> length, bool chunked) {
  std::string out;
  out.reserve(768);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", r.status, reason(r.status));
  for (const auto& [name, value] : r.headers) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (length) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *length);
  if (chunked) out += "Transfer-Encoding: chunked\r\n";
  out += keep ? "\r\n" : "Connection: close\r\n\r\n";
  return out;
}

}  // namespace qushu::http
