#include "qushu/crypto/crypto.h"

#include <fstream>

#include <gmock/gmock.h>

#include "temp_folder.h"

namespace qushu::crypto {
namespace {

TEST(Encoding, ReadsBackAndRefuses) {
  std::string bytes("\x00\xFF\x10 region", 10);
  EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
  EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  EXPECT_EQ(from_base64(to_base64url(bytes)), bytes);
  EXPECT_EQ(to_base32("foobar"), "MZXW6YTBOI");
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(from_hex("abc"), std::nullopt);
  EXPECT_EQ(from_base64("a*b="), std::nullopt);
}

TEST(Digest, KnownVectors) {
  EXPECT_EQ(digest_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_hex("abc", Hash::sm3), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  // RFC 4231, case 2.
  EXPECT_EQ(to_hex(hmac("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  Digest in_pieces;
  in_pieces.update("a");
  in_pieces.update("bc");
  EXPECT_EQ(to_hex(in_pieces.finish()), digest_hex("abc"));
  in_pieces.update("abc");
  EXPECT_EQ(to_hex(in_pieces.finish()), digest_hex("abc"));
}

TEST(Signature, BothKindsSignAndNoticeChange) {
  testing::TempFolder folder;
  for (auto kind : {Signature::ed25519, Signature::sm2}) {
    auto file = folder.path() / (kind == Signature::sm2 ? "sm2.pem" : "ed.pem");
    auto made = SigningKey::load_or_create(file, kind);
    ASSERT_TRUE(made) << made.error().detail;
    auto again = SigningKey::load_or_create(file, kind);
    ASSERT_TRUE(again);
    EXPECT_EQ(made->public_pem(), again->public_pem());
    EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    auto signature = made->sign("证据");
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verify(again->public_pem(), "证据", *signature));
    EXPECT_FALSE(verify(again->public_pem(), "证据 ", *signature));
    auto forged = *signature;
    forged[8] = static_cast<char>(forged[8] ^ 1);
    EXPECT_FALSE(verify(again->public_pem(), "证据", forged));
    EXPECT_FALSE(verify("nonsense", "证据", *signature));
  }
}

TEST(Seal, OpensOnlyUnderItsKeyAndContext) {
  auto key = random_bytes(32), other = random_bytes(32);
  for (auto cipher : {Cipher::aes_256_gcm, Cipher::sm4_ctr_hmac_sm3}) {
    auto sealed = seal(key, "口令", "source/1", cipher);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(*open(key, *sealed, "source/1"), "口令");
    EXPECT_EQ(open(key, *sealed, "source/2").error().id, "crypto.tampered");
    EXPECT_FALSE(open(other, *sealed, "source/1"));
    for (std::size_t i = 0; i < sealed->size(); ++i) {
      auto broken = *sealed;
      broken[i] = static_cast<char>(broken[i] ^ 1);
      EXPECT_FALSE(open(key, broken, "source/1")) << i;
    }
    EXPECT_FALSE(open(key, sealed->substr(0, sealed->size() - 1), "source/1"));
    EXPECT_FALSE(open(key, "", "source/1"));
  }
}

TEST(Password, IsCheckedAndSalted) {
  PasswordCost cheap{.memory_kib = 64, .passes = 1, .lanes = 1};
  auto one = hash_password("正确的口令", cheap), two = hash_password("正确的口令", cheap);
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  EXPECT_THAT(*one, ::testing::StartsWith("$argon2id$v=19$m=64,t=1,p=1$"));
  EXPECT_TRUE(check_password(*one, "正确的口令"));
  EXPECT_FALSE(check_password(*one, "正确的口令 "));
  EXPECT_FALSE(check_password("", ""));
}

TEST(Totp, Rfc6238AndItsWindow) {
  std::string_view secret = "12345678901234567890";
  auto at = [](std::int64_t seconds) { return from_micros(seconds * 1'000'000); };
  // The RFC's eight digits, cut to six.
  EXPECT_EQ(totp_code(secret, at(59)), "287082");
  EXPECT_EQ(totp_code(secret, at(1111111109)), "081804");
  EXPECT_EQ(totp_code(secret, at(20000000000)), "353130");
  EXPECT_EQ(totp_step(secret, "287082", at(59)), 1);
  EXPECT_EQ(totp_step(secret, "287082", at(89)), 1);
  EXPECT_EQ(totp_step(secret, "287082", at(120)), std::nullopt);
  EXPECT_EQ(totp_step(secret, "28708", at(59)), std::nullopt);
  EXPECT_THAT(totp_uri(secret, "区枢", "zhang"), ::testing::HasSubstr("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
}

TEST(Certificate, IsMadeOnce) {
  testing::TempFolder folder;
  auto certificate = folder.path() / "tls.crt", key = folder.path() / "tls.key";
  ASSERT_TRUE(ensure_self_signed(certificate, key, {"localhost", "127.0.0.1"}, std::chrono::days(30)));
  auto size = std::filesystem::file_size(certificate);
  auto written = std::filesystem::last_write_time(certificate);
  ASSERT_TRUE(ensure_self_signed(certificate, key, {"localhost"}, std::chrono::days(30)));
  EXPECT_EQ(std::filesystem::last_write_time(certificate), written);
  EXPECT_GT(size, 300U);
}

}  // namespace
}  // namespace qushu::crypto
