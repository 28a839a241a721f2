#include "stored.h"

#include <algorithm>

#include <fmt/format.h>

namespace qushu::evaluation {
namespace {

const std::vector<std::pair<std::string_view, Text>> kActions{{"create", {"新建", "Made"}},
                                                              {"draw", {"重新取数", "Drawn anew"}},
                                                              {"save", {"保存", "Saved"}},
                                                              {"attach", {"上传佐证", "Attached a file"}},
                                                              {"detach", {"删除佐证", "Removed a file"}},
                                                              {"submit", {"提交", "Submitted"}},
                                                              {"return", {"退回", "Returned"}},
                                                              {"approve", {"审定", "Approved"}},
                                                              {"revise", {"更正", "Correction begun"}}};

}  // namespace

const workflow::Kind& kind() {
  static const workflow::Kind kKind{.name = "evaluation",
                                    .noun = {"自评", "self-evaluation"},
                                    .drafting = {"填写", "worked on"},
                                    .approved = {"已审定", "Approved"},
                                    .page = "/year-end/evaluations/",
                                    .actions = kActions};
  return kKind;
}
Text title(State state) {
  return kind().title(state);
}
workflow::Paper paper_of(const Evaluation& e) {
  auto title = title_of(e);
  return {.id = e.id,
          .department_id = e.department_id,
          .name = title.zh,
          .title = title,
          .version = e.versions.empty() ? 0 : e.versions.front().number,
          .state = e.versions.empty() ? State::draft : e.versions.front().state};
}

Result<std::vector<EvaluationVersion>> load_versions(store::Session& s, std::string_view evaluation) {
  QS_TRY(auto rows, s.query("SELECT version, state, revision, reason, comment, changed, changed_by, drawn, budget_version FROM "
                            "evaluation_version WHERE evaluation_id = ? ORDER BY version DESC",
                            {evaluation}));
  std::vector<EvaluationVersion> out;
  for (const auto& r : rows)
    out.push_back({.number = r.integer(0),
                   .state = workflow::state_of(r.text(1)),
                   .revision = r.integer(2),
                   .reason = r.text(3),
                   .comment = r.text(4),
                   .changed = r.time(5),
                   .changed_by = r.text(6),
                   .drawn = r.time(7),
                   .budget_version = r.integer(8)});
  return out;
}

Result<Form> load_form(store::Session& s, std::string_view evaluation, std::int64_t version) {
  QS_TRY(auto head, s.one("SELECT initial, adjusted, spent, expected, reached, funds_cause, funds_remedy FROM "
                          "evaluation_version WHERE evaluation_id = ? AND version = ?",
                          {evaluation, version}));
  if (!head) return no_evaluation();
  Form out{.funds = {.initial = head->integer(0), .adjusted = head->integer(1), .spent = head->integer(2)},
           .expected = head->text(3),
           .reached = head->text(4),
           .funds_cause = head->text(5),
           .funds_remedy = head->text(6),
           .items = {}};
  QS_TRY(auto rows,
         s.query("SELECT id, level, name, target, unit, direction, weight, indicator, drawn, numerator, denominator, "
                 "row_count, error_zh, error_en, hand, hand_reason, cause, remedy FROM evaluation_item WHERE "
                 "evaluation_id = ? AND version = ? ORDER BY position",
                 {evaluation, version}));
  for (const auto& r : rows) {
    Item one{.id = r.text(0),
             .level = r.text(1),
             .name = r.text(2),
             .target = r.text(3),
             .unit = r.text(4),
             .weight = r.integer(6),
             .indicator = r.text(7),
             .figure = {.n = r.integer(9), .d = r.integer(10)},
             .rows = r.integer(11),
             .error = {r.text(12), r.text(13)},
             .hand = r.text(14),
             .hand_reason = r.text(15),
             .cause = r.text(16),
             .remedy = r.text(17)};
    if (!indicators::parse(r.text(5), one.direction) || !parse(r.text(8), one.drawn))
      return fail_internal(fmt::format("evaluation_item {}: {} {}", one.id, r.text(5), r.text(8)));
    out.items.push_back(std::move(one));
  }
  return out;
}

Result<void> keep_form(store::Transaction& t, std::string_view evaluation, std::int64_t version, const Form& form) {
  QS_CHECK(
      t.exec("UPDATE evaluation_version SET initial = ?, adjusted = ?, spent = ?, expected = ?, reached = ?, funds_cause = "
             "?, funds_remedy = ? WHERE evaluation_id = ? AND version = ?",
             {form.funds.initial, form.funds.adjusted, form.funds.spent, form.expected, form.reached, form.funds_cause,
              form.funds_remedy, evaluation, version}));
  QS_CHECK(t.exec("DELETE FROM evaluation_item WHERE evaluation_id = ? AND version = ?", {evaluation, version}));
  for (std::size_t i = 0; i < form.items.size(); ++i) {
    const auto& one = form.items[i];
    QS_CHECK(
        t.exec("INSERT INTO evaluation_item (evaluation_id, version, position, id, level, name, target, unit, direction, "
               "weight, indicator, drawn, numerator, denominator, row_count, error_zh, error_en, hand, hand_reason, cause, "
               "remedy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {evaluation,      version,       i,
                one.id,          one.level,     one.name,
                one.target,      one.unit,      indicators::name(one.direction),
                one.weight,      one.indicator, name(one.drawn),
                one.figure.n,    one.figure.d,  one.rows,
                one.error.zh,    one.error.en,  one.hand,
                one.hand_reason, one.cause,     one.remedy}));
  }
  return {};
}

Result<std::vector<File>> load_files(store::Session& s, std::string_view evaluation, std::int64_t version) {
  QS_TRY(auto rows,
         s.query("SELECT id, item, name, blob, size, person_name, at FROM evaluation_file WHERE evaluation_id = ? AND "
                 "version = ? ORDER BY id",
                 {evaluation, version}));
  std::vector<File> out;
  for (const auto& r : rows)
    out.push_back({.id = r.text(0),
                   .item = r.text(1),
                   .name = r.text(2),
                   .blob = r.text(3),
                   .size = static_cast<std::uint64_t>(r.integer(4)),
                   .person_name = r.text(5),
                   .at = r.time(6)});
  return out;
}

std::map<std::string, std::int64_t> count_files(const std::vector<File>& files) {
  std::map<std::string, std::int64_t> out;
  for (const auto& f : files) ++out[f.item];
  return out;
}

std::vector<budget::ProjectGoal> in_order(const std::vector<budget::ProjectGoal>& goals, std::string_view project) {
  std::vector<budget::ProjectGoal> out;
  for (const auto& level : budget::goal_levels())
    for (const auto& g : goals)
      if (g.project == project && g.level == level.code) out.push_back(g);
  return out;
}

bool may(const Actor& actor, Permission permission, const Evaluation& e) {
  return workflow::may(actor, permission, e.department_id);
}

Failure no_evaluation() {
  return fail(Code::not_found, "evaluation.not_found", "没有这份自评。", "There is no such self-evaluation.");
}
Failure forbidden(std::string zh, std::string en) {
  return kind().forbidden(std::move(zh), std::move(en));
}
Failure wrong_state(std::string zh, std::string en) {
  return kind().wrong_state(std::move(zh), std::move(en));
}

Result<void> check_text(std::string_view text, std::string_view member, std::size_t most, bool needed) {
  return workflow::check_text("evaluation.text", text, member, most, needed);
}

}  // namespace qushu::evaluation
