// The identities of a budget: what must follow from what, checked while somebody types and again before anybody may decide.
//
// Entered figures are exact, so an identity holds to the fen. Figures that were entered as they are published, rounded to 0.01
// 万元, may be off: a sum of n of them by n × 0.005 万元; that is a warning, which an explanation lets pass. Anything more is
// an error, which blocks submission.
//
// Thread-safety: pure functions.
#pragma once

#include <vector>

#include "qushu/budget/content.h"

namespace qushu::budget {

struct Discrepancy {
  std::string identity;                  // "balance", "functions_expenditure", "details_project" …: stable
  bool error = true;                     // false: a warning, which may be explained
  Text message;                          // with both figures
  std::string place;                     // what is told to be wrong: "totals.expenditure", "projects[2].amount"
  std::vector<std::string> others;       // what it was compared with
  std::int64_t expected = 0, found = 0;  // fen, or hundredths of a per cent; 0 and 0 where nothing is compared
  bool money = true;                     // expected and found are amounts
  // What an explanation is kept under: it lapses as soon as a figure moves.
  [[nodiscard]] std::string key() const;
};

// The same unit's totals of another year, where there are any.
struct OtherYear {
  std::int64_t year = 0;
  Totals totals;
};

// In the order of the sections. `year`: that the budget is of.
[[nodiscard]] std::vector<Discrepancy> check_identities(const Content& content, std::int64_t year,
                                                        const std::vector<OtherYear>& others);

}  // namespace qushu::budget
