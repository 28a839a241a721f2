// What the steps of a pipeline read: the rows that were gathered, their items alone.
#include <fmt/format.h>

#include "qushu/base/id.h"

#include "fixed_row.h"
#include "gather.h"

namespace qushu::ingest {

Result<StepInput> gathered_rows(const blob::BlobStore& blobs, const Gathered& g) {
  if (!g.select.empty()) return StepInput{.select = g.select, .files = g.inputs};
  std::vector<std::filesystem::path> files;
  for (const auto& part : g.parts) {
    QS_TRY(auto path, blobs.path(part.blob));
    files.push_back(std::move(path));
  }
  auto select = fmt::format("SELECT * FROM {}", engine::parquet_scan(files));
  return StepInput{.select = std::move(select), .files = std::move(files)};
}

Result<StepInput> step_input(const Pipelines::Deps& deps, Gathered& g, const Cancelled& cancelled) {
  QS_TRY(auto rows, gathered_rows(deps.blobs, g));
  if (g.fixed) {
    // Fixed values come from memory, where steps do not reach: they are written down beside the rows first.
    auto whole = deps.blobs.temporary_folder() / ("input-" + new_id() + ".parquet");
    g.scratch.push_back(std::make_unique<TempFile>(whole));
    QS_CHECK(deps.engine.execute(
        {.sql = fmt::format("COPY ({}) TO {} (FORMAT parquet)", rows.select, engine::quote_text(whole.string())),
         .tables = g.tables(),
         .limits = {.time = std::chrono::hours(24), .cancelled = cancelled}}));
    rows = {.select = fmt::format("SELECT * FROM {}", engine::parquet_scan({whole})), .files = {whole}};
  }
  for (const auto& item : g.items) rows.labels.push_back({.name = item.name, .column = item.id});
  // Rows are numbered anew behind the steps: their old number is none of the columns that a step may name.
  rows.select = fmt::format("SELECT * EXCLUDE (_id) FROM ({})", rows.select);
  return rows;
}

}  // namespace qushu::ingest
