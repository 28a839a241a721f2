// What is decided about a self-evaluation: submit, return, approve, correct.
#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/evaluation/evaluation.h"

#include "stored.h"

namespace qushu::evaluation {

Result<Detail> Evaluations::submit(const Actor& actor, std::string_view id, std::string_view comment) {
  QS_CHECK(check_text(comment, "comment", kMostComment, false));
  QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return load_visible(s, actor, id); }));
  QS_TRY(auto told, flow_.deciders(known.department_id));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_editable(t, actor, id));
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
    QS_CHECK(flow_.submit(t, actor, paper_of(e), told, comment, {{"score", total_of(now.form).score}}));
    return detail(t, actor, id);
  });
}

Result<Detail> Evaluations::decide(const Actor& actor, std::string_view id, State to, std::string_view comment) {
  QS_CHECK(check_text(comment, "comment", kMostComment, to == State::returned));
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_visible(t, actor, id));
    QS_TRY(auto form, load_form(t, e.id, e.versions.front().number));
    auto total = total_of(form);
    QS_CHECK(flow_.decide(t, actor, paper_of(e), to, comment, {{"score", total.score}, {"grade", total.grade}}));
    return detail(t, actor, id);
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
    QS_CHECK(flow_.keep_step(t, actor, paper_of(e), number, "revise", reason));
    return detail(t, actor, id);
  });
}

Result<std::vector<Step>> Evaluations::history(const Actor& actor, std::string_view id) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Step>> {
    QS_CHECK(load_visible(s, actor, id));
    return flow_.history(s, id);
  });
}

}  // namespace qushu::evaluation
