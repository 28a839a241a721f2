// Pushing rows: programs hand over rows one by one, in batches or as a stream, without a file.
//
// A batch of rows is checked against the dataset's fields at once and is durable before it is answered: one transaction keeps
// it. A flush, a job that is queued by the first batch, makes everything that waits into the next version; naming the batches
// in a version and letting go of them is one transaction, so each row comes into exactly one version, whatever dies meanwhile.
// Batches of one sender are applied in the order in which they were answered.
//
// A row is an object whose members are the fields by identifier or by name; a field that is left out is empty. Rows that do not
// fit are rejected one by one, told in the answer, and kept with the version that the rest of their batch comes into.
//
// With an idempotency key, the same request may be sent again: it gets the first answer, and its rows are there once. Of a
// stream, what was taken before it broke off is taken once too.
//
// Thread-safety: Pushes may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <memory>
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
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/ingest/change.h"
#include "qushu/jobs/jobs.h"
#include "qushu/store/store.h"

namespace qushu::ingest {

class Pushes {
 public:
  struct Deps {
    store::Store& store;
    blob::BlobStore& blobs;
    engine::Engine& engine;
    jobs::Jobs& jobs;
    catalog::Catalog& catalog;
    const Changes& changes;
    const Settings& settings;
    const Clock& clock;
  };
  // Registers the job kind push.flush.
  [[nodiscard]] static std::unique_ptr<Pushes> open(Deps deps);
  virtual ~Pushes() = default;

  enum class Shape : std::uint8_t {
    value,  // one JSON value: an object, or an array of them
    lines,  // NDJSON: an object on each line
  };
  struct Request {
    std::string mode;             // "append", "upsert"; empty: upsert where a key is declared, else append
    bool remove = false;          // the rows hold keys; the rows with these keys go
    std::string idempotency_key;  // empty: none
    Shape shape = Shape::value;
    bool wait = false;  // until the rows are in a version
    Cancelled cancelled = {};
  };
  // Fills the front of a buffer; how many bytes, 0 at the end.
  using Read = std::function<Result<std::size_t>(std::span<char>)>;

  struct Fault {
    std::uint64_t row = 0;  // counted from 1
    std::string field, value;
    Text reason;
  };
  struct Answer {
    std::uint64_t accepted = 0, rejected = 0;
    std::vector<Fault> faults;  // the first kFaults
    bool visible = false;       // with `wait`: the rows are in `version`
    std::int64_t version = 0;
  };
  static constexpr std::size_t kFaults = 100;

  // The caller must be a steward of the dataset.
  [[nodiscard]] virtual Result<Answer> push(const Actor& actor, const catalog::Dataset& dataset, const Request& request,
                                            const Read& read) = 0;
  // The rows that are accepted and in no version yet.
  [[nodiscard]] virtual Result<std::uint64_t> waiting(std::string_view dataset_id) const = 0;
  // Queues a flush that begins at once; its job, or "" when nothing waits.
  [[nodiscard]] virtual Result<std::string> flush(const Actor& actor, const catalog::Dataset& dataset) = 0;
};

[[nodiscard]] json::object to_json(const Pushes::Answer& answer, Lang lang);

// POST and DELETE /api/v1/datasets/{code}/rows
void add_push_routes(http::Router& router, Pushes& pushes, catalog::Catalog& catalog);

}  // namespace qushu::ingest
