// Inside the module: the sections of a budget, described.
#pragma once

#include "qushu/budget/content.h"

namespace qushu::budget {

const Section<Totals>& totals_section();
const Section<Income>& income_section();
const Section<Function>& function_section();
const Section<Economic>& economic_section();
const Section<BudgetProject>& project_section();
const Section<ProjectFund>& fund_section();
const Section<ProjectDetail>& detail_section();
const Section<ProjectGoal>& goal_section();
const Section<Purchase>& purchase_section();
const Section<Change>& change_section();

template <class F>
void each_section(F&& f) {
  f(totals_section());
  f(income_section());
  f(function_section());
  f(economic_section());
  f(project_section());
  f(fund_section());
  f(detail_section());
  f(goal_section());
  f(purchase_section());
  f(change_section());
}

// A money, quantity or percent member as a number of decimals that its integer holds in `unit`.
[[nodiscard]] constexpr int digits_of(Entry entry) {
  return entry == Entry::quantity ? 3 : entry == Entry::percent ? 2 : 0;
}

}  // namespace qushu::budget
