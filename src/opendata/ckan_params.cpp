#include <fmt/format.h>

#include "qushu/base/file_name.h"
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

// fq may be given more than once: all of them hold. Lists come as one text or as one parameter for each.
void put(json::object& out, const std::string& key, const std::string& value) {
  const auto* before = out.if_contains(key);
  if (before != nullptr && key == "fq")
    out[key] = "(" + std::string(before->as_string()) + ") AND (" + value + ")";
  else if (before != nullptr && (key == "fl" || key == "facet.field" || key == "fields"))
    out[key] = std::string(before->as_string()) + "," + value;
  else
    out[key] = value;
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
    put(out, *key, *value);
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
  if (kind.starts_with("multipart/form-data")) {
    QS_TRY(auto form, FormBody::open(type, {}));
    QS_CHECK(form.feed(body));
    QS_TRY(auto received, form.finish());
    return std::move(received.params);
  }
  // curl sends JSON as a form when it is not told otherwise; CKAN takes it.
  bool object = trim(body).starts_with('{');
  if (kind.starts_with("application/x-www-form-urlencoded") && !object) return form(body);
  boost::system::error_code failed;
  auto value = json::parse(body, failed);
  if (failed || !value.is_object()) return unreadable("请求体应为 JSON 对象。", "The body must be a JSON object.");
  return Params(std::move(value.get_object()));
}

// --- multipart -------------------------------------------------------------------------------------------------------------

struct FormBody::State {
  TakeFile take;
  json::object fields;
  std::optional<Upload> upload;
  std::size_t size = 0;  // of the fields
  std::string name, value, file_name;
  bool is_file = false;
  std::unique_ptr<blob::Writer> writer;

  Result<void> begin(const MultipartReader::Part& part) {
    name = part.name;
    value.clear();
    writer.reset();
    is_file = part.file_name.has_value();
    if (!is_file || !take || part.name != "upload") return {};
    file_name = file_name_of(*part.file_name);
    if (file_name.empty()) return {};  // a form whose field for the file was left empty
    if (upload) return unreadable("一次只能上传一个文件。", "One file at a time.");
    QS_TRY(writer, take());
    return {};
  }
  Result<void> data(std::string_view bytes) {
    if (writer) return writer->write(bytes);
    if (is_file) return {};
    size += bytes.size();
    if (size > kMost) return fail(Code::too_large, "open.body", "表单的内容太长。", "The fields of the form are too long.");
    value += bytes;
    return {};
  }
  Result<void> end() {
    if (writer) {
      QS_TRY(auto file, writer->commit());
      upload = Upload{.file_name = file_name, .file = file};
      return {};
    }
    if (is_file) return {};
    if (!is_utf8(value)) return unreadable("表单内容不是 UTF-8。", "The form is not UTF-8.");
    fields[name] = json::string(value);
    return {};
  }
};

FormBody::FormBody(std::unique_ptr<State> state, MultipartReader reader)
    : state_(std::move(state)), reader_(std::move(reader)) {}
FormBody::FormBody(FormBody&&) noexcept = default;
FormBody::~FormBody() = default;

Result<FormBody> FormBody::open(std::string_view content_type, TakeFile take) {
  QS_TRY(auto boundary, MultipartReader::boundary_of(content_type));
  auto state = std::make_unique<State>();
  state->take = std::move(take);
  auto* at = state.get();
  MultipartReader reader(boundary, {.begin = [at](const MultipartReader::Part& part) { return at->begin(part); },
                                    .data = [at](std::string_view bytes) { return at->data(bytes); },
                                    .end = [at] { return at->end(); }});
  return FormBody(std::move(state), std::move(reader));
}

Result<FormBody::Received> FormBody::finish() {
  QS_CHECK(reader_.finish());
  return Received{.params = Params(std::move(state_->fields)), .upload = std::move(state_->upload)};
}

Params params_of_query(const std::vector<std::pair<std::string, std::string>>& query) {
  json::object out;
  for (const auto& [key, value] : query) {
    put(out, key, value);
  }
  return Params(std::move(out));
}

}  // namespace qushu::opendata
