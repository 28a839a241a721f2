#include "reader.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace qushu::sources {

Result<std::unique_ptr<Database>> connect(const Target& target, const Context& context) {
  switch (target.kind) {
    case Kind::postgresql:
      return connect_postgresql(target, context);
    case Kind::mysql:
      return connect_mysql(target, context);
    case Kind::sqlite:
      return connect_sqlite(target, context);
    case Kind::odbc:
      return connect_odbc(target, context);
    default:
      return fail(Code::conflict, "source.not_database", "这个数据源是文件，不能按表读取。",
                  "This source holds files, not tables.");
  }
}

Result<std::unique_ptr<Folder>> open_folder(const Target& target, const Context& context) {
  switch (target.kind) {
    case Kind::http:
      return open_http(target, context);
    case Kind::s3:
      return open_s3(target, context);
    case Kind::sftp:
      return open_sftp(target, context);
    default:
      return fail(Code::conflict, "source.not_files", "这个数据源是数据库，不能按文件读取。",
                  "This source is a database and holds no files.");
  }
}

Result<std::uint64_t> Database::replace(const TableTarget&, engine::Cursor&) {
  return fail(Code::conflict, "source.read_only", "只能向 PostgreSQL、MySQL 和 MariaDB 写入。",
              "Only PostgreSQL, MySQL and MariaDB can be written to.");
}

Failure lacks_columns(const TableTarget& table, const std::vector<std::string>& missing) {
  auto list = shorten(join(missing, ", "), 300);
  return fail(wrong("source.lacks_columns", "table",
                    fmt::format("目标表 {} 缺少列：{}。请增加这些列，或换一个表名。", table.table, list),
                    fmt::format("The table {} lacks the columns {}; add them, or name another table.", table.table, list)));
}

Result<void> check_table(const TableTarget& table) {
  // MySQL's names have 64 characters, some of which the table beside needs.
  constexpr std::size_t kName = 48;
  auto good = [](std::string_view name) {
    return std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '\x7F'; });
  };
  if (trim(table.table).empty() || utf8_length(table.table) > kName || !good(table.table))
    return fail(
        wrong("source.table", "table", "请写明目标表名，最多 48 个字符。", "Name the table, in at most 48 characters."));
  if (utf8_length(table.schema) > kName || !good(table.schema))
    return fail(wrong("source.schema", "schema", "模式名最多 48 个字符。", "A schema's name has at most 48 characters."));
  return {};
}

Result<void> check_selection(const Selection& selection) {
  if (selection.table.empty() == bare_query(selection.query).empty())
    return fail(wrong("source.selection", "selection", "请选择一张表，或写一条查询，二者取一。",
                      "Choose a table or write a query, one of the two."));
  return {};
}

std::string bare_query(std::string_view query) {
  query = trim(query);
  while (query.ends_with(';')) query = trim(query.substr(0, query.size() - 1));
  return std::string(query);
}

Result<std::string> read_from(const Selection& selection, std::string_view alias,
                              const std::function<std::string(std::string_view)>& quoted,
                              const std::function<Result<void>(const std::string&)>& describe) {
  if (!selection.table.empty())
    return selection.schema.empty() ? quoted(selection.table) : quoted(selection.schema) + "." + quoted(selection.table);
  auto query = bare_query(selection.query);
  QS_CHECK(describe(query));
  return fmt::format("(\n{}\n) {}", query, alias);
}

Result<std::vector<std::size_t>> chosen(const std::vector<std::string>& all, const Selection& selection) {
  std::vector<std::size_t> out;
  auto find = [&](const std::string& name) -> Result<std::size_t> {
    auto found = std::ranges::find(all, name);
    if (found != all.end()) return static_cast<std::size_t>(found - all.begin());
    auto list = shorten(join(all, ", "), 300);
    return fail(wrong("source.column", "selection.columns", fmt::format("没有“{}”这一列；有：{}。", name, list),
                      fmt::format("There is no column “{}”; there are: {}.", name, list)));
  };
  for (const auto& name : selection.columns) {
    QS_TRY(auto index, find(name));
    if (std::ranges::find(out, index) == out.end()) out.push_back(index);
  }
  if (out.empty())
    for (std::size_t i = 0; i < all.size(); ++i) out.push_back(i);
  if (selection.since) {
    QS_TRY(auto index, find(selection.since->column));
    if (std::ranges::find(out, index) == out.end()) out.push_back(index);
  }
  return out;
}

Result<std::size_t> since_column(const std::vector<FeedColumn>& columns, const Since& since) {
  using engine::Type;
  auto found = std::ranges::find(columns, since.column, [](const FeedColumn& c) { return c.info.source_name; });
  if (found == columns.end())
    return fail(wrong("source.column", "selection.since.column", fmt::format("没有“{}”这一列。", since.column),
                      fmt::format("There is no column “{}”.", since.column)));
  const auto& column = found->info.column;
  auto sequence = column.type == Type::integer || (column.type == Type::decimal && column.scale == 0);
  if (!sequence && column.type != Type::date && column.type != Type::datetime)
    return fail(wrong("source.since", "selection.since.column",
                      fmt::format("增量列“{}”应为整数、日期或日期时间，现为 {}。", since.column, found->info.source_type),
                      fmt::format("The column of a watermark holds whole numbers, dates or times; “{}” is {}.", since.column,
                                  found->info.source_type)));
  if (since.value.empty()) return static_cast<std::size_t>(found - columns.begin());
  Decoded value;
  std::string scratch;
  auto wire = sequence ? (column.type == Type::integer ? Wire::integer : Wire::decimal)
                       : (column.type == Type::date ? Wire::date : Wire::datetime);
  if (decode(wire, column, since.value, value, scratch) != Decoded::Outcome::good)
    return fail(wrong("source.since", "selection.since.value",
                      fmt::format("增量位点“{}”应如 12345、2026-11-23 或 2026-11-23T14:05:09。", since.value),
                      fmt::format("The watermark “{}” is not like 12345, 2026-11-23 or 2026-11-23T14:05:09.", since.value)));
  return static_cast<std::size_t>(found - columns.begin());
}

std::string since_condition(const Since& since, std::string_view compared, std::string_view value) {
  if (!since.inclusive) return fmt::format(" WHERE {} > {}", compared, value);
  return fmt::format(" WHERE ({0} >= {1} OR {0} IS NULL)", compared, value);
}

std::optional<__int128> most_of(const engine::Column& column, const Since& since) {
  const bool day = column.type == engine::Type::date;
  if (since.most.empty() || (!day && column.type != engine::Type::datetime)) return std::nullopt;
  constexpr std::size_t kDay = 10;
  Decoded value;
  std::string scratch;
  if (decode(day ? Wire::date : Wire::datetime, column, day ? since.most.substr(0, kDay) : since.most, value, scratch) !=
      Decoded::Outcome::good)
    return std::nullopt;
  return value.whole;
}

void name_columns(std::vector<FeedColumn>& columns) {
  // Compared as the engine does, without case.
  std::set<std::string> taken{"_id"};
  for (auto& column : columns) {
    auto name = well_formed(trim(column.info.source_name));
    if (name.empty()) name = "column";
    auto unique = name;
    for (int i = 2; !taken.insert(lower_ascii(unique)).second; ++i) unique = fmt::format("{}_{}", name, i);
    column.info.column.name = unique;
  }
}

namespace {

struct Words {
  Code code;
  std::string_view id, field, zh, en;
};

Words words(Trouble what) {
  switch (what) {
    case Trouble::host:
      return {Code::invalid, "source.host", "settings.host", "找不到主机，请检查主机名或域名解析。",
              "There is no such host; check its name and the name service."};
    case Trouble::refused:
      return {Code::unavailable, "source.refused", "settings.port",
              "连接被拒绝：请检查端口，以及对方服务是否已启动并允许本机访问。",
              "The connection was refused: check the port, and whether the service runs and admits this machine."};
    case Trouble::timed_out:
      return {Code::timed_out, "source.timed_out", "settings.host",
              "连接或响应超时：请检查网络、防火墙和对方负载，或调大设置 sources.connect_timeout、sources.stall_timeout。",
              "No answer in time: check the network, firewalls and the server's load, or raise sources.connect_timeout or "
              "sources.stall_timeout."};
    case Trouble::route:
      return {Code::unavailable, "source.route", "settings.host", "网络不可达：请检查路由和防火墙。",
              "There is no route to it: check the routes and firewalls."};
    case Trouble::certificate:
      return {Code::invalid, "source.certificate", "settings.ca",
              "对方的证书未通过核验：请检查主机名与证书是否一致、证书是否过期，或填写自有 CA 证书。",
              "Its certificate could not be verified: check that it is for this host and has not expired, or give the CA's "
              "certificate."};
    case Trouble::encryption:
      return {Code::invalid, "source.encryption", "settings.tls", "无法建立加密连接：对方不支持，或双方没有共同的协议。",
              "No encrypted connection could be made: the server offers none, or none in common."};
    case Trouble::password:
      return {Code::invalid, "source.password", "secrets.password", "用户名或口令（密钥）不正确，或该账号不允许从本机登录。",
              "The user or password (key) is wrong, or the account may not sign in from this machine."};
    case Trouble::database:
      return {Code::invalid, "source.database", "settings.database", "没有这个数据库（存储桶、目录），请检查名称。",
              "There is no such database (bucket, folder); check its name."};
    case Trouble::permission:
      return {Code::invalid, "source.permission", "selection", "该账号没有读取权限：请对方管理员授予只读权限。",
              "The account may not read this: ask the administrator there to grant it reading."};
    case Trouble::table:
      return {Code::invalid, "source.table", "selection", "没有这张表（视图、文件），可能已改名或删除。",
              "There is no such table, view or file; it may have been renamed or removed."};
    case Trouble::column:
      return {Code::invalid, "source.column", "selection", "没有这一列，可能已改名或删除。",
              "There is no such column; it may have been renamed or removed."};
    case Trouble::syntax:
      return {Code::invalid, "source.query", "selection.query", "查询有误：应为一条 SELECT 语句。",
              "The query is wrong: write one SELECT statement."};
    case Trouble::read_only:
      return {Code::invalid, "source.read_only", "selection.query", "数据源只能读取，查询不得修改数据。",
              "A source is only read; the query must not change anything."};
    case Trouble::busy:
      return {Code::unavailable, "source.busy", "settings.host", "对方服务器繁忙或正在启动，请稍后再试。",
              "The server is busy or starting; try later."};
    case Trouble::lost:
      return {Code::unavailable, "source.lost", "settings.host", "连接中断，没有读完；已读部分不会保留，请重试。",
              "The connection was cut before the end; nothing of it is kept. Try again."};
    case Trouble::cancelled:
      return {Code::cancelled, "source.cancelled", "", "已取消。", "Cancelled."};
    case Trouble::other:
      break;
  }
  return {Code::invalid, "source.failed", "", "数据源返回了错误。", "The source answered with an error."};
}

}  // namespace

Error trouble(Trouble what, const Target& target, std::string detail) {
  auto w = words(what);
  auto place = target.place();
  auto said = shorten(well_formed(trim(detail)), 300);
  // What a server says about a statement helps whoever wrote it; of connecting, our words say enough.
  auto quote = !said.empty() && (what == Trouble::other || what == Trouble::syntax || what == Trouble::table ||
                                 what == Trouble::column || what == Trouble::permission);
  return {.code = w.code,
          .id = std::string(w.id),
          .text = {fmt::format("{}：{}{}", place, w.zh, quote ? fmt::format("（{}）", said) : ""),
                   fmt::format("{}: {}{}", place, w.en, quote ? fmt::format(" ({})", said) : "")},
          .subject = std::string(w.field),
          .detail = std::move(detail)};
}

Trouble trouble_of(std::string_view message) {
  auto text = lower_ascii(message);
  auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (has("certificate")) return Trouble::certificate;
  if (has("refused")) return Trouble::refused;
  if (has("timed out") || has("timeout")) return Trouble::timed_out;
  if (has("unreachable") || has("no route")) return Trouble::route;
  if (has("not known") || has("could not translate") || has("name resolution") || has("unknown host")) return Trouble::host;
  if (has("does not support ssl") || has("ssl") || has("tls")) return Trouble::encryption;
  if (has("closed the connection") || has("reset by peer") || has("broken pipe") || has("terminat") ||
      has("connection not open") || has("lost connection") || has("gone away") || has("eof detected") || has("no connection"))
    return Trouble::lost;
  return Trouble::other;
}

}  // namespace qushu::sources
