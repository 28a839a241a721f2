#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <xlsxwriter.h>

#include "qushu/base/text.h"
#include "qushu/catalog/sheet.h"

#include "sheet_columns.h"

namespace qushu::catalog {
namespace {

constexpr std::size_t kCellText = 32'767 / 2;  // characters that surely fit into a cell

std::string shown(const std::string& value, Words words) {
  return words && !value.empty() ? name_of(words(), value).zh : value;
}

// What stands in a resource's cell.
std::string entry_cell(const SheetColumn& column, std::size_t part, const SheetEntry& one,
                       const std::vector<std::string>& classes) {
  const auto& e = one.entry;
  switch (column.kind) {
    case ColumnKind::class_part:
      return part < classes.size() ? classes[part] : std::string();
    case ColumnKind::title:
      return e.title;
    case ColumnKind::code:
      return e.resource_code;
    case ColumnKind::provider:
      return e.provider;
    case ColumnKind::dataset:
      return one.dataset_code;
    case ColumnKind::related:
      return join(e.related, "、");
    case ColumnKind::tags:
      return join(e.tags, "、");
    default: {
      auto member = std::ranges::find(entry_members(), column.member, &EntryMember::name);
      return shown(e.*member->at, member->words);
    }
  }
}

std::string item_cell(const SheetColumn& column, const Item& item) {
  if (column.kind == ColumnKind::item_name) return item.name;
  if (column.kind == ColumnKind::item_length) return item.length > 0 ? std::to_string(item.length) : std::string();
  auto member = std::ranges::find(item_members(), column.member, &ItemMember::name);
  return shown(item.*member->at, member->words);
}

std::vector<std::string> class_names(const Entry& e, const std::vector<Node>& tree) {
  std::vector<std::string> out;
  auto id = e.classifications.empty() ? std::string() : e.classifications[0];
  while (!id.empty()) {
    auto node = std::ranges::find(tree, id, &Node::id);
    if (node == tree.end()) break;
    out.insert(out.begin(), node->name);
    id = node->parent_id;
  }
  return out;
}

class Sheet {
 public:
  Sheet(lxw_workbook* book, const std::vector<Node>& tree) : tree_(tree) {
    sheet_ = workbook_add_worksheet(book, "政务数据目录");
    header_ = workbook_add_format(book);
    format_set_bold(header_);
    format_set_text_wrap(header_);
    format_set_align(header_, LXW_ALIGN_VERTICAL_CENTER);
    format_set_bg_color(header_, 0xE8EEF7);
    format_set_border(header_, LXW_BORDER_THIN);
    text_ = workbook_add_format(book);
    format_set_num_format(text_, "@");
    format_set_text_wrap(text_);
    format_set_align(text_, LXW_ALIGN_VERTICAL_CENTER);
    format_set_border(text_, LXW_BORDER_THIN);
  }

  lxw_error head() {
    auto columns = sheet_columns();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      bool wide = columns[c].member == "title" || columns[c].member == "abstract";
      worksheet_set_column(sheet_, column(c), column(c), wide ? 32 : 14, text_);
      auto label = columns[c].label.zh + (columns[c].needed ? "*" : "");
      if (auto error = worksheet_write_string(sheet_, 0, column(c), label.c_str(), header_); error != LXW_NO_ERROR)
        return error;
    }
    worksheet_freeze_panes(sheet_, 1, 0);
    return LXW_NO_ERROR;
  }

  lxw_error add(const SheetEntry& one) {
    auto classes = class_names(one.entry, tree_);
    auto columns = sheet_columns();
    auto count = static_cast<lxw_row_t>(std::max<std::size_t>(1, one.entry.items.size()));
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (of_item(columns[c].kind)) {
        for (std::size_t i = 0; i < one.entry.items.size(); ++i)
          if (auto error = put(row_ + static_cast<lxw_row_t>(i), c, item_cell(columns[c], one.entry.items[i]));
              error != LXW_NO_ERROR)
            return error;
        continue;
      }
      auto value = cut(entry_cell(columns[c], c, one, classes));
      auto error = count == 1
                       ? put(row_, c, value)
                       : worksheet_merge_range(sheet_, row_, column(c), row_ + count - 1, column(c), value.c_str(), text_);
      if (error != LXW_NO_ERROR) return error;
    }
    row_ += count;
    return LXW_NO_ERROR;
  }

 private:
  static lxw_col_t column(std::size_t c) { return static_cast<lxw_col_t>(c); }
  static std::string cut(std::string_view value) {
    std::string text(value.substr(0, value.find('\0')));
    return utf8_length(text) > kCellText ? shorten(text, kCellText) : text;
  }
  lxw_error put(lxw_row_t row, std::size_t c, std::string_view value) {
    return worksheet_write_string(sheet_, row, column(c), cut(value).c_str(), text_);
  }

  const std::vector<Node>& tree_;
  lxw_worksheet* sheet_ = nullptr;
  lxw_format *header_ = nullptr, *text_ = nullptr;
  lxw_row_t row_ = 1;
};

}  // namespace

Result<void> write_workbook(const std::vector<SheetEntry>& entries, const std::vector<Node>& tree,
                            const std::filesystem::path& file) {
  auto* book = workbook_new(file.c_str());
  if (book == nullptr) return fail_internal("xlsx: cannot make a workbook");
  Sheet sheet(book, tree);
  auto error = sheet.head();
  for (const auto& one : entries)
    if (error == LXW_NO_ERROR) error = sheet.add(one);
  auto closed = workbook_close(book);
  if (error == LXW_NO_ERROR) error = closed;
  if (error == LXW_NO_ERROR) return {};
  if (error == LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE)
    return fail(Code::too_large, "sheet.rows", "目录超过 Excel 一张表 1,048,575 行的上限，请按部门分别导出。",
                "The catalogue has more than the 1,048,575 rows of an Excel sheet: export it department by department.");
  return fail(Error{.code = Code::storage_full,
                    .id = "sheet.disk",
                    .text = {"表格写不下，磁盘可能已满。", "The workbook could not be written; the disk may be full."},
                    .detail = lxw_strerror(error)});
}

}  // namespace qushu::catalog
