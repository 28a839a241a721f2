#include "qushu/base/id.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/random.h>

#include "qushu/base/time.h"

namespace qushu {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

// Milliseconds and, below them, a count that tells apart what is made within one.
std::uint64_t next_moment() {
  static std::atomic<std::uint64_t> last{0};
  auto now = static_cast<std::uint64_t>(to_micros(system_clock().now()) / 1000) << 16U;
  auto before = last.load();
  auto next = std::max(now, before + 1);
  while (!last.compare_exchange_weak(before, next)) next = std::max(now, before + 1);
  return next;
}

}  // namespace

std::string new_id() {
  std::array<unsigned char, 16> bytes{};
  auto moment = next_moment();
  std::size_t filled = sizeof moment;
  for (std::size_t i = 0; i < filled; ++i) bytes[i] = static_cast<unsigned char>(moment >> (8 * (filled - 1 - i)));
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
