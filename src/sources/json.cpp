#include "qushu/sources/sources.h"

namespace qushu::sources {

json::object to_json(const Source& s, Lang lang) {
  json::object out{{"id", s.id},
                   {"code", s.code},
                   {"name", s.name},
                   {"kind", name(s.kind)},
                   {"kind_name", title(s.kind).in(lang)},
                   {"department_id", s.department_id},
                   {"settings", s.settings},
                   {"secrets", json::array(s.secrets.begin(), s.secrets.end())},
                   {"parallel", s.parallel},
                   {"state", s.state},
                   {"version", s.version},
                   {"error", nullptr},
                   {"checked", nullptr},
                   {"person_name", s.person_name},
                   {"created", to_iso(s.created)},
                   {"changed", to_iso(s.changed)}};
  if (s.error) out["error"] = s.error->in(lang);
  if (s.checked) out["checked"] = to_iso(*s.checked);
  return out;
}

json::object to_json(const Checked& c, Lang lang) {
  json::array warnings;
  for (const auto& w : c.warnings) warnings.emplace_back(w.in(lang));
  return {{"version", c.version}, {"micros", c.micros}, {"host_key", c.host_key}, {"warnings", std::move(warnings)}};
}

json::object to_json(const Offer& o) {
  json::object out{{"schema", o.schema}, {"name", o.name},  {"kind", o.kind},
                   {"rows", nullptr},    {"size", nullptr}, {"modified", nullptr}};
  if (o.rows) out["rows"] = *o.rows;
  if (o.size) out["size"] = *o.size;
  if (o.modified) out["modified"] = to_iso(*o.modified);
  return out;
}

json::object to_json(const Preview& p, Lang lang) {
  json::array columns, rows;
  for (const auto& c : p.columns)
    columns.emplace_back(json::object{{"name", c.source_name},
                                      {"type", engine::name(c.column.type)},
                                      {"width", c.column.width},
                                      {"scale", c.column.scale},
                                      {"source_type", c.source_type},
                                      {"nullable", c.nullable},
                                      {"note", c.note.in(lang)}});
  for (const auto& row : p.rows) {
    json::array cells;
    for (const auto& cell : row) cells.emplace_back(cell ? json::value(*cell) : json::value(nullptr));
    rows.emplace_back(std::move(cells));
  }
  return {{"columns", std::move(columns)}, {"rows", std::move(rows)}, {"file", p.file}};
}

}  // namespace qushu::sources
