#include "rows.h"

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"

namespace qushu::catalog {
namespace {

json::value parsed(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(nullptr) : value;
}

std::vector<std::string> texts_of(const json::value& value) {
  std::vector<std::string> out;
  if (value.is_array())
    for (const auto& item : value.as_array())
      if (item.is_string()) out.emplace_back(item.as_string());
  return out;
}

}  // namespace

std::string texts(const std::vector<std::string>& list) {
  return json::serialize(json::array(list.begin(), list.end()));
}

std::string parts_text(const std::vector<Part>& parts) {
  json::array out;
  for (const auto& p : parts) {
    json::object part{{"blob", p.blob}, {"rows", p.rows}, {"bytes", p.bytes}};
    if (p.first_id != 0) part["first_id"] = p.first_id;
    if (!p.columns.empty()) {
      json::array columns;
      for (const auto& c : p.columns) columns.emplace_back(json::array{c.id, engine::name(c.type), c.width, c.scale});
      part["columns"] = std::move(columns);
    }
    out.emplace_back(std::move(part));
  }
  return json::serialize(out);
}

std::string origins_text(const std::vector<Origin>& origins) {
  json::array out;
  for (const auto& o : origins)
    out.emplace_back(
        json::object{{"import_id", o.import_id}, {"file_name", o.file_name}, {"file_blob", o.file_blob}, {"table", o.table}});
  return json::serialize(out);
}

std::string search_text(const Dataset& d) {
  std::string out = d.code + "\n" + d.title + "\n" + d.abstract + "\n" + d.theme + "\n" + join(d.tags, " ");
  for (const auto& field : d.fields) out += "\n" + field.name + " " + field.id;
  return lower_ascii(out);
}

Dataset dataset_of(const store::Row& row) {
  Dataset d;
  std::size_t i = 0;
  d.id = row.text(i++);
  d.code = row.text(i++);
  d.title = row.text(i++);
  d.abstract = row.text(i++);
  d.department_id = row.text(i++);
  d.theme = row.text(i++);
  d.tags = texts_of(parsed(row.text(i++)));
  d.update_cycle = row.text(i++);
  d.sharing_type = row.text(i++);
  d.level = row.text(i++);
  d.state = row.text(i++);
  d.fields = fields_of(parsed(row.text(i++)));
  d.version = row.integer(i++);
  d.rows = static_cast<std::uint64_t>(row.integer(i++));
  d.bytes = static_cast<std::uint64_t>(row.integer(i++));
  d.created_by = row.text(i++);
  d.created = row.time(i++);
  d.changed = row.time(i++);
  d.published = row.opt_time(i++);
  d.entry_state = row.text(i++);
  d.resource_code = row.text(i++);
  d.classifications = texts_of(parsed(row.text(i++)));
  d.format = row.text(i++);
  d.face = row.integer(i++);
  return d;
}

namespace {

std::vector<Part> parts_of(const json::value& value) {
  std::vector<Part> parts;
  if (!value.is_array()) return parts;
  for (const auto& item : value.as_array()) {
    const auto& o = item.as_object();
    Part part{.blob = text_at(o, "blob"),
              .rows = o.at("rows").to_number<std::uint64_t>(),
              .bytes = o.at("bytes").to_number<std::uint64_t>()};
    if (const auto* first = o.if_contains("first_id")) part.first_id = first->to_number<std::int64_t>();
    if (const auto* columns = o.if_contains("columns"))
      for (const auto& c : columns->as_array()) {
        const auto& list = c.as_array();
        PartColumn column{.id = std::string(list.at(0).as_string())};
        if (!engine::parse(std::string_view(list.at(1).as_string()), column.type)) column.type = engine::Type::text;
        column.width = list.at(2).to_number<std::uint8_t>();
        column.scale = list.at(3).to_number<std::uint8_t>();
        part.columns.push_back(std::move(column));
      }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

Version version_of(const store::Row& row) {
  Version v;
  std::size_t i = 0;
  v.dataset_id = row.text(i++);
  v.number = row.integer(i++);
  v.fields = fields_of(parsed(row.text(i++)));
  v.parts = parts_of(parsed(row.text(i++)));
  v.read = static_cast<std::uint64_t>(row.integer(i++));
  v.published = static_cast<std::uint64_t>(row.integer(i++));
  v.rejected = static_cast<std::uint64_t>(row.integer(i++));
  v.rejects_blob = row.text(i++);
  auto profile = parsed(row.text(i++));
  if (profile.is_object()) v.profile = profile.as_object();
  auto origins = parsed(row.text(i++));
  if (origins.is_array())
    for (const auto& item : origins.as_array()) {
      const auto& o = item.as_object();
      v.origins.push_back({.import_id = text_at(o, "import_id"),
                           .file_name = text_at(o, "file_name"),
                           .file_blob = text_at(o, "file_blob"),
                           .table = text_at(o, "table")});
    }
  v.job_id = row.text(i++);
  v.person_id = row.text(i++);
  v.person_name = row.text(i++);
  v.at = row.time(i++);
  v.index_blob = row.text(i++);
  v.deletes = parts_of(parsed(row.text(i++)));
  v.next_id = row.integer(i++);
  v.mode = row.text(i++);
  v.base = row.integer(i++);
  for (auto* count : {&v.added, &v.changed, &v.deleted, &v.unchanged}) *count = static_cast<std::uint64_t>(row.integer(i++));
  v.compacted = row.boolean(i++);
  v.pushed = row.boolean(i++);
  v.gone = parts_of(parsed(row.text(i++)));
  return v;
}

std::string marks(const std::vector<std::string>& values, store::Params& params) {
  std::string out;
  for (const auto& value : values) {
    out += out.empty() ? "?" : ", ?";
    params.emplace_back(value);
  }
  return out;
}

std::string visible_to(const Visibility& who, store::Params& params) {
  if (who.all) return "1 = 1";
  std::string condition = "1 = 0";
  if (!who.departments.empty()) condition += fmt::format(" OR d.department_id IN ({})", marks(who.departments, params));
  auto subjects = who.departments;
  if (!who.person_id.empty()) subjects.push_back(who.person_id);
  if (!subjects.empty())
    condition += fmt::format(" OR EXISTS (SELECT 1 FROM dataset_reader r WHERE r.dataset_id = d.id AND r.subject_id IN ({}))",
                             marks(subjects, params));
  return "(" + condition + ")";
}

}  // namespace qushu::catalog
