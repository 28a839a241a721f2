// What an entry and an item hold, told once: for JSON, for changes, for differences and for the spreadsheet's columns.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "qushu/catalog/entry.h"

namespace qushu::catalog {

using Words = std::span<const Word> (*)();

struct EntryMember {
  std::string_view name;
  std::string Entry::* at;
  Text label;
  std::size_t max = 0;      // characters
  Words words = nullptr;    // one of these, or empty where it may be
  bool of_dataset = false;  // stands in the dataset's own columns
  bool written = true;      // by a steward; otherwise it follows from something else
};
[[nodiscard]] std::span<const EntryMember> entry_members();

struct ItemMember {
  std::string_view name;
  std::string Item::* at;
  Text label;
  std::size_t max = 0;
  Words words = nullptr;
};
[[nodiscard]] std::span<const ItemMember> item_members();

}  // namespace qushu::catalog
