#include <algorithm>

#include "qushu/base/json.h"
#include "qushu/catalog/entry.h"

#include "entry_members.h"

namespace qushu::catalog {
namespace {

std::vector<std::string> texts_at(const json::object& o, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* value = o.if_contains(key); value && value->is_array())
    for (const auto& item : value->as_array())
      if (item.is_string()) out.emplace_back(item.as_string());
  return out;
}

json::array list(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object shown(const Assessment& a) {
  return {{"conclusion", a.conclusion}, {"by", a.by}, {"on", a.on}, {"note", a.note}};
}

Assessment assessment_at(const json::object& o, std::string_view key) {
  const auto* value = o.if_contains(key);
  if (!value || !value->is_object()) return {};
  const auto& a = value->as_object();
  return {.conclusion = text_at(a, "conclusion"), .by = text_at(a, "by"), .on = text_at(a, "on"), .note = text_at(a, "note")};
}

Item item_of(const json::object& o) {
  Item item{.id = text_at(o, "id"), .name = text_at(o, "name")};
  for (const auto& member : item_members()) item.*member.at = text_at(o, member.name);
  if (const auto* length = o.if_contains("length"); length && length->is_int64()) item.length = length->as_int64();
  item.level_by = text_at(o, "level_by");
  if (const auto* planned = o.if_contains("planned")) item.planned = planned->is_bool() && planned->as_bool();
  return item;
}

}  // namespace

json::object to_json(const Item& item) {
  json::object out{{"id", item.id}, {"name", item.name}};
  for (const auto& member : item_members()) out[member.name] = item.*member.at;
  out["length"] = item.length;
  out["level_by"] = item.level_by;
  out["planned"] = item.planned;
  return out;
}

json::object to_json(const Entry& entry) {
  json::object out;
  for (const auto& member : entry_members()) out[member.name] = entry.*member.at;
  out["classifications"] = list(entry.classifications);
  out["classification_names"] = list(entry.classification_names);
  out["tags"] = list(entry.tags);
  out["related"] = list(entry.related);
  json::array items;
  for (const auto& item : entry.items) items.emplace_back(to_json(item));
  out["items"] = std::move(items);
  out["secrecy"] = shown(entry.secrecy);
  out["personal"] = shown(entry.personal);
  out["approval"] = json::object{{"by", entry.approval.by}, {"on", entry.approval.on}, {"note", entry.approval.note}};
  return out;
}

Entry entry_of(const json::value& value) {
  Entry entry;
  if (!value.is_object()) return entry;
  const auto& o = value.as_object();
  for (const auto& member : entry_members()) entry.*member.at = text_at(o, member.name);
  entry.classifications = texts_at(o, "classifications");
  entry.classification_names = texts_at(o, "classification_names");
  entry.tags = texts_at(o, "tags");
  entry.related = texts_at(o, "related");
  if (const auto* items = o.if_contains("items"); items && items->is_array())
    for (const auto& item : items->as_array())
      if (item.is_object()) entry.items.push_back(item_of(item.as_object()));
  entry.secrecy = assessment_at(o, "secrecy");
  entry.personal = assessment_at(o, "personal");
  auto approval = assessment_at(o, "approval");
  entry.approval = {.by = approval.by, .on = approval.on, .note = approval.note};
  return entry;
}

}  // namespace qushu::catalog
