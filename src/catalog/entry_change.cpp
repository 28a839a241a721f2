#include "entry_change.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "entry_members.h"

namespace qushu::catalog {
namespace {

constexpr std::size_t kRelated = 100, kClasses = 10, kItems = 2000;
constexpr std::int64_t kLongest = 1'000'000'000;  // characters of an item

Failure invalid(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "entry.invalid", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

Result<void> check_value(std::string_view value, const Text& label, std::size_t max, Words words, std::string_view subject) {
  if (words != nullptr && !value.empty() && std::ranges::find(words(), value, &Word::code) == words().end()) {
    std::string zh, en;
    for (const auto& word : words()) {
      zh += fmt::format("{}{}（{}）", zh.empty() ? "" : "、", word.name.zh, word.code);
      en += fmt::format("{}{}", en.empty() ? "" : ", ", word.code);
    }
    return invalid(std::string(subject), fmt::format("{}不能是“{}”，只能是：{}。", label.zh, value, zh),
                   fmt::format("{} cannot be “{}”; it is one of: {}.", label.en, value, en));
  }
  if (auto length = utf8_length(value); length > max)
    return invalid(std::string(subject), fmt::format("{}最多 {} 个字，现在是 {} 个。", label.zh, max, length),
                   fmt::format("{} has at most {} characters, and is {} long.", label.en, max, length));
  return {};
}

Result<void> check_day(std::string_view value, const Text& label, std::string_view subject) {
  if (value.empty() || is_date(value)) return {};
  return invalid(std::string(subject), fmt::format("{}“{}”不是日期，应写成 2026-11-23。", label.zh, value),
                 fmt::format("{}: “{}” is no date; write it as 2026-11-23.", label.en, value));
}

Result<void> check_assessment(const Assessment& a, const Text& label, const std::string& member) {
  QS_CHECK(check_value(a.conclusion, {label.zh + "结论", label.en + ": conclusion"}, 30, conclusions, member + ".conclusion"));
  QS_CHECK(check_value(a.by, {label.zh + "评估人", label.en + ": by whom"}, 60, nullptr, member + ".by"));
  QS_CHECK(check_day(a.on, {label.zh + "日期", label.en + ": date"}, member + ".on"));
  return check_value(a.note, {label.zh + "说明", label.en + ": note"}, 2000, nullptr, member + ".note");
}

// Members of the dataset's own columns go there.
void to_dataset(std::string_view member, const std::string& value, DatasetChange& out) {
  if (member == "title") out.title = value;
  if (member == "abstract") out.abstract = value;
  if (member == "theme") out.theme = value;
  if (member == "update_cycle") out.update_cycle = value;
  if (member == "sharing_type") out.sharing_type = value;
  if (member == "level") out.level = value;
  if (member == "department_id") out.department_id = value;
}

Result<void> apply_texts(const EntryChange& change, Applied& out) {
  for (const auto& [name, value] : change.texts) {
    auto member = std::ranges::find(entry_members(), name, &EntryMember::name);
    if (member == entry_members().end() || !member->written)
      return invalid(name, fmt::format("目录没有“{}”这一项，或它不由人填写。", name),
                     fmt::format("An entry has no “{}” that is written by hand.", name));
    auto text = std::string(trim(value));
    QS_CHECK(check_value(text, member->label, member->max, member->words, name));
    if (name == "published_on") QS_CHECK(check_day(text, member->label, name));
    if (member->of_dataset)
      to_dataset(name, text, out.dataset);
    else
      out.guide.*member->at = text;
  }
  return {};
}

Result<void> apply_lists(const EntryChange& change, const Entry& working, const std::vector<Node>& tree, Applied& out) {
  if (change.classifications) {
    if (change.classifications->size() > kClasses)
      return invalid("classifications", fmt::format("分类最多选 {} 个。", kClasses),
                     fmt::format("At most {} classes can be chosen.", kClasses));
    for (const auto& id : *change.classifications) {
      auto node = std::ranges::find(tree, id, &Node::id);
      if (node == tree.end())
        return invalid("classifications", "没有“" + id + "”这个分类。", "There is no class “" + id + "”.");
      bool had = std::ranges::find(working.classifications, id) != working.classifications.end();
      if (node->retired && !had)
        return invalid("classifications", "“" + node->path + "”已停用，请另选一个。",
                       "“" + node->path + "” is retired; choose another one.");
      if (node->depth == 0)
        return invalid("classifications", "请选到“项”或更细的分类，不能只选“" + node->name + "”。",
                       "Choose a class below “" + node->name + "”.");
    }
    out.guide.classifications = *change.classifications;
  }
  if (change.related) {
    if (change.related->size() > kRelated)
      return invalid("related", fmt::format("关联资源最多 {} 个。", kRelated),
                     fmt::format("At most {} related resources.", kRelated));
    for (const auto& code : *change.related)
      QS_CHECK(check_value(code, {"关联资源代码", "A related resource's code"}, 100, nullptr, "related"));
    out.guide.related = *change.related;
  }
  if (change.tags) out.dataset.tags = *change.tags;
  return {};
}

// Where an item is written down: that of the guide, made when there is none yet.
Item& written(Entry& guide, const Item& item) {
  auto found = std::ranges::find(guide.items, item.id, &Item::id);
  if (found != guide.items.end()) return *found;
  Item fresh{.id = item.id, .name = item.name};
  fresh.level.clear();
  return guide.items.emplace_back(std::move(fresh));
}

Result<void> apply_item(const EntryChange::ItemChange& c, const Item& item, bool has_field, const std::string& person,
                        Applied& out) {
  auto& target = written(out.guide, item);
  DatasetChange::FieldChange field{.id = item.id};
  auto about = "items." + (item.id.empty() ? item.name : item.id);
  for (const auto& [name, value] : c.texts) {
    auto member = std::ranges::find(item_members(), name, &ItemMember::name);
    auto place = fmt::format("{}.{}", about, name);
    if (member == item_members().end())
      return invalid(place, fmt::format("信息项没有“{}”这一项。", name), fmt::format("An item has no “{}”.", name));
    auto text = std::string(trim(value));
    QS_CHECK(check_value(text, member->label, member->max, member->words, place));
    if (name == "level") {
      if (text.empty()) return invalid(about + ".level", "信息项的级别不能为空。", "An item's grade cannot be empty.");
      target.level_by = person;
    }
    if (has_field && name == "description") field.description = text;
    if (has_field && name == "level") field.level = text;
    target.*member->at = std::move(text);
  }
  if (c.length) {
    if (*c.length < 0 || *c.length > kLongest)
      return invalid(about + ".length", "信息项长度应为不小于 0 的整数。", "An item's length is a whole number from 0 on.");
    target.length = *c.length;
  }
  if (field.description || field.level) out.dataset.fields.push_back(std::move(field));
  return {};
}

Result<void> apply_items(const EntryChange& change, const Entry& working, const Dataset& dataset, const std::string& person,
                         Applied& out) {
  for (const auto& c : change.items) {
    auto same = [&](const Item& item) { return c.id.empty() ? item.name == c.name : item.id == c.id; };
    auto item = std::ranges::find_if(working.items, same);
    bool known = item != working.items.end();
    bool has_field = known && std::ranges::find(dataset.fields, item->id, &Field::id) != dataset.fields.end();
    if (c.remove) {
      if (!known || has_field)
        return invalid("items." + (c.id.empty() ? c.name : c.id), "只能删除数据中没有的信息项。",
                       "Only an item that the data do not have can be removed.");
      std::erase_if(out.guide.items, [&](const Item& i) { return i.id == item->id; });
      continue;
    }
    if (known) {
      QS_CHECK(apply_item(c, *item, has_field, person, out));
      continue;
    }
    auto name = std::string(trim(c.name));
    if (name.empty() || utf8_length(name) > 200)
      return invalid("items", c.id.empty() ? "信息项名称应为 1 到 200 个字。" : "没有“" + c.id + "”这个信息项。",
                     c.id.empty() ? "An item's name has 1 to 200 characters." : "There is no item “" + c.id + "”.");
    if (working.items.size() + out.new_names.size() >= kItems)
      return invalid("items", fmt::format("信息项最多 {} 个。", kItems), fmt::format("At most {} items.", kItems));
    Item fresh{.id = {}, .name = name};
    fresh.level = "1";
    out.guide.items.push_back(fresh);
    out.guide.items.back().planned = true;
    // Its identifier comes with the transaction; until then the name tells it apart.
    out.guide.items.back().id = name;
    fresh.id = name;
    QS_CHECK(apply_item(c, fresh, false, person, out));
    out.new_names.push_back(name);
  }
  return {};
}

}  // namespace

bool is_date(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && parse_iso(text).has_value();
}

Result<Applied> apply_change(const EntryChange& change, const Entry& working, Entry guide, const Dataset& dataset,
                             const std::vector<Node>& tree, const std::string& person) {
  Applied out{.dataset = {}, .guide = std::move(guide), .new_names = {}};
  out.guide.classifications = dataset.classifications;
  QS_CHECK(apply_texts(change, out));
  QS_CHECK(apply_lists(change, working, tree, out));
  QS_CHECK(apply_items(change, working, dataset, person, out));
  if (change.secrecy) {
    QS_CHECK(check_assessment(*change.secrecy, {"保密风险评估", "Assessment of secrecy risk"}, "secrecy"));
    out.guide.secrecy = *change.secrecy;
  }
  if (change.personal) {
    QS_CHECK(check_assessment(*change.personal, {"个人信息保护影响评估", "Assessment of personal information"}, "personal"));
    out.guide.personal = *change.personal;
  }
  if (change.approval) {
    QS_CHECK(check_value(change.approval->by, {"批准人", "Who approved"}, 60, nullptr, "approval.by"));
    QS_CHECK(check_day(change.approval->on, {"批准日期", "Date of approval"}, "approval.on"));
    QS_CHECK(check_value(change.approval->note, {"批准说明", "Note of the approval"}, 2000, nullptr, "approval.note"));
    out.guide.approval = *change.approval;
  }
  return out;
}

}  // namespace qushu::catalog
