// The columns of the guide's form, in its order.
#pragma once

#include <span>
#include <string_view>

#include "entry_members.h"

namespace qushu::catalog {

enum class ColumnKind : std::uint8_t {
  class_part,  // 类 项 目 细目
  title,
  code,
  provider,
  dataset,
  text,  // a member of the entry
  item_name,
  item_length,
  item_text,  // a member of the item
  related,
  tags,
};

struct SheetColumn {
  Text label;
  ColumnKind kind;
  std::string_view member = {};  // of the entry or the item
  bool needed = false;           // the form is not one without it
};

[[nodiscard]] std::span<const SheetColumn> sheet_columns();
[[nodiscard]] constexpr bool of_item(ColumnKind kind) {
  return kind == ColumnKind::item_name || kind == ColumnKind::item_length || kind == ColumnKind::item_text;
}
// The word that a cell means: its code, its name, the beginning of its name, or its number in the guide. nullptr: none.
[[nodiscard]] const Word* word_of(std::span<const Word> words, std::string_view cell);
[[nodiscard]] Words words_of(const SheetColumn& column);

}  // namespace qushu::catalog
