// Words as search knows them. Chinese has no spaces: a run of characters becomes its characters and pairs of neighbours;
// whatever else is letters or digits becomes words. A name is found by its reading too: by syllables from any character on
// ("dengji" for 企业登记) and by their initials ("qydj").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qushu::catalog {

inline constexpr std::string_view kInitials = "XI", kSyllables = "XP";  // prefixes of terms
inline constexpr std::size_t kInitialsLength = 8, kSyllablesLength = 6;

// A stretch of a text: Chinese characters, or the letters and digits of one word, in small letters and half width.
struct Run {
  bool chinese = false;
  std::size_t from = 0;  // where it stands, in characters
  std::u32string text;
};
[[nodiscard]] std::vector<Run> runs_of(std::string_view text);
// Well-formed UTF-8 as characters, and back.
[[nodiscard]] std::u32string characters(std::string_view text);
[[nodiscard]] std::string utf8(std::u32string_view text);

using TermCounts = std::map<std::string, std::uint32_t>;
// `weight`: how much one occurrence counts.
void add_text(std::string_view text, std::uint32_t weight, TermCounts& out);
// A text that is also found by its reading.
void add_name(std::string_view name, std::uint32_t weight, TermCounts& out);

}  // namespace qushu::catalog
