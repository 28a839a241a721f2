// The demo district's year end: what the networks' project came to, approved, and what the building of the data centre comes
// to, which is still being written.
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

using evaluation::Detail;

constexpr std::string_view kUnit = "sjj", kOfficer = "budgeter", kReviewer = "approver";

Result<Actor> person(System& s, std::string_view login) {
  QS_TRY(auto actor, s.identity->actor_of(login));
  actor.via = "cli";
  actor.from = "local";
  return actor;
}

// What nothing in the platform tells is entered with the paper that does; what fell short is explained.
Result<Detail> explain(System& s, const Actor& officer, const Detail& made) {
  const auto& id = made.evaluation.id;
  evaluation::Edit edit{.reached = "政务网全年安全稳定运行，线路和出口按合同保障，故障及时响应。",
                        .funds_cause = "第四季度线路租赁费待验收后支付。",
                        .funds_remedy = "十二月完成验收和支付。",
                        .items = {}};
  auto now = made;
  for (const auto& item : made.form.items) {
    evaluation::ItemEdit one{.id = item.id};
    if (!item.actual()) {
      one.hand = item.direction == evaluation::Direction::qualitative
                     ? "90"
                     : item.target_number().value_or(evaluation::Fraction{}).text();
      one.hand_reason = "台账尚未登记，按纸质材料填写。";
      QS_TRY(auto writer, s.blobs->create());
      QS_CHECK(writer->write(fmt::format("演示材料：{}\n", item.name)));
      QS_TRY(auto content, writer->commit());
      QS_TRY(now, s.evaluations->attach(officer, id, item.id, item.name + ".txt", content));
    }
    one.cause = "个别线路受市政施工影响中断。";
    one.remedy = "与施工单位建立提前通报，重要线路增加备用路由。";
    if (auto score = item.score(); score && *score >= item.weight) one.cause = one.remedy = "";
    edit.items.push_back(std::move(one));
  }
  return s.evaluations->save(officer, id, now.version.revision, edit);
}

}  // namespace

Result<void> fill_evaluations(System& s, Lang lang) {
  auto there = s.evaluations->list(Actor::operator_on_console("demo"), {});
  if (!there || !there->empty()) return there ? Result<void>() : fail(std::move(there).error());
  QS_TRY(auto officer, person(s, kOfficer));
  QS_TRY(auto reviewer, person(s, kReviewer));
  auto year = budget::exact_of(calendar::to_text(s.calendar->today()).substr(0, 4), 0).value_or(0);
  QS_TRY(auto made, s.evaluations->create(officer, kUnit, year, "XM02"));
  QS_TRY(auto explained, explain(s, officer, made));
  QS_CHECK(s.evaluations->submit(officer, explained.evaluation.id, "请审核"));
  QS_CHECK(s.evaluations->approve(reviewer, explained.evaluation.id, "同意"));
  QS_CHECK(s.evaluations->create(officer, kUnit, year, "XM05"));
  std::cout << (lang == Lang::zh ? "  自评：1 份已审定，1 份草稿\n" : "  self-evaluations: 1 approved, 1 draft\n")
            << std::flush;
  return {};
}

}  // namespace qushu::app
