// The cells of a row straight into the engine's vectors, weighed on the way where a survey asks for it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "qushu/engine/engine.h"
#include "qushu/tabular/tabular.h"

#include "infer.h"
#include "row.h"

namespace qushu::tabular {

// Used by one thread.
class RowWriter {
 public:
  // `wanted`: what the engine asks for, in its order: 0 the row's line, i + 1 the i-th column of the plan that is not skipped.
  // `weigh`: every cell of every row is weighed too. `plan` outlives the writer.
  RowWriter(const std::vector<ColumnPlan>& plan, const std::vector<std::size_t>& wanted, bool weigh);
  // Where the next rows go.
  void aim(engine::ChunkWriter& into);
  // A row of data to place `row`; false when a cell misfits: then the place is as good as empty.
  [[nodiscard]] bool put(const Record& record, std::size_t row);
  [[nodiscard]] const std::vector<Misfit>& misfits() const { return converter_.misfits(); }  // of the last row
  // What weighing has learnt so far, one per column of the plan; from then on nothing is weighed.
  [[nodiscard]] std::vector<ColumnTally> take_tallies() { return std::exchange(tallies_, {}); }

 private:
  // What becomes of the cells of one column.
  struct Lane {
    const ColumnPlan* plan = nullptr;
    bool wanted = false;
    std::size_t slot = 0;
    // The one of the column's type, where it has one.
    std::int64_t* integers = nullptr;
    double* numbers = nullptr;
    bool* booleans = nullptr;
    std::int32_t* dates = nullptr;
  };
  static void aim_lane(engine::ChunkWriter& into, Lane& lane);
  [[nodiscard]] bool place(Lane& lane, const Weighed& found, std::size_t row, bool lasts);
  [[nodiscard]] bool place_number(Lane& lane, const Number& number, std::size_t row);
  void place(Lane& lane, const TypedCell& value, std::size_t row, bool lasts);
  void place_text(const Lane& lane, std::string_view text, std::size_t row, bool lasts);

  RowConverter converter_;
  std::vector<Lane> lanes_;
  std::vector<ColumnTally> tallies_;
  engine::ChunkWriter* into_ = nullptr;
  std::int64_t* lines_ = nullptr;
  std::size_t line_slot_ = SIZE_MAX;
  std::vector<std::size_t> nulls_;  // slots, of the row being put
  Weighed found_;
  TypedCell typed_;
  std::string buffer_;
};

}  // namespace qushu::tabular
