#include "qushu/workflow/workflow.h"

#include <array>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/notify/notices.h"

namespace qushu::workflow {
namespace {

struct StateName {
  State state;
  std::string_view code;
  Text title;
};
const std::array kStates{StateName{State::draft, "draft", {"草稿", "Draft"}},
                         StateName{State::submitted, "submitted", {"待审核", "Submitted"}},
                         StateName{State::returned, "returned", {"已退回", "Returned"}},
                         StateName{State::approved, "approved", {}},  // each kind has a word of its own
                         StateName{State::published, "published", {"已公开", "Published"}}};

// Somebody at the server's console, and Qushu itself, belong to no department and may act for each.
bool of_every_department(const Actor& actor) {
  return actor.person_id.empty() && (actor.via == "cli" || actor.via == "system");
}

}  // namespace

std::string_view name(State state) {
  return std::ranges::find(kStates, state, &StateName::state)->code;
}
State state_of(std::string_view name) {
  auto found = std::ranges::find(kStates, name, &StateName::code);
  return found == kStates.end() ? State::draft : found->state;
}
bool is_editable(State state) {
  return state == State::draft || state == State::returned;
}
bool is_in_force(State state) {
  return state == State::approved || state == State::published;
}

Text Kind::title(State state) const {
  return state == State::approved ? approved : std::ranges::find(kStates, state, &StateName::state)->title;
}
Failure Kind::forbidden(std::string zh, std::string en) const {
  return fail(Code::forbidden, name + ".forbidden", std::move(zh), std::move(en));
}
Failure Kind::wrong_state(std::string zh, std::string en) const {
  return fail(Code::conflict, name + ".state", std::move(zh), std::move(en));
}
Failure Kind::changed_meanwhile(std::string_view changed_by) const {
  return fail(Code::conflict, name + ".changed", fmt::format("{}已改过这份{}，请重新打开再改。", changed_by, noun.zh),
              fmt::format("{} has changed this {} meanwhile; open it again.", changed_by, noun.en));
}

json::object to_json(const Step& s, const Kind& kind, Lang lang) {
  auto named = std::ranges::find(kind.actions, s.action, &std::pair<std::string_view, Text>::first);
  return {{"at", to_iso(s.at)},
          {"action", s.action},
          {"action_name", named == kind.actions.end() ? s.action : named->second.in(lang)},
          {"version", s.version},
          {"person_name", s.person_name},
          {"comment", s.comment}};
}

bool belongs(const Actor& actor, std::string_view department_id) {
  return of_every_department(actor) || actor.in_department(department_id) || actor.department_id == department_id;
}
bool may(const Actor& actor, Permission permission, std::string_view department_id) {
  return actor.can(permission) && belongs(actor, department_id);
}

Result<void> check_text(std::string_view id, std::string_view text, std::string_view member, std::size_t most, bool needed) {
  auto wrong = [&](std::string zh, std::string en) {
    return fail(Error{
        .code = Code::invalid, .id = std::string(id), .text = {std::move(zh), std::move(en)}, .subject = std::string(member)});
  };
  if (needed && trim(text).empty()) return wrong("请写明理由。", "Say why.");
  if (utf8_length(text) > most) return wrong(fmt::format("最多 {} 个字。", most), fmt::format("At most {} characters.", most));
  return {};
}

Result<std::vector<std::string>> Flow::people_with(std::string_view role, Permission permission,
                                                   std::string_view department) const {
  QS_TRY(auto people,
         deps_.identity.people({.text = {}, .department_id = {}, .role = std::string(role), .after = {}, .limit = 200}));
  std::vector<std::string> out;
  for (const auto& p : people) {
    auto actor = deps_.identity.actor_of(p.login);
    if (actor && may(*actor, permission, department)) out.push_back(p.id);
  }
  return out;
}

Result<std::vector<std::string>> Flow::deciders(std::string_view department) const {
  return people_with("budget_reviewer", Permission::budget_approve, department);
}

Result<void> Flow::keep_step(store::Transaction& t, const Actor& actor, const Paper& paper, std::int64_t version,
                             std::string_view action, std::string_view comment, json::object detail) const {
  QS_CHECK(t.exec(fmt::format("INSERT INTO {0}_step (id, {0}_id, version, at, action, person_id, person_name, comment) VALUES "
                              "(?, ?, ?, ?, ?, ?, ?, ?)",
                              kind_.name),
                  {new_id(), paper.id, version, deps_.clock.now(), action, actor.person_id, actor.name, comment}));
  detail["version"] = version;
  if (!comment.empty()) detail["comment"] = comment;
  return deps_.audit.record(t, actor,
                            {.action = fmt::format("{}.{}", kind_.name, action),
                             .object_kind = kind_.name,
                             .object_id = paper.id,
                             .object_name = paper.name,
                             .detail = std::move(detail)});
}

Result<void> Flow::touch(store::Transaction& t, const Actor& actor, const Paper& paper) const {
  QS_CHECK(
      t.exec(fmt::format("UPDATE {0}_version SET revision = revision + 1, changed = ?, changed_by = ? WHERE {0}_id = ? AND "
                         "version = ?",
                         kind_.name),
             {deps_.clock.now(), actor.name, paper.id, paper.version}));
  return {};
}

Result<void> Flow::set_state(store::Transaction& t, const Actor& actor, const Paper& paper, State state,
                             std::string_view comment) const {
  QS_CHECK(t.exec(fmt::format("UPDATE {0}_version SET state = ?, comment = ? WHERE {0}_id = ? AND version = ?", kind_.name),
                  {name(state), comment, paper.id, paper.version}));
  return touch(t, actor, paper);
}

Result<void> Flow::submit(store::Transaction& t, const Actor& actor, const Paper& paper, const std::vector<std::string>& told,
                          std::string_view comment, json::object detail) const {
  QS_CHECK(set_state(t, actor, paper, State::submitted, comment));
  QS_CHECK(keep_step(t, actor, paper, paper.version, "submit", comment, std::move(detail)));
  return notify::tell(t, told,
                      {.id = new_id(),
                       .kind = kind_.name + "_submitted",
                       .link = kind_.page + paper.id,
                       .title = {paper.title.zh + "待审核", paper.title.en + " waits for you"},
                       .detail = {actor.name, actor.name},
                       .at = deps_.clock.now()});
}

Result<bool> Flow::took_part(store::Session& s, const Actor& actor, const Paper& paper) const {
  // Somebody at the console has no identifier: her name tells.
  // Deciding, publishing and noting what was spent is no work on what a version says.
  std::string_view column = actor.person_id.empty() ? "person_id = '' AND person_name" : "person_id";
  QS_TRY(auto row,
         s.one(fmt::format("SELECT count(*) FROM {0}_step WHERE {0}_id = ? AND version = ? AND {1} = ? AND action NOT "
                           "IN ('return', 'approve', 'publish', 'spend')",
                           kind_.name, column),
               {paper.id, paper.version, actor.person_id.empty() ? actor.name : actor.person_id}));
  return row && row->integer(0) > 0;
}

Result<bool> Flow::may_decide(store::Session& s, const Actor& actor, const Paper& paper) const {
  if (paper.state != State::submitted || !may(actor, Permission::budget_approve, paper.department_id)) return false;
  QS_TRY(auto part, took_part(s, actor, paper));
  return !part;
}

Result<void> Flow::decide(store::Transaction& t, const Actor& actor, const Paper& paper, State to, std::string_view comment,
                          json::object detail) const {
  if (!may(actor, Permission::budget_approve, paper.department_id))
    return kind_.forbidden(fmt::format("您没有审核这份{}的权限。", kind_.noun.zh),
                           fmt::format("You may not decide about this {}.", kind_.noun.en));
  if (paper.state != State::submitted)
    return kind_.wrong_state(fmt::format("这份{}没有提交待审核。", kind_.noun.zh),
                             fmt::format("This {} does not wait for a decision.", kind_.noun.en));
  QS_TRY(auto part, took_part(t, actor, paper));
  if (part)
    return kind_.forbidden(
        fmt::format("{}或提交过这一版的人不能审核它，请由另一人审核。", kind_.drafting.zh),
        fmt::format("Whoever {} or submitted this version does not decide about it; another person must.", kind_.drafting.en));
  QS_CHECK(set_state(t, actor, paper, to, comment));
  QS_CHECK(keep_step(t, actor, paper, paper.version, to == State::approved ? "approve" : "return", comment, std::move(detail)));
  QS_TRY(auto submitter, t.one(fmt::format("SELECT person_id FROM {0}_step WHERE {0}_id = ? AND version = ? AND action = "
                                           "'submit' ORDER BY id DESC LIMIT 1",
                                           kind_.name),
                               {paper.id, paper.version}));
  if (!submitter || submitter->text(0).empty()) return {};
  auto title = kind_.title(to);
  return notify::tell(t, {submitter->text(0)},
                      {.id = new_id(),
                       .kind = kind_.name + (to == State::approved ? "_approved" : "_returned"),
                       .link = kind_.page + paper.id,
                       .title = {paper.title.zh + title.zh, paper.title.en + ": " + title.en},
                       .detail = {std::string(comment), std::string(comment)},
                       .at = deps_.clock.now()});
}

Result<std::vector<Step>> Flow::history(store::Session& s, std::string_view id) const {
  QS_TRY(auto rows, s.query(fmt::format("SELECT at, action, version, person_name, comment FROM {0}_step WHERE {0}_id = ? ORDER "
                                        "BY id DESC LIMIT 500",
                                        kind_.name),
                            {id}));
  std::vector<Step> out;
  for (const auto& row : rows)
    out.push_back({.at = row.time(0),
                   .action = row.text(1),
                   .version = row.integer(2),
                   .person_name = row.text(3),
                   .comment = row.text(4)});
  return out;
}

}  // namespace qushu::workflow
