#include "sqlite_connection.h"

#include <fmt/format.h>

#include "qushu/base/log.h"

#include "backend.h"

namespace qushu::store {
namespace {

constexpr std::size_t kStatements = 256;

void bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    sqlite3_bind_int64(statement, index, *integer);
  else if (const auto* number = std::get_if<double>(&value))
    sqlite3_bind_double(statement, index, *number);
  else if (const auto* text = std::get_if<std::string>(&value))
    sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  else
    sqlite3_bind_null(statement, index);
}

Row read(sqlite3_stmt* statement) {
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

}  // namespace

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

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, std::chrono::milliseconds busy, bool writer) {
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

Connection::~Connection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

Result<std::int64_t> Connection::run(std::string_view sql, const Params& params, std::vector<Row>* rows) {
  QS_TRY(auto* statement, prepare(sql));
  bool before = in_transaction();
  for (std::size_t i = 0; i < params.size(); ++i) bind(statement, static_cast<int>(i) + 1, params[i].value);
  int step = 0;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    if (rows != nullptr) rows->push_back(read(statement));
  }
  Result<std::int64_t> result = sqlite3_changes64(db_);
  if (step != SQLITE_DONE) {
    result = sqlite_failure(db_, sql);
    if (before && !in_transaction()) ended_by_ = result.error();
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return result;
}

Result<void> Connection::command(const char* sql) {
  QS_CHECK(run(sql, {}, nullptr));
  return {};
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql) {
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

Result<std::vector<Row>> SqliteTransaction::query(std::string_view sql, const Params& params) {
  std::vector<Row> rows;
  QS_CHECK(connection_.run(sql, params, &rows));
  return rows;
}

Result<std::int64_t> SqliteTransaction::exec(std::string_view sql, const Params& params) {
  return connection_.run(sql, params, nullptr);
}

Rollback::~Rollback() {
  if (!connection_.in_transaction()) return;
  if (auto done = connection_.command("ROLLBACK"); !done) log::error("rollback failed", done.error());
}

}  // namespace qushu::store
