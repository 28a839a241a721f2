#include <array>
#include <atomic>
#include <charconv>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "backend.h"
#include "statement_text.h"

namespace qushu::store {
namespace {

constexpr std::string_view kSerialization = "40001", kDeadlock = "40P01", kUnique = "23505", kDiskFull = "53100";

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ResultDeleter>;

Failure unavailable(std::string detail) {
  return fail(
      Error{.code = Code::unavailable,
            .id = "store.unavailable",
            .text = {"元数据库暂时连不上，请稍后重试。", "The metadata database does not answer; try again in a moment."},
            .detail = std::move(detail)});
}

// A statement that PostgreSQL asks to repeat is `overloaded` with the state in `subject`, which run_write() looks for.
Failure postgres_failure(PGconn* db, const PGresult* result, std::string_view sql) {
  const char* field = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  std::string_view state = field == nullptr ? "" : field;
  auto detail = fmt::format("postgresql {} {}: {}", state, trim(PQerrorMessage(db)), sql);
  if (PQstatus(db) != CONNECTION_OK || state.starts_with("08") || state.starts_with("57P"))
    return unavailable(std::move(detail));
  if (state == kUnique) return duplicate(std::move(detail));
  if (state == kDiskFull) return fail(std::move(fail_errno(ENOSPC, detail)).error());
  if (state == kSerialization || state == kDeadlock) {
    auto busy = std::move(no_connection(std::chrono::milliseconds(0))).error();
    return fail(std::move(busy).about(std::string(state)).because(std::move(detail)));
  }
  return fail_internal(std::move(detail));
}

bool asks_to_repeat(const Error& error) {
  return error.subject == kSerialization || error.subject == kDeadlock;
}

Value value_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return Null{};
  std::string_view text(PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column)));
  constexpr Oid kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kFloat4 = 700, kFloat8 = 701, kNumeric = 1700;
  switch (PQftype(result, column)) {
    case kBool:
      return std::int64_t{text == "t"};
    case kInt2:
    case kInt4:
    case kInt8:
      return to_int(text).value_or(0);
    case kNumeric:  // sum() over BIGINT
      if (auto whole = to_int(text)) return *whole;
      [[fallthrough]];
    case kFloat4:
    case kFloat8: {
      double number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return number;
    }
    default:
      return std::string(text);
  }
}

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& url) {
    auto* db = PQconnectdb(url.c_str());
    std::unique_ptr<Connection> made(new Connection(db));
    if (PQstatus(db) != CONNECTION_OK) return unavailable(fmt::format("connect: {}", trim(PQerrorMessage(db))));
    PQsetNoticeProcessor(
        db, [](void*, const char* text) { log::debug("postgresql", {{"notice", std::string(trim(text))}}); }, nullptr);
    QS_CHECK(made->command("SET TIME ZONE 'UTC'"));
    QS_CHECK(made->command("SET extra_float_digits = 3"));
    return made;
  }
  ~Connection() { PQfinish(db_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::int64_t> run(std::string_view sql, const Params& params, std::vector<Row>* rows) {
    std::vector<std::string> texts(params.size());
    std::vector<const char*> values(params.size(), nullptr);
    for (std::size_t i = 0; i < params.size(); ++i) {
      const auto& value = params[i].value;
      if (std::holds_alternative<Null>(value)) continue;
      if (const auto* integer = std::get_if<std::int64_t>(&value))
        texts[i] = fmt::format("{}", *integer);
      else if (const auto* number = std::get_if<double>(&value))
        texts[i] = fmt::format("{}", *number);
      else
        texts[i] = std::get<std::string>(value);
      // PostgreSQL's text cannot hold U+0000, so it is refused rather than cut there.
      if (texts[i].contains('\0'))
        return fail(Code::invalid, "store.nul", "文本中含有不可见的空字符，请去掉后重试。",
                    "A text contains a NUL character; remove it and try again.");
      values[i] = texts[i].c_str();
    }
    QS_TRY(auto name, prepare(sql));
    Answer answer(PQexecPrepared(db_, name.c_str(), static_cast<int>(values.size()), values.data(), nullptr, nullptr, 0));
    return finish(answer.get(), sql, rows);
  }

  Result<void> command(const char* sql) {
    Answer answer(PQexec(db_, sql));
    QS_CHECK(finish(answer.get(), sql, nullptr));
    return {};
  }

  [[nodiscard]] bool usable() const { return PQstatus(db_) == CONNECTION_OK; }
  [[nodiscard]] bool in_transaction() const { return PQtransactionStatus(db_) != PQTRANS_IDLE; }

 private:
  explicit Connection(PGconn* db) : db_(db) {}

  Result<std::string> prepare(std::string_view sql) {
    auto found = prepared_.find(std::string(sql));
    if (found != prepared_.end()) return found->second;
    auto name = fmt::format("s{}", prepared_.size());
    Answer answer(PQprepare(db_, name.c_str(), number_placeholders(sql).c_str(), 0, nullptr));
    QS_CHECK(finish(answer.get(), sql, nullptr));
    prepared_.emplace(sql, name);
    return name;
  }

  Result<std::int64_t> finish(const PGresult* result, std::string_view sql, std::vector<Row>* rows) {
    auto status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return postgres_failure(db_, result, sql);
    if (rows != nullptr) {
      auto columns = PQnfields(result);
      for (int r = 0; r < PQntuples(result); ++r) {
        std::vector<Value> values;
        values.reserve(static_cast<std::size_t>(columns));
        for (int c = 0; c < columns; ++c) values.push_back(value_of(result, r, c));
        rows->emplace_back(std::move(values));
      }
    }
    return to_int(PQcmdTuples(const_cast<PGresult*>(result))).value_or(0);  // NOLINT(*-const-cast): libpq's signature
  }

  PGconn* db_;
  std::unordered_map<std::string, std::string> prepared_;
};

class PostgresTransaction final : public Transaction {
 public:
  explicit PostgresTransaction(Connection& connection) : connection_(connection) {}
  Result<std::vector<Row>> query(std::string_view sql, const Params& params) override {
    std::vector<Row> rows;
    QS_CHECK(noting(connection_.run(sql, params, &rows)));
    return rows;
  }
  Result<std::int64_t> exec(std::string_view sql, const Params& params) override {
    return noting(connection_.run(sql, params, nullptr));
  }
  void after_commit(std::function<void()> action) override { actions_.push_back(std::move(action)); }
  void run_actions() {
    for (auto& action : actions_) action();
  }
  // Whether a statement failed so that the whole transaction should be run again, whatever the body made of it.
  [[nodiscard]] bool repeat() const { return repeat_; }

 private:
  Result<std::int64_t> noting(Result<std::int64_t> result) {
    if (!result && asks_to_repeat(result.error())) repeat_ = true;
    return result;
  }
  Connection& connection_;
  bool repeat_ = false;
  std::vector<std::function<void()>> actions_;
};

class Postgres final : public Store {
 public:
  explicit Postgres(const Options& options)
      : connections_(options.connections, options.busy_timeout, [url = options.url] { return Connection::open(url); }) {}

  Result<void> migrate(std::span<const Migration> migrations) override {
    // The table itself first, so that the lock on it is there to be taken.
    QS_CHECK(write([](Transaction& t) -> Result<void> {
      QS_CHECK(t.query("SELECT pg_advisory_xact_lock(711051)"));
      QS_CHECK(
          t.exec("CREATE TABLE IF NOT EXISTS schema_migration (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, applied BIGINT "
                 "NOT NULL)"));
      return {};
    }));
    return write([&](Transaction& t) { return apply_migrations(t, migrations, Dialect::postgresql); });
  }

  Result<std::int64_t> generation() override {
    // Own commits count at once; those of other processes show in the server's count of finished transactions, asked now and
    // then.
    std::scoped_lock lock(watch_mutex_);
    auto now = std::chrono::steady_clock::now();
    if (now - watched_ >= std::chrono::milliseconds(250)) {
      QS_TRY(auto connection, connections_.take());
      std::vector<Row> rows;
      auto asked = connection->run("SELECT txid_snapshot_xmax(txid_current_snapshot())", {}, &rows);
      if (!asked) {
        connection.discard();
        return Failure(std::move(asked).error());
      }
      auto seen = rows.at(0).integer(0);
      if (seen != server_) ++changes_;
      server_ = seen;
      watched_ = now;
    }
    return changes_ + own_.load();
  }

  [[nodiscard]] Dialect dialect() const override { return Dialect::postgresql; }

  Result<void> ping() override {
    return read([](Session& s) -> Result<void> {
      QS_CHECK(s.query("SELECT 1"));
      return {};
    });
  }

  Result<void> backup_to(const std::filesystem::path&) override {
    return fail(Code::unavailable, "store.backup", "PostgreSQL 请用 pg_dump --format=custom 备份。",
                "Back PostgreSQL up with pg_dump --format=custom.");
  }

 protected:
  Result<void> run_read(const std::function<bool(Session&)>& body) override {
    return attempt("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", [&](PostgresTransaction& t) { return body(t); });
  }
  Result<void> run_write(const std::function<bool(Transaction&)>& body) override {
    return attempt("BEGIN ISOLATION LEVEL SERIALIZABLE", [&](PostgresTransaction& t) {
      t.after_commit([this] { ++own_; });
      return body(t);
    });
  }

 private:
  static constexpr int kAttempts = 10;

  Result<void> attempt(const char* begin, const std::function<bool(PostgresTransaction&)>& body) {
    for (int tried = 1;; ++tried) {
      std::optional<PostgresTransaction> t;
      auto ended = once(begin, body, t);
      if (ended) {
        if (*ended) t->run_actions();
        return {};
      }
      if (!asks_to_repeat(ended.error()) || tried == kAttempts) return Failure(std::move(ended).error());
      std::this_thread::sleep_for(std::chrono::milliseconds(tried * tried));
    }
  }

  // True when it committed, false when the body asked for a rollback.
  Result<bool> once(const char* begin, const std::function<bool(PostgresTransaction&)>& body,
                    std::optional<PostgresTransaction>& t) {
    QS_TRY(auto connection, connections_.take());
    struct Ending {
      Pool<Connection>::Lease& lease;
      ~Ending() {
        if (!lease->usable() || (lease->in_transaction() && !lease->command("ROLLBACK"))) lease.discard();
      }
    } ending{connection};
    auto begun = connection->command(begin);
    if (!begun && !connection->usable()) {
      // The server was restarted while the connection lay idle: a fresh one, once.
      connection.discard();
      return fail(std::move(no_connection(std::chrono::milliseconds(0))).error().about(std::string(kSerialization)));
    }
    QS_CHECK(begun);
    t.emplace(*connection);
    auto wanted = body(*t);
    if (t->repeat())
      return fail(std::move(no_connection(std::chrono::milliseconds(0))).error().about(std::string(kSerialization)));
    if (!wanted) return false;
    QS_CHECK(connection->command("COMMIT"));
    return true;
  }

  Pool<Connection> connections_;
  std::atomic<std::int64_t> own_{0};
  std::mutex watch_mutex_;
  std::chrono::steady_clock::time_point watched_{};
  std::int64_t server_ = -1, changes_ = 0;
};

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(const Options& options) {
  auto store = std::make_unique<Postgres>(options);
  QS_CHECK(store->ping());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace qushu::store
