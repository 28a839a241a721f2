#include "dataset_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/catalog/entry.h"

namespace qushu::catalog {
namespace {

Result<void> check_word(std::span<const Word> words, std::string_view value, std::string_view field) {
  std::string zh, en;
  for (const auto& word : words) {
    if (word.code == value) return {};
    zh += fmt::format("{}{}（{}）", zh.empty() ? "" : "、", word.name.zh, word.code);
    en += fmt::format("{}{}", en.empty() ? "" : ", ", word.code);
  }
  return fail(Error{.code = Code::invalid,
                    .id = "dataset.word",
                    .text = {"只能是：" + zh + "。", "Must be one of: " + en + "."},
                    .subject = std::string(field)});
}

}  // namespace

Result<void> check_text(std::string_view value, std::size_t min, std::size_t max, std::string_view field) {
  auto length = utf8_length(trim(value));
  if (length >= min && length <= max) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "dataset.length",
                    .text = {fmt::format("长度应为 {} 到 {} 个字，现在是 {} 个。", min, max, length),
                             fmt::format("Must be {} to {} characters long, and is {}.", min, max, length)},
                    .subject = std::string(field)});
}

Result<void> check_entry(const Dataset& d) {
  QS_CHECK(check_text(d.title, 1, 200, "title"));
  QS_CHECK(check_text(d.abstract, 0, 5000, "abstract"));
  QS_CHECK(check_text(d.theme, 0, 60, "theme"));
  if (d.tags.size() > 30)
    return fail(Error{.code = Code::invalid,
                      .id = "dataset.tags",
                      .text = {"标签最多 30 个。", "There may be at most 30 tags."},
                      .subject = "tags"});
  for (const auto& tag : d.tags) QS_CHECK(check_text(tag, 1, 30, "tags"));
  QS_CHECK(check_word(update_cycles(), d.update_cycle, "update_cycle"));
  QS_CHECK(check_word(sharing_types(), d.sharing_type, "sharing_type"));
  return check_word(levels(), d.level, "level");
}

json::object entry_detail(const Dataset& d) {
  return {{"title", d.title},
          {"abstract", d.abstract},
          {"department_id", d.department_id},
          {"theme", d.theme},
          {"tags", json::array(d.tags.begin(), d.tags.end())},
          {"update_cycle", d.update_cycle},
          {"sharing_type", d.sharing_type},
          {"level", d.level},
          {"readers", json::array(d.readers.begin(), d.readers.end())},
          {"fields", to_json(d.fields)}};
}

json::object catalogued(const Dataset& d) {
  auto out = entry_detail(d);
  out.erase("readers");
  for (auto& field : out["fields"].as_array()) {
    field.as_object().erase("key");
    field.as_object().erase("unit");
  }
  return out;
}

Result<void> apply_fields(const DatasetChange& change, Dataset& d, bool& key_changed) {
  for (const auto& c : change.fields) {
    auto field = std::ranges::find(d.fields, c.id, &Field::id);
    if (field == d.fields.end())
      return fail(
          Error{.code = Code::invalid,
                .id = "dataset.field",
                .text = {fmt::format("数据集没有信息项“{}”。", c.id), fmt::format("The dataset has no field “{}”.", c.id)},
                .subject = "fields"});
    if (c.description) field->description = *c.description;
    if (c.unit) field->unit = *c.unit;
    if (c.level) {
      QS_CHECK(check_word(levels(), *c.level, "fields." + c.id + ".level"));
      field->level = *c.level;
    }
    if (c.key && field->key != *c.key) {
      field->key = *c.key;
      key_changed = true;
    }
  }
  return {};
}

Result<void> raise_level(const DatasetChange& change, const Dataset& before, Dataset& after) {
  auto highest = highest_level(after.fields);
  if (!change.level) {
    if (before.level == highest_level(before.fields)) after.level = highest;
    after.level = higher_level(after.level, highest);
    return {};
  }
  if (higher_level(*change.level, highest) == *change.level) return {};
  auto field = std::ranges::find(after.fields, highest, &Field::level);
  auto level = name_of(levels(), highest);
  return fail(Error{.code = Code::invalid,
                    .id = "dataset.level",
                    .text = {fmt::format("数据级别不能低于信息项的最高级别：“{}”是{}。", field->name, level.zh),
                             fmt::format("The grade cannot be below that of the fields: “{}” is {}.", field->name, level.en)},
                    .subject = "level"});
}

json::object difference(const Dataset& before, const Dataset& after) {
  json::object was, is;
  auto a = entry_detail(before), b = entry_detail(after);
  for (const auto& [key, value] : b)
    if (a[key] != value) {
      was[key] = a[key];
      is[key] = value;
    }
  return {{"before", std::move(was)}, {"after", std::move(is)}};
}

}  // namespace qushu::catalog
