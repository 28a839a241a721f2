#include "rows.h"

namespace qushu::indicators {
namespace {

Text light_name(const Value& v) {
  if (v.state == "failed") return {"计算失败", "Failed"};
  switch (v.light) {
    case Light::none:
      return {"无证据", "No evidence"};
    case Light::green:
      return {"达标", "On target"};
    case Light::on_track:
      return {"进度正常", "On track"};
    case Light::yellow:
      return {"预警", "Drifting"};
    case Light::red:
      return {"偏离", "Off target"};
  }
  return {};
}

}  // namespace

json::object to_json(const Value& v, Lang lang) {
  bool figure = v.state == "value";
  return {{"period", v.period},
          {"first_day", v.first_day},
          {"state", v.state},
          {"value", figure ? json::value(v.value.text()) : json::value(nullptr)},
          {"number", figure ? json::value(v.value.number()) : json::value(nullptr)},
          {"numerator", figure ? json::value(v.value.n) : json::value(nullptr)},
          {"denominator", figure ? json::value(v.value.d) : json::value(nullptr)},
          {"score", figure ? json::value(hundredths_text(v.score)) : json::value(nullptr)},
          {"light", name(v.light)},
          {"light_name", light_name(v).in(lang)},
          {"target", v.target.text()},
          {"weight", hundredths_text(v.weight)},
          {"rows", v.rows},
          {"version", v.version},
          {"final", v.final},
          {"computed", to_iso(v.computed)},
          {"error", v.error.in(lang)}};
}

json::object to_json(const Standing& s, Lang lang) {
  const auto& i = s.indicator;
  const auto& d = i.definition;
  json::array values;
  for (const auto& v : s.values) values.push_back(to_json(v, lang));
  return {{"code", d.code},
          {"name", d.name.in(lang)},
          {"description", d.description.in(lang)},
          {"group", d.group.in(lang)},
          {"level", d.level},
          {"level_name", level_name(d.level).in(lang)},
          {"unit", d.unit.in(lang)},
          {"direction", name(d.direction)},
          {"target", d.target.text()},
          {"target_number", d.target.number()},
          {"weight", hundredths_text(d.weight)},
          {"period", name(d.period)},
          {"grows", d.grows},
          {"retired", d.retired},
          {"rows_sql", d.evidence.rows},
          {"value_sql", d.evidence.value.empty() ? "(" + d.evidence.part + ") ÷ (" + d.evidence.whole + ")" : d.evidence.value},
          {"version", i.version},
          {"origin", i.origin},
          {"changed", to_iso(i.changed)},
          {"changed_by", i.changed_by},
          {"owner_id", i.owner_id},
          {"owner_name", i.owner_name},
          {"department_name", i.department_name},
          {"values", std::move(values)}};
}

json::object to_json(const Trial& t, Lang lang) {
  json::array columns;
  for (const auto& c : t.columns) columns.emplace_back(c);
  return {{"code", t.code},
          {"name", t.name.in(lang)},
          {"version", t.version},
          {"unchanged", t.unchanged},
          {"mistakes", to_json(t.mistakes, lang)},
          {"value", t.value ? json::value(to_json(*t.value, lang)) : json::value(nullptr)},
          {"columns", std::move(columns)}};
}

json::object to_json(const EvidenceRows& e, Lang lang) {
  json::array columns, labels, rows;
  for (const auto& label : e.labels) labels.emplace_back(label.in(lang));
  for (const auto& c : e.columns) columns.emplace_back(c);
  for (const auto& r : e.rows)
    rows.push_back(json::object{
        {"register", r.register_code}, {"record", r.record}, {"cells", json::array(r.cells.begin(), r.cells.end())}});
  return {{"period", e.period},
          {"rows_sql", e.rows_sql},
          {"value_sql", e.value_sql},
          {"columns", std::move(columns)},
          {"labels", std::move(labels)},
          {"rows", std::move(rows)},
          {"total", e.total},
          {"kept", e.kept},
          {"hidden", e.hidden},
          {"computed", to_iso(e.computed)}};
}

}  // namespace qushu::indicators
