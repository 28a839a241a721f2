#include <fmt/format.h>

#include "stored.h"

namespace qushu::evaluation {
namespace {

std::string percent(std::int64_t hundredths) {
  return indicators::hundredths_text(hundredths);
}

json::object head(const Evaluation& e, Lang lang) {
  json::array versions;
  for (const auto& v : e.versions)
    versions.emplace_back(json::object{{"version", v.number},
                                       {"state", name(v.state)},
                                       {"state_name", title(v.state).in(lang)},
                                       {"revision", v.revision},
                                       {"reason", v.reason},
                                       {"comment", v.comment},
                                       {"changed", to_iso(v.changed)},
                                       {"changed_by", v.changed_by},
                                       {"drawn", to_iso(v.drawn)},
                                       {"budget_version", v.budget_version}});
  return {{"id", e.id},
          {"title", title_of(e).in(lang)},
          {"budget_id", e.budget_id},
          {"department_id", e.department_id},
          {"department", e.department_code},
          {"department_name", e.department_name},
          {"year", e.year},
          {"project", e.project},
          {"project_name", e.project_name},
          {"versions", std::move(versions)}};
}

void put_total(json::object& out, const Total& total, Lang lang) {
  out["score"] = percent(total.score);
  out["complete"] = total.complete;
  out["grade"] = total.grade;
  out["grade_name"] = grade_name(total.grade).in(lang);
}

json::object item_json(const Item& i, const std::vector<File>& files, Lang lang) {
  json::array attached;
  for (const auto& f : files)
    if (f.item == i.id)
      attached.emplace_back(json::object{{"id", f.id},
                                         {"name", f.name},
                                         {"size", f.size},
                                         {"sha256", f.blob},
                                         {"person_name", f.person_name},
                                         {"at", to_iso(f.at)}});
  auto actual = i.actual();
  auto score = i.score();
  return {{"id", i.id},
          {"level", i.level},
          {"group", group_of(i.level)},
          {"group_name", group_name(group_of(i.level)).in(lang)},
          {"level_name", second_name(i.level).in(lang)},
          {"name", i.name},
          {"target", i.target},
          {"unit", i.unit},
          {"direction", indicators::name(i.direction)},
          {"weight", percent(i.weight)},
          {"indicator", i.indicator},
          {"drawn", name(i.drawn)},
          {"rows", i.rows},
          {"error", i.error.in(lang)},
          {"actual", actual ? json::value(actual->text()) : json::value(nullptr)},
          {"score", score ? json::value(percent(*score)) : json::value(nullptr)},
          {"hand", i.hand},
          {"hand_reason", i.hand_reason},
          {"cause", i.cause},
          {"remedy", i.remedy},
          {"files", std::move(attached)}};
}

json::object line_json(const MonitoredLine& l, Lang lang) {
  json::array goals;
  for (const auto& g : l.goals)
    goals.emplace_back(json::object{{"level", g.goal.level},
                                    {"level_name", second_name(g.goal.level).in(lang)},
                                    {"name", g.goal.name},
                                    {"target", g.goal.value},
                                    {"unit", g.goal.unit},
                                    {"indicator", g.goal.indicator},
                                    {"state", g.state},
                                    {"period", g.period},
                                    {"value", g.value.empty() ? json::value(nullptr) : json::value(g.value)},
                                    {"value_unit", g.unit.in(lang)},
                                    {"light", indicators::name(g.light)}});
  return {{"subject", l.subject}, {"name", l.name},          {"budget", l.budget},      {"spent", l.spent},
          {"light", l.light},     {"rate", percent(l.rate)}, {"pace", percent(l.pace)}, {"goals", std::move(goals)}};
}

Failure wrong(const std::string& place, std::string_view zh, std::string_view en) {
  return fail(Error{.code = Code::invalid,
                    .id = "evaluation.edit",
                    .text = {fmt::format("{}：{}", place, zh), fmt::format("{}: {}", place, en)},
                    .subject = place});
}

// Takes the texts that are there, by name; whatever else there is, is wrong.
using Texts = std::map<std::string_view, std::optional<std::string>*>;
Result<void> take_texts(const json::object& from, const std::string& at, const Texts& into) {
  for (const auto& [name, value] : from) {
    auto found = into.find(name);
    if (found == into.end()) {
      if (name == "items" && at.empty()) continue;
      return wrong(at + std::string(name), "不认识这一项。", "it is not known.");
    }
    if (!value.is_string()) return wrong(at + std::string(name), "应为文字。", "a text was expected.");
    *found->second = std::string(value.as_string());
  }
  return {};
}

Result<ItemEdit> item_edit_of(const json::value& value, std::size_t i) {
  auto at = fmt::format("items[{}].", i);
  const auto* object = value.if_object();
  if (object == nullptr) return wrong(fmt::format("items[{}]", i), "应为对象。", "an object was expected.");
  ItemEdit out;
  std::optional<std::string> id, direction, weight;
  QS_CHECK(take_texts(*object, at,
                      {{"id", &id},
                       {"direction", &direction},
                       {"weight", &weight},
                       {"indicator", &out.indicator},
                       {"hand", &out.hand},
                       {"hand_reason", &out.hand_reason},
                       {"cause", &out.cause},
                       {"remedy", &out.remedy}}));
  if (!id) return wrong(at + "id", "请写明指标的标识。", "the item's id is needed.");
  out.id = *id;
  if (weight) {
    out.weight = budget::exact_of(*weight, 2);
    if (!out.weight)
      return wrong(at + "weight", "分值“" + *weight + "”应为数，最多两位小数。",
                   "the weight “" + *weight + "” is no number with two decimals at most.");
  }
  if (direction) {
    out.direction = Direction::higher;
    if (!indicators::parse(*direction, *out.direction))
      return wrong(at + "direction", "应为 higher、lower 或 qualitative。", "higher, lower or qualitative was expected.");
  }
  return out;
}

}  // namespace

Result<Edit> edit_of(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return wrong("form", "应为对象。", "an object was expected.");
  Edit out;
  QS_CHECK(take_texts(*object, "",
                      {{"reached", &out.reached}, {"funds_cause", &out.funds_cause}, {"funds_remedy", &out.funds_remedy}}));
  const auto* items = object->if_contains("items");
  if (items == nullptr) return out;
  if (!items->is_array()) return wrong("items", "应为列表。", "a list was expected.");
  for (std::size_t i = 0; i < items->as_array().size(); ++i) {
    QS_TRY(auto one, item_edit_of(items->as_array()[i], i));
    out.items.push_back(std::move(one));
  }
  return out;
}

json::object to_json(const Listed& l, Lang lang) {
  auto out = head(l.evaluation, lang);
  put_total(out, l.total, lang);
  return out;
}

json::object to_json(const Detail& d, Lang lang) {
  auto out = head(d.evaluation, lang);
  auto total = total_of(d.form);
  put_total(out, total, lang);
  for (auto& v : out["versions"].as_array())
    if (v.at("version").to_number<std::int64_t>() == d.version.number) out["version"] = v;
  json::array items, problems;
  for (const auto& i : d.form.items) items.emplace_back(item_json(i, d.files, lang));
  for (const auto& p : d.problems) problems.emplace_back(json::object{{"place", p.place}, {"text", p.text.in(lang)}});
  out["form"] = json::object{{"initial", d.form.funds.initial},
                             {"adjusted", d.form.funds.adjusted},
                             {"spent", d.form.funds.spent},
                             {"rate", percent(execution_rate(d.form.funds))},
                             {"execution_weight", percent(kExecutionWeight)},
                             {"execution_score", percent(execution_score(d.form.funds))},
                             {"funds_cause", d.form.funds_cause},
                             {"funds_remedy", d.form.funds_remedy},
                             {"expected", d.form.expected},
                             {"reached", d.form.reached},
                             {"items", std::move(items)}};
  out["problems"] = std::move(problems);
  out["may"] = json::object{{"edit", d.may_edit}, {"decide", d.may_decide}, {"revise", d.may_revise}};
  return out;
}

json::object to_json(const Monitored& m, Lang lang) {
  json::array lines;
  for (const auto& l : m.lines) lines.emplace_back(line_json(l, lang));
  auto whole = line_json(m.whole, lang);
  if (lang == Lang::en) whole["name"] = "The unit as a whole";
  return {{"budget_id", m.budget.id},
          {"department", m.budget.department_code},
          {"department_name", m.budget.department_name},
          {"year", m.budget.year},
          {"version", m.version},
          {"month", m.month},
          {"whole", std::move(whole)},
          {"lines", std::move(lines)}};
}

json::object to_json(const Verified& v, Lang) {
  json::array files;
  for (const auto& f : v.files)
    files.emplace_back(json::object{{"path", f.path}, {"state", f.state}, {"expected", f.expected}, {"found", f.found}});
  return {{"good", v.good()},
          {"same", v.same},
          {"entry", v.entry},
          {"at", v.entry == 0 ? json::value(nullptr) : json::value(to_iso(v.at))},
          {"person_name", v.person_name},
          {"object_name", v.object_name},
          {"sha256", v.sha256},
          {"expected", v.expected},
          {"files", std::move(files)}};
}

}  // namespace qushu::evaluation
