#include "reading.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::registers {
namespace {

Failure nobody() {
  return fail(Code::not_found, "record.named", "没有。", "There is none.");
}

Result<Named> person(const identity::Identity& identity, const Actor& actor, std::string_view text) {
  if (text == "me") {
    if (actor.person_id.empty()) return nobody();
    return Named{.id = actor.person_id, .name = actor.name};
  }
  if (auto found = identity.person(text)) return Named{.id = found->id, .name = found->name};
  // By name, where that says who it is.
  QS_TRY(auto people, identity.people({.text = std::string(text), .department_id = {}, .role = {}, .after = {}, .limit = 50}));
  std::erase_if(people, [&](const identity::Person& p) { return p.name != text; });
  if (people.size() != 1) return nobody();
  return Named{.id = people[0].id, .name = people[0].name};
}

Result<Named> department(const identity::Identity& identity, const Actor& actor, std::string_view text) {
  if (text == "my_department") {
    if (actor.department_id.empty()) return nobody();
    text = actor.department_id;
  }
  if (auto found = identity.department(text)) return Named{.id = found->id, .name = found->name};
  QS_TRY(auto all, identity.departments());
  std::erase_if(all, [&](const identity::Department& d) { return d.name != text; });
  if (all.size() != 1) return nobody();
  return Named{.id = all[0].id, .name = all[0].name};
}

}  // namespace

Result<Named> look_up(const Registers::Deps& deps, const Actor& actor, Kind kind, std::string_view text) {
  if (kind == Kind::person) return person(deps.identity, actor, text);
  if (kind == Kind::department) return department(deps.identity, actor, text);
  QS_TRY(auto title, deps.dataset_title(actor, text));
  return Named{.id = std::string(text), .name = std::move(title)};
}

Reading reading_for(const Registers::Deps& deps, const Prepared& prepared,
                    std::function<Result<Named>(std::string_view code, std::string_view text)> record) {
  auto find = [&prepared](Kind kind) {
    return [&prepared, kind](std::string_view text) -> Result<Named> {
      auto found = prepared.names.find({kind, std::string(text)});
      if (found != prepared.names.end()) return found->second;
      return fail(Code::conflict, "record.definition", "台账的定义刚刚改过，请重新打开后再试。",
                  "The register's definition has just changed; open it again.");
    };
  };
  return {.zone = deps.calendar.zone(),
          .longest = static_cast<std::size_t>(deps.settings.integer("registers.text_length")),
          .person = find(Kind::person),
          .department = find(Kind::department),
          .dataset = find(Kind::dataset),
          .record = std::move(record)};
}

Result<Prepared> Registers::prepare(const Actor& actor, std::string_view code, std::span<const json::object> values) const {
  QS_TRY(auto entry, find(actor, code));
  const auto& d = entry.definition;
  Prepared out{.at = deps_.clock.now()};
  if (!actor.department_id.empty())
    if (auto own = deps_.identity.department(actor.department_id)) out.department_name = own->name;
  auto take = [&](const Field& field, std::string_view text) {
    std::pair key(field.kind, std::string(trim(text)));
    if (!key.second.empty() && !out.names.contains(key)) {
      auto found = look_up(deps_, actor, field.kind, key.second);
      out.names.emplace(std::move(key), std::move(found));
    }
  };
  for (const auto& field : d.fields) {
    if (field.kind != Kind::person && field.kind != Kind::department && field.kind != Kind::dataset) continue;
    take(field, initial_text(field, actor, deps_.calendar));
    for (const auto& one : values) {
      const auto* value = one.if_contains(field.name);
      if (value == nullptr) continue;
      const auto* id = value->is_object() ? value->as_object().if_contains("id") : value;
      if (id != nullptr && id->is_string()) take(field, id->as_string());
    }
  }
  for (const auto& state : d.states) {
    if (state.deadline == 0) continue;
    QS_TRY(auto due, deps_.calendar.deadline(out.at, state.deadline));
    out.due.emplace(state.name, due);
  }
  return out;
}

std::string initial_text(const Field& field, const Actor& actor, const calendar::Calendar& calendar) {
  if (field.initial == "today") return calendar::to_text(calendar.today());
  if (field.initial == "me" && actor.person_id.empty()) return {};
  if (field.initial == "my_department" && actor.department_id.empty()) return {};
  return field.initial;
}

Result<void> unique_or(Result<std::int64_t> done, const Definition& d) {
  if (done) return {};
  auto error = std::move(done).error();
  if (error.id != "store.duplicate") return Failure(std::move(error));
  for (const auto& field : d.fields) {
    if (!field.unique || field.retired) continue;
    auto column = stored_columns(field).front().name, index = index_of(d.code, "u_" + field.name);
    // SQLite names the column, PostgreSQL the index.
    bool it = error.detail.contains("." + column.substr(1, column.size() - 2)) ||
              error.detail.contains(index.substr(1, index.size() - 2));
    if (!it) continue;
    return fail(Error{.code = Code::conflict,
                      .id = "record.duplicate",
                      .text = {fmt::format("“{}”与另一条记录重复。", field.label.zh),
                               fmt::format("Another record has the same “{}”.", field.label.en)},
                      .subject = field.name,
                      .detail = error.detail});
  }
  return Failure(std::move(error));
}

Result<void> required_by(const Definition& d, const Transition& t, const Record& record) {
  Text empty;
  std::string fields;
  for (const auto& name : t.require) {
    const auto& field = *d.field(name);
    const auto& cells = record.cells.at(name);
    bool filled = field.kind == Kind::attachment ? !std::holds_alternative<std::monostate>(formula_value(field, cells))
                                                 : !is_empty(cells);
    if (filled) continue;
    empty.zh += (empty.zh.empty() ? "" : "、") + field.label.zh;
    empty.en += (empty.en.empty() ? "" : ", ") + field.label.en;
    fields += (fields.empty() ? "" : ", ") + name;
  }
  if (fields.empty()) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "record.required",
                    .text = {fmt::format("“{}”之前请填写：{}。", t.label.zh, empty.zh),
                             fmt::format("To be filled before “{}”: {}.", t.label.en, empty.en)},
                    .subject = fields});
}

}  // namespace qushu::registers
