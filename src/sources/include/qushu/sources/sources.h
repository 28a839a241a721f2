// Where data is gathered from: the databases, addresses and folders of the departments, their credentials, and reading them.
//
// A source is tried and previewed before it is saved. Its secrets are sealed under keys/sources.key and never leave this
// module again; a kept secret is used only against the address that it was given for, so that nobody who may edit a source can
// have its password sent elsewhere. Only the stewards of a source's department, and who may everything, know of it.
//
// Two ways of reading:
//   rows()           databases: a RowStream, which the engine scans straight from the server's answer. One statement in one
//                    read-only transaction, so one snapshot. Values of a selection are bound, names quoted, and a query must be
//                    one statement by itself before it is used.
//   files(), fetch() HTTP(S), S3 and SFTP: what there is, and one file into the blob store, whole or not at all.
// What is cut off, stalls, or ends before its announced length is an error (unavailable, timed_out: worth another try);
// nothing half is ever kept.
//
// Every connection goes through one policy of addresses (sources.denied_addresses, sources.allow_loopback …), asked with the
// address that is really connected to.
//
// Thread-safety: Sources may be used from any thread; a RowStream is scanned by the engine on several.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/blob/blob_store.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/store/store.h"

namespace qushu::sources {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> migrations();
[[nodiscard]] std::span<const SettingSpec> settings();

enum class Kind : std::uint8_t { http, s3, sftp, postgresql, mysql, sqlite, odbc };
[[nodiscard]] std::string_view name(Kind kind);
[[nodiscard]] bool parse(std::string_view text, Kind& out);
// Whether it is read by files() and fetch(); the others by rows().
[[nodiscard]] bool holds_files(Kind kind);

// One setting of a kind of source: what forms, checks and the command line are made from.
struct Field {
  enum class Input : std::uint8_t { text, lines, integer, boolean, choice, secret };
  std::string_view name;
  Input input = Input::text;
  Text label;
  bool required = false;
  std::string_view otherwise = {};  // default
  std::string_view choices = {};    // "a|b|c"
  // Says where secrets are sent: when it changes, they must be given again.
  bool address = false;
  Text note = {};
};
[[nodiscard]] std::span<const Field> fields(Kind kind);
[[nodiscard]] const Text& title(Kind kind);

struct Source {
  std::string id, code, name;
  Kind kind = Kind::http;
  std::string department_id;
  json::object settings;             // complete, without secrets
  std::vector<std::string> secrets;  // the names of those that are kept
  std::int64_t parallel = 1;         // how many runs may read it at once
  std::string state;                 // "new", "reachable", "failing"
  std::string version;               // what answered at the last check that succeeded: "PostgreSQL 15.18"
  std::optional<Text> error;         // of the last check
  std::optional<Time> checked;
  std::string person_name;
  Time created, changed;
};

struct NewSource {
  std::string code, name;
  Kind kind = Kind::http;
  std::string department;  // id or code; empty: the actor's own
  json::object settings;
  std::map<std::string, std::string> secrets = {};
  std::int64_t parallel = 1;
};

struct SourceChange {
  std::optional<std::string> name, department;
  std::optional<json::object> settings;             // whole
  std::map<std::string, std::string> secrets = {};  // those given replace; an empty one is taken away
  std::optional<std::int64_t> parallel;
};

// How to reach a source: made by target() or draft(), opaque, with the secrets in it. Kept in memory only.
struct Target;
using Access = std::shared_ptr<const Target>;

// Only rows beyond this value. `value` is canonical text: a whole number, 2026-11-23 or 2026-11-23T14:05:09[.ffffff] (UTC
// where the column has a zone); empty: from the start. An inclusive one takes the rows without a value too: nothing else would
// ever bring them.
struct Since {
  std::string column, value;
  bool inclusive = false;
  std::string most = {};  // a value beyond this one is read, but is none that the next reading could begin at; empty: any is
};

struct Selection {
  std::string schema, table;              // as browse() names them
  std::string query;                      // or one SELECT
  std::vector<std::string> columns = {};  // of the table or query; empty: all
  std::optional<Since> since = {};
  std::string pattern = {};  // of files(): "2026/*.csv"; * and ? stop at "/", ** does not; empty: all
};

struct ColumnInfo {
  engine::Column column;    // as RowStream gives it
  std::string source_name;  // as the source calls it
  std::string source_type;  // "numeric(12,2)", "tinyint(1)"
  bool nullable = true;
  Text note = {};  // what to know of its mapping, or empty
};

struct Counts {
  std::uint64_t rows = 0, bytes = 0;
  // Values that no column of ours can hold and that became empty (zero dates, infinite dates, NaN in decimals), and texts with
  // broken characters.
  std::uint64_t blanked = 0, mended = 0;
  std::uint64_t unmarked = 0, beyond = 0;  // rows without a value in Since's column, and with one beyond its most
};

// Rows of a database, typed. The first column is `_id`, the running number from 1. Scanned once.
class RowStream : public engine::TableSource {
 public:
  // One per column after `_id`, in order; known before anything is read.
  [[nodiscard]] virtual const std::vector<ColumnInfo>& described() const = 0;
  // Final once the query over it has ended; only then is the highest value of Since's column in canonical text known, nullopt
  // when no row had one.
  [[nodiscard]] virtual Counts counts() const = 0;
  [[nodiscard]] virtual std::optional<std::string> highest() const = 0;
};

struct Checked {
  std::string version;              // what answered
  std::int64_t micros = 0;          // from connecting to its answer
  std::string host_key = {};        // of SFTP: "SHA256:…", pinned by the first check of a saved source
  std::vector<Text> warnings = {};  // unencrypted, an account that may write …
};

// What a source offers.
struct Offer {
  std::string schema, name;                 // of a table; of a file its path below the source
  std::string kind;                         // "table", "view", "file"
  std::optional<std::uint64_t> rows, size;  // rows are the server's own estimate
  std::optional<Time> modified;
};

struct File {
  std::string name;  // path below the source
  std::optional<std::uint64_t> size;
  std::optional<Time> modified;
  std::string etag;
};

struct Fetched {
  bool not_modified = false;  // nothing else is set then
  File file;
  blob::BlobInfo blob;
};

struct Preview {
  std::vector<ColumnInfo> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // canonical text
  std::string file;                                           // the file that was looked into, of folders
};

// A table that rows are written to.
struct TableTarget {
  std::string schema;  // of PostgreSQL; empty: where the account's names lead
  std::string table;   // made when there is none
};

using Cancelled = std::function<bool()>;

// A document at an address of the web that anybody may read: a catalogue, a page of an API. What comes is not trusted: it is
// bounded in size and time, and its redirects go through the policy of addresses as it does.
struct DocumentRequest {
  std::string address;
  std::string accept = "*/*";
  std::size_t most = 0;           // bytes
  std::chrono::seconds time{60};  // from the first connection to the last byte
  bool internal = false;          // addresses of private networks too, which otherwise are refused ("source.private")
};
struct Document {
  std::string body, type;  // type: the Content-Type, as it came
  std::string address;     // where redirects ended
};

struct Deps {
  store::Store& store;
  blob::BlobStore& blobs;
  engine::Engine& engine;
  audit::Audit& audit;
  identity::Identity& identity;
  const Settings& settings;
  std::filesystem::path key_folder, scratch;
  const Clock& clock;
};

// How many runs may read one source at once, at most.
inline constexpr std::int64_t kMostParallel = 64;

class Sources {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Sources>> open(Deps deps);
  virtual ~Sources() = default;

  // Whatever uses a source says so here, so that it is shown and not removed beneath it. Set before the first use.
  struct Use {
    std::string kind, id, name;  // "pipeline", …
  };
  using Uses = std::function<Result<std::vector<Use>>(store::Session&, const Source&)>;
  virtual void on_uses(Uses uses) = 0;

  // not_found also for what the caller may not know of. `code` is the code or the id.
  [[nodiscard]] virtual Result<Source> find(const Actor& actor, std::string_view code) const = 0;
  [[nodiscard]] virtual Result<std::vector<Source>> list(const Actor& actor) const = 0;
  [[nodiscard]] virtual Result<std::vector<Use>> uses(const Actor& actor, std::string_view code) const = 0;
  [[nodiscard]] virtual Result<Source> add(const Actor& actor, const NewSource& source) = 0;
  [[nodiscard]] virtual Result<Source> change(const Actor& actor, std::string_view code, const SourceChange& change) = 0;
  [[nodiscard]] virtual Result<void> remove(const Actor& actor, std::string_view code) = 0;

  // The way to a saved source; and to one that is not saved yet, or not with these settings: what is missing of its secrets is
  // taken from the saved source `of` when it is about the same address.
  [[nodiscard]] virtual Result<Access> target(const Actor& actor, std::string_view code) const = 0;
  [[nodiscard]] virtual Result<Access> draft(const Actor& actor, const NewSource& source, std::string_view of = {}) const = 0;

  // Connects, signs in and asks for the version. The state of a saved source is kept, and its host key pinned the first time.
  // That somebody had this server connect to an unsaved source stands in the audit, whatever came of it; check() records
  // itself.
  [[nodiscard]] virtual Result<void> record_try(const Actor& actor, const Access& access, const Error* failure) = 0;
  template <class T>
  [[nodiscard]] Result<T> tried(const Actor& actor, const Access& access, Result<T> outcome) {
    QS_CHECK(record_try(actor, access, outcome ? nullptr : &outcome.error()));
    return outcome;
  }
  [[nodiscard]] virtual Result<Checked> check(const Actor& actor, const Access& access, const Cancelled& cancelled = {}) = 0;
  // Tables and views, or files, at most `limit`, whose names hold `search`.
  [[nodiscard]] virtual Result<std::vector<Offer>> browse(const Access& access, std::string_view search, std::size_t limit,
                                                          const Cancelled& cancelled = {}) = 0;
  // The first rows; of a folder those of the first file that matches, or of `selection.pattern` when it names one.
  [[nodiscard]] virtual Result<Preview> preview(const Access& access, const Selection& selection, std::size_t rows,
                                                const Cancelled& cancelled = {}) = 0;

  // Connects and asks; the rows come while the stream is scanned. `cancelled` is asked while waiting for the server.
  [[nodiscard]] virtual Result<std::unique_ptr<RowStream>> rows(const Access& access, const Selection& selection,
                                                                const Cancelled& cancelled = {}) = 0;
  // Replaces the rows of a table in PostgreSQL or MySQL by these, all or nothing: until the last one is there, who reads the
  // table finds the old ones. Columns have the names of the cursor's; a table that is there must have them and may have more.
  // Keys, indexes and rights of the table stay. How many rows were written.
  [[nodiscard]] virtual Result<std::uint64_t> replace(const Access& access, const TableTarget& table, engine::Cursor& rows,
                                                      const Cancelled& cancelled = {}) = 0;
  // Sends a JSON text by POST, to an address that the policy of addresses allows, and follows no redirect. unavailable when it
  // cannot be reached or answers 5xx, 408 or 429; invalid when it answers anything else but 2xx.
  [[nodiscard]] virtual Result<void> post(std::string_view url, const std::vector<std::string>& headers, std::string_view body,
                                          const Cancelled& cancelled = {}) = 0;

  // In order of name.
  [[nodiscard]] virtual Result<std::vector<File>> files(const Access& access, const Selection& selection,
                                                        const Cancelled& cancelled = {}) = 0;
  // `known` is what an earlier fetch answered: a file that has not changed since is not_modified. `bytes` is told of progress.
  using Progress = std::function<void(std::uint64_t done, std::optional<std::uint64_t> total)>;
  [[nodiscard]] virtual Result<Fetched> fetch(const Access& access, const File& file, const std::optional<File>& known,
                                              const Cancelled& cancelled = {}, const Progress& progress = {}) = 0;
  // too_large, timed_out, or what is wrong with the address ("address").
  [[nodiscard]] virtual Result<Document> document(const DocumentRequest& request, const Cancelled& cancelled = {}) const = 0;
};

[[nodiscard]] json::object to_json(const Source& source, Lang lang);
[[nodiscard]] json::object to_json(const Checked& checked, Lang lang);
[[nodiscard]] json::object to_json(const Offer& offer);
[[nodiscard]] json::object to_json(const Preview& preview, Lang lang);

// /api/v1/source-kinds, /api/v1/sources…
void add_routes(http::Router& router, Sources& sources);

}  // namespace qushu::sources
