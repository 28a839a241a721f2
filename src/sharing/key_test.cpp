#include "qushu/sharing/key.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/crypto/crypto.h"

#include "policy_fixture.h"
#include "signature.h"

namespace qushu::sharing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// RFC 9421, section 2.5 and appendix B.1.5 have the form of the base and of an HMAC over it.
TEST(SignatureTest, TheBaseIsThatOfTheStandard) {
  auto input = read_signature(
      R"(sig1=("@method" "@authority" "@path" "@query" "content-digest");created=1618884473;keyid="k";nonce="n1";alg="hmac-sha256")",
      "sig1=:YWJj:");
  ASSERT_TRUE(input) << input.error().text.en;
  EXPECT_EQ(input->signature, "abc");
  EXPECT_EQ(input->key_id, "k");
  const std::string body = R"({"hello": "world"})";
  std::map<std::string, std::string, std::less<>> headers{
      {"host", "WWW.example.com"}, {"content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"}};
  SignedMessage message{
      .method = "POST", .path = "/foo", .query = "param=Value&Pet=dog", .body = body, .header = [&](std::string_view name) {
        auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
      }};
  auto base = signature_base(*input, message);
  ASSERT_TRUE(base) << base.error().text.en;
  EXPECT_EQ(*base,
            "\"@method\": POST\n\"@authority\": www.example.com\n\"@path\": /foo\n\"@query\": ?param=Value&Pet=dog\n"
            "\"content-digest\": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:\n"
            "\"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1618884473;"
            "keyid=\"k\";nonce=\"n1\";alg=\"hmac-sha256\"");
  message.body = "another";
  EXPECT_EQ(signature_base(*input, message).error().id, "signature.digest");
}

TEST(SignatureTest, WhatIsMissingOrMalformedIsRefused) {
  const std::string good = R"(s=("@method" "@path" "@query");created=1618884473;keyid="k";nonce="n")";
  ASSERT_TRUE(read_signature(good, "s=:YQ==:"));
  for (const auto& [input, signature] : std::vector<std::pair<std::string, std::string>>{
           {"", "s=:YQ==:"},
           {good, ""},
           {good, "t=:YQ==:"},
           {good, "s=:YQ==:, t=:YQ==:"},
           {good, "s=:?:"},
           {good + ", t=(\"@method\")", "s=:YQ==:"},
           {R"(s=("@method" "@path" "@query");created=1618884473;nonce="n")", "s=:YQ==:"},
           {R"(s=("@method" "@path" "@query");created=1618884473;keyid="k")", "s=:YQ==:"},
           {R"(s=("@method" "@path" "@query");keyid="k";nonce="n")", "s=:YQ==:"},
           {R"(s=("@method" "@path" "@query");created=99999999999999999999;keyid="k";nonce="n")", "s=:YQ==:"},
           {R"(s=("@method" "@method" "@query");created=1;keyid="k";nonce="n")", "s=:YQ==:"},
           {R"(s=("@method";req "@path" "@query");created=1;keyid="k";nonce="n")", "s=:YQ==:"},
           {R"(s=("@method" "@path" "@query");created=1;keyid="k";nonce="n";what=1)", "s=:YQ==:"},
           {R"(s=("@method)", "s=:YQ==:"}})
    EXPECT_FALSE(read_signature(input, signature)) << input << " " << signature;
  SignedMessage message{
      .method = "GET", .path = "/", .query = "", .body = "", .header = [](std::string_view) { return std::string(); }};
  for (const auto* components : {R"("@path" "@query")", R"("@method" "@query")", R"("@method" "@path")",
                                 R"("@method" "@path" "@query" "@target-uri")", R"("@method" "@path" "@query" "x-none")"}) {
    auto input = read_signature(fmt::format(R"(s=({});created=1;keyid="k";nonce="n")", components), "s=:YQ==:");
    ASSERT_TRUE(input);
    EXPECT_FALSE(signature_base(*input, message)) << components;
  }
}

class KeyTest : public PolicyTest {
 protected:
  void SetUp() override {
    PolicyTest::SetUp();
    keys_ = open_keys();
    first_ = give("firms");
    user_ = who("u", {"d2"}, {Permission::dataset_read});
    provider_ = who("s", {"d1"}, {Permission::dataset_read, Permission::dataset_write});
  }
  std::unique_ptr<Keys> open_keys() {
    return take(Keys::open({.store = store(),
                            .audit = *audit_,
                            .grants = *grants_,
                            .settings = settings_,
                            .clock = clock_,
                            .key_folder = folder() / "keys"}));
  }
  Grant give(const std::string& code, const std::string& from = "") {
    auto dataset = take(catalog_->find({.all = true}, code));
    json::object terms{{"fields", json::array{json::object{{"id", "code"}}}},
                       {"methods", json::array{"api"}},
                       {"purpose", "核对"},
                       {"from", from}};
    auto read = take(terms_of(*engine_, dataset, terms, calendar_->zone()));
    return take(store().write([&](store::Transaction& t) {
      return grants_->add(t, Actor::system(),
                          {.dataset_id = dataset.id,
                           .dataset_code = code,
                           .dataset_title = dataset.title,
                           .provider_id = "d1",
                           .provider_name = "甲局",
                           .department_id = "d2",
                           .department_name = "乙局",
                           .terms = read});
    }));
  }
  static http::Request bearing(const std::string& secret) {
    http::Request r;
    r.headers = {{"authorization", "Bearer " + secret}};
    return r;
  }
  http::Request signed_by(const ApplicationKey& key, const std::string& secret, const std::string& nonce, Time created,
                          const std::string& target = "/api/v1/datasets/firms/rows?key=1") const {
    http::Request r;
    r.target = target;
    auto params =
        fmt::format(R"(("@method" "@path" "@query");created={};nonce="{}";keyid="{}")",
                    std::chrono::duration_cast<std::chrono::seconds>(created.time_since_epoch()).count(), nonce, key.id);
    auto question = target.find('?');
    auto base = fmt::format("\"@method\": GET\n\"@path\": {}\n\"@query\": {}\n\"@signature-params\": {}",
                            target.substr(0, question), question == std::string::npos ? "?" : target.substr(question), params);
    auto hash = key.kind == KeyKind::hmac_sm3 ? crypto::Hash::sm3 : crypto::Hash::sha256;
    r.headers = {{"signature-input", "sig=" + params},
                 {"signature", "sig=:" + crypto::to_base64(crypto::hmac(secret, base, hash)) + ":"}};
    return r;
  }
  std::string refused(const http::Request& request) {
    auto caller = keys_->caller(request);
    if (!caller) return "not ours";
    return *caller ? "accepted" : caller->error().id;
  }
  std::unique_ptr<Keys> keys_;
  Grant first_;
  Actor user_, provider_;
};
QUSHU_ON_BOTH_STORES(KeyTest);

TEST_P(KeyTest, AKeyReadsItsGrantsAndNothingElse) {
  auto second = give("parks");
  auto [key, secret] = take(keys_->add(user_, {.name = "结算系统", .grants = {first_.id}}));
  EXPECT_EQ(secret.substr(secret.size() - 4), key.hint);
  auto actor = take(*keys_->caller(bearing(secret)));
  EXPECT_EQ(actor.name, "结算系统");
  EXPECT_TRUE(actor.person_id.empty());
  EXPECT_TRUE(policy_->compile_for(actor, Use::api, "firms"));
  EXPECT_FALSE(policy_->compile_for(actor, Use::api, "parks")) << "a grant of the same department, but not this key's";
  EXPECT_FALSE(policy_->compile(actor, "firms"));
  EXPECT_THAT(take(policy_->readable(actor)), IsEmpty());
  EXPECT_FALSE(actor.can(Permission::dataset_read));
  // From memory, once it is known and has been seen.
  EXPECT_TRUE(take(*keys_->caller(bearing(secret))).signed_in());
  EXPECT_TRUE(keys_->quick_caller(bearing(secret)).known);
  // The grant ends, and so does what the key reads.
  take(grants_->move(provider_, first_.id, GrantState::suspended, "停"));
  EXPECT_FALSE(policy_->compile_for(actor, Use::api, "firms"));
}

TEST_P(KeyTest, ServesTheGrantThatTakesThePlaceOfItsOwn) {
  grants_->on_hand_over(
      [&](store::Transaction& t, std::string_view from, std::string_view to) { return keys_->hand_over(t, from, to); });
  auto supersede = [&](const Grant& old, const Grant& by) {
    auto done = store().write([&](store::Transaction& t) { return grants_->supersede(t, Actor::system(), old.id, by); });
    ASSERT_TRUE(done) << done.error().text.en;
  };
  auto reads = [&](const std::string& secret) {
    return policy_->compile_for(take(*keys_->caller(bearing(secret))), Use::api, "firms").has_value();
  };
  auto parks = give("parks");
  auto [key, secret] = take(keys_->add(user_, {.name = "结算系统", .grants = {first_.id, parks.id}}));
  auto wider = give("firms");
  supersede(first_, wider);
  EXPECT_EQ(take(grants_->find(user_, first_.id)).state, GrantState::terminated);
  EXPECT_THAT(take(keys_->list(user_)).at(0).grants, ElementsAre(wider.id, parks.id));
  EXPECT_TRUE(reads(secret));
  // One that begins on another day, in the district's zone: the old one holds until then.
  auto next = give("firms", "2026-11-28");
  supersede(wider, next);
  ASSERT_TRUE(grants_->tick());
  auto now = take(grants_->find(user_, wider.id));
  EXPECT_EQ(now.state, GrantState::active);
  EXPECT_EQ(now.superseded_by, next.id);
  EXPECT_TRUE(reads(secret));
  clock_.advance(*parse_iso("2026-11-27T16:00:00Z") - clock_.now());
  ASSERT_TRUE(grants_->tick());
  EXPECT_EQ(take(grants_->find(user_, wider.id)).state, GrantState::terminated);
  EXPECT_THAT(take(keys_->list(user_)).at(0).grants, ElementsAre(next.id, parks.id));
  EXPECT_TRUE(reads(secret));
  // One that is ended before it begins takes no place.
  auto never = give("firms", "2026-12-28");
  supersede(next, never);
  take(grants_->move(provider_, never.id, GrantState::terminated, "不用了"));
  ASSERT_TRUE(grants_->tick());
  EXPECT_EQ(take(grants_->find(user_, next.id)).superseded_by, "");
  EXPECT_TRUE(reads(secret));
}

TEST_P(KeyTest, RevokedExpiredAndUnknownKeysAreRefused) {
  auto [key, secret] =
      take(keys_->add(user_, {.name = "a", .grants = {first_.id}, .expires = clock_.now() + std::chrono::hours(48)}));
  EXPECT_EQ(refused(bearing(secret)), "accepted");
  EXPECT_EQ(refused(bearing("qk_nothing")), "key.credential");
  EXPECT_EQ(refused(bearing("a person's token")), "not ours");
  // Who has nothing to do with it neither sees nor revokes it.
  auto stranger = who("x", {"d9"}, {Permission::dataset_read});
  EXPECT_THAT(take(keys_->list(stranger)), IsEmpty());
  EXPECT_EQ(keys_->revoke(stranger, key.id).error().code, Code::not_found);
  EXPECT_EQ(keys_->add(provider_, {.name = "b", .grants = {first_.id}}).error().code, Code::forbidden);
  EXPECT_THAT(take(keys_->list(provider_, first_.id)), SizeIs(1));
  take(keys_->revoke(provider_, key.id));
  EXPECT_EQ(refused(bearing(secret)), "key.credential");
  auto late = take(keys_->add(user_, {.name = "c", .grants = {first_.id}, .expires = clock_.now() + std::chrono::hours(1)}));
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(refused(bearing(late.second)), "key.credential");
  EXPECT_EQ(
      keys_->add(user_, {.name = "d", .grants = {first_.id}, .expires = clock_.now() + std::chrono::days(400)}).error().subject,
      "expires");
  EXPECT_EQ(keys_->add(user_, {.name = " ", .grants = {first_.id}}).error().subject, "name");
  EXPECT_EQ(keys_->add(user_, {.name = "e", .grants = {}}).error().subject, "grants");
}

TEST_P(KeyTest, SignaturesAreGoodOnceAndForAWhile) {
  for (auto kind : {KeyKind::hmac_sha256, KeyKind::hmac_sm3}) {
    auto [key, secret] = take(keys_->add(user_, {.name = "a", .grants = {first_.id}, .kind = kind}));
    auto now = clock_.now();
    auto good = signed_by(key, secret, "n1", now);
    EXPECT_EQ(refused(good), "accepted");
    EXPECT_EQ(refused(good), "signature.replayed");
    EXPECT_EQ(refused(signed_by(key, secret, "n2", now)), "accepted");
    EXPECT_EQ(refused(signed_by(key, secret + "x", "n3", now)), "signature.wrong");
    auto changed = signed_by(key, secret, "n4", now);
    changed.target += "&_size=1";
    EXPECT_EQ(refused(changed), "signature.wrong");
    changed = signed_by(key, secret, "n5", now);
    changed.method = http::Method::post;
    EXPECT_EQ(refused(changed), "signature.wrong");
    changed = signed_by(key, secret, "n6", now);
    changed.raw_body = "{}";
    EXPECT_EQ(refused(changed), "signature.malformed") << "the body is not covered";
    EXPECT_EQ(refused(signed_by(key, secret, "n7", now + std::chrono::minutes(6))), "signature.clock");
    EXPECT_EQ(refused(signed_by(key, secret, "n8", now - std::chrono::minutes(1))), "signature.again") << "before this process";
    // A secret that signs is not a bearer's.
    EXPECT_EQ(refused(bearing(secret)), "key.credential");
    auto other = key;
    other.id = "nobody";
    EXPECT_EQ(refused(signed_by(other, secret, "n9", now)), "key.credential");
  }
  clock_.advance(std::chrono::minutes(20));
  auto [key, secret] = take(keys_->add(user_, {.name = "b", .grants = {first_.id}, .kind = KeyKind::hmac_sha256}));
  EXPECT_EQ(refused(signed_by(key, secret, "m1", clock_.now() - std::chrono::minutes(6))), "signature.clock");
  // After a restart nothing that was signed before it is good again.
  auto kept = signed_by(key, secret, "m2", clock_.now());
  EXPECT_EQ(refused(kept), "accepted");
  clock_.advance(std::chrono::seconds(2));
  keys_ = open_keys();
  EXPECT_EQ(refused(kept), "signature.again");
  EXPECT_EQ(refused(signed_by(key, secret, "m2", clock_.now() + std::chrono::seconds(1))), "accepted");
}

TEST_P(KeyTest, ThePolicyMayAskForSignatures) {
  ASSERT_TRUE(settings_.set("sharing.key_kinds", "sm3"));
  EXPECT_EQ(keys_->add(user_, {.name = "a", .grants = {first_.id}}).error().subject, "kind");
  EXPECT_EQ(keys_->add(user_, {.name = "a", .grants = {first_.id}, .kind = KeyKind::hmac_sha256}).error().subject, "kind");
  EXPECT_TRUE(keys_->add(user_, {.name = "a", .grants = {first_.id}, .kind = KeyKind::hmac_sm3}));
}

}  // namespace
}  // namespace qushu::sharing
