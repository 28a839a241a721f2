// How one grant takes the place of another.
#include <fmt/format.h>

#include "qushu/sharing/grant.h"

namespace qushu::sharing {
namespace {

notify::Message told_of(std::string_view id, std::int64_t number, const Grant& by, bool later) {
  notify::Message m{.people = {},
                    .duties = {{Permission::share_review, by.department_id}, {Permission::share_review, by.provider_id}},
                    .kind = "grant",
                    .link = fmt::format("/sharing/grants/{}", later ? id : by.id),
                    .title = {},
                    .detail = {}};
  if (later) {
    m.title = {fmt::format("共享授权 {} 将由授权 {} 取代：{}", number, by.number, by.dataset_title),
               fmt::format("Grant {} will be replaced by grant {}: {}", number, by.number, by.dataset_title)};
    m.detail = {"新授权生效前仍按原授权使用；生效时密钥、推送和订阅自动转到新授权。",
                "Until the new grant begins the old one holds; its keys and deliveries are then handed over."};
  } else {
    m.title = {fmt::format("共享授权 {} 已由授权 {} 取代：{}", number, by.number, by.dataset_title),
               fmt::format("Grant {} was replaced by grant {}: {}", number, by.number, by.dataset_title)};
    m.detail = {"原授权已终止；密钥、推送和订阅已转到新授权，数据继续使用，不用登记处置。",
                "The old grant has ended; its keys and deliveries serve the new one, and its data stays in use."};
  }
  return m;
}

}  // namespace

Result<void> Grants::supersede(store::Transaction& t, const Actor& actor, std::string_view id, const Grant& by) const {
  QS_TRY(auto changed, t.exec("UPDATE sharing_grant SET superseded_by = ? WHERE id = ? AND handed_over IS NULL", {by.id, id}));
  // What another has taken the place of already stays with that one.
  if (changed == 0) return {};
  if (!by.terms.from || *by.terms.from <= deps_.clock.now()) return succeed(t, actor, id, by);
  QS_TRY(auto row, t.one("SELECT number, state FROM sharing_grant WHERE id = ?", {id}));
  return row->text(1) == "terminated" ? Result<void>() : deps_.notify.tell(t, actor, told_of(id, row->integer(0), by, true));
}

Result<void> Grants::succeed(store::Transaction& t, const Actor& actor, std::string_view id, const Grant& by) const {
  auto now = deps_.clock.now();
  auto reason = fmt::format("由授权 {} 取代", by.number);
  QS_TRY(auto ended, t.exec("UPDATE sharing_grant SET state = 'terminated', reason = ?, changed = ? WHERE id = ? AND state <> "
                            "'terminated'",
                            {reason, now, id}));
  QS_CHECK(t.exec("UPDATE sharing_grant SET handed_over = ? WHERE id = ?", {now, id}));
  if (hand_over_) QS_CHECK(hand_over_(t, id, by.id));
  if (ended == 0) return {};
  QS_TRY(auto row, t.one("SELECT number FROM sharing_grant WHERE id = ?", {id}));
  QS_CHECK(deps_.notify.tell(t, actor, told_of(id, row->integer(0), by, false)));
  return deps_.audit.record(t, actor,
                            {.action = "grant.terminate",
                             .object_kind = "grant",
                             .object_id = std::string(id),
                             .object_name = fmt::format("{} → {}", by.dataset_title, by.department_name),
                             .detail = {{"dataset", by.dataset_code}, {"reason", reason}, {"superseded_by", by.id}}});
}

Result<void> Grants::tick() const {
  QS_TRY(auto open, deps_.store.read([](store::Session& s) {
    return s.query("SELECT id, superseded_by FROM sharing_grant WHERE superseded_by <> '' AND handed_over IS NULL ORDER BY id");
  }));
  const auto now = deps_.clock.now();
  for (const auto& row : open) {
    auto by = find(Actor::system(), row.text(1));
    // One that went before it began takes no place.
    if (!by || by->state == GrantState::terminated) {
      QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
        QS_CHECK(
            t.exec("UPDATE sharing_grant SET superseded_by = '' WHERE id = ? AND superseded_by = ? AND handed_over IS NULL",
                   {row.text(0), row.text(1)}));
        return {};
      }));
    } else if (!by->terms.from || *by->terms.from <= now) {
      QS_CHECK(deps_.store.write(
          [&](store::Transaction& t) -> Result<void> { return succeed(t, Actor::system(), row.text(0), *by); }));
    }
  }
  return {};
}

}  // namespace qushu::sharing
