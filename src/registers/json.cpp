#include "qushu/base/json.h"

#include "loaded.h"
#include "values.h"

namespace qushu::registers {
namespace {

json::array strings(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& one : list) out.emplace_back(one);
  return out;
}

json::object field_json(const Field& f, Lang lang) {
  json::object out{{"name", f.name},
                   {"label", f.label.in(lang)},
                   {"help", f.help.in(lang)},
                   {"type", name(f.kind)},
                   {"required", f.required},
                   {"unique", f.unique},
                   {"retired", f.retired},
                   {"unit", f.kind == Kind::money || f.as_money ? (lang == Lang::zh ? "元" : "yuan") : f.unit.in(lang)},
                   {"decimals", decimals_of(f)},
                   {"money", f.kind == Kind::money || f.as_money},
                   {"max_length", f.max_length},
                   {"target", f.target},
                   {"formula", f.formula},
                   {"initial", f.initial},
                   {"level", f.level}};
  json::array choices;
  for (const auto& c : f.choices)
    choices.push_back(json::object{{"code", c.code}, {"label", c.label.in(lang)}, {"retired", c.retired}});
  out["choices"] = std::move(choices);
  return out;
}

}  // namespace

json::object to_json(const Definition& d, Lang lang) {
  json::array fields, states, transitions, views, form, print;
  for (const auto& f : d.fields)
    if (!f.retired) fields.push_back(field_json(f, lang));
  for (const auto& s : d.states)
    states.push_back(json::object{
        {"name", s.name}, {"label", s.label.in(lang)}, {"final", s.final}, {"locked", s.locked}, {"deadline", s.deadline}});
  for (const auto& t : d.transitions)
    transitions.push_back(json::object{{"name", t.name},
                                       {"label", t.label.in(lang)},
                                       {"from", strings(t.from)},
                                       {"to", t.to},
                                       {"require", strings(t.require)},
                                       {"comment", t.comment},
                                       {"danger", t.danger}});
  for (const auto& v : d.views)
    views.push_back(json::object{{"name", v.name},
                                 {"label", v.label.in(lang)},
                                 {"columns", strings(v.columns)},
                                 {"sort", v.sort},
                                 {"descending", v.descending}});
  for (const auto& s : d.form) form.push_back(json::object{{"label", s.label.in(lang)}, {"fields", strings(s.fields)}});
  for (const auto& one : d.print) print.push_back(json::object{{"name", one.name}, {"label", one.label.in(lang)}});
  json::array system;
  for (const auto& c : system_columns()) system.push_back(json::object{{"name", c.name}, {"label", c.label.in(lang)}});
  return {{"code", d.code},
          {"name", d.name.in(lang)},
          {"description", d.description.in(lang)},
          {"group", d.group.in(lang)},
          {"number", d.number},
          {"title", d.title},
          {"fields", std::move(fields)},
          {"states", std::move(states)},
          {"transitions", std::move(transitions)},
          {"views", std::move(views)},
          {"form", std::move(form)},
          {"print", std::move(print)},
          {"system", std::move(system)}};
}

json::object to_json(const Plan& plan, Lang lang) {
  json::array steps;
  for (const auto& s : plan.steps)
    steps.push_back(json::object{
        {"kind", s.kind}, {"field", s.field}, {"text", s.text.in(lang)}, {"records", s.records}, {"blocked", s.blocked}});
  return {{"code", plan.code},           {"name", plan.name.in(lang)}, {"version", plan.version},
          {"unchanged", plan.unchanged}, {"blocked", plan.blocked()},  {"steps", std::move(steps)}};
}

json::object to_json(const Change& c) {
  return {{"id", c.id},
          {"revision", c.revision},
          {"at", to_iso(c.at)},
          {"person_id", c.person_id},
          {"person_name", c.person_name},
          {"action", c.action},
          {"transition", c.transition},
          {"from_state", c.from_state},
          {"to_state", c.to_state},
          {"comment", c.comment},
          {"differences", c.differences}};
}

json::object Registers::to_json(const Definition& d, const Record& r) const {
  json::object values;
  for (const auto& field : d.fields) {
    auto found = r.cells.find(field.name);
    if (!field.retired && found != r.cells.end()) values[field.name] = json_of(field, found->second);
  }
  const auto* title = values.if_contains(d.title);
  json::object out{{"id", r.id},
                   {"number", r.number},
                   {"title", title != nullptr && title->is_string() ? *title : json::value(r.number)},
                   {"state", r.state},
                   {"revision", r.revision},
                   {"department_id", r.department_id},
                   {"department_name", r.department_name},
                   {"created_by", r.created_by},
                   {"created_by_name", r.created_by_name},
                   {"changed_by_name", r.changed_by_name},
                   {"created", to_iso(r.created)},
                   {"changed", to_iso(r.changed)},
                   {"since", to_iso(r.since)},
                   {"due", time_or_null(r.due)},
                   {"late", r.due && *r.due < deps_.clock.now()},
                   {"values", std::move(values)}};
  return out;
}

}  // namespace qushu::registers
