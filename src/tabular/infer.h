// What a column is, from all of its values.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/tabular/tabular.h"

#include "text_file.h"
#include "value.h"

namespace qushu::tabular {

// What weighing a cell found out on its way, for who converts it next.
struct Weighed {
  enum class Kind : std::uint8_t { unknown, number, date, datetime } kind = Kind::unknown;
  std::string_view plain;  // the cell trimmed
  Number number;
  std::int32_t days = 0;
  std::int64_t micros = 0;
};

// Counts of one column; a thread has its own and they are added up.
class ColumnTally {
 public:
  // One tally sees its lines in their order.
  void add(const Record& record, std::size_t column, std::string& buffer, Weighed& found);
  void merge(const ColumnTally& other);
  // The proposal. `share` is the share of values that may be rejected (0.01).
  [[nodiscard]] ColumnFacts decide(std::string name, double share) const;

 private:
  enum Kind : std::uint8_t { kInteger, kDecimal, kNumber, kBoolean, kDate, kCompactDate, kDatetime, kTime, kPercent, kKinds };
  // The first values of the column, whichever thread came upon them.
  struct Example {
    std::uint64_t line;
    std::string text;
  };
  void note_example(std::uint64_t line, std::string_view text);
  [[nodiscard]] bool code_like(const std::string& name, std::uint64_t allowed) const;

  std::uint64_t values_ = 0, empty_ = 0, blank_words_ = 0;
  std::array<std::uint64_t, kKinds> fits_{};
  std::uint64_t leading_zero_ = 0, long_digits_ = 0, was_text_number_ = 0, id_cards_ = 0, credit_codes_ = 0, phones_ = 0,
                with_time_ = 0;
  std::uint64_t digits_only_ = 0;
  std::size_t shortest_ = SIZE_MAX, longest_ = 0;  // of values of digits only
  int digits_ = 0, scale_ = 0;                     // the most seen
  std::array<std::uint64_t, 39> by_scale_{}, by_digits_{};
  std::vector<Example> examples_;
};

// The unit that a header names in brackets, "注册资本（万元）" → "万元"; empty when there is none.
[[nodiscard]] std::string unit_of(std::string_view header);

}  // namespace qushu::tabular
