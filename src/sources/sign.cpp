#include "sign.h"

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

namespace qushu::sources {

std::string canonical_query(const std::map<std::string, std::string>& query) {
  std::string out;
  for (const auto& [key, value] : query) {
    if (!out.empty()) out += '&';
    out += url_encode(key) + "=" + url_encode(value);
  }
  return out;
}

std::vector<std::string> sign(const S3Request& request, const S3Credentials& credentials, Time now) {
  std::string stamp;
  for (char c : to_iso(std::chrono::floor<std::chrono::seconds>(now)))
    if (c != '-' && c != ':') stamp += c;  // 20261123T140509Z
  auto day = stamp.substr(0, 8);
  auto payload = crypto::digest_hex("");
  constexpr std::string_view kSigned = "host;x-amz-content-sha256;x-amz-date";
  auto canonical = fmt::format("{}\n{}\n{}\nhost:{}\nx-amz-content-sha256:{}\nx-amz-date:{}\n\n{}\n{}", request.method,
                               request.path, canonical_query(request.query), request.host, payload, stamp, kSigned, payload);
  auto scope = fmt::format("{}/{}/s3/aws4_request", day, credentials.region);
  auto to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp, scope, crypto::digest_hex(canonical));
  auto key = crypto::hmac("AWS4" + credentials.secret_key, day);
  for (std::string_view step : {std::string_view(credentials.region), std::string_view("s3"), std::string_view("aws4_request")})
    key = crypto::hmac(key, step);
  return {"x-amz-date: " + stamp, "x-amz-content-sha256: " + payload,
          fmt::format("Authorization: AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                      credentials.access_key, scope, kSigned, crypto::to_hex(crypto::hmac(key, to_sign)))};
}

}  // namespace qushu::sources
