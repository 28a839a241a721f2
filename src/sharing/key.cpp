#include "qushu/sharing/key.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/json.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"
#include "qushu/sharing/policy.h"

#include "signature.h"
#include "words.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"bearer", "hmac-sha256", "hmac-sm3"};
constexpr std::string_view kPrefix = "qk_";
constexpr std::string_view kColumns =
    "id, name, department_id, department_name, grants, kind, hint, created_by, created, expires, last_used, revoked, "
    "revoked_by";
constexpr auto kSeenEvery = std::chrono::minutes(1);

const std::array kMigrations{store::Migration{
    .id = "sharing.0003",
    .sql =
        "CREATE TABLE sharing_key (id TEXT PRIMARY KEY, name TEXT NOT NULL, department_id TEXT NOT NULL, department_name TEXT "
        "NOT NULL, grants TEXT NOT NULL, kind TEXT NOT NULL, hint TEXT NOT NULL, created_by TEXT NOT NULL, created BIGINT NOT "
        "NULL, expires BIGINT NOT NULL, last_used BIGINT, revoked BIGINT, revoked_by TEXT NOT NULL, digest TEXT NOT NULL "
        "UNIQUE, sealed TEXT NOT NULL);\n"
        "CREATE INDEX sharing_key_department ON sharing_key (department_id);\n"}};

const std::array kSettings{SettingSpec{.key = "sharing.key_days",
                                       .kind = SettingKind::integer,
                                       .default_value = "365",
                                       .label = {"应用密钥最长有效的天数", "Days for which an application key is good at most"},
                                       .min = 1,
                                       .max = 3650,
                                       .runtime = true,
                                       .who = Permission::security_manage},
                           SettingSpec{.key = "sharing.key_kinds",
                                       .kind = SettingKind::choice,
                                       .default_value = "any",
                                       .label = {"可以签发的应用密钥：任意、只限签名、只限国密签名",
                                                 "Application keys that may be made: any, signing ones, "
                                                 "signing ones with national algorithms"},
                                       .choices = "any|signed|sm3",
                                       .runtime = true,
                                       .who = Permission::security_manage},
                           SettingSpec{.key = "sharing.signature_window",
                                       .kind = SettingKind::seconds,
                                       .default_value = "5m",
                                       .label = {"签名请求的时间与服务器时间最多相差",
                                                 "How far the time of a signed request may be from the server's"},
                                       .min = 10,
                                       .max = 3600,
                                       .runtime = true,
                                       .who = Permission::security_manage}};

Failure no_key() {
  return fail(Code::not_found, "key.not_found", "没有这个应用密钥，或者您无权查看。",
              "There is no such application key, or none that you may see.");
}
Failure refused() {
  return fail(Code::unauthenticated, "key.credential", "应用密钥无效、已到期或已吊销，请在“共享授权”中检查。",
              "The application key is not valid, has run out or was revoked; see “Grants”.");
}
Failure wrong(std::string subject, std::string zh, std::string en) {
  return fail(
      Error{.code = Code::invalid, .id = "key.invalid", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

ApplicationKey key_of(const store::Row& row) {
  ApplicationKey k;
  std::size_t i = 0;
  for (auto* text : {&k.id, &k.name, &k.department_id, &k.department_name}) *text = row.text(i++);
  for (auto grant : split(row.text(i++), ' ')) k.grants.emplace_back(grant);
  (void)parse(row.text(i++), k.kind);
  k.hint = row.text(i++);
  k.created_by = row.text(i++);
  k.created = row.time(i++);
  k.expires = row.time(i++);
  k.last_used = row.opt_time(i++);
  k.revoked = row.opt_time(i++);
  k.revoked_by = row.text(i++);
  return k;
}

Actor actor_of(const ApplicationKey& k) {
  Actor actor;
  actor.name = k.name;
  actor.department_id = k.department_id;
  actor.may = permissions({Permission::grant_use});
  actor.via = "key";
  actor.credential_id = k.id;
  actor.grants = k.grants;
  return actor;
}

std::string bearer_of(const http::Request& request) {
  constexpr std::string_view kBearer = "bearer ";
  auto value = request.header("authorization");
  if (lower_ascii(std::string_view(value).substr(0, kBearer.size())) != kBearer) return {};
  auto secret = trim(std::string_view(value).substr(kBearer.size()));
  return secret.starts_with(kPrefix) ? std::string(secret) : std::string();
}

std::string_view method_name(http::Method method) {
  constexpr std::array<std::string_view, 5> kNames{"GET", "POST", "PUT", "PATCH", "DELETE"};
  return kNames.at(static_cast<std::size_t>(method));
}

}  // namespace

std::string_view name(KeyKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}
bool parse(std::string_view text, KeyKind& out) {
  return parse_word(text, kKinds, out);
}

std::span<const store::Migration> key_migrations() {
  return kMigrations;
}
std::span<const SettingSpec> key_settings() {
  return kSettings;
}

Result<std::unique_ptr<Keys>> Keys::open(Deps deps) {
  QS_TRY(auto key, crypto::load_or_create_key(deps.key_folder / "sharing.key"));
  return std::unique_ptr<Keys>(new Keys(std::move(deps), std::move(key)));
}

Result<std::pair<ApplicationKey, std::string>> Keys::add(const Actor& actor, const NewKey& n) const {
  constexpr std::size_t kName = 100, kMostGrants = 100;
  ApplicationKey k{.id = new_id(), .name = std::string(trim(n.name)), .kind = n.kind, .created_by = actor.name};
  if (k.name.empty() || utf8_length(k.name) > kName)
    return wrong("name", "请写明使用密钥的应用，最多 100 字。", "Name the application, in at most 100 characters.");
  if (n.grants.empty() || n.grants.size() > kMostGrants)
    return wrong("grants", "请选 1 到 100 个共享授权。", "Choose 1 to 100 grants.");
  auto kinds = deps_.settings.text("sharing.key_kinds");
  if ((kinds == "signed" && n.kind == KeyKind::bearer) || (kinds == "sm3" && n.kind != KeyKind::hmac_sm3))
    return wrong("kind", "按安全策略不能签发这种密钥，请选签名密钥。", "The security policy does not allow this kind of key.");
  for (const auto& id : n.grants) {
    QS_TRY(auto g, deps_.grants.find(actor, id));
    if (!is_grantee(actor, g) || actor.person_id.empty())
      return fail(Code::forbidden, "key.not_yours", "只有使用部门的人员可以为授权签发应用密钥。",
                  "Only people of the department that holds the grant make keys for it.");
    if (g.state == GrantState::terminated || g.state == GrantState::expired)
      return fail(Code::conflict, "key.grant_ended", fmt::format("授权 {} {}。", g.number, title(g.state).zh),
                  fmt::format("Grant {} is {}.", g.number, title(g.state).en));
    k.department_id = g.department_id;
    k.department_name = g.department_name;
    if (std::ranges::find(k.grants, g.id) == k.grants.end()) k.grants.push_back(g.id);
  }
  k.created = deps_.clock.now();
  auto last = k.created + std::chrono::days(deps_.settings.integer("sharing.key_days"));
  k.expires = n.expires.value_or(last);
  if (k.expires <= k.created || k.expires > last)
    return wrong("expires", fmt::format("到期时间应在现在和 {} 之间。", to_iso(last)),
                 fmt::format("The key must expire between now and {}.", to_iso(last)));
  constexpr std::size_t kBytes = 32, kHint = 4;
  auto secret = std::string(kPrefix) + crypto::to_base64url(crypto::random_bytes(kBytes));
  k.hint = secret.substr(secret.size() - kHint);
  std::string sealed, grants;
  if (k.kind != KeyKind::bearer) {
    QS_TRY(auto box, crypto::seal(key_, secret, "key:" + k.id));
    sealed = crypto::to_base64(box);
  }
  for (const auto& id : k.grants) grants += (grants.empty() ? "" : " ") + id;
  return deps_.store.write([&](store::Transaction& t) -> Result<std::pair<ApplicationKey, std::string>> {
    QS_CHECK(
        t.exec(fmt::format("INSERT INTO sharing_key ({}, digest, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           kColumns),
               {k.id, k.name, k.department_id, k.department_name, grants, name(k.kind), k.hint, k.created_by, k.created,
                k.expires, k.last_used, k.revoked, k.revoked_by, crypto::digest_hex(secret), sealed}));
    QS_CHECK(deps_.audit.record(t, actor,
                                {.action = "key.add",
                                 .object_kind = "key",
                                 .object_id = k.id,
                                 .object_name = k.name,
                                 .detail = {{"kind", name(k.kind)}, {"grants", grants}, {"expires", to_iso(k.expires)}}}));
    return std::pair(k, secret);
  });
}

Result<std::vector<ApplicationKey>> Keys::list(const Actor& actor, std::string_view grant_id) const {
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM sharing_key ORDER BY id DESC", kColumns));
  }));
  std::vector<ApplicationKey> out;
  std::map<std::string, bool> seen;
  auto may_see = [&](const std::string& id) {
    auto [known, fresh] = seen.try_emplace(id, false);
    if (fresh) known->second = deps_.grants.find(actor, id).has_value();
    return known->second;
  };
  for (const auto& row : rows) {
    auto k = key_of(row);
    if (!grant_id.empty() && std::ranges::find(k.grants, grant_id) == k.grants.end()) continue;
    if (std::ranges::any_of(k.grants, may_see)) out.push_back(std::move(k));
  }
  return out;
}

Result<ApplicationKey> Keys::revoke(const Actor& actor, std::string_view id) const {
  QS_TRY(auto keys, list(actor));
  auto found = std::ranges::find(keys, id, &ApplicationKey::id);
  if (found == keys.end()) return no_key();
  auto k = *found;
  bool may = !actor.department_id.empty() && actor.department_id == k.department_id;
  for (const auto& grant : k.grants)
    if (auto g = deps_.grants.find(actor, grant); g && is_provider(actor, *g)) may = true;
  if (!may)
    return fail(Code::forbidden, "key.not_yours", "只有使用部门和提供部门可以吊销应用密钥。",
                "Only the department that uses it and the provider revoke an application key.");
  if (k.revoked) return k;
  k.revoked = deps_.clock.now();
  k.revoked_by = actor.name;
  return deps_.store.write([&](store::Transaction& t) -> Result<ApplicationKey> {
    QS_CHECK(t.exec("UPDATE sharing_key SET revoked = ?, revoked_by = ? WHERE id = ? AND revoked IS NULL",
                    {k.revoked, k.revoked_by, k.id}));
    QS_CHECK(
        deps_.audit.record(t, actor, {.action = "key.revoke", .object_kind = "key", .object_id = k.id, .object_name = k.name}));
    return k;
  });
}

Result<void> Keys::hand_over(store::Transaction& t, std::string_view from, std::string_view to) const {
  QS_TRY(auto rows,
         t.query("SELECT id, grants FROM sharing_key WHERE revoked IS NULL AND grants LIKE ?", {fmt::format("%{}%", from)}));
  for (const auto& row : rows) {
    std::string grants;
    const auto kept = row.text(1);
    auto held = split(kept, ' ');
    const bool has = std::ranges::find(held, to) != held.end();
    for (auto id : held) {
      if (id == from && has) continue;
      grants += fmt::format("{}{}", grants.empty() ? "" : " ", id == from ? to : std::string_view(id));
    }
    QS_CHECK(t.exec("UPDATE sharing_key SET grants = ? WHERE id = ?", {grants, row.text(0)}));
  }
  return {};
}

std::shared_ptr<const Keys::All> Keys::remembered() const {
  auto generation = deps_.store.generation();
  if (!generation) return nullptr;
  std::shared_lock lock(mutex_);
  return *generation == generation_ ? all_ : nullptr;
}

Result<std::shared_ptr<const Keys::All>> Keys::load() {
  if (auto known = remembered()) return known;
  // Asked before the keys are read, so that what changes meanwhile makes the answer old at once.
  QS_TRY(auto generation, deps_.store.generation());
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {}, digest, sealed FROM sharing_key WHERE revoked IS NULL", kColumns));
  }));
  auto all = std::make_shared<All>();
  constexpr std::size_t kDigest = 13;
  for (const auto& row : rows) {
    Known known{.key = key_of(row), .secret = {}};
    if (known.key.kind != KeyKind::bearer) {
      auto sealed = crypto::from_base64(row.text(kDigest + 1));
      auto secret = crypto::open(key_, sealed.value_or(""), "key:" + known.key.id);
      if (!secret) {
        // Its application is refused; the others go on.
        log::error("the secret of application key " + known.key.id + " cannot be read", secret.error());
        continue;
      }
      known.secret = *std::move(secret);
    }
    auto kept = std::make_shared<const Known>(std::move(known));
    all->by_id.emplace(kept->key.id, kept);
    all->by_digest.emplace(row.text(kDigest), kept);
  }
  std::scoped_lock lock(mutex_);
  all_ = all;
  generation_ = generation;
  return all_;
}

Result<Actor> Keys::by_secret(const All& all, std::string_view secret) const {
  auto found = all.by_digest.find(crypto::digest_hex(secret));
  // The secret of a key that signs must never be sent; who does has shown it to whoever listens.
  if (found == all.by_digest.end() || found->second->key.kind != KeyKind::bearer ||
      found->second->key.expires <= deps_.clock.now())
    return refused();
  return actor_of(found->second->key);
}

Result<Actor> Keys::by_signature(const All& all, const http::Request& request) {
  QS_TRY(auto input, read_signature(request.header("signature-input"), request.header("signature")));
  auto now = deps_.clock.now();
  auto window = std::chrono::seconds(deps_.settings.integer("sharing.signature_window"));
  auto found = all.by_id.find(input.key_id);
  if (found == all.by_id.end() || found->second->key.kind == KeyKind::bearer || found->second->key.expires <= now)
    return refused();
  const auto& known = *found->second;
  if (!input.algorithm.empty() && input.algorithm != name(known.key.kind)) return refused();
  std::string_view target(request.target);
  auto question = target.find('?');
  QS_TRY(auto base, signature_base(input, {.method = method_name(request.method),
                                           .path = target.substr(0, question),
                                           .query = question == std::string_view::npos ? "" : target.substr(question + 1),
                                           .body = request.raw_body,
                                           .header = [&](std::string_view header) { return request.header(header); }}));
  auto hash = known.key.kind == KeyKind::hmac_sm3 ? crypto::Hash::sm3 : crypto::Hash::sha256;
  if (!crypto::equal_in_constant_time(input.signature, crypto::hmac(known.secret, base, hash)))
    return fail(Code::unauthenticated, "signature.wrong", "签名不正确。请核对密钥和签名的内容（见接口文档）。",
                "The signature is wrong; check the key and what was signed (see the API's documentation).");
  // Only who holds the key learns more.
  if (input.created < now - window || input.created > now + window || (input.expires && *input.expires <= now))
    return fail(Code::unauthenticated, "signature.clock",
                fmt::format("签名的时间与服务器相差太多；服务器现在是 {}。请校准时钟。", to_iso(now)),
                fmt::format("The signature's time is too far from the server's, which is {}; set the clock.", to_iso(now)));
  if (input.created < began_)
    return fail(Code::unauthenticated, "signature.again", "服务器刚刚启动，请重新签名后再发。",
                "The server has just been started; sign the request anew.");
  QS_CHECK(take_nonce(known.key.id, input.nonce, now, window));
  return actor_of(known.key);
}

Result<void> Keys::take_nonce(std::string_view key_id, std::string_view nonce, Time now, Duration window) {
  std::scoped_lock lock(nonce_mutex_);
  if (now - swept_ > window) {
    std::erase_if(nonces_, [&](const auto& entry) { return entry.second < now; });
    swept_ = now;
  }
  // As long as its `created` may still be within the window, whichever side of now it is on.
  if (!nonces_.emplace(fmt::format("{} {}", key_id, nonce), now + 2 * window).second)
    return fail(Code::unauthenticated, "signature.replayed", "这个签名已经用过，每个请求应有新的 nonce。",
                "This signature has been used; every request needs a nonce of its own.");
  return {};
}

Result<void> Keys::seen(const Actor& actor) {
  auto now = deps_.clock.now();
  {
    std::shared_lock lock(mutex_);
    if (!all_) return {};
    auto known = all_->by_id.find(actor.credential_id);
    if (known == all_->by_id.end() || (known->second->key.last_used && now - *known->second->key.last_used < kSeenEvery))
      return {};
  }
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec("UPDATE sharing_key SET last_used = ? WHERE id = ?", {now, actor.credential_id}));
    return {};
  });
}

std::optional<Result<Actor>> Keys::caller(const http::Request& request) {
  auto secret = bearer_of(request);
  bool is_signed = !request.header("signature-input").empty();
  if (secret.empty() && !is_signed) return std::nullopt;
  auto all = load();
  if (!all) return Result<Actor>(std::unexpected(all.error()));
  auto actor = is_signed ? by_signature(**all, request) : by_secret(**all, secret);
  if (actor)
    if (auto kept = seen(*actor); !kept) log::warn("a key could not be written as used", {{"why", kept.error().detail}});
  return actor;
}

Keys::Quick Keys::quick_caller(const http::Request& request) {
  // A nonce is good once: what is signed is looked at once, where it may also block.
  if (!request.header("signature-input").empty()) return {.ours = true};
  auto secret = bearer_of(request);
  if (secret.empty()) return {};
  Quick out{.ours = true};
  auto all = remembered();
  if (!all) return out;
  auto found = all->by_digest.find(crypto::digest_hex(secret));
  if (found == all->by_digest.end() || !found->second->key.last_used ||
      deps_.clock.now() - *found->second->key.last_used >= kSeenEvery)
    return out;
  auto actor = by_secret(*all, secret);
  if (!actor) return out;
  out.known = true;
  out.actor = *std::move(actor);
  return out;
}

std::optional<Result<http::Authenticator::Outcome>> KeyGate::authenticate_fast(const http::Request& request) {
  auto quick = keys_.quick_caller(request);
  if (!quick.ours) return people_.authenticate_fast(request);
  if (!quick.known) return std::nullopt;
  return Result<Outcome>(Outcome{.actor = std::move(quick.actor)});
}

Result<http::Authenticator::Outcome> KeyGate::authenticate_slow(const http::Request& request) {
  auto caller = keys_.caller(request);
  if (!caller) return people_.authenticate_slow(request);
  QS_CHECK(*caller);
  return Outcome{.actor = **std::move(caller)};
}

boost::json::object to_json(const ApplicationKey& k) {
  json::array grants;
  for (const auto& id : k.grants) grants.emplace_back(id);
  return {{"id", k.id},
          {"name", k.name},
          {"department_id", k.department_id},
          {"department_name", k.department_name},
          {"grants", std::move(grants)},
          {"kind", name(k.kind)},
          {"hint", k.hint},
          {"created_by", k.created_by},
          {"created", to_iso(k.created)},
          {"expires", to_iso(k.expires)},
          {"last_used", time_or_null(k.last_used)},
          {"revoked", time_or_null(k.revoked)},
          {"revoked_by", k.revoked_by}};
}

}  // namespace qushu::sharing
