#include "qushu/base/json.h"
#include "qushu/budget/budgets.h"

namespace qushu::budget {
namespace {

json::object to_json(const BudgetVersion& v, Lang lang) {
  return {{"version", v.number},    {"state", name(v.state)},       {"state_name", title(v.state).in(lang)},
          {"revision", v.revision}, {"reason", v.reason},           {"adjusted_on", v.adjusted_on},
          {"comment", v.comment},   {"changed", to_iso(v.changed)}, {"changed_by", v.changed_by},
          {"income", v.income},     {"expenditure", v.expenditure}};
}

json::value or_null(const std::optional<std::int64_t>& n) {
  return n ? json::value(*n) : json::value(nullptr);
}

}  // namespace

json::object to_json(const Budget& b, Lang lang) {
  json::array versions;
  for (const auto& v : b.versions) versions.emplace_back(to_json(v, lang));
  return {{"id", b.id},
          {"department_id", b.department_id},
          {"department", b.department_code},
          {"department_name", b.department_name},
          {"year", b.year},
          {"versions", std::move(versions)}};
}

json::object to_json(const Discrepancy& d, Lang lang) {
  json::array others;
  for (const auto& o : d.others) others.emplace_back(o);
  return {{"identity", d.identity},
          {"severity", d.error ? "error" : "warning"},
          {"message", d.message.in(lang)},
          {"place", d.place},
          {"others", std::move(others)},
          {"expected", d.expected},
          {"found", d.found},
          {"difference", d.found - d.expected},
          {"key", d.key()}};
}

json::object to_json(const Detail& d, Lang lang) {
  json::array findings, spent, execution;
  for (const auto& f : d.findings) {
    auto one = to_json(f.discrepancy, lang);
    one["explanation"] = f.explanation;
    findings.emplace_back(std::move(one));
  }
  for (const auto& s : d.spent)
    spent.emplace_back(json::object{{"month", s.month},
                                    {"subject", s.subject},
                                    {"amount", s.amount},
                                    {"changed_by", s.changed_by},
                                    {"explanation", s.explanation}});
  for (const auto& e : d.execution)
    execution.emplace_back(
        json::object{{"subject", e.subject}, {"name", e.name}, {"budget", e.budget}, {"spent", e.spent}, {"light", e.light}});
  auto out = to_json(d.budget, lang);
  out["version"] = to_json(d.version, lang);
  out["content"] = to_json(d.content);
  out["findings"] = std::move(findings);
  out["spent"] = std::move(spent);
  out["execution"] = std::move(execution);
  out["month"] = d.month;
  out["may"] = json::object{{"edit", d.may_edit},       {"submit", d.may_submit}, {"decide", d.may_decide},
                            {"publish", d.may_publish}, {"adjust", d.may_adjust}, {"spend", d.may_spend}};
  return out;
}

json::object to_json(const Comparison& c, Lang lang) {
  json::array lines;
  for (const auto& l : c.lines)
    lines.emplace_back(json::object{{"section", l.section},
                                    {"name", l.name.in(lang)},
                                    {"before", or_null(l.before)},
                                    {"now", or_null(l.now)},
                                    {"difference", l.now.value_or(0) - l.before.value_or(0)},
                                    {"percent", or_null(l.percent)}});
  return {{"year_before", c.year_before},
          {"version_before", c.version_before},
          {"year_now", c.year_now},
          {"version_now", c.version_now},
          {"lines", std::move(lines)}};
}

}  // namespace qushu::budget
