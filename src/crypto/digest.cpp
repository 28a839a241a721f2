#include <cerrno>
#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "qushu/crypto/crypto.h"

#include "openssl.h"

namespace qushu::crypto {
namespace {

// Fetched once: looking an algorithm up by name costs more than digesting a cookie. Never freed, lives as long as the program.
const EVP_MD* algorithm(Hash hash) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sm3 = EVP_MD_fetch(nullptr, "SM3", nullptr);
  const auto* found = hash == Hash::sha256 ? sha256 : sm3;
  if (found == nullptr) std::abort();  // an OpenSSL without its default provider: nothing here can be trusted
  return found;
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    auto got = getrandom(bytes.data() + filled, count - filled, 0);
    if (got > 0)
      filled += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      std::abort();
  }
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Digest::Impl {
  MdCtxPtr context;
  const EVP_MD* md;

  void start() {
    // Only memory can run out here, and then new would have thrown as well.
    if (EVP_DigestInit_ex2(context.get(), md, nullptr) != 1) std::abort();
  }
};

Digest::Digest(Hash hash) : impl_(std::make_unique<Impl>(MdCtxPtr(EVP_MD_CTX_new()), algorithm(hash))) {
  impl_->start();
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::string_view bytes) {
  if (EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) != 1) std::abort();
}

std::string Digest::finish() {
  std::string out(32, '\0');
  unsigned size = 0;
  if (EVP_DigestFinal_ex(impl_->context.get(), bytes_of(out), &size) != 1 || size != out.size()) std::abort();
  impl_->start();
  return out;
}

std::string digest(std::string_view bytes, Hash hash) {
  std::string out(32, '\0');
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), &size, algorithm(hash), nullptr) != 1 || size != out.size())
    std::abort();
  return out;
}

std::string digest_hex(std::string_view bytes, Hash hash) {
  return to_hex(digest(bytes, hash));
}

std::string hmac(std::string_view key, std::string_view bytes, Hash hash) {
  // A key longer than a block is digested by definition (RFC 2104), which also keeps its length within an int.
  std::string shortened;
  if (key.size() > 64) key = shortened = digest(key, hash);
  std::string out(32, '\0');
  unsigned size = 0;
  if (HMAC(algorithm(hash), key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(), bytes_of(out), &size) ==
          nullptr ||
      size != out.size())
    std::abort();
  return out;
}

}  // namespace qushu::crypto
