#include "signature.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

namespace qushu::sharing {
namespace {

constexpr std::size_t kMostComponents = 32, kMostNonce = 128;

Failure malformed(std::string_view what) {
  return fail(Code::unauthenticated, "signature.malformed",
              fmt::format("签名头无法识别：{}。格式见 RFC 9421 和接口文档。", what),
              fmt::format("The signature cannot be read: {}. RFC 9421 and the API's documentation have its form.", what));
}

// Reads a structured field (RFC 8941) from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  [[nodiscard]] std::string_view left() const { return left_; }
  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }
  std::optional<std::string> key() {
    std::size_t n = 0;
    while (n < left_.size() &&
           (is_lower(left_[n]) || (n > 0 && (is_ascii_digit(left_[n]) || std::string_view("_-.*").contains(left_[n]))) ||
            (n == 0 && left_[n] == '*')))
      ++n;
    if (n == 0) return std::nullopt;
    return cut(n);
  }
  std::optional<std::string> text() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!left_.empty()) {
      char c = left_.front();
      left_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\') {
        if (left_.empty() || (left_.front() != '"' && left_.front() != '\\')) return std::nullopt;
        c = left_.front();
        left_.remove_prefix(1);
      } else if (c < ' ' || c > '~') {
        return std::nullopt;
      }
      out += c;
    }
    return std::nullopt;
  }
  std::optional<std::int64_t> integer() {
    constexpr std::size_t kDigits = 15;
    std::size_t n = !left_.empty() && left_.front() == '-' ? 1 : 0;
    while (n < left_.size() && n < kDigits && is_ascii_digit(left_[n])) ++n;
    auto value = to_int(left_.substr(0, n));
    if (value) left_.remove_prefix(n);
    return value;
  }
  std::optional<std::string> bytes() {
    if (!take(':')) return std::nullopt;
    auto end = left_.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    auto decoded = crypto::from_base64(left_.substr(0, end));
    left_.remove_prefix(end + 1);
    return decoded;
  }

 private:
  static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
  std::string cut(std::size_t n) {
    std::string out(left_.substr(0, n));
    left_.remove_prefix(n);
    return out;
  }
  std::string_view left_;
};

Result<std::vector<std::string>> components_of(Reader& in) {
  std::vector<std::string> out;
  if (!in.take('(')) return malformed("Signature-Input: (");
  for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
    auto name = in.text();
    // Parameters of components (;sf, ;req …) mean something that is not checked here.
    if (!name || out.size() == kMostComponents) return malformed("Signature-Input: \"…\"");
    if (std::ranges::find(out, *name) != out.end()) return malformed(*name + " × 2");
    out.push_back(*std::move(name));
  }
  return out;
}

Result<void> parameter_of(Reader& in, SignatureInput& out) {
  auto name = in.key();
  if (!name || !in.take('=')) return malformed("Signature-Input: ;");
  if (*name == "created" || *name == "expires") {
    auto seconds = in.integer();
    // As many as fit into microseconds.
    constexpr std::int64_t kMost = 9'000'000'000'000;
    if (!seconds || *seconds < 0 || *seconds > kMost) return malformed(*name);
    Time at{std::chrono::seconds(*seconds)};
    if (*name == "created")
      out.created = at;
    else
      out.expires = at;
    return {};
  }
  auto value = in.text();
  if (!value) return malformed(*name);
  if (*name == "nonce")
    out.nonce = *std::move(value);
  else if (*name == "keyid")
    out.key_id = *std::move(value);
  else if (*name == "alg")
    out.algorithm = *std::move(value);
  else if (*name != "tag")
    return malformed(*name);
  return {};
}

// The value of a component as the signature base has it.
Result<std::string> value_of(std::string_view name, const SignedMessage& m) {
  if (name == "@method") return std::string(m.method);
  if (name == "@path") return std::string(m.path);
  if (name == "@query") return fmt::format("?{}", m.query);
  if (name == "@authority") return lower_ascii(m.header("host"));
  if (name.starts_with('@') || name != lower_ascii(name)) return malformed(name);
  auto value = m.header(name);
  if (trim(value).empty()) return malformed(name);
  return std::string(trim(value));
}

Result<void> check_digest(const SignedMessage& m) {
  const auto given = m.header("content-digest");
  Reader in(trim(given));
  auto name = in.key();
  auto digest = name && in.take('=') ? in.bytes() : std::nullopt;
  if (name && *name == "sha-256" && digest && in.at_end() && crypto::equal_in_constant_time(*digest, crypto::digest(m.body)))
    return {};
  return fail(Code::unauthenticated, "signature.digest", "Content-Digest 应为请求体的 sha-256，例如 sha-256=:…:。",
              "Content-Digest must be the body's sha-256, such as sha-256=:…:.");
}

}  // namespace

Result<SignatureInput> read_signature(std::string_view input, std::string_view signature) {
  SignatureInput out;
  Reader in(trim(input)), given(trim(signature));
  auto label = in.key();
  if (!label || !in.take('=')) return malformed("Signature-Input");
  out.params = std::string(in.left());
  QS_TRY(out.components, components_of(in));
  while (in.take(';')) {
    in.skip_spaces();
    QS_CHECK(parameter_of(in, out));
  }
  if (!in.at_end()) return malformed("Signature-Input");
  auto same = given.key();
  auto bytes = same && *same == *label && given.take('=') ? given.bytes() : std::nullopt;
  if (!bytes || !given.at_end()) return malformed("Signature");
  out.signature = *std::move(bytes);
  if (out.key_id.empty()) return malformed("keyid");
  if (out.nonce.empty() || out.nonce.size() > kMostNonce) return malformed("nonce");
  if (out.created == Time{}) return malformed("created");
  return out;
}

Result<std::string> signature_base(const SignatureInput& input, const SignedMessage& message) {
  for (std::string_view must : {"@method", "@path", "@query", "content-digest"}) {
    if (must == "content-digest" && message.body.empty()) continue;
    if (std::ranges::find(input.components, must) == input.components.end()) return malformed(must);
  }
  if (!message.body.empty()) QS_CHECK(check_digest(message));
  std::string base;
  for (const auto& name : input.components) {
    QS_TRY(auto value, value_of(name, message));
    fmt::format_to(std::back_inserter(base), "\"{}\": {}\n", name, value);
  }
  fmt::format_to(std::back_inserter(base), "\"@signature-params\": {}", input.params);
  return base;
}

}  // namespace qushu::sharing
