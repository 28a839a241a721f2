// PostgreSQL: one COPY in its binary format inside one read-only transaction.
#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include "qushu/base/log.h"

#include "each_row.h"
#include "postgres_types.h"
#include "reader.h"
#include "scratch_file.h"

namespace qushu::sources {
namespace {

struct Finish {
  void operator()(PGconn* c) const { PQfinish(c); }
  void operator()(PGresult* r) const { PQclear(r); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Answer = std::unique_ptr<PGresult, Finish>;

Trouble trouble_of_state(std::string_view state) {
  if (state == "28P01" || state == "28000") return Trouble::password;
  if (state == "3D000") return Trouble::database;
  if (state == "42501") return Trouble::permission;
  if (state == "42P01" || state == "3F000") return Trouble::table;
  if (state == "42703") return Trouble::column;
  if (state == "25006") return Trouble::read_only;
  if (state == "53300" || state == "57P03") return Trouble::busy;
  if (state == "57P01" || state == "57P02" || state.starts_with("08")) return Trouble::lost;
  if (state == "57014") return Trouble::timed_out;
  if (state.starts_with("42")) return Trouble::syntax;
  return Trouble::other;
}

std::string identifier(std::string_view name) {
  return engine::quote_name(name);  // the same rule in PostgreSQL
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(const Target& target, const Context& context) : target_(target), context_(context) {}

  Result<void> connect() {
    QS_TRY(auto endpoints, Network(context_.settings).resolve(target_.text("host"), target_.integer("port")));
    auto tls = target_.text("tls");
    auto ca = target_.text("ca");
    if (!ca.empty()) QS_CHECK(ca_.write(ca));
    Result<void> last{};
    for (const auto& endpoint : endpoints) {
      last = connect(endpoint.ip, tls, ca.empty() ? "system" : ca_.path());
      if (last) break;
    }
    QS_CHECK(last);
    // So that a server stops working for us soon after we hang up; those before 14 do not know it.
    (void)run("SET client_connection_check_interval TO '2s'");
    QS_CHECK(run("SET client_encoding TO 'UTF8'"));
    QS_CHECK(run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    QS_CHECK(run("SET LOCAL TIME ZONE 'UTC'"));
    return {};
  }

  Result<Checked> check() override {
    QS_TRY(auto answer,
           run("SELECT current_setting('server_version'), (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"));
    Checked checked{.version = fmt::format("PostgreSQL {}", PQgetvalue(answer.get(), 0, 0))};
    if (PQsslInUse(connection_.get()) == 0) checked.warnings.push_back({"连接没有加密。", "The connection is not encrypted."});
    if (std::string_view(PQgetvalue(answer.get(), 0, 1)) == "t")
      checked.warnings.push_back(
          {"该账号是超级用户，建议换用只读账号。", "The account is a superuser; one that can only read is better."});
    return checked;
  }

  Result<std::vector<Offer>> browse(std::string_view search, std::size_t limit) override {
    auto pattern = fmt::format("%{}%", escaped_like(search));
    QS_TRY(auto answer,
           run("SELECT n.nspname, c.relname, c.relkind, c.reltuples::bigint, CASE WHEN c.relkind IN ('r','m') THEN "
               "pg_total_relation_size(c.oid) END FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
               "c.relkind IN "
               "('r','p','v','m','f') AND n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname NOT LIKE "
               "'pg\\_toast%' AND "
               "NOT c.relispartition AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND "
               "n.nspname || '.' || c.relname ILIKE $1 ORDER BY 1, 2 LIMIT $2::bigint",
               {pattern, std::to_string(limit)}));
    std::vector<Offer> out;
    for (int i = 0; i < PQntuples(answer.get()); ++i) {
      auto text = [&](int column) { return std::string(PQgetvalue(answer.get(), i, column)); };
      auto view = text(2) == "v" || text(2) == "m";
      Offer offer{.schema = text(0), .name = text(1), .kind = view ? "view" : "table"};
      if (auto rows = to_int(text(3)); rows && *rows >= 0 && !view) offer.rows = static_cast<std::uint64_t>(*rows);
      if (auto size = to_int(text(4)); size) offer.size = static_cast<std::uint64_t>(*size);
      out.push_back(std::move(offer));
    }
    return out;
  }

  Result<std::vector<FeedColumn>> begin(const Selection& selection, std::size_t limit) override {
    QS_TRY(auto from, read_from(selection, "AS q", identifier, [&](const std::string& query) -> Result<void> {
             QS_CHECK(describe(query));
             return {};
           }));
    QS_TRY(auto described, describe(fmt::format("SELECT * FROM {}", from)));
    std::vector<std::string> names;
    for (int i = 0; i < PQnfields(described.get()); ++i) names.emplace_back(PQfname(described.get(), i));
    QS_TRY(auto taken, chosen(names, selection));
    QS_TRY(auto nullable, not_null(described.get()));
    std::vector<FeedColumn> columns;
    std::string list;
    for (auto i : taken) {
      auto index = static_cast<int>(i);
      auto oid = PQftype(described.get(), index);
      auto map = postgres_mapping(oid, PQfmod(described.get(), index));
      QS_TRY(auto type, type_name(oid, PQfmod(described.get(), index)));
      auto name = identifier(names[i]);
      if (!list.empty()) list += ", ";
      list += map.as_text ? name + "::text" : name;
      columns.push_back({.info = {.column = {.type = map.type, .width = map.width, .scale = map.scale},
                                  .source_name = names[i],
                                  .source_type = type,
                                  .nullable = !nullable[i],
                                  .note = map.note},
                         .wire = map.wire});
      if (selection.since && names[i] == selection.since->column) since_type_ = type;
    }
    std::string where;
    if (selection.since) {
      QS_CHECK(since_column(columns, *selection.since));
      if (!selection.since->value.empty()) {
        // COPY takes no parameters; a setting of the transaction carries the bound value.
        QS_CHECK(run("SELECT set_config('qushu.since', $1, true)", {selection.since->value}));
        where = since_condition(*selection.since, identifier(selection.since->column),
                                fmt::format("current_setting('qushu.since')::{}", since_type_));
      }
    }
    auto most = limit == 0 ? std::string() : fmt::format(" LIMIT {}", limit);
    copy_ = fmt::format("COPY (SELECT {} FROM {}{}{}) TO STDOUT (FORMAT binary)", list, from, where, most);
    width_ = columns.size();
    return columns;
  }

  Result<bool> next(Block& block) override {
    if (!copying_) {
      Answer answer(PQexec(connection_.get(), copy_.c_str()));
      if (PQresultStatus(answer.get()) != PGRES_COPY_OUT) return failure(answer.get());
      copying_ = true;
    }
    while (!block.full()) {
      char* message = nullptr;
      auto size = PQgetCopyData(connection_.get(), &message, 0);
      if (size == -1) return finish();
      if (size < 0) return failure(nullptr);
      std::unique_ptr<char, void (*)(void*)> owned(message, PQfreemem);
      QS_CHECK(take({message, static_cast<std::size_t>(size)}, block));
    }
    return true;
  }

  Result<std::uint64_t> replace(const TableTarget& target, engine::Cursor& rows) override {
    auto name = identifier(target.table);
    if (!target.schema.empty()) name = identifier(target.schema) + "." + name;
    std::vector<std::string> names;
    std::string list, typed;
    for (const auto& column : rows.columns()) {
      names.push_back(column.name);
      list += (list.empty() ? "" : ", ") + identifier(column.name);
      typed += fmt::format("{}{} {}", typed.empty() ? "" : ", ", identifier(column.name), postgres_type(column));
    }
    QS_CHECK(run("ROLLBACK"));
    QS_CHECK(run("BEGIN"));
    QS_TRY(auto there, run("SELECT to_regclass($1) IS NOT NULL, CASE WHEN to_regclass($1) IS NOT NULL THEN "
                           "has_table_privilege(to_regclass($1), 'TRUNCATE') END",
                           {name}));
    const bool exists = std::string_view(PQgetvalue(there.get(), 0, 0)) == "t";
    const bool truncates = std::string_view(PQgetvalue(there.get(), 0, 1)) == "t";
    if (exists) {
      QS_TRY(
          auto have,
          run("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped", {name}));
      std::vector<std::string> missing;
      for (const auto& column : names) {
        bool found = false;
        for (int i = 0; i < PQntuples(have.get()); ++i) found = found || column == PQgetvalue(have.get(), i, 0);
        if (!found) missing.push_back(column);
      }
      if (!missing.empty()) return lacks_columns(target, missing);
    } else {
      QS_CHECK(run(fmt::format("CREATE TABLE {} ({})", name, typed)));
    }
    // The table itself is locked only while they are moved over.
    QS_CHECK(run(fmt::format("CREATE TEMPORARY TABLE qushu_rows ({}) ON COMMIT DROP", typed)));
    QS_TRY(auto count, copy_in(rows));
    QS_CHECK(run(truncates ? fmt::format("TRUNCATE {}", name) : fmt::format("DELETE FROM {}", name)));
    QS_CHECK(run(fmt::format("INSERT INTO {} ({}) SELECT {} FROM qushu_rows", name, list, list)));
    QS_CHECK(run("COMMIT"));
    return count;
  }

  void abort() override {
    if (aborted_.exchange(true)) return;
    if (connection_ && PQsocket(connection_.get()) >= 0) ::shutdown(PQsocket(connection_.get()), SHUT_RDWR);
  }

 private:
  // One message of the stream: perhaps the header, rows, perhaps the trailer.
  Result<void> take(std::string_view message, Block& block) {
    constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
    auto broken = [] { return fail_internal("PostgreSQL's COPY stream is not understood"); };
    if (!header_seen_) {
      if (!message.starts_with(kSignature) || message.size() < 19) return broken();
      header_seen_ = true;
      std::uint32_t extension = 0;
      std::memcpy(&extension, message.data() + 15, sizeof extension);
      extension = std::byteswap(extension);
      if (message.size() - 19 < extension) return broken();
      message.remove_prefix(19 + extension);
    }
    if (message.empty()) return {};
    if (message.size() < 2) return broken();
    std::int16_t count = 0;
    std::memcpy(&count, message.data(), sizeof count);
    count = std::byteswap(count);
    if (count == -1) {
      trailer_seen_ = true;
      return {};
    }
    if (static_cast<std::size_t>(count) != width_) return broken();
    block.cells.append(message.data() + 2, message.size() - 2);
    ++block.rows;
    ++rows_;
    return {};
  }

  Result<std::uint64_t> copy_in(engine::Cursor& rows) {
    constexpr std::size_t kBlock = 1U << 17U;
    QS_CHECK(copy_state("COPY qushu_rows FROM STDIN", PGRES_COPY_IN));
    std::string block;
    auto send = [&]() -> Result<void> {
      if (context_.stopped()) return fail(trouble(Trouble::cancelled, target_, {}));
      if (PQputCopyData(connection_.get(), block.data(), static_cast<int>(block.size())) != 1) return failure(nullptr);
      block.clear();
      return {};
    };
    auto cell = [&](std::size_t c, bool null, const std::string& text) {
      if (c != 0) block += '\t';
      if (null)
        block += "\\N";
      else
        append_copied(text, block);
    };
    QS_TRY(auto count, each_row(rows, cell, [&] {
             block += '\n';
             return block.size() >= kBlock ? send() : Result<void>();
           }));
    if (!block.empty()) QS_CHECK(send());
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) return failure(nullptr);
    Answer answer(PQgetResult(connection_.get()));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) return failure(answer.get());
    while (Answer rest{PQgetResult(connection_.get())}) {
    }
    return count;
  }

  Result<void> copy_state(const char* sql, ExecStatusType wanted) {
    Answer answer(PQexec(connection_.get(), sql));
    return PQresultStatus(answer.get()) == wanted ? Result<void>() : failure(answer.get());
  }

  Result<bool> finish() {
    Answer answer(PQgetResult(connection_.get()));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) return failure(answer.get());
    auto announced = to_int(PQcmdTuples(answer.get()));
    if (!trailer_seen_ || (announced && static_cast<std::uint64_t>(*announced) != rows_))
      return fail(trouble(Trouble::lost, target_, fmt::format("COPY said {} rows, {} came", announced.value_or(-1), rows_)));
    while (Answer rest{PQgetResult(connection_.get())}) {
    }
    return false;
  }

  Result<void> connect(const std::string& ip, const std::string& tls, const std::string& ca) {
    auto mode = tls == "off" ? std::string("disable") : tls == "verify" ? std::string("verify-full") : tls;
    auto port = std::to_string(target_.integer("port"));
    auto timeout = std::chrono::seconds(context_.settings.integer("sources.connect_timeout"));
    auto host = target_.text("host"), database = target_.text("database"), user = target_.text("user"),
         password = target_.secret("password");
    // Without a root certificate of its own, verification uses the system's.
    auto root = ca == "system" ? std::string("/etc/ssl/certs/ca-certificates.crt") : ca;
    std::vector<std::pair<const char*, const char*>> options{
        {"host", host.c_str()},    {"hostaddr", ip.c_str()},       {"port", port.c_str()},        {"dbname", database.c_str()},
        {"user", user.c_str()},    {"password", password.c_str()}, {"sslmode", mode.c_str()},     {"gssencmode", "disable"},
        {"passfile", "/dev/null"}, {"sslcert", "/dev/null/none"},  {"application_name", "qushu"}, {"keepalives_idle", "30"}};
    if (tls == "verify") options.emplace_back("sslrootcert", root.c_str());
    std::vector<const char*> keys, values;
    for (const auto& [key, value] : options) {
      keys.push_back(key);
      values.push_back(value);
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!connection_) return fail_internal("PQconnectStartParams");
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    auto until = std::chrono::steady_clock::now() + timeout;
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
      if (state == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) return failed_to_connect();
      if (context_.stopped()) return fail(trouble(Trouble::cancelled, target_, {}));
      if (std::chrono::steady_clock::now() > until) return fail(trouble(Trouble::timed_out, target_, "connect"));
      pollfd wait{.fd = PQsocket(connection_.get()),
                  .events = static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                  .revents = 0};
      if (::poll(&wait, 1, 100) > 0) state = PQconnectPoll(connection_.get());
    }
    return {};
  }

  [[nodiscard]] Failure failed_to_connect() const {
    std::string message = PQerrorMessage(connection_.get());
    // "FATAL:  28P01: password authentication failed for user …"
    for (std::size_t at = 0; (at = message.find(":  ", at)) != std::string::npos; at += 3) {
      auto state = message.substr(at + 3, 5);
      if (message.size() > at + 8 && message[at + 8] == ':' && trouble_of_state(state) != Trouble::other)
        return fail(trouble(trouble_of_state(state), target_, message));
    }
    auto what = message.find("no password supplied") != std::string::npos ? Trouble::password : trouble_of(message);
    return fail(trouble(what, target_, message));
  }

  [[nodiscard]] Failure failure(const PGresult* answer) const {
    const char* state = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char* primary = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    std::string message = primary != nullptr ? primary : PQerrorMessage(connection_.get());
    if (aborted_) return fail(trouble(Trouble::cancelled, target_, message));
    if (state != nullptr) return fail(trouble(trouble_of_state(state), target_, message));
    if (PQstatus(connection_.get()) == CONNECTION_BAD || PQsocket(connection_.get()) < 0)
      return fail(trouble(Trouble::lost, target_, message));
    auto what = trouble_of(message);
    return fail(trouble(what, target_, message));
  }

  Result<Answer> run(const std::string& sql, const std::vector<std::string>& values = {}) {
    std::vector<const char*> given;
    for (const auto& value : values) given.push_back(value.c_str());
    Answer answer(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(given.size()), nullptr, given.data(), nullptr,
                               nullptr, 0));
    auto status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failure(answer.get());
    return answer;
  }

  // The columns of one statement, which is not run.
  Result<Answer> describe(const std::string& sql) {
    Answer prepared(PQprepare(connection_.get(), "", sql.c_str(), 0, nullptr));
    if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) return failure(prepared.get());
    Answer described(PQdescribePrepared(connection_.get(), ""));
    if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) return failure(described.get());
    if (PQnparams(described.get()) != 0) return fail(trouble(Trouble::syntax, target_, "$1"));
    if (PQnfields(described.get()) == 0) return fail(trouble(Trouble::syntax, target_, "no columns"));
    return described;
  }

  Result<std::string> type_name(unsigned oid, int modifier) {
    QS_TRY(auto answer, run("SELECT format_type($1::oid, $2::int)", {std::to_string(oid), std::to_string(modifier)}));
    return std::string(PQgetvalue(answer.get(), 0, 0));
  }

  // Which columns are declared NOT NULL, by the table that each comes from.
  Result<std::vector<bool>> not_null(const PGresult* described) {
    std::vector<bool> out(static_cast<std::size_t>(PQnfields(described)), false);
    auto table = PQftable(described, 0);
    if (table == 0) return out;
    QS_TRY(auto answer, run("SELECT attnum FROM pg_attribute WHERE attrelid = $1::oid AND attnotnull AND attnum > 0",
                            {std::to_string(table)}));
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < PQntuples(answer.get()); ++i) numbers.push_back(to_int(PQgetvalue(answer.get(), i, 0)).value_or(0));
    for (int i = 0; i < PQnfields(described); ++i)
      out[static_cast<std::size_t>(i)] =
          PQftable(described, i) == table && std::ranges::find(numbers, PQftablecol(described, i)) != numbers.end();
    return out;
  }

  static std::string escaped_like(std::string_view text) {
    std::string out;
    for (char c : text) {
      if (c == '%' || c == '_' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }

  Target target_;
  Context context_;
  ScratchFile ca_;
  Connection connection_;
  std::string copy_, since_type_;
  std::size_t width_ = 0;
  std::uint64_t rows_ = 0;
  bool copying_ = false, header_seen_ = false, trailer_seen_ = false;
  std::atomic<bool> aborted_ = false;
};

}  // namespace

Result<std::unique_ptr<Database>> connect_postgresql(const Target& target, const Context& context) {
  auto database = std::make_unique<PostgresDatabase>(target, context);
  QS_CHECK(database->connect());
  return database;
}

}  // namespace qushu::sources
