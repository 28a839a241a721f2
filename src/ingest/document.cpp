#include "document.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"

namespace qushu::ingest {
namespace {

std::string stem_of(std::string_view file_name) {
  std::string name(file_name);
  for (std::string_view ending : {".gz", ".csv", ".tsv", ".txt", ".xlsx", ".json", ".ndjson", ".jsonl", ".parquet", ".zip"})
    if (lower_ascii(name).ends_with(ending)) name.resize(name.size() - ending.size());
  return std::string(trim(name));
}

std::string signature_of(const json::object& table) {
  std::string out;
  for (const auto& c : table.at("columns").as_array()) out += text_at(c.as_object(), "name") + "\n";
  return out;
}

// As written, but always text that a database takes.
json::array texts(const std::vector<std::string>& cells) {
  json::array out;
  for (const auto& cell : cells) out.emplace_back(well_formed(cell));
  return out;
}

json::object* find_table(json::array& tables, std::string_view location) {
  for (auto& t : tables)
    if (text_at(t.as_object(), "location") == location) return &t.as_object();
  return nullptr;
}

Failure bad(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "import.correction", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
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

}  // namespace

bool flag_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_bool() && value->as_bool();
}

json::object text_pair(const Text& text) {
  return {{"zh", text.zh}, {"en", text.en}};
}

json::value in_language(const json::value& value, Lang lang) {
  if (value.is_array()) {
    json::array out;
    for (const auto& item : value.as_array()) out.push_back(in_language(item, lang));
    return out;
  }
  if (!value.is_object()) return value;
  const auto& object = value.as_object();
  if (object.size() == 2 && object.contains("zh") && object.contains("en")) return object.at(lang == Lang::zh ? "zh" : "en");
  json::object out;
  for (const auto& [key, item] : object) out[key] = in_language(item, lang);
  return out;
}

json::array misfits_document(const std::vector<tabular::Misfit>& misfits) {
  json::array out;
  for (const auto& m : misfits)
    out.emplace_back(
        json::object{{"line", m.line}, {"column", m.column}, {"value", well_formed(m.value)}, {"reason", text_pair(m.reason)}});
  return out;
}

json::object table_document(const tabular::TableFacts& f) {
  json::array columns, preview;
  for (std::size_t i = 0; i < f.columns.size(); ++i) {
    const auto& c = f.columns[i];
    json::array candidates;
    for (const auto& k : c.candidates)
      candidates.emplace_back(json::object{{"type", engine::name(k.type)}, {"misfits", k.misfits}});
    columns.emplace_back(json::object{{"position", i},
                                      {"id", ""},
                                      {"name", c.plan.name},
                                      {"type", engine::name(c.plan.type)},
                                      {"width", c.plan.width},
                                      {"scale", c.plan.scale},
                                      {"unit", c.plan.unit},
                                      {"description", ""},
                                      {"level", c.looks_like == "id_card" || c.looks_like == "phone" ? "3" : "1"},
                                      {"skip", false},
                                      {"key", false},
                                      {"values", c.values},
                                      {"empty", c.empty},
                                      {"misfits", c.misfits},
                                      {"looks_like", c.looks_like},
                                      {"why", text_pair(c.why)},
                                      {"examples", texts(c.examples)},
                                      {"candidates", std::move(candidates)}});
  }
  for (const auto& row : f.preview) preview.emplace_back(texts(row));
  auto letter = [](const std::optional<char>& c) { return c ? json::value(std::string(1, *c)) : json::value(nullptr); };
  return {{"location", f.location},
          {"format", tabular::name(f.format)},
          {"encoding", f.dialect.encoding},
          {"delimiter", letter(f.dialect.delimiter)},
          {"quote", letter(f.dialect.quote)},
          {"header_rows", f.dialect.header_rows.value_or(0)},
          {"skip_rows", f.dialect.skip_rows.value_or(0)},
          {"fill_short", f.dialect.fill_short.value_or(false)},
          {"rows", f.rows},
          {"broken_rows", f.broken_rows},
          {"rejected", f.rejected},
          {"skip", f.note.has_value()},
          {"note", f.note ? json::value(text_pair(*f.note)) : json::value(nullptr)},
          {"dataset", json::object{}},
          {"columns", std::move(columns)},
          {"drifts", json::array{}},
          {"first_misfits", misfits_document(f.first_misfits)},
          {"preview", std::move(preview)},
          {"version", nullptr},
          {"published", nullptr}};
}

tabular::Dialect dialect_of(const json::object& t) {
  tabular::Dialect d;
  d.encoding = text_at(t, "encoding");
  auto letter = [&](const char* key) -> std::optional<char> {
    const auto* value = t.if_contains(key);
    if (!value || !value->is_string()) return std::nullopt;
    return value->as_string().empty() ? '\0' : value->as_string()[0];
  };
  d.delimiter = letter("delimiter");
  d.quote = letter("quote");
  auto count = [&](const char* key) -> std::optional<std::uint32_t> {
    const auto* value = t.if_contains(key);
    return value && value->is_number() ? std::optional(value->to_number<std::uint32_t>()) : std::nullopt;
  };
  d.header_rows = count("header_rows");
  d.skip_rows = count("skip_rows");
  if (const auto* fill = t.if_contains("fill_short"); fill && fill->is_bool()) d.fill_short = fill->as_bool();
  return d;
}

namespace {

// What decides whether a column written once can stand: everything but its description.
json::array shape_of(const json::object& table, const std::vector<std::string>& ids) {
  json::array shape;
  std::size_t next = 0;
  for (const auto& item : table.at("columns").as_array()) {
    const auto& c = item.as_object();
    if (flag_at(c, "skip")) {
      shape.emplace_back(nullptr);
      continue;
    }
    shape.emplace_back(json::array{next < ids.size() ? ids[next] : std::string(), c.at("type"), c.at("width").to_number<int>(),
                                   c.at("scale").to_number<int>(), text_at(c, "unit") == "%"});
    ++next;
  }
  return shape;
}

}  // namespace

void keep_draft(json::object& table, const Draft& d, const std::vector<std::string>& ids) {
  table["draft"] = {{"shape", shape_of(table, ids)}, {"blob", d.part.blob},           {"rows", d.part.rows},
                    {"bytes", d.part.bytes},         {"first_id", d.part.first_id},   {"read", d.read},
                    {"rejected", d.rejected},        {"rejects_blob", d.rejects_blob}};
}

std::optional<Draft> draft_of(const json::object& table, const std::vector<std::string>& ids) {
  const auto* kept = table.if_contains("draft");
  if (!kept || !kept->is_object()) return std::nullopt;
  const auto& d = kept->as_object();
  if (d.at("shape") != json::value(shape_of(table, ids))) return std::nullopt;
  auto number = [&](const char* key) { return d.at(key).to_number<std::uint64_t>(); };
  const auto* first_id = d.if_contains("first_id");
  return Draft{.part = {.blob = text_at(d, "blob"),
                        .rows = number("rows"),
                        .bytes = number("bytes"),
                        .first_id = first_id ? first_id->to_number<std::int64_t>() : 0},
               .read = number("read"),
               .rejected = number("rejected"),
               .rejects_blob = text_at(d, "rejects_blob")};
}

std::vector<tabular::ColumnPlan> plan_of(const json::object& table) {
  std::vector<tabular::ColumnPlan> plan;
  for (const auto& item : table.at("columns").as_array()) {
    const auto& c = item.as_object();
    tabular::ColumnPlan p{.name = text_at(c, "name"), .unit = text_at(c, "unit")};
    if (!engine::parse(text_at(c, "type"), p.type)) p.type = engine::Type::text;
    p.width = c.at("width").to_number<std::uint8_t>();
    p.scale = c.at("scale").to_number<std::uint8_t>();
    p.skip = flag_at(c, "skip");
    plan.push_back(std::move(p));
  }
  return plan;
}

namespace {

// The key that was given is among the columns.
Result<void> check_keys(const json::array& columns, const json::object& given) {
  const auto* keys = given.if_contains("key");
  if (keys == nullptr) return {};
  std::string names;
  for (const auto& c : columns) names += (names.empty() ? "" : "、") + text_at(c.as_object(), "name");
  for (const auto& key : keys->as_array())
    if (std::ranges::none_of(columns, [&](const json::value& c) { return text_at(c.as_object(), "name") == key.as_string(); }))
      return bad("key",
                 fmt::format("文件里没有主键列“{}”；有的列是：{}。", std::string_view(key.as_string()), shorten(names, 500)),
                 fmt::format("The file has no column “{}” for the key; it has: {}.", std::string_view(key.as_string()),
                             shorten(names, 500)));
  return {};
}

}  // namespace

Result<void> propose_entries(json::array& tables, const Import& import, const catalog::Catalog& catalog, store::Store& store,
                             const json::object& given) {
  std::map<std::string, std::size_t> first_with;                        // by columns
  std::map<std::string, std::map<std::string, std::string>> known_ids;  // of the dataset that columns go to, by name
  std::set<std::string> taken;
  auto stem = stem_of(import.file_name);
  std::size_t readable = 0;
  for (auto& t : tables) readable += flag_at(t.as_object(), "skip") ? 0 : 1;
  int number = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    auto& table = tables[i].as_object();
    if (flag_at(table, "skip")) continue;
    auto signature = signature_of(table);
    if (auto same = first_with.find(signature); same != first_with.end()) {
      auto& first = tables[same->second].as_object();
      for (std::size_t c = 0; c < table.at("columns").as_array().size(); ++c)
        widen(first["columns"].as_array()[c].as_object(), table["columns"].as_array()[c].as_object());
      table["dataset"] = first.at("dataset");
      continue;
    }
    first_with.emplace(signature, i);
    ++number;
    auto location = text_at(table, "location");
    auto part = location.contains(" › ") ? location.substr(location.rfind(" › ") + 5) : location;
    auto title = readable > 1 && !part.empty() ? stem + " " + stem_of(part) : stem;
    auto code = import.dataset_hint.empty() ? catalog::identifier_of(title)
                : number == 1               ? import.dataset_hint
                                            : fmt::format("{}_{}", import.dataset_hint, number);
    for (int n = 2; taken.contains(code); ++n) code = fmt::format("{}_{}", catalog::identifier_of(title), n);
    taken.insert(code);
    json::object entry{{"code", code},
                       {"title", shorten(title, 100)},
                       {"abstract", ""},
                       {"department_id", import.department_id},
                       {"theme", ""},
                       {"tags", json::array{}},
                       {"update_cycle", "irregular"},
                       {"sharing_type", "conditional"},
                       {"level", "1"},
                       {"mode", "full"},
                       {"delete_missing", false},
                       {"exists", false}};
    if (number == 1)
      for (const auto& [key, value] : given)
        if (entry.contains(key)) entry[key] = value;
    QS_TRY(auto known, store.read([&](store::Session& s) { return catalog.known(s, code); }));
    if (known) {
      entry["exists"] = true;
      entry["title"] = known->title;
      entry["abstract"] = known->abstract;
      entry["department_id"] = known->department_id;
      entry["theme"] = known->theme;
      entry["tags"] = json::array(known->tags.begin(), known->tags.end());
      entry["update_cycle"] = known->update_cycle;
      entry["sharing_type"] = known->sharing_type;
      entry["level"] = known->level;
    }
    if (known)
      for (const auto& field : known->fields) known_ids[signature].emplace(field.name, field.id);
    for (auto& item : table["columns"].as_array()) {
      auto& c = item.as_object();
      auto name = text_at(c, "name");
      if (const auto* keys = given.if_contains("key"); keys && number == 1)
        for (const auto& key : keys->as_array())
          if (key.as_string() == name) c["key"] = true;
      if (!known) continue;
      // What was said about a field of that name before holds again.
      auto field = std::ranges::find(known->fields, name, &catalog::Field::name);
      if (field == known->fields.end()) continue;
      c["description"] = field->description;
      c["level"] = field->level;
      c["key"] = field->key;
    }
    std::string worst = "1";
    for (const auto& item : table["columns"].as_array()) worst = std::max(worst, text_at(item.as_object(), "level"));
    if (!known) entry["level"] = worst;
    table["dataset"] = std::move(entry);
    if (number == 1) QS_CHECK(check_keys(table.at("columns").as_array(), given));
  }
  // The types of tables that become one dataset are those of the first.
  for (auto& t : tables) {
    auto& table = t.as_object();
    auto same = first_with.find(signature_of(table));
    if (flag_at(table, "skip") || same == first_with.end()) continue;
    const auto& first = tables[same->second].as_object();
    for (std::size_t c = 0; c < table["columns"].as_array().size(); ++c)
      for (const char* key : {"type", "width", "scale", "unit", "key", "level", "description"})
        table["columns"].as_array()[c].as_object()[key] = json::value(first.at("columns").as_array()[c].as_object().at(key));
    std::set<std::string> ids;
    for (auto& item : table["columns"].as_array()) {
      auto name = text_at(item.as_object(), "name");
      const auto& known = known_ids[same->first];
      auto kept = known.find(name);
      auto stem_id = kept == known.end() ? catalog::identifier_of(name) : kept->second;
      auto id = stem_id;
      for (int n = 2; ids.contains(id); ++n) id = fmt::format("{}_{}", stem_id, n);
      ids.insert(id);
      item.as_object()["id"] = id;
    }
  }
  return {};
}

Result<void> apply_corrections(json::array& tables, const json::array& corrections, bool& recount) {
  recount = false;
  for (const auto& item : corrections) {
    const auto& correction = item.as_object();
    auto location = text_at(correction, "location");
    auto* table = find_table(tables, location);
    if (!table)
      return bad("tables", fmt::format("文件里没有“{}”这张表。", location),
                 fmt::format("The file holds no table “{}”.", location));
    if (const auto* skip = correction.if_contains("skip")) {
      if (!skip->as_bool() && !table->at("note").is_null() && table->at("columns").as_array().empty())
        return bad("skip", "这张表无法读取，不能发布。", "This table cannot be read and so not be published.");
      (*table)["skip"] = *skip;
    }
    if (const auto* entry = correction.if_contains("dataset")) {
      if (entry->as_object().contains("code")) QS_CHECK(catalog::check_code(text_at(entry->as_object(), "code")));
      for (const auto& [key, value] : entry->as_object()) (*table)["dataset"].as_object()[key] = value;
    }
    const auto* columns = correction.if_contains("columns");
    if (!columns) continue;
    for (const auto& change_item : columns->as_array()) {
      const auto& change = change_item.as_object();
      auto position = static_cast<std::size_t>(change.at("position").as_int64());
      auto& list = (*table)["columns"].as_array();
      if (position >= list.size())
        return bad("columns.position", fmt::format("没有第 {} 列。", position + 1),
                   fmt::format("There is no column {}.", position + 1));
      auto& column = list[position].as_object();
      for (const auto& [key, value] : change) {
        if (key == "position") continue;
        if ((key == "type" || key == "width" || key == "scale" || key == "skip") && column[key] != value) recount = true;
        column[key] = value;
      }
      if (change.contains("type") && text_at(column, "type") == "decimal" && column["width"].to_number<int>() == 0) {
        column["width"] = 18;
        column["scale"] = column["scale"].to_number<int>() == 0 ? 2 : column["scale"].to_number<int>();
      }
      if (text_at(column, "name").empty())
        return bad("columns.name", fmt::format("第 {} 列需要一个名称。", position + 1),
                   fmt::format("Column {} needs a name.", position + 1));
      if (text_at(column, "type") == "text") column["unit"] = text_at(column, "unit") == "%" ? "" : text_at(column, "unit");
    }
    std::set<std::string> names;
    for (const auto& c : (*table)["columns"].as_array())
      if (!flag_at(c.as_object(), "skip") && !names.insert(text_at(c.as_object(), "name")).second)
        return bad("columns.name", fmt::format("有两列都叫“{}”。", text_at(c.as_object(), "name")),
                   fmt::format("Two columns are named “{}”.", text_at(c.as_object(), "name")));
    if (std::ranges::all_of((*table)["columns"].as_array(),
                            [](const json::value& c) { return flag_at(c.as_object(), "skip"); }) &&
        !flag_at(*table, "skip"))
      return bad("columns", "至少要保留一列。", "At least one column must stay.");
  }
  return check_agreement(tables);
}

Result<void> check_agreement(const json::array& tables) {
  std::map<std::string, const json::object*> first;
  for (const auto& t : tables) {
    const auto& table = t.as_object();
    if (flag_at(table, "skip")) continue;
    auto code = text_at(table.at("dataset").as_object(), "code");
    auto [known, added] = first.emplace(code, &table);
    if (added) continue;
    auto shape = [](const json::object& o) {
      std::string out;
      for (const auto& c : o.at("columns").as_array())
        if (!flag_at(c.as_object(), "skip"))
          out += fmt::format("{}:{}:{}\n", text_at(c.as_object(), "name"), text_at(c.as_object(), "type"),
                             text_at(c.as_object(), "type") == "decimal" ? c.as_object().at("scale").to_number<int>() : 0);
      return out;
    };
    if (shape(*known->second) != shape(table))
      return bad("dataset.code",
                 fmt::format("“{}”和“{}”要合成一个数据集（{}），但列名或类型不同。", text_at(*known->second, "location"),
                             text_at(table, "location"), code),
                 fmt::format("“{}” and “{}” are to become one dataset ({}), but their columns differ in name or type.",
                             text_at(*known->second, "location"), text_at(table, "location"), code));
  }
  return {};
}

}  // namespace qushu::ingest
