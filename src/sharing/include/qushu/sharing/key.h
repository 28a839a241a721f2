// Application keys (应用密钥): how an application of a department reads under the department's grants, without a person.
//
// A key names the grants that it serves and reads nothing else, only by the methods that they allow. It comes in one of three
// kinds: `bearer` is sent with each request (Authorization: Bearer qk_…); `hmac-sha256` and `hmac-sm3` never leave the
// application, which signs each request instead (RFC 9421, see docs/api.md), within `sharing.signature_window` seconds and with
// a nonce that is good once. Which kind may be had is the setting sharing.key_kinds. The secret is shown once, when the key is
// made.
//
// The people of the grantee's department who may use its grants make keys and revoke them; the provider's officers and stewards
// see the keys of their grants and revoke them too. A key ends with its last grant, when it expires, and at once when it is
// revoked; where one grant takes another's place, its keys serve the new one.
//
// Nonces are remembered in memory; what was signed before this process began is not accepted, so that a restart forgets
// nothing. Several processes on one store each remember their own.
//
// Thread-safety: Keys may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/http/server.h"
#include "qushu/sharing/grant.h"

namespace qushu::sharing {

enum class KeyKind : std::uint8_t { bearer, hmac_sha256, hmac_sm3 };
[[nodiscard]] std::string_view name(KeyKind kind);
[[nodiscard]] bool parse(std::string_view text, KeyKind& out);

struct ApplicationKey {
  std::string id, name;  // the application's name
  std::string department_id, department_name;
  std::vector<std::string> grants;  // ids
  KeyKind kind = KeyKind::bearer;
  std::string hint;  // the secret's last four characters
  std::string created_by;
  Time created, expires;
  std::optional<Time> last_used, revoked;
  std::string revoked_by;
};

struct NewKey {
  std::string name;
  std::vector<std::string> grants;  // at least one, all of one department
  KeyKind kind = KeyKind::bearer;
  std::optional<Time> expires = {};  // no later than sharing.key_days from now, which is the default
};

[[nodiscard]] std::span<const store::Migration> key_migrations();
[[nodiscard]] std::span<const SettingSpec> key_settings();

class Keys {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    const Grants& grants;
    const Settings& settings;
    const Clock& clock;
    std::filesystem::path key_folder;
  };
  [[nodiscard]] static Result<std::unique_ptr<Keys>> open(Deps deps);

  // The key, and its secret.
  [[nodiscard]] Result<std::pair<ApplicationKey, std::string>> add(const Actor& actor, const NewKey& key) const;
  // Those that the caller may see; of one grant, or all. The newest first.
  [[nodiscard]] Result<std::vector<ApplicationKey>> list(const Actor& actor, std::string_view grant_id = {}) const;
  [[nodiscard]] Result<ApplicationKey> revoke(const Actor& actor, std::string_view id) const;
  // Has the keys of one grant serve another instead.
  [[nodiscard]] Result<void> hand_over(store::Transaction& t, std::string_view from, std::string_view to) const;

  // Who calls, when the request carries a key or a signature of one. nullopt: it carries neither.
  [[nodiscard]] std::optional<Result<Actor>> caller(const http::Request& request);
  // The same from memory alone; `known` false: ask caller().
  struct Quick {
    bool ours = false, known = false;
    Actor actor = {};
  };
  [[nodiscard]] Quick quick_caller(const http::Request& request);

 private:
  struct Known {
    ApplicationKey key;
    std::string secret;  // of the kinds that sign
  };
  struct All {
    std::map<std::string, std::shared_ptr<const Known>, std::less<>> by_digest, by_id;
  };
  explicit Keys(Deps deps, std::string key) : deps_(std::move(deps)), key_(std::move(key)), began_(deps_.clock.now()) {}
  [[nodiscard]] std::shared_ptr<const All> remembered() const;
  [[nodiscard]] Result<std::shared_ptr<const All>> load();
  [[nodiscard]] Result<Actor> by_secret(const All& all, std::string_view secret) const;
  [[nodiscard]] Result<Actor> by_signature(const All& all, const http::Request& request);
  [[nodiscard]] Result<void> take_nonce(std::string_view key_id, std::string_view nonce, Time now, Duration window);
  [[nodiscard]] Result<void> seen(const Actor& actor);

  Deps deps_;
  std::string key_;
  Time began_;
  mutable std::shared_mutex mutex_;
  std::int64_t generation_ = -1;
  std::shared_ptr<const All> all_;
  std::mutex nonce_mutex_;
  std::map<std::string, Time, std::less<>> nonces_;  // key and nonce, until when they are remembered
  Time swept_{};
};

// Asks the keys first and whoever answered before for the rest.
class KeyGate final : public http::Authenticator {
 public:
  KeyGate(Keys& keys, http::Authenticator& people) : keys_(keys), people_(people) {}
  [[nodiscard]] std::optional<Result<Outcome>> authenticate_fast(const http::Request& request) override;
  [[nodiscard]] Result<Outcome> authenticate_slow(const http::Request& request) override;
  void refused(const http::Request& request, const Error& why) override { people_.refused(request, why); }

 private:
  Keys& keys_;
  http::Authenticator& people_;
};

[[nodiscard]] boost::json::object to_json(const ApplicationKey& key);

}  // namespace qushu::sharing
