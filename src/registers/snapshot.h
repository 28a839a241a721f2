// Inside the module: a register's records in columns, for SQL. The files hold the columns under the names that the register's
// table has, so that the rules of access.h read the same there.
#pragma once

#include <unordered_set>

#include "qushu/calendar/zone.h"
#include "qushu/engine/engine.h"

#include "loaded.h"

namespace qushu::registers {

// A column of the relation, and where its value comes from.
struct RelationColumn {
  std::string id;  // in the relation
  Text name;
  std::string stored;  // in the file, unquoted
  std::string sql;     // in the register's table
  std::string level;
  enum class From : std::uint8_t { text, whole, decimal, day, moment, real, word } from = From::text;
  int decimals = 0;
  std::map<std::string, std::string, std::less<>> words = {};  // of `word`: what a code is called

  [[nodiscard]] engine::Column column() const;
};
[[nodiscard]] std::vector<RelationColumn> relation_columns(const Definition& d);

// The file goes with it.
struct SnapshotFile {
  explicit SnapshotFile(std::filesystem::path p) : path(std::move(p)) {}
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;
  std::filesystem::path path;
};

// Every record as it was at one moment.
struct Base {
  std::int64_t version = 0;  // of the definition
  std::shared_ptr<const SnapshotFile> file;
  std::uint64_t rows = 0;
  std::string floor;                       // changes with later ids are looked at; the base holds those in `held`
  std::unordered_set<std::uint64_t> held;  // hashes of their ids
  std::chrono::steady_clock::time_point made;
};

// The base, and the records that have changed since as they are now (with `_gone`: removed).
struct Snapshot {
  std::shared_ptr<const Base> base;
  std::shared_ptr<const SnapshotFile> changed;
  std::vector<std::int64_t> stale;  // the base's rows that are not what they were, by their place in its file
  std::size_t changes = 0;          // that the base does not hold
  std::int64_t generation = -1;     // of the store, up to which it is known to be right

  // SELECT over all the records, every column under its stored name.
  [[nodiscard]] std::string sql() const;
};

// Where the records of one file stand in another, from 0.
[[nodiscard]] Result<std::vector<std::int64_t>> places_of(engine::Engine& engine, const SnapshotFile& records,
                                                          const SnapshotFile& in);
// Reads the records that `next` hands out, page by page, into a file; how many there were.
using NextPage = std::function<Result<std::vector<store::Row>>()>;
[[nodiscard]] Result<std::uint64_t> write_snapshot(engine::Engine& engine, const std::vector<RelationColumn>& columns,
                                                   bool gone, const calendar::Zone& zone, const NextPage& next,
                                                   const std::filesystem::path& file);

}  // namespace qushu::registers
