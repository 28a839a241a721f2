// Privacy assessments as the API asks for them.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/insight/insight.h"

namespace qushu::insight {
namespace {

constexpr std::size_t kFields = 20;  // of one assessment

Result<catalog::Field> field_of(const sharing::Shown& shown, std::string_view word, std::string subject) {
  for (const auto& field : shown.fields)
    if (field.id == word || field.name == word) return field;
  return fail(Error{.code = Code::invalid,
                    .id = "privacy.field",
                    .text = {fmt::format("“{}”没有信息项“{}”。", shown.dataset.title, word),
                             fmt::format("“{}” has no field “{}”.", shown.dataset.title, word)},
                    .subject = std::move(subject)});
}

std::string_view text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

bool flag_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::uint64_t number_at(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const auto* value = object.if_contains(key);
  return static_cast<std::uint64_t>(value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : otherwise);
}

Result<ChosenField> chosen_of(const sharing::Shown& shown, const json::object& entry, std::size_t at) {
  auto subject = fmt::format("fields[{}]", at);
  ChosenField chosen;
  QS_TRY(chosen.field, field_of(shown, text_at(entry, "id"), subject + ".id"));
  if (auto word = text_at(entry, "coarsening"); !word.empty() && !parse(word, chosen.coarsening))
    return fail(Error{.code = Code::invalid,
                      .id = "privacy.coarsening",
                      .text = {"泛化方式只能是 none、prefix、month、year、decade、range 或 suppress。",
                               "A coarsening is none, prefix, month, year, decade, range or suppress."},
                      .subject = subject + ".coarsening"});
  if (const auto* parameter = entry.if_contains("parameter"); parameter != nullptr && parameter->is_number())
    chosen.parameter = parameter->to_number<double>();
  return chosen;
}

Result<Question> question_of(const sharing::Shown& shown, const json::object& request, const Settings& settings) {
  Question out;
  const auto& fields = request.at("fields").as_array();
  if (fields.size() > kFields)
    return fail(
        Error{.code = Code::invalid,
              .id = "privacy.fields",
              .text = {fmt::format("一次最多评估 {} 个信息项。", kFields), fmt::format("At most {} fields at once.", kFields)},
              .subject = "fields"});
  for (std::size_t i = 0; i < fields.size(); ++i) {
    QS_TRY(auto chosen, chosen_of(shown, fields[i].as_object(), i));
    if (std::ranges::any_of(out.fields, [&](const ChosenField& c) { return c.field.id == chosen.field.id; }))
      return fail(Error{.code = Code::invalid,
                        .id = "privacy.fields",
                        .text = {fmt::format("信息项“{}”选了两次。", chosen.field.name),
                                 fmt::format("The field “{}” is chosen twice.", chosen.field.name)},
                        .subject = fmt::format("fields[{}].id", i)});
    out.fields.push_back(std::move(chosen));
  }
  if (auto word = text_at(request, "sensitive"); !word.empty()) {
    QS_TRY(out.sensitive, field_of(shown, word, "sensitive"));
  }
  out.k = number_at(request, "k", settings.integer("insight.privacy_k"));
  out.l = number_at(request, "l", 2);
  out.largest = static_cast<std::size_t>(settings.integer("insight.privacy_combination"));
  out.combinations = static_cast<std::size_t>(settings.integer("insight.privacy_combinations"));
  out.may_drop = static_cast<double>(settings.integer("insight.privacy_drop_percent")) / 100;
  return out;
}

Data data_of(const sharing::Shown& shown, const Settings& settings, const std::function<bool()>& cancelled) {
  return {.select = shown.select,
          .rows = shown.version.published,
          .profile = shown.version.profile,
          .limits = {.time = std::chrono::seconds(settings.integer("insight.privacy_time")), .cancelled = cancelled}};
}

}  // namespace

Result<json::object> Privacy::roles(const Actor& actor, std::string_view dataset, std::int64_t version,
                                    const std::function<bool()>& cancelled) const {
  QS_TRY(auto shown, deps_.policy.compile(actor, dataset, version));
  QS_TRY(auto proposals, propose_roles(deps_.engine, data_of(shown, deps_.settings, cancelled), shown.fields));
  deps_.audit.count_access(actor, "dataset", shown.dataset.id, "privacy", 0);
  json::array fields;
  for (const auto& proposal : proposals) fields.emplace_back(to_json(proposal, actor.lang));
  return json::object{{"fields", std::move(fields)}, {"k", deps_.settings.integer("insight.privacy_k")}};
}

Result<json::object> Privacy::assess(const Actor& actor, std::string_view dataset, std::int64_t version,
                                     const json::object& request, const std::function<bool()>& cancelled) const {
  QS_TRY(auto shown, deps_.policy.compile(actor, dataset, version));
  QS_TRY(auto question, question_of(shown, request, deps_.settings));
  auto data = data_of(shown, deps_.settings, cancelled);
  QS_TRY(auto now, anonymity(deps_.engine, data, question));
  deps_.audit.count_access(actor, "dataset", shown.dataset.id, "privacy", 0);
  json::array fields;
  for (const auto& chosen : question.fields) fields.emplace_back(to_json(chosen, actor.lang));
  json::object out{{"version", shown.version.number},
                   {"k", question.k},
                   {"fields", std::move(fields)},
                   {"anonymity", to_json(now)},
                   {"diversity", nullptr},
                   {"combinations", nullptr},
                   {"proposal", nullptr}};
  if (question.sensitive) {
    QS_TRY(auto found, diversity(deps_.engine, data, question));
    auto& told = out["diversity"].emplace_object();
    told = to_json(found);
    told["sensitive"] = question.sensitive->id;
    told["wanted"] = question.l;
  }
  if (flag_at(request, "combinations")) {
    QS_TRY(auto found, combinations(deps_.engine, data, question));
    out["combinations"] = to_json(found);
  }
  if (flag_at(request, "propose")) {
    QS_TRY(auto found, propose_masking(deps_.engine, data, question));
    out["proposal"] = to_json(found, actor.lang);
  }
  return out;
}

}  // namespace qushu::insight
