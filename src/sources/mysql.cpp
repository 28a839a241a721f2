// MySQL and MariaDB: an unbuffered answer inside one read-only snapshot.
#include <algorithm>
#include <atomic>

#include <arpa/inet.h>
#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <sys/socket.h>

#include "each_row.h"
#include "mysql_types.h"
#include "reader.h"
#include "scratch_file.h"

namespace qushu::sources {
namespace {

struct Closer {
  void operator()(MYSQL* c) const { mysql_close(c); }
  void operator()(MYSQL_RES* r) const { mysql_free_result(r); }
  void operator()(MYSQL_STMT* s) const { mysql_stmt_close(s); }
};
using Connection = std::unique_ptr<MYSQL, Closer>;
using Answer = std::unique_ptr<MYSQL_RES, Closer>;
using Statement = std::unique_ptr<MYSQL_STMT, Closer>;

// `waited`: for as long as a connection may take.
Trouble trouble_of_number(unsigned number, std::string_view message, bool waited) {
  switch (number) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_HOST_NOT_PRIVILEGED:
    case 1698:  // access denied without a password
      return Trouble::password;
    case ER_BAD_DB_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
      return Trouble::database;
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
      return Trouble::permission;
    case ER_NO_SUCH_TABLE:
      return Trouble::table;
    case ER_BAD_FIELD_ERROR:
      return Trouble::column;
    case ER_PARSE_ERROR:
    case ER_EMPTY_QUERY:
      return Trouble::syntax;
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
      return Trouble::read_only;
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_HOST_IS_BLOCKED:
      return Trouble::busy;
    case CR_UNKNOWN_HOST:
      return Trouble::host;
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case ER_SERVER_SHUTDOWN:
    case 1927:  // the connection was killed
      return message.find("timed out") != std::string_view::npos ? Trouble::timed_out : Trouble::lost;
    case CR_SSL_CONNECTION_ERROR: {
      auto what = trouble_of(message);
      return what == Trouble::certificate ? what : Trouble::encryption;
    }
    default:
      break;
  }
  if (number == CR_CONNECTION_ERROR || number == CR_CONN_HOST_ERROR) {
    // "Can't connect to server on 'x' (111)": the system's number.
    if (message.find("(110)") != std::string_view::npos) return Trouble::timed_out;
    // libmariadb says EINPROGRESS of a refused connection as of one that nobody answered.
    if (message.find("(115)") != std::string_view::npos && waited) return Trouble::timed_out;
    if (message.find("(113)") != std::string_view::npos || message.find("(101)") != std::string_view::npos)
      return Trouble::route;
    return Trouble::refused;
  }
  return trouble_of(message);
}

std::string identifier(std::string_view name) {
  std::string out = "`";
  for (char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

constexpr std::size_t kDate = 10;  // characters of 2026-11-29, before the time

std::string mysql_type(const engine::Column& column) {
  using engine::Type;
  switch (column.type) {
    case Type::integer:
      return "BIGINT";
    case Type::number:
      return "DOUBLE";
    case Type::decimal:
      return fmt::format("DECIMAL({},{})", column.width, column.scale);
    case Type::boolean:
      return "TINYINT(1)";
    case Type::date:
      return "DATE";
    case Type::datetime:
      return "DATETIME(6)";
    case Type::time:
      return "TIME(6)";
    default:
      return "LONGTEXT";
  }
}

class MysqlDatabase final : public Database {
 public:
  MysqlDatabase(const Target& target, const Context& context) : target_(target), context_(context) {}
  ~MysqlDatabase() override {
    // An answer that was not read to its end would be read now, all of it: hang up instead.
    if (streaming_ && connection_) ::shutdown(socket_, SHUT_RDWR);
    answer_.reset();
  }
  MysqlDatabase(const MysqlDatabase&) = delete;
  MysqlDatabase& operator=(const MysqlDatabase&) = delete;

  Result<void> connect() {
    Network network(context_.settings);
    QS_TRY(auto endpoints, network.resolve(target_.text("host"), target_.integer("port")));
    if (!target_.text("ca").empty()) QS_CHECK(ca_.write(target_.text("ca")));
    auto verify = target_.text("tls") == "verify";
    Result<void> last{};
    for (const auto& endpoint : endpoints) {
      begun_ = std::chrono::steady_clock::now();
      // A certificate is for the name; who answered is looked at afterwards.
      last = connect(verify ? target_.text("host") : endpoint.ip);
      if (last || verify) break;
    }
    QS_CHECK(last);
    socket_ = mysql_get_socket(connection_.get());
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return fail_errno(errno, "getpeername");
    QS_CHECK(network.check(reinterpret_cast<const sockaddr*>(&peer)));
    if (target_.text("tls") == "require" && mysql_get_ssl_cipher(connection_.get()) == nullptr)
      return fail(trouble(Trouble::encryption, target_, "no cipher"));
    for (const char* sql :
         {"SET SESSION time_zone = '+00:00'", "SET SESSION sql_mode = ''",
          "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"})
      QS_CHECK(exec(sql));
    return {};
  }

  Result<Checked> check() override {
    QS_TRY(auto rows, query("SELECT version(), @@version_comment"));
    std::string version = rows.empty() ? "" : rows[0][0];
    auto maria = version.find("MariaDB") != std::string::npos;
    Checked checked{.version = maria ? fmt::format("MariaDB {}", version.substr(0, version.find('-')))
                                     : fmt::format("MySQL {}", version)};
    if (mysql_get_ssl_cipher(connection_.get()) == nullptr)
      checked.warnings.push_back({"连接没有加密。", "The connection is not encrypted."});
    QS_TRY(auto grants, query("SHOW GRANTS"));
    auto writes = std::ranges::any_of(grants, [](const auto& row) {
      std::string_view grant = row[0];
      return grant.find("ALL PRIVILEGES") != std::string_view::npos || grant.find("INSERT") != std::string_view::npos;
    });
    if (writes)
      checked.warnings.push_back(
          {"该账号可以写入，建议换用只读账号。", "The account may write; one that can only read is better."});
    return checked;
  }

  Result<std::vector<Offer>> browse(std::string_view search, std::size_t limit) override {
    QS_TRY(auto rows,
           query(fmt::format("SELECT table_name, table_type, table_rows, data_length FROM information_schema.tables WHERE "
                             "table_schema = database() AND locate(lower('{}'), lower(table_name)) > 0 ORDER BY 1 LIMIT {}",
                             escaped(search), limit)));
    std::vector<Offer> out;
    for (const auto& row : rows) {
      Offer offer{.schema = target_.text("database"), .name = row[0], .kind = row[1] == "VIEW" ? "view" : "table"};
      if (auto n = to_int(row[2]); n) offer.rows = static_cast<std::uint64_t>(*n);
      if (auto n = to_int(row[3]); n) offer.size = static_cast<std::uint64_t>(*n);
      out.push_back(std::move(offer));
    }
    return out;
  }

  Result<std::vector<FeedColumn>> begin(const Selection& selection, std::size_t limit) override {
    QS_TRY(auto from, read_from(selection, "AS q", identifier, [&](const std::string& query) -> Result<void> {
             QS_CHECK(describe(query));
             return {};
           }));
    QS_TRY(auto all, describe(fmt::format("SELECT * FROM {}", from)));
    std::vector<std::string> names;
    for (const auto& column : all) names.push_back(column.info.source_name);
    QS_TRY(auto taken, chosen(names, selection));
    std::vector<FeedColumn> columns;
    std::string list;
    for (auto i : taken) {
      auto name = identifier(names[i]);
      if (!list.empty()) list += ", ";
      // A float is written with six digits; as a double it keeps them all.
      list += all[i].info.source_type == "float" ? fmt::format("CAST({} AS DOUBLE) AS {}", name, name) : name;
      columns.push_back(all[i]);
    }
    std::string where;
    if (selection.since) {
      QS_TRY(auto index, since_column(columns, *selection.since));
      if (!selection.since->value.empty()) {
        QS_CHECK(bind_since(selection.since->value));
        auto type = columns[index].info.column.type;
        auto as = type == engine::Type::integer   ? "SIGNED"
                  : type == engine::Type::decimal ? "DECIMAL(38,0)"
                  : type == engine::Type::date    ? "DATE"
                                                  : "DATETIME(6)";
        where =
            since_condition(*selection.since, identifier(selection.since->column), fmt::format("CAST(@qushu_since AS {})", as));
      }
    }
    auto most = limit == 0 ? std::string() : fmt::format(" LIMIT {}", limit);
    sql_ = fmt::format("SELECT {} FROM {}{}{}", list, from, where, most);
    width_ = static_cast<unsigned>(columns.size());
    return columns;
  }

  Result<bool> next(Block& block) override {
    if (!streaming_) {
      if (mysql_real_query(connection_.get(), sql_.data(), sql_.size()) != 0) return failure();
      answer_.reset(mysql_use_result(connection_.get()));
      if (!answer_) return failure();
      if (mysql_num_fields(answer_.get()) != width_) return fail(trouble(Trouble::column, target_, "the columns changed"));
      streaming_ = true;
    }
    while (!block.full()) {
      auto* row = mysql_fetch_row(answer_.get());
      if (row == nullptr) {
        if (mysql_errno(connection_.get()) != 0) return failure();
        streaming_ = false;
        return false;
      }
      const auto* lengths = mysql_fetch_lengths(answer_.get());
      for (unsigned i = 0; i < width_; ++i) {
        if (row[i] == nullptr)
          block.add_null();
        else
          block.add({row[i], lengths[i]});
      }
      ++block.rows;
    }
    return true;
  }

  Result<std::uint64_t> replace(const TableTarget& target, engine::Cursor& rows) override {
    // Its statements on tables end every transaction, so the rows go into a table beside, which takes the name at once.
    const auto made = identifier(target.table + "__qushu_new"), old = identifier(target.table + "__qushu_old"),
               name = identifier(target.table);
    std::string list, typed;
    std::vector<std::string> missing;
    QS_CHECK(exec("ROLLBACK"));
    QS_CHECK(exec("SET SESSION TRANSACTION READ WRITE"));
    QS_CHECK(exec("SET SESSION sql_mode = 'STRICT_ALL_TABLES'"));
    QS_TRY(auto have,
           query(fmt::format("SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND "
                             "table_name = '{}'",
                             escaped(target.table))));
    for (const auto& column : rows.columns()) {
      list += (list.empty() ? "" : ", ") + identifier(column.name);
      typed += fmt::format("{}{} {}", typed.empty() ? "" : ", ", identifier(column.name), mysql_type(column));
      if (std::ranges::none_of(have, [&](const auto& row) { return row[0] == column.name; })) missing.push_back(column.name);
    }
    if (!have.empty() && !missing.empty()) return lacks_columns(target, missing);
    QS_CHECK(exec(fmt::format("DROP TABLE IF EXISTS {}", made)));
    QS_CHECK(exec(have.empty() ? fmt::format("CREATE TABLE {} ({}) DEFAULT CHARACTER SET utf8mb4", made, typed)
                               : fmt::format("CREATE TABLE {} LIKE {}", made, name)));
    QS_CHECK(exec("START TRANSACTION"));
    QS_TRY(auto count, insert_rows(fmt::format("INSERT INTO {} ({}) VALUES ", made, list), rows));
    QS_CHECK(exec("COMMIT"));
    if (have.empty()) {
      QS_CHECK(exec(fmt::format("RENAME TABLE {} TO {}", made, name)));
      return count;
    }
    QS_CHECK(exec(fmt::format("DROP TABLE IF EXISTS {}", old)));
    QS_CHECK(exec(fmt::format("RENAME TABLE {} TO {}, {} TO {}", name, old, made, name)));
    QS_CHECK(exec(fmt::format("DROP TABLE {}", old)));
    return count;
  }

  void abort() override {
    if (aborted_.exchange(true)) return;
    ::shutdown(socket_, SHUT_RDWR);
  }

 private:
  [[nodiscard]] std::string escaped(std::string_view text) const {
    std::string out(text.size() * 2 + 1, '\0');
    out.resize(mysql_real_escape_string(connection_.get(), out.data(), text.data(), text.size()));
    return out;
  }

  Result<std::uint64_t> insert_rows(const std::string& head, engine::Cursor& rows) {
    constexpr std::size_t kStatement = 1U << 19U;  // well below max_allowed_packet's default
    std::string sql;
    auto send = [&]() -> Result<void> {
      if (context_.stopped()) return fail(trouble(Trouble::cancelled, target_, {}));
      QS_CHECK(exec(sql));
      sql.clear();
      return {};
    };
    auto cell = [&](std::size_t c, bool null, std::string& text) {
      sql += c != 0 ? ", " : sql.empty() ? head + "(" : ", (";
      append_value(rows.columns()[c].type, null, text, sql);
    };
    QS_TRY(auto count, each_row(rows, cell, [&] {
             sql += ")";
             return sql.size() >= kStatement ? send() : Result<void>();
           }));
    if (!sql.empty()) QS_CHECK(send());
    return count;
  }

  void append_value(engine::Type type, bool null, std::string& cell, std::string& sql) const {
    using engine::Type;
    if (null || (type == Type::number && (cell.contains("inf") || cell.contains("nan")))) {
      sql += "NULL";
      return;
    }
    if (type == Type::boolean || type == Type::integer || type == Type::decimal || type == Type::number) {
      sql += cell;  // digits, or the words true and false
      return;
    }
    if (type == Type::datetime && cell.size() > kDate) cell[kDate] = ' ';
    sql += "'" + escaped(cell) + "'";
  }

  Result<void> connect(const std::string& host) {
    connection_.reset(mysql_init(nullptr));
    if (!connection_) return fail_internal("mysql_init");
    auto* c = connection_.get();
    auto connect_timeout = static_cast<unsigned>(context_.settings.integer("sources.connect_timeout"));
    auto read_timeout = static_cast<unsigned>(context_.settings.integer("sources.query_timeout"));
    unsigned local_files = 0;  // a server must not ask for ours
    mysql_options(c, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
    mysql_options(c, MYSQL_OPT_READ_TIMEOUT, &read_timeout);
    mysql_options(c, MYSQL_OPT_WRITE_TIMEOUT, &connect_timeout);
    mysql_options(c, MYSQL_OPT_LOCAL_INFILE, &local_files);
    mysql_options(c, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    unsigned protocol = MYSQL_PROTOCOL_TCP;
    mysql_options(c, MYSQL_OPT_PROTOCOL, &protocol);
    auto tls = target_.text("tls");
    my_bool enforce = tls == "require" || tls == "verify" ? 1 : 0;
    my_bool verify = tls == "verify" ? 1 : 0;
    if (tls != "off") mysql_options(c, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(c, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    if (verify != 0)
      mysql_options(c, MYSQL_OPT_SSL_CA, ca_.path().empty() ? "/etc/ssl/certs/ca-certificates.crt" : ca_.path().c_str());
    auto user = target_.text("user"), password = target_.secret("password"), database = target_.text("database");
    auto flags = tls == "require" || tls == "verify" || tls == "prefer" ? CLIENT_SSL : 0UL;
    auto port = static_cast<unsigned>(target_.integer("port"));
    if (mysql_real_connect(c, host.c_str(), user.c_str(), password.c_str(), database.c_str(), port, nullptr, flags) != nullptr)
      return {};
    // A server without encryption, where that is allowed.
    if (tls == "prefer" && mysql_errno(c) == CR_SSL_CONNECTION_ERROR && flags != 0) {
      return connect_plainly(host, connect_timeout, read_timeout);
    }
    return failure();
  }

  Result<void> connect_plainly(const std::string& host, unsigned connect_timeout, unsigned read_timeout) {
    connection_.reset(mysql_init(nullptr));
    if (!connection_) return fail_internal("mysql_init");
    auto* c = connection_.get();
    unsigned local_files = 0, protocol = MYSQL_PROTOCOL_TCP;
    mysql_options(c, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
    mysql_options(c, MYSQL_OPT_READ_TIMEOUT, &read_timeout);
    mysql_options(c, MYSQL_OPT_LOCAL_INFILE, &local_files);
    mysql_options(c, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(c, MYSQL_OPT_PROTOCOL, &protocol);
    if (mysql_real_connect(c, host.c_str(), target_.text("user").c_str(), target_.secret("password").c_str(),
                           target_.text("database").c_str(), static_cast<unsigned>(target_.integer("port")), nullptr,
                           0) == nullptr)
      return failure();
    return {};
  }

  [[nodiscard]] Failure failure_of(unsigned number, std::string message) const {
    if (aborted_) return fail(trouble(Trouble::cancelled, target_, std::move(message)));
    auto waited =
        std::chrono::steady_clock::now() - begun_ >= std::chrono::seconds(context_.settings.integer("sources.connect_timeout"));
    auto what = trouble_of_number(number, message, waited);
    return fail(trouble(what, target_, std::move(message)));
  }
  [[nodiscard]] Failure failure() const { return failure_of(mysql_errno(connection_.get()), mysql_error(connection_.get())); }

  Result<void> exec(std::string_view sql) {
    if (mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) return failure();
    return {};
  }
  Result<std::vector<std::vector<std::string>>> query(const std::string& sql) {
    QS_CHECK(exec(sql));
    Answer answer(mysql_store_result(connection_.get()));
    if (!answer) return failure();
    std::vector<std::vector<std::string>> out;
    while (auto* row = mysql_fetch_row(answer.get())) {
      const auto* lengths = mysql_fetch_lengths(answer.get());
      auto& line = out.emplace_back();
      for (unsigned i = 0; i < mysql_num_fields(answer.get()); ++i)
        line.emplace_back(row[i] == nullptr ? "" : std::string(row[i], lengths[i]));
    }
    return out;
  }

  // The columns of one statement, which is not run.
  Result<std::vector<FeedColumn>> describe(const std::string& sql) {
    Statement statement(mysql_stmt_init(connection_.get()));
    if (!statement) return fail_internal("mysql_stmt_init");
    if (mysql_stmt_prepare(statement.get(), sql.data(), sql.size()) != 0)
      return failure_of(mysql_stmt_errno(statement.get()), mysql_stmt_error(statement.get()));
    if (mysql_stmt_param_count(statement.get()) != 0) return fail(trouble(Trouble::syntax, target_, "?"));
    Answer described(mysql_stmt_result_metadata(statement.get()));
    if (!described) return fail(trouble(Trouble::syntax, target_, "no columns"));
    std::vector<FeedColumn> columns;
    auto as_boolean = target_.text("tinyint") != "integer";
    for (unsigned i = 0; i < mysql_num_fields(described.get()); ++i)
      columns.push_back(feed_of(mysql_fetch_fields(described.get())[i], as_boolean));
    return columns;
  }

  Result<void> bind_since(const std::string& value) {
    constexpr std::string_view kSet = "SET @qushu_since = ?";
    Statement statement(mysql_stmt_init(connection_.get()));
    if (!statement) return fail_internal("mysql_stmt_init");
    MYSQL_BIND bound{};
    auto length = static_cast<unsigned long>(value.size());
    bound.buffer_type = MYSQL_TYPE_STRING;
    bound.buffer = const_cast<char*>(value.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): only read
    bound.buffer_length = length;
    bound.length = &length;
    if (mysql_stmt_prepare(statement.get(), kSet.data(), kSet.size()) != 0 ||
        mysql_stmt_bind_param(statement.get(), &bound) != 0 || mysql_stmt_execute(statement.get()) != 0)
      return failure_of(mysql_stmt_errno(statement.get()), mysql_stmt_error(statement.get()));
    return {};
  }

  Target target_;
  Context context_;
  ScratchFile ca_;
  Connection connection_;
  std::chrono::steady_clock::time_point begun_;  // of the last attempt to connect
  Answer answer_;
  std::string sql_;
  unsigned width_ = 0;
  int socket_ = -1;
  bool streaming_ = false;
  std::atomic<bool> aborted_ = false;
};

}  // namespace

Result<std::unique_ptr<Database>> connect_mysql(const Target& target, const Context& context) {
  auto database = std::make_unique<MysqlDatabase>(target, context);
  QS_CHECK(database->connect());
  return database;
}

}  // namespace qushu::sources
