#include <atomic>
#include <filesystem>
#include <unordered_map>

#include <fmt/format.h>
#include <sqlite3.h>

#include "qushu/base/log.h"

#include "backend.h"

namespace qushu::store {
namespace {

Failure sqlite_failure(sqlite3* db, std::string_view sql) {
  auto code = sqlite3_extended_errcode(db);
  auto detail = fmt::format("sqlite {} {}: {}", code, sqlite3_errmsg(db), sql);
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Error{.code = Code::overloaded,
                        .id = "store.busy",
                        .text = {"系统正忙，请稍后重试。", "The system is busy; try again in a moment."},
                        .detail = std::move(detail)});
    case SQLITE_FULL:
      return fail(std::move(fail_errno(ENOSPC, detail)).error());
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) return duplicate(std::move(detail));
      [[fallthrough]];
    default:
      return fail_internal(std::move(detail));
  }
}

// One connection with its prepared statements. Used by one thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path, std::chrono::milliseconds busy, bool writer) {
    sqlite3* db = nullptr;
    auto flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);
    auto opened = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
    std::unique_ptr<Connection> made(new Connection(db));
    if (opened != SQLITE_OK) return sqlite_failure(db, "open " + path);
    sqlite3_busy_timeout(db, static_cast<int>(busy.count()));
    for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON",
                               "PRAGMA temp_store=MEMORY", "PRAGMA trusted_schema=OFF", "PRAGMA journal_size_limit=67108864"}) {
      if (sqlite3_exec(db, pragma, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_failure(db, pragma);
    }
    return made;
  }

  ~Connection() {
    for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close_v2(db_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs a statement; its rows when `rows` is given.
  Result<std::int64_t> run(std::string_view sql, const Params& params, std::vector<Row>* rows) {
    QS_TRY(auto* statement, prepare(sql));
    for (std::size_t i = 0; i < params.size(); ++i) bind(statement, static_cast<int>(i) + 1, params[i].value);
    int step = 0;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
      if (rows != nullptr) rows->push_back(read(statement));
    }
    Result<std::int64_t> result = sqlite3_changes64(db_);
    if (step != SQLITE_DONE) result = sqlite_failure(db_, sql);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
  }

  Result<void> command(const char* sql) {
    QS_CHECK(run(sql, {}, nullptr));
    return {};
  }

  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  [[nodiscard]] sqlite3* handle() { return db_; }

 private:
  static constexpr std::size_t kStatements = 256;

  explicit Connection(sqlite3* db) : db_(db) {}

  Result<sqlite3_stmt*> prepare(std::string_view sql) {
    auto found = statements_.find(std::string(sql));
    if (found != statements_.end()) return found->second;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
        SQLITE_OK)
      return sqlite_failure(db_, sql);
    if (statements_.size() >= kStatements) {
      sqlite3_finalize(statements_.begin()->second);
      statements_.erase(statements_.begin());
    }
    statements_.emplace(sql, statement);
    return statement;
  }

  static void bind(sqlite3_stmt* statement, int index, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value))
      sqlite3_bind_int64(statement, index, *integer);
    else if (const auto* number = std::get_if<double>(&value))
      sqlite3_bind_double(statement, index, *number);
    else if (const auto* text = std::get_if<std::string>(&value))
      sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    else
      sqlite3_bind_null(statement, index);
  }

  static Row read(sqlite3_stmt* statement) {
    std::vector<Value> values;
    auto count = sqlite3_column_count(statement);
    values.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      switch (sqlite3_column_type(statement, i)) {
        case SQLITE_INTEGER:
          values.emplace_back(std::int64_t{sqlite3_column_int64(statement, i)});
          break;
        case SQLITE_FLOAT:
          values.emplace_back(sqlite3_column_double(statement, i));
          break;
        case SQLITE_NULL:
          values.emplace_back(Null{});
          break;
        default: {
          const auto* bytes =
              reinterpret_cast<const char*>(sqlite3_column_text(statement, i));  // NOLINT(*-reinterpret-cast): SQLite's type
          values.emplace_back(std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
        }
      }
    }
    return Row(std::move(values));
  }

  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(Connection& connection) : connection_(connection) {}

  Result<std::vector<Row>> query(std::string_view sql, const Params& params) override {
    std::vector<Row> rows;
    QS_CHECK(connection_.run(sql, params, &rows));
    return rows;
  }
  Result<std::int64_t> exec(std::string_view sql, const Params& params) override {
    return connection_.run(sql, params, nullptr);
  }
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
  ~Rollback() {
    if (!connection_.in_transaction()) return;
    if (auto done = connection_.command("ROLLBACK"); !done) log::error("rollback failed", done.error());
  }
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;

 private:
  Connection& connection_;
};

class Sqlite final : public Store {
 public:
  Sqlite(const Options& options, std::string path)
      : path_(std::move(path)),
        writers_(1, options.busy_timeout, [this, busy = options.busy_timeout] { return Connection::open(path_, busy, true); }),
        readers_(options.connections, options.busy_timeout,
                 [this, busy = options.busy_timeout] { return Connection::open(path_, busy, false); }),
        watchers_(1, options.busy_timeout,
                  [this, busy = options.busy_timeout] { return Connection::open(path_, busy, false); }) {}

  Result<void> migrate(std::span<const Migration> migrations) override {
    return write([&](Transaction& t) { return apply_migrations(t, migrations, Dialect::sqlite); });
  }

  Result<std::int64_t> generation() override {
    // Own commits count at once. Those of other processes show in data_version, which costs four system calls and is asked for
    // a hundred times a second; whoever comes while another thread asks takes what was known before.
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    if (now - Ticks(watched_.load(std::memory_order_relaxed)) >= kWatch) {
      std::unique_lock lock(watch_mutex_, std::try_to_lock);
      if (lock) {
        QS_TRY(auto watcher, watchers_.take());
        std::vector<Row> rows;
        QS_CHECK(watcher->run("PRAGMA data_version", {}, &rows));
        auto seen = rows.at(0).integer(0);
        if (std::exchange(seen_, seen) != seen) ++others_;
        watched_.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_relaxed);
      }
    }
    return others_.load() + own_.load();
  }

  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }

  Result<void> ping() override {
    return read([](Session& s) -> Result<void> {
      QS_CHECK(s.query("SELECT 1"));
      return {};
    });
  }

  Result<void> backup_to(const std::filesystem::path& file) override {
    if (std::filesystem::exists(file))
      return fail(Error{.code = Code::conflict,
                        .id = "store.backup_exists",
                        .text = {"目标文件已存在，请换一个文件名。", "The file exists already; choose another name."},
                        .subject = file.string()});
    QS_TRY(auto reader, readers_.take());
    QS_TRY(auto target, Connection::open(file.string(), std::chrono::seconds(1), true));
    auto* backup = sqlite3_backup_init(target->handle(), "main", reader->handle(), "main");
    if (backup == nullptr) return sqlite_failure(target->handle(), "backup");
    auto step = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (step != SQLITE_DONE) return sqlite_failure(target->handle(), "backup");
    return {};
  }

 protected:
  Result<void> run_read(const std::function<bool(Session&)>& body) override {
    QS_TRY(auto connection, readers_.take());
    Rollback guard(*connection);
    QS_CHECK(connection->command("BEGIN"));
    SqliteTransaction session(*connection);
    body(session);
    return connection->command("COMMIT");
  }

  Result<void> run_write(const std::function<bool(Transaction&)>& body) override {
    std::optional<SqliteTransaction> t;
    {
      QS_TRY(auto connection, writers_.take());
      Rollback guard(*connection);
      QS_CHECK(connection->command("BEGIN IMMEDIATE"));
      t.emplace(*connection);
      if (!body(*t)) return {};
      QS_CHECK(connection->command("COMMIT"));
      ++own_;
    }
    t->run_actions();
    return {};
  }

 private:
  using Ticks = std::chrono::steady_clock::duration;
  static constexpr auto kWatch = std::chrono::milliseconds(10);
  const std::string path_;
  Pool<Connection> writers_, readers_, watchers_;
  std::mutex watch_mutex_;  // guards seen_
  std::int64_t seen_ = 0;   // the last data_version
  std::atomic<std::int64_t> own_ = 0, others_ = 0;
  std::atomic<Ticks::rep> watched_ = 0;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const Options& options, std::string_view path) {
  auto store = std::make_unique<Sqlite>(options, std::string(path));
  // The file comes with its first writer; what is wrong with it shows here.
  QS_CHECK(store->write([](Transaction& t) -> Result<void> {
    QS_CHECK(t.query("SELECT count(*) FROM sqlite_master"));
    return {};
  }));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace qushu::store
