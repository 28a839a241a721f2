// Text for reading by machine: one char32_t per character of the original, so that columns agree, with full-width forms made
// narrow and the many dashes and spaces made one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qushu::budget {

[[nodiscard]] char32_t fold(char32_t c);
[[nodiscard]] std::u32string folded(std::string_view utf8);
// "| 合计 | 16.80 |", a row of a table as web pages are copied: its bars become tabs, the outer ones spaces; the rule under its
// head ("|---|---|") becomes blank.
void part_at_bars(std::u32string& line);
[[nodiscard]] std::u32string decoded(std::string_view utf8);  // as written
[[nodiscard]] std::string encoded(std::u32string_view text);

[[nodiscard]] constexpr bool is_digit(char32_t c) {
  return c >= U'0' && c <= U'9';
}
[[nodiscard]] constexpr bool is_space(char32_t c) {
  return c == U' ' || c == U'\t';
}
[[nodiscard]] constexpr bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || c == U'〇';
}
[[nodiscard]] std::u32string without_spaces(std::u32string_view text);
[[nodiscard]] std::u32string_view trimmed(std::u32string_view text);
[[nodiscard]] bool contains_any(std::u32string_view text, std::initializer_list<std::u32string_view> words);
[[nodiscard]] bool ends_with_any(std::u32string_view text, std::initializer_list<std::u32string_view> words);
[[nodiscard]] std::u32string without_quotes(std::u32string_view text);
// Without any of the words wherever it stands, one after the other.
[[nodiscard]] std::u32string without_all(std::u32string_view text, std::initializer_list<std::u32string_view> words);
// Without any of the words at its end, again and again.
[[nodiscard]] std::u32string_view without_tails(std::u32string_view text, std::initializer_list<std::u32string_view> words);

// How an item is numbered, the outermost 1: 一、 is 1, （一） 2, 1. 3, (1) 4, ① 5; 0 without a number.
struct Numbering {
  int level = 0;
  int ordinal = 0;
  std::size_t length = 0;  // characters it takes
};
[[nodiscard]] Numbering numbering(std::u32string_view text);

}  // namespace qushu::budget
