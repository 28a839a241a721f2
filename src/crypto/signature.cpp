#include <openssl/pem.h>

#include "qushu/crypto/crypto.h"

#include "key_file.h"
#include "openssl.h"

namespace qushu::crypto {
namespace {

// The distinguishing identifier that GM/T 0009-2012 prescribes where nothing else was agreed.
constexpr std::string_view kSm2Id = "1234567812345678";

bool is_sm2(EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, "SM2") == 1;
}

// A digest context ready to sign or verify with `key`. SM2 digests a prefix made of the identifier and the public key, so the
// identifier must be set before the operation starts; the key context has to live as long as the digest context.
struct Operation {
  PkeyCtxPtr key_context;
  MdCtxPtr context;

  [[nodiscard]] static std::optional<Operation> start(EVP_PKEY* key, bool signing) {
    Operation op{PkeyCtxPtr(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)), MdCtxPtr(EVP_MD_CTX_new())};
    if (!op.key_context || !op.context) return std::nullopt;
    const EVP_MD* md = nullptr;
    if (is_sm2(key)) {
      md = EVP_sm3();
      if (EVP_PKEY_CTX_set1_id(op.key_context.get(), kSm2Id.data(), static_cast<int>(kSm2Id.size())) != 1) return std::nullopt;
    }
    EVP_MD_CTX_set_pkey_ctx(op.context.get(), op.key_context.get());
    auto* begin = signing ? EVP_DigestSignInit : EVP_DigestVerifyInit;
    if (begin(op.context.get(), nullptr, md, nullptr, key) != 1) return std::nullopt;
    return op;
  }
};

PkeyPtr read_private(std::string_view pem) {
  auto bio = reading(pem);
  // An empty pass phrase keeps OpenSSL from asking for one on the terminal.
  return PkeyPtr(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, const_cast<char*>("")) : nullptr);
}

Result<std::string> private_pem(EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return fail_openssl("write private key");
  return written(bio.get());
}

}  // namespace

struct SigningKey::Impl {
  PkeyPtr key;
  Signature kind;
  std::string public_pem;

  [[nodiscard]] static Result<std::unique_ptr<Impl>> of(PkeyPtr key, Signature kind) {
    BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1) return fail_openssl("write public key");
    return std::make_unique<Impl>(std::move(key), kind, written(bio.get()));
  }
};

SigningKey::SigningKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SigningKey::~SigningKey() = default;
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;

Result<SigningKey> SigningKey::generate(Signature kind) {
  PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, kind == Signature::ed25519 ? "ED25519" : "SM2"));
  if (!key) return fail_openssl("generate signing key");
  QS_TRY(auto impl, Impl::of(std::move(key), kind));
  return SigningKey(std::move(impl));
}

Result<SigningKey> SigningKey::load_or_create(const std::filesystem::path& pem_file, Signature kind) {
  QS_TRY(auto pem, read_small_file(pem_file));
  if (!pem) {
    QS_TRY(auto fresh, generate(kind));
    QS_TRY(auto text, private_pem(fresh.impl_->key.get()));
    QS_CHECK(create_file(pem_file, text, 0600));
    QS_TRY(pem, read_small_file(pem_file));  // another process may have been first: its key counts
  }
  auto name = pem_file.filename().string();
  auto key = read_private(pem.value_or(""));
  if (!key) {
    ERR_clear_error();
    return fail(Code::invalid, "crypto.key_file", "密钥文件 " + name + " 无法读取，请从备份恢复它。",
                "The key file " + name + " cannot be read as a PEM private key. Restore it from a backup.");
  }
  if (EVP_PKEY_is_a(key.get(), kind == Signature::ed25519 ? "ED25519" : "SM2") != 1) {
    return fail(
        Code::invalid, "crypto.key_kind", "密钥文件 " + name + " 的算法与设置不一致，请改设置或移走该文件。",
        "The key in " + name + " is of another algorithm than the setting asks for. Change the setting or move the file away.");
  }
  QS_TRY(auto impl, Impl::of(std::move(key), kind));
  return SigningKey(std::move(impl));
}

Signature SigningKey::kind() const {
  return impl_->kind;
}
std::string SigningKey::public_pem() const {
  return impl_->public_pem;
}

Result<std::string> SigningKey::sign(std::string_view bytes) const {
  auto op = Operation::start(impl_->key.get(), true);
  std::size_t size = 0;
  if (!op || EVP_DigestSign(op->context.get(), nullptr, &size, bytes_of(bytes), bytes.size()) != 1) return fail_openssl("sign");
  std::string signature(size, '\0');
  if (EVP_DigestSign(op->context.get(), bytes_of(signature), &size, bytes_of(bytes), bytes.size()) != 1)
    return fail_openssl("sign");
  signature.resize(size);
  return signature;
}

bool verify(std::string_view public_pem, std::string_view bytes, std::string_view signature) {
  auto bio = reading(public_pem);
  PkeyPtr key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, const_cast<char*>("")) : nullptr);
  bool good = false;
  if (key) {
    auto op = Operation::start(key.get(), false);
    good = op && EVP_DigestVerify(op->context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
  }
  ERR_clear_error();  // a wrong signature is an answer, not an error that a later call should find in the queue
  return good;
}

}  // namespace qushu::crypto
