// What a line is by its words alone: the number of a page, a title, a heading.
#include <algorithm>

#include "layout.h"

namespace qushu::budget {
namespace {

// "某局 2021 年预算 第 1 版      —6—": the foot of a page, its words and its number.
bool is_page_foot(std::u32string_view line) {
  auto at = line.size();
  auto back = [&](auto&& is) {
    auto from = at;
    while (at > 0 && is(line[at - 1])) --at;
    return from - at;
  };
  auto dash = [](char32_t c) { return c == U'-'; };
  if (back(dash) == 0) return false;
  auto apart = back(is_space);
  auto digits = back(is_digit);
  if (digits == 0 || digits > 4) return false;
  apart += back(is_space);
  if (back(dash) == 0 || at == 0 || back(is_space) == 0) return false;
  // Figures between blank cells are written so too: "6.00  -  6  -".
  return apart == 0 || (apart == 2 && line.substr(0, at).contains(U'年'));
}

// "- 5 -", "· 5 ·"
bool is_mark(char32_t c) {
  return c == U'-' || c == U'·' || c == U'•';
}

// "收入支出决算总表 单位：万元", "支出表 编制单位：某局": where what else stands on the line of a title begins.
std::size_t end_of_title(std::u32string_view bare) {
  auto out = bare.size();
  for (auto word : {U"单位:", U"编制单位:", U"预算单位:", U"填报单位:", U"公开单位:", U"金额单位:", U"单位名称:", U"部门:",
                    U"编制部门:", U"公开部门:", U"填报部门:", U"部门名称:"}) {
    auto at = bare.find(word);
    if (at != std::u32string_view::npos && at > 0 && bare[at - 1] != U'(') out = std::min(out, at);
  }
  return out;
}

}  // namespace

bool is_page_number(std::u32string_view line) {
  if (is_page_foot(line)) return true;
  auto bare = without_spaces(line);
  if (bare.empty() || bare.size() > 12) return false;
  if (bare.starts_with(U"第") && bare.contains(U'页')) return true;
  std::size_t digits = 0, dashes = 0, others = 0;
  for (auto c : bare) {
    digits += is_digit(c) ? 1U : 0U;
    bool mark = is_mark(c) || c == U'/';
    dashes += mark ? 1U : 0U;
    others += !is_digit(c) && !mark ? 1U : 0U;
  }
  return others == 0 && digits > 0 && digits <= 6 && is_mark(bare.front()) && is_mark(bare.back()) && dashes >= 2;
}

std::u32string_view title_of(std::u32string_view bare) {
  // "2.《支出决算表》"
  if (auto book = bare.substr(numbering(bare).length); book.starts_with(U"《") && book.ends_with(U"》"))
    return book.contains(U"表") && is_title(book.substr(1, book.size() - 2)) ? bare : std::u32string_view{};
  auto own = bare.substr(0, end_of_title(bare));
  if (own.size() < 4 || own.size() > 60) return {};
  if (own.starts_with(U"第") && own.size() > 3 && own.substr(0, 6).contains(U"部分")) return own;
  if (own.starts_with(U"公开") && is_digit(own[2])) return own;
  bool table = own.ends_with(U"表") || own.ends_with(U"表)") || own.contains(U"表(");
  bool unit = own.size() < bare.size() || own.contains(U"表(单位:") || own.contains(U"表(金额单位:");
  bool title = table &&
               (unit || contains_any(own, {U"总表", U"收入", U"支出", U"收支", U"预算", U"决算", U"绩效", U"经费", U"明细",
                                           U"项目", U"采购", U"情况"})) &&
               !contains_any(bare, {U"。", U"，", U"详见", U"见附"});
  return title ? own : std::u32string_view{};
}

bool is_title(std::u32string_view bare) {
  return !title_of(bare).empty();
}

bool is_part(std::u32string_view bare) {
  return bare.starts_with(U"第") && bare.substr(0, 6).contains(U"部分");
}

// "（二）财政拨款收入支出决算总体情况说明。": a heading in spite of its full stop.
bool is_heading_sentence(std::u32string_view bare) {
  auto number = numbering(bare);
  return number.level >= 1 && number.level <= 2 && bare.size() <= 40 &&
         ends_with_any(bare, {U"情况说明。", U"情况。", U"说明。"}) && bare.find(U'。') + 1 == bare.size() &&
         !contains_any(bare, {U"，", U"；", U":"}) && std::ranges::none_of(bare.substr(number.length), is_digit);
}

}  // namespace qushu::budget
