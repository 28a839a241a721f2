// A table being read as typed columns, on several threads.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "qushu/tabular/tabular.h"

#include "infer.h"
#include "row.h"

namespace qushu::tabular {

// What all threads of a survey have learnt. Its members are guarded by `mutex`; whole after the scan.
struct Tallies {
  std::mutex mutex;
  std::vector<ColumnTally> columns;
  std::uint64_t broken = 0, bad_bytes = 0;
  std::vector<Misfit> misfits;  // the first ones, in no order
};

struct ReadSpec {
  std::filesystem::path file;
  Separators separators;
  std::uint64_t skip_bytes = 0;
  RowRules rules;
  std::vector<ColumnPlan> plan;
  std::vector<std::string> ids;
  File::RejectSink rejects;
  Progress progress;
  std::size_t threads = 2;
  std::shared_ptr<Tallies> tallies = {};  // set: every cell is weighed too
  File::ByteSink copy = {};               // set: gets every byte of the file
};

[[nodiscard]] Result<File::Reading> open_reading(ReadSpec spec);

}  // namespace qushu::tabular
