// What a paragraph counts: its numbers with the words they count in, whether or not these are money.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "statements.h"

namespace qushu::budget {

struct Quantity {
  Decimal printed;
  std::u32string unit;  // "批次", "人", "万元", "分"; one character of whatever follows where the word is none of the known
  Unit money = Unit::unknown;
  std::int64_t value = 0;          // money in fen, else millionths
  std::size_t begin = 0, end = 0;  // in the paragraph's text
  int sentence = 0;
  int depth = 0;       // of brackets
  bool bound = false;  // "50万元以上", "80-90分": what things are told apart by, and no number of them
};

// Those of the paragraph in the order of its text; what cannot be read for sure is left out.
[[nodiscard]] std::vector<Quantity> quantities_of(const Statements& said);
[[nodiscard]] inline Mark mark_of(const Paragraph& paragraph, const Quantity& q) {
  return mark_of(paragraph, q.begin, q.end);
}
// The number and what it counts in: "41 批次", "0.52 万元".
[[nodiscard]] std::string figure_text(const Quantity& q);
// The words between two places of the text, without what stands in brackets.
[[nodiscard]] std::u32string without_brackets(std::u32string_view text);
// The words from the last stop before `end`, no further back than `floor`.
[[nodiscard]] std::u32string_view clause_before(std::u32string_view text, std::size_t floor, std::size_t end);
// A number in Chinese or other digits at the front of `text`; 0 when there is none. `length`: the characters it takes.
[[nodiscard]] int small_number(std::u32string_view text, std::size_t& length);

}  // namespace qushu::budget
