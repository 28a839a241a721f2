#include <array>

#include "qushu/base/id.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::identity {
namespace {

const std::array kTables{store::Migration{
    .id = "identity.0001",
    .sql =
        "CREATE TABLE department (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, parent_id TEXT NOT NULL, "
        "sort_order BIGINT NOT NULL);\n"
        "CREATE TABLE person (id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, department_id TEXT NOT NULL "
        "REFERENCES department (id), "
        "email TEXT NOT NULL, phone TEXT NOT NULL, state TEXT NOT NULL, password TEXT NOT NULL, password_changed BIGINT NOT "
        "NULL, "
        "must_change BIGINT NOT NULL, failures BIGINT NOT NULL DEFAULT 0, locked_until BIGINT NOT NULL DEFAULT 0, totp TEXT "
        "NOT NULL DEFAULT '', "
        "totp_new TEXT NOT NULL DEFAULT '', totp_step BIGINT NOT NULL DEFAULT 0, last_sign_in BIGINT, created BIGINT NOT "
        "NULL);\n"
        "CREATE INDEX person_department ON person (department_id);\n"
        "CREATE TABLE person_role (person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, role TEXT NOT NULL, "
        "PRIMARY KEY (person_id, role));\n"
        "CREATE TABLE password_history (person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, at BIGINT NOT NULL, "
        "password TEXT NOT NULL, "
        "PRIMARY KEY (person_id, at));\n"
        "CREATE TABLE recovery_code (person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, digest TEXT NOT NULL, "
        "PRIMARY KEY (person_id, digest));\n"
        "CREATE TABLE session (id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, person_id TEXT NOT NULL REFERENCES person "
        "(id) ON DELETE CASCADE, "
        "source TEXT NOT NULL, agent TEXT NOT NULL, csrf TEXT NOT NULL, created BIGINT NOT NULL, last_seen BIGINT NOT NULL);\n"
        "CREATE INDEX session_person ON session (person_id);\n"
        "CREATE TABLE token (id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, person_id TEXT NOT NULL REFERENCES person (id) "
        "ON DELETE CASCADE, "
        "name TEXT NOT NULL, hint TEXT NOT NULL, scopes TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT, last_used "
        "BIGINT, revoked BIGINT);\n"
        "CREATE INDEX token_person ON token (person_id);\n"
        "CREATE TABLE identity_epoch (one BIGINT PRIMARY KEY, number BIGINT NOT NULL);\n"
        "INSERT INTO identity_epoch (one, number) VALUES (1, 1);\n"}};

const std::array kMigrations{
    kTables[0],
    store::Migration{.id = "identity.0002", .sql = "ALTER TABLE person ADD COLUMN lang TEXT NOT NULL DEFAULT 'zh'"}};

SettingSpec rule(std::string_view key, SettingKind kind, std::string_view value, Text label, std::int64_t min,
                 std::int64_t max) {
  return {.key = key,
          .kind = kind,
          .default_value = value,
          .label = std::move(label),
          .min = min,
          .max = max,
          .runtime = true,
          .who = Permission::security_manage};
}

const std::array kSettings{
    rule("identity.password_length", SettingKind::integer, "10", {"口令最短长度", "Least length of passwords"}, 8, 128),
    rule("identity.password_classes", SettingKind::integer, "3",
         {"口令至少含几类字符（大写、小写、数字、符号）",
          "Kinds of characters a password needs (upper case, lower case, digits, symbols)"},
         1, 4),
    rule("identity.password_days", SettingKind::integer, "90",
         {"口令有效天数（0 为不限）", "Days after which a password must be changed (0: never)"}, 0, 3650),
    rule("identity.password_history", SettingKind::integer, "5",
         {"不得与最近几次口令相同", "Earlier passwords that may not be used again"}, 0, 50),
    rule("identity.lockout_failures", SettingKind::integer, "5",
         {"连续失败几次后锁定账号", "Failed sign-ins in a row that lock an account"}, 1, 100),
    rule("identity.lockout_time", SettingKind::seconds, "15m", {"锁定时长", "Time for which an account stays locked"}, 1,
         86400),
    rule("identity.idle_timeout", SettingKind::seconds, "30m", {"无操作多久后退出登录", "Idle time after which a session ends"},
         60, 86400),
    rule("identity.session_time", SettingKind::seconds, "12h", {"一次登录的最长时间", "Longest life of a session"}, 300,
         2592000),
    rule("identity.token_days", SettingKind::integer, "365", {"访问令牌的最长有效天数", "Longest life of a token in days"}, 1,
         3650),
    rule("identity.totp_required", SettingKind::boolean, "false",
         {"要求所有人启用动态口令", "Everybody must use a second factor"}, 0, 1)};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

Result<std::unique_ptr<Identity>> Identity::open(store::Store& store, audit::Audit& audit, const Settings& settings,
                                                 const std::filesystem::path& key_folder, const Clock& clock) {
  std::error_code failed;
  std::filesystem::create_directories(key_folder, failed);
  if (failed) return fail_errno(failed.value(), "create " + key_folder.string());
  QS_TRY(auto key, crypto::load_or_create_key(key_folder / "identity.key"));
  return std::make_unique<StoredIdentity>(store, audit, settings, clock, std::move(key));
}

Rules StoredIdentity::rules() const {
  auto n = [&](std::string_view key) { return settings_.integer(key); };
  return {.length = n("identity.password_length"),
          .classes = n("identity.password_classes"),
          .history = n("identity.password_history"),
          .failures = n("identity.lockout_failures"),
          .password_age = std::chrono::days(n("identity.password_days")),
          .token_age = std::chrono::days(n("identity.token_days")),
          .lockout = std::chrono::seconds(n("identity.lockout_time")),
          .idle = std::chrono::seconds(n("identity.idle_timeout")),
          .session = std::chrono::seconds(n("identity.session_time")),
          .totp_required = settings_.boolean("identity.totp_required")};
}

Result<void> StoredIdentity::bump(store::Transaction& t) {
  QS_CHECK(t.exec("UPDATE identity_epoch SET number = number + 1 WHERE one = 1"));
  return {};
}

Result<void> StoredIdentity::record(store::Transaction& t, const Actor& actor, std::string_view action, const Person& person,
                                    audit::json::object detail) const {
  return audit_.record(t, actor,
                       {.action = std::string(action),
                        .object_kind = "person",
                        .object_id = person.login,
                        .object_name = person.name,
                        .detail = std::move(detail)});
}

Failure no_person() {
  return fail(Code::not_found, "person.not_found", "没有这个人员。", "There is no such person.");
}

Result<std::vector<OneTimePassword>> StoredIdentity::first_start(std::string_view root_name) {
  struct First {
    const char *login, *role;
  };
  static constexpr std::array kFirst{First{"sysadmin", "system_admin"}, First{"secadmin", "security_admin"},
                                     First{"auditadmin", "audit_admin"}};
  std::vector<OneTimePassword> made;
  std::vector<std::string> encoded;
  QS_TRY(auto anybody, store_.read([](store::Session& s) { return s.one("SELECT 1 FROM person LIMIT 1"); }));
  if (anybody) return made;
  for (const auto& first : kFirst) {
    made.push_back({.login = first.login, .password = make_one_time_password(), .role = find_role(first.role)->name});
    QS_TRY(auto hash, crypto::hash_password(made.back().password));
    encoded.push_back(std::move(hash));
  }
  auto done = store_.write([&](store::Transaction& t) -> Result<bool> {
    QS_TRY(auto meanwhile, t.one("SELECT 1 FROM person LIMIT 1"));
    if (meanwhile) return false;
    QS_TRY(auto root, t.one("SELECT id FROM department WHERE parent_id = '' ORDER BY sort_order LIMIT 1"));
    auto root_id = root ? root->text(0) : new_id();
    if (!root)
      QS_CHECK(t.exec("INSERT INTO department (id, code, name, parent_id, sort_order) VALUES (?, 'root', ?, '', 0)",
                      {root_id, root_name}));
    for (std::size_t i = 0; i < made.size(); ++i) {
      Person person{.id = new_id(),
                    .login = made[i].login,
                    .name = made[i].role.zh,
                    .department_id = root_id,
                    .roles = {kFirst.at(i).role},
                    .must_change_password = true};
      QS_CHECK(insert_person(t, person, encoded[i]));
      QS_CHECK(set_roles(t, person.id, person.roles));
    }
    QS_CHECK(bump(t));
    if (!root) QS_CHECK(departments_changed(t, Actor::system()));
    QS_CHECK(audit_.record(
        t, Actor::system(),
        {.action = "system.first_start", .object_kind = "system", .object_id = "qushu", .object_name = "首次启动"}));
    return true;
  });
  QS_CHECK(done);
  if (!*done) made.clear();
  return made;
}

}  // namespace qushu::identity
