#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::identity {
namespace {

constexpr auto kSeenEvery = std::chrono::minutes(1);
constexpr std::size_t kMostKnown = 10'000;
constexpr int kMostRefusedPerMinute = 120;

Failure unknown() {
  return fail(Code::unauthenticated, "identity.credential", "登录已失效，请重新登录。",
              "The session or token is not valid any more; please sign in again.");
}

}  // namespace

std::optional<Gate::Credential> Gate::credential_of(const http::Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (name != "authorization") continue;
    if (value.size() > 7 && lower_ascii(std::string_view(value).substr(0, 7)) == "bearer ")
      return Credential{.digest = crypto::digest_hex(trim(std::string_view(value).substr(7))), .token = true};
    return Credential{.digest = "", .token = true};
  }
  if (auto cookie = request.cookie("qs_session"); !cookie.empty())
    return Credential{.digest = crypto::digest_hex(cookie), .token = false};
  return std::nullopt;
}

std::optional<Result<http::Authenticator::Outcome>> Gate::authenticate_fast(const http::Request& request) {
  auto credential = credential_of(request);
  if (!credential) return Result<Outcome>(Outcome{});
  auto generation = identity_.store_.generation();
  if (!generation) return std::nullopt;
  std::shared_lock lock(mutex_);
  if (*generation != valid_at_) return std::nullopt;
  auto found = known_.find(credential->digest);
  if (found == known_.end()) return std::nullopt;
  const auto& known = *found->second;
  auto now = identity_.clock_.now();
  // Close to its end, or due to be written as seen: the slow way decides.
  if (now >= known.expires || (!known.token && now - known.idle_from >= kSeenEvery) ||
      std::chrono::steady_clock::now() - known.read_at > kSeenEvery)
    return std::nullopt;
  return Result<Outcome>(known.outcome);
}

Result<Gate::Known> Gate::load(const Credential& credential) {
  auto& id = identity_;
  auto now = id.clock_.now();
  auto rules = id.rules();
  return id.store_.read([&](store::Session& s) -> Result<Known> {
    Known known;
    known.token = credential.token;
    known.read_at = std::chrono::steady_clock::now();
    std::string person_id, csrf, scopes;
    if (credential.token) {
      QS_TRY(auto row, s.one("SELECT id, person_id, scopes, expires, last_used FROM token WHERE digest = ? AND revoked IS NULL",
                             {credential.digest}));
      if (!row || (row->opt_time(3) && row->time(3) <= now)) return unknown();
      known.id = row->text(0);
      person_id = row->text(1);
      scopes = row->text(2);
      known.expires = row->opt_time(3).value_or(now + std::chrono::days(1));
      known.idle_from = row->time(4);
    } else {
      QS_TRY(auto row,
             s.one("SELECT id, person_id, csrf, created, last_seen FROM session WHERE digest = ?", {credential.digest}));
      if (!row || row->time(3) + rules.session <= now || row->time(4) + rules.idle <= now) return unknown();
      known.id = row->text(0);
      person_id = row->text(1);
      csrf = row->text(2);
      known.expires = row->time(3) + rules.session;
      known.idle_from = row->time(4);
    }
    QS_TRY(auto account, id.account(s, person_id));
    if (account.person.state != PersonState::active) return unknown();
    QS_TRY(auto actor, id.actor_of(s, account.person));
    actor.via = credential.token ? "token" : "session";
    actor.credential_id = known.id;
    if (credential.token) {
      // A token may never do more than its owner may today.
      Permissions scoped;
      for (auto scope : split(scopes, ' '))
        if (Permission p{}; parse(scope, p)) scoped.set(static_cast<std::size_t>(p));
      actor.may &= scoped;
    }
    known.outcome = {.actor = std::move(actor),
                     .cookie_session = !credential.token,
                     .csrf_token = std::move(csrf),
                     .complete = !id.must_change(account.person) && (!rules.totp_required || account.person.totp)};
    return known;
  });
}

Result<http::Authenticator::Outcome> Gate::authenticate_slow(const http::Request& request) {
  if (auto fast = authenticate_fast(request); fast && *fast) return *fast;
  auto credential = credential_of(request);
  if (!credential) return Outcome{};
  auto& id = identity_;
  // Read before the load, so that a change between the two makes what is kept stale and not the other way round.
  QS_TRY(auto generation, id.store_.generation());
  QS_TRY(auto epoch,
         id.store_.read([](store::Session& s) { return s.one("SELECT number FROM identity_epoch WHERE one = 1"); }));
  QS_TRY(auto known, load(*credential));
  auto now = id.clock_.now();
  if (now - known.idle_from >= kSeenEvery) {
    const char* sql =
        known.token ? "UPDATE token SET last_used = ? WHERE id = ?" : "UPDATE session SET last_seen = ? WHERE id = ?";
    auto seen = id.store_.write([&](store::Transaction& t) { return t.exec(sql, {now, known.id}); });
    if (!seen) log::warn("a session could not be written as seen", {{"why", seen.error().detail}});
    known.idle_from = now;
  }
  auto outcome = known.outcome;
  std::unique_lock lock(mutex_);
  if (epoch && epoch->integer(0) != epoch_) {
    known_.clear();
    epoch_ = epoch->integer(0);
  }
  if (known_.size() >= kMostKnown) known_.clear();
  valid_at_ = generation;
  known_.insert_or_assign(credential->digest, std::make_shared<const Known>(std::move(known)));
  return outcome;
}

void Gate::refused(const http::Request& request, const Error& why) {
  // Who asks whether anybody is signed in, as each visit of the sign-in page does, has tried nothing.
  if (request.method == http::Method::get && request.route == "/api/v1/session" && why.code == Code::unauthenticated) return;
  {
    // A flood of refused requests must not fill the disk: beyond the limit they are only counted.
    std::lock_guard lock(refused_mutex_);
    auto now = std::chrono::steady_clock::now();
    if (now - refused_since_ > std::chrono::minutes(1)) {
      refused_since_ = now;
      refused_count_ = 0;
    }
    if (++refused_count_ > kMostRefusedPerMinute) return;
  }
  auto done = identity_.audit_.record(request.actor, {.action = "request.refused",
                                                      .object_kind = "route",
                                                      .object_id = request.route,
                                                      .object_name = shorten(request.path, 200),
                                                      .outcome = audit::Outcome::denied,
                                                      .detail = {{"why", why.id}}});
  if (!done) log::error("a refused request could not be audited", done.error());
}

}  // namespace qushu::identity
