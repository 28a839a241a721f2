// Files as tables: what a department hands over, understood. Detects container, format, encoding, delimiter and header; infers
// the narrowest type of each column from all of its rows; reads the rows again as typed columns, and says of each row that does
// not fit exactly why. Knows no dataset, no store and no HTTP.
//
// Two passes over a table:
//   analyse()  reads every row and learns the columns: names, types, how many values misfit, examples, the first misfits.
//   Reading    an engine::TableSource over the same table with the (perhaps corrected) columns. Rows that fit go to the engine,
//   the
//              others to a RejectSink. read = published + rejected, always; a row is rejected once, with all its misfits.
//
// Formats: CSV and TSV (RFC 4180 and what people write: any of , ; tab | as delimiter, quotes, CR, LF, CRLF, ragged rows), XLSX
// (every sheet; merged and several header rows; dates by number format; numbers in text cells stay text), JSON (array of
// objects, or an object that holds one), NDJSON, Parquet; each also inside zip (every member) and gzip. Encodings: UTF-8 with
// and without BOM, UTF-16 LE and BE, GB18030 (and so GBK, GB2312), Big5 by choice.
//
// Memory is bounded whatever the size of the file: text is read in blocks, XLSX is streamed sheet by sheet.
//
// Thread-safety: functions may be called from any thread; a Reading is scanned by the engine on several.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/memory.h"
#include "qushu/engine/engine.h"

namespace qushu::tabular {

// tabular.misfit_share (0.01), tabular.column_limit (2000), tabular.cell_limit (1 MiB), tabular.table_limit (200 per file),
// tabular.expansion_limit (bytes that an archive may unpack to) and tabular.expansion_ratio (zip bombs), tabular.threads …
[[nodiscard]] std::span<const SettingSpec> settings();

enum class Format : std::uint8_t { csv, xlsx, json, ndjson, parquet };
[[nodiscard]] std::string_view name(Format format);

// How one table of a file is written. What is empty is detected; what a person corrected is kept.
struct Dialect {
  std::string encoding;                      // "utf-8", "utf-8-bom", "gb18030", "utf-16le", "utf-16be", "big5"
  std::optional<char> delimiter, quote;      // of CSV; quote '\0': none
  std::optional<std::uint32_t> header_rows;  // how many rows make up the header; 0: none, columns become 列1, 列2 …
  std::optional<std::uint32_t> skip_rows;    // rows before the header: titles, notes, blank ones
  // Of separated text: rows with fewer cells than the header are taken, their last columns empty, instead of rejected. Detected
  // as true where most rows are so, because their writer left out trailing empty cells.
  std::optional<bool> fill_short;
};

// Types of columns as the engine has them, and two that are numbers with a unit taken from the text: percent values ("12.5%")
// become decimals with unit "%"; numbers under a header that says 万 or 亿 (（万元）) keep their figure and get that unit.
struct ColumnPlan {
  std::string name;  // as written; made unique within the table
  std::string unit;  // "万元", "%", "人" … or empty
  engine::Type type = engine::Type::text;
  std::uint8_t width = 0, scale = 0;
  bool skip = false;  // not taken over
  // Not a column of the table: every row has this text in it, read like a cell. Behind the table's own columns.
  std::optional<std::string> fixed = {};
  friend bool operator==(const ColumnPlan&, const ColumnPlan&) = default;
};

// What is known of a column after analyse().
struct ColumnFacts {
  ColumnPlan plan;                      // proposed
  std::uint64_t values = 0, empty = 0;  // non-empty and empty cells
  std::uint64_t misfits = 0;            // values that do not fit the proposed type
  std::string looks_like;  // "id_card", "credit_code", "phone", "region_code", "code" (leading zeros or long digits), or ""
  Text why;                // in words: "有前导零，按文本保存"
  std::vector<std::string> examples;  // up to 5 different values
  struct Candidate {                  // other types that were counted
    engine::Type type;
    std::uint64_t misfits;
  };
  std::vector<Candidate> candidates;
};

struct Misfit {
  std::uint64_t line = 0;  // of the file (text formats), row of the sheet (XLSX), or position in the array
  std::string column;      // name, or empty when the whole row is broken
  std::string value;
  Text reason;  // "不是日期：应为 2026-11-23、2026年11月23日 或 2026/11/23"
};

struct TableFacts {
  std::string location;  // "" for a plain file, "2024.zip › 表.xlsx › Sheet1"; the key of a table within its file
  Format format = Format::csv;
  Dialect dialect;  // complete
  std::vector<ColumnFacts> columns;
  std::uint64_t rows = 0;             // data rows read
  std::uint64_t broken_rows = 0;      // rows that no type can mend: too many cells, a quote that never ends, bad encoding
  std::uint64_t rejected = 0;         // rows that would be rejected under the proposed plan, broken ones included
  std::vector<Misfit> first_misfits;  // up to 100
  std::vector<std::vector<std::string>> preview;  // first 50 rows as written
  std::optional<Text> note;                       // why an empty or unreadable table was left out
};

struct Progress {
  std::function<void(std::uint64_t done, std::uint64_t total)> bytes = {};  // from any thread, now and then
  std::function<bool()> cancelled = {};
};

// A file opened for reading: its tables, unpacked where needed into `scratch` (removed with the object).
class File {
 public:
  // `name` is what the department called it: its extension is a hint, never trusted alone.
  [[nodiscard]] static Result<std::unique_ptr<File>> open(const std::filesystem::path& file, std::string_view name,
                                                          const std::filesystem::path& scratch, const Settings& settings);
  // Whether a file is separated text itself, neither packed nor of another format; by its first bytes.
  [[nodiscard]] static bool is_text(const std::filesystem::path& file, std::string_view name);
  virtual ~File() = default;
  // The tables, in the file's order.
  [[nodiscard]] virtual std::vector<std::string> tables() const = 0;
  // Reads all of a table. `given` holds corrections.
  [[nodiscard]] virtual Result<TableFacts> analyse(std::string_view location, const Dialect& given,
                                                   const Progress& progress) = 0;

  struct Counts {
    std::atomic<std::uint64_t> read{0}, published{0}, rejected{0};
  };
  // Called for each rejected row, from any scanning thread, one at a time.
  struct RejectedRow {
    std::uint64_t line = 0;
    std::vector<Misfit> misfits;  // at least one
    std::string raw;              // the row as written, cells joined as CSV, at most 64 KiB
  };
  using RejectSink = std::function<Result<void>(const RejectedRow&)>;
  struct Reading {
    std::unique_ptr<engine::TableSource>
        source;  // columns: `_id` (integer: the line), then one per plan that is not skipped, named by `ids`
    std::shared_ptr<Counts> counts;
    std::uint64_t bytes = 0;  // of text that will be read
  };
  // One pass instead of two: the plan is guessed from the table's front, and its rows are read by that guess while every cell
  // is weighed as analyse() does. `facts` tells, once `reading` was scanned to its end, what the table really is; when its
  // columns' plans are the guess, what was read is what read() gives for them.
  struct Survey {
    Dialect dialect;
    std::vector<ColumnPlan> guess;
    Reading reading;
    std::function<Result<TableFacts>()> facts;
  };
  using ByteSink = std::function<Result<void>(const SharedBytes&)>;
  struct SurveySpec {
    Dialect given;                                                                           // corrections
    std::function<Result<std::vector<std::string>>(const std::vector<ColumnPlan>&)> ids_of;  // names the columns
    RejectSink rejects;
    Progress progress;
    // Gets every byte of the file once, in order, while the rows are read: who stores the file needs no pass of its own. From
    // any scanning thread, one at a time. Only for a table that is read where it lies; others have no survey then.
    ByteSink copy = {};
  };
  // nullopt: there is nothing to guess from; analyse() says what it is.
  virtual Result<std::optional<Survey>> survey(std::string_view location, SurveySpec spec) = 0;
  // `plan` has one entry per column of the table, in its order, and the fixed ones behind them; `ids` the names to give to
  // those that are not skipped.
  [[nodiscard]] virtual Result<Reading> read(std::string_view location, const Dialect& dialect,
                                             const std::vector<ColumnPlan>& plan, const std::vector<std::string>& ids,
                                             RejectSink rejects, const Progress& progress) = 0;
};

}  // namespace qushu::tabular
