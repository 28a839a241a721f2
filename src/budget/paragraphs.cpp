#include "layout.h"

namespace qushu::budget {
namespace {

// "…支出762.4" at the edge of the page and "0万元、…" below it: one number, where the first half has no unit of its own, the
// second one has, and no more decimals come out than amounts are printed with.
bool is_broken_number(std::u32string_view before, std::u32string_view line) {
  constexpr std::size_t kMost = 20;
  constexpr int kDecimals = 2;
  auto in_number = [](char32_t c) { return is_digit(c) || c == U'.' || c == U',' || c == U'，'; };
  std::size_t half = 0, rest = 0;
  while (half < before.size() && half < kMost && in_number(before[before.size() - half - 1])) ++half;
  while (rest < line.size() && rest < kMost && in_number(line[rest])) ++rest;
  auto number = std::u32string(before.substr(before.size() - half));
  if (auto begins = number.find_first_of(U"0123456789"); begins != std::u32string::npos) number.erase(0, begins);
  if (half == before.size() || half == kMost || before[before.size() - half - 1] == U' ') return false;
  number += line.substr(0, rest);
  auto after = trimmed(line.substr(rest));
  std::size_t length = 0;
  auto value = read_decimal(number, length);
  bool whole = value && length == number.size() && value->digits <= kDecimals;
  return whole && !after.empty() && (after.front() == U'%' || is_han(after.front()));
}

}  // namespace

Mark mark_of(const Paragraph& paragraph, std::size_t begin, std::size_t end) {
  const auto& spots = paragraph.spots;
  auto line = spots[begin].line;
  auto last = spots[begin].column;
  for (auto i = begin; i < end && spots[i].line == line; ++i) last = spots[i].column;
  return {.line = line, .begin = spots[begin].column, .end = last + 1};
}

void append_line(Paragraph& paragraph, std::u32string_view line, std::size_t number, bool full) {
  bool apart = false;
  auto first_of_line = line.find_first_not_of(U" \t");
  bool broken = full && first_of_line != std::u32string_view::npos && is_digit(line[first_of_line]) &&
                is_broken_number(paragraph.text, line.substr(first_of_line));
  for (std::size_t column = 0; column < line.size(); ++column) {
    char32_t c = line[column];
    if (is_space(c)) {
      apart = true;
      continue;
    }
    // Digits that stood apart stay apart: "2 606.14" is not read as one number, nor as two.
    bool first = (column == 0 || apart) && !(broken && column == first_of_line);
    if (first && is_digit(c) && !paragraph.text.empty() && is_digit(paragraph.text.back())) {
      paragraph.text += U' ';
      paragraph.spots.push_back({.line = number, .column = column});
    }
    paragraph.text += c;
    paragraph.spots.push_back({.line = number, .column = column});
    apart = false;
  }
}

std::size_t sentence_end(std::u32string_view text, std::size_t begin) {
  for (auto i = begin; i < text.size(); ++i) {
    if (text[i] != U'。' && text[i] != U'！' && text[i] != U'？') continue;
    // "(…增加3万元。)，比上年": the bracket is no end of the sentence around it.
    if (i + 1 == text.size() || text[i + 1] != U')') return i + 1;
  }
  return text.size();
}

void add_paragraph(Layout& layout, Paragraph paragraph) {
  if (paragraph.text.size() <= kLongestParagraph) {
    layout.blocks.emplace_back(std::move(paragraph));
    return;
  }
  constexpr std::size_t kQuoted = 20;
  Paragraph piece{.text = {}, .spots = {}, .number = paragraph.number};
  auto close = [&] {
    if (!piece.text.empty()) layout.blocks.emplace_back(std::exchange(piece, {}));
  };
  for (std::size_t begin = 0, end = 0; begin < paragraph.text.size(); begin = end) {
    end = sentence_end(paragraph.text, begin);
    if (piece.text.size() + (end - begin) > kLongestParagraph) close();
    if (end - begin > kLongestParagraph) {
      layout.unread.push_back(mark_of(paragraph, begin, begin + kQuoted));
      continue;
    }
    piece.text.append(paragraph.text, begin, end - begin);
    piece.spots.insert(piece.spots.end(), paragraph.spots.begin() + static_cast<std::ptrdiff_t>(begin),
                       paragraph.spots.begin() + static_cast<std::ptrdiff_t>(end));
  }
  close();
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
