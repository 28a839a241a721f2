#include "folded.h"

#include <algorithm>

namespace qushu::budget {
namespace {

constexpr std::u32string_view kCount = U"一二三四五六七八九十";

// Reads 一 … 九十九 at `at`; 0 when there is none.
int chinese_number(std::u32string_view text, std::size_t& at) {
  int value = 0, last = 0;
  bool any = false;
  while (at < text.size()) {
    auto digit = kCount.find(text[at]);
    if (digit == std::u32string_view::npos) break;
    any = true;
    if (digit == 9) {
      value += last == 0 ? 10 : last * 10;
      last = 0;
    } else {
      last = static_cast<int>(digit) + 1;
    }
    ++at;
  }
  return any ? value + last : 0;
}

int arabic_number(std::u32string_view text, std::size_t& at) {
  int value = 0;
  std::size_t begin = at;
  while (at < text.size() && is_digit(text[at]) && at - begin < 2) value = value * 10 + static_cast<int>(text[at++] - U'0');
  return at == begin || (at < text.size() && is_digit(text[at])) ? 0 : value;
}

}  // namespace

char32_t fold(char32_t c) {
  if (c == U'．') return U'.';
  if (c >= 0xFF01 && c <= 0xFF5E && c != U'，' && c != U'；') return c - 0xFEE0;
  switch (c) {
    case 0x00A0:
    case 0x3000:
    case 0x2002:
    case 0x2003:
    case 0x2009:
    case 0x200A:
    case 0x202F:
    case 0xFEFF:
    case 0x200B:
    case U'\f':
    case U'\v':
    case U'\r':
      return U' ';
    case U'－':
    case U'−':
    case U'–':
    case U'—':
    case U'―':
    case U'‐':
    case U'‑':
      return U'-';
    case U'〔':
    case U'【':
      return U'[';
    case U'〕':
    case U'】':
      return U']';
    case U'﹪':
      return U'%';
    case U'∶':
      return U':';
    case U';':
      return U'；';
    default:
      return c < 0x20 && c != U'\t' ? U' ' : c;
  }
}

std::u32string decoded(std::string_view utf8) {
  std::u32string out;
  out.reserve(utf8.size() / 2 + 1);
  for (std::size_t i = 0; i < utf8.size();) {
    auto c = static_cast<unsigned char>(utf8[i]);
    std::size_t size = c < 0x80 ? 1 : c >> 5U == 6 ? 2 : c >> 4U == 14 ? 3 : c >> 3U == 30 ? 4 : 0;
    if (size == 0 || i + size > utf8.size()) {
      out += U'\uFFFD';
      ++i;
      continue;
    }
    char32_t value = size == 1 ? c : c & (0xFFU >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) value = value << 6U | (static_cast<unsigned char>(utf8[i + k]) & 0x3FU);
    out += value;
    i += size;
  }
  return out;
}

std::u32string folded(std::string_view utf8) {
  auto out = decoded(utf8);
  std::ranges::transform(out, out.begin(), fold);
  // A narrow comma between words is the wide one; between digits it parts thousands.
  for (std::size_t i = 0; i < out.size(); ++i) {
    bool thousands = i > 0 && i + 1 < out.size() && is_digit(out[i - 1]) && is_digit(out[i + 1]);
    if (out[i] == U',' && !thousands) out[i] = U'，';
  }
  return out;
}

void part_at_bars(std::u32string& line) {
  constexpr std::size_t kFewest = 2;
  auto is_bar = [](char32_t c) { return c == U'|' || c == U'│' || c == U'┃'; };
  if (static_cast<std::size_t>(std::ranges::count_if(line, is_bar)) < kFewest) return;
  if (std::ranges::all_of(line, [&](char32_t c) { return is_bar(c) || is_space(c) || c == U'-' || c == U':'; }) &&
      line.contains(U'-')) {
    std::ranges::fill(line, U' ');
    return;
  }
  auto inner = trimmed(line);
  auto begin = static_cast<std::size_t>(inner.data() - line.data()), end = begin + inner.size();
  if (is_bar(line[begin])) line[begin] = U' ';
  if (is_bar(line[end - 1])) line[end - 1] = U' ';
  std::ranges::replace_if(line, is_bar, U'\t');
}

std::string encoded(std::u32string_view text) {
  std::string out;
  out.reserve(text.size() * 3);
  for (char32_t c : text) {
    auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 | c >> 6U);
      put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      put(0xE0 | c >> 12U);
      put(0x80 | (c >> 6U & 0x3F));
      put(0x80 | (c & 0x3F));
    } else {
      put(0xF0 | c >> 18U);
      put(0x80 | (c >> 12U & 0x3F));
      put(0x80 | (c >> 6U & 0x3F));
      put(0x80 | (c & 0x3F));
    }
  }
  return out;
}

std::u32string without_spaces(std::u32string_view text) {
  std::u32string out;
  for (auto c : text)
    if (!is_space(c)) out += c;
  return out;
}

std::u32string_view trimmed(std::u32string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool contains_any(std::u32string_view text, std::initializer_list<std::u32string_view> words) {
  return std::ranges::any_of(words, [&](auto word) { return text.find(word) != std::u32string_view::npos; });
}

bool ends_with_any(std::u32string_view text, std::initializer_list<std::u32string_view> words) {
  return std::ranges::any_of(words, [&](auto word) { return text.ends_with(word); });
}

std::u32string without_quotes(std::u32string_view text) {
  std::u32string out;
  for (auto c : text)
    if (c != U'“' && c != U'”' && c != U'"') out += c;
  return out;
}

std::u32string without_all(std::u32string_view text, std::initializer_list<std::u32string_view> words) {
  std::u32string out(text);
  for (auto word : words)
    for (auto at = out.find(word); at != std::u32string::npos; at = out.find(word)) out.erase(at, word.size());
  return out;
}

std::u32string_view without_tails(std::u32string_view text, std::initializer_list<std::u32string_view> words) {
  for (bool cut = true; cut;) {
    cut = false;
    for (auto word : words)
      if (text.ends_with(word)) {
        text.remove_suffix(word.size());
        cut = true;
      }
  }
  return text;
}

Numbering numbering(std::u32string_view text) {
  std::size_t at = 0;
  while (at < text.size() && is_space(text[at])) ++at;
  if (at >= text.size()) return {};
  auto skip = [&] {
    while (at < text.size() && is_space(text[at])) ++at;
  };
  auto made = [&](int level, int ordinal) { return Numbering{.level = level, .ordinal = ordinal, .length = at}; };
  if (text[at] >= U'①' && text[at] <= U'⑳') {
    auto ordinal = static_cast<int>(text[at++] - U'①') + 1;
    return made(5, ordinal);
  }
  if (text[at] == U'(') {
    ++at;
    skip();
    bool chinese = kCount.contains(at < text.size() ? text[at] : U' ');
    int ordinal = chinese ? chinese_number(text, at) : arabic_number(text, at);
    skip();
    if (ordinal == 0 || at >= text.size() || text[at] != U')') return {};
    ++at;
    return made(chinese ? 2 : 4, ordinal);
  }
  bool chinese = kCount.contains(text[at]);
  int ordinal = chinese ? chinese_number(text, at) : arabic_number(text, at);
  if (ordinal == 0) return {};
  skip();
  if (at >= text.size()) return {};
  if (chinese) {
    if (text[at] != U'、' && text[at] != U'.') return {};
    ++at;
    return made(1, ordinal);
  }
  if (text[at] != U'、' && text[at] != U'.') return {};
  ++at;
  // "2.5 万元" is no item, "1.2020 年" is one.
  if (at < text.size() && is_digit(text[at]) && text[at - 1] == U'.') {
    auto rest = text.substr(at);
    if (rest.size() < 5 || rest[0] != U'2' || rest[1] != U'0' || !is_digit(rest[2]) || !is_digit(rest[3])) return {};
    auto after = trimmed(rest.substr(4));
    if (after.empty() || after.front() != U'年') return {};
  }
  return made(3, ordinal);
}

}  // namespace qushu::budget
