#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "filter.h"

namespace qushu::query {
namespace {

namespace json = boost::json;

Failure damaged() {
  return bad_parameter("_next", "续页标记已损坏，请从第一页重新开始。",
                       "the cursor is damaged; start again from the first page.");
}

constexpr std::string_view kContext = "cursor";

void append_value(const engine::Value& value, std::string& out) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    fmt::format_to(std::back_inserter(out), "i{}", *integer);
  else if (const auto* number = std::get_if<double>(&value))
    fmt::format_to(std::back_inserter(out), "n{}", *number);
  else if (const auto* boolean = std::get_if<bool>(&value))
    out += *boolean ? "b1" : "b0";
  else if (const auto* text = std::get_if<std::string>(&value))
    fmt::format_to(std::back_inserter(out), "t{}:{}", text->size(), *text);
  out += ';';
}

}  // namespace

std::string sort_word(const std::vector<SortKey>& sort, const std::vector<catalog::Field>& fields) {
  std::string out;
  for (const auto& key : sort) out += (out.empty() ? "" : ",") + fields[key.field].id + (key.descending ? "-" : "");
  return out;
}

std::string filter_word(const RowsRequest& request, const std::vector<catalog::Field>& fields) {
  std::string out;
  for (const auto& condition : request.conditions) {
    out += fields[condition.field].id;
    out += ' ';
    out += name(condition.op);
    out += ' ';
    for (const auto& value : condition.values) append_value(value, out);
    out += '\n';
  }
  for (const auto& word : request.search) append_value(word, out);
  return crypto::to_base64url(crypto::digest(out).substr(0, 9));
}

std::string encode_cursor(const RowsRequest& request, const std::vector<catalog::Field>& fields, const Position& last) {
  json::array keys;
  for (const auto& key : last.keys) {
    if (key)
      keys.emplace_back(*key);
    else
      keys.emplace_back(nullptr);
  }
  json::object cursor{{"v", request.version},
                      {"s", sort_word(request.sort, fields)},
                      {"f", filter_word(request, fields)},
                      {"k", std::move(keys)},
                      {"i", last.id}};
  if (last.total) {
    cursor["t"] = *last.total;
    cursor["e"] = last.total_exact;
  }
  auto text = json::serialize(cursor);
  if (request.cursor_key.empty()) return crypto::to_base64url(text);
  auto sealed = crypto::seal(request.cursor_key, text, kContext);
  // Without a seal there is no next page: better than one that tells.
  return sealed ? fmt::format("{}~{}", request.version, crypto::to_base64url(*sealed)) : std::string();
}

Result<Cursor> decode_cursor(std::string_view text, std::string_view seal_key) {
  if (text.size() > (std::size_t{64} << 10)) return damaged();
  auto tilde = text.find('~');
  // A plain cursor under a key is somebody's own: it could ask for any place.
  if ((tilde == std::string_view::npos) != seal_key.empty()) return damaged();
  auto bytes = crypto::from_base64(seal_key.empty() ? text : text.substr(tilde + 1));
  if (!bytes) return damaged();
  if (!seal_key.empty()) {
    auto opened = crypto::open(seal_key, *bytes, kContext);
    if (!opened) return damaged();
    bytes = *std::move(opened);
  }
  boost::system::error_code error;
  auto parsed = json::parse(*bytes, error, {}, {.max_depth = 4});
  if (error || !parsed.is_object()) return damaged();
  const auto& object = parsed.get_object();
  auto text_of = [&](const char* key) -> const json::string* {
    const auto* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_string();
  };
  auto integer_of = [&](const char* key) -> std::optional<std::int64_t> {
    const auto* value = object.if_contains(key);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return value->get_int64();
  };
  const auto* sort = text_of("s");
  const auto* filter = text_of("f");
  auto version = integer_of("v"), id = integer_of("i");
  const auto* keys = object.if_contains("k");
  if (sort == nullptr || filter == nullptr || !version || *version < 1 || !id || keys == nullptr || !keys->is_array())
    return damaged();
  Cursor cursor{.version = *version, .sort = std::string(*sort), .filter = std::string(*filter), .position = {}};
  cursor.position.id = *id;
  for (const auto& key : keys->get_array()) {
    if (key.is_null())
      cursor.position.keys.emplace_back();
    else if (key.is_string() && is_utf8(key.get_string()))
      cursor.position.keys.emplace_back(std::string(key.get_string()));
    else
      return damaged();
  }
  if (auto total = integer_of("t")) {
    const auto* exact = object.if_contains("e");
    if (*total < 0 || exact == nullptr || !exact->is_bool()) return damaged();
    cursor.position.total = static_cast<std::uint64_t>(*total);
    cursor.position.total_exact = exact->get_bool();
  }
  return cursor;
}

namespace {

// Sealed ones have it in front.
Result<std::int64_t> version_of_cursor(std::string_view text) {
  if (auto tilde = text.find('~'); tilde != std::string_view::npos) {
    auto version = to_int(text.substr(0, tilde));
    if (!version || *version < 1) return damaged();
    return *version;
  }
  QS_TRY(auto cursor, decode_cursor(text));
  return cursor.version;
}

}  // namespace

Result<std::int64_t> wanted_version(const Pairs& query) {
  std::optional<std::int64_t> asked;
  std::optional<std::int64_t> continued;
  for (const auto& [key, value] : query) {
    if (key == "_version" && !value.empty()) {
      auto number = to_int(value);
      if (!number || *number < 1) return bad_parameter("_version", "要的是版本号，如 3。", "takes a version number such as 3.");
      asked = number;
    } else if (key == "_next" && !value.empty()) {
      QS_TRY(continued, version_of_cursor(value));
    }
  }
  if (asked && continued && *asked != *continued)
    return bad_parameter("_next", fmt::format("这一页属于版本 {}，而 _version 要的是版本 {}。", *continued, *asked),
                         fmt::format("this page belongs to version {}, but _version asks for {}.", *continued, *asked));
  return asked.value_or(continued.value_or(0));
}

}  // namespace qushu::query
