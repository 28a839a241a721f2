#include "qushu/sharing/grant.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"
#include "qushu/sharing/departments.h"
#include "qushu/sharing/policy.h"

#include "words.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, 4> kStates{"active", "suspended", "terminated", "expired"};
constexpr std::string_view kColumns =
    "id, number, dataset_id, dataset_code, dataset_title, provider_id, provider_name, department_id, department_name, "
    "request_id, terms, state, reason, created_by, created, changed, superseded_by";

const std::array kMigrations{
    store::Migration{.id = "sharing.0001",
                     .sql = "CREATE TABLE sharing_grant (id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, dataset_id TEXT "
                            "NOT NULL REFERENCES "
                            "dataset (id) ON DELETE CASCADE, dataset_code TEXT NOT NULL, dataset_title TEXT NOT NULL, "
                            "provider_id TEXT NOT NULL, "
                            "provider_name TEXT NOT NULL, department_id TEXT NOT NULL, department_name TEXT NOT NULL, "
                            "request_id TEXT NOT NULL, "
                            "terms TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, created_by TEXT NOT NULL, created "
                            "BIGINT NOT NULL, "
                            "changed BIGINT NOT NULL);\n"
                            "CREATE INDEX sharing_grant_dataset ON sharing_grant (dataset_id, state);\n"
                            "CREATE INDEX sharing_grant_department ON sharing_grant (department_id, state);\n"
                            "CREATE INDEX sharing_grant_provider ON sharing_grant (provider_id, state);\n"},
    store::Migration{.id = "sharing.0009",
                     .sql = "ALTER TABLE sharing_grant ADD COLUMN superseded_by TEXT NOT NULL DEFAULT '';\n"
                            "ALTER TABLE sharing_grant ADD COLUMN handed_over BIGINT;\n"}};

Failure no_grant() {
  return fail(Code::not_found, "grant.not_found", "没有这个共享授权，或者您无权查看。",
              "There is no such grant, or none that you may see.");
}

Grant grant_of(const store::Row& row) {
  Grant g;
  std::size_t i = 0;
  g.id = row.text(i++);
  g.number = row.integer(i++);
  for (auto* text : {&g.dataset_id, &g.dataset_code, &g.dataset_title, &g.provider_id, &g.provider_name, &g.department_id,
                     &g.department_name, &g.request_id})
    *text = row.text(i++);
  g.terms = terms_from_store(row.text(i++));
  (void)parse(row.text(i++), g.state);
  g.reason = row.text(i++);
  g.created_by = row.text(i++);
  g.created = row.time(i++);
  g.changed = row.time(i++);
  g.superseded_by = row.text(i++);
  return g;
}

// As it is shown: of what is kept, only `terminated` outlives the period.
Grant seen(Grant g, Time now) {
  if (g.state != GrantState::terminated && g.terms.until && *g.terms.until <= now) g.state = GrantState::expired;
  return g;
}

// Both sides are told when a grant is stopped, goes on or ends.
notify::Message told_of(const Grant& g) {
  const std::array<Text, 3> kWhat{Text{"已恢复", "resumed"}, Text{"已暂停", "suspended"}, Text{"已终止", "terminated"}};
  const auto& what = kWhat.at(static_cast<std::size_t>(g.state));
  return {.people = {},
          .duties = {{Permission::share_review, g.department_id}, {Permission::share_review, g.provider_id}},
          .kind = "grant",
          .link = "/sharing/grants/" + g.id,
          .title = {fmt::format("共享授权 {} {}：{}", g.number, what.zh, g.dataset_title),
                    fmt::format("Grant {} {}: {}", g.number, what.en, g.dataset_title)},
          .detail = {g.reason, g.reason}};
}

}  // namespace

std::string_view name(GrantState state) {
  return kStates.at(static_cast<std::size_t>(state));
}
bool parse(std::string_view text, GrantState& out) {
  return parse_word(text, kStates, out);
}
const Text& title(GrantState state) {
  static const std::array<Text, kStates.size()> kTitles{Text{"有效", "active"}, Text{"已暂停", "suspended"},
                                                        Text{"已终止", "terminated"}, Text{"已到期", "expired"}};
  return kTitles.at(static_cast<std::size_t>(state));
}

std::span<const store::Migration> grant_migrations() {
  return kMigrations;
}

json::object to_json(const Grant& g) {
  auto out = to_json(g.terms);
  out["id"] = g.id;
  out["number"] = g.number;
  out["dataset"] = g.dataset_code;
  out["dataset_title"] = g.dataset_title;
  out["provider_id"] = g.provider_id;
  out["provider_name"] = g.provider_name;
  out["department_id"] = g.department_id;
  out["department_name"] = g.department_name;
  out["request_id"] = g.request_id;
  out["state"] = name(g.state);
  out["reason"] = g.reason;
  out["created_by"] = g.created_by;
  out["created"] = to_iso(g.created);
  out["changed"] = to_iso(g.changed);
  out["superseded_by"] = g.superseded_by;
  return out;
}

Result<std::unique_ptr<Grants>> Grants::open(Deps deps) {
  QS_TRY(auto key, crypto::load_or_create_key(deps.key_folder / "sharing.key"));
  return std::unique_ptr<Grants>(new Grants(std::move(deps), std::move(key)));
}

Result<Grant> Grants::add(store::Transaction& t, const Actor& actor, Grant g) const {
  g.id = new_id();
  g.state = GrantState::active;
  g.created = g.changed = deps_.clock.now();
  g.created_by = actor.name;
  QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM sharing_grant"));
  g.number = last->integer(0) + 1;
  QS_CHECK(
      t.exec(fmt::format("INSERT INTO sharing_grant ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns),
             {g.id, g.number, g.dataset_id, g.dataset_code, g.dataset_title, g.provider_id, g.provider_name, g.department_id,
              g.department_name, g.request_id, to_store(g.terms), name(g.state), g.reason, g.created_by, g.created, g.changed,
              g.superseded_by}));
  QS_CHECK(
      deps_.audit.record(t, actor,
                         {.action = "grant.add",
                          .object_kind = "grant",
                          .object_id = g.id,
                          .object_name = fmt::format("{} → {}", g.dataset_title, g.department_name),
                          .detail = {{"dataset", g.dataset_code}, {"request", g.request_id}, {"terms", to_json(g.terms)}}}));
  return g;
}

Result<Grant> Grants::find(const Actor& actor, std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM sharing_grant WHERE id = ?", kColumns), {id});
  }));
  if (!row) return no_grant();
  auto g = seen(grant_of(*row), deps_.clock.now());
  if (!is_grantee(actor, g) && !is_provider(actor, g) && !actor.can(Permission::catalog_review)) return no_grant();
  return g;
}

Result<std::vector<Grant>> Grants::list(const Actor& actor, const Filter& filter) const {
  store::Params params;
  std::string mine = "1 = 0", given = "1 = 0";
  if (filter.box != "given" && !actor.department_id.empty()) {
    mine = "department_id = ?";
    params.emplace_back(actor.department_id);
  }
  if (filter.box != "mine") {
    if (actor.can(Permission::dataset_all) || actor.can(Permission::catalog_review)) {
      given = "1 = 1";
    } else if (actor.can(Permission::dataset_write) || actor.can(Permission::share_review)) {
      given = one_of("provider_id", actor.departments, params);
    }
  }
  auto sql = fmt::format("SELECT {} FROM sharing_grant WHERE ({} OR {})", kColumns, mine, given);
  if (!filter.dataset.empty()) {
    sql += " AND dataset_code = ?";
    params.emplace_back(filter.dataset);
  }
  if (filter.state == GrantState::terminated)
    sql += " AND state = 'terminated'";
  else if (filter.state)
    sql += " AND state <> 'terminated'";
  sql += " AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?";
  auto before = filter.before;
  std::vector<Grant> out;
  // Whether the period is over is known of each grant only: pages are read until there are enough.
  while (true) {
    auto all = params;
    all.insert(all.end(), {before, before, static_cast<std::int64_t>(filter.limit)});
    QS_TRY(auto rows, deps_.store.read([&](store::Session& s) { return s.query(sql, all); }));
    for (const auto& row : rows) {
      auto g = seen(grant_of(row), deps_.clock.now());
      before = g.id;
      if (out.size() < filter.limit && (!filter.state || g.state == *filter.state)) out.push_back(std::move(g));
    }
    if (rows.size() < filter.limit || out.size() >= filter.limit) return out;
  }
}

Result<Grant> Grants::move(const Actor& actor, std::string_view id, GrantState to, std::string_view reason) const {
  auto said = trim(reason);
  if (to != GrantState::active && said.empty())
    return fail(
        Error{.code = Code::invalid, .id = "grant.reason", .text = {"请写明原因。", "Give a reason."}, .subject = "reason"});
  return deps_.store.write([&](store::Transaction& t) -> Result<Grant> {
    QS_TRY(auto row, t.one(fmt::format("SELECT {} FROM sharing_grant WHERE id = ?", kColumns), {id}));
    if (!row) return no_grant();
    auto g = seen(grant_of(*row), deps_.clock.now());
    bool provider = is_provider(actor, g), grantee = is_grantee(actor, g);
    if (!provider && !grantee) return no_grant();
    if (!provider && !(grantee && to == GrantState::terminated))
      return fail(Code::forbidden, "grant.not_provider", "只有提供部门可以暂停和恢复授权。",
                  "Only the providing department suspends and resumes a grant.");
    if (g.state == GrantState::terminated || g.state == to || (g.state == GrantState::expired && to != GrantState::terminated))
      return fail(Code::conflict, "grant.state", "授权现在的状态不能这样操作，请刷新后再看。",
                  "The state that the grant is in does not allow this; look at it again.");
    g.state = to;
    g.reason = said;
    g.changed = deps_.clock.now();
    QS_CHECK(t.exec("UPDATE sharing_grant SET state = ?, reason = ?, changed = ? WHERE id = ?",
                    {name(g.state), g.reason, g.changed, g.id}));
    QS_CHECK(deps_.notify.tell(t, actor, told_of(g)));
    constexpr std::array<std::string_view, 3> kActions{"grant.resume", "grant.suspend", "grant.terminate"};
    QS_CHECK(deps_.audit.record(t, actor,
                                {.action = std::string(kActions.at(static_cast<std::size_t>(to))),
                                 .object_kind = "grant",
                                 .object_id = g.id,
                                 .object_name = fmt::format("{} → {}", g.dataset_title, g.department_name),
                                 .detail = {{"dataset", g.dataset_code}, {"reason", g.reason}}}));
    return g;
  });
}

Result<std::shared_ptr<const Grants::All>> Grants::active() const {
  // Asked before the grants are read, so that what changes meanwhile makes the answer old at once.
  QS_TRY(auto generation, deps_.store.generation());
  {
    std::scoped_lock lock(mutex_);
    if (active_ && generation_ == generation) return active_;
  }
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM sharing_grant WHERE state = 'active' ORDER BY id DESC", kColumns));
  }));
  auto all = std::make_shared<All>();
  for (const auto& row : rows) all->push_back(std::make_shared<const Grant>(grant_of(row)));
  std::scoped_lock lock(mutex_);
  active_ = all;
  generation_ = generation;
  // Masks of grants that are no more: whatever still runs under them finds every value empty.
  std::erase_if(masks_, [&](const auto& entry) {
    return std::ranges::none_of(*all, [&](const auto& g) { return g->id == entry.first; });
  });
  return active_;
}

Result<std::vector<std::shared_ptr<const Grant>>> Grants::usable(const Actor& actor, std::string_view dataset_id) const {
  std::vector<std::shared_ptr<const Grant>> out;
  const bool by_key = actor.can(Permission::grant_use) && !actor.can(Permission::dataset_read);
  if (!actor.signed_in() || (!by_key && !actor.can(Permission::dataset_read)) || actor.department_id.empty()) return out;
  QS_TRY(auto all, active());
  auto now = deps_.clock.now();
  for (const auto& g : *all)
    if (is_grantee(actor, *g) && (!by_key || std::ranges::find(actor.grants, g->id) != actor.grants.end()) &&
        (dataset_id.empty() || g->dataset_id == dataset_id) && (!g->terms.from || *g->terms.from <= now) &&
        (!g->terms.until || now < *g->terms.until) && within(g->terms.addresses, actor.from))
      out.push_back(g);
  return out;
}

bool Grants::holds(const Grant& grant) const {
  if (grant.terms.until && deps_.clock.now() >= *grant.terms.until) return false;
  auto all = active();
  // Who cannot ask must not read on.
  return all && std::ranges::any_of(**all, [&](const auto& g) { return g->id == grant.id && g->changed == grant.changed; });
}

std::string Grants::cursor_key(const Grant& grant) const {
  return crypto::hmac(key_, "cursor:" + grant.id);
}

std::shared_ptr<const Masks> Grants::masks(const Grant& grant) const {
  {
    std::scoped_lock lock(mutex_);
    if (auto known = masks_.find(grant.id); known != masks_.end()) return known->second;
  }
  auto key = crypto::hmac(key_, "grant:" + grant.id);
  auto out = std::make_shared<Masks>();
  for (const auto& f : grant.terms.fields) {
    if (f.mask.kind == MaskKind::none) continue;
    auto rewriting = [mask = f.mask, key](std::string_view value, std::string& text) { apply(mask, value, key, text); };
    // A constant stands in empty rows too: which are empty is not to be seen.
    out->emplace(f.id, std::make_shared<const engine::Rewriter>(rewriting, f.mask.kind == MaskKind::constant));
  }
  std::scoped_lock lock(mutex_);
  return masks_.emplace(grant.id, std::move(out)).first->second;
}

}  // namespace qushu::sharing
