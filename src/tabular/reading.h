// A table being read as typed columns, on several threads.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "qushu/tabular/tabular.h"

#include "row.h"

namespace qushu::tabular {

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
};

[[nodiscard]] Result<File::Reading> open_reading(ReadSpec spec);

}  // namespace qushu::tabular
