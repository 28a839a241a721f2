// Text helpers that more than one module needs. Everything is UTF-8.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qushu {

// Without white space at both ends, the ideographic space (U+3000), the no-break space and the BOM included.
[[nodiscard]] std::string_view trim(std::string_view text);
// Whether trim() could take something off, told by the outermost bytes alone: nearly never, so that who trims by the million
// asks first.
[[nodiscard]] constexpr bool may_trim(std::string_view text) {
  if (text.empty()) return false;
  auto first = static_cast<unsigned char>(text.front()), last = static_cast<unsigned char>(text.back());
  return first <= 0x20 || first == 0xC2 || first == 0xE3 || first == 0xEF || last <= 0x20 || last == 0x80 || last == 0xA0 ||
         last == 0xBF;
}
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string lower_ascii(std::string_view text);
[[nodiscard]] constexpr bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether `text` is well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text);
// The same text where it is well formed; each byte that cannot be read becomes U+FFFD.
[[nodiscard]] std::string well_formed(std::string_view text);
// The number of code points; ill-formed bytes count one each.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
// At most `limit` code points, cut between characters, with "…" when something was cut.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit);

// "1,234,567".
[[nodiscard]] std::string with_thousands(std::int64_t n);
// "1.5 GiB".
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

// Percent-encoding of everything but unreserved characters (RFC 3986), and back; decode gives nullopt on a broken escape.
[[nodiscard]] std::string url_encode(std::string_view text);
[[nodiscard]] std::optional<std::string> url_decode(std::string_view text, bool plus_is_space = false);

// The place of `text` among the words of an enumeration, which lists them in its order; false when it is none of them.
template <class Enum, std::size_t N>
[[nodiscard]] constexpr bool parse_word(std::string_view text, const std::array<std::string_view, N>& words, Enum& out) {
  for (std::size_t i = 0; i < N; ++i)
    if (words[i] == text) {
      out = static_cast<Enum>(i);
      return true;
    }
  return false;
}

// A whole number, all of `text`, in range; nullopt otherwise.
[[nodiscard]] std::optional<std::int64_t> to_int(std::string_view text);

}  // namespace qushu
