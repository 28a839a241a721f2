// From typed rows to the next version of a dataset: the one way in, for imports, pipelines and pushed rows alike.
//
//   prepare()  works out what the rows change and writes what is new into blobs, which are garbage until a version names them
//   publish()  names them: one transaction, which fails with "dataset.moved" when another version came between
//
// Modes:
//   full    the rows are the dataset from now on. With a declared key, what that added, changed and removed is counted.
//   append  the rows come on top. With a declared key, a row that is there already is left out, and one whose key belongs to
//           another row is rejected.
//   upsert  by the declared key: rows with a new key are added, rows that differ take the place of the one with their key,
//   equal
//           ones are left alone; with `delete_missing`, rows whose key does not come go.
// Append and upsert write the new and changed rows alone: the version shares all other parts with the one before it, and lists
// what is gone. A field that the rows do not have stays as it is in rows that change, and is empty in those that are added.
//
// Between the two stands quality (Examine): it sees every row that would be published and may reject rows or stop the change.
//
// Every row read is added, changed, unchanged or rejected with its reason, and the counts add up, or nothing is published.
// Work on the big side reads the key columns first, and whole rows only of those whose key was found; the engine's memory limit
// holds, it spills.
//
// Thread-safety: Changes may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/store/store.h"

namespace qushu::ingest {

namespace json = boost::json;

enum class Mode : std::uint8_t { full, append, upsert };
[[nodiscard]] std::string_view name(Mode mode);
[[nodiscard]] bool parse(std::string_view text, Mode& out);

// The boolean column of Incoming::removals.
inline constexpr std::string_view kRemoved = "_removed";

// Asked while the work goes on.
using Cancelled = std::function<bool()>;

// What becomes of the earlier ones of several rows with one key in one load (upsert, and append with a key).
enum class Repeated : std::uint8_t {
  last,    // the last one counts, the others are rejected
  reject,  // all of them are rejected
  apply,   // they are steps in time, each of which replaced the one before (pushed rows); counted as changed
};
[[nodiscard]] bool parse(std::string_view text, Repeated& out);

struct Incoming {
  // The columns of the rows, with `key` where the source declares one; what the dataset declared holds besides.
  std::vector<catalog::Field> fields;
  // The rows: parts that are blobs already, `_id` the line within the part; or else a SELECT whose first column is `_id` (the
  // line, unique) followed by the fields by identifier, over `tables` and files of our own.
  std::vector<catalog::Part> parts = {};
  std::string select = {};
  std::vector<engine::Bound> tables = {};
  bool numbered = true;  // false: the SELECT has no `_id`; its rows are numbered as they come

  // What was read and rejected on the way here. Of a SELECT it is asked for once its rows were read; without it, every row that
  // came was read and none was rejected.
  struct Counts {
    std::uint64_t read = 0, rejected = 0;
    std::string rejects_blob = {};  // catalog::Version::rejects_blob
  };
  std::function<Result<Counts>()> counts = {};

  std::vector<catalog::Origin> origins = {};
  std::string job_id = {};
  bool delete_missing = false;            // of upsert
  bool removals = false;                  // of upsert: a boolean column `_removed` says that the row of this key goes
  std::optional<Repeated> repeated = {};  // otherwise the setting ingest.repeated_keys
  std::function<void(Text)> step = {};    // told what is being done
};

// What is about to be published, for quality to look at. All SELECTs have `_id` and the fields by identifier.
struct Candidate {
  const catalog::Dataset* dataset;  // nullptr: it is new
  std::string code;
  Mode mode = Mode::full;
  std::vector<catalog::Field> fields;
  std::string rows;   // those that are new or changed
  std::string whole;  // all rows of the version as it would be
  std::uint64_t row_count = 0, whole_count = 0;
  const Cancelled& cancelled;
};
struct Verdict {
  // A Parquet file `_id, field, value, reason_zh, reason_en` of the rows among `rows` to reject, one entry a row; empty: none.
  std::filesystem::path rejects = {};
  std::optional<Error> stop = {};  // nothing is published
  // Runs in the publishing transaction: scores and failing rows are kept with the version.
  std::function<Result<void>(store::Transaction&, const catalog::Dataset&, std::int64_t version)> keep = {};
};
using Examine = std::function<Result<Verdict>(const Candidate&)>;

// Rows of a load whose key the version has, found without reading its parts.
struct Found {
  std::int64_t new_id = 0, old_id = 0;
  bool differs = false;  // in any field
};
// Looks up the rows of `rows` (SELECT _id and `fields`, those with `key` making the key) in `base`; nullopt: it cannot tell.
using FindByKey = std::function<Result<std::optional<std::vector<Found>>>(const catalog::Version& base,
                                                                          const std::vector<catalog::Field>& fields,
                                                                          const std::string& rows, const Cancelled& cancelled)>;

struct Change {
  catalog::Version version;  // its counts are the answer
  // How many rows of each of Incoming::parts were left out for their keys or by rules.
  std::vector<std::uint64_t> left_out = {};
  std::function<Result<void>(store::Transaction&, const catalog::Dataset&, std::int64_t version)> keep = {};
};

// The fields of both: those that were there, then the new ones; a type that holds the values of both, the key of either.
[[nodiscard]] std::vector<catalog::Field> merged_fields(const std::vector<catalog::Field>& had,
                                                        const std::vector<catalog::Field>& incoming);

class Changes {
 public:
  struct Deps {
    blob::BlobStore& blobs;
    engine::Engine& engine;
    catalog::Catalog& catalog;
    const Settings& settings;
  };
  explicit Changes(Deps deps) : deps_(deps) {}

  // Asked about every change from now on. Set before the first.
  void on_examine(Examine examine) { examine_ = std::move(examine); }
  // A faster way to the rows of a version than its parts, for loads that are small beside it. Set before the first.
  void on_find(FindByKey find) { find_ = std::move(find); }

  // `dataset` nullopt: it does not exist yet and will be added under `code`.
  [[nodiscard]] Result<Change> prepare(const std::optional<catalog::Dataset>& dataset, std::string_view code, Mode mode,
                                       const Incoming& incoming, const Cancelled& cancelled) const;
  // The number of the version. May run more than once, as transactions do.
  [[nodiscard]] Result<std::int64_t> publish(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                             const Change& change) const;

 private:
  Deps deps_;
  Examine examine_;
  FindByKey find_;
};

}  // namespace qushu::ingest
