// What seal() writes:
//   'A' nonce[12] ciphertext tag[16]     AES-256-GCM; the first byte and the context are authenticated too
//   'S' iv[16] ciphertext mac[32]        SM4-CTR, then HMAC-SM3 over first byte, length of context (8 bytes, big end first),
//                                        context, iv and ciphertext; both keys are derived from the one given (OpenSSL 3.0 has
//                                        no SM4-GCM)
#include "qushu/crypto/crypto.h"

#include "openssl.h"

namespace qushu::crypto {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kIvSize = 16;
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kPiece = std::size_t{1} << 30U;  // OpenSSL counts in int

Failure tampered() {
  return fail(Code::invalid, "crypto.tampered", "加密内容已被改动，或密钥不对，无法解开。",
              "The sealed content was changed or the key is another one; it cannot be opened.");
}

// Runs `in` through the cipher, in pieces, appending to `out`.
bool update(EVP_CIPHER_CTX* context, std::string_view in, std::string& out) {
  while (!in.empty()) {
    auto piece = in.substr(0, kPiece);
    auto start = out.size();
    out.resize(start + piece.size());
    int made = 0;
    if (EVP_CipherUpdate(context, bytes_of(out) + start, &made, bytes_of(piece), static_cast<int>(piece.size())) != 1 ||
        static_cast<std::size_t>(made) != piece.size())
      return false;
    in.remove_prefix(piece.size());
  }
  return true;
}

bool authenticate(EVP_CIPHER_CTX* context, std::string_view bytes) {
  int made = 0;
  return EVP_CipherUpdate(context, nullptr, &made, bytes_of(bytes), static_cast<int>(bytes.size())) == 1;
}

// Sets the cipher up; direction 1 seals, 0 opens.
bool start_gcm(EVP_CIPHER_CTX* context, std::string_view key, std::string_view nonce, std::string_view bound, int direction) {
  return EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce), direction) == 1 &&
         authenticate(context, bound);
}

Result<std::string> seal_gcm(std::string_view key, std::string_view plain, std::string_view context) {
  auto nonce = random_bytes(kNonceSize);
  std::string out = "A" + nonce;
  CipherCtxPtr cipher(EVP_CIPHER_CTX_new());
  std::string bound = "A" + std::string(context);
  if (!cipher || !start_gcm(cipher.get(), key, nonce, bound, 1) || !update(cipher.get(), plain, out))
    return fail_openssl("seal");
  int made = 0;
  std::string tag(kTagSize, '\0');
  if (EVP_CipherFinal_ex(cipher.get(), bytes_of(tag), &made) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagSize), tag.data()) != 1)
    return fail_openssl("seal");
  return out + tag;
}

Result<std::string> open_gcm(std::string_view key, std::string_view sealed, std::string_view context) {
  if (sealed.size() < 1 + kNonceSize + kTagSize) return tampered();
  auto nonce = sealed.substr(1, kNonceSize);
  auto body = sealed.substr(1 + kNonceSize, sealed.size() - 1 - kNonceSize - kTagSize);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  CipherCtxPtr cipher(EVP_CIPHER_CTX_new());
  std::string bound = "A" + std::string(context);
  std::string out;
  if (!cipher || !start_gcm(cipher.get(), key, nonce, bound, 0) || !update(cipher.get(), body, out) ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagSize), tag.data()) != 1)
    return fail_openssl("open sealed content");
  int made = 0;
  unsigned char rest[kTagSize];
  if (EVP_CipherFinal_ex(cipher.get(), rest, &made) != 1) {
    ERR_clear_error();
    return tampered();
  }
  return out;
}

std::string sm4_key(std::string_view key) {
  return hmac(key, "qushu sm4 cipher", Hash::sm3).substr(0, 16);
}

// Over everything that must not change. The context's length is in it, so that no byte can move between context and content.
std::string sm4_mac(std::string_view key, std::string_view context, std::string_view iv_and_body) {
  std::string bound = "S";
  for (unsigned shift = 64; shift > 0;) bound += static_cast<char>((context.size() >> (shift -= 8U)) & 0xffU);
  bound += context;
  bound += iv_and_body;
  return hmac(hmac(key, "qushu sm4 mac", Hash::sm3), bound, Hash::sm3);
}

Result<std::string> run_sm4(std::string_view key, std::string_view iv, std::string_view in, int direction) {
  CipherCtxPtr cipher(EVP_CIPHER_CTX_new());
  std::string out;
  auto derived = sm4_key(key);
  if (!cipher || EVP_CipherInit_ex(cipher.get(), EVP_sm4_ctr(), nullptr, bytes_of(derived), bytes_of(iv), direction) != 1 ||
      !update(cipher.get(), in, out))
    return fail_openssl("sm4");
  return out;
}

}  // namespace

Result<std::string> seal(std::string_view key, std::string_view plain, std::string_view context, Cipher cipher) {
  if (key.size() != kKeySize) return fail_internal("seal: the key is not 32 bytes");
  if (cipher == Cipher::aes_256_gcm) return seal_gcm(key, plain, context);
  auto iv = random_bytes(kIvSize);
  QS_TRY(auto body, run_sm4(key, iv, plain, 1));
  auto content = iv + body;
  return "S" + content + sm4_mac(key, context, content);
}

Result<std::string> open(std::string_view key, std::string_view sealed, std::string_view context) {
  if (key.size() != kKeySize) return fail_internal("open: the key is not 32 bytes");
  if (sealed.starts_with('A')) return open_gcm(key, sealed, context);
  if (!sealed.starts_with('S') || sealed.size() < 1 + kIvSize + kMacSize) return tampered();
  auto content = sealed.substr(1, sealed.size() - 1 - kMacSize);
  if (!equal_in_constant_time(sm4_mac(key, context, content), sealed.substr(sealed.size() - kMacSize))) return tampered();
  return run_sm4(key, content.substr(0, kIvSize), content.substr(kIvSize), 0);
}

}  // namespace qushu::crypto
