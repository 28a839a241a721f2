// Rebuilds the figures of a published budget or final account and reports what contradicts what (公开文件核对).
//
// How sure: a finding is reported only where the document itself says what should hold: a total with its details, a change with
// its percentage, a share with its whole, the same figure twice. What cannot be told (a column without a head, a subject of a
// comparison that is not named) is listed in `not_understood` and not guessed at.
//
// Arithmetic is exact, in integers. Rounding: a figure printed with n decimals stands for any value within half a unit of its
// last place (the places that the document uses for that unit, so that "4" beside "4.25" is 4.00); a sum of n figures may be
// off by n + 1 such halves, a percentage by one unit of its own last place, since both rounding and cutting off are practised.
//
// Thread-safety: pure functions.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/budget/document.h"

namespace qushu::budget {

enum class Kind : std::uint8_t {
  sum,           // details do not add up to their total
  balance,       // income is not expenditure
  year_on_year,  // a change that does not follow from the figures, or only against another year than the one named
  percent,       // a share that does not follow from the figures
  restated,      // the same thing, stated twice with different figures
  coverage,      // a claim of completeness that the figures refute
  promise,       // a promised number that the detail contradicts
};
[[nodiscard]] std::string_view name(Kind kind);
[[nodiscard]] const Text& title(Kind kind);

enum class Severity : std::uint8_t { warning, error };
[[nodiscard]] std::string_view name(Severity severity);

struct Place {
  std::size_t line = 0;  // from 1
  std::string text;      // the words there, as printed
  friend bool operator==(const Place&, const Place&) = default;
};

struct Finding {
  Kind kind = Kind::sum;
  Severity severity = Severity::error;
  Text message;
  std::vector<Place> places;  // the figure in question first, then what it contradicts
  std::string expected;       // by arithmetic, in `unit`
  std::string found;          // as printed, in `unit`
  std::string unit;           // "万元", "元", "%", "套" …
  int confidence = 0;         // per cent
};

struct Unclear {
  Place place;
  Text why;
};

// What a figure of the rebuilt budget is: "收入总计", "基本支出", "201" …, with its scope and year.
struct Figure {
  std::string subject;  // a stable code: "expenditure.basic", "function.201", "project.total"
  std::string scope;  // "general" (一般公共预算), "fund" (政府性基金), "capital", "fiscal" (财政拨款), "all", "" when not said
  std::string project;  // whose figure it is, of project figures
  int year = 0;
  bool plan = true;   // a budgeted figure; false: a final account
  std::string value;  // exact, in `unit`
  std::string unit;
  Place place;
};

struct Report {
  std::string document;
  int year = 0;                   // that the document is about; 0 when it does not say
  bool final_account = false;     // 决算
  std::vector<Figure> budget;     // the figures whose meaning is known
  std::size_t figures = 0;        // all numbers read, with or without a known meaning
  std::size_t checked = 0;        // relations that were computed
  std::vector<Finding> findings;  // by line
  std::vector<Unclear> not_understood;
};

[[nodiscard]] Report check(const Document& document);

[[nodiscard]] boost::json::object to_json(const Report& report, Lang lang);
// For a terminal.
[[nodiscard]] std::string to_text(const Report& report, Lang lang);

}  // namespace qushu::budget
