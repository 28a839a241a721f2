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
    if (const auto* fixed = c.if_contains("fixed"); fixed && fixed->is_string()) p.fixed = text_at(c, "fixed");
    plan.push_back(std::move(p));
  }
  return plan;
}

namespace {

// The tables that become one dataset with this one and have its columns: what is said of one of them holds for all.
std::vector<json::object*> companions(json::array& tables, json::object& table) {
  auto same = [&](json::object& other) {
    const auto &a = table.at("columns").as_array(), &b = other.at("columns").as_array();
    return text_at(table.at("dataset").as_object(), "code") == text_at(other.at("dataset").as_object(), "code") &&
           std::ranges::equal(a, b, [](const json::value& x, const json::value& y) {
             return text_at(x.as_object(), "name") == text_at(y.as_object(), "name");
           });
  };
  std::vector<json::object*> out{&table};
  for (auto& item : tables)
    if (auto& other = item.as_object(); &other != &table && other.at("dataset").as_object().contains("code") && same(other))
      out.push_back(&other);
  return out;
}

// `own`: it is this column that was corrected, not that of a companion.
Result<void> correct_column(json::object& column, const json::object& change, std::size_t position, bool own, bool& recount) {
  for (const auto& [key, value] : change) {
    if (key == "position" || (key == "fixed" && !own)) continue;
    if (key == "fixed") {
      if (!column.contains("fixed"))
        return bad("columns.fixed",
                   fmt::format("第 {} 列来自文件，值不能统一指定；要改的话，请改原文件后重新上传。", position + 1),
                   fmt::format("Column {} comes from the file: its values are those of the file.", position + 1));
      column["examples"] = json::array{value};
    }
    if ((key == "type" || key == "width" || key == "scale" || key == "skip" || key == "fixed") && column[key] != value)
      recount = true;
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
  return {};
}

Result<void> check_columns(const json::object& table) {
  const auto& columns = table.at("columns").as_array();
  std::set<std::string> names;
  for (const auto& c : columns)
    if (!flag_at(c.as_object(), "skip") && !names.insert(text_at(c.as_object(), "name")).second)
      return bad("columns.name", fmt::format("有两列都叫“{}”。", text_at(c.as_object(), "name")),
                 fmt::format("Two columns are named “{}”.", text_at(c.as_object(), "name")));
  if (!flag_at(table, "skip") &&
      std::ranges::all_of(columns, [](const json::value& c) { return flag_at(c.as_object(), "skip"); }))
    return bad("columns", "至少要保留一列。", "At least one column must stay.");
  return {};
}

Result<void> correct_table(json::array& tables, json::object& table, const json::object& correction, bool& recount) {
  auto alike = companions(tables, table);
  if (const auto* skip = correction.if_contains("skip")) {
    if (!skip->as_bool() && !table.at("note").is_null() && table.at("columns").as_array().empty())
      return bad("skip", "这张表无法读取，不能发布。", "This table cannot be read and so not be published.");
    table["skip"] = *skip;
  }
  if (const auto* entry = correction.if_contains("dataset")) {
    const auto& changes = entry->as_object();
    // Another code takes this table out of its dataset, or into another.
    if (changes.contains("code")) {
      QS_CHECK(catalog::check_code(text_at(changes, "code")));
      if (text_at(changes, "code") != text_at(table.at("dataset").as_object(), "code")) alike = {&table};
    }
    for (auto* each : alike)
      for (const auto& [key, value] : changes) (*each)["dataset"].as_object()[key] = value;
  }
  const auto* columns = correction.if_contains("columns");
  if (!columns) return {};
  for (const auto& item : columns->as_array()) {
    const auto& change = item.as_object();
    auto position = static_cast<std::size_t>(change.at("position").as_int64());
    if (position >= table.at("columns").as_array().size())
      return bad("columns.position", fmt::format("没有第 {} 列。", position + 1),
                 fmt::format("There is no column {}.", position + 1));
    for (auto* each : alike)
      QS_CHECK(correct_column((*each)["columns"].as_array()[position].as_object(), change, position, each == &table, recount));
  }
  return check_columns(table);
}

}  // namespace

Result<void> apply_corrections(json::array& tables, const json::array& corrections, bool& recount) {
  recount = false;
  for (const auto& item : corrections) {
    const auto& correction = item.as_object();
    auto location = text_at(correction, "location");
    auto* table = find_table(tables, location);
    if (!table)
      return bad("tables", fmt::format("文件里没有“{}”这张表。", location),
                 fmt::format("The file holds no table “{}”.", location));
    QS_CHECK(correct_table(tables, *table, correction, recount));
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
