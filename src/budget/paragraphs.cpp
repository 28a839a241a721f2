#include "layout.h"

namespace qushu::budget {

void append_line(Paragraph& paragraph, std::u32string_view line, std::size_t number) {
  bool apart = false;
  for (std::size_t column = 0; column < line.size(); ++column) {
    char32_t c = line[column];
    if (is_space(c)) {
      apart = true;
      continue;
    }
    // Digits that stood apart stay apart: "2 606.14" is not read as one number, nor as two.
    bool first = column == 0 || apart;
    if (first && is_digit(c) && !paragraph.text.empty() && is_digit(paragraph.text.back())) {
      paragraph.text += U' ';
      paragraph.spots.push_back({.line = number, .column = column});
    }
    paragraph.text += c;
    paragraph.spots.push_back({.line = number, .column = column});
    apart = false;
  }
}

bool is_prose(std::u32string_view line) {
  if (line.contains(U'。')) return true;
  auto bare = without_spaces(line);
  // A number with its unit written out is a sentence's.
  for (std::size_t at = 0; at < bare.size(); ++at) {
    if (!is_digit(bare[at]) || (at > 0 && is_digit(bare[at - 1]))) continue;
    std::size_t length = 0;
    if (!read_decimal(std::u32string_view(bare).substr(at), length)) continue;
    auto rest = std::u32string_view(bare).substr(at + length);
    if (rest.starts_with(U"万元") || rest.starts_with(U"亿元") || rest.starts_with(U"元") || rest.starts_with(U"万,") ||
        rest.starts_with(U"万，") || rest == U"万" || rest == U"亿")
      return true;
    at += length - 1;
  }
  return bare.size() >= 8 && contains_any(bare, {U"，", U"；"});
}

}  // namespace qushu::budget
