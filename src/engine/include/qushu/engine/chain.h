// A chain of SELECTs that people wrote, each over named inputs and the steps before it: what stands between a source and a
// dataset. Every statement is checked as one of a sandbox (one SELECT, allow-lists, fail closed), and the whole runs as one
// query in a locked-down instance of its own, which may spill to a private folder within a limit.
//
// A step that is read once is not kept anywhere, its rows stream into the next; one that is read more often is made once. A
// TableSource among the inputs is read once however often it is named.
//
// An error says which step: its text begins with the step's title or name, its subject is "steps[1].sql position 12" (1-based,
// in characters of that step's SQL; without the position when it is not known).
//
// Thread-safety: a Chain belongs to one thread at a time, and one cursor of it lives at a time.
#pragma once

#include "qushu/engine/engine.h"
#include "qushu/engine/lineage.h"

namespace qushu::engine {

struct ChainStep {
  std::string name;  // what later steps call it
  std::string sql;
  std::string title = {};  // for errors; empty: the name
};

// $name in the steps. `value` is the canonical text of the type, or nothing for NULL.
struct ChainParameter {
  std::string name;
  Type type = Type::text;
  std::optional<std::string> value;
};

struct ChainSpec {
  std::vector<View> views;
  std::vector<Bound> tables = {};
  std::vector<std::filesystem::path> files = {};  // exactly those that the views read
  std::vector<std::string> names = {};            // for suggestions, as in SandboxSpec
  std::vector<Label> labels = {};                 // likewise
  std::vector<ChainStep> steps;
  std::vector<ChainParameter> parameters = {};
  std::string sampled = {};  // of this input…
  std::uint64_t sample = 0;  // … only so many rows; 0: all
  // The Parquet file that write() may make; empty: none.
  std::filesystem::path output = {};
  std::uint64_t memory = 512ULL << 20U;
  std::uint64_t spill = 20ULL << 30U;
  Limits limits = {};  // of looking at the steps' columns
};

class Chain {
 public:
  virtual ~Chain() = default;
  // Of each step, once the chain is open: its columns, and where they come from (inputs and steps before it).
  [[nodiscard]] virtual const std::vector<Column>& columns(std::size_t step) const = 0;
  [[nodiscard]] virtual const Lineage& lineage(std::size_t step) const = 0;

  [[nodiscard]] virtual Result<std::uint64_t> count(std::size_t step, const Limits& limits) = 0;
  // The first `most` rows of a step; 0: all.
  [[nodiscard]] virtual Result<std::unique_ptr<Cursor>> rows(std::size_t step, std::uint64_t most, const Limits& limits) = 0;
  // The last step's rows into ChainSpec::output, as columns `_id` (first_id, first_id + 1 …) and its own, of which one called
  // `_id` is left out; how many. Call it once.
  [[nodiscard]] virtual Result<std::uint64_t> write(std::int64_t first_id, const Limits& limits) = 0;
};

}  // namespace qushu::engine
