// Inside the module: what the parts of Service share.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "qushu/query/index.h"
#include "qushu/query/query.h"

#include "answer.h"

namespace qushu::query {

// A dataset's current version as one caller sees it, ready for lookups. Immutable.
struct Access {
  sharing::Shown shown;
  std::shared_ptr<const KeyIndex> index;
  RowsLimits limits;
};

// What the policy answered, for as long as nothing in the store changed. Thread-safe.
class AccessCache {
 public:
  explicit AccessCache(std::size_t capacity) : capacity_(capacity) {}
  [[nodiscard]] std::shared_ptr<const Access> find(const std::string& key, std::int64_t generation) const;
  void keep(const std::string& key, std::int64_t generation, std::shared_ptr<const Access> access);
  // Everything of the actor that a decision can depend on, and the dataset.
  [[nodiscard]] static std::string key(const Actor& actor, std::string_view code);

 private:
  struct Entry {
    std::int64_t generation = 0;
    std::shared_ptr<const Access> access;
  };
  const std::size_t capacity_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

// How many downloads may hold the engine at once, so that slow clients leave room for pages.
class Gate {
 public:
  [[nodiscard]] Result<std::shared_ptr<void>> enter(std::size_t limit);

 private:
  std::shared_ptr<std::atomic<std::size_t>> inside_ = std::make_shared<std::atomic<std::size_t>>(0);
};

inline constexpr const char* kIndexJob = "dataset.index";

struct Service::Parts {
  explicit Parts(Deps d)
      : deps(d), indexes(d.blobs, static_cast<std::size_t>(d.settings.integer("query.index_cache"))), access(4096) {}

  Deps deps;
  IndexCache indexes;
  AccessCache access;
  Gate downloads;
  std::function<void(const Actor&, std::string_view)> on_sql;
  std::mutex mutex;
  std::set<std::string> asked;  // indexes that lookups asked for in this process

  [[nodiscard]] std::chrono::milliseconds seconds(std::string_view key) const {
    return std::chrono::seconds(deps.settings.integer(key));
  }
  [[nodiscard]] std::size_t count(std::string_view key) const { return static_cast<std::size_t>(deps.settings.integer(key)); }
  [[nodiscard]] RowsLimits rows_limits() const;
  [[nodiscard]] WriteOptions write_options(const Cancelled& cancelled) const;

  // The version as the caller sees it, and its index when it has one; remembered when it is the current one.
  [[nodiscard]] Result<std::shared_ptr<const Access>> open(const Actor& actor, std::string_view code, std::int64_t version);
  void want_index(const sharing::Shown& shown);

  // `cancelled`, and true as well once a grant that the answer stands on does not hold any more.
  [[nodiscard]] std::function<bool()> while_shown(const sharing::Shown& shown, const Cancelled& cancelled) const;
  [[nodiscard]] std::function<bool()> while_granted(std::vector<std::shared_ptr<const sharing::Grant>> grants,
                                                    const Cancelled& cancelled) const;
  // The error, or that the grant has ended when that is why.
  [[nodiscard]] Failure told(const sharing::Shown& shown, Error error) const;
  void count(const Actor& actor, const sharing::Shown& shown, std::string_view method, std::uint64_t rows) const;

  // Marks the rows of a file that leaves under a grant; what marks them lives as long as the answer.
  [[nodiscard]] Result<std::shared_ptr<const engine::Rewriter>> mark(const Actor& actor, const sharing::Shown& shown,
                                                                     const RowsRequest& request,
                                                                     const std::vector<std::string>& names, Format format,
                                                                     bool by_name, Sql& sql, WriteOptions& options) const;

  // Streams or prepares a download of what `start` opens. `done` is told the number of rows.
  using Start = std::function<Result<std::unique_ptr<engine::Cursor>>()>;
  [[nodiscard]] Result<Download> download(Format format, const std::string& base_name, WriteOptions options, const Start& start,
                                          std::function<void(std::uint64_t)> done);

  Result<jobs::Finish> run_profile(jobs::Context& context);
  Result<jobs::Finish> run_index(jobs::Context& context);
  [[nodiscard]] Result<std::optional<json::object>> near_profile(const catalog::Dataset& dataset,
                                                                 const catalog::Version& version) const;
  // What a version's index can be built upon, see derived_index.cpp.
  struct IndexPlan {
    std::vector<std::string> below;  // layers that stay
    std::int64_t from = 0;           // the first `_id` of the new one
    std::vector<std::int64_t> gone;
  };
  using Matches = std::optional<std::vector<Service::Match>>;
  [[nodiscard]] Result<Matches> match_hashes(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                             const std::string& rows, const Cancelled& cancelled) const;
  [[nodiscard]] Result<Matches> match_rows(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                           const std::string& rows, const Cancelled& cancelled) const;
  struct KeyPlace {
    std::size_t column;  // of the rows that are matched
    engine::Type type;
  };
  template <class Row>
  [[nodiscard]] Result<void> each_keyed(std::string sql, const std::vector<KeyPlace>& key, Row row,
                                        const Cancelled& cancelled) const;
  [[nodiscard]] Result<IndexPlan> plan_index(const sharing::Shown& shown, const std::vector<std::string>& key,
                                             const Cancelled& cancelled);
  [[nodiscard]] Result<std::vector<std::int64_t>> ids_of(const std::vector<catalog::Part>& deletes,
                                                         const Cancelled& cancelled) const;
  [[nodiscard]] static std::vector<std::string> key_of(const std::vector<catalog::Field>& fields);

  struct Opened {
    std::unique_ptr<engine::Sandbox> sandbox;
    std::vector<std::shared_ptr<const sharing::Grant>> grants;
    std::vector<std::shared_ptr<const void>> keep;  // as long as the statement runs
  };
  [[nodiscard]] Result<Opened> sandbox(const Actor& actor, std::string_view sql) const;
  [[nodiscard]] Result<void> remember(const Actor& actor, std::string_view sql, Time at, std::int64_t elapsed_ms,
                                      std::uint64_t rows, const Error* error);
};

[[nodiscard]] Failure grant_ended();

// "企业登记 v3": a file's name without what file systems refuse.
[[nodiscard]] std::string file_base(std::string_view title, std::int64_t version);

}  // namespace qushu::query
