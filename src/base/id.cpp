#include "qushu/base/id.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/random.h>

#include "qushu/base/time.h"

namespace qushu {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

}  // namespace

std::string new_id() {
  std::array<unsigned char, 16> bytes{};
  auto ms = static_cast<std::uint64_t>(to_micros(system_clock().now()) / 1000);
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(ms >> (8 * (5 - i)));
  std::size_t filled = 6;
  while (filled < bytes.size()) {
    auto got = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got > 0)
      filled += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      std::abort();  // a kernel without randomness: nothing that we make would be safe
  }
  // 128 bits in 26 digits of 5: the first digit holds the top 3 bits.
  std::string text(26, '0');
  for (std::size_t digit = 0; digit < text.size(); ++digit) {
    unsigned value = 0;
    for (std::size_t bit = 0; bit < 5; ++bit) {
      auto position = static_cast<int>(digit * 5 + bit) - 2;
      unsigned one =
          position < 0 ? 0U : (bytes[static_cast<std::size_t>(position) / 8] >> (7 - static_cast<unsigned>(position) % 8)) & 1U;
      value = (value << 1U) | one;
    }
    text[digit] = kAlphabet[value];
  }
  return text;
}

bool is_id(std::string_view text) {
  return text.size() == 26 && std::ranges::all_of(text, [](char c) { return kAlphabet.contains(c); });
}

}  // namespace qushu
