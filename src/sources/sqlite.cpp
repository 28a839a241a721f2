// SQLite: a file below sources.folder, opened read-only. Its values have types of their own whatever their column says, so the
// columns are learnt from all values first, on the same snapshot.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <sqlite3.h>

#include "reader.h"

namespace qushu::sources {
namespace {

struct Closer {
  void operator()(sqlite3* c) const { sqlite3_close_v2(c); }
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using Connection = std::unique_ptr<sqlite3, Closer>;
using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

// Reading only: no other files, no settings, no functions that reach out.
int authorise(void*, int action, const char*, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_TRANSACTION:
      return SQLITE_OK;
    case SQLITE_FUNCTION: {
      std::string_view function = second == nullptr ? "" : second;
      return function == "load_extension" || function == "readfile" || function == "writefile" || function == "edit"
                 ? SQLITE_DENY
                 : SQLITE_OK;
    }
    default:
      return SQLITE_DENY;
  }
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const Target& target, const Context& context) : target_(target), context_(context) {}

  Result<void> open() {
    QS_TRY(auto file, path());
    sqlite3* opened = nullptr;
    auto code =
        sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX, nullptr);
    connection_.reset(opened);
    if (code != SQLITE_OK) return failure();
    sqlite3_busy_timeout(opened, static_cast<int>(context_.settings.integer("sources.connect_timeout") * 1000));
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_set_authorizer(opened, authorise, nullptr);
    sqlite3_progress_handler(
        opened, 10'000, [](void* self) { return static_cast<const SqliteDatabase*>(self)->context_.stopped() ? 1 : 0; }, this);
    QS_TRY(auto begin, prepare("BEGIN"));
    if (sqlite3_step(begin.get()) != SQLITE_DONE) return failure();
    return {};
  }

  Result<Checked> check() override {
    QS_TRY(auto tables, prepare("SELECT count(*) FROM sqlite_master WHERE type IN ('table','view')"));
    if (sqlite3_step(tables.get()) != SQLITE_ROW) return failure();
    return Checked{.version = fmt::format("SQLite {}", sqlite3_libversion())};
  }

  Result<std::vector<Offer>> browse(std::string_view search, std::size_t limit) override {
    QS_TRY(auto list,
           prepare("SELECT name, type FROM sqlite_master WHERE type IN ('table','view') AND name NOT LIKE 'sqlite\\_%' ESCAPE "
                   "'\\' AND instr(lower(name), lower(?)) > 0 ORDER BY 1 LIMIT ?"));
    bind(list.get(), 1, search);
    sqlite3_bind_int64(list.get(), 2, static_cast<std::int64_t>(limit));
    std::vector<Offer> out;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(list.get())) == SQLITE_ROW)
      out.push_back({.schema = {}, .name = text(list.get(), 0), .kind = text(list.get(), 1)});
    if (code != SQLITE_DONE) return failure();
    return out;
  }

  Result<std::vector<FeedColumn>> begin(const Selection& selection, std::size_t limit) override {
    auto from = selection.table.empty() ? std::string() : engine::quote_name(selection.table);
    if (from.empty()) {
      // By itself first: what is one statement alone cannot reach out of the parentheses around it.
      auto query = bare_query(selection.query);
      QS_CHECK(prepare(query));
      from = fmt::format("(\n{}\n)", query);
    }
    QS_TRY(auto all, prepare(fmt::format("SELECT * FROM {}", from)));
    if (sqlite3_bind_parameter_count(all.get()) != 0) return fail(trouble(Trouble::syntax, target_, "?"));
    std::vector<std::string> names, declared;
    for (int i = 0; i < sqlite3_column_count(all.get()); ++i) {
      names.emplace_back(sqlite3_column_name(all.get(), i));
      const char* type = sqlite3_column_decltype(all.get(), i);
      declared.emplace_back(type == nullptr ? "" : type);
    }
    QS_TRY(auto taken, chosen(names, selection));
    QS_TRY(auto columns, learn(from, names, declared, taken));
    std::string list, where;
    for (auto i : taken) {
      if (!list.empty()) list += ", ";
      list += engine::quote_name(names[i]);
    }
    if (selection.since) {
      QS_TRY(auto index, since_column(columns, *selection.since));
      if (!selection.since->value.empty()) where = since_condition(*selection.since, comparable(columns[index]), "?1");
    }
    auto most = limit == 0 ? std::string() : fmt::format(" LIMIT {}", limit);
    QS_TRY(rows_, prepare(fmt::format("SELECT {} FROM {}{}{}", list, from, where, most)));
    if (!where.empty()) {
      QS_TRY(auto index, since_column(columns, *selection.since));
      bind_since(columns[index], selection.since->value);
    }
    for (const auto& column : columns) wires_.push_back(column.wire);
    return columns;
  }

  Result<bool> next(Block& block) override {
    while (!block.full()) {
      auto code = sqlite3_step(rows_.get());
      if (code == SQLITE_DONE) return false;
      if (code != SQLITE_ROW) return failure();
      for (std::size_t i = 0; i < wires_.size(); ++i) add(block, static_cast<int>(i));
      ++block.rows;
    }
    return true;
  }

  void abort() override { sqlite3_interrupt(connection_.get()); }

 private:
  // The file, which must lie below the folder once every link is followed.
  Result<std::string> path() const {
    auto folder = context_.settings.text("sources.folder");
    auto refuse = [&](std::string zh, std::string en) {
      return fail(wrong("source.file", "settings.file", std::move(zh), std::move(en)));
    };
    if (folder.empty())
      return refuse("还不能读取 SQLite 文件：请管理员在设置 sources.folder 中指定存放数据库文件的目录。",
                    "SQLite files cannot be read yet: an administrator names their folder in the setting sources.folder.");
    std::error_code failed;
    auto root = std::filesystem::canonical(folder, failed);
    if (failed)
      return refuse(fmt::format("设置 sources.folder 所指的目录 {} 不存在。", folder),
                    fmt::format("The folder {} of sources.folder does not exist.", folder));
    auto file = std::filesystem::canonical(root / target_.text("file"), failed);
    auto inside =
        !failed && std::ranges::mismatch(root, file).in1 == root.end() && std::filesystem::is_regular_file(file, failed);
    if (!inside)
      return refuse(fmt::format("目录 {} 里没有文件“{}”。", folder, target_.text("file")),
                    fmt::format("There is no file “{}” in the folder {}.", target_.text("file"), folder));
    return file.string();
  }

  Result<Statement> prepare(const std::string& sql) {
    sqlite3_stmt* made = nullptr;
    const char* rest = nullptr;
    auto code = sqlite3_prepare_v2(connection_.get(), sql.c_str(), static_cast<int>(sql.size()), &made, &rest);
    Statement statement(made);
    if (code != SQLITE_OK) return failure();
    if (!statement || !trim(rest).empty()) return fail(trouble(Trouble::syntax, target_, "one statement"));
    if (sqlite3_stmt_readonly(statement.get()) == 0) return fail(trouble(Trouble::read_only, target_, sql));
    return statement;
  }

  [[nodiscard]] Failure failure() const {
    std::string message = sqlite3_errmsg(connection_.get());
    switch (sqlite3_errcode(connection_.get())) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        return fail(trouble(Trouble::busy, target_, message));
      case SQLITE_AUTH:
        return fail(trouble(Trouble::read_only, target_, message));
      case SQLITE_INTERRUPT:
        return fail(trouble(Trouble::cancelled, target_, message));
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
        return fail(
            wrong("source.file", "settings.file", "文件不是完好的 SQLite 数据库。", "The file is no sound SQLite database.")
                .because(message));
      default:
        break;
    }
    if (message.starts_with("no such table")) return fail(trouble(Trouble::table, target_, message));
    if (message.starts_with("no such column")) return fail(trouble(Trouble::column, target_, message));
    return fail(trouble(message.find("syntax") != std::string::npos ? Trouble::syntax : Trouble::other, target_, message));
  }

  static std::string text(sqlite3_stmt* s, int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(s, column));
    return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(s, column)));
  }
  static void bind(sqlite3_stmt* s, int index, std::string_view value) {
    sqlite3_bind_text64(s, index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }

  // What each column's values are, all of them.
  Result<std::vector<FeedColumn>> learn(const std::string& from, const std::vector<std::string>& names,
                                        const std::vector<std::string>& declared, const std::vector<std::size_t>& taken) {
    using engine::Type;
    std::string list;
    for (auto i : taken) {
      auto c = engine::quote_name(names[i]);
      if (!list.empty()) list += ", ";
      list += fmt::format(
          "sum(typeof({0})='integer'), sum(typeof({0})='real'), sum(typeof({0})='text'), sum(typeof({0})='blob'), sum({0} IN "
          "(0,1)), "
          "sum(typeof({0})='text' AND {0} GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'), sum(typeof({0})='text' AND {0} "
          "GLOB "
          "'[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]*' AND length({0}) <= 26)",
          c);
    }
    QS_TRY(auto facts, prepare(fmt::format("SELECT {} FROM {}", list, from)));
    if (sqlite3_step(facts.get()) != SQLITE_ROW) return failure();
    std::vector<FeedColumn> columns;
    for (std::size_t k = 0; k < taken.size(); ++k) {
      auto count = [&](int fact) { return sqlite3_column_int64(facts.get(), static_cast<int>(k) * 7 + fact); };
      auto integers = count(0), reals = count(1), texts = count(2), blobs = count(3), bits = count(4), dates = count(5),
           times = count(6);
      FeedColumn out{.info = {.source_name = names[taken[k]], .source_type = declared[taken[k]]}};
      auto said = lower_ascii(declared[taken[k]]);
      auto as = [&](Type type, Wire wire) {
        out.info.column.type = type;
        out.wire = wire;
      };
      auto any = integers + reals + texts + blobs;
      auto about_time = said.starts_with("date") || said.starts_with("time");
      if (blobs > 0 && blobs == any) {
        out.wire = Wire::bytes;
      } else if (texts + blobs > 0) {
        if (about_time && dates == any)
          as(Type::date, Wire::date);
        else if (about_time && times == any)
          as(Type::datetime, Wire::datetime);
        else if (texts + blobs < any)
          out.info.note = {"值的类型不一，按文本读取", "Its values are of several types and arrive as text"};
      } else if (reals > 0) {
        as(Type::number, Wire::native_number);
      } else if (integers > 0) {
        auto flag = said.starts_with("bool") && bits == integers;
        as(flag ? Type::boolean : Type::integer, Wire::native_integer);
      } else if (said.find("int") != std::string::npos) {
        as(Type::integer, Wire::native_integer);
      } else if (said.find("real") != std::string::npos || said.find("doub") != std::string::npos ||
                 said.find("floa") != std::string::npos) {
        as(Type::number, Wire::native_number);
      }
      columns.push_back(std::move(out));
    }
    return columns;
  }

  static std::string comparable(const FeedColumn& column) {
    auto name = engine::quote_name(column.info.source_name);
    // Written with a blank or a T, they compare alike.
    return column.info.column.type == engine::Type::datetime ? fmt::format("replace({}, ' ', 'T')", name) : name;
  }
  void bind_since(const FeedColumn& column, const std::string& value) {
    if (column.info.column.type == engine::Type::integer)
      sqlite3_bind_int64(rows_.get(), 1, to_int(value).value_or(0));
    else
      bind(rows_.get(), 1,
           column.info.column.type == engine::Type::datetime && value.ends_with(".000000") ? value.substr(0, value.size() - 7)
                                                                                           : value);
  }

  void add(Block& block, int i) {
    auto* s = rows_.get();
    if (sqlite3_column_type(s, i) == SQLITE_NULL) return block.add_null();
    switch (wires_[static_cast<std::size_t>(i)]) {
      case Wire::native_integer:
        return block.add_native(static_cast<std::int64_t>(sqlite3_column_int64(s, i)));
      case Wire::native_number:
        return block.add_native(sqlite3_column_double(s, i));
      case Wire::bytes: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(s, i));
        return block.add({bytes, static_cast<std::size_t>(sqlite3_column_bytes(s, i))});
      }
      default: {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(s, i));
        return block.add({bytes, static_cast<std::size_t>(sqlite3_column_bytes(s, i))});
      }
    }
  }

  Target target_;
  Context context_;
  Connection connection_;
  Statement rows_;
  std::vector<Wire> wires_;
};

}  // namespace

Result<std::unique_ptr<Database>> connect_sqlite(const Target& target, const Context& context) {
  auto database = std::make_unique<SqliteDatabase>(target, context);
  QS_CHECK(database->open());
  return database;
}

}  // namespace qushu::sources
