// A row against its plan: every cell becomes a value of its column's type, or a misfit with its reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/tabular/tabular.h"

#include "infer.h"
#include "text_file.h"
#include "value.h"

namespace qushu::tabular {

struct TypedCell {
  enum class State : std::uint8_t { null, set } state = State::null;
  std::int64_t integer = 0;  // integer, boolean, date (days), datetime and time (µs)
  double number = 0;
  __int128 decimal = 0;  // unscaled
  std::string_view text;
};

// What makes rows of a table data, and what breaks them whatever the types are.
struct RowRules {
  std::size_t width = 0;         // columns of the table
  bool fill_short = false;       // rows with fewer cells are data
  std::uint64_t first_line = 1;  // rows before it are title and header
  std::size_t cell_limit = SIZE_MAX;
  bool converted = false;  // from another encoding: U+FFFD is a byte that could not be read
};

enum class RowState : std::uint8_t { blank, data, broken };
// Whether the record is a row of data; why not, into `why`. `readable`: the whole block is known to be well-formed UTF-8.
[[nodiscard]] RowState state_of(const Record& record, const RowRules& rules, bool readable, Misfit& why);

// Whether a row is broken by bytes that are no text.
[[nodiscard]] bool is_bad_encoding(const Misfit& why);

class RowConverter {
 public:
  explicit RowConverter(const std::vector<ColumnPlan>& plan);
  // A row is converted cell by cell, or whole; its misfits are gathered.
  void begin(std::uint64_t line);
  // The cell of the plan's column `i`; false when it does not fit. A text lives as long as the cell.
  [[nodiscard]] bool cell(std::size_t i, std::string_view raw, TypedCell& out);
  // False when there are misfits.
  [[nodiscard]] bool convert(const Record& record);
  [[nodiscard]] const std::vector<Misfit>& misfits() const { return misfits_; }

 private:
  [[nodiscard]] bool one(const ColumnPlan& plan, std::string_view raw, TypedCell& out);
  const std::vector<ColumnPlan>& plan_;
  std::vector<std::string> expected_zh_, expected_en_;
  std::vector<Misfit> misfits_;
  std::uint64_t line_ = 0;
  TypedCell typed_;
  std::string buffer_;
};

}  // namespace qushu::tabular
