#include "terms.h"

#include <algorithm>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {
namespace {

constexpr std::size_t kWord = 60;        // characters of a word that count
constexpr std::size_t kNameLength = 40;  // characters of a run whose reading counts

bool is_chinese(char32_t c) {
  return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

char32_t folded(char32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
}

void add(std::string term, std::uint32_t weight, TermCounts& out) {
  out[std::move(term)] += weight;
}

void add_reading(std::u32string_view run, std::uint32_t weight, TermCounts& out) {
  auto syllables = pinyin(run.substr(0, kNameLength));
  for (std::size_t i = 0; i < syllables.size(); ++i) {
    std::string initials(kInitials), whole(kSyllables);
    for (std::size_t j = i; j < syllables.size() && !syllables[j].empty() && j < i + kInitialsLength; ++j) {
      initials += syllables[j][0];
      add(initials, weight, out);
      if (j >= i + kSyllablesLength) continue;
      whole += syllables[j];
      add(whole, weight, out);
    }
  }
}

}  // namespace

std::u32string characters(std::string_view text) {
  std::u32string out;
  const auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(text.data(), i, length, c);  // NOLINT(bugprone-inc-dec-in-conditions): ICU's own
    out += static_cast<char32_t>(c);
  }
  return out;
}

std::string utf8(std::u32string_view text) {
  std::string out;
  for (char32_t c : text) {
    std::array<char, U8_MAX_LENGTH> bytes{};
    std::int32_t size = 0;
    U8_APPEND_UNSAFE(bytes.data(), size, static_cast<UChar32>(c));
    out.append(bytes.data(), static_cast<std::size_t>(size));
  }
  return out;
}

std::vector<Run> runs_of(std::string_view text) {
  std::vector<Run> out;
  std::size_t at = 0;
  bool open = false;
  for (char32_t raw : characters(text)) {
    auto c = folded(raw);
    bool chinese = is_chinese(c);
    if (!chinese && u_isalnum(static_cast<UChar32>(c)) == 0) {
      open = false;
    } else {
      if (!open || out.back().chinese != chinese) out.push_back({.chinese = chinese, .from = at, .text = {}});
      out.back().text += c;
      open = true;
    }
    ++at;
  }
  return out;
}

void add_text(std::string_view text, std::uint32_t weight, TermCounts& out) {
  for (const auto& run : runs_of(text)) {
    if (!run.chinese) {
      add(utf8(std::u32string_view(run.text).substr(0, kWord)), weight, out);
      continue;
    }
    for (std::size_t i = 0; i < run.text.size(); ++i) {
      add(utf8(std::u32string_view(run.text).substr(i, 1)), weight, out);
      if (i + 1 < run.text.size()) add(utf8(std::u32string_view(run.text).substr(i, 2)), weight, out);
    }
  }
}

void add_name(std::string_view name, std::uint32_t weight, TermCounts& out) {
  add_text(name, weight, out);
  for (const auto& run : runs_of(name))
    if (run.chinese) add_reading(run.text, weight, out);
}

}  // namespace qushu::catalog
