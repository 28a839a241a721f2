// Rules and checks between values, rows of the store and JSON.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "stored.h"
#include "words.h"

namespace qushu::quality {
namespace {

json::value parsed(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(nullptr) : value;
}

json::value number_or_null(const std::optional<double>& n) {
  return n ? json::value(*n) : json::value(nullptr);
}

std::optional<double> opt_number(const store::Row& row, std::size_t column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.number(column));
}

std::uint64_t count_at(const json::object& object, std::string_view key) {
  return static_cast<std::uint64_t>(whole_at(object, key, 0));
}

}  // namespace

Rule rule_of(const store::Row& row) {
  Rule rule{.id = row.text(0), .dataset_id = row.text(1)};
  (void)parse(row.text(2), rule.kind);
  (void)parse(row.text(3), rule.severity);
  auto fields = parsed(row.text(4)), params = parsed(row.text(5));
  if (fields.is_array())
    for (const auto& field : fields.get_array()) rule.fields.emplace_back(field.as_string());
  if (params.is_object()) rule.params = std::move(params.get_object());
  rule.note = row.text(6);
  rule.enabled = row.boolean(7);
  rule.person_id = row.text(8);
  rule.person_name = row.text(9);
  rule.created = row.time(10);
  rule.changed = row.time(11);
  return rule;
}

std::string outcomes_text(const std::vector<Outcome>& outcomes) {
  json::array out;
  for (const auto& o : outcomes) {
    json::array examples;
    for (const auto& e : o.examples)
      examples.push_back(json::object{{"id", e.id}, {"key", e.key}, {"field", e.field}, {"value", e.value}});
    out.push_back(json::object{{"id", o.rule.id},
                               {"kind", name(o.rule.kind)},
                               {"severity", name(o.rule.severity)},
                               {"fields", json::array(o.rule.fields.begin(), o.rule.fields.end())},
                               {"params", o.rule.params},
                               {"note", o.rule.note},
                               {"checked", o.checked},
                               {"failed", o.failed},
                               {"rejected", o.rejected},
                               {"found_zh", o.note.zh},
                               {"found_en", o.note.en},
                               {"examples", std::move(examples)}});
  }
  return json::serialize(out);
}

std::vector<Outcome> outcomes_of(std::string_view text, std::string_view dataset_id) {
  std::vector<Outcome> outcomes;
  auto value = parsed(text);
  if (!value.is_array()) return outcomes;
  for (const auto& item : value.get_array()) {
    const auto& o = item.as_object();
    Outcome outcome;
    outcome.rule.id = text_at(o, "id");
    outcome.rule.dataset_id = dataset_id;
    (void)parse(text_at(o, "kind"), outcome.rule.kind);
    (void)parse(text_at(o, "severity"), outcome.rule.severity);
    for (const auto& field : o.at("fields").as_array()) outcome.rule.fields.emplace_back(field.as_string());
    outcome.rule.params = o.at("params").as_object();
    outcome.rule.note = text_at(o, "note");
    outcome.checked = count_at(o, "checked");
    outcome.failed = count_at(o, "failed");
    outcome.rejected = count_at(o, "rejected");
    outcome.note = {text_at(o, "found_zh"), text_at(o, "found_en")};
    for (const auto& example : o.at("examples").as_array()) {
      const auto& e = example.as_object();
      outcome.examples.push_back(
          {.id = whole_at(e, "id", 0), .key = text_at(e, "key"), .field = text_at(e, "field"), .value = text_at(e, "value")});
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

Check check_of(const store::Row& row) {
  Check c;
  std::size_t i = 0;
  c.id = row.text(i++);
  c.dataset_id = row.text(i++);
  c.version = row.integer(i++);
  c.trigger = row.text(i++);
  c.stopped = row.boolean(i++);
  c.rows = static_cast<std::uint64_t>(row.integer(i++));
  c.outcomes = outcomes_of(row.text(i++), c.dataset_id);
  c.scores.total = opt_number(row, i++);
  for (auto& dimension : c.scores.dimensions) dimension = opt_number(row, i++);
  c.failures_blob = row.text(i++);
  c.waived_by = row.text(i++);
  c.waiver = row.text(i++);
  c.person_id = row.text(i++);
  c.person_name = row.text(i++);
  c.job_id = row.text(i++);
  c.at = row.time(i++);
  return c;
}

bool Outcome::breached() const {
  if (failed == 0) return false;
  return static_cast<double>(failed) * 100 > number_at(rule.params, "tolerance", 0) * static_cast<double>(checked);
}

json::object to_json(const Scores& scores) {
  json::object out{{"total", number_or_null(scores.total)}};
  for (std::size_t d = 0; d < kDimensions; ++d) out[name(static_cast<Dimension>(d))] = number_or_null(scores.dimensions.at(d));
  return out;
}

json::object to_json(const Check& check, const std::vector<catalog::Field>& fields, Lang lang, bool with_values) {
  json::array outcomes;
  for (const auto& o : check.outcomes) {
    auto out = to_json(o.rule, fields, lang);
    out["checked"] = o.checked;
    out["failed"] = o.failed;
    out["rejected"] = o.rejected;
    out["breached"] = o.breached();
    out["found"] = o.note.in(lang);
    json::array examples;
    if (with_values)
      for (const auto& e : o.examples)
        examples.push_back(json::object{{"id", e.id}, {"key", e.key}, {"field", e.field}, {"value", e.value}});
    out["examples"] = std::move(examples);
    outcomes.push_back(std::move(out));
  }
  return {{"id", check.id},
          {"version", check.version},
          {"trigger", check.trigger},
          {"stopped", check.stopped},
          {"rows", check.rows},
          {"scores", to_json(check.scores)},
          {"has_failures", !check.failures_blob.empty()},
          {"may_see_failures", with_values},
          {"waived_by", check.waived_by},
          {"waiver", check.waiver},
          {"person_name", check.person_name},
          {"job_id", check.job_id},
          {"at", to_iso(check.at)},
          {"outcomes", std::move(outcomes)}};
}

Scores scores_of(const std::vector<Outcome>& outcomes, const std::array<double, kDimensions>& weights) {
  std::array<double, kDimensions> sum{};
  std::array<std::size_t, kDimensions> count{};
  for (const auto& o : outcomes) {
    if (o.checked == 0) continue;  // nothing to judge says nothing
    auto d = static_cast<std::size_t>(dimension_of(o.rule.kind));
    sum.at(d) += 1 - static_cast<double>(std::min(o.failed, o.checked)) / static_cast<double>(o.checked);
    ++count.at(d);
  }
  Scores scores;
  double total = 0, weight = 0;
  for (std::size_t d = 0; d < kDimensions; ++d) {
    if (count.at(d) == 0) continue;
    scores.dimensions.at(d) = 100 * sum.at(d) / static_cast<double>(count.at(d));
    total += weights.at(d) * *scores.dimensions.at(d);
    weight += weights.at(d);
  }
  if (weight > 0) scores.total = total / weight;
  return scores;
}

Result<std::array<double, kDimensions>> parse_weights(std::string_view text) {
  std::array<double, kDimensions> weights{};
  double sum = 0;
  for (auto word : split(text, ' ')) {
    if (word.empty()) continue;
    auto equal = word.find('=');
    auto known = kDimensions;
    for (std::size_t d = 0; d < kDimensions; ++d)
      if (word.substr(0, equal) == name(static_cast<Dimension>(d))) known = d;
    auto value = equal == std::string_view::npos ? std::nullopt : to_int(word.substr(equal + 1));
    if (known == kDimensions || !value || *value < 0 || *value > 1000)
      return fail(Error{.code = Code::invalid,
                        .id = "quality.weights",
                        .text = {fmt::format("权重“{}”应写成 completeness=25 这样，值为 0 到 1000。", word),
                                 fmt::format("Write the weight “{}” like completeness=25, with a value from 0 to 1000.", word)},
                        .subject = "quality.weights"});
    weights.at(known) = static_cast<double>(*value);
    sum += weights.at(known);
  }
  if (sum > 0) return weights;
  return fail(Error{.code = Code::invalid,
                    .id = "quality.weights",
                    .text = {"至少一项权重要大于 0。", "At least one weight must be above 0."},
                    .subject = "quality.weights"});
}

bool may_see_failures(const Actor& actor, const catalog::Dataset& dataset) {
  return actor.can(Permission::dataset_all) || actor.in_department(dataset.department_id) ||
         (!actor.department_id.empty() && actor.department_id == dataset.department_id);
}

}  // namespace qushu::quality
