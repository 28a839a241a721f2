// The steps between a source and a dataset: a chain of named SELECTs, each over the source's rows (`input`), earlier steps,
// the datasets that the pipeline's owner may read, and the relations that she may name (the rows that she sees). They are
// checked like any person's SQL and run as one query in a locked-down instance (engine/chain.h), within ingest.step_memory,
// ingest.step_spill and ingest.step_time.
//
// A step's name is an identifier that nothing else it could mean has. Parameters are written $name; $run_date and $run_time are
// always there: the day in the district's time zone and the moment (UTC) of the run, as the caller gives them.
//
// Errors name the step: see engine/chain.h.
//
// Thread-safety: a Steps may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/blob/blob_store.h"
#include "qushu/engine/engine.h"
#include "qushu/engine/lineage.h"
#include "qushu/http/router.h"
#include "qushu/sharing/policy.h"

namespace qushu::ingest {

namespace json = boost::json;

// What the steps call the rows of the source.
constexpr std::string_view kInput = "input";

struct Step {
  std::string name;  // [a-z][a-z0-9_]{0,62}
  std::string sql;
  std::string title = {};
};

struct StepParameter {
  std::string name;  // [a-z][a-z0-9_]{0,62}
  engine::Type type = engine::Type::text;
  std::optional<std::string> otherwise = {};  // default, in the type's canonical text; nothing: NULL
  std::string title = {};
};

struct StepPlan {
  std::vector<Step> steps;
  std::vector<StepParameter> parameters = {};
};

// What stands behind `input`: a SELECT of Qushu's own making with the files that it reads, or a source that is read once.
struct StepInput {
  std::string select = {};
  std::vector<std::filesystem::path> files = {};
  engine::TableSource* source = nullptr;   // used instead of `select` when set; must outlive the call
  std::vector<engine::Label> labels = {};  // what people call its columns
};

// On whose behalf and with what.
struct StepRun {
  Actor owner;
  Time at = {};                                    // $run_time
  std::string date = {};                           // $run_date; empty: the day of `at` in UTC
  std::map<std::string, std::string> values = {};  // of parameters, instead of their defaults
  std::function<bool()> cancelled = {};
};

// What is known of one step.
struct StepFacts {
  std::string name, title;
  std::vector<engine::Column> columns;
  engine::Lineage lineage;
  // After sample(): how many rows each thing that it reads had, how many it made, and the first of them as canonical text.
  struct Read {
    std::string name;
    std::optional<std::uint64_t> rows;  // not of other datasets, which are read whole
  };
  std::vector<Read> reads;
  std::uint64_t rows = 0;
  std::vector<std::vector<std::optional<std::string>>> first;
};

struct StepReport {
  std::vector<StepFacts> steps;
  std::vector<catalog::Dataset> datasets;    // those that the steps read besides `input`
  std::vector<sharing::Relation> relations;  // and these
};

// What a run made: a Parquet file inside the blob store's temporary folder, with `_id` and the last step's columns.
struct StepResult {
  StepReport report;
  std::filesystem::path file;
  std::uint64_t rows = 0;
};

[[nodiscard]] StepPlan step_plan_of(const json::value& value);  // as to_json() writes it; unknown members are ignored
[[nodiscard]] json::object to_json(const StepPlan& plan);
[[nodiscard]] json::object to_json(const StepReport& report);

class Steps {
 public:
  Steps(engine::Engine& engine, const blob::BlobStore& blobs, const sharing::Policy& policy, const Settings& settings)
      : engine_(engine), blobs_(blobs), policy_(policy), settings_(settings) {}

  // Whether the plan can run over such an input: every step's columns and where they come from. Reads no rows.
  [[nodiscard]] Result<StepReport> check(const StepPlan& plan, const StepInput& input, const StepRun& run) const;
  // Runs every step over the first `rows` rows of the input, and shows the first `shown` rows of each.
  [[nodiscard]] Result<StepReport> sample(const StepPlan& plan, const StepInput& input, const StepRun& run, std::uint64_t rows,
                                          std::uint64_t shown) const;
  // Runs the chain over everything. The caller adopts or removes the file.
  [[nodiscard]] Result<StepResult> run(const StepPlan& plan, const StepInput& input, const StepRun& run,
                                       std::int64_t first_id = 1) const;

 private:
  struct Opened;
  [[nodiscard]] Result<Opened> open(const StepPlan& plan, const StepInput& input, const StepRun& run, std::uint64_t sample,
                                    std::filesystem::path output) const;
  engine::Engine& engine_;
  const blob::BlobStore& blobs_;
  const sharing::Policy& policy_;
  const Settings& settings_;
};

// Runs the plan over the first `rows` rows of a dataset that run.owner may read, as its input.
[[nodiscard]] Result<StepReport> try_steps(const Steps& steps, const sharing::Policy& policy, const StepPlan& plan,
                                           std::string_view dataset, const StepRun& run, std::uint64_t rows);
// /api/v1/steps/try
void add_step_routes(http::Router& router, const Steps& steps, const sharing::Policy& policy, const Settings& settings,
                     const Clock& clock);

// ingest.step_memory, ingest.step_spill, ingest.step_time, ingest.step_sample
[[nodiscard]] std::span<const SettingSpec> step_settings();

}  // namespace qushu::ingest
