// Analytic SQL over datasets: DuckDB behind its C interface. The only folder that knows DuckDB.
//
// Two ways in:
//   - run(): SQL that Qushu's own modules wrote, with bound parameters, on a shared instance. It may read files and scan
//     TableSources, and COPY to files. Names in it were quoted by quote_name(); text from outside is a parameter, always.
//   - Sandbox: SQL that a person wrote. A fresh locked-down in-memory instance which knows exactly the views that it was given;
//     the statement is checked first (sql_check.h): exactly one SELECT, tables and functions on allow-lists, fail closed.
//
// Every query has a time limit, a row limit where the caller sets one, a memory limit (spilling to a private folder), and a
// cancel check that is asked about every 10 ms. At most `engine.queries` run at once; more wait for `engine.queue_timeout`,
// then are refused with Code::overloaded.
//
// Thread-safety: an Engine may be used from any thread; a Cursor and a Sandbox by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/engine/chunk_writer.h"

namespace qushu::engine {

// The types of columns. Names as the API and the pages use them: "text", "integer", "decimal", "number", "boolean", "date",
// "time", "datetime". Whatever else DuckDB yields (lists, structs, huge integers) arrives as text.
enum class Type : std::uint8_t { text, integer, decimal, number, boolean, date, time, datetime };
[[nodiscard]] std::string_view name(Type type);
[[nodiscard]] bool parse(std::string_view text, Type& out);
// Those that are counted with, and those that name a day.
[[nodiscard]] constexpr bool is_number(Type type) {
  return type == Type::integer || type == Type::decimal || type == Type::number;
}
[[nodiscard]] constexpr bool is_day(Type type) {
  return type == Type::date || type == Type::datetime;
}

struct Column {
  std::string name;
  Type type = Type::text;
  std::uint8_t width = 0;  // of decimal: 1 to 38 digits in all
  std::uint8_t scale = 0;  // of decimal: digits after the point
};

// A parameter of run(); and a single value of a chunk.
using Value = std::variant<std::monostate, std::int64_t, double, bool, std::string>;

// A batch of rows of an answer, read column by column. Valid until the next call of Cursor::next().
class Chunk {
 public:
  virtual ~Chunk() = default;
  [[nodiscard]] virtual std::size_t rows() const = 0;
  [[nodiscard]] virtual bool is_null(std::size_t column, std::size_t row) const = 0;
  // Of integer columns, and of boolean ones as 0 and 1.
  [[nodiscard]] virtual std::int64_t integer(std::size_t column, std::size_t row) const = 0;
  // Of all but text and number columns, as it is stored: date as days since 1970-01-01, time and datetime in µs, decimal
  // unscaled; what ChunkWriter takes.
  [[nodiscard]] virtual __int128 raw(std::size_t column, std::size_t row) const = 0;
  // Of number, integer and decimal columns.
  [[nodiscard]] virtual double number(std::size_t column, std::size_t row) const = 0;
  // Of text columns; the bytes live as long as the chunk.
  [[nodiscard]] virtual std::string_view text(std::size_t column, std::size_t row) const = 0;
  // Any non-null value appended in its canonical text form: dates 2026-11-23, datetimes 2026-11-23T14:05:09[.ffffff], decimals
  // with their scale, booleans true/false, numbers in the shortest form that reads back the same.
  virtual void append_text(std::size_t column, std::size_t row, std::string& out) const = 0;
};

// An answer being read. Destroying it early cancels the query.
class Cursor {
 public:
  virtual ~Cursor() = default;
  [[nodiscard]] virtual const std::vector<Column>& columns() const = 0;
  // The next chunk, nullptr at the end, or why it stopped (timed_out, cancelled, too_large, invalid …).
  [[nodiscard]] virtual Result<const Chunk*> next() = 0;
};

// --- C++ data as tables ----------------------------------------------------------------------------------------------------
// What every module uses to offer live relations, and ingest to feed parsed rows into Parquet: a table whose rows are made by
// C++ code while DuckDB scans it, on several threads.

class Scanner {
 public:
  virtual ~Scanner() = default;
  // Fills at most capacity() rows; how many, 0 at the end. Columns that the query does not need may be left alone: `wanted[i]`
  // of TableSource::open().
  [[nodiscard]] virtual Result<std::size_t> fill(ChunkWriter& into) = 0;
};

class TableSource {
 public:
  virtual ~TableSource() = default;
  [[nodiscard]] virtual const std::vector<Column>& columns() const = 0;
  [[nodiscard]] virtual std::size_t max_threads() const { return 1; }
  [[nodiscard]] virtual std::optional<std::uint64_t> row_estimate() const { return std::nullopt; }
  // Called once per scanning thread; the scanners of one query share the rows among them. Thread-safe. `wanted` holds the
  // indexes of the columns that the query reads, in the order in which ChunkWriter counts them.
  [[nodiscard]] virtual Result<std::unique_ptr<Scanner>> open(const std::vector<std::size_t>& wanted) = 0;
  // Called once before the scanners of a query are opened, so that a source can begin a new pass.
  [[nodiscard]] virtual Result<void> begin() { return {}; }
};

// --- queries ---------------------------------------------------------------------------------------------------------------

struct Limits {
  std::chrono::milliseconds time{30'000};
  std::uint64_t rows = 0;                // more rows are an error too_large; 0: no limit
  std::function<bool()> cancelled = {};  // asked while the query runs
};

// A table of a query that is backed by C++ (scanned as `name`).
struct Bound {
  std::string name;
  TableSource* source;  // must outlive the query
};

struct Query {
  std::string sql;
  std::vector<Value> params = {};  // for $1, $2 …
  std::vector<Bound> tables = {};
  Limits limits = {};
  bool ordered = true;  // false: rows may come in any order (faster COPY)
  bool large = false;   // for execute(): so much flows through that freed memory is kept for what comes next, until the end
};

// A view of a sandbox: what a person's SQL may name. `sql` is a SELECT of Qushu's own making over read_parquet([...]).
struct View {
  std::string name;
  std::string sql;
};

// What people call a column that SQL knows by its identifier.
struct Label {
  std::string name, column;
};

struct SandboxSpec {
  std::vector<View> views;
  std::vector<std::filesystem::path> files;  // exactly the files that the views read
  std::vector<Bound> tables = {};
  // For suggestions only: what else could have been meant by a table's name, and by a column's.
  std::vector<std::string> names = {};
  std::vector<Label> labels = {};
};

// Why a person's SQL failed, with the place when it is known (1-based offset in characters, 0 when not).
struct SqlFault {
  std::size_t position = 0;
};

// Serves one statement: run() or explain(), once.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  // Checks the statement and starts it. An error that people can act on has Code::invalid and id "sql.syntax",
  // "sql.not_select", "sql.table", "sql.function", "sql.column" …, and the subject "position N" when it is known.
  [[nodiscard]] virtual Result<std::unique_ptr<Cursor>> run(std::string_view sql, const std::vector<Value>& params,
                                                            const Limits& limits) = 0;
  // The plan as text; runs nothing.
  [[nodiscard]] virtual Result<std::string> explain(std::string_view sql, const Limits& limits) = 0;
};

class Chain;       // chain.h: people's SQL in several steps
struct ChainSpec;  //
struct Lineage;    // lineage.h: where the columns of a statement come from
struct Relation;   //

[[nodiscard]] std::span<const SettingSpec>
settings();  // engine.memory, engine.threads, engine.queries, engine.queue_timeout, engine.spill_limit …

class Engine {
 public:
  // `scratch` is a private folder for spilling, emptied at open.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> open(const Settings& settings, const std::filesystem::path& scratch);
  virtual ~Engine() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<Cursor>> run(Query query) = 0;
  // A statement without an answer (COPY … TO): the number of rows that it wrote.
  [[nodiscard]] virtual Result<std::uint64_t> execute(Query query) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Sandbox>> sandbox(SandboxSpec spec) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Chain>> chain(ChainSpec spec) = 0;
  // Of a statement over `relations`; checked like one of a sandbox, and not run.
  [[nodiscard]] virtual Result<Lineage> lineage(std::string_view sql, const std::vector<Relation>& relations) = 0;
  // How many queries run now, and how many wait: for /metrics.
  struct Load {
    std::size_t running = 0, waiting = 0;
  };
  [[nodiscard]] virtual Load load() const = 0;
  [[nodiscard]] virtual std::string version() const = 0;
};

// `name` as a quoted SQL identifier, and `text` as a quoted SQL string (for file paths of our own making only).
[[nodiscard]] std::string quote_name(std::string_view name);
[[nodiscard]] std::string quote_text(std::string_view text);
// "read_parquet(['…', '…'])" over files of our own.
[[nodiscard]] std::string parquet_scan(const std::vector<std::filesystem::path>& files);

}  // namespace qushu::engine
