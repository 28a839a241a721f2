// Registers (台账): their definitions, which change while they are used, and their records, each with its whole history.
//
// A register is a real table, made and altered by its definition (definition.h). A change of the definition never loses a
// record: a field that is renamed keeps its values, one that is dropped keeps its column and can come back. What a change will
// do is told before it is done (plan()).
//
// A record moves from state to state by the definition's transitions. Every change of it is kept with who made it, when and
// what differs, in the transaction that makes it, together with the audit. Whoever changes a record names the revision that she
// saw; another one meanwhile is Code::conflict.
//
// Thread-safety: Registers may be used from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/kept.h"
#include "qushu/blob/blob_store.h"
#include "qushu/calendar/calendar.h"
#include "qushu/definitions/versions.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/registers/definition.h"
#include "qushu/store/store.h"

namespace qushu::registers {

using definitions::Version;

[[nodiscard]] std::span<const store::Migration> migrations();
// registers.page_size, page_limit, text_length, file_size, files, export_rows, import_rows, list_memory, print_rows,
// notice_interval
[[nodiscard]] std::span<const SettingSpec> settings();

struct Register {
  Definition definition;
  std::int64_t version = 0;
  std::string origin;  // "builtin": as it comes with Qushu, "local": changed here
  Time changed;
  std::string changed_by;
};

// One thing that a change of the definition does.
struct Step {
  std::string kind;  // "create", "add", "rename", "retire", "restore", "convert", "recompute", "unique", "state", "change"
  std::string field;
  Text text;
  std::int64_t records = 0;  // that it touches
  bool blocked = false;      // it cannot be done; the text says why and what to do
};

struct Plan {
  std::string code;
  Text name;
  std::int64_t version = 0;  // that it will be
  bool unchanged = false;
  std::vector<Step> steps;
  [[nodiscard]] bool blocked() const;
};

struct Summary {
  std::string code;
  Text name, description, group;
  std::int64_t version = 0;
  std::string origin;
  std::int64_t records = 0, open = 0, late = 0;  // that the caller may see; open: not in a final state
  bool may_create = false;
};

struct Record {
  std::string id, number, state;
  std::int64_t revision = 0;
  std::string department_id, department_name, created_by, created_by_name, changed_by_name;
  Time created, changed, since;
  std::optional<Time> due;
  std::map<std::string, std::vector<store::Value>, std::less<>> cells;  // by field
};

struct Change {
  std::string id;
  std::int64_t revision = 0;
  Time at;
  std::string person_id, person_name, action;  // "create", "edit", "move", "comment", "attach", "detach", "remove", "import"
  std::string transition, from_state, to_state, comment;
  json::array differences;  // {"field", "before", "after"}
};

struct Page {
  std::vector<Record> records;
  std::string next;                   // cursor; empty: that was the last page
  std::optional<std::int64_t> total;  // where it was asked for
};

// What a list asks for: pairs as in a query string. `field=value`, `field__op=value` with the operators of the rows API, and
// `_view`, `_search`, `_sort`, `_sort_desc`, `_size`, `_next`, `_count`. Fields of the definition, and id, number, state,
// department, creator, created, changed, since, due.
using Pairs = std::vector<std::pair<std::string, std::string>>;

// What the caller may do with a record.
struct May {
  bool edit = false, remove = false, comment = false;
  std::vector<std::string> transitions;
};

struct Task {
  std::string register_code;
  Text register_name;
  Record record;
  std::string title;
  std::string reason;                    // "move": it waits for a transition of hers; "remind": a day comes near
  std::vector<std::string> transitions;  // of "move"
  std::string field, day;                // of "remind"
};

// What waits for somebody, the most urgent first, as far as was asked for; and how much there is of each.
struct Tasks {
  std::vector<Task> list;
  std::int64_t moves = 0, reminders = 0;
};

// A file of a record, in one of its fields of type attachment.
struct File {
  std::string id, field, name, blob;
  std::uint64_t size = 0;
  std::string person_id, person_name;
  Time at;
};

struct RowError {
  std::uint64_t row = 0;  // of the sheet, from 1; 0: the file as a whole
  std::string column;     // as its header says; or empty
  Text text;
};

struct Imported {
  std::int64_t rows = 0, added = 0, changed = 0;
  std::vector<RowError> errors;      // any: nothing was taken
  std::vector<std::string> ignored;  // heads of columns that name nothing of the register
  bool dry_run = false;
};

enum class SheetFormat : std::uint8_t { csv, xlsx };

// A file that lasts as long as `keep`.
struct SheetFile {
  std::filesystem::path path;
  std::shared_ptr<const void> keep;
  std::int64_t rows = 0;
};

enum class PrintFormat : std::uint8_t { pdf, xlsx };

struct Printed {
  std::string bytes, file_name;
};

struct DayEvent;  // days.h
struct DayEvents;
struct Loaded;
struct Prepared;

class Registers {
 public:
  struct Deps {
    store::Store& store;
    blob::BlobStore& blobs;
    engine::Engine& engine;
    audit::Audit& audit;
    const identity::Identity& identity;
    const calendar::Calendar& calendar;
    const Settings& settings;
    const Clock& clock;
    // The title of a dataset that the actor may see.
    std::function<Result<std::string>(const Actor&, std::string_view code)> dataset_title;
  };
  explicit Registers(Deps deps) : deps_(std::move(deps)) {}

  // --- definitions -----------------------------------------------------------------------------------------------------------
  // Brings the registers that come with Qushu up to date; those that were changed here stay as they are.
  [[nodiscard]] Result<void> install_builtins();
  [[nodiscard]] Result<std::vector<Summary>> list(const Actor& actor) const;
  // not_found also for what the caller may not know of.
  [[nodiscard]] Result<Register> find(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<std::string> yaml(const Actor& actor, std::string_view code, std::int64_t version = 0) const;
  [[nodiscard]] Result<std::vector<Version>> versions(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<Plan> plan(const Actor& actor, std::string_view yaml) const;
  // Audited. conflict "register.blocked" when a step cannot be done.
  [[nodiscard]] Result<Plan> apply(const Actor& actor, std::string_view yaml, std::string_view note);

  // --- records ---------------------------------------------------------------------------------------------------------------
  [[nodiscard]] Result<Record> create(const Actor& actor, std::string_view code, const json::object& values);
  [[nodiscard]] Result<Record> record(const Actor& actor, std::string_view code, std::string_view id_or_number) const;
  // `revision` 0: whatever it is.
  [[nodiscard]] Result<Record> edit(const Actor& actor, std::string_view code, std::string_view id, std::int64_t revision,
                                    const json::object& values);
  // Runs in the transaction of every transition. Set before the first one.
  using MoveHook = std::function<Result<void>(store::Transaction&, const Actor&, const Definition&, const Transition&,
                                              const Record&, std::string_view comment)>;
  void on_move(MoveHook hook) { moved_ = std::move(hook); }
  // `values` are filled in on the way.
  [[nodiscard]] Result<Record> move(const Actor& actor, std::string_view code, std::string_view id, std::int64_t revision,
                                    std::string_view transition, std::string_view comment, const json::object& values);
  // The record is gone from lists and pages; its history stays.
  [[nodiscard]] Result<void> remove(const Actor& actor, std::string_view code, std::string_view id, std::int64_t revision,
                                    std::string_view comment);
  [[nodiscard]] Result<void> comment(const Actor& actor, std::string_view code, std::string_view id, std::string_view text);
  [[nodiscard]] Result<std::vector<Change>> changes(const Actor& actor, std::string_view code, std::string_view id) const;
  [[nodiscard]] Result<Page> page(const Actor& actor, std::string_view code, const Pairs& query) const;
  // The same as the API answers it. Kept up to `registers.list_memory` while the store has not changed and none of its records
  // has become late, for whoever asks the same and may see the same.
  [[nodiscard]] Result<std::shared_ptr<const std::string>> page_text(const Actor& actor, std::string_view code,
                                                                     const Pairs& query) const;
  [[nodiscard]] May may(const Actor& actor, const Definition& definition, const Record& record) const;
  // Records that wait for the caller, the most urgent first, and days that come near.
  [[nodiscard]] Result<Tasks> tasks(const Actor& actor, std::size_t limit) const;

  // The days of a register's records (days.h), and those that concern the caller in all registers: what waits for her, what she
  // is reminded of, and dates of records that she entered or stands in.
  [[nodiscard]] Result<DayEvents> days(const Actor& actor, std::string_view code, calendar::Day from,
                                       calendar::Day until) const;
  [[nodiscard]] Result<DayEvents> my_days(const Actor& actor, calendar::Day from, calendar::Day until) const;

  [[nodiscard]] json::object to_json(const Definition& definition, const Record& record) const;

  // --- files -----------------------------------------------------------------------------------------------------------------
  // Whether the caller may attach a file of this size to this field now; before it is received (0: not known yet).
  [[nodiscard]] Result<void> check_attach(const Actor& actor, std::string_view code, std::string_view id,
                                          std::string_view field, std::uint64_t size) const;
  [[nodiscard]] Result<File> attach(const Actor& actor, std::string_view code, std::string_view id, std::string_view field,
                                    std::string_view file_name, const blob::BlobInfo& content);
  [[nodiscard]] Result<void> detach(const Actor& actor, std::string_view code, std::string_view id, std::string_view file);
  [[nodiscard]] Result<std::vector<File>> files(const Actor& actor, std::string_view code, std::string_view id) const;
  [[nodiscard]] Result<File> file(const Actor& actor, std::string_view code, std::string_view id, std::string_view file) const;
  // Whether any record names the blob; for the sweep.
  [[nodiscard]] Result<bool> uses_blob(std::string_view sha256) const;

  // --- sheets ----------------------------------------------------------------------------------------------------------------
  // All records that the query (without pages) finds, as people read them. Audited.
  [[nodiscard]] Result<SheetFile> write_sheet(const Actor& actor, std::string_view code, const Pairs& query, SheetFormat format,
                                              Lang lang) const;
  // Rows under a header of the fields' names. A row with a number changes that record, the others are new. All rows are taken
  // in one transaction, or none.
  [[nodiscard]] Result<Imported> read_sheet(const Actor& actor, std::string_view code, const std::filesystem::path& file,
                                            std::string_view file_name, bool dry_run);

  // --- print -----------------------------------------------------------------------------------------------------------------
  // A record as one of the definition's printed forms (empty: the first). Audited. not_found "register.print_form".
  [[nodiscard]] Result<Printed> print_record(const Actor& actor, std::string_view code, std::string_view id_or_number,
                                             std::string_view form, PrintFormat format, Lang lang) const;
  // The records that the query finds in the columns of its view, at most registers.print_rows. Audited.
  [[nodiscard]] Result<Printed> print_list(const Actor& actor, std::string_view code, const Pairs& query, PrintFormat format,
                                           Lang lang) const;

 private:
  friend class RecordRelations;  // relations.h
  friend class Notices;          // notices.h
  [[nodiscard]] Result<std::shared_ptr<const Loaded>> load(store::Session& s, std::string_view code) const;
  [[nodiscard]] Result<std::shared_ptr<const Loaded>> load_visible(store::Session& s, const Actor& actor,
                                                                   std::string_view code) const;
  [[nodiscard]] Result<std::vector<std::shared_ptr<const Loaded>>> load_all(store::Session& s) const;
  [[nodiscard]] Result<Plan> apply(store::Transaction& t, const Actor& actor, std::string_view yaml, std::string_view note,
                                   std::string_view origin) const;
  [[nodiscard]] Result<Record> find_record(store::Session& s, const Definition& d, const Actor& actor,
                                           std::string_view id_or_number) const;
  // What must be looked up elsewhere, before the transaction: within it, another connection would be waited for.
  [[nodiscard]] Result<Prepared> prepare(const Actor& actor, std::string_view code, std::span<const json::object> values) const;
  [[nodiscard]] Result<void> fill(store::Session& s, const Actor& actor, const Loaded& l, const Prepared& prepared,
                                  const json::object& values, Record& record) const;
  [[nodiscard]] Result<Record> insert(store::Transaction& t, const Actor& actor, const Loaded& l, const Prepared& prepared,
                                      const json::object& values, std::string_view action) const;
  [[nodiscard]] Result<Record> writable(store::Transaction& t, const Definition& d, const Actor& actor, std::string_view id,
                                        std::int64_t revision) const;
  [[nodiscard]] Result<void> update(store::Transaction& t, const Actor& actor, const Definition& d, const Record& before,
                                    Record& after, Change change) const;
  [[nodiscard]] Result<void> keep_change(store::Transaction& t, const Actor& actor, const Definition& d, const Record& record,
                                         Change change) const;
  // Whether it changed anything.
  [[nodiscard]] Result<bool> take_row(store::Transaction& t, const Actor& actor, const Loaded& l, const Prepared& prepared,
                                      const std::string& number, const json::object& values) const;
  struct DayRead;
  [[nodiscard]] Result<void> add_days(store::Session& s, const DayRead& read, DayEvents& out) const;
  [[nodiscard]] Result<std::string> next_number(store::Transaction& t, const Definition& d) const;

  Deps deps_;
  MoveHook moved_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const Loaded>, std::less<>> known_;  // by code; guarded by mutex_
  // Definitions as of one generation of the store, by code; guarded by mutex_.
  mutable std::int64_t generation_ = -1;
  mutable std::map<std::string, std::shared_ptr<const Loaded>, std::less<>> current_;
  struct PageText {
    std::int64_t generation = -1;
    Time until;
    std::shared_ptr<const std::string> text;
  };
  mutable Kept<std::shared_ptr<const PageText>> pages_;  // by what was asked, and of whose view
};

[[nodiscard]] json::object to_json(const Plan& plan, Lang lang);
[[nodiscard]] json::object to_json(const Change& change);

// /api/v1/registers…, /api/v1/register-tasks
void add_routes(http::Router& router, Registers& registers, blob::BlobStore& blobs, const identity::Identity& identity,
                const Settings& settings);

}  // namespace qushu::registers
