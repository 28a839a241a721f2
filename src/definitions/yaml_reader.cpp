#include "qushu/definitions/yaml_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::definitions {
namespace {

constexpr std::size_t kWords = 500;  // characters of a label

}  // namespace

bool is_identifier(std::string_view text, std::size_t longest) {
  if (text.empty() || text.size() > longest || text.front() < 'a' || text.front() > 'z' || text.back() == '_' ||
      text.contains("__"))
    return false;
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || is_ascii_digit(c) || c == '_'; });
}

MapReader::MapReader(const YamlNode& node, std::string path, Mistakes& mistakes)
    : node_(node), path_(std::move(path)), mistakes_(mistakes) {
  if (node.kind != YamlNode::Kind::map) {
    mistakes_.add(node, path_, {"这里应为“名称: 值”的列表。", "Here stands no map of “name: value”."});
    return;
  }
  std::set<std::string_view> seen;
  for (const auto& [key, value] : node.members)
    if (!seen.insert(key.text).second)
      mistakes_.add(key, this->path(key.text), {"同一个名称写了两次。", "This key is given twice."});
}

MapReader::~MapReader() {
  if (!rest_) return;
  std::string known;
  for (const auto& key : asked_) known += (known.empty() ? "" : ", ") + key;
  for (const auto& [key, value] : node_.members)
    if (!asked_.contains(key.text))
      mistakes_.add(
          key, path(shorten(key.text, 40)),
          {fmt::format("不认识的名称。可用：{}。", known), fmt::format("An unknown key; these are known: {}.", known)});
}

std::string MapReader::path(std::string_view key) const {
  if (path_.empty()) return std::string(key);
  return key.empty() ? path_ : path_ + "." + std::string(key);
}

const YamlNode* MapReader::get(std::string_view key) {
  asked_.emplace(key);
  for (const auto& [name, value] : node_.members)
    if (name.text == key) return value.kind == YamlNode::Kind::null ? nullptr : &value;
  return nullptr;
}

const YamlNode* MapReader::need(std::string_view key) {
  const auto* found = get(key);
  if (found == nullptr && node_.kind == YamlNode::Kind::map)
    wrong(node_, key, {fmt::format("缺少“{}”。", key), fmt::format("“{}” is missing.", key)});
  return found;
}

std::string MapReader::text(std::string_view key, std::string otherwise) {
  const auto* found = get(key);
  if (found == nullptr) return otherwise;
  if (found->kind != YamlNode::Kind::scalar) {
    wrong(*found, key, {"这里应为一段文本。", "Here stands no text."});
    return otherwise;
  }
  return std::string(trim(found->text));
}

Text MapReader::words(std::string_view key, bool needed) {
  const auto* found = needed ? need(key) : get(key);
  if (found == nullptr) return {};
  auto check = [&](const YamlNode& at, std::string_view what) {
    auto text = std::string(trim(at.text));
    if (at.kind != YamlNode::Kind::scalar || text.empty() || utf8_length(text) > kWords)
      mistakes_.add(at, path(key) + std::string(what),
                    {fmt::format("这里应为 1 至 {} 个字的文本。", kWords),
                     fmt::format("A text of 1 to {} characters is expected.", kWords)});
    return text;
  };
  if (found->kind == YamlNode::Kind::scalar) {
    auto one = check(*found, "");
    return {one, one};
  }
  MapReader both(*found, path(key), mistakes_);
  Text out;
  if (const auto* zh = both.need("zh")) out.zh = check(*zh, ".zh");
  if (const auto* en = both.need("en")) out.en = check(*en, ".en");
  return out;
}

bool MapReader::flag(std::string_view key) {
  const auto* found = get(key);
  if (found == nullptr) return false;
  if (found->kind == YamlNode::Kind::scalar && (found->text == "true" || found->text == "false")) return found->text == "true";
  wrong(*found, key, {"这里应为 true 或 false。", "This is true or false."});
  return false;
}

std::int64_t MapReader::whole(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t otherwise) {
  const auto* found = get(key);
  if (found == nullptr) return otherwise;
  auto value = found->kind == YamlNode::Kind::scalar ? to_int(found->text) : std::nullopt;
  if (value && *value >= min && *value <= max) return *value;
  wrong(*found, key,
        {fmt::format("这里应为 {} 到 {} 之间的整数。", min, max),
         fmt::format("A whole number from {} to {} is expected.", min, max)});
  return otherwise;
}

std::string MapReader::identifier(std::string_view key, std::size_t longest, bool needed) {
  const auto* found = needed ? need(key) : get(key);
  if (found == nullptr) return {};
  if (found->kind == YamlNode::Kind::scalar && is_identifier(found->text, longest)) return found->text;
  wrong(
      *found, key,
      {fmt::format("应以小写字母开头，只用小写字母、数字和单个下划线，最多 {} 个字符。", longest),
       fmt::format("A lower-case letter first, then letters, digits and single underscores, {} characters at most.", longest)});
  return {};
}

std::vector<std::string> MapReader::texts(std::string_view key) {
  const auto* found = get(key);
  if (found == nullptr) return {};
  if (found->kind == YamlNode::Kind::scalar) return {std::string(trim(found->text))};
  std::vector<std::string> out;
  if (found->kind != YamlNode::Kind::list) {
    wrong(*found, key, {"这里应为一段文本，或文本的列表。", "A text or a list of texts is expected."});
    return out;
  }
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    if (found->items[i].kind == YamlNode::Kind::scalar)
      out.emplace_back(trim(found->items[i].text));
    else
      mistakes_.add(found->items[i], fmt::format("{}[{}]", path(key), i), {"这里应为一段文本。", "Here stands no text."});
  }
  return out;
}

void MapReader::each(std::string_view key, std::size_t most, const std::function<void(MapReader&)>& one) {
  const auto* found = get(key);
  if (found == nullptr) return;
  if (found->kind != YamlNode::Kind::list) {
    wrong(*found, key, {"这里应为列表，每项以“- ”开头。", "A list is expected, each element beginning with “- ”."});
    return;
  }
  if (found->items.size() > most)
    wrong(*found, key, {fmt::format("最多 {} 项。", most), fmt::format("There are {} at most.", most)});
  for (std::size_t i = 0; i < std::min(most, found->items.size()); ++i) {
    MapReader element(found->items[i], fmt::format("{}[{}]", path(key), i), mistakes_);
    one(element);
  }
}

}  // namespace qushu::definitions
