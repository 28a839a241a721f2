// One source for one thing (一数一源): which datasets describe the same things, what is collected twice, and which of them
// should be the source of record.
//
// A sketch of every column of a dataset's current version is made once, as a job after publishing: of its different values,
// those whose hash lies below a bound that leaves about insight.sketch_size of them. Where two sketches overlap, the share of
// one column's values that the other holds is estimated from the hashes below the smaller of both bounds; rows are never
// compared with rows. verify() counts exactly, for two columns that somebody looks at.
//
// Values are compared as people mean them: as text, without white space around, whatever the case. Short numbers, figures with
// a unit, columns with few different values (insight.linkage_distinct), dates, times and truth values link nothing.
//
// What is shown is what the caller may see: pairs of datasets that she may read both. Decisions are audited in their
// transaction.
//
// Thread-safety: a Linkage may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/jobs/jobs.h"
#include "qushu/sharing/policy.h"
#include "qushu/store/store.h"

namespace qushu::insight {

namespace json = boost::json;

// What is known of a sketched column.
struct SketchedColumn {
  std::string dataset_id, field;
  std::uint64_t rows = 0, values = 0;  // of the version; non-empty ones
  std::uint64_t distinct = 0;          // estimated from the sketch
  // Whether a value names one row: nearly all are different.
  [[nodiscard]] bool identifies() const;
};

// Two columns whose values overlap.
struct Link {
  std::string field_a, field_b;
  double a_in_b = 0, b_in_a = 0;  // shares of the different values: estimated, or exact
  double error = 0;               // standard error of the larger share; 0 when exact
  bool exact = false;
};

// Fields of two datasets that say the same.
struct Twin {
  std::string field_a, field_b;
  bool by_value = false;  // told by their values, not only by their names
};

struct Side {
  catalog::Dataset dataset;
  double coverage = 0;      // how much of the other's things it has
  double completeness = 0;  // of the fields that both collect
  int score = 0;            // 0 to 100, see docs/zh/user.md
  std::vector<Text> reasons;
};

// same: both describe the same things. refers: the rows of one name things of the other.
enum class Kind : std::uint8_t { same, refers };

struct Decision {
  std::string state;      // confirmed, dismissed
  std::string source_id;  // of confirmed: the dataset that is the source of record
  std::string note, person_name;
  Time at;
};

struct Suggestion {
  Side a, b;  // a.dataset.id < b.dataset.id
  Kind kind = Kind::same;
  std::vector<Link> links;  // the best first
  std::vector<Twin> twins;  // collected by both
  std::string proposed_id;  // of the dataset that is proposed as the source of record
  std::optional<Decision> decision;
};

struct Overview {
  std::vector<Suggestion> suggestions;
  std::size_t datasets = 0;    // that the caller may read
  std::size_t unsketched = 0;  // of these, without a sketch of their current version
};

class Linkage {
 public:
  struct Deps {
    const Settings& settings;
    store::Store& store;
    blob::BlobStore& blobs;
    engine::Engine& engine;
    audit::Audit& audit;
    jobs::Jobs& jobs;
    catalog::Catalog& catalog;
    const sharing::Policy& policy;
    const Clock& clock;
  };
  explicit Linkage(Deps deps) : deps_(deps) {}

  // Makes the jobs insight.sketch and insight.link known; once, before Jobs::start().
  void register_jobs();
  // Queues the sketch of a version that has become current; for Catalog::on_current().
  [[nodiscard]] Result<void> derive(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                    const catalog::Version& version);
  // Queues it for every dataset that the caller answers for and that has none; how many.
  [[nodiscard]] Result<std::size_t> refresh(const Actor& actor);

  // `dataset`: only pairs with this one (code or id); empty: all. `state`: open, confirmed, dismissed, or empty.
  [[nodiscard]] Result<Overview> overview(const Actor& actor, std::string_view dataset, std::string_view state) const;
  // Counts how many different values the two columns share, and keeps it.
  [[nodiscard]] Result<Link> verify(const Actor& actor, std::string_view dataset_a, std::string_view field_a,
                                    std::string_view dataset_b, std::string_view field_b,
                                    const std::function<bool()>& cancelled);
  struct NewDecision {
    std::string dataset_a, dataset_b;  // codes or ids
    std::string state;                 // confirmed, dismissed, open (takes a decision back)
    std::string source;                // of confirmed
    std::string note;
  };
  // By those who may change both datasets.
  [[nodiscard]] Result<void> decide(const Actor& actor, const NewDecision& decision);
  // For the sweep.
  [[nodiscard]] Result<bool> uses_blob(std::string_view sha256) const;

 private:
  Result<jobs::Finish> run_sketch(jobs::Context& context);
  Result<jobs::Finish> run_link(jobs::Context& context);
  [[nodiscard]] std::string method() const;

  Deps deps_;
};

[[nodiscard]] json::object to_json(const Overview& overview, Lang lang);
[[nodiscard]] json::object to_json(const Link& link);

}  // namespace qushu::insight
