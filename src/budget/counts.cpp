#include "counts.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace qushu::budget {
namespace {

// The longer ones first.
constexpr std::array<std::u32string_view, 12> kLongUnits{U"个百分点", U"平方米", U"批次", U"人次", U"公里", U"车次",
                                                         U"千米",     U"立方米", U"万人", U"万个", U"万次", U"课时"};

bool sets_a_bound(std::u32string_view behind) {
  if (behind.starts_with(U"(含)") || behind.starts_with(U"(不含)") || behind.starts_with(U"-")) return true;
  return contains_any(behind.substr(0, 2), {U"以上", U"以下", U"以内", U"及以", U"含"});
}

void read_unit(std::u32string_view rest, Quantity& q) {
  std::size_t length = 0;
  q.money = money_unit(rest, length);
  if (q.money != Unit::unknown) {
    q.unit = rest.substr(0, length);
    return;
  }
  for (auto word : kLongUnits)
    if (rest.starts_with(word)) {
      q.unit = word;
      return;
    }
  q.unit = rest.substr(0, 1);
  // "分别", "分类": no points of a score.
  if (q.unit == U"分" && rest.size() > 1 && std::u32string_view(U"别类为项组").contains(rest[1])) q.unit.clear();
  if (q.unit == U"个" && rest.substr(1).starts_with(U"月")) q.unit = U"个月";
}

}  // namespace

std::vector<Quantity> quantities_of(const Statements& said) {
  std::vector<Quantity> out;
  const std::u32string_view text = said.paragraph->text;
  int depth = 0, sentence = 0;
  for (auto at = said.paragraph->number.length; at < text.size();) {
    char32_t c = text[at];
    if (c == U'(') ++depth;
    if (c == U')') depth = std::max(depth - 1, 0);
    while (sentence + 1 < std::ssize(said.sentences) && at >= said.sentences[static_cast<std::size_t>(sentence)].second)
      ++sentence;
    if (!is_digit(c)) {
      ++at;
      continue;
    }
    std::size_t length = 0;
    auto value = read_decimal(text.substr(at), length);
    auto end = at + std::max<std::size_t>(length, 1);
    bool apart = at > 1 && text[at - 1] == U' ' && is_digit(text[at - 2]);
    bool piece = at > 0 && ((text[at - 1] < 0x80 && text[at - 1] > U'@') || text[at - 1] == U'-' || text[at - 1] == U'.');
    if (value && !apart && !piece && end < text.size()) {
      Quantity q{.printed = *value, .begin = at, .sentence = sentence, .depth = depth};
      read_unit(text.substr(end), q);
      end += q.unit.size();
      q.end = end;
      q.value = q.money == Unit::unknown ? value->micro : scaled(value->micro, fen_per_micro_times_million(q.money), kMicro);
      q.bound = sets_a_bound(text.substr(end));
      bool date = std::u32string_view(U"年月日.、)").contains(q.unit.empty() ? U' ' : q.unit[0]);
      if (!date) out.push_back(std::move(q));
      if (date) end = at + length;
    }
    while (end < text.size() && is_digit(text[end])) ++end;
    at = end;
  }
  return out;
}

std::string figure_text(const Quantity& q) {
  return fmt::format("{} {}", to_text(q.printed.micro, q.printed.digits), encoded(q.unit));
}

std::u32string without_brackets(std::u32string_view text) {
  std::u32string out;
  int depth = 0;
  for (char32_t c : text) {
    if (c == U'(') ++depth;
    if (depth == 0 && !is_space(c)) out += c;
    if (c == U')') depth = std::max(depth - 1, 0);
  }
  return out;
}

std::u32string_view clause_before(std::u32string_view text, std::size_t floor, std::size_t end) {
  auto begin = end;
  while (begin > floor && !std::u32string_view(U"，；。:、(),").contains(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

int small_number(std::u32string_view text, std::size_t& length) {
  constexpr std::u32string_view kDigits = U"一二三四五六七八九";
  length = 0;
  int value = 0;
  while (length < text.size() && length < 3 && is_digit(text[length]))
    value = value * 10 + static_cast<int>(text[length++] - U'0');
  if (length > 0) return length < text.size() && (is_digit(text[length]) || text[length] == U'.') ? 0 : value;
  if (text.starts_with(U'两')) {
    length = 1;
    return 2;
  }
  auto digit = [&](std::size_t at) {
    auto found = at < text.size() ? kDigits.find(text[at]) : std::u32string_view::npos;
    return found == std::u32string_view::npos ? 0 : static_cast<int>(found) + 1;
  };
  int first = digit(0);
  length = first > 0 ? 1 : 0;
  if (length < text.size() && text[length] == U'十') {
    ++length;
    int last = digit(length);
    if (last > 0) ++length;
    return (first == 0 ? 1 : first) * 10 + last;
  }
  return first;
}

}  // namespace qushu::budget
