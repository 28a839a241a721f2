#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::identity {
namespace {

std::string context_of(const Person& person) {
  return "totp:" + person.id;
}

Result<std::string> unseal(const std::string& key, const std::string& sealed, const Person& person) {
  auto bytes = crypto::from_hex(sealed);
  if (!bytes) return fail_internal("a stored second factor is no hexadecimal text");
  return crypto::open(key, *bytes, context_of(person));
}

}  // namespace

Result<Identity::TotpSetup> StoredIdentity::begin_totp(const Actor& actor) {
  auto secret = crypto::random_bytes(20);
  return store_.write([&](store::Transaction& t) -> Result<TotpSetup> {
    QS_TRY(auto a, account(t, actor.person_id));
    if (a.person.totp)
      return fail(Code::conflict, "identity.totp_set", "动态口令已启用；如需更换，请先停用。",
                  "A second factor is set up; remove it first to change it.");
    QS_TRY(auto sealed, crypto::seal(key_, secret, context_of(a.person)));
    QS_CHECK(t.exec("UPDATE person SET totp_new = ? WHERE id = ?", {crypto::to_hex(sealed), a.person.id}));
    return TotpSetup{.secret_base32 = crypto::to_base32(secret), .uri = crypto::totp_uri(secret, "区枢", a.person.login)};
  });
}

Result<std::vector<std::string>> StoredIdentity::confirm_totp(const Actor& actor, std::string_view code) {
  std::vector<std::string> recovery;
  for (int i = 0; i < 8; ++i) recovery.push_back(lower_ascii(crypto::to_base32(crypto::random_bytes(10))));
  QS_CHECK(store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto a, account(t, actor.person_id));
    if (a.totp_new.empty())
      return fail(Code::conflict, "identity.totp_not_begun", "请先开始设置动态口令。", "Begin the set-up first.");
    QS_TRY(auto secret, unseal(key_, a.totp_new, a.person));
    auto step = crypto::totp_step(secret, code, clock_.now());
    if (!step)
      return fail(Error{.code = Code::invalid,
                        .id = "identity.totp_wrong",
                        .text = {"动态口令不正确，请检查手机时间后输入新的一个。",
                                 "The code is not right; check your phone's clock and enter a new one."},
                        .subject = "code"});
    QS_CHECK(t.exec("UPDATE person SET totp = totp_new, totp_new = '', totp_step = ? WHERE id = ?", {*step, a.person.id}));
    QS_CHECK(t.exec("DELETE FROM recovery_code WHERE person_id = ?", {a.person.id}));
    for (const auto& one : recovery)
      QS_CHECK(t.exec("INSERT INTO recovery_code (person_id, digest) VALUES (?, ?)", {a.person.id, crypto::digest_hex(one)}));
    QS_CHECK(bump(t));
    return record(t, actor, "totp.set", a.person);
  }));
  return recovery;
}

Result<bool> StoredIdentity::use_code(store::Transaction& t, const Account& a, std::string_view code) {
  auto text = lower_ascii(trim(code));
  QS_TRY(auto spent,
         t.exec("DELETE FROM recovery_code WHERE person_id = ? AND digest = ?", {a.person.id, crypto::digest_hex(text)}));
  if (spent == 1) return true;
  QS_TRY(auto secret, unseal(key_, a.totp, a.person));
  auto step = crypto::totp_step(secret, text, clock_.now());
  // A code that somebody looked over a shoulder to read is worth nothing once it was used.
  if (!step || *step <= a.totp_step) return false;
  QS_CHECK(t.exec("UPDATE person SET totp_step = ? WHERE id = ?", {*step, a.person.id}));
  return true;
}

Result<void> StoredIdentity::remove_totp(const Actor& actor, std::string_view password) {
  QS_TRY(auto a, store_.read([&](store::Session& s) { return account(s, actor.person_id); }));
  if (!crypto::check_password(a.password, password)) {
    QS_CHECK(count_failure(actor, a, "password"));
    return fail(Error{.code = Code::invalid,
                      .id = "identity.old_password",
                      .text = {"口令不正确。", "The password is not right."},
                      .subject = "password"});
  }
  return reset_totp(actor, a.person.id);
}

Result<void> StoredIdentity::reset_totp(const Actor& actor, std::string_view id) {
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto a, account(t, id));
    QS_CHECK(t.exec("UPDATE person SET totp = '', totp_new = '' WHERE id = ?", {a.person.id}));
    QS_CHECK(t.exec("DELETE FROM recovery_code WHERE person_id = ?", {a.person.id}));
    QS_CHECK(bump(t));
    return record(t, actor, "totp.remove", a.person);
  });
}

}  // namespace qushu::identity
