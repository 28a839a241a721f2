// Using datasets: rows and keyed lookups, exports, profiles and rejects, and people's own SQL. What a caller may see is decided
// by sharing::Policy, asked for every answer; what she read is counted (audit.count_access), what she took away (exports) and
// what was refused to her is in the audit.
//
// Two kinds of jobs work behind: `dataset.profile` and `dataset.index` make what is derived from a version once it has become
// current (see derive()); until they are done, profiles are computed when asked for and lookups go through the engine.
//
// Thread-safety: a Service may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
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
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/jobs/jobs.h"
#include "qushu/query/export.h"
#include "qushu/query/rows.h"
#include "qushu/sharing/policy.h"
#include "qushu/sharing/watermark.h"
#include "qushu/store/store.h"

namespace qushu::query {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> migrations();
// query.page, query.page_rows, query.time, query.count_rows, query.export_time, query.exports, query.sql_time, query.sql_rows,
// query.history_keep, query.key_index …
[[nodiscard]] std::span<const SettingSpec> settings();

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
  const sharing::Watermarks* watermarks = nullptr;  // of files that leave under grants
};

// Asked while work goes on: whether nobody waits for the answer any more.
using Cancelled = std::function<bool()>;

struct RowsBody {
  std::string json;  // empty when `unchanged`
  std::string etag;  // of the question and the version: the answer cannot change while it stays
  bool unchanged = false;
};

// A download. Either `file` is there to be sent, or `write` makes it piece by piece.
struct Download {
  std::string file_name;
  std::string content_type;
  std::optional<WrittenFile> file;
  std::function<Result<void>(const Sink&)> write;
};

class Service {
 public:
  explicit Service(Deps deps);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // A page of rows. `known_etag`: what the caller has already.
  [[nodiscard]] Result<RowsBody> rows(const Actor& actor, std::string_view code, const Pairs& query, const Cancelled& cancelled,
                                      std::string_view known_etag = {});
  // The same for a lookup by key when it can be answered from memory at once, without blocking; nothing otherwise.
  [[nodiscard]] std::optional<std::string> lookup(const Actor& actor, std::string_view code, const Pairs& query);
  // All rows that match. Also takes `_bom`, `_raw` and `_header` (name or id).
  [[nodiscard]] Result<Download> download_rows(const Actor& actor, std::string_view code, const Pairs& query, Format format,
                                               const Cancelled& cancelled);

  [[nodiscard]] Result<json::object> profile(const Actor& actor, std::string_view code, std::int64_t version,
                                             const Cancelled& cancelled);
  // The rejected rows of a version: those of the dataset's own department and its stewards may see them, since they hold the
  // file's lines as they came.
  [[nodiscard]] Result<json::object> rejects(const Actor& actor, std::string_view code, std::int64_t version,
                                             std::int64_t after, std::size_t limit, const Cancelled& cancelled);
  [[nodiscard]] Result<Download> download_rejects(const Actor& actor, std::string_view code, std::int64_t version,
                                                  const Cancelled& cancelled);

  // People's own SQL, over what they may see: the JSON text {columns, rows, truncated, elapsed_ms}. `limit` 0: the setting
  // query.sql_rows.
  [[nodiscard]] Result<std::string> sql(const Actor& actor, std::string_view sql, const json::array& params, std::size_t limit,
                                        const Cancelled& cancelled);
  [[nodiscard]] Result<Download> download_sql(const Actor& actor, std::string_view sql, const json::array& params,
                                              Format format, const Cancelled& cancelled);
  [[nodiscard]] Result<std::string> explain(const Actor& actor, std::string_view sql, const Cancelled& cancelled);
  [[nodiscard]] Result<json::object> tables(const Actor& actor) const;
  [[nodiscard]] Result<json::object> history(const Actor& actor) const;
  // An answer for the command line, to be written by write_rows(): checked and limited like sql(), without a row limit.
  [[nodiscard]] Result<std::unique_ptr<engine::Cursor>> open_sql(const Actor& actor, std::string_view sql,
                                                                 const std::vector<engine::Value>& params,
                                                                 const Cancelled& cancelled);

  // Told of every statement that was accepted and started; must be quick. Set before the first request.
  void on_sql(std::function<void(const Actor&, std::string_view sql)> listener);
  // Rows that are about to come, looked up in the key index of a version: which of its rows have their keys, and whether any
  // field differs. `rows` is a SELECT of `_id` and `fields`. nullopt: there is no index of this key, or a key is not unique.
  struct Match {
    std::int64_t new_id = 0, old_id = 0;
    bool differs = false;
  };
  [[nodiscard]] Result<std::optional<std::vector<Match>>> match(const catalog::Version& version,
                                                                const std::vector<catalog::Field>& fields,
                                                                const std::string& rows, const Cancelled& cancelled);

  // Queues the jobs that a version needs once it is current; for Catalog::on_current().
  [[nodiscard]] Result<void> derive(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                    const catalog::Version& version);
  // Makes the two kinds of jobs known; once, before Jobs::start().
  void register_jobs();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// /api/v1/datasets/{code}/rows…, /profile, /rejects…, /api/v1/sql….
void add_routes(http::Router& router, Service& service);

}  // namespace qushu::query
