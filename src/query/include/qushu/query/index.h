// The key index of a version: from a declared key straight to the whole rows, without the engine.
//
// It lies in layers, each a file, made once after publishing, immutable from then on and kept as a blob. A version that changes
// little adds one small layer to those of the version before. A layer holds the rows from `from` on, up to the next layer's. It
// begins as an LMDB file:
//   - `rows`: `_id` → the row, each field as a JSON value with its length in front;
//   - `gone`: the `_id`s of older rows that are no more;
//   - `about`: the format's version, the fields, the key, `from` and the number of rows as JSON.
// and ends with the list of its keys (key_file.h), by which a key that several rows share finds them all. Rows with an empty
// key field are in `rows` alone: no key finds them. A key is looked for in the newest layer first; a row that a newer layer
// says is gone does not count.
//
// Thread-safety: a KeyIndex and an IndexCache may be used from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"

namespace qushu::query {

class IndexLayer;
class KeyFile;
struct KeyEntry;
struct KeyHash;

class KeyIndex {
 public:
  // One layer by itself. Fails with "index.unreadable" when the file is no index or of another format.
  [[nodiscard]] static Result<std::shared_ptr<const KeyIndex>> open(const std::filesystem::path& file);
  // The oldest layer first; at least one, all of one shape.
  explicit KeyIndex(std::vector<std::shared_ptr<const IndexLayer>> layers);

  [[nodiscard]] const std::vector<std::string>& fields() const;  // identifiers, in the order of a row
  [[nodiscard]] const std::vector<catalog::Field>& key() const;  // id, type, width and scale of each part
  [[nodiscard]] const std::vector<std::shared_ptr<const IndexLayer>>& layers() const { return layers_; }

  // JSON values of a row, in the order of fields(). They live as long as the index.
  struct Row {
    std::int64_t id = 0;
    std::vector<std::string_view> values;
  };
  // The rows with this key, in the order of `_id`, at most `limit`. One value for each part of key(), typed as in rows.h.
  [[nodiscard]] Result<std::vector<Row>> find(std::span<const engine::Value> key, std::size_t limit) const;
  // The same for a key that is hashed already (key_file.h).
  [[nodiscard]] Result<std::vector<Row>> find_hashed(const KeyHash& key, std::size_t limit) const;
  // The row with this `_id`; without values when there is none.
  [[nodiscard]] Result<Row> row(std::int64_t id) const;
  // For each of many keys, in order, at most `limit` rows that have it, and what they are by row_hash(): nothing but the list
  // of keys is read. `found` is told the place of each key that has any.
  using Found = std::function<Result<void>(std::size_t place, std::span<const KeyEntry> rows)>;
  [[nodiscard]] Result<void> find_all(std::span<const KeyHash> sorted, std::size_t limit, const Found& found) const;
  // Whether every layer can tell so, by the engine and of the types that hashed_by() names.
  [[nodiscard]] bool knows_rows(std::string_view hashed_by) const;

 private:
  std::vector<std::shared_ptr<const IndexLayer>> layers_;
};

class IndexLayer {
 public:
  [[nodiscard]] static Result<std::shared_ptr<const IndexLayer>> open(const std::filesystem::path& file);
  ~IndexLayer();
  IndexLayer(const IndexLayer&) = delete;
  IndexLayer& operator=(const IndexLayer&) = delete;

  [[nodiscard]] const std::vector<std::string>& fields() const { return fields_; }
  [[nodiscard]] const std::vector<catalog::Field>& key() const { return key_; }
  [[nodiscard]] std::int64_t from() const { return from_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

  // As that of KeyIndex, of this layer alone.
  [[nodiscard]] Result<KeyIndex::Row> row(std::int64_t id) const;
  [[nodiscard]] const KeyFile& keys() const;
  [[nodiscard]] const std::string& hashed_by() const { return hashed_by_; }
  // Whether this layer says that an older row is no more.
  [[nodiscard]] Result<bool> is_gone(std::int64_t id) const;
  [[nodiscard]] Result<std::vector<std::int64_t>> gone() const;

 private:
  struct Environment;
  IndexLayer();
  std::unique_ptr<Environment> environment_;
  std::unique_ptr<const KeyFile> keys_;
  std::vector<std::string> fields_;
  std::vector<catalog::Field> key_;
  std::string hashed_by_;
  std::int64_t from_ = 0;
  std::uint64_t rows_ = 0;
};

struct IndexSource {
  std::string select;                   // the rows, first column `_id`
  std::int64_t from = 0;                // of a layer upon others: the first `_id` that is its own
  std::vector<std::int64_t> gone = {};  // and what of the others is no more, in order
  std::vector<catalog::Field> fields;
  std::uint64_t rows = 0;
  engine::Limits limits = {};
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};
struct IndexCounts {
  std::uint64_t rows = 0;
  std::uint64_t without_key = 0;  // rows with an empty key field
  std::uint64_t repeated = 0;     // rows whose key another row had before
};
// Writes the index, or one layer of it, into `file`, which must not exist. `fields` with `key` make the key.
[[nodiscard]] Result<IndexCounts> build_index(engine::Engine& engine, const IndexSource& source,
                                              const std::filesystem::path& file);

// Indexes that are open, the least recently used ones closed first. Those that share a layer share the open file.
class IndexCache {
 public:
  IndexCache(const blob::BlobStore& blobs, std::size_t capacity) : blobs_(blobs), capacity_(capacity) {}
  // `layers` as in catalog::Version::index_blob.
  [[nodiscard]] Result<std::shared_ptr<const KeyIndex>> open(const std::string& layers);

 private:
  [[nodiscard]] Result<std::shared_ptr<const IndexLayer>> layer(const std::string& blob);

  struct Entry {
    std::shared_ptr<const KeyIndex> index;
    std::list<std::string>::iterator place;
  };
  const blob::BlobStore& blobs_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<std::string> used_;  // the most recently used first
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, std::weak_ptr<const IndexLayer>, std::less<>> layers_;
};

}  // namespace qushu::query
