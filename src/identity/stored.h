// Identity over the store: one class, its parts in files of their own.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "qushu/identity/identity.h"

namespace qushu::identity {

// What the rules are, read from the settings on each use, since some may be changed at run time.
struct Rules {
  std::int64_t length, classes, history, failures;
  std::chrono::days password_age, token_age;
  std::chrono::seconds lockout, idle, session;
  bool totp_required;
};

// A person as stored, secrets included.
struct Account {
  Person person;
  std::string password;  // argon2 encoded
  std::string totp;      // sealed, hexadecimal; empty without a second factor
  std::string totp_new;  // sealed, waiting for its first code
  std::int64_t totp_step = 0, failures = 0;
};

class StoredIdentity;

class Gate final : public http::Authenticator {
 public:
  explicit Gate(StoredIdentity& identity) : identity_(identity) {}
  std::optional<Result<Outcome>> authenticate_fast(const http::Request& request) override;
  Result<Outcome> authenticate_slow(const http::Request& request) override;
  void refused(const http::Request& request, const Error& why) override;

 private:
  struct Known {
    Outcome outcome;
    bool token = false;
    std::string id;
    Time expires;
    Time idle_from;  // of sessions: when it was last written as seen
    std::chrono::steady_clock::time_point read_at;
  };
  struct Credential {
    std::string digest;
    bool token = false;
  };
  static std::optional<Credential> credential_of(const http::Request& request);
  Result<Known> load(const Credential& credential);

  StoredIdentity& identity_;
  std::shared_mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<const Known>> known_;
  std::int64_t valid_at_ = -1;  // the store's generation at which known_ was right
  std::int64_t epoch_ = -1;
  std::mutex refused_mutex_;  // guards what follows
  std::chrono::steady_clock::time_point refused_since_{};
  int refused_count_ = 0;
};

class StoredIdentity final : public Identity {
 public:
  StoredIdentity(store::Store& store, audit::Audit& audit, const Settings& settings, const Clock& clock, std::string key)
      : store_(store), audit_(audit), settings_(settings), clock_(clock), key_(std::move(key)), gate_(*this) {}

  Result<std::vector<OneTimePassword>> first_start(std::string_view root_name) override;
  Result<std::vector<Department>> departments() const override;
  Result<Department> department(std::string_view id_or_code) const override;
  Result<Department> add_department(const Actor& actor, const NewDepartment& d) override;
  Result<Department> change_department(const Actor& actor, std::string_view id, std::string_view name,
                                       std::string_view parent_id) override;
  Result<void> remove_department(const Actor& actor, std::string_view id) override;
  void on_departments(DepartmentsHook hook) override { departments_hook_ = std::move(hook); }
  Result<std::vector<Person>> people(const PeopleFilter& filter) const override;
  Result<Person> person(std::string_view id_or_login) const override;
  Result<std::pair<Person, std::string>> add_person(const Actor& actor, const NewPerson& p) override;
  Result<Person> change_person(const Actor& actor, std::string_view id, const PersonChange& change) override;
  Result<std::string> reset_password(const Actor& actor, std::string_view id) override;
  Result<void> unlock(const Actor& actor, std::string_view id) override;
  Result<void> reset_totp(const Actor& actor, std::string_view id) override;
  Result<SignedIn> sign_in(const Actor& actor, std::string_view login, std::string_view password, std::string_view code,
                           std::string_view user_agent) override;
  Result<void> sign_out(const Actor& actor) override;
  Result<void> change_password(const Actor& actor, std::string_view old_password, std::string_view new_password) override;
  Result<TotpSetup> begin_totp(const Actor& actor) override;
  Result<std::vector<std::string>> confirm_totp(const Actor& actor, std::string_view code) override;
  Result<void> remove_totp(const Actor& actor, std::string_view password) override;
  Result<std::vector<SessionInfo>> sessions(const Actor& actor, std::string_view person_id) const override;
  Result<void> revoke_session(const Actor& actor, std::string_view session_id) override;
  Result<std::vector<TokenInfo>> tokens(const Actor& actor, std::string_view person_id) const override;
  Result<std::pair<TokenInfo, std::string>> add_token(const Actor& actor, std::string_view person_id,
                                                      const NewToken& token) override;
  Result<void> revoke_token(const Actor& actor, std::string_view token_id) override;
  Result<Actor> actor_of(std::string_view id_or_login) const override;
  http::Authenticator& authenticator() override { return gate_; }

 private:
  friend class Gate;

  [[nodiscard]] Rules rules() const;
  [[nodiscard]] Result<Account> account(store::Session& s, std::string_view id_or_login) const;
  [[nodiscard]] Result<Actor> actor_of(store::Session& s, const Person& person) const;
  [[nodiscard]] Result<void> check_password_rules(std::string_view password, const Person& person) const;
  [[nodiscard]] Result<void> check_history(store::Session& s, const Account& account, std::string_view password) const;
  [[nodiscard]] Result<void> set_password(store::Transaction& t, const Account& account, const std::string& encoded,
                                          bool must_change);
  [[nodiscard]] Result<void> end_sessions(store::Transaction& t, std::string_view person_id, std::string_view except = {});
  [[nodiscard]] Result<void> insert_person(store::Transaction& t, const Person& person, const std::string& encoded);
  [[nodiscard]] Result<void> set_roles(store::Transaction& t, const std::string& person_id,
                                       const std::vector<std::string>& roles);
  [[nodiscard]] Result<void> keep_one(store::Session& s, std::string_view role) const;
  [[nodiscard]] Result<bool> use_code(store::Transaction& t, const Account& account, std::string_view code);
  [[nodiscard]] Result<void> count_failure(const Actor& actor, const Account& account, std::string_view why);
  [[nodiscard]] Result<SignedIn> open_session(const Actor& actor, const Account& account, std::string_view code,
                                              std::string_view user_agent);
  [[nodiscard]] bool must_change(const Person& person) const;
  // Everything that is kept in memory about people becomes stale with the transaction.
  [[nodiscard]] static Result<void> bump(store::Transaction& t);
  [[nodiscard]] Result<void> departments_changed(store::Transaction& t, const Actor& actor) const;
  [[nodiscard]] Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const Person& person,
                                    audit::json::object detail = {}) const;

  DepartmentsHook departments_hook_;
  store::Store& store_;
  audit::Audit& audit_;
  const Settings& settings_;
  const Clock& clock_;
  std::string key_;  // seals second-factor secrets
  Gate gate_;
};

[[nodiscard]] std::string make_one_time_password();
[[nodiscard]] Failure no_person();

}  // namespace qushu::identity
