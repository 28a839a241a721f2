// One delivery, as a job.
#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/crypto/crypto.h"

#include "rows.h"

namespace qushu::delivery {
namespace {

constexpr const char* kJob = "delivery.run";

// Looks after a grant while its rows leave, and counts them.
class Watched final : public engine::Cursor {
 public:
  Watched(std::unique_ptr<engine::Cursor> inner, const sharing::Policy& policy, const sharing::Shown& shown,
          jobs::Context& context)
      : inner_(std::move(inner)), policy_(policy), shown_(shown), context_(context) {}
  [[nodiscard]] const std::vector<engine::Column>& columns() const override { return inner_->columns(); }
  [[nodiscard]] Result<const engine::Chunk*> next() override {
    if (!policy_.holds(shown_))
      return fail(Code::forbidden, "grant.ended", "共享授权已暂停、终止或到期，推送到此为止。",
                  "The grant was suspended, was terminated or has run out; the delivery ends here.");
    auto chunk = inner_->next();
    if (chunk && *chunk != nullptr) {
      rows_ += static_cast<std::int64_t>((*chunk)->rows());
      context_.units(rows_, static_cast<std::int64_t>(shown_.rows.value_or(0)), "rows");
    }
    return chunk;
  }

 private:
  std::unique_ptr<engine::Cursor> inner_;
  const sharing::Policy& policy_;
  const sharing::Shown& shown_;
  jobs::Context& context_;
  std::int64_t rows_ = 0;
};

}  // namespace

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body) {
  return "v1," + crypto::to_base64(crypto::hmac(secret, fmt::format("{}.{}.{}", id, timestamp, body)));
}

void Deliveries::register_jobs() {
  constexpr int kTries = 10;
  deps_.jobs.register_kind({.name = kJob,
                            .title = {"推送共享数据", "Deliver shared data"},
                            .handler = [this](jobs::Context& c) { return perform(c); },
                            .max_attempts = kTries});
}

Result<std::string> Deliveries::queue(store::Transaction& t, const Delivery& d, std::int64_t version,
                                      std::string_view once) const {
  QS_TRY(auto dataset, deps_.catalog.find({.all = true}, d.dataset_id));
  return deps_.jobs.add(t, Actor::system(),
                        {.kind = kJob,
                         .title = d.kind == Kind::table ? Text{fmt::format("推送 {} 到 {}", dataset.title, d.table.table),
                                                               fmt::format("Deliver {} to {}", dataset.title, d.table.table)}
                                                        : Text{fmt::format("通知 {} 有新版本", dataset.title),
                                                               fmt::format("Tell of {}", dataset.title)},
                         .input = {{"delivery", d.id}, {"version", version}},
                         .object_kind = "grant",
                         .object_id = d.grant_id,
                         .idempotency_key = fmt::format("delivery:{}:{}", d.id, once)});
}

Result<jobs::Finish> Deliveries::perform(jobs::Context& context) const {
  std::string id(context.job().input.at("delivery").as_string());
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM delivery WHERE id = ?", columns()), {id});
  }));
  auto nothing = [](std::string_view why) {
    return jobs::Finish(
        [why = std::string(why)](store::Transaction&) -> Result<json::object> { return json::object{{"skipped", why}}; });
  };
  if (!row) return nothing("removed");
  auto d = delivery_of(*row);
  if (!d.active) return nothing("paused");
  QS_TRY(auto grant, deps_.grants.find(Actor::system(), d.grant_id));
  std::int64_t rows = 0, version = 0;
  auto done = [&]() -> Result<void> {
    QS_TRY(auto shown,
           deps_.policy.compile_grant(grant.id, d.kind == Kind::table ? std::optional(sharing::Use::push) : std::nullopt));
    version = shown.version.number;
    if (d.kind == Kind::webhook) return tell_webhook(d, grant, shown.dataset, context);
    QS_TRY(rows, write_table(d, shown, context));
    return {};
  }();
  if (!done) {
    note_failure(d, grant, done.error());
    return std::unexpected(done.error());
  }
  return jobs::Finish([this, d, rows, version](store::Transaction& t) -> Result<json::object> {
    auto now = deps_.clock.now();
    QS_CHECK(t.exec(
        "UPDATE delivery SET ran = ?, error_zh = '', error_en = '', row_count = ?, version = ?, first = coalesce(first, ?) "
        "WHERE id = ?",
        {now, rows, version, now, d.id}));
    return json::object{{"rows", rows}, {"version", version}};
  });
}

Result<std::int64_t> Deliveries::write_table(const Delivery& d, const sharing::Shown& shown, jobs::Context& context) const {
  QS_TRY(auto actor, deps_.identity.actor_of(d.person_id));
  QS_CHECK(deps_.policy.admit(actor, shown.grant, "push"));
  QS_TRY(auto access, deps_.sources.target(actor, d.source));
  std::string list;
  for (const auto& field : shown.fields) list += (list.empty() ? "" : ", ") + engine::quote_name(field.id);
  auto cancelled = [&] { return context.cancelled() || !deps_.policy.holds(shown); };
  QS_TRY(auto cursor, deps_.engine.run({.sql = fmt::format("SELECT {} FROM ({}) AS t", list, shown.select),
                                        .params = {},
                                        .limits = {.cancelled = cancelled}}));
  Watched watched(std::move(cursor), deps_.policy, shown, context);
  QS_TRY(auto rows, deps_.sources.replace(access, d.table, watched, cancelled));
  deps_.policy.used(actor, shown.grant, "push", rows);
  return static_cast<std::int64_t>(rows);
}

Result<void> Deliveries::tell_webhook(const Delivery& d, const sharing::Grant& grant, const catalog::Dataset& dataset,
                                      const jobs::Context& context) const {
  QS_TRY(auto sealed,
         deps_.store.read([&](store::Session& s) { return s.one("SELECT sealed FROM delivery WHERE id = ?", {d.id}); }));
  if (!sealed) return {};
  QS_TRY(auto secret, crypto::open(key_, crypto::from_base64(sealed->text(0)).value_or(""), "delivery:" + d.id));
  // The same message, however often it is tried.
  const auto& id = context.job().id;
  auto asked = context.job().input.at("version").to_number<std::int64_t>();
  auto body = json::serialize(json::object{{"type", "dataset.version"},
                                           {"timestamp", to_iso(context.job().created)},
                                           {"data", json::object{{"dataset", dataset.code},
                                                                 {"title", dataset.title},
                                                                 {"version", asked == 0 ? dataset.version : asked},
                                                                 {"grant", grant.id},
                                                                 {"grant_number", grant.number}}}});
  auto now = std::chrono::duration_cast<std::chrono::seconds>(deps_.clock.now().time_since_epoch()).count();
  auto sent = deps_.sources.post(d.url,
                                 {"webhook-id: " + id, fmt::format("webhook-timestamp: {}", now),
                                  "webhook-signature: " + webhook_signature(secret, id, now, body)},
                                 body, [&] { return context.cancelled(); });
  QS_CHECK(sent);
  Actor actor;
  actor.name = d.person_name;
  actor.person_id = d.person_id;
  deps_.policy.used(actor, std::make_shared<const sharing::Grant>(grant), "webhook", 0);
  return {};
}

void Deliveries::note_failure(const Delivery& d, const sharing::Grant& grant, const Error& error) const {
  auto noted = deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec("UPDATE delivery SET ran = ?, error_zh = ?, error_en = ? WHERE id = ?",
                    {deps_.clock.now(), error.text.zh, error.text.en, d.id}));
    // Told once, when it begins to fail.
    if (d.error) return {};
    return deps_.notify.tell(
        t, Actor::system(),
        {.people = {d.person_id},
         .kind = "delivery",
         .link = "/sharing/grants/" + grant.id + "?tab=deliveries",
         .title = {fmt::format("推送失败：{}", grant.dataset_title), fmt::format("Delivery failed: {}", grant.dataset_title)},
         .detail = error.text});
  });
  if (!noted) log::error("why a delivery failed could not be kept", noted.error());
}

}  // namespace qushu::delivery
