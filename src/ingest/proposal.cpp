// What a file's tables are proposed to become: which of them are one dataset, its entry, its columns.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "document.h"

namespace qushu::ingest {
namespace {

constexpr std::string_view kWithin = " › ";          // between the parts of a table's location
constexpr std::string_view kTableColumn = "来源表";  // which sheet, or file of an archive, a row is of

std::string stem_of(std::string_view file_name) {
  std::string name(file_name);
  for (std::string_view ending : {".gz", ".csv", ".tsv", ".txt", ".xlsx", ".json", ".ndjson", ".jsonl", ".parquet", ".zip"})
    if (lower_ascii(name).ends_with(ending)) name.resize(name.size() - ending.size());
  return std::string(trim(name));
}

// Of a table's location: folders, archives, workbook and sheet.
std::vector<std::string_view> parts_of(std::string_view location) {
  std::vector<std::string_view> parts;
  while (true) {
    auto within = location.find(kWithin), folder = location.find('/');
    auto end = std::min(within, folder);
    parts.push_back(location.substr(0, end));
    if (end == std::string_view::npos) return parts;
    location.remove_prefix(end + (end == within ? kWithin.size() : 1));
  }
}

std::string signature_of(const json::object& table) {
  std::string out;
  for (const auto& c : table.at("columns").as_array()) out += text_at(c.as_object(), "name") + "\n";
  return out;
}

json::array& columns_of(json::object& table) {
  return table.at("columns").as_array();
}

json::object& column_of(json::object& table, std::size_t i) {
  return columns_of(table)[i].as_object();
}

// Types of the same column in several tables: the narrowest that holds both.
void widen(json::object& a, const json::object& b) {
  auto x = text_at(a, "type"), y = text_at(b, "type");
  auto number = [](const std::string& t) { return t == "integer" || t == "decimal" || t == "number"; };
  auto n = [](const json::object& o, std::string_view key) { return o.at(key).to_number<int>(); };
  if (b.at("values").to_number<std::int64_t>() == 0) return;
  if (a.at("values").to_number<std::int64_t>() == 0) {
    for (const char* key : {"type", "width", "scale", "unit"}) a[key] = b.at(key);
    return;
  }
  if (x == y) {
    if (x == "decimal") {
      auto scale = std::max(n(a, "scale"), n(b, "scale"));
      a["width"] = std::min(38, std::max(n(a, "width") - n(a, "scale"), n(b, "width") - n(b, "scale")) + scale);
      a["scale"] = scale;
    }
    return;
  }
  if (number(x) && number(y) && text_at(a, "unit") == text_at(b, "unit")) {
    if (x == "number" || y == "number") {
      a["type"] = "number";
    } else {
      auto scale = std::max(n(a, "scale"), n(b, "scale"));
      a["type"] = "decimal";
      a["scale"] = scale;
      a["width"] = std::min(38, 19 + scale);
    }
  } else if ((x == "date" && y == "datetime") || (x == "datetime" && y == "date")) {
    a["type"] = "datetime";
  } else {
    a["type"] = "text";
    a["unit"] = "";
  }
}

// The key that was given is among the columns.
Result<void> check_keys(const json::array& columns, const json::object& given) {
  const auto* keys = given.if_contains("key");
  if (keys == nullptr) return {};
  std::string names;
  for (const auto& c : columns) names += (names.empty() ? "" : "、") + text_at(c.as_object(), "name");
  for (const auto& key : keys->as_array())
    if (std::ranges::none_of(columns, [&](const json::value& c) { return text_at(c.as_object(), "name") == key.as_string(); }))
      return fail(Error{
          .code = Code::invalid,
          .id = "import.correction",
          .text = {fmt::format("文件里没有主键列“{}”；有的列是：{}。", std::string_view(key.as_string()), shorten(names, 500)),
                   fmt::format("The file has no column “{}” for the key; it has: {}.", std::string_view(key.as_string()),
                               shorten(names, 500))},
          .subject = "key"});
  return {};
}

// Tables with the same columns, which become one dataset.
struct Group {
  std::vector<json::object*> tables;
  std::optional<catalog::Dataset> known;  // the dataset, when there is one already
};

// Whether the tables say themselves which they are: a column has one value in each of them, and another in each.
bool told_apart(const Group& group) {
  auto one_value = [](const json::object& c) {
    return c.at("examples").as_array().size() == 1 && c.at("empty").to_number<std::int64_t>() == 0;
  };
  for (std::size_t i = 0; i < columns_of(*group.tables.front()).size(); ++i) {
    std::set<std::string> values;
    for (auto* table : group.tables)
      if (const auto& c = column_of(*table, i); one_value(c)) values.emplace(c.at("examples").as_array().front().as_string());
    if (values.size() == group.tables.size()) return true;
  }
  return false;
}

// What tells the tables apart, in few words: the parts of their locations that differ.
std::vector<std::string> names_of(const Group& group, const std::string& stem) {
  std::vector<std::vector<std::string_view>> parts;
  std::vector<std::string> locations, names;
  for (const auto* table : group.tables) locations.push_back(text_at(*table, "location"));
  for (const auto& location : locations) parts.push_back(parts_of(location));
  std::size_t same = 0;
  auto shared = [&](std::size_t i) {
    return std::ranges::all_of(parts, [&](const auto& p) { return i + 1 < p.size() && p[i] == parts.front()[i]; });
  };
  while (shared(same)) ++same;
  for (const auto& p : parts) {
    std::string name;
    for (std::size_t i = same; i < p.size(); ++i) name += (name.empty() ? "" : std::string(kWithin)) + stem_of(p[i]);
    names.push_back(name.empty() ? stem : name);
  }
  return std::set(names.begin(), names.end()).size() == names.size() ? names : locations;
}

class Proposal {
 public:
  Proposal(json::array& tables, const Import& import, const catalog::Catalog& catalog, store::Store& store,
           const json::object& given)
      : import_(import), catalog_(catalog), store_(store), given_(given), stem_(stem_of(import.file_name)) {
    std::map<std::string, std::size_t> by_columns;
    for (auto& item : tables) {
      auto& table = item.as_object();
      if (flag_at(table, "skip")) continue;
      auto [known, added] = by_columns.emplace(signature_of(table), groups_.size());
      if (added) groups_.emplace_back();
      groups_[known->second].tables.push_back(&table);
    }
  }

  Result<void> make() {
    for (std::size_t i = 0; i < groups_.size(); ++i) QS_CHECK(propose(groups_[i], i));
    return {};
  }

 private:
  Result<void> propose(Group& group, std::size_t number) {
    auto& first = *group.tables.front();
    for (auto* table : group.tables)
      for (std::size_t c = 0; table != &first && c < columns_of(*table).size(); ++c)
        widen(column_of(first, c), column_of(*table, c));
    QS_TRY(auto entry, entry_of(group, number));
    name_tables(group);
    describe_columns(group, number == 0);
    if (!group.known) entry["level"] = highest_level(first);
    if (number == 0) QS_CHECK(check_keys(columns_of(first), given_));
    identify(group);
    for (auto* table : group.tables) (*table)["dataset"] = entry;
    return {};
  }

  // Fills in `group.known` too.
  Result<json::object> entry_of(Group& group, std::size_t number) {
    auto part = text_at(*group.tables.front(), "location");
    if (auto within = part.rfind(kWithin); within != std::string::npos) part.erase(0, within + kWithin.size());
    // All that the file holds goes by the file's name.
    auto title = groups_.size() > 1 && !part.empty() ? stem_ + " " + stem_of(part) : stem_;
    auto code = import_.dataset_hint.empty() ? catalog::identifier_of(title)
                : number == 0                ? import_.dataset_hint
                                             : fmt::format("{}_{}", import_.dataset_hint, number + 1);
    for (int n = 2; taken_.contains(code); ++n) code = fmt::format("{}_{}", catalog::identifier_of(title), n);
    taken_.insert(code);
    json::object entry{{"code", code},
                       {"title", shorten(title, 100)},
                       {"abstract", ""},
                       {"department_id", import_.department_id},
                       {"theme", ""},
                       {"tags", json::array{}},
                       {"update_cycle", "irregular"},
                       {"sharing_type", "conditional"},
                       {"level", "1"},
                       {"mode", "full"},
                       {"delete_missing", false},
                       {"exists", false}};
    if (number == 0)
      for (const auto& [key, value] : given_)
        if (entry.contains(key)) entry[key] = value;
    QS_TRY(group.known, store_.read([&](store::Session& s) { return catalog_.known(s, code); }));
    if (!group.known) return entry;
    const auto& known = *group.known;
    entry["exists"] = true;
    entry["title"] = known.title;
    entry["abstract"] = known.abstract;
    entry["department_id"] = known.department_id;
    entry["theme"] = known.theme;
    entry["tags"] = json::array(known.tags.begin(), known.tags.end());
    entry["update_cycle"] = known.update_cycle;
    entry["sharing_type"] = known.sharing_type;
    entry["level"] = known.level;
    return entry;
  }

  // Where tables become one dataset and none of their columns says which of them a row is of, their names become a column. A
  // dataset that has got this column keeps it, and one that was published without it is left as it is.
  void name_tables(Group& group) const {
    auto named = [](const json::value& c) { return text_at(c.as_object(), "name") == kTableColumn; };
    if (std::ranges::any_of(columns_of(*group.tables.front()), named)) return;
    bool published = group.known && !group.known->fields.empty();
    if (published ? std::ranges::find(group.known->fields, kTableColumn, &catalog::Field::name) == group.known->fields.end()
                  : group.tables.size() < 2 || told_apart(group))
      return;
    auto names = names_of(group, stem_);
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto& columns = columns_of(*group.tables[i]);
      columns.emplace_back(table_column(columns.size(), names[i], group.tables[i]->at("rows").to_number<std::int64_t>()));
    }
  }

  static json::object table_column(std::size_t position, const std::string& name, std::int64_t rows) {
    return {{"position", position},
            {"id", ""},
            {"name", kTableColumn},
            {"type", "text"},
            {"width", 0},
            {"scale", 0},
            {"unit", ""},
            {"description", "这一行来自哪张工作表或哪个文件"},
            {"level", "1"},
            {"skip", false},
            {"key", false},
            {"values", rows},
            {"empty", 0},
            {"misfits", 0},
            {"looks_like", ""},
            {"why", text_pair({"文件里没有的列：几张表合成一个数据集，以表名区分",
                               "Not in the file: several tables become one dataset, told apart by their names"})},
            {"examples", json::array{name}},
            {"candidates", json::array{}},
            {"fixed", name}};
  }

  // What was said about a field of that name before holds again; the columns of all tables are those of the first.
  void describe_columns(const Group& group, bool first_group) const {
    auto& first = *group.tables.front();
    const auto* keys = first_group ? given_.if_contains("key") : nullptr;
    for (auto& item : columns_of(first)) {
      auto& c = item.as_object();
      auto name = text_at(c, "name");
      if (keys != nullptr && std::ranges::any_of(keys->as_array(), [&](const json::value& k) { return k.as_string() == name; }))
        c["key"] = true;
      if (!group.known) continue;
      auto field = std::ranges::find(group.known->fields, name, &catalog::Field::name);
      if (field == group.known->fields.end()) continue;
      c["description"] = field->description;
      c["level"] = field->level;
      c["key"] = field->key;
    }
    for (auto* table : group.tables)
      for (std::size_t c = 0; c < columns_of(*table).size(); ++c)
        for (const char* key : {"type", "width", "scale", "unit", "key", "level", "description"})
          column_of(*table, c)[key] = json::value(column_of(first, c).at(key));
  }

  static std::string highest_level(json::object& table) {
    std::string highest = "1";
    for (const auto& item : columns_of(table)) highest = std::max(highest, text_at(item.as_object(), "level"));
    return highest;
  }

  // The identifiers of known fields stay.
  static void identify(const Group& group) {
    std::set<std::string> ids;
    for (std::size_t c = 0; c < columns_of(*group.tables.front()).size(); ++c) {
      auto name = text_at(column_of(*group.tables.front(), c), "name");
      std::string stem;
      if (group.known)
        if (auto field = std::ranges::find(group.known->fields, name, &catalog::Field::name);
            field != group.known->fields.end())
          stem = field->id;
      if (stem.empty()) stem = catalog::identifier_of(name);
      auto id = stem;
      for (int n = 2; !ids.insert(id).second; ++n) id = fmt::format("{}_{}", stem, n);
      for (auto* table : group.tables) column_of(*table, c)["id"] = id;
    }
  }

  const Import& import_;
  const catalog::Catalog& catalog_;
  store::Store& store_;
  const json::object& given_;
  std::string stem_;
  std::vector<Group> groups_;
  std::set<std::string> taken_;  // codes
};

}  // namespace

Result<void> propose_entries(json::array& tables, const Import& import, const catalog::Catalog& catalog, store::Store& store,
                             const json::object& given) {
  return Proposal(tables, import, catalog, store, given).make();
}

}  // namespace qushu::ingest
