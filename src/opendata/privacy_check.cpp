// What keeps fields from being shown to everybody: the entry, the grade, and what the rows say about people.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/sharing/version_rows.h"

#include "subject.h"

namespace qushu::opendata {
namespace {

using insight::Role;

Text closed_word(std::string_view type, std::string_view condition) {
  auto why = condition.empty() ? std::string() : fmt::format("（{}）", condition);
  auto en = condition.empty() ? std::string() : fmt::format(" ({})", condition);
  if (type == "conditional") return {"目录中注明有条件开放" + why, "The entry says that it is open on conditions" + en};
  return {"目录中注明不予开放" + why, "The entry says that it is not open" + en};
}

std::string names_of(const std::vector<FieldFinding>& fields, const auto& which) {
  std::string out;
  for (const auto& field : fields)
    if (which(field)) out += (out.empty() ? "" : "、") + field.name;
  return out;
}

// Counts k over the fields that narrow people down, in the rows that would be public.
Result<void> count_alike(engine::Engine& engine, const insight::Data& data, const std::vector<catalog::Field>& fields,
                         PrivacyCheck& check) {
  insight::Question question{.k = check.wanted_k};
  for (const auto& id : check.quasi) question.fields.push_back({.field = *std::ranges::find(fields, id, &catalog::Field::id)});
  QS_TRY(check.anonymity, insight::anonymity(engine, data, question));
  if (check.anonymity->rows == 0 || check.anonymity->k >= check.wanted_k) return {};
  auto listed = names_of(check.fields, [&](const auto& f) { return has(check.quasi, f.id); });
  check.failed = {
      fmt::format(
          "按“{}”合起来看，有 {} 行找不到足够多相同的行（最少 {} 行相同，要求 {} 行）。请少开放一些信息项，或先泛化数据；"
          "若这些数据与个人无关，请说明理由。",
          listed, check.anonymity->rows_below, check.anonymity->k, check.wanted_k),
      fmt::format(
          "By {} together, {} rows are alike in too few others (the least {} rows, {} are asked for). Release fewer fields, "
          "generalise the data, or say why they are not about people.",
          listed, check.anonymity->rows_below, check.anonymity->k, check.wanted_k)};
  return {};
}

}  // namespace

Text closed(const catalog::Entry& entry, const catalog::Field& field, std::string_view highest_level) {
  auto item = std::ranges::find(entry.items, field.id, &catalog::Item::id);
  if (item == entry.items.end()) return {"已发布的目录中没有这个信息项", "The published entry does not have this field"};
  if (!item->open_type.empty() && item->open_type != "unconditional") return closed_word(item->open_type, item->open_condition);
  auto level = catalog::higher_level(field.level, item->level);
  if (catalog::higher_level(level, highest_level) != highest_level)
    return {fmt::format("数据级别为 {}，高于可以开放的 {} 级", level, highest_level),
            fmt::format("Its grade {} is above {}, the highest that may be open", level, highest_level)};
  return {};
}

Result<PrivacyCheck> Releases::look(const Subject& subject, const std::vector<std::string>& ids, const Excuses& excuses,
                                    const Cancelled& cancelled) const {
  QS_TRY(auto rows, sharing::rows_of(subject.version, deps_.blobs));
  std::vector<catalog::Field> fields;
  for (const auto& field : subject.fields)
    if (has(ids, field.id)) fields.push_back(field);
  insight::Data data{
      .select = rows.select,
      .rows = subject.version.published,
      .profile = subject.version.profile,
      .limits = {.time = std::chrono::seconds(deps_.settings.integer("opendata.check_time")), .cancelled = cancelled}};
  QS_TRY(auto roles, insight::propose_roles(deps_.engine, data, fields));
  PrivacyCheck check{.version = subject.version.number,
                     .fields = {},
                     .quasi = {},
                     .anonymity = {},
                     .wanted_k = static_cast<std::uint64_t>(deps_.settings.integer("opendata.k")),
                     .failed = {}};
  auto highest = deps_.settings.text("opendata.level");
  bool about_people = !excuses.contains(std::string(kWhole));
  for (const auto& proposal : roles) {
    FieldFinding finding{.id = proposal.field.id,
                         .name = proposal.field.name,
                         .level = proposal.field.level,
                         .role = proposal.role,
                         .reason = proposal.reason,
                         .blocked = closed(subject.entry, proposal.field, highest),
                         .excused = {}};
    if (auto excuse = excuses.find(finding.id); excuse != excuses.end()) finding.excused = excuse->second;
    if (finding.blocked.zh.empty() && finding.role == Role::identifier && finding.excused.empty())
      finding.blocked = {"可以直接认出个人：" + finding.reason.zh, "It names people: " + finding.reason.en};
    if (about_people && finding.role == Role::quasi && finding.excused.empty() && finding.blocked.zh.empty())
      check.quasi.push_back(finding.id);
    check.fields.push_back(std::move(finding));
  }
  auto blocked = std::ranges::find_if(check.fields, [](const auto& f) { return !f.blocked.zh.empty(); });
  if (blocked != check.fields.end())
    check.failed = {fmt::format("“{}”不能开放：{}。", blocked->name, blocked->blocked.zh),
                    fmt::format("“{}” cannot be released: {}.", blocked->name, blocked->blocked.en)};
  else if (!check.quasi.empty())
    QS_CHECK(count_alike(deps_.engine, data, fields, check));
  return check;
}

json::object to_json(const PrivacyCheck& check) {
  auto text = [](const Text& t) -> json::value {
    if (t.zh.empty()) return nullptr;
    return json::object{{"zh", t.zh}, {"en", t.en}};
  };
  json::array fields;
  for (const auto& f : check.fields)
    fields.emplace_back(json::object{{"id", f.id},
                                     {"name", f.name},
                                     {"level", f.level},
                                     {"role", insight::name(f.role)},
                                     {"reason", text(f.reason)},
                                     {"blocked", text(f.blocked)},
                                     {"excused", f.excused}});
  return {{"version", check.version},
          {"passed", check.passed()},
          {"failed", text(check.failed)},
          {"fields", std::move(fields)},
          {"quasi", json::value_from(check.quasi)},
          {"k", check.wanted_k},
          {"anonymity", check.anonymity ? json::value(insight::to_json(*check.anonymity)) : json::value(nullptr)}};
}

}  // namespace qushu::opendata
