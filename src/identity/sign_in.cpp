#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::identity {
namespace {

Failure wrong() {
  return fail(Code::unauthenticated, "identity.wrong", "登录名或口令不正确。", "The login or the password is not right.");
}

// What an unknown login is compared with, so that it takes as long as a known one.
const std::string& dummy_hash() {
  static const std::string hash = crypto::hash_password("not anybody's password").value_or("");
  return hash;
}

}  // namespace

Result<void> StoredIdentity::count_failure(const Actor& actor, const Account& a, std::string_view why) {
  auto r = rules();
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto now, account(t, a.person.id));
    auto failures = now.failures + 1;
    bool lock = failures >= r.failures;
    QS_CHECK(t.exec("UPDATE person SET failures = ?, locked_until = ? WHERE id = ?",
                    {lock ? 0 : failures, lock ? to_micros(clock_.now() + r.lockout) : 0, a.person.id}));
    QS_CHECK(audit_.record(t, actor,
                           {.action = "session.open",
                            .object_kind = "person",
                            .object_id = a.person.login,
                            .object_name = a.person.name,
                            .outcome = audit::Outcome::failure,
                            .detail = {{"why", why}, {"failures", failures}}}));
    if (lock)
      QS_CHECK(audit_.record(t, actor,
                             {.action = "session.lock",
                              .object_kind = "person",
                              .object_id = a.person.login,
                              .object_name = a.person.name,
                              .outcome = audit::Outcome::denied,
                              .detail = {{"seconds", r.lockout.count()}}}));
    return {};
  });
}

Result<SignedIn> StoredIdentity::sign_in(const Actor& actor, std::string_view login, std::string_view password,
                                         std::string_view code, std::string_view agent) {
  auto found = store_.read([&](store::Session& s) { return account(s, login); });
  // An id would find a person too, but only her login signs her in.
  if (!found || found->person.login != login) {
    if (!found && found.error().code != Code::not_found) return fail(found.error());
    if (crypto::check_password(dummy_hash(), password)) return fail_internal("the dummy password was right");
    QS_CHECK(audit_.record(actor, {.action = "session.open",
                                   .object_kind = "person",
                                   .object_id = shorten(login, 40),
                                   .outcome = audit::Outcome::failure,
                                   .detail = {{"why", "unknown login"}}}));
    return wrong();
  }
  const auto& a = *found;
  if (a.person.locked) {
    QS_CHECK(audit_.record(actor, {.action = "session.open",
                                   .object_kind = "person",
                                   .object_id = a.person.login,
                                   .object_name = a.person.name,
                                   .outcome = audit::Outcome::denied,
                                   .detail = {{"why", "locked"}}}));
    auto minutes = std::chrono::ceil<std::chrono::minutes>(*a.person.locked_until - clock_.now()).count();
    return fail(
        Code::limited, "identity.locked",
        fmt::format("连续失败次数过多，账号已锁定，请 {} 分钟后再试或联系系统管理员。", minutes),
        fmt::format("Too many failures: the account is locked. Try again in {} minutes or ask the system administrator.",
                    minutes));
  }
  if (!crypto::check_password(a.password, password)) {
    QS_CHECK(count_failure(actor, a, "password"));
    return wrong();
  }
  if (a.person.state != PersonState::active) {
    QS_CHECK(audit_.record(actor, {.action = "session.open",
                                   .object_kind = "person",
                                   .object_id = a.person.login,
                                   .object_name = a.person.name,
                                   .outcome = audit::Outcome::denied,
                                   .detail = {{"why", "disabled"}}}));
    return fail(Code::forbidden, "person.disabled", "账号已停用，请联系系统管理员。",
                "The account is disabled; ask the system administrator.");
  }
  if (a.person.totp && code.empty())
    return fail(Code::unauthenticated, "identity.totp_needed", "请输入动态口令。", "Please enter the one-time code.");
  return open_session(actor, a, code, agent);
}

Result<SignedIn> StoredIdentity::open_session(const Actor& actor, const Account& a, std::string_view code,
                                              std::string_view agent) {
  SignedIn in;
  in.session_secret = crypto::to_base64url(crypto::random_bytes(32));
  in.csrf_token = crypto::to_base64url(crypto::random_bytes(24));
  auto right = store_.write([&](store::Transaction& t) -> Result<bool> {
    QS_TRY(auto now_account, account(t, a.person.id));
    if (now_account.person.totp) {
      QS_TRY(auto used, use_code(t, now_account, code));
      if (!used) return false;
    }
    auto now = clock_.now();
    Actor who = actor;
    who.person_id = a.person.id;
    who.name = a.person.name;
    who.department_id = a.person.department_id;
    who.via = "session";
    QS_CHECK(t.exec("UPDATE person SET failures = 0, locked_until = 0, last_sign_in = ?, lang = ? WHERE id = ?",
                    {now, actor.lang == Lang::en ? "en" : "zh", a.person.id}));
    QS_CHECK(t.exec("DELETE FROM session WHERE created < ? OR last_seen < ?", {now - rules().session, now - rules().idle}));
    QS_CHECK(t.exec(
        "INSERT INTO session (id, digest, person_id, source, agent, csrf, created, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {new_id(), crypto::digest_hex(in.session_secret), a.person.id, actor.from, shorten(agent, 200), in.csrf_token, now,
         now}));
    QS_CHECK(audit_.record(
        t, who,
        {.action = "session.open", .object_kind = "person", .object_id = a.person.login, .object_name = a.person.name}));
    QS_TRY(auto after, account(t, a.person.id));
    in.person = after.person;
    return true;
  });
  QS_CHECK(right);
  if (!*right) {
    QS_CHECK(count_failure(actor, a, "one-time code"));
    return fail(Code::unauthenticated, "identity.totp_wrong", "动态口令不正确或已用过，请输入新的一个。",
                "The one-time code is wrong or was used; enter a new one.");
  }
  in.must_change_password = must_change(in.person);
  in.totp_setup_needed = rules().totp_required && !in.person.totp;
  return in;
}

Result<void> StoredIdentity::sign_out(const Actor& actor) {
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec("DELETE FROM session WHERE id = ?", {actor.credential_id}));
    QS_CHECK(bump(t));
    return audit_.record(
        t, actor,
        {.action = "session.close", .object_kind = "person", .object_id = actor.person_id, .object_name = actor.name});
  });
}

Result<void> StoredIdentity::end_sessions(store::Transaction& t, std::string_view person_id, std::string_view except) {
  QS_CHECK(t.exec("DELETE FROM session WHERE person_id = ? AND id <> ?", {person_id, except}));
  return bump(t);
}

Result<std::vector<SessionInfo>> StoredIdentity::sessions(const Actor& actor, std::string_view person_id) const {
  if (person_id != actor.person_id && !actor.can(Permission::people_manage)) return no_person();
  return store_.read([&](store::Session& s) -> Result<std::vector<SessionInfo>> {
    auto now = clock_.now();
    QS_TRY(auto rows, s.query("SELECT id, source, agent, created, last_seen FROM session WHERE person_id = ? AND created >= ? "
                              "AND last_seen >= ? ORDER BY last_seen DESC",
                              {person_id, now - rules().session, now - rules().idle}));
    std::vector<SessionInfo> list;
    for (const auto& row : rows)
      list.push_back({.id = row.text(0),
                      .from = row.text(1),
                      .agent = row.text(2),
                      .created = row.time(3),
                      .last_seen = row.time(4),
                      .current = row.text(0) == actor.credential_id});
    return list;
  });
}

Result<void> StoredIdentity::revoke_session(const Actor& actor, std::string_view session_id) {
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto row, t.one("SELECT person_id FROM session WHERE id = ?", {session_id}));
    if (!row || (row->text(0) != actor.person_id && !actor.can(Permission::people_manage)))
      return fail(Code::not_found, "session.not_found", "没有这个会话。", "There is no such session.");
    QS_TRY(auto a, account(t, row->text(0)));
    QS_CHECK(t.exec("DELETE FROM session WHERE id = ?", {session_id}));
    QS_CHECK(bump(t));
    return record(t, actor, "session.revoke", a.person);
  });
}

}  // namespace qushu::identity
