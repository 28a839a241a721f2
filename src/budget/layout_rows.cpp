#include <algorithm>
#include <array>
#include <set>

#include "layout.h"

namespace qushu::budget {
namespace {

constexpr std::u32string_view kCounters = U"年月日个条台套辆人项次家号件名位层场期部户所平份篇处起";

bool all_digits(std::u32string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// The classes of income, function and the two economic classifications, and what is below them.
bool is_class(int number) {
  static constexpr std::array<std::pair<int, int>, 7> kClasses{
      {{101, 111}, {201, 234}, {301, 313}, {399, 399}, {501, 515}, {598, 599}, {299, 299}}};
  return std::ranges::any_of(kClasses, [&](const auto& c) { return number >= c.first && number <= c.second; });
}

bool is_code(std::u32string_view text) {
  if (!all_digits(text) || (text.size() != 3 && text.size() != 5 && text.size() != 7)) return false;
  if (text.size() > 3) return text[0] >= U'1' && text[0] <= U'5';
  return is_class(static_cast<int>((text[0] - U'0') * 100 + (text[1] - U'0') * 10 + (text[2] - U'0')));
}

// "合计2606.14" without a space: where the number begins, or npos.
std::size_t glued_number(std::u32string_view token) {
  if (token.size() < 5 || !is_digit(token.back())) return std::u32string_view::npos;
  std::size_t at = token.size();
  while (at > 0 && (is_digit(token[at - 1]) || token[at - 1] == U'.' || token[at - 1] == U',')) --at;
  if (at == 0 || !(is_han(token[at - 1]) || token[at - 1] == U')')) return std::u32string_view::npos;
  std::size_t length = 0;
  auto value = read_decimal(token.substr(at), length);
  return value && length == token.size() - at && value->digits == 2 ? at : std::u32string_view::npos;
}

// Segments out of tokens, from left to right.
class RowMaker {
 public:
  RowMaker(std::size_t line, bool exact) { row_.line = line, row_.exact = exact; }

  void label(std::u32string_view text, std::size_t begin) {
    auto bare = without_spaces(text);
    auto begins = numbering(bare);
    bool numbered_anew = begins.level > 0 && begins.level <= 4;
    // "政府性基金预算 213 农林水支出 78.16": the left side's cell is blank, the code is the right side's.
    bool code_anew =
        is_code(pending_) && ends_with_any(words_, {U"收入", U"拨款", U"预算", U"资金", U"结转", U"结余", U"基金"});
    if (row_.segments.empty() || !current().cells.empty() || (numbered_anew && !words_.empty()) || code_anew) next();
    if (words_.empty()) current().begin = begin;
    if (words_.empty() && is_code(pending_)) {
      current().code = pending_;
      pending_.clear();
    }
    words_ += bare;
  }

  // A whole number before a label: the code of a classification, in one piece or three, or an ordinal.
  void lead(std::u32string_view digits) { pending_ += digits; }

  void cell(Cell cell) {
    if (row_.segments.empty()) next();
    current().cells.push_back(cell);
  }
  // `at_end`: the next label begins another segment, so that this one's cell is blank.
  void blank_label(bool at_end) {
    bool open = !row_.segments.empty() && (!current().cells.empty() || (at_end && !words_.empty()));
    if (open) cell({.kind = CellKind::blank, .value = {}, .mark = {}});
  }

  Row done() {
    finish();
    return std::move(row_);
  }

 private:
  Segment& current() { return row_.segments.back(); }
  void next() {
    finish();
    row_.segments.emplace_back();
  }
  void finish() {
    if (row_.segments.empty()) return;
    auto& s = current();
    std::u32string_view text = words_;
    if (text.starts_with(U"其中:") || text.starts_with(U"#")) {
      s.of_which = true;
      text.remove_prefix(text.starts_with(U"#") ? 1 : 3);
    }
    s.number = numbering(text);
    text.remove_prefix(s.number.length);
    if (text.starts_with(U"其中:")) {
      s.of_which = true;
      text.remove_prefix(3);
    }
    // "[205]教育支出"
    if (auto close = text.find(U']'); text.starts_with(U"[") && close != std::u32string_view::npos && close + 1 < text.size() &&
                                      is_code(text.substr(1, close - 1))) {
      s.code = text.substr(1, close - 1);
      text.remove_prefix(close + 1);
    }
    // "2010350事业运行"
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits < text.size() && is_han(text[digits]) && is_code(text.substr(0, digits))) {
      s.code = text.substr(0, digits);
      text.remove_prefix(digits);
    }
    s.label = text;
    words_.clear();
  }

  Row row_;
  std::u32string words_, pending_;
};

bool counts_something(std::u32string_view next) {
  // Labels that begin like a counter: "29  年末结转和结余" is a line's number and the next label.
  for (auto label : {U"年末", U"年初", U"年终", U"人员", U"个人", U"项目", U"部门", U"家庭", U"人力", U"人大", U"人民",
                     U"人事", U"人防", U"人口", U"人才", U"名胜", U"处置", U"部队", U"所得", U"所有", U"户籍"})
    if (next.starts_with(label)) return false;
  return !next.empty() &&
         (kCounters.contains(next.front()) || next.starts_with(U"万") || next.starts_with(U"元") || next.starts_with(U"亿"));
}

}  // namespace

std::vector<Token> tokens_of(std::u32string_view line, bool tabs) {
  std::vector<Token> out;
  if (tabs) {
    for (std::size_t begin = 0; begin <= line.size();) {
      auto end = std::min(line.find(U'\t', begin), line.size());
      auto text = line.substr(begin, end - begin);
      auto bare = trimmed(text);
      out.push_back({.text = bare, .begin = bare.empty() ? begin : static_cast<std::size_t>(bare.data() - line.data())});
      begin = end + 1;
    }
    return out;
  }
  for (std::size_t at = 0; at < line.size();) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    auto begin = at;
    while (at < line.size() && !is_space(line[at])) ++at;
    auto text = line.substr(begin, at - begin);
    if (auto split = glued_number(text); split != std::u32string_view::npos) {
      out.push_back({.text = text.substr(0, split), .begin = begin});
      out.push_back({.text = text.substr(split), .begin = begin + split});
    } else {
      out.push_back({.text = text, .begin = begin});
    }
  }
  return out;
}

bool is_cell(std::u32string_view token, Cell& cell) {
  if (token.empty()) return false;
  if (std::ranges::all_of(token, [](char32_t c) { return c == U'-' || c == U'/'; })) {
    cell.kind = CellKind::blank;
    return true;
  }
  std::size_t length = 0;
  bool bracketed = token.size() > 2 && token.front() == U'(' && token.back() == U')' && token.contains(U'.');
  auto body = bracketed ? token.substr(1, token.size() - 2) : token;
  auto value = read_decimal(body, length);
  if (!value) return false;
  auto rest = body.substr(length);
  if (!rest.empty() && rest != U"%") return false;
  cell.kind = rest.empty() ? CellKind::number : CellKind::percent;
  cell.value = *value;
  if (bracketed) cell.value.micro = -cell.value.micro;
  return true;
}

namespace {

// Whether the next token that is there is a label, or the code before one.
bool label_follows(const std::vector<Token>& tokens, std::size_t i) {
  Cell cell;
  bool code = false;
  for (++i; i < tokens.size(); ++i) {
    auto text = tokens[i].text;
    if (text.empty()) continue;
    if (!is_cell(text, cell)) return true;
    if (code || !is_code(text)) return false;
    code = true;
  }
  return false;
}

}  // namespace

Row row_of(std::u32string_view line, std::size_t number) {
  bool tabs = line.contains(U'\t');
  auto tokens = tokens_of(line, tabs);
  RowMaker made(number, tabs);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto text = tokens[i].text;
    if (text.empty()) {
      made.blank_label(label_follows(tokens, i));
      continue;
    }
    auto bare = without_spaces(text);
    std::size_t after = i + 1;
    while (after < tokens.size() && tokens[after].text.empty()) ++after;
    auto next = after < tokens.size() ? tokens[after].text : std::u32string_view{};
    Cell cell, following;
    bool next_is_label = !next.empty() && !is_cell(next, following);
    if (all_digits(bare) && next_is_label && counts_something(next)) {
      made.label(bare, tokens[i].begin);
      continue;
    }
    // Codes come before a label, in one piece or as 类 款 项 of two and three figures.
    if (all_digits(bare)) {
      std::size_t end = i;
      std::u32string pieces;
      while (end < tokens.size() && all_digits(without_spaces(tokens[end].text)) && pieces.size() < 7)
        pieces += without_spaces(tokens[end++].text);
      bool label_next = end < tokens.size() && !tokens[end].text.empty() && !is_cell(tokens[end].text, following) &&
                        !counts_something(tokens[end].text);
      bool in_pieces = end == i + 1 || bare.size() == 3;
      // "非税收入拨款 120 九、卫生健康支出 88.12": what has a number of its own has no code.
      if (end == i + 1 && label_next && numbering(tokens[end].text).level == 1) in_pieces = false;
      if (label_next && in_pieces && (is_code(pieces) || (pieces.size() <= 2 && i == 0))) {
        if (is_code(pieces)) made.lead(pieces);
        i = end - 1;
        continue;
      }
    }
    if (is_cell(bare, cell)) {
      cell.mark = {.line = number, .begin = tokens[i].begin, .end = tokens[i].begin + text.size()};
      made.cell(cell);
    } else {
      made.label(text, tokens[i].begin);
    }
  }
  auto row = made.done();
  row.blank = tabs && tokens.size() >= 3 && !tokens.front().text.empty() &&
              std::all_of(tokens.begin() + 1, tokens.end(), [](const Token& token) { return token.text.empty(); });
  return row;
}

bool has_numbers(const Row& row) {
  return std::ranges::any_of(row.segments, [](const Segment& s) {
    return std::ranges::any_of(s.cells, [](const Cell& c) { return c.kind != CellKind::blank; });
  });
}

namespace {

bool is_whole_number(const Cell& cell) {
  return cell.kind == CellKind::number && cell.value.digits == 0 && cell.value.micro >= 0 && cell.value.micro < 500 * kMicro;
}

// "栏次 1 2 3 …"
bool is_column_numbers(const Row& row) {
  std::int64_t expected = 0;
  for (const auto& s : row.segments) {
    if (s.label.starts_with(U"栏次")) return true;
    for (const auto& c : s.cells)
      if (!is_whole_number(c) || c.value.micro != (++expected) * kMicro) return false;
  }
  return expected >= 3;
}

}  // namespace

void drop_form_numbers(Table& table) {
  std::erase_if(table.rows, is_column_numbers);
  if (!table.head.contains(U"行次") && !without_spaces(table.head).contains(U"行次")) return;
  // Both sides number their lines: by how much they differ tells the right one's number, where no label stands beside it.
  std::set<std::int64_t> apart;
  for (const auto& row : table.rows)
    if (row.segments.size() == 2 && !row.segments[0].cells.empty() && !row.segments[1].cells.empty() &&
        is_whole_number(row.segments[0].cells.front()) && is_whole_number(row.segments[1].cells.front()))
      apart.insert(row.segments[1].cells.front().value.micro - row.segments[0].cells.front().value.micro);
  for (auto& row : table.rows)
    for (auto& s : row.segments) {
      if (s.label.empty() || s.cells.empty() || !is_whole_number(s.cells.front())) continue;
      auto number = s.cells.front().value.micro;
      s.cells.erase(s.cells.begin());
      bool more = !row.exact && !s.cells.empty() && is_whole_number(s.cells.back()) &&
                  apart.contains(s.cells.back().value.micro - number);
      if (more) s.cells.pop_back();
    }
}

namespace {

// Of tables whose columns were kept apart by spaces: the column where the right side begins, 0 where it is not known.
std::size_t right_side(const Table& table) {
  std::vector<std::size_t> begins;
  for (const auto& row : table.rows)
    if (row.segments.size() == 2 && !row.exact && !row.segments[1].label.empty() && !row.segments[0].cells.empty())
      begins.push_back(row.segments[1].begin);
  if (begins.size() < 2) return 0;
  return *std::ranges::min_element(begins);  // totals stand further in
}

std::size_t cells_of(const Row& row) {
  std::size_t out = 0;
  for (const auto& s : row.segments) out += s.cells.size();
  return out;
}

// "政府性基金预算拨款收入            社会保障和就业支出   26.48": the left side's cell is blank, its label is not the right
// one's.
void part_sides(Row& row, std::u32string_view line, std::size_t right) {
  constexpr std::size_t kSlack = 6, kGap = 3;
  if (row.exact || row.segments.size() != 1 || row.segments[0].label.empty()) return;
  auto beyond = [&](std::size_t begin) { return begin + kSlack >= right; };
  if (beyond(row.segments[0].begin)) {
    row.segments.insert(row.segments.begin(), Segment{});
    return;
  }
  Cell cell;
  std::size_t end = 0, split = 0;
  for (const auto& token : tokens_of(line, false)) {
    if (is_cell(token.text, cell)) break;
    if (end > 0 && token.begin >= end + kGap && beyond(token.begin)) split = token.begin;
    end = token.begin + token.text.size();
  }
  if (split == 0) return;
  std::u32string blank(split, U' ');
  blank += line.substr(split);
  auto before = row_of(line.substr(0, split), row.line), after = row_of(blank, row.line);
  if (before.segments.size() != 1 || after.segments.size() != 1 || cells_of(after) != cells_of(row)) return;
  row.segments = {std::move(before.segments[0]), std::move(after.segments[0])};
}

}  // namespace

void drop_codes(Table& table) {
  auto coded = [](const Cell& cell) {
    auto whole = cell.value.micro / kMicro;
    auto size = cell.mark.end - cell.mark.begin;
    return cell.kind == CellKind::number && cell.value.digits == 0 &&
           ((size == 7 && whole >= 2'000'000 && whole < 3'000'000) || (size == 5 && whole >= 20'000 && whole < 40'000) ||
            (size == 3 && whole > 200 && whole < 400));
  };
  auto head = without_spaces(table.head);
  bool named = contains_any(head, {U"功能科目", U"功能分类", U"经济科目", U"经济分类", U"科目编码", U"科目代码"});
  std::size_t rows = 0, fitting = 0;
  bool fine = true;  // the amounts have decimals: a whole number among them is none
  for (const auto& row : table.rows)
    for (const auto& s : row.segments) {
      if (s.cells.size() < 2 || !s.code.empty()) continue;
      if (s.label.ends_with(U"合计") || s.label.ends_with(U"总计") || s.label == U"小计") continue;
      ++rows;
      fitting += coded(s.cells.front()) ? 1U : 0U;
      for (std::size_t i = 1; i < s.cells.size(); ++i)
        if (s.cells[i].kind == CellKind::number && s.cells[i].value.digits == 0 && s.cells[i].value.micro != 0) fine = false;
    }
  bool long_codes = std::ranges::all_of(table.rows, [&](const Row& row) {
    return std::ranges::all_of(row.segments, [&](const Segment& s) {
      return s.cells.size() < 2 || !coded(s.cells.front()) || s.cells.front().value.micro >= 10'000 * kMicro;
    });
  });
  if (rows == 0 || fitting != rows || !(named || (fine && long_codes))) return;
  for (auto& row : table.rows)
    for (auto& s : row.segments)
      if (s.cells.size() >= 2 && s.code.empty() && coded(s.cells.front())) s.cells.erase(s.cells.begin());
}

namespace {

// "二、政府性基金预算拨款收入 社会保障和就业支出 486.22": of two labels in a row the amount is the right one's.
void part_labels(Row& row, std::u32string_view line) {
  if (row.exact || row.segments.size() != 1 || cells_of(row) == 0) return;
  auto income = [](std::u32string_view label) { return ends_with_any(label, {U"收入", U"拨款", U"资金", U"结转", U"结余"}); };
  std::vector<Token> labels;
  Cell cell;
  for (const auto& token : tokens_of(line, false)) {
    if (is_cell(token.text, cell)) break;
    labels.push_back(token);
  }
  for (std::size_t i = 1; i < labels.size(); ++i) {
    if (!income(labels[i - 1].text) || !labels[i].text.ends_with(U"支出") || i + 1 != labels.size()) continue;
    std::u32string blank(labels[i].begin, U' ');
    blank += line.substr(labels[i].begin);
    auto before = row_of(line.substr(0, labels[i].begin), row.line), after = row_of(blank, row.line);
    if (before.segments.size() == 1 && after.segments.size() == 1 && cells_of(after) == cells_of(row))
      row.segments = {std::move(before.segments[0]), std::move(after.segments[0])};
    return;
  }
}

}  // namespace

void align_sides(Table& table, const std::vector<std::u32string>& lines) {
  auto both = std::ranges::count_if(table.rows, [](const Row& row) {
    return row.segments.size() == 2 && !row.segments[0].label.empty() && !row.segments[1].label.empty();
  });
  bool titled = contains_any(table.title, {U"收支", U"收入支出"});
  if ((both < 2 && !titled) || std::ranges::any_of(table.rows, [](const Row& row) { return row.segments.size() > 2; })) return;
  auto right_begin = right_side(table);
  if (right_begin > 0)
    for (auto& row : table.rows) part_sides(row, lines[row.line], right_begin);
  for (auto& row : table.rows) part_labels(row, lines[row.line]);
  std::array<Numbering, 2> last{};
  std::u32string left_total;
  for (auto& row : table.rows) {
    if (row.segments.size() == 1) {
      const auto& s = row.segments[0];
      auto follows = [&](const Numbering& before) {
        return s.number.level > 0 && s.number.level == before.level && s.number.ordinal == before.ordinal + 1;
      };
      bool income = ends_with_any(s.label, {U"收入", U"拨款", U"资金"}) || s.label.starts_with(U"收入");
      bool spent = (s.label.ends_with(U"支出") && !s.label.contains(U"收入")) || s.label.starts_with(U"支出") ||
                   s.label.starts_with(U"本年支出") || s.label.starts_with(U"年末") || s.label.starts_with(U"结余分配") ||
                   s.label.starts_with(U"结转下年") || s.label.starts_with(U"年终结");
      // 总计 of the left side, and right below it the one of the right side.
      bool again = s.label.ends_with(U"总计") && s.label == left_total;
      left_total = s.label.ends_with(U"总计") && !again ? s.label : U"";
      bool right = again || (income != spent ? spent : follows(last[1]) && !follows(last[0]));
      if (right) row.segments.insert(row.segments.begin(), Segment{});
    }
    for (std::size_t side = 0; side < row.segments.size(); ++side)
      if (row.segments[side].number.level > 0) last.at(side) = row.segments[side].number;
  }
}

Unit cut_unit(std::u32string_view& line) {
  if (contains_any(line, {U"，", U"。", U"；", U":", U"、"})) return Unit::unknown;
  struct Word {
    std::u32string_view text;
    Unit unit;
  };
  static constexpr std::array kUnits{Word{U"亿元", Unit::yi}, Word{U"万元", Unit::wan}, Word{U"千元", Unit::thousand},
                                     Word{U"元", Unit::yuan}};
  auto text = trimmed(line);
  for (const auto& word : kUnits) {
    if (!text.ends_with(word.text)) continue;
    auto rest = trimmed(text.substr(0, text.size() - word.text.size()));
    auto gap = rest.rfind(U' ');
    Cell cell;
    if (gap == std::u32string_view::npos || !is_cell(rest.substr(gap + 1), cell) || cell.kind != CellKind::number ||
        !is_han(trimmed(rest.substr(0, gap)).back()))
      return Unit::unknown;
    line = line.substr(0, static_cast<std::size_t>(rest.data() - line.data()) + rest.size());
    return word.unit;
  }
  return Unit::unknown;
}

namespace {

// Reads "≥ 350 条" at `at`.
bool value_at(std::u32string_view text, std::size_t at, IndicatorRow& out, std::size_t& end) {
  auto rest = text.substr(at);
  struct Word {
    std::u32string_view text;
    char32_t relation;
  };
  static constexpr std::array kWords{
      Word{U"≥", U'≥'},      Word{U"≧", U'≥'},        Word{U">=", U'≥'},     Word{U"≤", U'≤'},      Word{U"≦", U'≤'},
      Word{U"<=", U'≤'},     Word{U">", U'>'},        Word{U"<", U'<'},      Word{U"=", U'='},      Word{U"不少于", U'≥'},
      Word{U"不低于", U'≥'}, Word{U"大于等于", U'≥'}, Word{U"不超过", U'≤'}, Word{U"不高于", U'≤'}, Word{U"小于等于", U'≤'}};
  std::size_t used = 0;
  out.relation = U'=';
  for (const auto& word : kWords)
    if (rest.starts_with(word.text)) {
      out.relation = word.relation;
      used = word.text.size();
      break;
    }
  while (used < rest.size() && is_space(rest[used])) ++used;
  std::size_t length = 0;
  auto value = read_decimal(rest.substr(used), length);
  if (!value) return false;
  out.value = *value;
  used += length;
  std::size_t unit = used;
  while (unit < rest.size() && is_space(rest[unit]) && unit - used < 2) ++unit;
  std::size_t unit_end = unit;
  while (unit_end < rest.size() && unit_end - unit < 4 && (is_han(rest[unit_end]) || rest[unit_end] == U'%')) ++unit_end;
  out.unit = rest.substr(unit, unit_end - unit);
  end = at + unit_end;
  return true;
}

}  // namespace

bool indicator_of(std::u32string_view line, std::size_t number, std::u32string_view label_before, IndicatorRow& out) {
  bool tabs = line.contains(U'\t');
  auto tokens = tokens_of(line, tabs);
  std::u32string words;
  for (const auto& token : tokens) {
    if (token.text.empty()) continue;
    char32_t first = token.text.front();
    bool begins = is_digit(first) || std::u32string_view(U"≥≤≧≦><=").contains(first) || token.text.starts_with(U"不少于") ||
                  token.text.starts_with(U"不低于") || token.text.starts_with(U"不超过") || token.text.starts_with(U"不高于") ||
                  token.text.starts_with(U"大于等于") || token.text.starts_with(U"小于等于");
    std::size_t end = 0;
    if (begins && value_at(line, token.begin, out, end)) {
      if (words.empty()) words = without_spaces(label_before);
      out.name = words;
      out.mark = {.line = number, .begin = token.begin, .end = std::min(end, line.size())};
      return !out.name.empty();
    }
    auto bare = without_spaces(token.text);
    // The columns of the kinds of indicator are no part of the name.
    if (bare.ends_with(U"指标") && bare.size() <= 8) {
      words.clear();
      continue;
    }
    if (tabs) words.clear();
    words += bare;
  }
  return false;
}

}  // namespace qushu::budget
