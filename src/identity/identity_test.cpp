#include "qushu/identity/identity.h"

#include <thread>

#include <gmock/gmock.h>

#include "qushu/crypto/crypto.h"

#include "store_fixture.h"

namespace qushu::identity {
namespace {

using ::testing::UnorderedElementsAre;

// RFC 4648, as an authenticator reads it.
std::string from_base32(std::string_view text) {
  std::string out;
  unsigned bits = 0, held = 0;
  for (char c : text) {
    if (c == '=') break;
    held = (held << 5U) | static_cast<unsigned>(c >= 'A' ? c - 'A' : c - '2' + 26);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((held >> bits) & 0xFFU);
  }
  return out;
}

constexpr std::string_view kPassword = "Zhen-Shi-2026";

class IdentityTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), migrations());
    settings_.declare(audit::settings());
    settings_.declare(settings());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock_));
    identity_ = take(Identity::open(store(), *audit_, settings_, folder() / "keys", clock_));
    made_ = take(identity_->first_start("测试区"));
    console_ = Actor::operator_on_console("root");
    take(identity_->add_department(console_, {.code = "mzj", .name = "民政局", .parent_id = "root"}));
    take(identity_->add_department(console_, {.code = "mzj_dj", .name = "登记科", .parent_id = "mzj"}));
    take(identity_->add_person(
        console_,
        {.login = "li", .name = "李", .department_id = "mzj", .roles = {"data_steward"}, .password = std::string(kPassword)}));
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  static Actor nobody() {
    Actor actor;
    actor.from = "10.0.0.1";
    return actor;
  }
  Result<SignedIn> in(std::string_view login, std::string_view password, std::string_view code = "") {
    return identity_->sign_in(nobody(), login, password, code, "test");
  }
  static http::Request with_cookie(const std::string& secret) {
    http::Request request;
    request.headers.emplace_back("cookie", "qs_session=" + secret);
    return request;
  }
  static http::Request with_token(const std::string& token) {
    http::Request request;
    request.headers.emplace_back("authorization", "Bearer " + token);
    return request;
  }
  Result<http::Authenticator::Outcome> ask(const http::Request& request) {
    return identity_->authenticator().authenticate_slow(request);
  }
  template <class T>
  static std::string why(const Result<T>& result) {
    return result ? "" : result.error().id;
  }
  Settings settings_;
  ManualClock clock_{Time(std::chrono::days(20500))};
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<Identity> identity_;
  std::vector<OneTimePassword> made_;
  Actor console_;
};
QUSHU_ON_BOTH_STORES(IdentityTest);

TEST_P(IdentityTest, WhoFollowsDepartmentsIsToldInTheTransaction) {
  std::vector<std::string> told;
  bool refuse = false;
  identity_->on_departments([&](store::Transaction&, const Actor&, const std::vector<Department>& all) -> Result<void> {
    if (refuse) return fail_internal("no");
    told.clear();
    for (const auto& d : all) told.push_back(d.name);
    return {};
  });
  auto made = take(identity_->add_department(console_, {.code = "wjw", .name = "卫健委", .parent_id = "root"}));
  EXPECT_EQ(told, (std::vector<std::string>{"测试区", "民政局", "登记科", "卫健委"}));
  take(identity_->change_department(console_, made.id, "卫生健康委", ""));
  EXPECT_EQ(told.back(), "卫生健康委");
  refuse = true;
  EXPECT_FALSE(identity_->change_department(console_, made.id, "别的", ""));
  EXPECT_FALSE(identity_->remove_department(console_, made.id));
  EXPECT_EQ(take(identity_->department("wjw")).name, "卫生健康委");
  refuse = false;
  EXPECT_TRUE(identity_->remove_department(console_, made.id));
  EXPECT_EQ(told.size(), 3U);
}

TEST_P(IdentityTest, TheFirstStartMakesThreeAdministratorsOnce) {
  ASSERT_EQ(made_.size(), 3U);
  EXPECT_TRUE(take(identity_->first_start("又一次")).empty());
  for (const auto& one : made_) {
    auto signed_in = take(in(one.login, one.password));
    EXPECT_TRUE(signed_in.must_change_password);
    EXPECT_FALSE(take(ask(with_cookie(signed_in.session_secret))).complete);
  }
}

TEST_P(IdentityTest, PasswordsFollowTheRules) {
  auto actor = take(identity_->actor_of("li"));
  for (const auto* bad : {"short1A!", "alllowercaseletters", "li-Li-li-2026", "12345678901234"})
    EXPECT_FALSE(identity_->change_password(actor, kPassword, bad)) << bad;
  EXPECT_EQ(why(identity_->change_password(actor, "wrong", "Other-Good-77")), "identity.old_password");
  EXPECT_TRUE(identity_->change_password(actor, kPassword, "Other-Good-77"));
  EXPECT_FALSE(identity_->change_password(actor, "Other-Good-77", kPassword)) << "an earlier password";
  EXPECT_FALSE(in("li", kPassword));
  EXPECT_TRUE(in("li", "Other-Good-77"));
  clock_.advance(std::chrono::days(91));
  EXPECT_TRUE(take(in("li", "Other-Good-77")).must_change_password);
}

TEST_P(IdentityTest, FailuresLockAndTimeOrAnAdministratorUnlocks) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(why(in("li", "wrong")), "identity.wrong");
  EXPECT_EQ(why(in("li", kPassword)), "identity.locked");
  EXPECT_TRUE(take(identity_->person("li")).locked);
  clock_.advance(std::chrono::minutes(16));
  EXPECT_TRUE(in("li", kPassword));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(in("li", "wrong"));
  ASSERT_TRUE(identity_->unlock(console_, "li"));
  EXPECT_TRUE(in("li", kPassword));
  // A good sign-in forgets the failures before it.
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(in("li", "wrong"));
  EXPECT_TRUE(in("li", kPassword));
  EXPECT_FALSE(in("li", "wrong"));
  EXPECT_TRUE(in("li", kPassword));
  EXPECT_EQ(why(in("nobody", "wrong")), "identity.wrong");
}

TEST_P(IdentityTest, ASessionEndsByIdlenessAgeRevocationAndStateAndAtOnce) {
  auto fresh = [&] { return take(in("li", kPassword)).session_secret; };
  auto alive = [&](const std::string& secret) { return ask(with_cookie(secret)).has_value(); };
  auto idle = fresh();
  clock_.advance(std::chrono::minutes(29));
  EXPECT_TRUE(alive(idle));
  clock_.advance(std::chrono::minutes(31));
  EXPECT_FALSE(alive(idle));
  auto old = fresh();
  for (int i = 0; i < 13 * 3; ++i) {
    clock_.advance(std::chrono::minutes(20));
    if (i < 30) EXPECT_TRUE(alive(old)) << i;
  }
  EXPECT_FALSE(alive(old));
  auto revoked = fresh();
  auto person = take(identity_->person("li"));
  ASSERT_TRUE(alive(revoked));
  auto list = take(identity_->sessions(console_, person.id));
  for (const auto& s : list) ASSERT_TRUE(identity_->revoke_session(console_, s.id));
  EXPECT_FALSE(alive(revoked));
  // Another process over the same store takes it away just as well.
  auto other_store = open_again();
  auto other = take(Identity::open(*other_store, *audit_, settings_, folder() / "keys", clock_));
  auto shared = fresh();
  ASSERT_TRUE(alive(shared));
  ASSERT_TRUE(other->change_person(console_, "li", {.state = PersonState::disabled}));
  // On PostgreSQL other processes' changes are looked for four times a second.
  for (int i = 0; i < 3000 && alive(shared); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(alive(shared));
  EXPECT_FALSE(in("li", kPassword));
}

TEST_P(IdentityTest, NewRolesEndTheSessionsAndHoldForTokensOnTheNextRequest) {
  auto session = take(in("li", kPassword)).session_secret;
  auto person = take(identity_->person("li"));
  auto token = take(identity_->add_token(console_, person.id, {.name = "程序", .scopes = {}})).second;
  EXPECT_TRUE(take(ask(with_cookie(session))).actor.can(Permission::dataset_write));
  EXPECT_TRUE(take(ask(with_token(token))).actor.can(Permission::dataset_write));
  ASSERT_TRUE(identity_->change_person(console_, "li", {.roles = std::vector<std::string>{"data_user"}}));
  EXPECT_FALSE(ask(with_cookie(session)));
  EXPECT_FALSE(take(ask(with_token(token))).actor.can(Permission::dataset_write));
  EXPECT_EQ(why(identity_->change_person(console_, "li", {.roles = std::vector<std::string>{"system_admin", "audit_admin"}})),
            "identity.roles_exclude");
  EXPECT_EQ(why(identity_->change_person(console_, "li", {.roles = std::vector<std::string>{"king"}})), "identity.role");
  EXPECT_FALSE(check_roles({"security_admin", "data_user"}));
  EXPECT_TRUE(check_roles({"data_steward", "editor"}));
}

TEST_P(IdentityTest, DepartmentsAreATree) {
  auto actor = take(identity_->actor_of("li"));
  EXPECT_EQ(actor.departments.size(), 2U);  // her own and the one below it
  auto mzj = take(identity_->department("mzj")), below = take(identity_->department("mzj_dj"));
  EXPECT_THAT(actor.departments, UnorderedElementsAre(mzj.id, below.id));
  EXPECT_FALSE(identity_->change_department(console_, mzj.id, "", below.id)) << "a cycle";
  EXPECT_FALSE(identity_->remove_department(console_, mzj.id)) << "not empty";
  EXPECT_FALSE(identity_->add_department(console_, {.code = "mzj", .name = "重复", .parent_id = "root"}));
  EXPECT_FALSE(identity_->add_department(console_, {.code = "x y", .name = "坏代码", .parent_id = "root"}));
  EXPECT_TRUE(identity_->remove_department(console_, below.id));
}

TEST_P(IdentityTest, TokensNarrowExpireAndAreRevoked) {
  auto actor = take(identity_->actor_of("li"));
  auto [token, secret] = take(identity_->add_token(actor, actor.person_id, {.name = "报表", .scopes = {"dataset.read"}}));
  EXPECT_TRUE(secret.ends_with(token.hint));
  auto seen = take(ask(with_token(secret)));
  EXPECT_TRUE(seen.actor.can(Permission::dataset_read));
  EXPECT_FALSE(seen.actor.can(Permission::dataset_write));
  EXPECT_FALSE(seen.cookie_session);
  EXPECT_FALSE(identity_->add_token(actor, actor.person_id, {.name = "越权", .scopes = {"audit.read"}}));
  EXPECT_FALSE(identity_->add_token(actor, "someone", {.name = "别人", .scopes = {}}));
  EXPECT_FALSE(identity_->add_token(actor, actor.person_id,
                                    {.name = "太久", .scopes = {}, .expires = clock_.now() + std::chrono::days(4000)}));
  // What the person no longer may, her token no longer may.
  ASSERT_TRUE(identity_->change_person(console_, "li", {.roles = std::vector<std::string>{"system_admin"}}));
  EXPECT_FALSE(take(ask(with_token(secret))).actor.can(Permission::dataset_read));
  ASSERT_TRUE(identity_->revoke_token(console_, token.id));
  EXPECT_FALSE(ask(with_token(secret)));
  auto [brief, short_secret] = take(identity_->add_token(
      console_, actor.person_id, {.name = "短", .scopes = {}, .expires = clock_.now() + std::chrono::hours(1)}));
  EXPECT_TRUE(ask(with_token(short_secret)));
  clock_.advance(std::chrono::hours(2));
  EXPECT_FALSE(ask(with_token(short_secret)));
  EXPECT_FALSE(ask(with_token("qst_forged")));
  // Neither secrets nor digests that could be used are in the store.
  auto rows = store().read([](store::Session& s) { return s.query("SELECT digest FROM token"); });
  for (const auto& row : *rows) EXPECT_NE(row.text(0), secret);
}

TEST_P(IdentityTest, ASecondFactorIsAskedForAndRecoveryCodesWorkOnce) {
  auto actor = take(identity_->actor_of("li"));
  auto setup = take(identity_->begin_totp(actor));
  EXPECT_TRUE(setup.uri.starts_with("otpauth://totp/"));
  EXPECT_FALSE(identity_->confirm_totp(actor, "000000"));
  auto code = [&] { return crypto::totp_code(from_base32(setup.secret_base32), clock_.now()); };
  auto recovery = take(identity_->confirm_totp(actor, code()));
  EXPECT_GE(recovery.size(), 5U);
  EXPECT_EQ(why(in("li", kPassword)), "identity.totp_needed");
  EXPECT_EQ(why(in("li", kPassword, "123456")).substr(0, 13), "identity.totp");
  clock_.advance(std::chrono::seconds(30));
  auto now = code();
  EXPECT_TRUE(in("li", kPassword, now));
  EXPECT_FALSE(in("li", kPassword, now)) << "the same code twice";
  EXPECT_TRUE(in("li", kPassword, recovery[0]));
  EXPECT_FALSE(in("li", kPassword, recovery[0]));
  EXPECT_FALSE(identity_->remove_totp(actor, "wrong"));
  EXPECT_TRUE(identity_->remove_totp(actor, kPassword));
  EXPECT_TRUE(in("li", kPassword));
}

TEST_P(IdentityTest, WhatHappenedIsInTheAudit) {
  EXPECT_FALSE(in("li", "wrong"));
  EXPECT_TRUE(in("li", kPassword));
  auto failed = take(audit_->search({.object_id = "li", .outcome = audit::Outcome::failure}));
  EXPECT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed.at(0).from, "10.0.0.1");
  EXPECT_TRUE(take(audit_->verify()).intact);
}

TEST_P(IdentityTest, ManyAskAtOnceWhileRightsChange) {
  auto secret = take(identity_->add_token(console_, take(identity_->person("li")).id, {.name = "程序", .scopes = {}})).second;
  std::atomic<bool> stop = false;
  std::atomic<int> asked = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        auto request = with_token(secret);
        auto fast = identity_->authenticator().authenticate_fast(request);
        if (!fast) EXPECT_TRUE(ask(request));
        ++asked;
      }
    });
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(identity_->change_person(console_, "li",
                                         {.roles = std::vector<std::string>{i % 2 == 0 ? "data_user" : "data_steward"}}));
  while (asked < 200) std::this_thread::yield();
  stop = true;
  for (auto& t : threads) t.join();
  EXPECT_TRUE(take(ask(with_token(secret))).actor.can(Permission::dataset_write));
}

}  // namespace
}  // namespace qushu::identity
