// Signature version 4 of S3 requests (HMAC-SHA-256 over the request in a canonical form).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "qushu/base/time.h"

namespace qushu::sources {

struct S3Request {
  std::string method;                        // "GET"
  std::string host;                          // as in the Host header
  std::string path;                          // percent-encoded once: "/bucket/a%20b.csv"
  std::map<std::string, std::string> query;  // decoded
};
struct S3Credentials {
  std::string region, access_key, secret_key;
};
// The query in canonical form: sorted and encoded, as it must be sent.
[[nodiscard]] std::string canonical_query(const std::map<std::string, std::string>& query);
// The headers to send: x-amz-date, x-amz-content-sha256, Authorization.
[[nodiscard]] std::vector<std::string> sign(const S3Request& request, const S3Credentials& credentials, Time now);

}  // namespace qushu::sources
