#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::identity {

// 16 characters without those that look alike, always of all four kinds: about 90 bits.
std::string make_one_time_password() {
  static constexpr std::array<std::string_view, 4> kKinds{"ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789",
                                                          "-_.!"};
  std::string out;
  auto bytes = crypto::random_bytes(64);
  for (std::size_t i = 0; out.size() < 16; ++i) {
    auto kind = kKinds.at(out.size() < 12 ? out.size() % 2 + (out.size() % 5 == 4 ? 1 : 0) : out.size() % 4);
    out += kind[static_cast<unsigned char>(bytes[i]) % kind.size()];
  }
  return out;
}

Result<void> StoredIdentity::check_password_rules(std::string_view password, const Person& person) const {
  auto r = rules();
  auto refuse = [](std::string zh, std::string en) {
    return fail(Error{
        .code = Code::invalid, .id = "identity.password", .text = {std::move(zh), std::move(en)}, .subject = "new_password"});
  };
  if (password.size() > 1024) return refuse("口令过长。", "The password is too long.");
  auto length = static_cast<std::int64_t>(utf8_length(password));
  if (length < r.length)
    return refuse(fmt::format("口令至少 {} 个字符，现在是 {} 个。", r.length, length),
                  fmt::format("A password needs at least {} characters; this one has {}.", r.length, length));
  std::array<bool, 4> kinds{};
  for (char c : password) {
    if (c >= 'A' && c <= 'Z')
      kinds[0] = true;
    else if (c >= 'a' && c <= 'z')
      kinds[1] = true;
    else if (is_ascii_digit(c))
      kinds[2] = true;
    else
      kinds[3] = true;
  }
  auto has = std::ranges::count(kinds, true);
  if (has < r.classes)
    return refuse(fmt::format("口令应含大写字母、小写字母、数字、符号中的至少 {} 类。", r.classes),
                  fmt::format("A password needs at least {} of: upper case, lower case, digits, symbols.", r.classes));
  if (!person.login.empty() && lower_ascii(password).contains(lower_ascii(person.login)))
    return refuse("口令不能包含登录名。", "A password must not hold the login.");
  return {};
}

Result<void> StoredIdentity::check_history(store::Session& s, const Account& account, std::string_view password) const {
  auto refuse = [&] {
    return fail(Error{.code = Code::invalid,
                      .id = "identity.password_used",
                      .text = {fmt::format("不能使用最近 {} 次用过的口令。", rules().history),
                               fmt::format("One of the last {} passwords cannot be used again.", rules().history)},
                      .subject = "new_password"});
  };
  if (rules().history > 0 && crypto::check_password(account.password, password)) return refuse();
  QS_TRY(auto rows, s.query("SELECT password FROM password_history WHERE person_id = ? ORDER BY at DESC LIMIT ?",
                            {account.person.id, rules().history}));
  for (const auto& row : rows)
    if (crypto::check_password(row.text(0), password)) return refuse();
  return {};
}

Result<void> StoredIdentity::set_password(store::Transaction& t, const Account& account, const std::string& encoded,
                                          bool must_change) {
  auto now = clock_.now();
  QS_CHECK(
      t.exec("INSERT INTO password_history (person_id, at, password) VALUES (?, ?, ?) ON CONFLICT (person_id, at) DO NOTHING",
             {account.person.id, now, account.password}));
  QS_CHECK(t.exec(
      "UPDATE person SET password = ?, password_changed = ?, must_change = ?, failures = 0, locked_until = 0 WHERE id = ?",
      {encoded, now, must_change, account.person.id}));
  return bump(t);
}

bool StoredIdentity::must_change(const Person& person) const {
  if (person.must_change_password) return true;
  auto age = rules().password_age;
  return age.count() > 0 && person.password_changed && clock_.now() - *person.password_changed > age;
}

Result<void> StoredIdentity::change_password(const Actor& actor, std::string_view old_password, std::string_view new_password) {
  QS_TRY(auto account, store_.read([&](store::Session& s) { return this->account(s, actor.person_id); }));
  if (!crypto::check_password(account.password, old_password)) {
    // Guessing the old password from a stolen session counts like guessing it at the door.
    QS_CHECK(count_failure(actor, account, "old password"));
    return fail(Error{.code = Code::invalid,
                      .id = "identity.old_password",
                      .text = {"原口令不正确。", "The old password is not right."},
                      .subject = "old_password"});
  }
  QS_CHECK(check_password_rules(new_password, account.person));
  QS_CHECK(store_.read([&](store::Session& s) { return check_history(s, account, new_password); }));
  QS_TRY(auto encoded, crypto::hash_password(new_password));
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(set_password(t, account, encoded, false));
    QS_CHECK(end_sessions(t, account.person.id, actor.credential_id));
    return record(t, actor, "password.change", account.person);
  });
}

}  // namespace qushu::identity
