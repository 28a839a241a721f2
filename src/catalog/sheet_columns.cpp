#include "sheet_columns.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/catalog/sheet.h"

namespace qushu::catalog {
namespace {

const std::array kColumns{
    SheetColumn{{"类", "Class"}, ColumnKind::class_part},
    SheetColumn{{"项", "Class item"}, ColumnKind::class_part},
    SheetColumn{{"目", "Class head"}, ColumnKind::class_part},
    SheetColumn{{"细目", "Class detail"}, ColumnKind::class_part},
    SheetColumn{{"信息资源名称", "Title"}, ColumnKind::title, "title", true},
    SheetColumn{{"信息资源代码", "Resource code"}, ColumnKind::code, "resource_code"},
    SheetColumn{{"信息资源提供方", "Provider"}, ColumnKind::provider, "provider", true},
    SheetColumn{{"提供方代码", "Provider's code"}, ColumnKind::text, "provider_code"},
    SheetColumn{{"信息资源摘要", "Abstract"}, ColumnKind::text, "abstract"},
    SheetColumn{{"信息资源格式", "Format"}, ColumnKind::text, "format"},
    SheetColumn{{"信息项名称", "Item"}, ColumnKind::item_name, "name", true},
    SheetColumn{{"英文名称", "English name"}, ColumnKind::item_text, "english"},
    SheetColumn{{"数据类型", "Data type"}, ColumnKind::item_text, "type"},
    SheetColumn{{"数据长度", "Length"}, ColumnKind::item_length, "length"},
    SheetColumn{{"信息项说明", "Item's description"}, ColumnKind::item_text, "description"},
    SheetColumn{{"信息项级别", "Item's grade"}, ColumnKind::item_text, "level"},
    SheetColumn{{"信息项共享类型", "Item's sharing type"}, ColumnKind::item_text, "sharing_type"},
    SheetColumn{{"信息项共享条件", "Item's sharing condition"}, ColumnKind::item_text, "sharing_condition"},
    SheetColumn{{"信息项开放属性", "Item's open attribute"}, ColumnKind::item_text, "open_type"},
    SheetColumn{{"信息项开放条件", "Item's condition of opening"}, ColumnKind::item_text, "open_condition"},
    SheetColumn{{"共享类型", "Sharing type"}, ColumnKind::text, "sharing_type"},
    SheetColumn{{"共享条件", "Sharing condition"}, ColumnKind::text, "sharing_condition"},
    SheetColumn{{"共享方式", "Sharing method"}, ColumnKind::text, "sharing_method"},
    SheetColumn{{"不予共享理由", "Why it is not shared"}, ColumnKind::text, "not_shared_reason"},
    SheetColumn{{"不予共享依据", "Legal basis of not sharing"}, ColumnKind::text, "not_shared_basis"},
    SheetColumn{{"开放属性", "Open attribute"}, ColumnKind::text, "open_type"},
    SheetColumn{{"开放条件", "Condition of opening"}, ColumnKind::text, "open_condition"},
    SheetColumn{{"更新周期", "Update cycle"}, ColumnKind::text, "update_cycle"},
    SheetColumn{{"发布日期", "Publication date"}, ColumnKind::text, "published_on"},
    SheetColumn{{"关联资源代码", "Related resources"}, ColumnKind::related, "related"},
    SheetColumn{{"主题词", "Theme"}, ColumnKind::text, "theme"},
    SheetColumn{{"标签", "Tags"}, ColumnKind::tags, "tags"},
    SheetColumn{{"数据集代码", "Dataset code"}, ColumnKind::dataset, "code"}};

}  // namespace

std::span<const SheetColumn> sheet_columns() {
  return kColumns;
}

const Word* word_of(std::span<const Word> words, std::string_view cell) {
  auto text = trim(cell);
  auto exact = [&](const Word& w) {
    return w.code == text || w.name.zh == text || lower_ascii(w.name.en) == lower_ascii(text);
  };
  if (auto found = std::ranges::find_if(words, exact); found != words.end()) return &*found;
  // "1", and "1 电子文件" as some forms print it.
  auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  if (!digits.empty()) {
    auto rest = trim(text.substr(digits.size()));
    auto number = to_int(digits).value_or(0);
    if (number < 1 || number > static_cast<std::int64_t>(words.size())) return nullptr;
    const auto& word = words[static_cast<std::size_t>(number - 1)];
    return rest.empty() || word.name.zh == rest ? &word : nullptr;
  }
  if (utf8_length(text) < 2) return nullptr;
  auto begins = [&](const Word& w) { return w.name.zh.starts_with(text); };
  auto found = std::ranges::find_if(words, begins);
  return found != words.end() && std::ranges::count_if(words, begins) == 1 ? &*found : nullptr;
}

Words words_of(const SheetColumn& column) {
  if (column.kind == ColumnKind::text) {
    auto member = std::ranges::find(entry_members(), column.member, &EntryMember::name);
    return member == entry_members().end() ? nullptr : member->words;
  }
  if (column.kind != ColumnKind::item_text) return nullptr;
  auto member = std::ranges::find(item_members(), column.member, &ItemMember::name);
  return member == item_members().end() ? nullptr : member->words;
}

Text sheet_column(std::string_view member) {
  bool item = member.starts_with("items.");
  auto last = member.substr(member.rfind('.') == std::string_view::npos ? 0 : member.rfind('.') + 1);
  for (const auto& column : kColumns)
    if (column.member == last && of_item(column.kind) == item) return column.label;
  if (member == "classifications") return {"类、项、目、细目", "Class"};
  return {std::string(member), std::string(member)};
}

}  // namespace qushu::catalog
