#include "qushu/sharing/desk.h"

namespace qushu::sharing {
namespace {

json::array words(const std::vector<catalog::Missing>& missing, Lang lang) {
  json::array out;
  for (const auto& one : missing) out.emplace_back(json::object{{"member", one.member}, {"text", one.text.in(lang)}});
  return out;
}

}  // namespace

json::object to_json(const SheetOutcome& o, Lang lang) {
  json::array taken, errors;
  for (const auto& t : o.taken) taken.emplace_back(json::object{{"title", t.title}, {"code", t.code}, {"added", t.added}});
  for (const auto& e : o.errors)
    errors.emplace_back(json::object{
        {"sheet", e.sheet}, {"row", e.row}, {"column", e.column}, {"value", e.value}, {"expected", e.expected.in(lang)}});
  return {{"id", o.id},
          {"file_name", o.file_name},
          {"person_name", o.person_name},
          {"at", to_iso(o.at)},
          {"taken", std::move(taken)},
          {"refused", o.refused},
          {"errors", std::move(errors)}};
}

json::object to_json(const FieldGrade& g, Lang lang) {
  return {{"id", g.item.id},
          {"name", g.item.name},
          {"level", g.item.level},
          {"level_by", g.item.level_by},
          {"proposed", g.proposal.level},
          {"category", g.proposal.category},
          {"category_name", g.proposal.category_name.in(lang)},
          {"reason", g.proposal.reason.in(lang)},
          {"checked", g.proposal.checked},
          {"matched", g.proposal.matched},
          {"length", g.length}};
}

json::object to_json(const catalog::Waiting& w, Lang) {
  return {{"code", w.dataset.code},
          {"title", w.dataset.title},
          {"department_name", w.dataset.department_name},
          {"level", w.dataset.level},
          {"sharing_type", w.dataset.sharing_type},
          {"resource_code", w.dataset.resource_code},
          {"entry_state", w.dataset.entry_state},
          {"action", w.action},
          {"person_name", w.person_name},
          {"at", to_iso(w.at)},
          {"own", w.own}};
}

json::object to_json(const catalog::Node& n) {
  return {{"id", n.id},
          {"parent_id", n.parent_id},
          {"code", n.code},
          {"name", n.name},
          {"full_code", n.full_code},
          {"path", n.path},
          {"depth", n.depth},
          {"retired", n.retired},
          {"used", n.used},
          {"entries", n.entries},
          {"department_id", n.department_id}};
}

json::object to_json(const catalog::Difference& d, Lang lang) {
  return {{"member", d.member}, {"label", d.label.in(lang)}, {"kind", d.kind}, {"before", d.before}, {"after", d.after}};
}

json::object to_json(const catalog::EntryVersion& v, bool with_entry) {
  json::object out{
      {"number", v.number}, {"kind", v.kind}, {"person_name", v.person_name}, {"comment", v.comment}, {"at", to_iso(v.at)}};
  if (with_entry) out["entry"] = catalog::to_json(v.entry);
  return out;
}

json::object to_json(const Desk& desk, const Actor& actor, const catalog::Standing& s) {
  json::array steps, versions, actions;
  for (const auto& step : s.steps)
    steps.emplace_back(json::object{{"number", step.number},
                                    {"action", step.action},
                                    {"from", step.from},
                                    {"to", step.to},
                                    {"person_name", step.person_name},
                                    {"comment", step.comment},
                                    {"at", to_iso(step.at)}});
  for (const auto& version : s.versions) versions.emplace_back(to_json(version, false));
  for (const auto& one : desk.possible(actor, s))
    actions.emplace_back(json::object{{"action", one.action},
                                      {"name", one.name.in(actor.lang)},
                                      {"review", one.review},
                                      {"needs_comment", one.needs_comment}});
  return {{"code", s.dataset.code},
          {"state", s.dataset.entry_state},
          {"resource_code", s.dataset.resource_code},
          {"published_version", s.dataset.face},
          {"entry", catalog::to_json(s.entry)},
          {"submitted", s.submitted ? json::value(catalog::to_json(*s.submitted)) : json::value(nullptr)},
          {"missing", words(s.missing, actor.lang)},
          {"actions", std::move(actions)},
          {"steps", std::move(steps)},
          {"versions", std::move(versions)},
          {"may_write", check_steward(actor, s.dataset).has_value()},
          {"may_review", actor.can(Permission::catalog_review)}};
}

}  // namespace qushu::sharing
