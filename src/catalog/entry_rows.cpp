#include "entry_rows.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "rows.h"

namespace qushu::catalog {
namespace {

json::value parsed(const std::string& text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(nullptr) : value;
}

constexpr std::int64_t kDate = 10, kDateTime = 19, kClock = 8, kInteger = 19;

// An item with its field: what the field and its values say, under what a person wrote.
Item merged(const Field& field, const std::map<std::string, std::int64_t>& lengths, const Item* written, bool planned) {
  Item item = written ? *written : Item{};
  item.id = field.id;
  item.name = field.name;
  if (item.type.empty()) item.type = item_type_of(field);
  if (item.length == 0) item.length = item_length_of(field);
  if (item.length == 0)
    if (auto known = lengths.find(field.id); known != lengths.end()) item.length = known->second;
  item.description = field.description;
  item.level = field.level;
  item.planned = planned;
  return item;
}

// Of the text fields what their values in the current version suggest: the profile knows the shortest and the longest.
Result<std::map<std::string, std::int64_t>> text_lengths(store::Session& s, const Dataset& d) {
  std::map<std::string, std::int64_t> out;
  if (std::ranges::none_of(d.fields, [](const Field& f) { return f.type == engine::Type::text; })) return out;
  QS_TRY(auto row, s.one("SELECT profile FROM dataset_version WHERE dataset_id = ? AND number = ?", {d.id, d.version}));
  if (!row) return out;
  auto profile = parsed(row->text(0));
  const auto* fields = profile.is_object() ? profile.get_object().if_contains("fields") : nullptr;
  if (fields == nullptr || !fields->is_array()) return out;
  for (const auto& told : fields->get_array()) {
    if (!told.is_object()) continue;
    const auto* id = told.get_object().if_contains("id");
    const auto* shortest = told.get_object().if_contains("min_length");
    const auto* longest = told.get_object().if_contains("max_length");
    if (id == nullptr || shortest == nullptr || longest == nullptr || !id->is_string() || !shortest->is_int64() ||
        !longest->is_int64())
      continue;
    out[std::string(id->get_string())] = proposed_length(shortest->get_int64(), longest->get_int64());
  }
  return out;
}

}  // namespace

std::int64_t proposed_length(std::int64_t shortest, std::int64_t longest) {
  if (longest <= 0 || shortest == longest) return std::max<std::int64_t>(longest, 0);
  for (std::int64_t ten = 10;; ten *= 10)
    for (auto step : {ten, 2 * ten, 5 * ten})
      if (longest <= step) return step;
}

std::string item_type_of(const Field& field) {
  bool money = field.unit.ends_with("元");
  switch (field.type) {
    case engine::Type::text:
    case engine::Type::time:
      return "C";
    case engine::Type::integer:
      return money ? "Y" : "I";
    case engine::Type::decimal:
      return money ? "Y" : "N";
    case engine::Type::number:
      return money ? "Y" : "B";
    case engine::Type::boolean:
      return "L";
    case engine::Type::date:
      return "D";
    case engine::Type::datetime:
      return "T";
  }
  return "C";
}

std::int64_t item_length_of(const Field& field) {
  switch (field.type) {
    case engine::Type::integer:
      return kInteger;
    case engine::Type::decimal:
      return field.width;
    case engine::Type::boolean:
      return 1;
    case engine::Type::date:
      return kDate;
    case engine::Type::time:
      return kClock;
    case engine::Type::datetime:
      return kDateTime;
    default:
      return 0;
  }
}

Result<Entry> load_guide(store::Session& s, std::string_view dataset_id) {
  QS_TRY(auto row, s.one("SELECT entry FROM dataset WHERE id = ?", {dataset_id}));
  return row ? entry_of(parsed(row->text(0))) : Entry{};
}

Result<void> save_guide(store::Transaction& t, std::string_view dataset_id, const Entry& guide) {
  QS_CHECK(t.exec("UPDATE dataset SET entry = ? WHERE id = ?", {json::serialize(to_json(guide)), dataset_id}));
  return {};
}

Result<std::vector<Node>> load_nodes(store::Session& s) {
  QS_TRY(auto rows, s.query("SELECT id, parent_id, code, name, retired, "
                            "(SELECT count(*) FROM classification_use u WHERE u.node_id = c.id), department_id FROM "
                            "classification c"));
  std::map<std::string, std::vector<Node>> below;
  for (const auto& row : rows)
    below[row.text(1)].push_back({.id = row.text(0),
                                  .parent_id = row.text(1),
                                  .code = row.text(2),
                                  .name = row.text(3),
                                  .retired = row.boolean(4),
                                  .used = row.integer(5) > 0,
                                  .department_id = row.text(6)});
  std::vector<Node> out;
  auto walk = [&](auto&& self, const std::string& parent, const std::string& code, const std::string& path,
                  std::int64_t depth) -> void {
    auto list = below.find(parent);
    if (list == below.end()) return;
    std::ranges::sort(list->second, {}, &Node::code);
    for (auto& node : list->second) {
      node.full_code = code + node.code;
      node.path = path.empty() ? node.name : path + " › " + node.name;
      node.depth = depth;
      out.push_back(node);
      self(self, node.id, node.full_code, node.path, depth + 1);
    }
  };
  walk(walk, "", "", "", 0);
  return out;
}

std::vector<std::string> names_of(const std::vector<Node>& nodes, const std::vector<std::string>& ids) {
  std::vector<std::string> out;
  for (const auto& id : ids)
    if (auto node = std::ranges::find(nodes, id, &Node::id); node != nodes.end())
      out.push_back(node->full_code + " " + node->path);
  return out;
}

Result<Entry> load_working(store::Session& s, const Dataset& d) {
  QS_TRY(auto e, load_guide(s, d.id));
  e.title = d.title;
  e.abstract = d.abstract;
  e.department_id = d.department_id;
  e.provider = d.department_name;
  e.theme = d.theme;
  e.tags = d.tags;
  e.sharing_type = d.sharing_type;
  e.update_cycle = d.update_cycle;
  e.level = d.level;
  e.resource_code = d.resource_code;
  e.classifications = d.classifications;
  QS_TRY(auto nodes, load_nodes(s));
  e.classification_names = names_of(nodes, e.classifications);
  if (e.format.empty() && d.version > 0) e.format = "database";
  if (e.sharing_method.empty() && d.version > 0 && e.sharing_type != "none") e.sharing_method = "service";
  if (e.provider_code.empty()) {
    QS_TRY(auto row, s.one("SELECT code FROM provider_code WHERE department_id = ?", {d.department_id}));
    if (row) e.provider_code = row->text(0);
  }
  QS_TRY(auto lengths, text_lengths(s, d));
  auto written = std::exchange(e.items, {});
  for (const auto& field : d.fields) {
    auto found = std::ranges::find(written, field.id, &Item::id);
    e.items.push_back(merged(field, lengths, found == written.end() ? nullptr : &*found, d.version == 0));
  }
  for (auto& item : written) {
    if (std::ranges::find(d.fields, item.id, &Field::id) != d.fields.end()) continue;
    item.planned = true;
    e.items.push_back(std::move(item));
  }
  return e;
}

Result<void> add_step(store::Transaction& t, const Actor& actor, Time at, std::string_view dataset_id, std::string_view action,
                      std::string_view from, std::string_view to, std::string_view comment) {
  QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM entry_step WHERE dataset_id = ?", {dataset_id}));
  QS_CHECK(
      t.exec("INSERT INTO entry_step (dataset_id, number, action, from_state, to_state, person_id, person_name, comment, "
             "at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {dataset_id, last->integer(0) + 1, action, from, to, actor.person_id, actor.name, comment, at}));
  return {};
}

Result<std::vector<EntryStep>> load_steps(store::Session& s, std::string_view dataset_id) {
  QS_TRY(auto rows, s.query("SELECT number, action, from_state, to_state, person_id, person_name, comment, at FROM entry_step "
                            "WHERE dataset_id = ? ORDER BY number DESC",
                            {dataset_id}));
  std::vector<EntryStep> out;
  for (const auto& row : rows)
    out.push_back({.number = row.integer(0),
                   .action = row.text(1),
                   .from = row.text(2),
                   .to = row.text(3),
                   .person_id = row.text(4),
                   .person_name = row.text(5),
                   .comment = row.text(6),
                   .at = row.time(7)});
  return out;
}

Result<std::optional<EntryVersion>> load_entry_version(store::Session& s, std::string_view dataset_id, std::int64_t number) {
  QS_TRY(auto row, s.one("SELECT number, kind, entry, person_name, comment, at FROM entry_version WHERE dataset_id = ? AND "
                         "number = ?",
                         {dataset_id, number}));
  if (!row) return std::nullopt;
  return EntryVersion{.number = row->integer(0),
                      .kind = row->text(1),
                      .entry = entry_of(parsed(row->text(2))),
                      .person_name = row->text(3),
                      .comment = row->text(4),
                      .at = row->time(5)};
}

Result<void> open_for_change(store::Transaction& t, const Actor& actor, Time at, Dataset& d) {
  if (d.entry_state == "draft" || d.entry_state == "returned") return {};
  if (d.entry_state.ends_with("_review"))
    return fail(Error{.code = Code::conflict,
                      .id = "entry.under_review",
                      .text = {"目录正在审核，不能修改；要修改请先撤回提交。",
                               "The entry is under review and cannot be changed; take the submission back first."},
                      .subject = "entry_state"});
  QS_TRY(auto guide, load_guide(t, d.id));
  guide.secrecy = guide.personal = {};
  guide.approval = {};
  guide.published_on.clear();
  QS_CHECK(save_guide(t, d.id, guide));
  QS_CHECK(add_step(t, actor, at, d.id, "revise", d.entry_state, "draft", ""));
  d.entry_state = "draft";
  return {};
}

Result<std::int64_t> next_number(store::Transaction& t, std::string_view counter) {
  QS_TRY(auto row, t.one("INSERT INTO catalog_counter (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = "
                         "catalog_counter.value + 1 RETURNING value",
                         {counter}));
  return row->integer(0);
}

Dataset face_of(Dataset d, const Entry& e) {
  d.title = e.title;
  d.abstract = e.abstract;
  d.department_id = e.department_id;
  d.department_name = e.provider;
  d.theme = e.theme;
  d.tags = e.tags;
  d.update_cycle = e.update_cycle;
  d.sharing_type = e.sharing_type;
  d.level = e.level;
  d.resource_code = e.resource_code;
  d.classifications = e.classifications;
  d.format = e.format;
  d.entry_state = "published";
  d.state = "published";
  d.readers.clear();
  d.version = 0;
  d.rows = d.bytes = 0;
  d.published.reset();
  d.by_entry = true;
  auto had = std::exchange(d.fields, {});
  for (const auto& item : e.items) {
    Field field{.id = item.id, .name = item.name, .description = item.description, .level = item.level};
    if (auto was = std::ranges::find(had, item.id, &Field::id); was != had.end()) {
      field.type = was->type;
      field.width = was->width;
      field.scale = was->scale;
      field.unit = was->unit;
    }
    d.fields.push_back(std::move(field));
  }
  return d;
}

Result<std::vector<std::string>> stable_identifiers(store::Session& s, std::string_view dataset_id,
                                                    const std::vector<std::string>& names) {
  QS_TRY(auto rows, s.query("SELECT name, identifier FROM dataset_field WHERE dataset_id = ?", {dataset_id}));
  std::map<std::string, std::string> had;
  std::set<std::string> taken;
  for (const auto& row : rows) {
    had.emplace(row.text(0), row.text(1));
    taken.insert(row.text(1));
  }
  std::vector<std::string> out;
  for (const auto& name : names) {
    auto known = had.find(name);
    if (known == had.end()) {
      auto stem = identifier_of(name);
      auto id = stem;
      for (int n = 2; taken.contains(id); ++n) id = fmt::format("{}_{}", stem, n);
      taken.insert(id);
      known = had.emplace(name, id).first;
    }
    out.push_back(known->second);
  }
  return out;
}

}  // namespace qushu::catalog
