// The two headers of a signed request, before anybody is known.
#include <cstddef>
#include <cstdint>

#include "signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu::sharing;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto half = text.find('\n');
  auto input = read_signature(text.substr(0, half), half == std::string_view::npos ? "sig=:YQ==:" : text.substr(half + 1));
  if (!input) return 0;
  SignedMessage message{.method = "GET", .path = "/api", .query = "a=b", .body = "x", .header = [&](std::string_view) {
                          return std::string(text);
                        }};
  static_cast<void>(signature_base(*input, message));
  return 0;
}
