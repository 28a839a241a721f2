// Any database with an ODBC driver that the administrator installed. A driver is code that runs in this program and may open
// files, so a source names a registered driver or DSN and a few options, never a path to a driver or a file of settings.
#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <sql.h>
#include <sqlext.h>
#include <unicode/unistr.h>

#include "reader.h"

namespace qushu::sources {
namespace {

SQLCHAR* chars(std::string_view text) {
  return reinterpret_cast<SQLCHAR*>(
      const_cast<char*>(text.data()));  // NOLINT(cppcoreguidelines-pro-type-const-cast): only read
}

// "{value}" as a connection string wants it.
std::string braced(std::string_view value) {
  std::string out = "{";
  for (char c : value) {
    if (c == '}') out += '}';
    out += c;
  }
  return out + "}";
}

// As it is where that is safe: not every driver takes the braces off again.
std::string value_of(std::string_view value) {
  auto plain = std::ranges::all_of(value, [](char c) {
    return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-' ||
           c == '/' || c == ':';
  });
  return plain ? std::string(value) : braced(value);
}

class Handle {
 public:
  Handle(SQLSMALLINT kind, SQLHANDLE above) : kind_(kind) {
    if (!SQL_SUCCEEDED(SQLAllocHandle(kind, above, &handle_))) handle_ = SQL_NULL_HANDLE;
  }
  ~Handle() {
    if (handle_ != SQL_NULL_HANDLE) SQLFreeHandle(kind_, handle_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] SQLHANDLE get() const { return handle_; }
  [[nodiscard]] SQLSMALLINT kind() const { return kind_; }

 private:
  SQLSMALLINT kind_;
  SQLHANDLE handle_ = SQL_NULL_HANDLE;
};

Trouble trouble_of_state(std::string_view state, std::string_view message) {
  if (state == "28000" || state == "28P01") return Trouble::password;
  if (state == "3D000") return Trouble::database;
  if (state == "42501") return Trouble::permission;
  if (state == "42S02" || state == "42P01") return Trouble::table;
  if (state == "42S22" || state == "42703") return Trouble::column;
  if (state == "25006") return Trouble::read_only;
  if (state == "HYT00" || state == "HYT01") return Trouble::timed_out;
  if (state == "HY008") return Trouble::cancelled;
  if (state == "08S01" || state == "08003" || state == "08007") return Trouble::lost;
  if (message.find("no such table") != std::string_view::npos) return Trouble::table;
  if (auto what = trouble_of(message); what != Trouble::other) return what;
  if (message.find("password") != std::string_view::npos) return Trouble::password;
  if (state.starts_with("08")) return Trouble::refused;
  if (state.starts_with("42") || state == "37000") return Trouble::syntax;
  return Trouble::other;
}

FeedColumn feed_of(std::string name, SQLSMALLINT type, SQLULEN size, SQLSMALLINT digits, SQLSMALLINT nullable) {
  using engine::Type;
  FeedColumn out{.info = {.source_name = std::move(name), .nullable = nullable != SQL_NO_NULLS}};
  auto as = [&](Type t, Wire wire, std::string said) {
    out.info.column.type = t;
    out.wire = wire;
    out.info.source_type = std::move(said);
  };
  switch (type) {
    case SQL_BIT:
      as(Type::boolean, Wire::native_integer, "bit");
      break;
    case SQL_TINYINT:
      as(Type::integer, Wire::native_integer, "tinyint");
      break;
    case SQL_SMALLINT:
      as(Type::integer, Wire::native_integer, "smallint");
      break;
    case SQL_INTEGER:
      as(Type::integer, Wire::native_integer, "integer");
      break;
    case SQL_BIGINT:
      as(Type::integer, Wire::native_integer, "bigint");
      break;
    case SQL_REAL:
    case SQL_FLOAT:
    case SQL_DOUBLE:
      as(Type::number, Wire::native_number, "double");
      break;
    case SQL_NUMERIC:
    case SQL_DECIMAL:
      if (size >= 1 && size <= 38 && digits >= 0 && static_cast<SQLULEN>(digits) <= size) {
        as(Type::decimal, Wire::decimal, fmt::format("decimal({},{})", size, digits));
        out.info.column.width = static_cast<std::uint8_t>(size);
        out.info.column.scale = static_cast<std::uint8_t>(digits);
      } else {
        as(Type::text, Wire::text, fmt::format("decimal({},{})", size, digits));
        out.info.note = {"没有固定位数的数按文本读取，以免丢失数字",
                         "A number without fixed digits arrives as text, so that none is lost"};
      }
      break;
    case SQL_TYPE_DATE:
      as(Type::date, Wire::date, "date");
      break;
    case SQL_TYPE_TIME:
      as(Type::time, Wire::time, "time");
      break;
    case SQL_TYPE_TIMESTAMP:
      as(Type::datetime, Wire::datetime, "timestamp");
      break;
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY:
      as(Type::text, Wire::bytes, "binary");
      out.info.note = {"二进制内容按十六进制文本读取", "Bytes arrive as hexadecimal text"};
      break;
    default:
      as(Type::text, Wire::text, size > 0 && size < 65536 ? fmt::format("varchar({})", size) : "text");
  }
  return out;
}

class OdbcDatabase final : public Database {
 public:
  OdbcDatabase(const Target& target, const Context& context)
      : target_(target), context_(context), environment_(SQL_HANDLE_ENV, SQL_NULL_HANDLE) {}
  ~OdbcDatabase() override {
    statement_.reset();
    if (connected_) {
      SQLEndTran(SQL_HANDLE_DBC, connection_->get(), SQL_ROLLBACK);
      SQLDisconnect(connection_->get());
    }
  }
  OdbcDatabase(const OdbcDatabase&) = delete;
  OdbcDatabase& operator=(const OdbcDatabase&) = delete;

  Result<void> connect() {
    QS_TRY(auto wanted, connection_string());
    if (environment_.get() == SQL_NULL_HANDLE) return fail_internal("SQLAllocHandle(ENV)");
    SQLSetEnvAttr(environment_.get(), SQL_ATTR_ODBC_VERSION, reinterpret_cast<SQLPOINTER>(SQL_OV_ODBC3), 0);
    connection_ = std::make_unique<Handle>(SQL_HANDLE_DBC, environment_.get());
    auto* c = connection_->get();
    auto seconds = static_cast<SQLULEN>(context_.settings.integer("sources.connect_timeout"));
    SQLSetConnectAttr(c, SQL_ATTR_LOGIN_TIMEOUT, reinterpret_cast<SQLPOINTER>(seconds), SQL_IS_UINTEGER);
    SQLSetConnectAttr(c, SQL_ATTR_ACCESS_MODE, reinterpret_cast<SQLPOINTER>(SQL_MODE_READ_ONLY), SQL_IS_UINTEGER);
    auto code = SQLDriverConnect(c, nullptr, chars(wanted), static_cast<SQLSMALLINT>(wanted.size()), nullptr, 0, nullptr,
                                 SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(code)) return failure(*connection_);
    connected_ = true;
    // One transaction around everything, rolled back at the end.
    SQLSetConnectAttr(c, SQL_ATTR_AUTOCOMMIT, reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_OFF), SQL_IS_UINTEGER);
    SQLUINTEGER levels = 0;
    SQLGetInfo(c, SQL_TXN_ISOLATION_OPTION, &levels, sizeof levels, nullptr);
    if ((levels & SQL_TXN_REPEATABLE_READ) != 0)
      SQLSetConnectAttr(c, SQL_ATTR_TXN_ISOLATION, reinterpret_cast<SQLPOINTER>(SQL_TXN_REPEATABLE_READ), SQL_IS_UINTEGER);
    quote_ = info(SQL_IDENTIFIER_QUOTE_CHAR);
    product_ = info(SQL_DBMS_NAME);
    if (lower_ascii(product_).find("postgres") != std::string::npos) QS_CHECK(run("SET TRANSACTION READ ONLY"));
    return {};
  }

  Result<Checked> check() override {
    Checked checked{.version = fmt::format("{} {}", product_, info(SQL_DBMS_VER))};
    checked.warnings.push_back(
        {"ODBC 驱动未必能保证只读，请使用只读账号。",
         "Not every ODBC driver can keep a connection from writing; use an account that can only read."});
    return checked;
  }

  Result<std::vector<Offer>> browse(std::string_view search, std::size_t limit) override {
    Handle list(SQL_HANDLE_STMT, connection_->get());
    std::string types = "TABLE,VIEW";
    if (!SQL_SUCCEEDED(SQLTables(list.get(), nullptr, 0, nullptr, 0, nullptr, 0, chars(types), SQL_NTS))) return failure(list);
    std::vector<Offer> out;
    while (out.size() < limit && SQL_SUCCEEDED(SQLFetch(list.get()))) {
      QS_TRY(auto schema, text(list, 2));
      QS_TRY(auto name, text(list, 3));
      QS_TRY(auto kind, text(list, 4));
      if (lower_ascii(*name).find(lower_ascii(search)) == std::string::npos) continue;
      out.push_back({.schema = schema.value_or(""),
                     .name = name.value_or(""),
                     .kind = lower_ascii(kind.value_or("")) == "view" ? "view" : "table"});
    }
    return out;
  }

  Result<std::vector<FeedColumn>> begin(const Selection& selection, std::size_t limit) override {
    auto quoted = [&](std::string_view name) { return identifier(name); };
    QS_TRY(auto from, read_from(selection, "q", quoted, [&](const std::string& query) -> Result<void> {
             if (query.find(';') != std::string::npos && lower_ascii(product_).find("postgres") == std::string::npos)
               return fail(trouble(Trouble::syntax, target_, "one statement, without semicolons"));
             if (!lower_ascii(query).starts_with("select") && !lower_ascii(query).starts_with("with"))
               return fail(trouble(Trouble::syntax, target_, "SELECT …"));
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
      if (!list.empty()) list += ", ";
      list += identifier(names[i]);
      columns.push_back(all[i]);
      wires_.push_back(all[i].wire);
    }
    std::string where;
    if (selection.since) {
      QS_TRY(auto index, since_column(columns, *selection.since));
      since_type_ = columns[index].info.column.type;
      since_ = selection.since->value;
      if (!since_.empty()) where = since_condition(*selection.since, identifier(selection.since->column), "?");
    }
    sql_ = fmt::format("SELECT {} FROM {}{}", list, from, where);
    limit_ = limit;
    return columns;
  }

  Result<bool> next(Block& block) override {
    if (!statement_) QS_CHECK(start());
    while (!block.full()) {
      auto code = SQLFetch(statement_->get());
      if (code == SQL_NO_DATA) return false;
      if (!SQL_SUCCEEDED(code)) return failure(*statement_);
      for (std::size_t i = 0; i < wires_.size(); ++i) QS_CHECK(add(block, static_cast<SQLUSMALLINT>(i + 1), wires_[i]));
      ++block.rows;
    }
    return true;
  }

  void abort() override {
    aborted_ = true;
    if (auto* running = running_.load(); running != nullptr) SQLCancel(running);
  }

 private:
  Result<std::string> connection_string() const {
    auto dsn = target_.text("dsn"), driver = target_.text("driver");
    auto refuse = [&](std::string field, std::string zh, std::string en) {
      return fail(wrong("source.odbc", field, std::move(zh), std::move(en)));
    };
    if (dsn.empty() == driver.empty())
      return refuse("settings.driver", "请填写系统数据源名或驱动，二者取一。",
                    "Give a system DSN or a driver, one of the two.");
    if (driver.find_first_of("/\\") != std::string::npos || dsn.find_first_of("/\\") != std::string::npos)
      return refuse("settings.driver", "驱动应为 odbcinst.ini 中登记的名称，不能是路径。",
                    "A driver is a name registered in odbcinst.ini, not a path.");
    auto out = dsn.empty() ? "Driver=" + braced(driver) : "DSN=" + braced(dsn);
    if (auto host = target_.text("host"); !host.empty()) {
      QS_CHECK(Network(context_.settings).resolve(host, target_.integer("port")));
      out += ";Server=" + value_of(host);
    }
    if (auto port = target_.integer("port"); port != 0) out += fmt::format(";Port={}", port);
    if (auto database = target_.text("database"); !database.empty()) {
      if (database.find('/') != std::string::npos || database.starts_with('.')) {
        QS_TRY(database, file_below(database));
      }
      out += ";Database=" + value_of(database);
    }
    auto allowed = split(lower_ascii(context_.settings.text("sources.odbc_options")), ',');
    auto options = target_.text("options");
    for (auto option : split(options, ';')) {
      if (trim(option).empty()) continue;
      auto equal = option.find('=');
      auto key = lower_ascii(trim(option.substr(0, equal)));
      if (equal == std::string_view::npos || std::ranges::none_of(allowed, [&](std::string_view a) { return trim(a) == key; }))
        return refuse("settings.options",
                      fmt::format("“{}”不是可用的连接参数；可用的有 {}（设置 sources.odbc_options）。", trim(option),
                                  context_.settings.text("sources.odbc_options")),
                      fmt::format("“{}” is no option that may be used; these may: {} (sources.odbc_options).", trim(option),
                                  context_.settings.text("sources.odbc_options")));
      out += fmt::format(";{}={}", trim(option.substr(0, equal)), value_of(trim(option.substr(equal + 1))));
    }
    if (auto user = target_.text("user"); !user.empty()) out += ";UID=" + value_of(user);
    if (auto password = target_.secret("password"); !password.empty()) out += ";PWD=" + value_of(password);
    return out;
  }
  // Databases that are files (SQLite's driver): below sources.folder, as those of the kind sqlite.
  Result<std::string> file_below(const std::string& name) const {
    std::error_code failed;
    auto folder = context_.settings.text("sources.folder");
    auto root = folder.empty() ? std::filesystem::path() : std::filesystem::canonical(folder, failed);
    auto file = root.empty() || failed ? root : std::filesystem::canonical(root / name, failed);
    if (root.empty() || failed || std::ranges::mismatch(root, file).in1 != root.end())
      return fail(wrong("source.file", "settings.database", "数据库文件应在设置 sources.folder 所指的目录之内。",
                        "A database file lies below the folder that sources.folder names."));
    return file.string();
  }

  [[nodiscard]] std::string info(SQLUSMALLINT what) const {
    std::array<char, 256> text{};
    SQLSMALLINT length = 0;
    SQLGetInfo(connection_->get(), what, text.data(), static_cast<SQLSMALLINT>(text.size()), &length);
    return {text.data(), std::min<std::size_t>(static_cast<std::size_t>(std::max<SQLSMALLINT>(length, 0)), text.size() - 1)};
  }
  [[nodiscard]] std::string identifier(std::string_view name) const {
    if (quote_.empty() || quote_ == " ") return std::string(name);
    std::string out = quote_;
    for (char c : name) {
      if (c == quote_[0]) out += c;
      out += c;
    }
    return out + quote_;
  }

  [[nodiscard]] Failure failure(const Handle& handle) const {
    std::array<SQLCHAR, 6> state{};
    std::array<SQLCHAR, 1024> message{};
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;
    SQLGetDiagRec(handle.kind(), handle.get(), 1, state.data(), &native, message.data(),
                  static_cast<SQLSMALLINT>(message.size()), &length);
    std::string said(reinterpret_cast<const char*>(message.data()));
    std::string_view code(reinterpret_cast<const char*>(state.data()));
    if (aborted_) return fail(trouble(Trouble::cancelled, target_, said));
    return fail(trouble(trouble_of_state(code, said), target_, fmt::format("{} {}", code, said)));
  }

  Result<void> run(const std::string& sql) {
    Handle statement(SQL_HANDLE_STMT, connection_->get());
    auto code = SQLExecDirect(statement.get(), chars(sql), static_cast<SQLINTEGER>(sql.size()));
    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA) return failure(statement);
    return {};
  }

  Result<std::vector<FeedColumn>> describe(const std::string& sql) {
    Handle statement(SQL_HANDLE_STMT, connection_->get());
    if (!SQL_SUCCEEDED(SQLPrepare(statement.get(), chars(sql), static_cast<SQLINTEGER>(sql.size())))) return failure(statement);
    SQLSMALLINT count = 0;
    if (!SQL_SUCCEEDED(SQLNumResultCols(statement.get(), &count))) return failure(statement);
    if (count == 0) return fail(trouble(Trouble::syntax, target_, "no columns"));
    std::vector<FeedColumn> out;
    for (SQLUSMALLINT i = 1; i <= static_cast<SQLUSMALLINT>(count); ++i) {
      std::array<SQLCHAR, 512> name{};
      SQLSMALLINT length = 0, type = 0, digits = 0, nullable = 0;
      SQLULEN size = 0;
      if (!SQL_SUCCEEDED(SQLDescribeCol(statement.get(), i, name.data(), static_cast<SQLSMALLINT>(name.size()), &length, &type,
                                        &size, &digits, &nullable)))
        return failure(statement);
      out.push_back(feed_of(reinterpret_cast<const char*>(name.data()), type, size, digits, nullable));
    }
    return out;
  }

  Result<void> start() {
    auto statement = std::make_unique<Handle>(SQL_HANDLE_STMT, connection_->get());
    auto timeout = static_cast<SQLULEN>(context_.settings.integer("sources.query_timeout"));
    SQLSetStmtAttr(statement->get(), SQL_ATTR_QUERY_TIMEOUT, reinterpret_cast<SQLPOINTER>(timeout), SQL_IS_UINTEGER);
    if (limit_ != 0)
      SQLSetStmtAttr(statement->get(), SQL_ATTR_MAX_ROWS, reinterpret_cast<SQLPOINTER>(static_cast<SQLULEN>(limit_)),
                     SQL_IS_UINTEGER);
    SQLLEN length = static_cast<SQLLEN>(since_.size());
    if (!since_.empty()) {
      std::ranges::replace(since_, 'T', ' ');
      auto type = since_type_ == engine::Type::datetime ? SQL_TYPE_TIMESTAMP
                  : since_type_ == engine::Type::date   ? SQL_TYPE_DATE
                                                        : SQL_BIGINT;
      auto digits = static_cast<SQLSMALLINT>(type == SQL_TYPE_TIMESTAMP ? 6 : 0);
      if (!SQL_SUCCEEDED(SQLBindParameter(statement->get(), 1, SQL_PARAM_INPUT, SQL_C_CHAR, static_cast<SQLSMALLINT>(type), 26,
                                          digits, chars(since_), length, &length)))
        return failure(*statement);
    }
    running_ = statement->get();
    statement_ = std::move(statement);
    auto code = SQLExecDirect(statement_->get(), chars(sql_), static_cast<SQLINTEGER>(sql_.size()));
    if (!SQL_SUCCEEDED(code)) return failure(*statement_);
    return {};
  }

  // A column of the current row, whole, in UTF-8.
  Result<std::optional<std::string>> text(const Handle& statement, SQLUSMALLINT column) const {
    icu::UnicodeString all;
    std::array<SQLWCHAR, 2048> piece{};
    while (true) {
      SQLLEN length = 0;
      auto code = SQLGetData(statement.get(), column, SQL_C_WCHAR, piece.data(), sizeof piece, &length);
      if (code == SQL_NO_DATA) break;
      if (!SQL_SUCCEEDED(code)) return failure(statement);
      if (length == SQL_NULL_DATA) return std::nullopt;
      auto most = static_cast<SQLLEN>(sizeof piece - sizeof(SQLWCHAR));
      auto got = length == SQL_NO_TOTAL || length > most ? most : length;
      all.append(reinterpret_cast<const char16_t*>(piece.data()),
                 static_cast<std::int32_t>(got / static_cast<SQLLEN>(sizeof(SQLWCHAR))));
      if (code == SQL_SUCCESS) break;
    }
    std::string out;
    all.toUTF8String(out);
    return out;
  }
  Result<void> add(Block& block, SQLUSMALLINT column, Wire wire) {
    SQLLEN length = 0;
    if (wire == Wire::native_integer) {
      std::int64_t value = 0;
      if (!SQL_SUCCEEDED(SQLGetData(statement_->get(), column, SQL_C_SBIGINT, &value, sizeof value, &length)))
        return failure(*statement_);
      length == SQL_NULL_DATA ? block.add_null() : block.add_native(value);
      return {};
    }
    if (wire == Wire::native_number) {
      double value = 0;
      if (!SQL_SUCCEEDED(SQLGetData(statement_->get(), column, SQL_C_DOUBLE, &value, sizeof value, &length)))
        return failure(*statement_);
      length == SQL_NULL_DATA ? block.add_null() : block.add_native(value);
      return {};
    }
    if (wire == Wire::bytes) return add_bytes(block, column);
    QS_TRY(auto value, text(*statement_, column));
    value ? block.add(*value) : block.add_null();
    return {};
  }
  Result<void> add_bytes(Block& block, SQLUSMALLINT column) {
    std::string all;
    std::array<char, 8192> piece{};
    while (true) {
      SQLLEN length = 0;
      auto code = SQLGetData(statement_->get(), column, SQL_C_BINARY, piece.data(), static_cast<SQLLEN>(piece.size()), &length);
      if (code == SQL_NO_DATA) break;
      if (!SQL_SUCCEEDED(code)) return failure(*statement_);
      if (length == SQL_NULL_DATA) {
        block.add_null();
        return {};
      }
      auto whole = length != SQL_NO_TOTAL && length <= static_cast<SQLLEN>(piece.size());
      all.append(piece.data(), whole ? static_cast<std::size_t>(length) : piece.size());
      if (code == SQL_SUCCESS) break;
    }
    block.add(all);
    return {};
  }

  Target target_;
  Context context_;
  Handle environment_;
  std::unique_ptr<Handle> connection_, statement_;
  bool connected_ = false;
  std::string quote_, product_, sql_, since_;
  engine::Type since_type_ = engine::Type::text;
  std::size_t limit_ = 0;
  std::vector<Wire> wires_;
  std::atomic<SQLHANDLE> running_ = nullptr;  // what abort() may cancel
  std::atomic<bool> aborted_ = false;
};

}  // namespace

Result<std::unique_ptr<Database>> connect_odbc(const Target& target, const Context& context) {
  auto database = std::make_unique<OdbcDatabase>(target, context);
  QS_CHECK(database->connect());
  return database;
}

}  // namespace qushu::sources
