// The key index of a version: from a declared key straight to the whole rows, without the engine.
//
// One LMDB file, made once after publishing, immutable from then on and kept as a blob:
//   - `rows`: `_id` → the row, each field as a JSON value with its length in front;
//   - `keys`: the encoded key and `_id` → nothing, in the key's order, so that a key which several rows share finds them all;
//   - `about`: the format's version, the fields and the key as JSON.
// Rows with an empty key field are in `rows` alone: no key finds them.
//
// A key is encoded so that no key is the beginning of another: integers as 8 bytes, text (and every other type in its
// canonical text) with an end mark; what would be longer than LMDB takes is cut and ends in its SHA-256.
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

class KeyIndex {
 public:
  // Fails with "index.unreadable" when the file is no index or of another format.
  [[nodiscard]] static Result<std::shared_ptr<const KeyIndex>> open(const std::filesystem::path& file);
  ~KeyIndex();
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  [[nodiscard]] const std::vector<std::string>& fields() const { return fields_; }  // identifiers, in the order of a row
  [[nodiscard]] const std::vector<catalog::Field>& key() const { return key_; }     // id, type, width and scale of each part

  // JSON values of a row, in the order of fields(). They live as long as the index.
  struct Row {
    std::int64_t id = 0;
    std::vector<std::string_view> values;
  };
  // The rows with this key, in the order of `_id`, at most `limit`. One value for each part of key(), typed as in rows.h.
  [[nodiscard]] Result<std::vector<Row>> find(std::span<const engine::Value> key, std::size_t limit) const;
  // The row with this `_id`; without values when there is none.
  [[nodiscard]] Result<Row> row(std::int64_t id) const;

 private:
  struct Environment;
  KeyIndex();
  std::unique_ptr<Environment> environment_;
  std::vector<std::string> fields_;
  std::vector<catalog::Field> key_;
};

struct IndexSource {
  std::string select;  // the rows, first column `_id`
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
// Writes the index into `file`, which must not exist. `fields` with `key` make the key.
[[nodiscard]] Result<IndexCounts> build_index(engine::Engine& engine, const IndexSource& source,
                                              const std::filesystem::path& file);

// Indexes that are open, the least recently used ones closed first.
class IndexCache {
 public:
  IndexCache(const blob::BlobStore& blobs, std::size_t capacity) : blobs_(blobs), capacity_(capacity) {}
  [[nodiscard]] Result<std::shared_ptr<const KeyIndex>> open(const std::string& blob);

 private:
  struct Entry {
    std::shared_ptr<const KeyIndex> index;
    std::list<std::string>::iterator place;
  };
  const blob::BlobStore& blobs_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<std::string> used_;  // the most recently used first
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace qushu::query
