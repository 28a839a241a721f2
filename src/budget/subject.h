// What a label or a phrase names, in the words of the standard tables: "基本支出" is expenditure.basic, whoever writes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qushu::budget {

struct Subject {
  std::string code;   // "income.grand", "expenditure.basic", "function.201", "economic.301", "sangong.car" …
  std::string scope;  // "general", "fund", "capital", "fiscal", "all"; empty: not said
  std::string part;   // of economic and functional classes: "basic", "project", "all"; empty: not said
};

// A code without what is counted: income and expenditure that do not say whether carried-over funds are in.
[[nodiscard]] bool is_loose(std::string_view code);
// Whether a code is of all of a side ("income", "expenditure"; empty: of either): its .any, .year or .grand.
[[nodiscard]] bool is_whole(std::string_view code, std::string_view side);
// The family of which the members make up a whole: parts of one family are a complete list. Empty: none.
[[nodiscard]] std::string_view family(std::string_view code);

// `text` without spaces. nullopt when it names nothing known.
[[nodiscard]] std::optional<Subject> subject_of(std::u32string_view text);
// "财政拨款收、支总计": the total of either side, taken for the income's.
[[nodiscard]] std::optional<Subject> total_of_both(std::u32string_view text);
// The scope that a heading or title sets.
// What a figure that does not name its scope has from the heading above. That of all of the unit's income and expenditure says
// nothing of single items: "三公经费支出决算" names no scope.
void inherit_scope(Subject& subject, std::string_view around);
[[nodiscard]] std::string scope_of(std::u32string_view text);
// Without the names of the budgets by source, so that the 预算 that is left says what kind of figure it is.
[[nodiscard]] std::u32string without_fund_names(std::u32string_view text);
// The first year named in `text` ("2021年"), 0 without one.
[[nodiscard]] int year_in(std::u32string_view text);
// Whether two scopes (or parts) may mean the same.
[[nodiscard]] bool may_agree(std::string_view a, std::string_view b);

}  // namespace qushu::budget
