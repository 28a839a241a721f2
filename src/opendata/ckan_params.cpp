#include <fmt/format.h>

#include "qushu/base/text.h"

#include "ckan.h"

namespace qushu::opendata {
namespace {

Failure unreadable(std::string zh, std::string en) {
  return fail(Code::invalid, "open.body", std::move(zh), std::move(en));
}

json::value parsed(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(json::string(text)) : value;
}

Result<Params> form(std::string_view body) {
  json::object out;
  for (auto pair : split(body, '&')) {
    if (pair.empty()) continue;
    auto equal = pair.find('=');
    auto key = url_decode(pair.substr(0, equal), true);
    auto value = url_decode(equal == std::string_view::npos ? std::string_view() : pair.substr(equal + 1), true);
    if (!key || !value || !is_utf8(*key) || !is_utf8(*value))
      return unreadable("表单内容无法读取。", "The form cannot be read.");
    out[*key] = *value;
  }
  return Params(std::move(out));
}

// Fields of multipart/form-data (RFC 7578); the content of files is left out.
Result<Params> multipart(std::string_view type, std::string_view body) {
  auto at = type.find("boundary=");
  if (at == std::string_view::npos) return unreadable("multipart 缺少 boundary。", "The multipart body has no boundary.");
  auto boundary = type.substr(at + 9);
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() >= 2 && boundary.starts_with('"') && boundary.ends_with('"'))
    boundary = boundary.substr(1, boundary.size() - 2);
  if (boundary.empty() || boundary.size() > 200) return unreadable("multipart 的 boundary 有误。", "The boundary is wrong.");
  auto mark = "--" + std::string(boundary);
  json::object out;
  auto next = body.find(mark);
  while (next != std::string_view::npos) {
    auto start = next + mark.size();
    next = body.find(mark, start);
    if (next == std::string_view::npos) break;
    auto part = body.substr(start, next - start);
    auto head_end = part.find("\r\n\r\n");
    if (head_end == std::string_view::npos) continue;
    auto head = part.substr(0, head_end), content = part.substr(head_end + 4);
    if (content.ends_with("\r\n")) content.remove_suffix(2);
    auto name_at = head.find("name=\"");
    if (name_at == std::string_view::npos || head.contains("filename=\"")) continue;
    auto name = head.substr(name_at + 6);
    name = name.substr(0, name.find('"'));
    if (!is_utf8(name) || !is_utf8(content)) return unreadable("表单内容不是 UTF-8。", "The form is not UTF-8.");
    out[name] = json::string(content);
  }
  return Params(std::move(out));
}

}  // namespace

bool Params::has(std::string_view key) const {
  const auto* value = values_.if_contains(key);
  return value != nullptr && !value->is_null();
}

std::string Params::text(std::string_view key) const {
  const auto* value = values_.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

Result<std::size_t> Params::count(std::string_view key, std::size_t otherwise, std::size_t most) const {
  auto given = text(key);
  if (given.empty()) return otherwise;
  auto n = to_int(given);
  if (!n || *n < 0)
    return fail(Error{.code = Code::invalid,
                      .id = "open.parameter",
                      .text = {"应为不小于 0 的整数。", "A whole number, 0 or more, is wanted."},
                      .subject = std::string(key)});
  return std::min(static_cast<std::size_t>(*n), most);
}

Result<bool> Params::flag(std::string_view key, bool otherwise) const {
  auto given = lower_ascii(text(key));
  if (given.empty()) return otherwise;
  if (given == "true" || given == "1" || given == "yes" || given == "on" || given == "t") return true;
  if (given == "false" || given == "0" || given == "no" || given == "off" || given == "f") return false;
  return fail(Error{.code = Code::invalid,
                    .id = "open.parameter",
                    .text = {"应为 true 或 false。", "true or false is wanted."},
                    .subject = std::string(key)});
}

json::value Params::value(std::string_view key) const {
  const auto* value = values_.if_contains(key);
  if (value == nullptr) return nullptr;
  if (!value->is_string()) return *value;
  auto text = trim(std::string_view(value->get_string()));
  if (text.empty()) return nullptr;
  return text.starts_with('{') || text.starts_with('[') ? parsed(text) : *value;
}

std::vector<std::string> Params::list(std::string_view key) const {
  auto given = value(key);
  std::vector<std::string> out;
  if (given.is_array()) {
    for (const auto& one : given.get_array())
      out.push_back(one.is_string() ? std::string(one.get_string()) : json::serialize(one));
  } else if (given.is_string()) {
    for (auto part : split(std::string_view(given.get_string()), ','))
      if (auto bare = trim(part); !bare.empty()) out.emplace_back(bare);
  }
  return out;
}

Result<Params> params_of_body(std::string_view type, std::string_view body) {
  auto kind = lower_ascii(type);
  if (trim(body).empty()) return Params();
  if (kind.starts_with("multipart/form-data")) return multipart(type, body);
  // curl sends JSON as a form when it is not told otherwise; CKAN takes it.
  bool object = trim(body).starts_with('{');
  if (kind.starts_with("application/x-www-form-urlencoded") && !object) return form(body);
  boost::system::error_code failed;
  auto value = json::parse(body, failed);
  if (failed || !value.is_object()) return unreadable("请求体应为 JSON 对象。", "The body must be a JSON object.");
  return Params(std::move(value.get_object()));
}

Params params_of_query(const std::vector<std::pair<std::string, std::string>>& query) {
  json::object out;
  for (const auto& [key, value] : query) {
    // fq may be given more than once: all of them hold.
    if (key == "fq" && out.contains("fq"))
      out["fq"] = "(" + std::string(out.at("fq").as_string()) + ") AND (" + value + ")";
    else
      out[key] = value;
  }
  return Params(std::move(out));
}

}  // namespace qushu::opendata
