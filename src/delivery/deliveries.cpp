#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "rows.h"

namespace qushu::delivery {
namespace {

Failure none() {
  return fail(Code::not_found, "delivery.not_found", "没有这个推送或订阅，或者您无权查看。",
              "There is no such delivery, or none that you may see.");
}
Failure wrong(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "delivery.invalid", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}
bool is_grantee(const Actor& actor, const sharing::Grant& g) {
  return !actor.person_id.empty() && actor.department_id == g.department_id;
}
bool grants_push(const sharing::Grant& g) {
  return std::ranges::find(g.terms.methods, sharing::Use::push) != g.terms.methods.end();
}

}  // namespace

Result<std::unique_ptr<Deliveries>> Deliveries::open(Deps deps) {
  QS_TRY(auto key, crypto::load_or_create_key(deps.key_folder / "delivery.key"));
  return std::unique_ptr<Deliveries>(new Deliveries(std::move(deps), std::move(key)));
}

Result<std::optional<Time>> Deliveries::next_due(const Delivery& d, Time after) const {
  if (d.cron.empty() || !d.active) return std::nullopt;
  QS_TRY(auto schedule, calendar::Schedule::make(d.cron, deps_.calendar.zone().name(), d.days));
  QS_TRY(auto days, deps_.calendar.working_days());
  return schedule.next(after, *days);
}

Result<std::pair<Delivery, std::string>> Deliveries::add(const Actor& actor, const NewDelivery& n) const {
  QS_TRY(auto g, deps_.grants.find(actor, n.grant_id));
  if (!is_grantee(actor, g))
    return fail(Code::forbidden, "delivery.not_yours", "只有使用部门的人员可以设置推送和订阅。",
                "Only people of the department that holds the grant set up its deliveries.");
  if (g.state == sharing::GrantState::terminated || g.state == sharing::GrantState::expired)
    return fail(Code::conflict, "delivery.grant_ended", fmt::format("授权{}。", sharing::title(g.state).zh),
                fmt::format("The grant is {}.", sharing::title(g.state).en));
  Delivery d{.id = new_id(),
             .grant_id = g.id,
             .dataset_id = g.dataset_id,
             .kind = n.kind,
             .source = n.source,
             .table = n.table,
             .url = std::string(trim(n.url)),
             .on_version = n.on_version,
             .cron = std::string(trim(n.cron)),
             .days = n.days,
             .person_id = actor.person_id,
             .person_name = actor.name,
             .created = deps_.clock.now()};
  std::string secret, sealed;
  if (n.kind == Kind::table) {
    if (!grants_push(g))
      return fail(Code::forbidden, "delivery.method", "授权不包括“推送入库”，请申请扩大授权。",
                  "The grant does not include pushed tables; ask for more.");
    d.url.clear();
    d.table.table = std::string(trim(d.table.table));
    d.table.schema = std::string(trim(d.table.schema));
    QS_TRY(auto source, deps_.sources.find(actor, n.source));
    if (source.kind != sources::Kind::postgresql && source.kind != sources::Kind::mysql)
      return wrong("source", "请选择 PostgreSQL 或 MySQL/MariaDB 数据源。", "Choose a source that is PostgreSQL or MySQL.");
    d.source = source.code;
    if (d.table.table.empty()) return wrong("table", "请写明目标表名。", "Name the table.");
    if (!d.on_version && d.cron.empty())
      return wrong("cron", "请选择“有新版本时”或写一个计划。", "Choose “when there is a new version”, or give a schedule.");
  } else {
    d.source.clear();
    d.table = {};
    d.cron.clear();
    d.on_version = true;
    constexpr std::size_t kUrl = 2000, kSecret = 24;
    if (d.url.size() > kUrl || !(d.url.starts_with("https://") || d.url.starts_with("http://")))
      return wrong("url", "应为 http:// 或 https:// 开头的地址。", "An address begins with http:// or https://.");
    auto bytes = crypto::random_bytes(kSecret);
    secret = "whsec_" + crypto::to_base64(bytes);
    QS_TRY(auto box, crypto::seal(key_, bytes, "delivery:" + d.id));
    sealed = crypto::to_base64(box);
  }
  QS_TRY(d.due, next_due(d, d.created));
  if (!d.cron.empty() && !d.due) return wrong("cron", "这个计划永远不会到期。", "This schedule is never due.");
  return deps_.store.write([&](store::Transaction& t) -> Result<std::pair<Delivery, std::string>> {
    QS_CHECK(insert(t, d, sealed));
    QS_CHECK(deps_.audit.record(
        t, actor,
        {.action = "delivery.add",
         .object_kind = "grant",
         .object_id = g.id,
         .object_name = g.dataset_title,
         .detail = {
             {"delivery", d.id}, {"kind", name(d.kind)}, {"source", d.source}, {"table", d.table.table}, {"url", d.url}}}));
    return std::pair(d, secret);
  });
}

Result<void> Deliveries::hand_over(store::Transaction& t, std::string_view from, std::string_view to) const {
  QS_CHECK(t.exec("UPDATE delivery SET grant_id = ? WHERE grant_id = ?", {to, from}));
  return {};
}

Result<std::vector<Delivery>> Deliveries::list(const Actor& actor, std::string_view grant_id) const {
  QS_TRY(auto g, deps_.grants.find(actor, grant_id));
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM delivery WHERE grant_id = ? ORDER BY id DESC", columns()), {g.id});
  }));
  std::vector<Delivery> out;
  for (const auto& row : rows) out.push_back(delivery_of(row));
  return out;
}

Result<Deliveries::Found> Deliveries::find(const Actor& actor, std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM delivery WHERE id = ?", columns()), {id});
  }));
  if (!row) return none();
  auto d = delivery_of(*row);
  auto g = deps_.grants.find(actor, d.grant_id);
  if (!g) return none();
  return Found{.delivery = std::move(d), .grant = *std::move(g)};
}

Result<Delivery> Deliveries::activate(const Actor& actor, std::string_view id, bool active) const {
  QS_TRY(auto found, find(actor, id));
  // Who only sees a grant that is not hers (the data authority) changes nothing.
  const bool provider =
      actor.can(Permission::dataset_all) || sharing::check_steward(actor, found.grant.provider_id).has_value();
  if (!is_grantee(actor, found.grant) && (active || !provider))
    return fail(Code::forbidden, "delivery.not_yours", "只有使用部门可以恢复推送，提供部门可以暂停。",
                "Only the grantee resumes a delivery; the provider may pause it.");
  auto d = found.delivery;
  d.active = active;
  QS_TRY(d.due, next_due(d, deps_.clock.now()));
  return deps_.store.write([&](store::Transaction& t) -> Result<Delivery> {
    QS_CHECK(t.exec("UPDATE delivery SET active = ?, due = ? WHERE id = ?", {d.active, d.due, d.id}));
    QS_CHECK(deps_.audit.record(t, actor,
                                {.action = active ? "delivery.resume" : "delivery.pause",
                                 .object_kind = "grant",
                                 .object_id = d.grant_id,
                                 .object_name = found.grant.dataset_title,
                                 .detail = {{"delivery", d.id}}}));
    return d;
  });
}

Result<void> Deliveries::remove(const Actor& actor, std::string_view id) const {
  QS_TRY(auto found, find(actor, id));
  if (!is_grantee(actor, found.grant))
    return fail(Code::forbidden, "delivery.not_yours", "只有使用部门可以删除推送和订阅。",
                "Only the grantee removes a delivery.");
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec("DELETE FROM delivery WHERE id = ?", {found.delivery.id}));
    return deps_.audit.record(t, actor,
                              {.action = "delivery.remove",
                               .object_kind = "grant",
                               .object_id = found.grant.id,
                               .object_name = found.grant.dataset_title,
                               .detail = {{"delivery", found.delivery.id}}});
  });
}

Result<std::string> Deliveries::run(const Actor& actor, std::string_view id) const {
  QS_TRY(auto found, find(actor, id));
  if (!is_grantee(actor, found.grant))
    return fail(Code::forbidden, "delivery.not_yours", "只有使用部门可以运行推送。", "Only the grantee runs a delivery.");
  return deps_.store.write([&](store::Transaction& t) { return queue(t, found.delivery, 0, new_id()); });
}

Result<void> Deliveries::published(store::Transaction& t, const catalog::Dataset& dataset,
                                   const catalog::Version& version) const {
  QS_TRY(auto rows,
         t.query(fmt::format("SELECT {} FROM delivery WHERE dataset_id = ? AND active = 1 AND on_version = 1", columns()),
                 {dataset.id}));
  for (const auto& row : rows) {
    auto d = delivery_of(row);
    QS_CHECK(queue(t, d, version.number, fmt::format("v{}", version.number)));
  }
  return {};
}

Result<void> Deliveries::tick() const {
  auto now = deps_.clock.now();
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM delivery WHERE due <= ? AND active = 1 ORDER BY due LIMIT 100", columns()),
                   {now});
  }));
  for (const auto& row : rows) {
    auto d = delivery_of(row);
    auto due = *d.due;
    QS_TRY(auto next, next_due(d, now));
    QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
      // Another process may have been first.
      QS_TRY(auto changed, t.exec("UPDATE delivery SET due = ? WHERE id = ? AND due = ?", {next, d.id, due}));
      if (changed == 0) return {};
      QS_CHECK(queue(t, d, 0, fmt::format("t{}", to_micros(due))));
      return {};
    }));
  }
  return {};
}

Result<std::optional<calendar::Standing>> Deliveries::standing(const sharing::Grant& grant) const {
  if (!grants_push(grant) || grant.terms.methods.size() > 1) return std::nullopt;
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one("SELECT count(*) FROM delivery WHERE grant_id = ? AND first IS NOT NULL", {grant.id});
  }));
  if (row->integer(0) > 0) return std::nullopt;
  QS_TRY(auto standing,
         deps_.calendar.standing(grant.created, static_cast<int>(deps_.settings.integer("sharing.delivery_days"))));
  return standing;
}

}  // namespace qushu::delivery
