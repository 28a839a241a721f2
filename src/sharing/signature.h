// Inside the module: signed requests, by RFC 9421 (HTTP Message Signatures) with symmetric keys.
//
//   Signature-Input: sig=("@method" "@path" "@query");created=1764374400;nonce="q2f…";keyid="01J…";alg="hmac-sha256"
//   Signature: sig=:base64 of the HMAC over the signature base:
//
// Method, path and query are always covered; of a request with a body also `content-digest` (RFC 9530, sha-256). `created` and
// `nonce` are required: a signature is good once, and only for a while. Besides the registered hmac-sha256 there is hmac-sm3
// (GB/T 32905).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::sharing {

struct SignatureInput {
  std::vector<std::string> components;  // in order
  std::string params;                   // as it was sent: ("@method" …);created=…
  std::string key_id, nonce, algorithm;
  Time created;
  std::optional<Time> expires;
  std::string signature;  // the bytes
};

// What was signed, as it was sent.
struct SignedMessage {
  std::string_view method, path, query;  // query: without the question mark
  std::string_view body;
  std::function<std::string(std::string_view name)> header;
};

// Both headers: one signature, of the form above. unauthenticated says what is wrong with them.
[[nodiscard]] Result<SignatureInput> read_signature(std::string_view input, std::string_view signature);
// The text that the HMAC is over. Fails when something that must be covered is not, or the body is not the one of its digest.
[[nodiscard]] Result<std::string> signature_base(const SignatureInput& input, const SignedMessage& message);

}  // namespace qushu::sharing
