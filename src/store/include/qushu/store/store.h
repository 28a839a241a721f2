// The metadata database: SQLite by default, PostgreSQL by configuration, the same migrations and the same SQL on both.
//
// What keeps the two alike, and is asked of every statement in Qushu:
//   - columns are BIGINT, DOUBLE PRECISION or TEXT. Times are BIGINT microseconds since 1970 UTC, booleans BIGINT 0 or 1, JSON
//     is TEXT, bytes are hexadecimal TEXT. Keys are TEXT identifiers (base/id.h) or BIGINT.
//   - parameters are `?`, in order; values never become part of the SQL text.
//   - upserts are `INSERT … ON CONFLICT (…) DO UPDATE SET x = excluded.x`; `RETURNING` works on both; no other dialect.
//
// A write transaction is one fact: when write() returns a value, it is on disk (fsync). Its function may run more than once,
// because PostgreSQL may ask to repeat it, so everything that it does outside the transaction waits for after_commit().
//
// Thread-safety: a Store may be used from any thread. Read() and write() take a connection from a bounded pool and wait for at
// most `store.busy_timeout`. SQLite has one writer at a time, in this process and beside others (the command line works while
// the server runs). A Session must not leave the function that it was given to, nor be used from another thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::store {

using Null = std::monostate;
using Value = std::variant<Null, std::int64_t, double, std::string>;

// One parameter. Integers and booleans, doubles, strings, times (as microseconds), and optionals of these.
class Param {
 public:
  Param(Null) {}            // NOLINT(*-explicit-*)
  Param(std::nullopt_t) {}  // NOLINT(*-explicit-*)
  template <class T>
    requires std::is_integral_v<T>
  Param(T v) : value(static_cast<std::int64_t>(v)) {}   // NOLINT(*-explicit-*)
  Param(double v) : value(v) {}                         // NOLINT(*-explicit-*)
  Param(std::string v) : value(std::move(v)) {}         // NOLINT(*-explicit-*)
  Param(std::string_view v) : value(std::string(v)) {}  // NOLINT(*-explicit-*)
  Param(const char* v) : value(std::string(v)) {}       // NOLINT(*-explicit-*)
  Param(Time v) : value(to_micros(v)) {}                // NOLINT(*-explicit-*)
  template <class T>
  Param(const std::optional<T>& v) : value(v ? Param(*v).value : Value(Null{})) {}  // NOLINT(*-explicit-*)

  Value value;
};
using Params = std::vector<Param>;

// One row of an answer. Asking for a value of another kind than the column holds, or for NULL without `opt_`, aborts the query
// with an internal error at the edge of query(); columns are counted from 0.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] const Value& operator[](std::size_t column) const { return values_.at(column); }
  [[nodiscard]] bool is_null(std::size_t column) const { return std::holds_alternative<Null>(values_.at(column)); }
  // NULL reads as 0, 0.0, "" or the epoch here; use the opt_ forms where the difference matters.
  [[nodiscard]] std::int64_t integer(std::size_t column) const;
  [[nodiscard]] double number(std::size_t column) const;
  [[nodiscard]] const std::string& text(std::size_t column) const;
  [[nodiscard]] bool boolean(std::size_t column) const { return integer(column) != 0; }
  [[nodiscard]] Time time(std::size_t column) const { return from_micros(integer(column)); }
  [[nodiscard]] std::optional<std::int64_t> opt_integer(std::size_t column) const;
  [[nodiscard]] std::optional<std::string> opt_text(std::size_t column) const;
  [[nodiscard]] std::optional<Time> opt_time(std::size_t column) const;

 private:
  std::vector<Value> values_;
};

// A connection inside read() or write().
class Session {
 public:
  virtual ~Session() = default;
  // All rows of the answer.
  [[nodiscard]] virtual Result<std::vector<Row>> query(std::string_view sql, const Params& params = {}) = 0;
  // The first row, or nothing.
  [[nodiscard]] Result<std::optional<Row>> one(std::string_view sql, const Params& params = {});
};

class Transaction : public Session {
 public:
  // Runs a statement; the number of rows that it changed. A broken unique key is Code::conflict with id "store.duplicate".
  [[nodiscard]] virtual Result<std::int64_t> exec(std::string_view sql, const Params& params = {}) = 0;
  // Runs once the transaction is durable, on the same thread, and not at all when it is rolled back. Must not throw.
  virtual void after_commit(std::function<void()> action) = 0;
};

// A change of schema, applied once, in a transaction. `id` is "module.NNNN"; text and order never change after a release.
struct Migration {
  std::string_view id;
  std::string_view sql;  // one or more statements, separated by ";" at a line's end
};

enum class Dialect : std::uint8_t { sqlite, postgresql };

// store.url, store.connections, store.busy_timeout, …
[[nodiscard]] std::span<const SettingSpec> settings();

struct Options {
  // "sqlite:///absolute/path/qushu.db" or "postgresql://user:password@host:port/database".
  std::string url;
  std::size_t connections = 8;  // readers; SQLite has one writer beside them
  std::chrono::milliseconds busy_timeout{10'000};
};

class Store {
 public:
  virtual ~Store() = default;

  // Opens (and for SQLite makes) the database: WAL, synchronous=FULL, foreign keys on.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const Options& options);

  // Applies what has not been applied yet, in order. Safe when several processes start at once. A database that knows a
  // migration which this program does not is refused: it was written by a newer Qushu.
  [[nodiscard]] virtual Result<void> migrate(std::span<const Migration> migrations) = 0;

  // f(Session&) -> Result<T>, on one consistent snapshot.
  template <class F>
  auto read(F&& f) -> std::invoke_result_t<F&, Session&> {
    using R = std::invoke_result_t<F&, Session&>;
    std::optional<R> result;
    auto ran = run_read([&](Session& s) {
      result.emplace(f(s));
      return result->has_value();
    });
    if (!ran) return Failure(std::move(ran).error());
    return *std::move(result);
  }
  // f(Transaction&) -> Result<T>. A value commits, an error rolls back. Runs under BEGIN IMMEDIATE (SQLite) or SERIALIZABLE
  // with up to 10 repetitions (PostgreSQL).
  template <class F>
  auto write(F&& f) -> std::invoke_result_t<F&, Transaction&> {
    using R = std::invoke_result_t<F&, Transaction&>;
    std::optional<R> result;
    auto ran = run_write([&](Transaction& t) {
      result.emplace(f(t));
      return result->has_value();
    });
    if (!ran && (!result || result->has_value())) return Failure(std::move(ran).error());
    return *std::move(result);
  }

  // A number that changes whenever any process has committed a write: what is kept in memory is stale when it differs. Exact
  // for our own writes; for those of other processes at most 10 ms old with SQLite, 250 ms with PostgreSQL. Costs next to
  // nothing.
  [[nodiscard]] virtual Result<std::int64_t> generation() = 0;
  [[nodiscard]] virtual Dialect dialect() const = 0;
  // Whether the database answers; for /readyz.
  [[nodiscard]] virtual Result<void> ping() = 0;
  // A consistent copy of the whole database into a new file (SQLite: online backup). PostgreSQL answers Code::unavailable with
  // the pg_dump command to use.
  [[nodiscard]] virtual Result<void> backup_to(const std::filesystem::path& file) = 0;

 protected:
  // The error of the begin or the commit; when `body` answers false everything is rolled back and the result is a value.
  [[nodiscard]] virtual Result<void> run_read(const std::function<bool(Session&)>& body) = 0;
  [[nodiscard]] virtual Result<void> run_write(const std::function<bool(Transaction&)>& body) = 0;
};

}  // namespace qushu::store
