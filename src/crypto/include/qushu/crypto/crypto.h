// Digests, signatures, ciphers and passwords, over OpenSSL 3 and argon2. International algorithms by default; the national
// ones (SM2, SM3, SM4: GB/T 32918, 32905, 32907) stand beside them and are chosen by setting (GB/T 39786-2021).
//
// Thread-safety: free functions may be called from any thread; a Digest belongs to one.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::crypto {

// --- encodings -------------------------------------------------------------------------------------------------------------
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::string to_base64url(std::string_view bytes);               // without padding
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);  // both alphabets, padding optional
[[nodiscard]] std::string to_base32(std::string_view bytes);                  // RFC 4648, without padding

// --- randomness and comparison ---------------------------------------------------------------------------------------------
// From the kernel; aborts the program when it has none.
[[nodiscard]] std::string random_bytes(std::size_t count);
// In time that depends on the length only.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

// --- digests ---------------------------------------------------------------------------------------------------------------
enum class Hash : std::uint8_t { sha256, sm3 };

class Digest {
 public:
  explicit Digest(Hash hash = Hash::sha256);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  void update(std::string_view bytes);
  // The raw digest (32 bytes); the Digest starts anew.
  [[nodiscard]] std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::string digest(std::string_view bytes, Hash hash = Hash::sha256);  // raw
[[nodiscard]] std::string digest_hex(std::string_view bytes, Hash hash = Hash::sha256);
[[nodiscard]] std::string hmac(std::string_view key, std::string_view bytes, Hash hash = Hash::sha256);  // raw

// --- signatures ------------------------------------------------------------------------------------------------------------
enum class Signature : std::uint8_t { ed25519, sm2 };

// A key pair that signs. Thread-safe.
class SigningKey {
 public:
  [[nodiscard]] static Result<SigningKey> generate(Signature kind);
  // Reads the PEM file, or makes the key and writes it (mode 0600, durably) when there is no such file.
  [[nodiscard]] static Result<SigningKey> load_or_create(const std::filesystem::path& pem_file, Signature kind);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;

  [[nodiscard]] Signature kind() const;
  [[nodiscard]] Result<std::string> sign(std::string_view bytes) const;  // raw signature
  [[nodiscard]] std::string public_pem() const;

 private:
  struct Impl;
  explicit SigningKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Whether `signature` over `bytes` was made by the key behind `public_pem`.
[[nodiscard]] bool verify(std::string_view public_pem, std::string_view bytes, std::string_view signature);

// --- sealing (secrets at rest) ---------------------------------------------------------------------------------------------
enum class Cipher : std::uint8_t { aes_256_gcm, sm4_ctr_hmac_sm3 };

// Encrypts and authenticates `plain` bound to `context` under a 32-byte key; the answer names its cipher, so that open() can
// read what an earlier setting wrote.
[[nodiscard]] Result<std::string> seal(std::string_view key, std::string_view plain, std::string_view context,
                                       Cipher cipher = Cipher::aes_256_gcm);
// Fails with "crypto.tampered" when a bit was changed, or the key or context is another.
[[nodiscard]] Result<std::string> open(std::string_view key, std::string_view sealed, std::string_view context);
// Reads a 32-byte key file, or makes it (mode 0600, durably) when there is none.
[[nodiscard]] Result<std::string> load_or_create_key(const std::filesystem::path& file);

// --- passwords and one-time codes ------------------------------------------------------------------------------------------
struct PasswordCost {
  std::uint32_t memory_kib = 19'456;  // OWASP's first choice for Argon2id
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
};
// "$argon2id$v=19$…", with a random salt of 16 bytes.
[[nodiscard]] Result<std::string> hash_password(std::string_view password, const PasswordCost& cost = {});
[[nodiscard]] bool check_password(std::string_view encoded, std::string_view password);

// RFC 6238, SHA-1, 6 digits, 30 seconds, as every authenticator application has it. `secret` is raw bytes.
[[nodiscard]] std::string totp_code(std::string_view secret, Time at);
// The time step at which `code` is right (the one of `at`, one before or one after), or nothing. A step is used once: callers
// keep the last one and refuse it and all before it.
[[nodiscard]] std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, Time at);
// "otpauth://totp/…" for the authenticator's camera.
[[nodiscard]] std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view account);

// --- certificates ----------------------------------------------------------------------------------------------------------
// Writes a self-signed certificate for `names` (DNS names and IP addresses) and its key (mode 0600), unless both are there.
[[nodiscard]] Result<void> ensure_self_signed(const std::filesystem::path& certificate, const std::filesystem::path& key,
                                              const std::vector<std::string>& names, std::chrono::days valid);

}  // namespace qushu::crypto
