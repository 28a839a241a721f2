// What reads one source: a connection to a database, or a folder of files. Each is used for one answer and thrown away.
#pragma once

#include <functional>

#include "block.h"
#include "network.h"
#include "target.h"

namespace qushu::sources {

struct Context {
  const Settings& settings;
  blob::BlobStore& blobs;
  const Clock& clock;
  Cancelled cancelled;

  [[nodiscard]] bool stopped() const { return cancelled && cancelled(); }
};

// A column of an answer: what it is for us, and how its cells are written in a Block.
struct FeedColumn {
  ColumnInfo info;
  Wire wire = Wire::text;
};

class Database {
 public:
  virtual ~Database() = default;
  [[nodiscard]] virtual Result<Checked> check() = 0;
  [[nodiscard]] virtual Result<std::vector<Offer>> browse(std::string_view search, std::size_t limit) = 0;
  // Learns the columns of the selection; reads nothing yet. `limit` rows at most, 0: all.
  [[nodiscard]] virtual Result<std::vector<FeedColumn>> begin(const Selection& selection, std::size_t limit) = 0;
  // Fills the block with the next rows; false at the end, which is said only when the server said so too.
  [[nodiscard]] virtual Result<bool> next(Block& block) = 0;
  // Replaces the rows of a table; only of databases that can write. Nothing else is done with this connection afterwards.
  [[nodiscard]] virtual Result<std::uint64_t> replace(const TableTarget& table, engine::Cursor& rows);
  // From another thread: makes a next() that waits return soon. May be called more than once.
  virtual void abort() = 0;
};

class Folder {
 public:
  virtual ~Folder() = default;
  [[nodiscard]] virtual Result<Checked> check() = 0;
  // Those that match the pattern, in order of name.
  [[nodiscard]] virtual Result<std::vector<File>> files(std::string_view pattern) = 0;
  // `most` bytes at most are kept when it is set: for previews.
  [[nodiscard]] virtual Result<Fetched> fetch(const File& file, const std::optional<File>& known,
                                              const Sources::Progress& progress, std::optional<std::uint64_t> most) = 0;
};

[[nodiscard]] Result<std::unique_ptr<Database>> connect_postgresql(const Target& target, const Context& context);
[[nodiscard]] Result<std::unique_ptr<Database>> connect_mysql(const Target& target, const Context& context);
[[nodiscard]] Result<std::unique_ptr<Database>> connect_sqlite(const Target& target, const Context& context);
[[nodiscard]] Result<std::unique_ptr<Database>> connect_odbc(const Target& target, const Context& context);
[[nodiscard]] Result<std::unique_ptr<Folder>> open_http(const Target& target, const Context& context);
[[nodiscard]] Result<std::unique_ptr<Folder>> open_s3(const Target& target, const Context& context);
[[nodiscard]] Result<std::unique_ptr<Folder>> open_sftp(const Target& target, const Context& context);

[[nodiscard]] Result<std::unique_ptr<Database>> connect(const Target& target, const Context& context);
[[nodiscard]] Result<std::unique_ptr<Folder>> open_folder(const Target& target, const Context& context);

// The rows of a database that was begun.
[[nodiscard]] Result<std::unique_ptr<RowStream>> stream(std::unique_ptr<Database> database, const Selection& selection,
                                                        std::size_t limit, const Context& context);

[[nodiscard]] Result<void> check_table(const TableTarget& table);
// The error when a table that is there lacks columns that would be written.
[[nodiscard]] Failure lacks_columns(const TableTarget& table, const std::vector<std::string>& missing);

// Shared by the databases ------------------------------------------------------------------------------------------------

// A selection that makes sense: a table or a query, not both.
[[nodiscard]] Result<void> check_selection(const Selection& selection);
// Trailing semicolons and white space taken off.
[[nodiscard]] std::string bare_query(std::string_view query);
// What is read, as it stands behind FROM: the table, or the query in parentheses, which `alias` follows. `quoted` writes a
// name; `describe` looks at the query by itself first: what is one statement alone cannot reach out of the parentheses around
// it.
[[nodiscard]] Result<std::string> read_from(const Selection& selection, std::string_view alias,
                                            const std::function<std::string(std::string_view)>& quoted,
                                            const std::function<Result<void>(const std::string&)>& describe);
// The columns of `all` that are asked for, in the order asked; an unknown name is an error that lists what there is.
[[nodiscard]] Result<std::vector<std::size_t>> chosen(const std::vector<std::string>& all, const Selection& selection);
// Where Since's column is and that its type can be one and its value is of that type.
[[nodiscard]] Result<std::size_t> since_column(const std::vector<FeedColumn>& columns, const Since& since);
// The condition that Since makes: `compared` is what is compared of the column, `value` stands for Since's value.
[[nodiscard]] std::string since_condition(const Since& since, std::string_view compared, std::string_view value);
// Since's `most` as a whole value of the column.
[[nodiscard]] std::optional<__int128> most_of(const engine::Column& column, const Since& since);
// Names of our columns: as the source's, made unique, `_id` kept for us.
void name_columns(std::vector<FeedColumn>& columns);

enum class Trouble : std::uint8_t {
  host,
  refused,
  timed_out,
  route,
  certificate,
  encryption,
  password,
  database,
  permission,
  table,
  column,
  syntax,
  read_only,
  busy,
  lost,
  cancelled,
  other
};
// The error for it; `place` as in Target::place(), `detail` what the library said, for the log.
[[nodiscard]] Error trouble(Trouble what, const Target& target, std::string detail);
// What the text of a system or TLS error means.
[[nodiscard]] Trouble trouble_of(std::string_view message);

}  // namespace qushu::sources
