#include "suggest.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::insight {
namespace {

// What a point is given for; together 100. docs/zh/user.md and docs/en/user.md explain them to people.
constexpr int kCoverage = 35, kCompleteness = 25, kKey = 12, kTheme = 8, kFresh = 10, kFirst = 10;

// How soon a change is in a dataset, by its update cycle, 0 to 1.
double freshness(std::string_view cycle) {
  constexpr std::array<std::pair<std::string_view, double>, 9> kCycles{{{"realtime", 1.0},
                                                                        {"daily", 0.9},
                                                                        {"weekly", 0.75},
                                                                        {"monthly", 0.6},
                                                                        {"quarterly", 0.45},
                                                                        {"half_yearly", 0.3},
                                                                        {"yearly", 0.2},
                                                                        {"irregular", 0.1},
                                                                        {"never", 0.0}}};
  for (const auto& [code, value] : kCycles)
    if (code == cycle) return value;
  return 0;
}

const catalog::Field* field_of(const catalog::Dataset& dataset, std::string_view id) {
  auto found = std::ranges::find(dataset.fields, id, &catalog::Field::id);
  return found == dataset.fields.end() ? nullptr : &*found;
}

// A name without what departments write around it: spaces, a unit in brackets.
std::string plain(std::string_view name) {
  auto cut = std::min(name.find("（"), name.find('('));
  std::string out;
  for (char c : lower_ascii(trim(name.substr(0, std::min(cut, name.size())))))
    if (c != ' ' && c != '_' && c != '-') out += c;
  return out;
}

bool identifies(const Evidence& evidence, const catalog::Dataset& dataset, const std::string& field) {
  auto column = evidence.columns.find({dataset.id, field});
  return column != evidence.columns.end() && column->second.identifies();
}

std::vector<Twin> twins_of(const catalog::Dataset& a, const catalog::Dataset& b, const std::vector<Link>& links) {
  std::vector<Twin> out;
  auto known = [&](std::string_view x, std::string_view y) {
    return std::ranges::any_of(out, [&](const Twin& t) { return t.field_a == x || t.field_b == y; });
  };
  for (const auto& link : links)
    if (!known(link.field_a, link.field_b)) out.push_back({.field_a = link.field_a, .field_b = link.field_b, .by_value = true});
  for (const auto& x : a.fields)
    for (const auto& y : b.fields)
      if (plain(x.name) == plain(y.name) && !known(x.id, y.id)) out.push_back({.field_a = x.id, .field_b = y.id});
  return out;
}

double completeness(const Evidence& evidence, const std::string& dataset, const std::vector<Twin>& twins, bool first) {
  double sum = 0;
  int count = 0;
  for (const auto& twin : twins) {
    auto column = evidence.columns.find({dataset, first ? twin.field_a : twin.field_b});
    if (column == evidence.columns.end() || column->second.rows == 0) continue;
    sum += static_cast<double>(column->second.values) / static_cast<double>(column->second.rows);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

int points(int most, double share) {
  return static_cast<int>(std::lround(most * std::clamp(share, 0.0, 1.0)));
}

struct Claim {
  double coverage = 0, completeness = 0;
  std::string field;   // of the best link
  bool first = false;  // collected before the other
};

Side side_of(const catalog::Dataset& dataset, const Claim& claim) {
  Side side{.dataset = dataset, .coverage = claim.coverage, .completeness = claim.completeness};
  auto give = [&](int given, std::string zh, std::string en) {
    side.score += given;
    if (given > 0) side.reasons.push_back({fmt::format("{}（{} 分）", zh, given), fmt::format("{} ({} points)", en, given)});
  };
  give(points(kCoverage, claim.coverage), fmt::format("覆盖对方 {:.0f}% 的取值", claim.coverage * 100),
       fmt::format("has {:.0f} % of the other's values", claim.coverage * 100));
  give(points(kCompleteness, claim.completeness), fmt::format("共有信息项平均填写 {:.0f}%", claim.completeness * 100),
       fmt::format("shared fields are {:.0f} % filled", claim.completeness * 100));
  const auto* field = field_of(dataset, claim.field);
  if (field != nullptr && field->key)
    give(kKey, fmt::format("“{}”是它的主键", field->name), fmt::format("“{}” is its declared key", field->name));
  for (const char* word : {"基础", "人口", "法人", "登记"})
    if (dataset.theme.contains(word)) {
      give(kTheme, "按分类由它登记（" + dataset.theme + "）",
           "its classification makes it the register (" + dataset.theme + ")");
      break;
    }
  give(points(kFresh, freshness(dataset.update_cycle)), "更新周期较短", "short update cycle");
  if (claim.first) give(kFirst, "采集在先", "collected first");
  return side;
}

json::object to_json(const Side& side, const Suggestion& s, Lang lang) {
  json::array reasons;
  for (const auto& reason : side.reasons) reasons.emplace_back(reason.in(lang));
  return {{"id", side.dataset.id},
          {"code", side.dataset.code},
          {"title", side.dataset.title},
          {"department_name", side.dataset.department_name},
          {"rows", side.dataset.rows},
          {"update_cycle", side.dataset.update_cycle},
          {"coverage", side.coverage},
          {"completeness", side.completeness},
          {"score", side.score},
          {"reasons", std::move(reasons)},
          {"proposed", s.proposed_id == side.dataset.id}};
}

json::object field_json(const catalog::Dataset& dataset, const std::string& id) {
  const auto* field = field_of(dataset, id);
  return {{"id", id}, {"name", field == nullptr ? id : field->name}, {"key", field != nullptr && field->key}};
}

json::object to_json(const Suggestion& s, Lang lang) {
  json::array links, twins;
  for (const auto& link : s.links) {
    auto out = to_json(link);
    out["a"] = field_json(s.a.dataset, link.field_a);
    out["b"] = field_json(s.b.dataset, link.field_b);
    links.emplace_back(std::move(out));
  }
  for (const auto& twin : s.twins)
    twins.emplace_back(json::object{{"a", field_json(s.a.dataset, twin.field_a)},
                                    {"b", field_json(s.b.dataset, twin.field_b)},
                                    {"by_value", twin.by_value}});
  json::value decision;
  if (s.decision)
    decision = json::object{{"state", s.decision->state},
                            {"source_id", s.decision->source_id},
                            {"note", s.decision->note},
                            {"person_name", s.decision->person_name},
                            {"at", to_iso(s.decision->at)}};
  return {{"kind", s.kind == Kind::same ? "same" : "refers"},
          {"a", to_json(s.a, s, lang)},
          {"b", to_json(s.b, s, lang)},
          {"links", std::move(links)},
          {"twins", std::move(twins)},
          {"decision", std::move(decision)}};
}

}  // namespace

Suggestion suggest(const catalog::Dataset& a, const catalog::Dataset& b, std::vector<Link> links, const Evidence& evidence) {
  // A link between columns that name rows on both sides says more than one that overlaps by chance of a common code list.
  auto rank = [&](const Link& link) {
    return (identifies(evidence, a, link.field_a) ? 1 : 0) + (identifies(evidence, b, link.field_b) ? 1 : 0) +
           std::max(link.a_in_b, link.b_in_a);
  };
  std::ranges::sort(links, {}, [&](const Link& link) { return std::tuple(-rank(link), link.field_a, link.field_b); });
  Suggestion out;
  const auto& best = links.front();
  out.kind = identifies(evidence, a, best.field_a) && identifies(evidence, b, best.field_b) ? Kind::same : Kind::refers;
  out.twins = twins_of(a, b, links);
  bool a_first = a.created <= b.created;
  out.a = side_of(a, {.coverage = best.b_in_a,
                      .completeness = completeness(evidence, a.id, out.twins, true),
                      .field = best.field_a,
                      .first = a_first});
  out.b = side_of(b, {.coverage = best.a_in_b,
                      .completeness = completeness(evidence, b.id, out.twins, false),
                      .field = best.field_b,
                      .first = !a_first});
  out.proposed_id = out.a.score >= out.b.score ? a.id : b.id;
  // What only refers to things is not where they are recorded.
  if (out.kind == Kind::refers) {
    auto a_names = identifies(evidence, a, best.field_a), b_names = identifies(evidence, b, best.field_b);
    if (a_names != b_names) out.proposed_id = a_names ? a.id : b.id;
  }
  out.links = std::move(links);
  if (auto decided = evidence.decisions.find({a.id, b.id}); decided != evidence.decisions.end()) out.decision = decided->second;
  return out;
}

json::object to_json(const Link& link) {
  return {{"a_in_b", link.a_in_b}, {"b_in_a", link.b_in_a}, {"error", link.error}, {"exact", link.exact}};
}

json::object to_json(const Overview& overview, Lang lang) {
  json::array suggestions;
  for (const auto& s : overview.suggestions) suggestions.emplace_back(to_json(s, lang));
  return {{"suggestions", std::move(suggestions)}, {"datasets", overview.datasets}, {"unsketched", overview.unsketched}};
}

}  // namespace qushu::insight
