// Who there is and what they may: departments (a tree), people, roles, passwords, second factor, sessions and personal tokens.
//
// Roles are fixed sets of permissions. The three administrators (GB/T 22239-2019 level 3: system, security, audit) exclude each
// other: nobody holds two of them, and none of them reads or writes datasets by virtue of it.
//
// Every change is audited in its own transaction. What is revoked stops at once: sessions and tokens are kept in memory only as
// long as store::Store::generation() says that nothing has changed.
//
// Thread-safety: Identity may be used from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/http/router.h"
#include "qushu/http/server.h"
#include "qushu/store/store.h"

namespace qushu::identity {

[[nodiscard]] std::span<const store::Migration> migrations();
// identity.password_length, password_classes, password_days, password_history, lockout_failures, lockout_time, idle_timeout,
// session_time, token_days, totp_required …; defaults are the practice figures of protection level 3.
[[nodiscard]] std::span<const SettingSpec> settings();

// --- roles -----------------------------------------------------------------------------------------------------------------
// system_admin 系统管理员, security_admin 安全管理员, audit_admin 审计管理员 (mutually exclusive); data_steward 数据管理员,
// data_user 数据使用员, catalog_reviewer 目录审核员, operator 运维员, editor 编辑员.
struct Role {
  std::string_view code;
  Text name;
  Text duty;
  Permissions permissions;
  bool administrator;  // excludes every other role
};
[[nodiscard]] std::span<const Role> roles();
[[nodiscard]] const Role* find_role(std::string_view code);
// Why these roles cannot be held together, or success.
[[nodiscard]] Result<void> check_roles(const std::vector<std::string>& codes);
[[nodiscard]] Permissions permissions_of(const std::vector<std::string>& codes);

// --- departments and people ------------------------------------------------------------------------------------------------
struct Department {
  std::string id, code, name, parent_id;  // the code is what files and the command line use
  std::int64_t order = 0;
  std::int64_t people = 0;  // in it, not below
};

struct NewDepartment {
  std::string code, name, parent_id;
};

enum class PersonState : std::uint8_t { active, disabled };

struct Person {
  std::string id, login, name, department_id, department_name, email, phone;
  std::vector<std::string> roles;
  PersonState state = PersonState::active;
  bool locked = false, must_change_password = false, totp = false;
  Lang lang = Lang::zh;  // in which she last signed in: what she is written to in
  std::optional<Time> locked_until, last_sign_in, password_changed;
  Time created;
};

struct NewPerson {
  std::string login, name, department_id, email = {}, phone = {};
  std::vector<std::string> roles = {};
  std::string password = {};  // empty: a one-time password is made and answered
};

struct PersonChange {
  std::optional<std::string> name, department_id, email, phone;
  std::optional<PersonState> state;
  std::optional<std::vector<std::string>> roles;  // needs role_grant; the rest needs people_manage
};

struct OneTimePassword {
  std::string login, password;
  Text role;
};

// --- sessions and tokens ---------------------------------------------------------------------------------------------------
struct SignedIn {
  std::string session_secret;  // the cookie's value; never stored
  std::string csrf_token;
  Person person;
  bool must_change_password = false, totp_needed = false, totp_setup_needed = false;
};

struct SessionInfo {
  std::string id, from, agent;
  Time created, last_seen;
  bool current = false;
};

struct TokenInfo {
  std::string id, name, hint;       // hint: its last four characters
  std::vector<std::string> scopes;  // permission names
  Time created;
  std::optional<Time> expires, last_used, revoked;
};

struct NewToken {
  std::string name;
  std::vector<std::string> scopes;  // a subset of what the person may
  std::optional<Time> expires;      // no later than identity.token_days from now
};

class Identity {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Identity>> open(store::Store& store, audit::Audit& audit,
                                                              const Settings& settings, const std::filesystem::path& key_folder,
                                                              const Clock& clock);
  virtual ~Identity() = default;

  // Makes the root department and the three administrators when there is nobody yet; their one-time passwords, to be printed
  // once.
  [[nodiscard]] virtual Result<std::vector<OneTimePassword>> first_start(std::string_view root_name) = 0;

  [[nodiscard]] virtual Result<std::vector<Department>> departments() const = 0;
  [[nodiscard]] virtual Result<Department> department(std::string_view id_or_code) const = 0;
  [[nodiscard]] virtual Result<Department> add_department(const Actor& actor, const NewDepartment& d) = 0;
  // Renames or moves; a cycle is refused. Empty strings leave as is.
  [[nodiscard]] virtual Result<Department> change_department(const Actor& actor, std::string_view id, std::string_view name,
                                                             std::string_view parent_id) = 0;
  [[nodiscard]] virtual Result<void> remove_department(const Actor& actor, std::string_view id) = 0;  // only an empty one
  // Runs in every transaction that changes departments, with all of them as they will be. Set before the first change.
  using DepartmentsHook = std::function<Result<void>(store::Transaction&, const Actor&, const std::vector<Department>&)>;
  virtual void on_departments(DepartmentsHook hook) = 0;

  struct PeopleFilter {
    std::string text, department_id, role;
    std::string after;  // keyset by login
    std::size_t limit = 50;
  };
  [[nodiscard]] virtual Result<std::vector<Person>> people(const PeopleFilter& filter) const = 0;
  [[nodiscard]] virtual Result<Person> person(std::string_view id_or_login) const = 0;
  [[nodiscard]] virtual Result<std::pair<Person, std::string>> add_person(const Actor& actor,
                                                                          const NewPerson& p) = 0;  // and the one-time password
  [[nodiscard]] virtual Result<Person> change_person(const Actor& actor, std::string_view id, const PersonChange& change) = 0;
  [[nodiscard]] virtual Result<std::string> reset_password(const Actor& actor,
                                                           std::string_view id) = 0;  // the one-time password
  [[nodiscard]] virtual Result<void> unlock(const Actor& actor, std::string_view id) = 0;
  [[nodiscard]] virtual Result<void> reset_totp(const Actor& actor, std::string_view id) = 0;

  // `actor` is nobody with `from`, `request_id` and `lang` filled in. When the person has a second factor and `code` is empty,
  // the answer is Code::unauthenticated "identity.totp_needed". Failures count towards the lockout and are audited.
  [[nodiscard]] virtual Result<SignedIn> sign_in(const Actor& actor, std::string_view login, std::string_view password,
                                                 std::string_view code, std::string_view user_agent) = 0;
  [[nodiscard]] virtual Result<void> sign_out(const Actor& actor) = 0;
  [[nodiscard]] virtual Result<void> change_password(const Actor& actor, std::string_view old_password,
                                                     std::string_view new_password) = 0;
  // Begins (secret and uri), confirms with a first code (answers recovery codes, shown once) and removes (needs the password)
  // TOTP.
  struct TotpSetup {
    std::string secret_base32, uri;
  };
  [[nodiscard]] virtual Result<TotpSetup> begin_totp(const Actor& actor) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> confirm_totp(const Actor& actor, std::string_view code) = 0;
  [[nodiscard]] virtual Result<void> remove_totp(const Actor& actor, std::string_view password) = 0;

  [[nodiscard]] virtual Result<std::vector<SessionInfo>> sessions(const Actor& actor, std::string_view person_id) const = 0;
  [[nodiscard]] virtual Result<void> revoke_session(const Actor& actor,
                                                    std::string_view session_id) = 0;  // own, or with people_manage
  [[nodiscard]] virtual Result<std::vector<TokenInfo>> tokens(const Actor& actor, std::string_view person_id) const = 0;
  [[nodiscard]] virtual Result<std::pair<TokenInfo, std::string>> add_token(const Actor& actor, std::string_view person_id,
                                                                            const NewToken& token) = 0;
  [[nodiscard]] virtual Result<void> revoke_token(const Actor& actor, std::string_view token_id) = 0;

  // The person as an actor, for the command line (`--as LOGIN`) and for jobs; without a credential.
  [[nodiscard]] virtual Result<Actor> actor_of(std::string_view id_or_login) const = 0;
  // For the HTTP server. Lives as long as this object.
  [[nodiscard]] virtual http::Authenticator& authenticator() = 0;
};

// /api/v1/session, /api/v1/account…, /api/v1/departments…, /api/v1/people…, /api/v1/roles, /api/v1/tokens…
void add_routes(http::Router& router, Identity& identity);

}  // namespace qushu::identity
