#include "multipart.h"

#include <algorithm>

#include "qushu/base/text.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kHead = 16U << 10U;  // bytes of a part's head

Failure unreadable(std::string zh, std::string en) {
  return fail(Code::invalid, "open.body", std::move(zh), std::move(en));
}

// The value of a parameter of a header: name="value" or name=value; nullopt when it is not there.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  std::size_t at = 0;
  while ((at = header.find(';', at)) != std::string_view::npos) {
    ++at;
    while (at < header.size() && (header[at] == ' ' || header[at] == '\t')) ++at;
    auto equal = header.find('=', at);
    if (equal == std::string_view::npos) return std::nullopt;
    auto key = lower_ascii(trim(header.substr(at, equal - at)));
    at = equal + 1;
    std::string value;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        // Browsers send a backslash as it is, and a quote as %22; only an escaped quote is taken as one.
        if (header[at] == '\\' && at + 1 < header.size() && header[at + 1] == '"') ++at;
        value += header[at];
      }
    } else {
      auto end = std::min(header.find(';', at), header.size());
      value = trim(header.substr(at, end - at));
      at = end;
    }
    if (key == name) return value;
  }
  return std::nullopt;
}

// RFC 5987: UTF-8''%E4%BC%81.csv
std::optional<std::string> decoded(std::string_view value) {
  auto first = value.find('\''), second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos || lower_ascii(value.substr(0, first)) != "utf-8") return std::nullopt;
  return url_decode(value.substr(second + 1));
}

}  // namespace

Result<std::string> MultipartReader::boundary_of(std::string_view content_type) {
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 200)
    return unreadable("multipart 缺少 boundary，或 boundary 有误。", "The multipart body has no boundary, or a wrong one.");
  return *std::move(boundary);
}

Result<void> MultipartReader::feed(std::string_view bytes) {
  if (at_ == At::done) return {};  // what follows the last boundary says nothing
  held_ += bytes;
  while (true) {
    QS_TRY(auto more, step());
    if (!more) return {};
  }
}

Result<bool> MultipartReader::step() {
  switch (at_) {
    case At::preamble:
    case At::content:
      return content();
    case At::boundary: {
      if (held_.size() < 2) return false;
      if (held_.starts_with("--")) {
        at_ = At::done;
        held_.clear();
        return false;
      }
      auto padding = held_.find_first_not_of(" \t");
      if (padding == std::string::npos || held_.size() < padding + 2) {
        if (held_.size() > kHead) return unreadable("multipart 的分隔行有误。", "A boundary's line is wrong.");
        return false;
      }
      if (held_.compare(padding, 2, "\r\n") != 0) return unreadable("multipart 的分隔行有误。", "A boundary's line is wrong.");
      held_.erase(0, padding);  // the line's end stays: a part without a head begins with an empty line
      at_ = At::head;
      return true;
    }
    case At::head:
      return head();
    case At::done:
      return false;
  }
  return false;
}

Result<bool> MultipartReader::content() {
  auto found = held_.find(mark_);
  auto ready = found != std::string::npos ? found : held_.size() < mark_.size() ? 0 : held_.size() - mark_.size() + 1;
  if (at_ == At::content && ready > 0) QS_CHECK(sink_.data(std::string_view(held_).substr(0, ready)));
  if (found == std::string::npos) {
    held_.erase(0, ready);
    return false;
  }
  held_.erase(0, found + mark_.size());
  if (at_ == At::content) QS_CHECK(sink_.end());
  at_ = At::boundary;
  return true;
}

Result<bool> MultipartReader::head() {
  auto end = held_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (held_.size() > kHead) return unreadable("multipart 的一个部分头部太长。", "The head of a part is too long.");
    return false;
  }
  Part part;
  bool named = false;
  for (auto line : split(std::string_view(held_).substr(0, end), '\n')) {
    line = trim(line);
    auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto key = lower_ascii(trim(line.substr(0, colon)));
    auto value = trim(line.substr(colon + 1));
    if (key == "content-type") part.type = value;
    if (key != "content-disposition") continue;
    if (auto name = parameter(value, "name")) {
      part.name = *std::move(name);
      named = true;
    }
    part.file_name = parameter(value, "filename");
    if (auto extended = parameter(value, "filename*"))
      if (auto plain = decoded(*extended)) part.file_name = *std::move(plain);
  }
  if (!named || !is_utf8(part.name) || (part.file_name && !is_utf8(*part.file_name)))
    return unreadable("multipart 的一个部分没有名称，或名称不是 UTF-8。",
                      "A part of the multipart body has no name, or one that is not UTF-8.");
  held_.erase(0, end + 4);
  at_ = At::content;
  QS_CHECK(sink_.begin(part));
  return true;
}

Result<void> MultipartReader::finish() const {
  if (at_ == At::done) return {};
  return unreadable("multipart 不完整，没有结束标记。", "The multipart body breaks off before its end.");
}

}  // namespace qushu::opendata
