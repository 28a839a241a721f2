#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "key_file.h"
#include "openssl.h"

namespace qushu::crypto {
namespace {

bool is_address(const std::string& name) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, name.c_str(), buffer) == 1 || inet_pton(AF_INET6, name.c_str(), buffer) == 1;
}

// Names go into a comma-separated list of OpenSSL's, so nothing but what a host name may hold gets in.
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (char c : name) {
    bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_ascii_digit(c) || c == '-' || c == '.' || c == '*' || c == '_';
    if (!fine) return false;
  }
  return true;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_serial(X509* certificate) {
  auto bytes = random_bytes(16);
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7fU) | 0x40U);  // positive and never short
  std::unique_ptr<BIGNUM, FreeWith<BN_free>> number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

Result<std::string> make_certificate(EVP_PKEY* key, const std::vector<std::string>& names, std::chrono::days valid) {
  std::string alternatives;
  for (const auto& name : names) {
    if (!alternatives.empty()) alternatives += ",";
    alternatives += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  X509Ptr certificate(X509_new());
  auto* subject = certificate ? X509_get_subject_name(certificate.get()) : nullptr;
  auto common = names.front().substr(0, 64);  // the longest common name that X.509 allows
  bool made =
      subject != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()) &&
      // An hour of slack for clients whose clock runs behind.
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) != nullptr &&
      X509_time_adj_ex(X509_getm_notAfter(certificate.get()), static_cast<int>(valid.count()), 0, nullptr) != nullptr &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, bytes_of(common), static_cast<int>(common.size()), -1, 0) == 1 &&
      X509_set_issuer_name(certificate.get(), subject) == 1 && X509_set_pubkey(certificate.get(), key) == 1 &&
      add_extension(certificate.get(), NID_subject_alt_name, alternatives) &&
      add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
      add_extension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
      add_extension(certificate.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(certificate.get(), key, EVP_sha256()) != 0;
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (!made || !bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return fail_openssl("make certificate");
  return written(bio.get());
}

Result<PkeyPtr> load_or_create_tls_key(const std::filesystem::path& file) {
  QS_TRY(auto pem, read_small_file(file));
  if (!pem) {
    PkeyPtr fresh(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    BioPtr bio(BIO_new(BIO_s_mem()));
    if (!fresh || !bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), fresh.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
      return fail_openssl("make TLS key");
    QS_CHECK(create_file(file, written(bio.get()), 0600));
    QS_TRY(pem, read_small_file(file));
  }
  auto content = std::move(pem).value_or("");  // outlives the BIO, which only borrows it
  auto bio = reading(content);
  PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, const_cast<char*>("")) : nullptr);
  if (!key) {
    ERR_clear_error();
    auto name = file.filename().string();
    return fail(Code::invalid, "crypto.key_file", "TLS 私钥文件 " + name + " 无法读取，请换成 PEM 格式的私钥或移走它。",
                "The TLS key file " + name + " cannot be read; put a PEM private key there or move it away.");
  }
  return key;
}

}  // namespace

Result<void> ensure_self_signed(const std::filesystem::path& certificate, const std::filesystem::path& key,
                                const std::vector<std::string>& names, std::chrono::days valid) {
  if (names.empty()) return fail_internal("ensure_self_signed: no names");
  for (const auto& name : names) {
    if (is_address(name) || is_host_name(name)) continue;
    return fail(Code::invalid, "crypto.host_name", "“" + name + "”不是主机名，也不是 IP 地址，不能写进证书。",
                "“" + name + "” is neither a host name nor an IP address and cannot be put into a certificate.");
  }
  std::error_code ignored;
  bool has_certificate = std::filesystem::exists(certificate, ignored);
  if (has_certificate && std::filesystem::exists(key, ignored)) return {};
  if (has_certificate) {
    return fail(Code::conflict, "crypto.key_missing",
                "有证书 " + certificate.filename().string() + "，但缺少私钥 " + key.filename().string() +
                    "；请放回私钥，或移走证书后重新生成。",
                "The certificate " + certificate.filename().string() + " is there but its key " + key.filename().string() +
                    " is not. Put the key back, or move the certificate away to have both made anew.");
  }
  QS_TRY(auto pair, load_or_create_tls_key(key));
  QS_TRY(auto pem, make_certificate(pair.get(), names, valid));
  QS_CHECK(create_file(certificate, pem, 0644));
  return {};
}

}  // namespace qushu::crypto
