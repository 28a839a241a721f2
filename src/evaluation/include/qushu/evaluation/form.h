// The form of a self-evaluation (项目支出绩效自评表, 部门整体支出绩效自评表): what was promised, what was reached, and what
// that is worth by the rules of standards.md, section 6.
//
// Money is integer fen; weights, scores and percentages are hundredths. Nothing that follows from something else is kept:
// scores, total and grade are computed whenever they are asked for.
//
// A figure is drawn from the platform's indicator that the goal is bound to, or entered by hand with a reason and a file as
// evidence. Where the indicator has no evidence, there is no figure and no score until somebody enters one.
//
// Thread-safety: plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/indicators/score.h"

namespace qushu::evaluation {

using indicators::Direction;
using indicators::Fraction;

inline constexpr std::int64_t kWhole = 10'000;           // 100 points
inline constexpr std::int64_t kExecutionWeight = 1'000;  // of them for the execution of the budget

struct Funds {
  std::int64_t initial = 0, adjusted = 0, spent = 0;  // as first approved, as it holds, and what was spent of it
  friend bool operator==(const Funds&, const Funds&) = default;
};

enum class Drawn : std::uint8_t {
  not_yet,  // nothing has been drawn, or the goal is bound to no indicator
  value,
  none,   // no evidence
  failed  // see Item::error
};
[[nodiscard]] std::string_view name(Drawn drawn);
[[nodiscard]] bool parse(std::string_view text, Drawn& out);

struct Item {
  std::string id, level, name, target, unit;  // as the budget declares it; level: "quantity" … "satisfaction"
  Direction direction = Direction::higher;
  std::int64_t weight = 0;
  std::string indicator;  // the code of the platform's indicator; empty: none
  Drawn drawn = Drawn::not_yet;
  Fraction figure;  // of Drawn::value
  std::int64_t rows = 0;
  Text error;
  std::string hand, hand_reason;  // a figure entered by hand, and why it is right
  std::string cause, remedy;      // of a deviation
  friend bool operator==(const Item&, const Item&) = default;

  // What counts: the drawn figure, or the one that was entered; nullopt: there is none.
  [[nodiscard]] std::optional<Fraction> actual() const;
  // The declared value as a number ("≥95%" is 95); nullopt where it is none.
  [[nodiscard]] std::optional<Fraction> target_number() const;
  // In hundredths; nullopt: there is nothing to score.
  [[nodiscard]] std::optional<std::int64_t> score() const;
};

struct Form {
  Funds funds;
  std::string expected, reached;          // the year's goals
  std::string funds_cause, funds_remedy;  // where less was spent than was to be
  std::vector<Item> items;
  friend bool operator==(const Form&, const Form&) = default;
};

// How a budget is executed, in hundredths of a per cent; 0 where there is no budget.
[[nodiscard]] std::int64_t execution_rate(const Funds& funds);
[[nodiscard]] std::int64_t execution_score(const Funds& funds);

struct Total {
  std::int64_t score = 0;  // of what can be scored
  bool complete = false;   // every item has a score
  std::string_view grade;  // "excellent", "good", "fair", "poor"; empty unless complete
};
[[nodiscard]] Total total_of(const Form& form);
[[nodiscard]] Text grade_name(std::string_view grade);  // 优, 良, 中, 差

// What keeps a form from being submitted. `place`: "reached", "funds", "items", "items[2].weight" …
struct Problem {
  std::string place;
  Text text;
};
// `files`: how many files lie with each item, by its id.
[[nodiscard]] std::vector<Problem> problems_of(const Form& form, const std::map<std::string, std::int64_t>& files);

// "output", "benefit", "satisfaction": the first level of a level, and what they are called on the form.
[[nodiscard]] std::string_view group_of(std::string_view level);
[[nodiscard]] Text group_name(std::string_view group);
[[nodiscard]] Text second_name(std::string_view level);  // 数量指标 …

// Proposes weights: 50 for output, 30 for benefit and 10 for satisfaction, evenly within each; what is not promised at all
// leaves its share to the others.
void propose_weights(std::vector<Item>& items);
// How a declared value wants to be compared: "≤30" lower, a number higher, anything else by its degree.
[[nodiscard]] Direction direction_of(std::string_view target);

}  // namespace qushu::evaluation
