#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/catalog/sheet.h"
#include "qushu/tabular/tabular.h"

#include "sheet_columns.h"

namespace qushu::catalog {
namespace {

constexpr std::size_t kHeaderWithin = 10;  // rows

// Where each column of the form stands in the sheet; a form may be wider, in another order, and lack what is not needed.
using Places = std::vector<std::optional<std::size_t>>;

std::string plain(std::string_view label) {
  std::string out;
  for (char c : std::string(trim(label)))
    if (c != ' ' && c != '*' && c != '\n' && c != '\r') out += c;
  return out;
}

std::optional<Places> places_of(const SheetRow& header) {
  Places places(sheet_columns().size());
  for (std::size_t c = 0; c < header.cells.size(); ++c) {
    auto label = plain(header.cells[c]);
    for (std::size_t i = 0; i < places.size(); ++i)
      if (!places[i] && !label.empty() && (label == sheet_columns()[i].label.zh || label == plain(sheet_columns()[i].label.en)))
        places[i] = c;
  }
  for (std::size_t i = 0; i < places.size(); ++i)
    if (sheet_columns()[i].needed && !places[i]) return std::nullopt;
  return places;
}

std::vector<std::string> parts_of(std::string_view cell) {
  std::vector<std::string> out;
  std::string text(cell);
  for (std::string_view mark : {"、", "，", "；", ";", "\n"})
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) text.replace(at, mark.size(), ",");
  for (auto part : split(text, ','))
    if (!trim(part).empty()) out.emplace_back(trim(part));
  return out;
}

Text one_of(std::span<const Word> words) {
  Text out{"应为：", "One of: "};
  for (const auto& word : words) {
    out.zh += (&word == words.data() ? "" : "、") + word.name.zh;
    out.en += (&word == words.data() ? "" : ", ") + word.name.en;
  }
  return out;
}

class Reader {
 public:
  Reader(const std::string& sheet, const std::vector<Node>& tree, SheetRead& out) : sheet_(sheet), tree_(tree), out_(out) {}

  void run(const std::vector<SheetRow>& rows, std::size_t first, const Places& places) {
    places_ = places;
    for (std::size_t r = first; r < rows.size(); ++r) {
      const auto& row = rows[r];
      if (std::ranges::all_of(row.cells, [](const std::string& c) { return trim(c).empty(); })) continue;
      auto title = cell(row, ColumnKind::title);
      auto same = [&](ColumnKind kind) { return cell(row, kind).empty() || cell(row, kind) == cell(*first_, kind); };
      bool goes_on =
          first_ != nullptr && (title.empty() || (title == cell(*first_, ColumnKind::title) && same(ColumnKind::code) &&
                                                  same(ColumnKind::provider) && same(ColumnKind::dataset)));
      if (goes_on)
        repeat(row);
      else
        begin(row, title);
      item(row);
    }
    finish();
  }

 private:
  [[nodiscard]] std::string at(const SheetRow& row, std::size_t column) const {
    auto place = places_[column];
    return place && *place < row.cells.size() ? std::string(trim(row.cells[*place])) : std::string();
  }
  [[nodiscard]] std::string cell(const SheetRow& row, ColumnKind kind) const {
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (sheet_columns()[i].kind == kind) return at(row, i);
    return {};
  }

  void wrong(const SheetRow& row, std::size_t column, std::string value, Text expected) {
    bad_ = true;
    out_.errors.push_back({.sheet = sheet_,
                           .row = row.number,
                           .column = sheet_columns()[column].label.zh,
                           .value = std::move(value),
                           .expected = std::move(expected)});
  }

  // The cell's word, or an error.
  std::optional<std::string> value_of(const SheetRow& row, std::size_t column) {
    auto text = at(row, column);
    auto words = words_of(sheet_columns()[column]);
    if (words == nullptr || text.empty()) return text;
    if (const auto* word = word_of(words(), text)) return std::string(word->code);
    wrong(row, column, text, one_of(words()));
    return std::nullopt;
  }

  void begin(const SheetRow& row, const std::string& title) {
    finish();
    first_ = &row;
    open_ = SheetResource{.sheet = sheet_,
                          .row = row.number,
                          .title = title,
                          .resource_code = {},
                          .dataset_code = {},
                          .provider = {},
                          .change = {}};
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!places_[i]) continue;
      const auto& column = sheet_columns()[i];
      auto text = at(row, i);
      if (column.needed && text.empty() && !of_item(column.kind)) wrong(row, i, "", {"不能为空", "It cannot be empty"});
      take(row, i, column, text);
    }
    classify(row);
  }

  void take(const SheetRow& row, std::size_t i, const SheetColumn& column, const std::string& text) {
    switch (column.kind) {
      case ColumnKind::title:
        open_->change.texts["title"] = text;
        break;
      case ColumnKind::code:
        open_->resource_code = text;
        break;
      case ColumnKind::provider:
        open_->provider = text;
        break;
      case ColumnKind::dataset:
        open_->dataset_code = text;
        if (!text.empty() && !is_code(text))
          wrong(row, i, text,
                {"小写字母开头，只含小写字母、数字和下划线", "Lower-case letters, digits and underscores, a letter first"});
        break;
      case ColumnKind::text:
        if (text.empty()) break;  // what the form leaves open stays as it is
        if (auto value = value_of(row, i)) open_->change.texts[std::string(column.member)] = *value;
        break;
      case ColumnKind::related:
        if (!text.empty()) open_->change.related = parts_of(text);
        break;
      case ColumnKind::tags:
        if (!text.empty()) open_->change.tags = parts_of(text);
        break;
      default:
        break;
    }
  }

  // 类 项 目 细目, each by its name, its digits or both, down as far as they are given.
  void classify(const SheetRow& row) {
    std::string at_node;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (sheet_columns()[i].kind != ColumnKind::class_part) continue;
      auto text = at(row, i);
      if (text.empty()) break;
      auto fits = [&](const Node& n) {
        return n.parent_id == at_node &&
               (n.name == text || n.code == text || n.code + " " + n.name == text || n.full_code == text ||
                (n.depth == 0 && n.name.starts_with(text) && utf8_length(text) >= 2));
      };
      auto found = std::ranges::find_if(tree_, fits);
      if (found == tree_.end()) {
        std::string names;
        for (const auto& node : tree_)
          if (node.parent_id == at_node && !node.retired) names += (names.empty() ? "" : "、") + node.name;
        wrong(row, i, text, {"应为：" + (names.empty() ? "（空，下面没有更细的分类）" : names), "One of: " + names});
        return;
      }
      at_node = found->id;
    }
    if (!at_node.empty()) open_->change.classifications = std::vector{at_node};
  }

  // The rows that follow may repeat the resource's cells, or leave them empty as merged cells do.
  void repeat(const SheetRow& row) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!places_[i] || of_item(sheet_columns()[i].kind)) continue;
      auto text = at(row, i);
      if (!text.empty() && text != at(*first_, i))
        wrong(row, i, text,
              {fmt::format("与第 {} 行相同（“{}”），或留空", first_->number, at(*first_, i)),
               fmt::format("The same as in row {} (“{}”), or empty", first_->number, at(*first_, i))});
    }
  }

  void item(const SheetRow& row) {
    auto name = cell(row, ColumnKind::item_name);
    EntryChange::ItemChange change{.id = {}, .name = name, .texts = {}};
    bool any = false;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto& column = sheet_columns()[i];
      if (!places_[i] || !of_item(column.kind) || column.kind == ColumnKind::item_name) continue;
      auto text = at(row, i);
      if (text.empty()) continue;
      any = true;
      if (column.kind == ColumnKind::item_length) {
        auto length = to_int(text);
        if (!length || *length < 0)
          wrong(row, i, text, {"不小于 0 的整数", "A whole number from 0 on"});
        else
          change.length = length;
      } else if (auto value = value_of(row, i)) {
        change.texts[std::string(column.member)] = *value;
      }
    }
    if (name.empty()) {
      if (any) wrong(row, item_column(), "", {"信息项名称不能为空", "The item needs a name"});
      return;
    }
    if (!names_.insert(name).second) {
      wrong(row, item_column(), name, {"同一资源的信息项不能重名", "Items of a resource have different names"});
      return;
    }
    open_->change.items.push_back(std::move(change));
  }

  [[nodiscard]] static std::size_t item_column() {
    auto columns = sheet_columns();
    return static_cast<std::size_t>(std::ranges::find(columns, ColumnKind::item_name, &SheetColumn::kind) - columns.begin());
  }

  void finish() {
    if (open_ && !bad_) out_.resources.push_back(*std::move(open_));
    if (open_ && bad_) ++out_.refused;
    open_.reset();
    first_ = nullptr;
    bad_ = false;
    names_.clear();
  }

  const std::string& sheet_;
  const std::vector<Node>& tree_;
  SheetRead& out_;
  Places places_;
  const SheetRow* first_ = nullptr;
  std::optional<SheetResource> open_;
  bool bad_ = false;
  std::set<std::string> names_;
};

// All rows of a table as they are written.
Result<std::vector<SheetRow>> rows_of(tabular::File& file, const std::string& location, engine::Engine& engine,
                                      std::int64_t limit) {
  tabular::Dialect dialect{.header_rows = 0, .skip_rows = 0, .fill_short = true};
  QS_TRY(auto facts, file.analyse(location, dialect, {}));
  if (facts.columns.empty() || facts.rows == 0) return std::vector<SheetRow>{};
  if (facts.rows > static_cast<std::uint64_t>(limit))
    return fail(Error{
        .code = Code::too_large,
        .id = "sheet.rows",
        .text = {fmt::format("表格有 {} 行，超过一次 {} 行的上限（设置 catalog.sheet_rows），请分成几份。", facts.rows, limit),
                 fmt::format("The sheet has {} rows, more than {} at once (setting catalog.sheet_rows); split it.", facts.rows,
                             limit)},
        .subject = location});
  std::vector<tabular::ColumnPlan> plan;
  std::vector<std::string> ids;
  for (const auto& column : facts.columns) {
    plan.push_back({.name = column.plan.name, .type = engine::Type::text});
    ids.push_back(fmt::format("c{}", ids.size()));
  }
  std::optional<tabular::File::RejectedRow> rejected;
  auto sink = [&](const tabular::File::RejectedRow& row) -> Result<void> {
    if (!rejected) rejected = row;
    return {};
  };
  QS_TRY(auto reading, file.read(location, facts.dialect, plan, ids, sink, {}));
  QS_TRY(auto cursor, engine.run({.sql = "SELECT * FROM sheet ORDER BY _id", .tables = {{"sheet", reading.source.get()}}}));
  std::vector<SheetRow> out;
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      SheetRow row{.number = static_cast<std::uint64_t>(chunk->integer(0, r)), .cells = {}};
      for (std::size_t c = 1; c <= ids.size(); ++c)
        row.cells.emplace_back(chunk->is_null(c, r) ? std::string_view() : chunk->text(c, r));
      out.push_back(std::move(row));
    }
  }
  if (rejected)
    return fail(Error{.code = Code::invalid,
                      .id = "sheet.row",
                      .text = {fmt::format("第 {} 行读不出来：{}。", rejected->line, rejected->misfits.at(0).reason.zh),
                               fmt::format("Row {} cannot be read: {}.", rejected->line, rejected->misfits.at(0).reason.en)},
                      .subject = fmt::format("row {}", rejected->line)});
  return out;
}

}  // namespace

SheetRead read_sheet(const std::string& sheet, const std::vector<SheetRow>& rows, const std::vector<Node>& tree) {
  SheetRead out;
  for (std::size_t r = 0; r < rows.size() && r < kHeaderWithin; ++r)
    if (auto places = places_of(rows[r])) {
      Reader(sheet, tree, out).run(rows, r + 1, *places);
      return out;
    }
  return out;
}

Result<SheetRead> read_workbook(const std::filesystem::path& path, const std::string& name,
                                const std::filesystem::path& scratch, engine::Engine& engine, const Settings& settings,
                                const std::vector<Node>& tree) {
  QS_TRY(auto file, tabular::File::open(path, name, scratch, settings));
  SheetRead all;
  bool any = false;
  for (const auto& location : file->tables()) {
    QS_TRY(auto rows, rows_of(*file, location, engine, settings.integer("catalog.sheet_rows")));
    auto sheet =
        location.substr(location.rfind("› ") == std::string::npos ? 0 : location.rfind("› ") + std::string("› ").size());
    auto read = read_sheet(sheet, rows, tree);
    any = any || !read.resources.empty() || !read.errors.empty();
    std::ranges::move(read.resources, std::back_inserter(all.resources));
    std::ranges::move(read.errors, std::back_inserter(all.errors));
    all.refused += read.refused;
  }
  if (any) return all;
  return fail(
      Code::invalid, "sheet.form",
      "没有找到目录表格：前 10 行里应有表头，至少包含“信息资源名称”“信息资源提供方”“信息项名称”，下面应有内容。可先导出空表。",
      "No sheet is the form: within the first ten rows there must be a header with at least 信息资源名称, 信息资源提供方 and "
      "信息项名称, and rows below. Export an empty form first.");
}

}  // namespace qushu::catalog
