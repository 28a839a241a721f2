// What keeps an entry from being submitted, and how two entries differ.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/catalog/entry.h"

#include "entry_members.h"

namespace qushu::catalog {
namespace {

class Gaps {
 public:
  void need(bool there, std::string member, std::string zh, std::string en) {
    if (!there) list_.push_back({.member = std::move(member), .text = {std::move(zh), std::move(en)}});
  }
  void assessment(const Assessment& a, const std::string& member, const Text& name) {
    need(!a.conclusion.empty() && !a.by.empty() && !a.on.empty(), member,
         fmt::format("请记录{}的结论、评估人和日期（《政务数据共享条例》第十三条）。", name.zh),
         fmt::format("Record the conclusion of the {}, who made it and when (article 13).", name.en));
    need(a.conclusion != "fail", member, fmt::format("{}未通过，不能提交。", name.zh),
         fmt::format("The {} failed: the entry cannot be submitted.", name.en));
    need(a.conclusion != "measures" || !trim(a.note).empty(), member + ".note",
         fmt::format("{}采取了措施，请写明是什么措施。", name.zh), fmt::format("Say which measures the {} rests on.", name.en));
  }
  std::vector<Missing> take() { return std::move(list_); }

 private:
  std::vector<Missing> list_;
};

void check_items(const Entry& e, Gaps& gaps) {
  gaps.need(!e.items.empty(), "items", "至少要有一个信息项：导入数据，或先登记计划提供的信息项。",
            "There must be an item: import data, or announce the items that will come.");
  for (const auto& item : e.items) {
    auto member = "items." + item.id;
    gaps.need(!item.type.empty(), member + ".type", fmt::format("请填写信息项“{}”的数据类型。", item.name),
              fmt::format("State the data type of the item “{}”.", item.name));
    gaps.need(!item.level_by.empty(), member + ".level", fmt::format("信息项“{}”的级别还没有人确认。", item.name),
              fmt::format("Nobody has confirmed the grade of the item “{}” yet.", item.name));
    gaps.need(item.sharing_type != "conditional" || !item.sharing_condition.empty() || !e.sharing_condition.empty(),
              member + ".sharing_condition", fmt::format("信息项“{}”有条件共享，请写明条件。", item.name),
              fmt::format("The item “{}” is shared on conditions: state them.", item.name));
  }
}

using Lines = std::vector<Difference>;

void add(Lines& out, std::string member, Text label, const std::string& before, const std::string& after) {
  if (before == after) return;
  out.push_back({.member = std::move(member),
                 .label = std::move(label),
                 .kind = before.empty()  ? "added"
                         : after.empty() ? "removed"
                                         : "changed",
                 .before = before,
                 .after = after});
}

std::string in_words(const std::string& value, Words words, Lang lang) {
  return words && !value.empty() ? name_of(words(), value).in(lang) : value;
}

std::string told(const Assessment& a, Lang lang) {
  std::string out;
  for (const auto& part : {in_words(a.conclusion, conclusions, lang), a.by, a.on, a.note})
    if (!part.empty()) out += (out.empty() ? "" : " · ") + part;
  return out;
}

std::string told(const Approval& a) {
  std::string out;
  for (const auto& part : {a.by, a.on, a.note})
    if (!part.empty()) out += (out.empty() ? "" : " · ") + part;
  return out;
}

std::string told(const Item& item, Lang lang) {
  auto out = item.name + " · " + in_words(item.type, item_types, lang);
  if (item.length > 0) out += fmt::format("({})", item.length);
  return out + " · " + in_words(item.level, levels, lang);
}

void compare_items(const Item& a, const Item& b, Lang lang, Lines& out) {
  Text about{"信息项 " + b.name, "Item " + b.name};
  auto member = "items." + b.id;
  auto label = [&](const Text& what) { return Text{about.zh + " · " + what.zh, about.en + " · " + what.en}; };
  add(out, member + ".name", label({"名称", "name"}), a.name, b.name);
  for (const auto& m : item_members())
    add(out, fmt::format("{}.{}", member, m.name), label(m.label), in_words(a.*m.at, m.words, lang),
        in_words(b.*m.at, m.words, lang));
  auto length = [](std::int64_t n) { return n > 0 ? std::to_string(n) : std::string(); };
  add(out, member + ".length", label({"长度", "length"}), length(a.length), length(b.length));
  add(out, member + ".planned", label({"计划提供", "announced"}), a.planned ? (lang == Lang::zh ? "是" : "yes") : "",
      b.planned ? (lang == Lang::zh ? "是" : "yes") : "");
}

}  // namespace

std::vector<Missing> missing_of(const Entry& e) {
  Gaps gaps;
  auto filled = [&](std::string_view member, bool when = true) {
    for (const auto& m : entry_members())
      if (m.name == member)
        gaps.need(!when || !trim(e.*m.at).empty(), std::string(member), fmt::format("请填写{}。", m.label.zh),
                  fmt::format("Fill in: {}.", m.label.en));
  };
  bool shared = e.sharing_type != "none";
  filled("title");
  filled("abstract");
  filled("provider_code");
  gaps.need(!e.classifications.empty(), "classifications", "请选择信息资源分类，资源代码由它产生。",
            "Choose the classification: the resource code comes from it.");
  filled("format");
  filled("sharing_method", shared);
  filled("sharing_condition", e.sharing_type == "conditional");
  filled("not_shared_reason", !shared);
  filled("not_shared_basis", !shared);
  filled("open_type");
  filled("open_condition", e.open_type == "conditional");
  check_items(e, gaps);
  gaps.assessment(e.secrecy, "secrecy", {"保密风险评估", "assessment of secrecy risk"});
  gaps.assessment(e.personal, "personal", {"个人信息保护影响评估", "assessment of personal information"});
  gaps.need(!e.approval.by.empty() && !e.approval.on.empty(), "approval", "请记录部门负责人的批准（姓名和日期）。",
            "Record the approval of the head of the department (name and date).");
  return gaps.take();
}

std::vector<Difference> differences(const Entry& before, const Entry& after, Lang lang) {
  Lines out;
  for (const auto& m : entry_members())
    if (m.name != "department_id")  // the provider's name says it
      add(out, std::string(m.name), m.label, in_words(before.*m.at, m.words, lang), in_words(after.*m.at, m.words, lang));
  std::string comma = lang == Lang::zh ? "、" : ", ";
  add(out, "classifications", {"信息资源分类", "Classification"}, join(before.classification_names, comma),
      join(after.classification_names, comma));
  add(out, "tags", {"标签", "Tags"}, join(before.tags, comma), join(after.tags, comma));
  add(out, "related", {"关联资源代码", "Related resources"}, join(before.related, comma), join(after.related, comma));
  for (const auto& item : after.items) {
    auto was = std::ranges::find(before.items, item.id, &Item::id);
    if (was == before.items.end())
      add(out, "items." + item.id, {"信息项 " + item.name, "Item " + item.name}, "", told(item, lang));
    else
      compare_items(*was, item, lang, out);
  }
  for (const auto& item : before.items)
    if (std::ranges::find(after.items, item.id, &Item::id) == after.items.end())
      add(out, "items." + item.id, {"信息项 " + item.name, "Item " + item.name}, told(item, lang), "");
  add(out, "secrecy", {"保密风险评估", "Secrecy risk"}, told(before.secrecy, lang), told(after.secrecy, lang));
  add(out, "personal", {"个人信息保护影响评估", "Personal information"}, told(before.personal, lang),
      told(after.personal, lang));
  add(out, "approval", {"部门负责人批准", "Head's approval"}, told(before.approval), told(after.approval));
  return out;
}

}  // namespace qushu::catalog
