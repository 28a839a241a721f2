#include "qushu/base/json.h"

#include <algorithm>
#include <array>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {
namespace {

const std::array kCycles{Word{"realtime", {"实时", "Real time"}},    Word{"daily", {"每日", "Daily"}},
                         Word{"weekly", {"每周", "Weekly"}},         Word{"monthly", {"每月", "Monthly"}},
                         Word{"quarterly", {"每季度", "Quarterly"}}, Word{"half_yearly", {"每半年", "Half-yearly"}},
                         Word{"yearly", {"每年", "Yearly"}},         Word{"irregular", {"不定期", "Irregular"}},
                         Word{"never", {"不更新", "Never"}}};
const std::array kSharing{Word{"unconditional", {"无条件共享", "Unconditional"}},
                          Word{"conditional", {"有条件共享", "Conditional"}}, Word{"none", {"不予共享", "Not shared"}}};
const std::array kLevels{Word{"1", {"一般数据 1 级", "General, grade 1"}}, Word{"2", {"一般数据 2 级", "General, grade 2"}},
                         Word{"3", {"一般数据 3 级", "General, grade 3"}}, Word{"4", {"一般数据 4 级", "General, grade 4"}},
                         Word{"important", {"重要数据", "Important"}},     Word{"core", {"核心数据", "Core"}}};

std::int64_t integer_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_int64() ? value->as_int64() : 0;
}

}  // namespace

std::span<const Word> update_cycles() {
  return kCycles;
}
std::span<const Word> sharing_types() {
  return kSharing;
}
std::span<const Word> levels() {
  return kLevels;
}

std::string higher_level(std::string_view a, std::string_view b) {
  auto rank = [](std::string_view level) { return std::ranges::find(kLevels, level, &Word::code) - kLevels.begin(); };
  return std::string(rank(a) < rank(b) ? b : a);
}

std::string highest_level(const std::vector<Field>& fields) {
  std::string highest = "1";
  for (const auto& field : fields) highest = higher_level(highest, field.level);
  return highest;
}

json::object to_json(const Field& field) {
  return {{"id", field.id},
          {"name", field.name},
          {"description", field.description},
          {"type", engine::name(field.type)},
          {"width", field.width},
          {"scale", field.scale},
          {"unit", field.unit},
          {"level", field.level},
          {"key", field.key}};
}

json::array to_json(const std::vector<Field>& fields) {
  json::array out;
  for (const auto& field : fields) out.emplace_back(to_json(field));
  return out;
}

std::vector<Field> fields_of(const json::value& value) {
  std::vector<Field> fields;
  if (!value.is_array()) return fields;
  for (const auto& item : value.as_array()) {
    if (!item.is_object()) continue;
    const auto& o = item.as_object();
    Field field{.id = text_at(o, "id"), .name = text_at(o, "name"), .description = text_at(o, "description")};
    if (!engine::parse(text_at(o, "type"), field.type)) field.type = engine::Type::text;
    field.width = static_cast<std::uint8_t>(integer_at(o, "width"));
    field.scale = static_cast<std::uint8_t>(integer_at(o, "scale"));
    field.unit = text_at(o, "unit");
    if (auto level = text_at(o, "level"); !level.empty()) field.level = level;
    if (const auto* key = o.if_contains("key")) field.key = key->is_bool() && key->as_bool();
    fields.push_back(std::move(field));
  }
  return fields;
}

std::vector<PartColumn> columns_of(const std::vector<Field>& fields) {
  std::vector<PartColumn> columns;
  for (const auto& f : fields) columns.push_back({.id = f.id, .type = f.type, .width = f.width, .scale = f.scale});
  return columns;
}

json::object to_json(const Dataset& d) {
  return {{"id", d.id},
          {"code", d.code},
          {"title", d.title},
          {"abstract", d.abstract},
          {"department_id", d.department_id},
          {"department_name", d.department_name},
          {"theme", d.theme},
          {"tags", json::array(d.tags.begin(), d.tags.end())},
          {"update_cycle", d.update_cycle},
          {"sharing_type", d.sharing_type},
          {"level", d.level},
          {"state", d.state},
          {"version", d.version},
          {"rows", d.rows},
          {"bytes", d.bytes},
          {"entry_state", d.entry_state},
          {"resource_code", d.resource_code},
          {"classifications", json::array(d.classifications.begin(), d.classifications.end())},
          {"format", d.format},
          {"entry_version", d.face},
          {"by_entry", d.by_entry},
          {"created_by", d.created_by},
          {"created", to_iso(d.created)},
          {"changed", to_iso(d.changed)},
          {"published", time_or_null(d.published)},
          {"fields", to_json(d.fields)}};
}

json::object counts_of(const Version& v) {
  return {{"mode", v.mode},       {"read", v.read},       {"published", v.published}, {"added", v.added},
          {"changed", v.changed}, {"deleted", v.deleted}, {"unchanged", v.unchanged}, {"rejected", v.rejected}};
}

json::object to_json(const Version& v) {
  json::array origins, parts;
  std::uint64_t bytes = 0;
  for (const auto& o : v.origins)
    origins.emplace_back(
        json::object{{"file_name", o.file_name}, {"sha256", o.file_blob}, {"table", o.table}, {"import_id", o.import_id}});
  for (const auto& p : v.parts) {
    parts.emplace_back(json::object{{"sha256", p.blob}, {"rows", p.rows}, {"bytes", p.bytes}});
    bytes += p.bytes;
  }
  auto out = counts_of(v);
  out["number"] = v.number;
  out["bytes"] = bytes;
  out["parts"] = std::move(parts);
  out["origins"] = std::move(origins);
  out["fields"] = to_json(v.fields);
  out["person_name"] = v.person_name;
  out["job_id"] = v.job_id;
  out["at"] = to_iso(v.at);
  out["current"] = v.current;
  return out;
}

}  // namespace qushu::catalog
