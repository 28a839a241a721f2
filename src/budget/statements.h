// Paragraphs as statements: every number with what it says (a level, a change, a share …) and of what.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "layout.h"
#include "subject.h"

namespace qushu::budget {

enum class Role : std::uint8_t {
  level,           // "支出 2606.14 万元"
  change,          // "增加 43.28 万元"
  change_percent,  // "增长 9.51%"
  share,           // "占 19.12%"
  completion,      // "完成年初预算的 95%"
  other,
};

enum class Measure : std::uint8_t { money, percent, count };

struct Mention {
  Role role = Role::level;
  Measure measure = Measure::money;
  std::int64_t value = 0;  // money in fen, else millionths
  Decimal printed;
  Unit unit = Unit::unknown;       // of money
  std::u32string counter;          // of counts: 人, 辆
  int direction = 0;               // of changes: 1, -1, 0 when both or neither are written
  std::size_t begin = 0, end = 0;  // in the paragraph's text
  std::u32string lead;             // what stands before it in its clause
  std::u32string phrase;           // the same over brackets and quotation marks: "2022年三公经费预算"
  Mark mark;
  int sentence = 0;
  int depth = 0;                   // of brackets
  bool compared = false;           // "与 2018 年预算 2145.60 万元相比": what something is compared with
  bool reason = false;             // within a reason: "主要原因是…"
  bool of_item = false;            // of an item, or of a unit below, and no figure of the whole
  bool chained = false;            // "减少3万元和5万元": the second of them
  std::optional<Subject> subject;  // of levels
};

struct Statements {
  const Paragraph* paragraph = nullptr;
  std::vector<Mention> mentions;
  std::vector<std::pair<std::size_t, std::size_t>> sentences;  // [begin, end) in the text
  std::vector<Mark> unclear;                                   // numbers that could not be read
  std::vector<std::size_t> unclear_at;                         // where they begin in the text

  // Whether one of them stands in [begin, end) of the text: what is listed there is not known in full.
  [[nodiscard]] bool unclear_within(std::size_t begin, std::size_t end) const;
};

// How many mentions before one bear on it at most, and how many characters of its sentence.
constexpr std::size_t kMentionsBack = 200, kLookBack = 2000;

[[nodiscard]] Statements statements_of(const Paragraph& paragraph);
// The mentions before the k-th, the nearest first: of its own sentence and of so many before it, and no more than bear on it.
[[nodiscard]] std::vector<const Mention*> mentions_before(const Statements& s, std::size_t k, int sentences_back);
// The text of a sentence of it; where it begins; what it says before `end`, a place in the paragraph's text.
[[nodiscard]] std::u32string_view sentence_text(const Statements& s, int sentence);
[[nodiscard]] std::size_t sentence_begin(const Statements& s, int sentence);
[[nodiscard]] std::u32string_view said_before(const Statements& s, int sentence, std::size_t end);
// The last clause of `words`, up to the first of `stops`, without quotation marks.
[[nodiscard]] std::u32string last_clause(std::u32string_view words, std::initializer_list<std::u32string_view> stops);
// Half a unit of the last place that was printed, in the value's own measure.
[[nodiscard]] std::int64_t half_place(const Mention& m);
// An amount of money that is stated for its own sake: no reason's, nor what something is compared with.
[[nodiscard]] bool is_stated(const Mention& m);
// Whether its words speak of a budget, and of no account; the names of funds do not count.
[[nodiscard]] bool is_budgeted(const Mention& m);

}  // namespace qushu::budget
