// Pipelines: how one dataset is gathered from one source, again and again, with nothing lost and nothing twice.
//
// A run reads what the pipeline's mode asks for, maps and types it, runs the steps, looks for schema drift and hands the rows
// to ingest/change.h. The version, the watermark, the files that were read and the run's counts are one transaction: the
// watermark is never ahead of the data. A run is a job, so it survives `kill -9`; a due time makes one run, however many
// servers look.
//
// Modes:
//   full         what the source has is the dataset
//   append       what the source has, or its new files, comes on top
//   upsert       by key; with `delete_missing` rows whose key no longer comes go
//   incremental  the rows beyond the watermark, a timestamp or a sequence: by key where there is one, else on top
//
// Thread-safety: Pipelines may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/blob/blob_store.h"
#include "qushu/calendar/calendar.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/ingest/change.h"
#include "qushu/ingest/drift.h"
#include "qushu/ingest/steps.h"
#include "qushu/jobs/jobs.h"
#include "qushu/sharing/policy.h"
#include "qushu/sources/sources.h"
#include "qushu/store/store.h"

namespace qushu::ingest {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> pipeline_migrations();
[[nodiscard]] std::span<const SettingSpec> pipeline_settings();  // ingest.arrival_interval, ingest.try_rows …

enum class Gather : std::uint8_t { full, append, upsert, incremental };
enum class OnDrift : std::uint8_t { ask, add, text };  // stop and ask; add new columns; keep what changed as text

// What becomes of a column of the source, or a value that is the same for every row.
struct Mapped {
  std::string column;  // as the source calls it; empty: a fixed value
  std::string name;    // of the item
  engine::Type type = engine::Type::text;
  std::uint8_t width = 0, scale = 0;
  std::string unit = {};
  bool skip = false, key = false;
  std::optional<std::string> fixed = {};  // in the type's canonical text
  std::optional<engine::Type> seen = {};  // the source's type when somebody last looked
  bool may_miss = false;                  // the column may be missing: its item is empty then
  std::vector<std::string> also = {};     // what files call the column that have none of its name
};

struct Watermark {
  std::string column;        // empty: none
  bool timestamp = true;     // or a sequence
  std::int64_t overlap = 0;  // how far before the last value reading begins: seconds, or steps of the sequence
};

struct When {
  std::string cron, zone;  // zone "": the district's
  calendar::DayRule days = calendar::DayRule::every;
};

struct Pipeline {
  std::string id, code, title, department_id, owner_id, owner_name;
  std::string source;       // its code
  json::object selection;   // what is taken of it: the shape of sources::Selection
  std::string dataset;      // the code of the dataset
  json::object entry = {};  // title, theme … of the dataset, when the first run adds it
  Gather mode = Gather::full;
  bool delete_missing = false;
  Watermark watermark = {};
  std::vector<Mapped> fields;  // in the source's order
  json::object file = {};      // of sources of files: which table, and how it is written
  StepPlan steps = {};
  std::vector<When> schedules = {};
  std::vector<std::string> after = {};        // codes of pipelines; runs once all of them have succeeded anew
  std::vector<std::string> on_datasets = {};  // codes; runs when one of them gets a version, by a push or otherwise
  bool on_arrival = false;                    // runs when files are new or changed
  OnDrift drift = OnDrift::ask;
  bool enabled = true;
  int attempts = 3;               // of a run that failed for a reason that may pass
  std::int64_t retry_pause = 60;  // seconds before the second attempt; doubles
  // Kept by the runs.
  std::string position = {};  // the watermark's last value, canonical
  std::optional<Time> next_due = {};
  Time created, changed;
};

// A run that would leave none of a dataset's rows, or take away more of them than ingest.loss_share allows, asks first.
struct Loss {
  std::uint64_t before = 0, after = 0;
  bool accepted = false;  // a person has said that so many may go
};

struct Run {
  std::string id, pipeline_id, pipeline_code, pipeline_title, trigger;  // manual, schedule, after, arrival, dataset, decision
  std::string state;  // queued, running, waiting, succeeded, failed, cancelled
  std::string job_id, person_id, person_name, department_id, source, dataset;
  std::optional<Time> due;
  Time created;
  std::optional<Time> started, ended;
  std::uint64_t read = 0, added = 0, changed = 0, deleted = 0, unchanged = 0, rejected = 0, bytes = 0;
  std::int64_t version = 0;  // that it published; 0: none, since nothing was new
  std::string position_before, position_after;
  json::array files;  // {name, etag, modified, size, blob}
  std::vector<Drift> drifts;
  json::object decisions;  // by column
  std::optional<Error> error;
  std::vector<Text> warnings;  // of a run that did what it should, on what does not look right
  std::optional<Loss> loss;    // what it waits for, or waited for
};

// What a person decides about one drifted column.
struct Decision {
  std::string column;
  std::string
      verdict;  // add, skip, rename (it is the old column), empty (the item stays, without values), retype, text, reject
};

// How a definition does on the source as it is now.
struct Trial {
  std::vector<SeenColumn> columns;
  std::vector<Mapped> fields;         // as given, or proposed when none were
  std::vector<catalog::Field> items;  // what the dataset would get
  std::vector<Drift> drifts;
  json::array rows;                    // the first ones, mapped: arrays of canonical text or null
  std::uint64_t read = 0, misfit = 0;  // of the rows that were tried
  json::array misfits;                 // {line, column, value, reason}
  std::optional<StepReport> steps;
  json::array files;  // {name, size, modified}: what a run would read, of sources of files
};

class Pipelines {
 public:
  struct Deps {
    store::Store& store;
    blob::BlobStore& blobs;
    engine::Engine& engine;
    audit::Audit& audit;
    jobs::Jobs& jobs;
    identity::Identity& identity;
    const calendar::Calendar& calendar;
    catalog::Catalog& catalog;
    const sharing::Policy& policy;
    const Changes& changes;
    sources::Sources& sources;
    const Steps& steps;
    const Settings& settings;
    const Clock& clock;
  };
  // Registers the job kind pipeline.run.
  [[nodiscard]] static std::unique_ptr<Pipelines> open(Deps deps);
  virtual ~Pipelines() = default;  // stop()

  // not_found also for what the caller may not know of.
  [[nodiscard]] virtual Result<Pipeline> find(const Actor& actor, std::string_view code) const = 0;
  [[nodiscard]] virtual Result<std::vector<Pipeline>> list(const Actor& actor) const = 0;
  // Saved once it was tried: an error is the trial's.
  [[nodiscard]] virtual Result<Pipeline> add(const Actor& actor, const Pipeline& pipeline) = 0;
  // Replaces the definition; `seen` is its `changed` as the caller last saw it: conflict when it has been changed since. What
  // the runs keep stays, but for the watermark when the mode, the source, its selection or the watermark's column change: then
  // everything is read once more.
  [[nodiscard]] virtual Result<Pipeline> change(const Actor& actor, std::string_view code, const Pipeline& pipeline,
                                                const std::optional<Time>& seen = {}) = 0;
  [[nodiscard]] virtual Result<Pipeline> enable(const Actor& actor, std::string_view code, bool enabled) = 0;
  // The watermark and the files that were read are forgotten: the next run reads everything.
  [[nodiscard]] virtual Result<Pipeline> forget(const Actor& actor, std::string_view code) = 0;
  [[nodiscard]] virtual Result<void> remove(const Actor& actor, std::string_view code) = 0;
  [[nodiscard]] virtual Result<Trial> attempt(const Actor& actor, const Pipeline& pipeline) const = 0;

  // Queues a run now. conflict while one is queued, running or waiting.
  [[nodiscard]] virtual Result<Run> run(const Actor& actor, std::string_view code) = 0;
  [[nodiscard]] virtual Result<Run> find_run(const Actor& actor, std::string_view id) const = 0;
  struct Filter {
    std::string pipeline, state, before;  // code; state; keyset: runs older than this id
    std::size_t limit = 50;
  };
  [[nodiscard]] virtual Result<std::vector<Run>> runs(const Actor& actor, const Filter& filter) const = 0;
  [[nodiscard]] virtual Result<Run> cancel(const Actor& actor, std::string_view id) = 0;
  // Takes the decisions about a waiting run's drift into the pipeline, and lets the run go on from what it has kept. Of one
  // that waits for a loss `accept_loss` says that it may be.
  [[nodiscard]] virtual Result<Run> decide(const Actor& actor, std::string_view id, const std::vector<Decision>& decisions,
                                           bool accept_loss = false) = 0;

  // Looks for what is due, what has arrived, and what became of runs whose process died. The server calls it every second or
  // so.
  [[nodiscard]] virtual Result<void> tick() = 0;
  // A dataset has a new current version, as part of `t`.
  [[nodiscard]] virtual Result<void> published(store::Transaction& t, const catalog::Dataset& dataset) = 0;
  // The pipelines that read the source `code`.
  [[nodiscard]] virtual Result<std::vector<sources::Sources::Use>> users_of(store::Session& s, std::string_view code) const = 0;
  // Whether a run that did not fail names the blob; for the sweep.
  [[nodiscard]] virtual Result<bool> uses_blob(std::string_view sha256) const = 0;
};

[[nodiscard]] std::string_view name(Gather mode);
[[nodiscard]] std::string_view name(OnDrift drift);

// A definition as the API and files write it, and back. Errors name the member.
[[nodiscard]] json::object to_json(const Pipeline& pipeline);
[[nodiscard]] Result<Pipeline> pipeline_of(const json::object& document);
[[nodiscard]] json::object to_json(const Run& run, Lang lang);
[[nodiscard]] json::object to_json(const Trial& trial, Lang lang);

// /api/v1/pipelines…, /api/v1/runs…
void add_pipeline_routes(http::Router& router, Pipelines& pipelines, jobs::Jobs& jobs, const calendar::Calendar& calendar);

}  // namespace qushu::ingest
