// The quality of datasets: rules, what came of them (checks), scores over time.
//
// A check is one evaluation of a dataset's rules: of the rows that are about to be published (examine), of the current version
// when a person asks or every day (run). It keeps for each rule how many rows were judged and how many fail, the failing rows
// (the first `quality.failures_kept` of each rule), and the scores.
//
// Scores, 0 to 100: a rule holds for the share (judged − failing) / judged of its rows, rows that were rejected for it counted
// as failing; a rule about the whole version holds or does not. A dimension is the mean of its rules, and the total is the mean
// of the dimensions that have rules, weighted by `quality.weights`. A dataset without rules has no score.
//
// A publication of changes alone (append, upsert) judges the rows that are new or changed, and adds them to what the check
// before found; the daily check reads the whole version again.
//
// Who may see a dataset sees its rules and scores; failing rows and values are for the providing department, like rejects.
// Every change is audited in its own transaction.
//
// Thread-safety: Quality may be used from any thread.
#pragma once

#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/blob/blob_store.h"
#include "qushu/calendar/calendar.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/jobs/jobs.h"
#include "qushu/quality/rules.h"
#include "qushu/sharing/policy.h"
#include "qushu/store/store.h"

namespace qushu::quality {

[[nodiscard]] std::span<const store::Migration> migrations();
// quality.weights, quality.failures_kept, quality.check_time, quality.grace_days, quality.daily_hour, quality.region_dataset,
// quality.region_field, quality.correction_days …
[[nodiscard]] std::span<const SettingSpec> settings();

// Asked while the work goes on.
using Cancelled = std::function<bool()>;

struct Scores {
  std::optional<double> total;
  std::array<std::optional<double>, kDimensions> dimensions;  // by Dimension
};

// What came of one rule.
struct Outcome {
  Rule rule;                              // as it was then
  std::uint64_t checked = 0, failed = 0;  // rows; of a rule about the whole version 1 and 0 or 1
  std::uint64_t rejected = 0;             // of these, not published
  Text note = {};                         // of a rule about the whole version: what was found
  struct Example {
    std::int64_t id = 0;
    std::string key, field, value;
  };
  std::vector<Example> examples;        // the first few
  [[nodiscard]] bool breached() const;  // more fail than its tolerance lets pass
};

struct Check {
  std::string id, dataset_id;
  std::int64_t version = 0;  // 0: it was stopped and not published
  std::string trigger;       // "publish", "manual", "daily"
  bool stopped = false;
  std::uint64_t rows = 0;  // that were looked at
  std::vector<Outcome> outcomes;
  Scores scores;
  std::string failures_blob;      // Parquet: rule, _id, key, field, value, reason_zh, reason_en, raw; empty: none
  std::string waived_by, waiver;  // of a stopped one: who let it pass and why
  std::string person_id, person_name, job_id;
  Time at;
};

// What is about to be published. The SELECTs have `_id` and the fields by identifier, over files of our own.
struct Candidate {
  const catalog::Dataset* dataset = nullptr;  // nullptr: it is new, and has no rules yet
  std::vector<catalog::Field> fields;
  std::string rows;   // those that are new or changed
  std::string whole;  // all rows of the version as it would be
  std::uint64_t row_count = 0, whole_count = 0;
  Cancelled cancelled = {};
};

struct Verdict {
  Check check;
  std::uint64_t rejected = 0;
  // A Parquet file in the blob store's temporary folder, `_id, field, value, reason_zh, reason_en`, a line for each row to
  // reject; empty: none. The caller removes it.
  std::filesystem::path rejects = {};
  std::optional<Error> stop = {};  // why nothing may be published
};

struct Proposal {
  Rule rule;  // without an id
  Text reason;
  std::uint64_t checked = 0, failed = 0;
};

struct Proposals {
  std::vector<Proposal> list;
  // Whether the version's profile was there to start from; without one all rows were scanned.
  bool from_profile = false;
};

struct Deps {
  store::Store& store;
  blob::BlobStore& blobs;
  engine::Engine& engine;
  audit::Audit& audit;
  jobs::Jobs& jobs;
  const calendar::Calendar& calendar;
  catalog::Catalog& catalog;
  const sharing::Policy& policy;
  const Settings& settings;
  const Clock& clock;
};

class Quality {
 public:
  // Registers the job kinds quality.check and quality.daily.
  [[nodiscard]] static std::unique_ptr<Quality> open(Deps deps);
  virtual ~Quality() = default;

  // --- rules -----------------------------------------------------------------------------------------------------------------
  // `code`: the dataset; not_found also for what the caller may not know of. Changes are for its stewards.
  [[nodiscard]] virtual Result<std::vector<Rule>> rules(const Actor& actor, std::string_view code) const = 0;
  [[nodiscard]] virtual Result<std::vector<Rule>> add(const Actor& actor, std::string_view code, const json::array& rules) = 0;
  // Members that are given replace those that were there.
  [[nodiscard]] virtual Result<Rule> change(const Actor& actor, std::string_view code, std::string_view id,
                                            const json::object& change) = 0;
  [[nodiscard]] virtual Result<void> remove(const Actor& actor, std::string_view code, std::string_view id) = 0;
  // What a rule that is not kept would find in the current version.
  [[nodiscard]] virtual Result<Outcome> test(const Actor& actor, std::string_view code, const json::object& rule,
                                             const Cancelled& cancelled) const = 0;
  // Rules that the current version suggests and that are not there yet, field by field.
  [[nodiscard]] virtual Result<Proposals> propose(const Actor& actor, std::string_view code,
                                                  const Cancelled& cancelled) const = 0;

  // --- checks ----------------------------------------------------------------------------------------------------------------
  // Judges what is about to be published. A stop is kept as a check of its own, for a person to look at; one that was waived
  // for exactly these findings does not stop again.
  [[nodiscard]] virtual Result<Verdict> examine(const Candidate& candidate) = 0;
  // Keeps the verdict with the version, in the publishing transaction.
  [[nodiscard]] virtual Result<void> keep(store::Transaction& t, const catalog::Dataset& dataset, std::int64_t version,
                                          const Verdict& verdict) = 0;
  // Lets what a check stopped be published all the same: what would be stopped again by the same findings passes. Audited.
  [[nodiscard]] virtual Result<Check> waive(const Actor& actor, std::string_view check_id, std::string_view reason) = 0;
  // Queues a check of the current version; the job's id.
  [[nodiscard]] virtual Result<std::string> request_check(const Actor& actor, std::string_view code) = 0;
  // Queues the daily check when its hour has come and it was not queued today. Called now and then.
  [[nodiscard]] virtual Result<void> tick() = 0;

  // The newest first.
  [[nodiscard]] virtual Result<std::vector<Check>> checks(const Actor& actor, std::string_view code,
                                                          std::size_t limit) const = 0;
  [[nodiscard]] virtual Result<Check> check(const Actor& actor, std::string_view id) const = 0;
  // The dataset of a check, when the caller may see its failing rows; forbidden says why not.
  [[nodiscard]] virtual Result<catalog::Dataset> failures_dataset(const Actor& actor, const Check& check) const = 0;

  // The latest check of the current version of each dataset that the caller sees, and how the mean went day by day.
  struct Standing {
    catalog::Dataset dataset;
    std::optional<Check> check;  // without outcomes
    std::int64_t rules = 0;
  };
  struct Day {
    std::string day;  // "2026-11-25"
    double total = 0;
    std::int64_t datasets = 0;
  };
  struct Overview {
    std::vector<Standing> datasets;
    std::vector<Day> days;
  };
  [[nodiscard]] virtual Result<Overview> overview(const Actor& actor) const = 0;
  // What everybody may be told of this version: the scores by those rules of its latest check that speak of these fields
  // alone. For code that has checked already that the fields are public; nothing when no such rule was judged.
  [[nodiscard]] virtual Result<std::optional<Scores>> public_scores(std::string_view dataset_id, std::int64_t version,
                                                                    const std::vector<std::string>& fields) const = 0;
  // What waits for this person: checks that stopped a publication of hers, not yet waived or superseded.
  [[nodiscard]] virtual Result<std::vector<Check>> stopped(const Actor& actor) const = 0;

  [[nodiscard]] virtual Result<bool> uses_blob(std::string_view sha256) const = 0;
};

// As the API shows it; values of rows only `with_values`.
[[nodiscard]] json::object to_json(const Check& check, const std::vector<catalog::Field>& fields, Lang lang, bool with_values);
[[nodiscard]] json::object to_json(const Scores& scores);
[[nodiscard]] Scores scores_of(const std::vector<Outcome>& outcomes, const std::array<double, kDimensions>& weights);
// "completeness=25 validity=30 …"; the error names the word that is wrong.
[[nodiscard]] Result<std::array<double, kDimensions>> parse_weights(std::string_view text);
// Whether the caller may see rows and values of this dataset's checks.
[[nodiscard]] bool may_see_failures(const Actor& actor, const catalog::Dataset& dataset);

// /api/v1/quality…, /api/v1/datasets/{code}/quality…
void add_routes(http::Router& router, Quality& quality, const catalog::Catalog& catalog, const Settings& settings);

}  // namespace qushu::quality
