// Inside the module: who may do what with a budget, and what is refused in which words.
#pragma once

#include "qushu/budget/budgets.h"

namespace qushu::budget {

inline constexpr std::int64_t kFirstYear = 2000, kLastYear = 2100;

[[nodiscard]] Failure no_budget();
[[nodiscard]] Failure forbidden(std::string zh, std::string en);
[[nodiscard]] Failure wrong_state(std::string zh, std::string en);

// Of a comment or a reason: written where it is needed, and no longer than may be. `member` is the error's subject.
[[nodiscard]] Result<void> check_comment(std::string_view text, std::string_view member, bool needed);
// What the steps have to know of it.
[[nodiscard]] workflow::Paper paper_of(const Budget& budget);
[[nodiscard]] bool is_day(std::string_view text);  // 2026-11-29
// How many months of the budget's year are over, the one that lasts included.
[[nodiscard]] std::int64_t months_of(std::int64_t year, std::string_view today);

}  // namespace qushu::budget
