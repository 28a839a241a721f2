#include "qushu/http/message.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"

namespace qushu::http {

Result<void> BodyReader::each(const std::function<Result<void>(std::string_view)>& piece) {
  std::string block(std::size_t{256} * 1024, '\0');
  while (true) {
    QS_TRY(auto got, read(block));
    if (got == 0) return {};
    QS_CHECK(piece({block.data(), got}));
  }
}

const std::string& Request::param(std::string_view name) const {
  auto found = params.find(name);
  // A handler that asks for a parameter its own path does not have is a programming error; the pipeline answers 500.
  if (found == params.end()) throw std::logic_error("no path parameter " + std::string(name));
  return found->second;
}

std::optional<std::string> Request::get(std::string_view name) const {
  auto found = query.find(std::string(name));
  return found == query.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t Request::integer(std::string_view name, std::int64_t otherwise) const {
  auto text = get(name);
  return text ? to_int(*text).value_or(otherwise) : otherwise;
}

bool Request::flag(std::string_view name) const {
  auto text = get(name);
  return text && (*text == "true" || *text == "1" || text->empty());
}

std::string Request::header(std::string_view name) const {
  auto wanted = lower_ascii(name);
  for (const auto& [key, value] : headers)
    if (key == wanted) return value;
  return {};
}

std::string Request::cookie(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key != "cookie") continue;
    for (auto part : split(value, ';')) {
      part = trim(part);
      if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=')
        return std::string(part.substr(name.size() + 1));
    }
  }
  return {};
}

Response Response::ok(const json::value& value, unsigned status) {
  Response r;
  r.status = status;
  r.headers.emplace_back("Content-Type", "application/json");
  r.body = json::serialize(value);
  return r;
}

Response Response::no_content() {
  Response r;
  r.status = 204;
  return r;
}

Response Response::text(std::string body, std::string content_type) {
  Response r;
  r.body = std::move(body);
  return std::move(r).with("Content-Type", std::move(content_type));
}

Response Response::file(std::filesystem::path path, std::string content_type, std::string_view etag) {
  Response r;
  r.body = File{.path = std::move(path)};
  return std::move(r).with("Content-Type", std::move(content_type)).with("ETag", fmt::format("\"{}\"", etag));
}

Response Response::stream(std::string content_type, Stream writer) {
  Response r;
  r.body = std::move(writer);
  return std::move(r).with("Content-Type", std::move(content_type));
}

Response Response::events(const EventHub& hub) {
  Response r;
  r.body = hub.impl();
  return std::move(r).with("Content-Type", "text/event-stream").with("Cache-Control", "no-store");
}

Response Response::redirect(std::string location, unsigned status) {
  Response r;
  r.status = status;
  return std::move(r).with("Location", std::move(location));
}

Response&& Response::with(std::string_view name, std::string value) && {
  if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    log::warn("a header with control characters was left out", {{"header", std::string(name)}});
    return std::move(*this);
  }
  for (auto& [key, old] : headers)
    if (lower_ascii(key) == lower_ascii(name) && lower_ascii(name) != "set-cookie") {
      old = std::move(value);
      return std::move(*this);
    }
  headers.emplace_back(name, std::move(value));
  return std::move(*this);
}

Response&& Response::as_download(std::string_view file_name) && {
  std::string ascii;
  for (char c : file_name)
    ascii += (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E || c == '"' || c == '\\') ? '_' : c;
  return std::move(*this).with("Content-Disposition",
                               "attachment; filename=\"" + ascii + "\"; filename*=UTF-8''" + url_encode(file_name));
}

Response&& Response::with_etag(std::string_view tag) && {
  return std::move(*this).with("ETag", fmt::format("\"{}\"", tag));
}

}  // namespace qushu::http
