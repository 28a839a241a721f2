// A connection to an SQLite database, and the session over it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <sqlite3.h>

#include "qushu/store/store.h"

namespace qushu::store {

// The last error of `db` as ours.
[[nodiscard]] Failure sqlite_failure(sqlite3* db, std::string_view sql);

// One connection with its prepared statements. Used by one thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path, std::chrono::milliseconds busy, bool writer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs a statement; its rows when `rows` is given.
  Result<std::int64_t> run(std::string_view sql, const Params& params, std::vector<Row>* rows);
  Result<void> command(const char* sql);

  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  // What made SQLite take back the last transaction by itself (a full disk, say).
  [[nodiscard]] const std::optional<Error>& ended_by() const { return ended_by_; }
  [[nodiscard]] sqlite3* handle() { return db_; }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  Result<sqlite3_stmt*> prepare(std::string_view sql);

  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
  std::optional<Error> ended_by_;
};

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(Connection& connection) : connection_(connection) {}

  Result<std::vector<Row>> query(std::string_view sql, const Params& params) override;
  Result<std::int64_t> exec(std::string_view sql, const Params& params) override;
  void after_commit(std::function<void()> action) override { actions_.push_back(std::move(action)); }
  void run_actions() {
    for (auto& action : actions_) action();
  }

 private:
  Connection& connection_;
  std::vector<std::function<void()>> actions_;
};

// Rolls back unless it was ended before: also when the body throws.
class Rollback {
 public:
  explicit Rollback(Connection& connection) : connection_(connection) {}
  ~Rollback();
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;

 private:
  Connection& connection_;
};

}  // namespace qushu::store
