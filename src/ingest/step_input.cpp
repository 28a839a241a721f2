// What the steps of a pipeline read: the rows that were gathered, their items alone.
#include <fmt/format.h>

#include "qushu/base/id.h"

#include "fixed_row.h"
#include "gather.h"

namespace qushu::ingest {

Result<StepInput> step_input(const Pipelines::Deps& deps, Gathered& g, const Cancelled& cancelled) {
  std::vector<std::filesystem::path> files = g.inputs;
  auto select = g.select;
  if (select.empty()) {
    files.clear();
    for (const auto& part : g.parts) {
      QS_TRY(auto path, deps.blobs.path(part.blob));
      files.push_back(path);
    }
    select = fmt::format("SELECT * FROM {}", engine::parquet_scan(files));
  } else if (g.fixed) {
    // Fixed values come from memory, where steps do not reach: they are written down beside the rows first.
    auto whole = deps.blobs.temporary_folder() / ("input-" + new_id() + ".parquet");
    g.scratch.push_back(std::make_unique<TempFile>(whole));
    QS_CHECK(
        deps.engine.execute({.sql = fmt::format("COPY ({}) TO {} (FORMAT parquet)", select, engine::quote_text(whole.string())),
                             .tables = g.tables(),
                             .limits = {.time = std::chrono::hours(24), .cancelled = cancelled}}));
    files = {whole};
    select = fmt::format("SELECT * FROM {}", engine::parquet_scan(files));
  }
  // Rows are numbered anew behind the steps: their old number is none of the columns that a step may name.
  return StepInput{.select = fmt::format("SELECT * EXCLUDE (_id) FROM ({})", select), .files = files};
}

}  // namespace qushu::ingest
