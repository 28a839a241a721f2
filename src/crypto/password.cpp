#include <argon2.h>
#include <fmt/format.h>
#include <liboath/oath.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "openssl.h"

namespace qushu::crypto {
namespace {

constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHashSize = 32;
constexpr unsigned kStepSeconds = 30;
constexpr unsigned kDigits = 6;

std::int64_t step_of(Time at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count() / kStepSeconds;
}

std::string code_of_step(std::string_view secret, std::int64_t step) {
  [[maybe_unused]] static const int ready = oath_init();
  char code[kDigits + 1] = {};
  auto done = oath_totp_generate(secret.data(), secret.size(), static_cast<time_t>(step) * kStepSeconds, kStepSeconds, 0,
                                 kDigits, code);
  return done == OATH_OK ? std::string(code, kDigits) : std::string();
}

}  // namespace

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
  auto salt = random_bytes(kSaltSize);
  std::string encoded(argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes, kSaltSize, kHashSize, Argon2_id), '\0');
  int done = argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes, password.data(), password.size(), salt.data(),
                                   salt.size(), kHashSize, encoded.data(), encoded.size());
  if (done != ARGON2_OK) return fail_internal(fmt::format("argon2: {}", argon2_error_message(done)));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool check_password(std::string_view encoded, std::string_view password) {
  return argon2id_verify(std::string(encoded).c_str(), password.data(), password.size()) == ARGON2_OK;
}

std::string totp_code(std::string_view secret, Time at) {
  return code_of_step(secret, step_of(at));
}

std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, Time at) {
  if (code.size() != kDigits) return std::nullopt;
  auto now = step_of(at);
  std::optional<std::int64_t> found;
  // All three are always tried, so that the time taken says nothing about which one it was.
  for (auto step : {now, now - 1, now + 1}) {
    if (step < 0) continue;
    if (equal_in_constant_time(code_of_step(secret, step), code) && !found) found = step;
  }
  return found;
}

std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view account) {
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={}&period={}", url_encode(issuer),
                     url_encode(account), to_base32(secret), url_encode(issuer), kDigits, kStepSeconds);
}

}  // namespace qushu::crypto
