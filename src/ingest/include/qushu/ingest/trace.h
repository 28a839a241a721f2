// How a version was made: from which sources and datasets, through which steps, and which field comes from which column. Kept
// when a pipeline publishes a version, in its transaction; a version that a file import made needs none, since its origins and
// field names say it all.
//
// A Trace never changes; it is removed with its dataset. Whoever shows it hides what the reader may not know of (insight).
//
// Thread-safety: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/engine/lineage.h"
#include "qushu/ingest/steps.h"
#include "qushu/store/store.h"

namespace qushu::ingest {

[[nodiscard]] std::span<const store::Migration> trace_migrations();

// Something that the steps, or the fields themselves, read.
struct TraceInput {
  std::string relation;       // what the steps call it: "input", a dataset's code or title, a relation
  std::string kind;           // "table" or "file" of a source, "push", "dataset", "relation"
  std::string id;             // of the source or dataset; a relation's name
  std::string name;           // as people know it, kept even when it is gone
  std::string location = {};  // table, query or file within the source
  std::vector<std::string> columns = {};
};

struct TraceColumn {
  std::string name;  // of a step's column; of a field: its identifier
  std::set<engine::Origin> from;
  bool copied = false, certain = true;
};

struct TraceStep {
  std::string name, title, sql;
  std::vector<TraceColumn> columns;
  std::set<engine::Origin> conditions;
};

struct Trace {
  std::string pipeline_id, pipeline_code, pipeline_title, run_id;
  std::vector<TraceInput> inputs;
  std::vector<TraceStep> steps;     // in order; empty: the fields come from the inputs
  std::vector<TraceColumn> fields;  // of the version
};

// The steps of a report with `sqls` of the plan.
[[nodiscard]] std::vector<TraceStep> trace_of(const StepPlan& plan, const StepReport& report);

[[nodiscard]] Result<void> keep_trace(store::Transaction& t, std::string_view dataset_id, std::int64_t version,
                                      const Trace& trace);
[[nodiscard]] Result<std::optional<Trace>> find_trace(store::Session& s, std::string_view dataset_id, std::int64_t version);

// The versions that were made with the help of this dataset or source, newest first for each dataset.
struct Dependant {
  std::string dataset_id;
  std::int64_t version = 0;
};
[[nodiscard]] Result<std::vector<Dependant>> dependants_of(store::Session& s, std::string_view input_id);

}  // namespace qushu::ingest
