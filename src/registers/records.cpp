// Records: made, edited, moved and removed, each with its history and its audit in one transaction.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "access.h"
#include "loaded.h"
#include "number.h"
#include "reading.h"

namespace qushu::registers {
namespace {

json::array differences(const Definition& d, const Record& before, const Record& after) {
  json::array out;
  for (const auto& field : d.fields) {
    if (field.retired) continue;
    auto old = before.cells.find(field.name), now = after.cells.find(field.name);
    auto was = old == before.cells.end() ? json::value(nullptr) : json_of(field, old->second);
    auto is = now == after.cells.end() ? json::value(nullptr) : json_of(field, now->second);
    if (was != is) out.push_back(json::object{{"field", field.name}, {"before", std::move(was)}, {"after", std::move(is)}});
  }
  return out;
}

std::optional<Time> due_of(const Prepared& prepared, std::string_view state) {
  auto found = prepared.due.find(state);
  return found == prepared.due.end() ? std::nullopt : std::optional(found->second);
}

Result<void> check_comment(std::string_view text, bool needed, std::int64_t longest) {
  auto length = static_cast<std::int64_t>(utf8_length(trim(text)));
  if (length <= longest && is_utf8(text) && !text.contains('\0') && (length > 0 || !needed)) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "record.comment",
                    .text = {fmt::format("请填写意见，1 至 {} 个字。", longest),
                             fmt::format("A comment of 1 to {} characters is needed.", longest)},
                    .subject = "comment"});
}

}  // namespace

Owner owner_of(const Record& record) {
  return {.created_by = record.created_by, .department_id = record.department_id, .person = [&record](std::string_view field) {
            auto found = record.cells.find(field);
            if (found == record.cells.end() || found->second.empty()) return std::string();
            const auto* id = std::get_if<std::string>(found->second.data());
            return id != nullptr ? *id : std::string();
          }};
}

Failure may_not(std::string zh, std::string en) {
  return fail(Code::forbidden, "record.forbidden", std::move(zh), std::move(en));
}

std::string title_of(const Definition& d, const Record& record) {
  auto found = record.cells.find(d.title);
  const auto* title =
      found == record.cells.end() || found->second.empty() ? nullptr : std::get_if<std::string>(found->second.data());
  return title != nullptr ? record.number + " " + *title : record.number;
}

std::string plain_title(const Definition& d, const Record& record) {
  auto title = title_of(d, record);
  return title.size() > record.number.size() ? title.substr(record.number.size() + 1) : title;
}

std::string record_columns(const Definition& d) {
  std::string out =
      "id, number, state, revision, department_id, department_name, created_by, created_by_name, changed_by_name, created, "
      "changed, since, due";
  for (const auto& field : d.fields) {
    if (field.retired) continue;
    for (const auto& column : stored_columns(field)) out += ", " + column.name;
  }
  return out;
}

Record record_of(const Definition& d, const store::Row& row) {
  Record r;
  std::size_t i = 0;
  r.id = row.text(i++);
  r.number = row.text(i++);
  r.state = row.text(i++);
  r.revision = row.integer(i++);
  for (auto* text : {&r.department_id, &r.department_name, &r.created_by, &r.created_by_name, &r.changed_by_name})
    *text = row.text(i++);
  r.created = row.time(i++);
  r.changed = row.time(i++);
  r.since = row.time(i++);
  r.due = row.opt_time(i++);
  for (const auto& field : d.fields) {
    if (field.retired) continue;
    Cells cells;
    for (std::size_t n = stored_columns(field).size(); n > 0; --n) cells.push_back(row[i++]);
    r.cells.emplace(field.name, std::move(cells));
  }
  return r;
}

Result<void> Registers::fill(store::Session& s, const Actor& actor, const Loaded& l, const Prepared& prepared,
                             const json::object& values, Record& record) const {
  const auto& d = l.entry.definition;
  auto reading = reading_for(deps_, prepared, [&](std::string_view code, std::string_view text) -> Result<Named> {
    QS_TRY(auto target, load_visible(s, actor, code));
    const auto& other = target->entry.definition;
    QS_TRY(auto found, find_record(s, other, actor, text));
    return Named{.id = found.id, .name = title_of(other, found)};
  });
  Text wrong;
  std::string fields;
  for (const auto& [key, value] : values) {
    const auto* field = find_column(d, key);
    if (field == nullptr)
      return fail(Error{.code = Code::invalid,
                        .id = "record.field",
                        .text = {fmt::format("台账没有字段“{}”。", shorten(key, 60)),
                                 fmt::format("The register has no field “{}”.", shorten(key, 60))},
                        .subject = shorten(key, 60)});
    auto cells = cells_of(*field, value, reading);
    if (!cells && cells.error().code != Code::invalid) return Failure(std::move(cells).error());
    if (!cells) {
      wrong.zh += (wrong.zh.empty() ? "" : "\n") + cells.error().text.zh;
      wrong.en += (wrong.en.empty() ? "" : "\n") + cells.error().text.en;
      fields += (fields.empty() ? "" : ", ") + field->name;
      continue;
    }
    record.cells.insert_or_assign(field->name, *std::move(cells));
  }
  if (!fields.empty())
    return fail(Error{.code = Code::invalid, .id = "record.value", .text = std::move(wrong), .subject = fields});
  QS_CHECK(compute(l, record));
  return check(l, record);
}

Result<std::string> Registers::next_number(store::Transaction& t, const Definition& d) const {
  auto period = number_period(d.number, calendar::to_text(deps_.calendar.today()));
  QS_TRY(auto rows, t.query("INSERT INTO register_counter (register, period, last) VALUES (?, ?, 1) ON CONFLICT (register, "
                            "period) DO UPDATE SET last = register_counter.last + 1 RETURNING last",
                            {d.code, period}));
  return number_of(period, rows.at(0).integer(0));
}

Result<void> Registers::keep_change(store::Transaction& t, const Actor& actor, const Definition& d, const Record& record,
                                    Change change) const {
  QS_CHECK(
      t.exec("INSERT INTO register_change (id, register, record_id, revision, at, person_id, person_name, action, transition, "
             "from_state, to_state, comment, differences) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {new_id(), d.code, record.id, record.revision, record.changed, actor.person_id, actor.name, change.action,
              change.transition, change.from_state, change.to_state, change.comment, json::serialize(change.differences)}));
  json::object detail{{"register", d.code}, {"revision", record.revision}};
  if (!change.transition.empty()) detail["transition"] = change.transition;
  if (change.from_state != change.to_state) {
    detail["from"] = change.from_state;
    detail["to"] = change.to_state;
  }
  json::array fields;
  for (const auto& one : change.differences) fields.push_back(one.at("field"));
  if (!fields.empty()) detail["fields"] = std::move(fields);
  return deps_.audit.record(t, actor,
                            {.action = "record." + change.action,
                             .object_kind = "record",
                             .object_id = record.id,
                             .object_name = title_of(d, record),
                             .detail = std::move(detail)});
}

Result<Record> Registers::insert(store::Transaction& t, const Actor& actor, const Loaded& l, const Prepared& prepared,
                                 const json::object& values, std::string_view action) const {
  const auto& d = l.entry.definition;
  Record record{.id = new_id(),
                .state = d.states.front().name,
                .revision = 1,
                .department_id = actor.department_id,
                .created_by = actor.person_id,
                .created_by_name = actor.name,
                .changed_by_name = actor.name};
  record.department_name = prepared.department_name;
  record.created = record.changed = record.since = prepared.at;
  json::object given;
  for (const auto& field : d.fields) {
    if (field.retired) continue;
    record.cells.emplace(field.name, no_value(field));
    if (field.kind == Kind::attachment) record.cells.at(field.name)[0] = std::int64_t{0};
    if (auto text = initial_text(field, actor, deps_.calendar); !text.empty() && !values.contains(field.name))
      given[field.name] = text;
  }
  for (const auto& [key, value] : values) given[key] = value;
  QS_CHECK(fill(t, actor, l, prepared, given, record));
  record.due = due_of(prepared, record.state);
  QS_TRY(record.number, next_number(t, d));
  std::string marks;
  store::Params params{record.id,         record.number,          record.state,
                       record.revision,   record.department_id,   record.department_name,
                       record.created_by, record.created_by_name, record.changed_by_name,
                       record.created,    record.changed,         record.since,
                       record.due};
  for (const auto& field : d.fields) {
    if (field.retired) continue;
    for (const auto& cell : record.cells.at(field.name)) {
      params.emplace_back(store::Null{});
      params.back().value = cell;
    }
  }
  for (std::size_t i = 0; i < params.size(); ++i) marks += i == 0 ? "?" : ", ?";
  QS_CHECK(
      unique_or(t.exec(fmt::format("INSERT INTO {} ({}) VALUES ({})", table_of(d.code), record_columns(d), marks), params), d));
  Record nothing;
  QS_CHECK(
      keep_change(t, actor, d, record,
                  {.action = std::string(action), .to_state = record.state, .differences = differences(d, nothing, record)}));
  return record;
}

Result<Record> Registers::create(const Actor& actor, std::string_view code, const json::object& values) {
  QS_TRY(auto prepared, prepare(actor, code, {&values, 1}));
  return write_steadily(deps_.store, [&](store::Transaction& t) -> Result<Record> {
    QS_TRY(auto loaded, load_visible(t, actor, code));
    if (!allows(loaded->entry.definition.permissions.create, actor, nullptr))
      return may_not("您不能在这个台账中新建记录。", "You may not make records in this register.");
    return insert(t, actor, *loaded, prepared, values, "create");
  });
}

Result<Record> Registers::find_record(store::Session& s, const Definition& d, const Actor& actor,
                                      std::string_view id_or_number) const {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM {} WHERE {} = ? AND removed IS NULL", record_columns(d), table_of(d.code),
                                     is_id(id_or_number) ? "id" : "number"),
                         {id_or_number}));
  if (!row) return no_record();
  auto record = record_of(d, *row);
  if (!may_see(d, actor, owner_of(record))) return no_record();
  return record;
}

Result<Record> Registers::record(const Actor& actor, std::string_view code, std::string_view id_or_number) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<Record> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    return find_record(s, loaded->entry.definition, actor, id_or_number);
  });
}

Result<Record> Registers::writable(store::Transaction& t, const Definition& d, const Actor& actor, std::string_view id,
                                   std::int64_t revision) const {
  QS_TRY(auto record, find_record(t, d, actor, id));
  if (revision == 0 || revision == record.revision) return record;
  return fail(Error{.code = Code::conflict,
                    .id = "record.changed",
                    .text = {fmt::format("{}刚刚改过这条记录（现在是第 {} 次修订）。请重新打开后再改。", record.changed_by_name,
                                         record.revision),
                             fmt::format("{} has changed this record meanwhile (revision {} now). Open it again.",
                                         record.changed_by_name, record.revision)},
                    .subject = "revision"});
}

Result<void> Registers::update(store::Transaction& t, const Actor& actor, const Definition& d, const Record& before,
                               Record& after, Change change) const {
  after.revision = before.revision + 1;
  after.changed = deps_.clock.now();
  after.changed_by_name = actor.name;
  std::string set = "state = ?, revision = ?, changed_by_name = ?, changed = ?, since = ?, due = ?";
  store::Params params{after.state, after.revision, after.changed_by_name, after.changed, after.since, after.due};
  for (const auto& field : d.fields) {
    if (field.retired || field.kind == Kind::attachment) continue;
    const auto& cells = after.cells.at(field.name);
    if (cells == before.cells.at(field.name)) continue;
    auto columns = stored_columns(field);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      set += ", " + columns[i].name + " = ?";
      params.emplace_back(store::Null{});
      params.back().value = cells[i];
    }
  }
  params.emplace_back(before.id);
  QS_CHECK(unique_or(t.exec(fmt::format("UPDATE {} SET {} WHERE id = ?", table_of(d.code), set), params), d));
  change.from_state = before.state;
  change.to_state = after.state;
  change.differences = differences(d, before, after);
  return keep_change(t, actor, d, after, std::move(change));
}

Result<Record> Registers::edit(const Actor& actor, std::string_view code, std::string_view id, std::int64_t revision,
                               const json::object& values) {
  QS_TRY(auto prepared, prepare(actor, code, {&values, 1}));
  return write_steadily(deps_.store, [&](store::Transaction& t) -> Result<Record> {
    QS_TRY(auto loaded, load_visible(t, actor, code));
    const auto& d = loaded->entry.definition;
    QS_TRY(auto before, writable(t, d, actor, id, revision));
    auto owner = owner_of(before);
    if (!allows(d.permissions.edit, actor, &owner)) return may_not("您不能修改这条记录。", "You may not edit this record.");
    if (const auto* state = d.state(before.state); state != nullptr && state->locked)
      return fail(Code::conflict, "record.locked", fmt::format("记录处于“{}”，不能再修改。", state->label.zh),
                  fmt::format("The record is in the state “{}” and cannot be edited.", state->label.en));
    auto after = before;
    QS_CHECK(fill(t, actor, *loaded, prepared, values, after));
    if (after.cells == before.cells) return before;
    QS_CHECK(update(t, actor, d, before, after, {.action = "edit"}));
    return after;
  });
}

Result<Record> Registers::move(const Actor& actor, std::string_view code, std::string_view id, std::int64_t revision,
                               std::string_view transition, std::string_view comment, const json::object& values) {
  QS_TRY(auto prepared, prepare(actor, code, {&values, 1}));
  return write_steadily(deps_.store, [&](store::Transaction& t) -> Result<Record> {
    QS_TRY(auto loaded, load_visible(t, actor, code));
    const auto& d = loaded->entry.definition;
    QS_TRY(auto before, writable(t, d, actor, id, revision));
    const auto* step = d.transition(transition);
    if (step == nullptr)
      return fail(Code::not_found, "record.transition", fmt::format("台账没有流转“{}”。", shorten(transition, 60)),
                  fmt::format("The register has no transition “{}”.", shorten(transition, 60)));
    const auto* from = d.state(before.state);
    if (std::ranges::find(step->from, before.state) == step->from.end())
      return fail(Code::conflict, "record.state",
                  fmt::format("记录现在是“{}”，不能“{}”。", from != nullptr ? from->label.zh : before.state, step->label.zh),
                  fmt::format("The record is “{}” now, which does not allow “{}”.",
                              from != nullptr ? from->label.en : before.state, step->label.en));
    auto owner = owner_of(before);
    if (!allows(step->who, actor, &owner))
      return may_not(fmt::format("您不能“{}”。", step->label.zh), fmt::format("You may not “{}”.", step->label.en));
    QS_CHECK(check_comment(comment, step->comment, deps_.settings.integer("registers.text_length")));
    bool editable = allows(d.permissions.edit, actor, &owner) && (from == nullptr || !from->locked);
    for (const auto& [key, value] : values)
      if (!editable && std::ranges::find(step->require, key) == step->require.end())
        return may_not(fmt::format("“{}”时不能修改“{}”。", step->label.zh, shorten(key, 60)),
                       fmt::format("“{}” does not change “{}”.", step->label.en, shorten(key, 60)));
    auto after = before;
    QS_CHECK(fill(t, actor, *loaded, prepared, values, after));
    QS_CHECK(required_by(d, *step, after));
    after.state = step->to;
    after.since = prepared.at;
    after.due = due_of(prepared, step->to);
    QS_CHECK(update(t, actor, d, before, after,
                    {.action = "move", .transition = step->name, .comment = std::string(trim(comment))}));
    if (moved_) QS_CHECK(moved_(t, actor, d, *step, after, trim(comment)));
    return after;
  });
}

Result<void> Registers::remove(const Actor& actor, std::string_view code, std::string_view id, std::int64_t revision,
                               std::string_view comment) {
  return write_steadily(deps_.store, [&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto loaded, load_visible(t, actor, code));
    const auto& d = loaded->entry.definition;
    QS_TRY(auto record, writable(t, d, actor, id, revision));
    auto owner = owner_of(record);
    if (!allows(d.permissions.remove, actor, &owner)) return may_not("您不能删除这条记录。", "You may not remove this record.");
    if (const auto* state = d.state(record.state); state != nullptr && state->locked && !is_unbounded(actor))
      return fail(Code::conflict, "record.locked", fmt::format("记录处于“{}”，不能删除。", state->label.zh),
                  fmt::format("The record is in the state “{}” and cannot be removed.", state->label.en));
    QS_CHECK(check_comment(comment, false, deps_.settings.integer("registers.text_length")));
    record.revision += 1;
    record.changed = deps_.clock.now();
    QS_CHECK(t.exec(fmt::format("UPDATE {} SET removed = ?, revision = ? WHERE id = ?", table_of(d.code)),
                    {record.changed, record.revision, record.id}));
    return keep_change(
        t, actor, d, record,
        {.action = "remove", .from_state = record.state, .to_state = record.state, .comment = std::string(trim(comment))});
  });
}

Result<void> Registers::comment(const Actor& actor, std::string_view code, std::string_view id, std::string_view text) {
  QS_CHECK(check_comment(text, true, deps_.settings.integer("registers.text_length")));
  return write_steadily(deps_.store, [&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto loaded, load_visible(t, actor, code));
    const auto& d = loaded->entry.definition;
    QS_TRY(auto record, find_record(t, d, actor, id));
    auto owner = owner_of(record);
    if (!allows(d.permissions.comment, actor, &owner))
      return may_not("您不能在这条记录上发表意见。", "You may not comment on this record.");
    record.changed = deps_.clock.now();
    return keep_change(
        t, actor, d, record,
        {.action = "comment", .from_state = record.state, .to_state = record.state, .comment = std::string(trim(text))});
  });
}

Result<std::vector<Change>> changes_of(store::Session& s, std::string_view record_id) {
  QS_TRY(auto rows, s.query("SELECT id, revision, at, person_id, person_name, action, transition, from_state, to_state, "
                            "comment, differences FROM register_change WHERE record_id = ? ORDER BY id",
                            {record_id}));
  std::vector<Change> out;
  for (const auto& row : rows) {
    Change c{.id = row.text(0),
             .revision = row.integer(1),
             .at = row.time(2),
             .person_id = row.text(3),
             .person_name = row.text(4),
             .action = row.text(5),
             .transition = row.text(6),
             .from_state = row.text(7),
             .to_state = row.text(8),
             .comment = row.text(9)};
    c.differences = json::parse(row.text(10)).as_array();
    out.push_back(std::move(c));
  }
  return out;
}

Result<std::vector<Change>> Registers::changes(const Actor& actor, std::string_view code, std::string_view id) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<std::vector<Change>> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    QS_TRY(auto record, find_record(s, loaded->entry.definition, actor, id));
    return changes_of(s, record.id);
  });
}

May Registers::may(const Actor& actor, const Definition& d, const Record& record) const {
  auto owner = owner_of(record);
  const auto* state = d.state(record.state);
  bool locked = state != nullptr && state->locked;
  May out{.edit = !locked && allows(d.permissions.edit, actor, &owner),
          .remove = !locked && allows(d.permissions.remove, actor, &owner),
          .comment = allows(d.permissions.comment, actor, &owner)};
  for (const auto& t : d.transitions)
    if (std::ranges::find(t.from, record.state) != t.from.end() && allows(t.who, actor, &owner))
      out.transitions.push_back(t.name);
  return out;
}

}  // namespace qushu::registers
