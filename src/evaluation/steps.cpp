// What is decided about a self-evaluation: submit, return, approve, correct.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/evaluation/evaluation.h"
#include "qushu/notify/notices.h"

#include "stored.h"

namespace qushu::evaluation {
namespace {

Result<void> set_state(store::Transaction& t, const Actor& actor, Time now, const Evaluation& e, State state,
                       std::string_view comment) {
  QS_CHECK(
      t.exec("UPDATE evaluation_version SET state = ?, comment = ?, revision = revision + 1, changed = ?, changed_by = ? WHERE "
             "evaluation_id = ? AND version = ?",
             {name(state), comment, now, actor.name, e.id, e.versions.front().number}));
  return {};
}

}  // namespace

Result<std::vector<std::string>> Evaluations::people_with(std::string_view role, Permission permission,
                                                          std::string_view department) const {
  QS_TRY(auto people,
         deps_.identity.people({.text = {}, .department_id = {}, .role = std::string(role), .after = {}, .limit = 200}));
  budget::Budget of;
  of.department_id = department;
  std::vector<std::string> out;
  for (const auto& p : people) {
    auto actor = deps_.identity.actor_of(p.login);
    if (actor && budget::may(*actor, permission, of)) out.push_back(p.id);
  }
  return out;
}

Result<Detail> Evaluations::submit(const Actor& actor, std::string_view id, std::string_view comment) {
  QS_CHECK(check_text(comment, "comment", kMostComment, false));
  QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return load_visible(s, actor, id); }));
  QS_TRY(auto told, people_with("budget_reviewer", Permission::budget_approve, known.department_id));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_editable(t, actor, id));
    const auto version = e.versions.front().number;
    QS_TRY(auto now, detail(t, actor, e, 0));
    if (!now.problems.empty()) {
      const auto& first = now.problems.front();
      return fail(Error{.code = Code::invalid,
                        .id = "evaluation.problems",
                        .text = {fmt::format("还有 {} 处未完成，不能提交。第一处：{}", now.problems.size(), first.text.zh),
                                 fmt::format("{} things are left to do before it can be submitted. The first: {}",
                                             now.problems.size(), first.text.en)},
                        .subject = first.place});
    }
    QS_CHECK(set_state(t, actor, deps_.clock.now(), e, State::submitted, comment));
    QS_CHECK(keep_step(t, actor, e, version, "submit", comment, {{"score", total_of(now.form).score}}));
    QS_CHECK(notify::tell(t, told,
                          {.id = new_id(),
                           .kind = "evaluation_submitted",
                           .link = "/year-end/evaluations/" + e.id,
                           .title = {title_of(e).zh + "待审核", title_of(e).en + " waits for you"},
                           .detail = {actor.name, actor.name},
                           .at = deps_.clock.now()}));
    QS_TRY(auto after, load(t, id));
    return detail(t, actor, std::move(after), 0);
  });
}

Result<Detail> Evaluations::decide(const Actor& actor, std::string_view id, State to, std::string_view comment) {
  QS_CHECK(check_text(comment, "comment", kMostComment, to == State::returned));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_visible(t, actor, id));
    const auto newest = e.versions.front();
    if (!may(actor, Permission::budget_approve, e))
      return forbidden("您没有审核这份自评的权限。", "You may not decide about this self-evaluation.");
    if (newest.state != State::submitted)
      return wrong_state("这份自评没有提交待审核。", "This self-evaluation does not wait for a decision.");
    QS_TRY(auto part, took_part(t, actor, e, newest.number));
    if (part)
      return forbidden("填写或提交过这一版的人不能审核它，请由另一人审核。",
                       "Whoever worked on or submitted this version does not decide about it; another person must.");
    QS_TRY(auto form, load_form(t, e.id, newest.number));
    QS_CHECK(set_state(t, actor, deps_.clock.now(), e, to, comment));
    auto total = total_of(form);
    QS_CHECK(keep_step(t, actor, e, newest.number, to == State::approved ? "approve" : "return", comment,
                       {{"score", total.score}, {"grade", total.grade}}));
    QS_TRY(auto submitter, t.one("SELECT person_id FROM evaluation_step WHERE evaluation_id = ? AND version = ? AND action = "
                                 "'submit' ORDER BY id DESC LIMIT 1",
                                 {e.id, newest.number}));
    if (submitter && !submitter->text(0).empty())
      QS_CHECK(notify::tell(t, {submitter->text(0)},
                            {.id = new_id(),
                             .kind = to == State::approved ? "evaluation_approved" : "evaluation_returned",
                             .link = "/year-end/evaluations/" + e.id,
                             .title = {title_of(e).zh + title(to).zh, title_of(e).en + ": " + title(to).en},
                             .detail = {std::string(comment), std::string(comment)},
                             .at = deps_.clock.now()}));
    QS_TRY(auto after, load(t, id));
    return detail(t, actor, std::move(after), 0);
  });
}

Result<Detail> Evaluations::approve(const Actor& actor, std::string_view id, std::string_view comment) {
  return decide(actor, id, State::approved, comment);
}
Result<Detail> Evaluations::send_back(const Actor& actor, std::string_view id, std::string_view comment) {
  return decide(actor, id, State::returned, comment);
}

Result<Detail> Evaluations::revise(const Actor& actor, std::string_view id, std::string_view reason) {
  QS_CHECK(check_text(reason, "reason", kMostComment, true));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_visible(t, actor, id));
    if (!may(actor, Permission::budget_write, e))
      return forbidden("您没有填写这份自评的权限。", "You may not edit this self-evaluation.");
    const auto held = e.versions.front();
    if (held.state != State::approved)
      return wrong_state("只有已审定的自评可以更正。", "Only an approved self-evaluation is corrected.");
    const auto number = held.number + 1;
    QS_TRY(auto form, load_form(t, e.id, held.number));
    QS_CHECK(
        t.exec("INSERT INTO evaluation_version (evaluation_id, version, state, revision, reason, comment, changed, changed_by, "
               "drawn, budget_version, initial, adjusted, spent, expected, reached, funds_cause, funds_remedy) VALUES (?, ?, "
               "'draft', 1, ?, '', ?, ?, ?, ?, 0, 0, 0, '', '', '', '')",
               {e.id, number, trim(reason), deps_.clock.now(), actor.name, held.drawn, held.budget_version}));
    QS_CHECK(keep_form(t, e.id, number, form));
    QS_CHECK(
        t.exec("INSERT INTO evaluation_evidence (evaluation_id, version, item, taken) SELECT evaluation_id, ?, item, taken "
               "FROM evaluation_evidence WHERE evaluation_id = ? AND version = ?",
               {number, e.id, held.number}));
    QS_TRY(auto files, load_files(t, e.id, held.number));
    for (const auto& f : files)
      QS_CHECK(
          t.exec("INSERT INTO evaluation_file (id, evaluation_id, version, item, name, blob, size, person_id, person_name, at) "
                 "SELECT ?, evaluation_id, ?, item, name, blob, size, person_id, person_name, at FROM evaluation_file WHERE "
                 "id = ?",
                 {new_id(), number, f.id}));
    QS_CHECK(keep_step(t, actor, e, number, "revise", reason));
    QS_TRY(auto after, load(t, id));
    return detail(t, actor, std::move(after), 0);
  });
}

Result<std::vector<Step>> Evaluations::history(const Actor& actor, std::string_view id) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Step>> {
    QS_CHECK(load_visible(s, actor, id));
    QS_TRY(auto rows,
           s.query("SELECT at, action, version, person_name, comment FROM evaluation_step WHERE evaluation_id = ? ORDER "
                   "BY id DESC LIMIT 500",
                   {id}));
    std::vector<Step> out;
    for (const auto& row : rows)
      out.push_back({.at = row.time(0),
                     .action = row.text(1),
                     .version = row.integer(2),
                     .person_name = row.text(3),
                     .comment = row.text(4)});
    return out;
  });
}

}  // namespace qushu::evaluation
