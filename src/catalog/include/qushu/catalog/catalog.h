// The catalogue: datasets, their fields, and their versions.
//
// A dataset is an entry of the catalogue with, once something has been published, a current version. A version is immutable: a
// list of parts (Parquet blobs) less a list of deletes (the `_id`s of rows in them that are no more), its schema, counts and
// origin. A version that changes little shares the parts of the one before. Publishing adds a version and moves the pointer in
// one transaction; rolling back moves the pointer and adds nothing. A field keeps its identifier for ever: the same name always
// gets the same one.
//
// Rows are numbered by `_id`, a column of the parts, unique within a version; a row that stays keeps it from version to
// version. It is the row's line in what was loaded plus the part's `first_id`, and below the version's `next_id`.
//
// Who may see what is not decided here but in sharing/policy.h. Every change is audited in its own transaction.
//
// Thread-safety: Catalog may be used from any thread.
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
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/engine/engine.h"
#include "qushu/store/store.h"

namespace qushu::catalog {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> migrations();
[[nodiscard]] std::span<const SettingSpec> settings();

// The words of standards.md section 2, by stable code. update_cycle: realtime daily weekly monthly quarterly half_yearly yearly
// irregular never. sharing_type: unconditional conditional none. level: 1 to 4 (general data, GB/T 43697-2024), "important",
// "core".
struct Field {
  std::string id;    // stable identifier: [a-z][a-z0-9_]{0,62}, the column's name in Parquet and in the API
  std::string name;  // as the department writes it: 企业名称
  std::string description;
  engine::Type type = engine::Type::text;
  std::uint8_t width = 0, scale = 0;  // of decimal
  std::string unit;                   // 万元, %, 人 … from the header
  std::string level = "1";
  bool key = false;  // part of the declared key
};

struct Dataset {
  std::string id, code, title, abstract;
  std::string department_id, department_name;
  std::string theme;  // a word of the classification, or empty
  std::vector<std::string> tags;
  std::string update_cycle = "irregular", sharing_type = "conditional", level = "1";
  std::string state = "draft";        // draft (nothing published), published, withdrawn
  std::vector<Field> fields;          // of the current version, or as described so far
  std::vector<std::string> readers;   // people and departments (ids) that may read it besides its own department
  std::int64_t version = 0;           // the current version's number; 0: none
  std::uint64_t rows = 0, bytes = 0;  // of the current version
  std::string created_by;
  Time created, changed;
  std::optional<Time> published;  // of the current version
  // Of its entry (entry.h).
  std::string entry_state = "draft";         // draft, returned, refused, register_review, registered, publish_review, published
  std::string resource_code;                 // empty until it was registered
  std::vector<std::string> classifications;  // ids
  std::string format;
  std::int64_t face = 0;  // the version of the entry that is public; 0: none
  // Known to the caller by its published entry only: what stands here is that version, and nothing of the data behind it.
  bool by_entry = false;
};

// A column as a part holds it.
struct PartColumn {
  std::string id;
  engine::Type type = engine::Type::text;
  std::uint8_t width = 0, scale = 0;
  friend bool operator==(const PartColumn&, const PartColumn&) = default;
};

struct Part {
  std::string blob;
  std::uint64_t rows = 0, bytes = 0;
  std::int64_t first_id = 0;  // line = _id - first_id
  // Its columns where they are not the version's: a field that came later is empty in it, one of another type is cast.
  std::vector<PartColumn> columns = {};
};

struct Origin {
  std::string import_id, file_name, file_blob;  // what it was made from
  std::string table;                            // sheet or member: "2024.xlsx › 表1"
};

struct Version {
  static constexpr std::int64_t kAnyBase = -1;

  std::string dataset_id;
  std::int64_t number = 0;
  std::vector<Field> fields;
  std::vector<Part> parts;
  std::vector<Part> deletes;  // Parquet: `_id`, sorted
  std::vector<Part> gone;     // those of them that this version added, whatever becomes of `deletes` later
  std::int64_t next_id = 0;   // above every `_id`; 0 in versions that were published before it was kept
  // How it was made from what was loaded: "full" replaced everything, "append" and "upsert" went on from version `base`.
  std::string mode = "full";
  std::int64_t base = kAnyBase;  // when published: the version that must still be current
  bool pushed = false;           // made of pushed rows, one of very many
  // Of the load: read = added + changed + unchanged + rejected, and the rows that only told which to remove. `published` counts
  // the rows of the whole version.
  std::uint64_t read = 0, published = 0, rejected = 0;
  std::uint64_t added = 0, changed = 0, deleted = 0, unchanged = 0;
  std::string rejects_blob;  // Parquet: file, sheet, line, field, value, reason_zh, reason_en, raw; empty when none
  json::object profile;      // profile.h; {} until it was computed
  std::vector<Origin> origins;
  std::string job_id, person_id, person_name;
  Time at;
  bool current = false;
  bool compacted = false;  // its parts were written anew since it was published; the rows and their `_id`s are the same
  std::string index_blob;  // the layers of its key index, the oldest first, with spaces between; empty: none yet
};

struct DatasetChange {
  std::optional<std::string> title, abstract, theme, update_cycle, sharing_type, level, department_id;
  std::optional<std::vector<std::string>> tags, readers;
  struct FieldChange {
    std::string id;
    std::optional<std::string> description, unit, level;
    std::optional<bool> key;
  };
  std::vector<FieldChange> fields;
};

struct NewDataset {
  std::string code, title, abstract, department_id, theme;
  std::vector<std::string> tags;
  std::string update_cycle = "irregular", sharing_type = "conditional", level = "1";
  std::vector<Field> fields = {};  // as described before there are data; empty ids are made from the names
};

struct Search {
  std::string text;  // in code, title, abstract, field names, tags; Chinese, pinyin and its initials
  std::vector<std::string> departments, themes, levels, sharing_types, tags, states;
  std::vector<std::string> classifications = {};  // ids: these and all below them
  std::vector<std::string> formats = {}, update_cycles = {}, entry_states = {};
  std::string sort = "changed";  // relevance, changed, title, rows
  std::string after;             // cursor of the page before
  std::size_t limit = 20;
  Lang lang = Lang::zh;  // of the facets' labels
  bool facets = true;
};

struct Facet {
  std::string value, label;
  std::int64_t count = 0;
};

// Where a text was hit, in code points: [from, to), in order, without overlap.
struct Hit {
  std::size_t from = 0, to = 0;
};

struct Highlight {
  std::vector<Hit> title;
  std::string snippet;  // of the abstract, around its first hit; empty: no hit there
  std::vector<Hit> in_snippet;
  struct FieldHit {
    std::string name;
    std::vector<Hit> hits;
  };
  std::vector<FieldHit> fields;  // those that were hit, a few
};

struct Found {
  std::vector<Dataset> datasets;
  std::vector<Highlight> highlights;  // of each dataset, when there was a text
  std::int64_t total = 0;
  // department, theme, level, sharing_type, state, classification, format, update_cycle, entry_state: how many there would be
  // with each value, whatever else is chosen in that facet itself.
  std::map<std::string, std::vector<Facet>> facets;
  std::string next;  // cursor, empty at the end
};

// Which datasets a caller may know of, in a form that SQL can test; made by sharing/policy.h.
struct Visibility {
  bool all = false;
  std::string person_id;
  std::vector<std::string> departments;
  bool published_entries = false;  // besides: every published entry, as it was published
};

// The names of the departments by id, which identity owns.
using DepartmentNames = std::function<Result<std::map<std::string, std::string>>()>;

class Catalog {
 public:
  // `index` is the folder of the search index, which is derived: made when it is missing, brought up to date by who searches,
  // shared by the processes over one data folder. Empty: a temporary one.
  [[nodiscard]] static Result<std::unique_ptr<Catalog>> open(store::Store& store, audit::Audit& audit, DepartmentNames names,
                                                             const Clock& clock, const std::filesystem::path& index = {});
  virtual ~Catalog() = default;

  // Runs in every transaction that makes a version current (published, rolled back to) or changes the declared key: what is
  // derived from a version (profile, key index) is queued there. Set before the first change.
  using Hook = std::function<Result<void>(store::Transaction&, const Actor&, const Dataset&, const Version&)>;
  virtual void on_current(Hook hook) = 0;

  // not_found also for what the caller may not know of. `code` is the code or the id.
  [[nodiscard]] virtual Result<Dataset> find(const Visibility& who, std::string_view code) const = 0;
  [[nodiscard]] virtual Result<Found> search(const Visibility& who, const Search& query) const = 0;
  // The datasets that were changed (described, published, withdrawn, their entries too) after `change`, and the newest change;
  // 0 and below: all of them.
  struct Changes {
    std::vector<std::string> ids;
    std::int64_t newest = 0;
  };
  [[nodiscard]] virtual Result<Changes> changes_after(store::Session& s, std::int64_t change) const = 0;
  [[nodiscard]] virtual Result<std::int64_t> newest_change(store::Session& s) const = 0;
  // Brings the index up to date, so that nobody has to wait for it who searches next.
  [[nodiscard]] virtual Result<void> refresh_index() = 0;
  [[nodiscard]] virtual Result<Dataset> add(store::Transaction& t, const Actor& actor, const NewDataset& dataset) = 0;
  // Datasets of this code, or of this id, whoever asks: for code that has checked already. nullopt: none.
  [[nodiscard]] virtual Result<std::optional<Dataset>> known(store::Session& s, std::string_view code) const = 0;
  // conflict while the entry is under review; of a registered or published entry this begins a revision (entry.h).
  [[nodiscard]] virtual Result<Dataset> change(const Actor& actor, std::string_view id, const DatasetChange& change) = 0;
  [[nodiscard]] virtual Result<Dataset> change(store::Transaction& t, const Actor& actor, std::string_view id,
                                               const DatasetChange& change) = 0;
  // Stores what entry.h keeps with the dataset (entry_state, resource_code, classifications, format, face).
  [[nodiscard]] virtual Result<void> save_entry(store::Transaction& t, Dataset dataset) = 0;

  [[nodiscard]] virtual Result<std::vector<Version>> versions(std::string_view dataset_id) const = 0;
  // 0: the current one.
  [[nodiscard]] virtual Result<Version> version(std::string_view dataset_id, std::int64_t number) const = 0;
  // Adds the version with the next number and makes it current, as part of `t`; audited. Its number. unavailable
  // ("dataset.moved") when the version that it goes on from is not the current one any more: prepare it again.
  [[nodiscard]] virtual Result<std::int64_t> publish(store::Transaction& t, const Actor& actor, std::string_view dataset_id,
                                                     Version version) = 0;
  [[nodiscard]] virtual Result<Dataset> roll_back(const Actor& actor, std::string_view dataset_id, std::int64_t number) = 0;
  [[nodiscard]] virtual Result<void> set_profile(store::Transaction& t, std::string_view dataset_id, std::int64_t number,
                                                 json::object profile) = 0;
  [[nodiscard]] virtual Result<void> set_index(store::Transaction& t, std::string_view dataset_id, std::int64_t number,
                                               std::string blobs) = 0;
  // Puts other parts in the place of those of `version`, holding the same rows under the same `_id`s; audited. unavailable
  // ("dataset.moved") when it is not the current version any more or its parts are others by now.
  [[nodiscard]] virtual Result<void> compact(store::Transaction& t, const Actor& actor, const Version& version,
                                             std::vector<Part> parts, std::vector<Part> deletes) = 0;
  // Forgets versions that nobody asked to keep: of those made by pushed rows, all but the newest `keep` and the current one.
  [[nodiscard]] virtual Result<std::int64_t> forget_pushed(store::Transaction& t, std::string_view dataset_id,
                                                           std::int64_t keep) = 0;

  // Takes a dataset out of the catalogue's public face (withdrawn) or back; its versions stay.
  [[nodiscard]] virtual Result<Dataset> withdraw(const Actor& actor, std::string_view dataset_id, bool withdrawn) = 0;

  // The stable identifiers of `names` for this dataset: those it had, and new ones (pinyin, unique) for the rest. Same order.
  [[nodiscard]] virtual Result<std::vector<std::string>> identifiers(std::string_view dataset_id,
                                                                     const std::vector<std::string>& names) const = 0;
  // Whether any version names the blob; for the sweep.
  [[nodiscard]] virtual Result<bool> uses_blob(std::string_view sha256) const = 0;
};

// As the API shows them. A version without its profile, which has an address of its own.
[[nodiscard]] json::object to_json(const Field& field);
[[nodiscard]] json::object to_json(const Dataset& dataset);
[[nodiscard]] json::object to_json(const Version& version);
// Of that only how it was made and what became of the rows: mode, read, published, added, changed, deleted, unchanged,
// rejected.
[[nodiscard]] json::object counts_of(const Version& version);
// What is stored in the metadata database: fields, and back. Unknown members are ignored.
[[nodiscard]] json::array to_json(const std::vector<Field>& fields);
[[nodiscard]] std::vector<Field> fields_of(const json::value& value);
// The columns of a part that was written with these fields.
[[nodiscard]] std::vector<PartColumn> columns_of(const std::vector<Field>& fields);

// The words that are allowed: update cycles, sharing types, levels.
struct Word {
  std::string_view code;
  Text name;
};
[[nodiscard]] std::span<const Word> update_cycles();
[[nodiscard]] std::span<const Word> sharing_types();
[[nodiscard]] std::span<const Word> levels();
// The higher of two levels: 1 < 2 < 3 < 4 < important < core.
[[nodiscard]] std::string higher_level(std::string_view a, std::string_view b);
[[nodiscard]] std::string highest_level(const std::vector<Field>& fields);

// "企业名称" → "qi_ye_ming_cheng"; a legal identifier for any text, not yet made unique.
[[nodiscard]] std::string identifier_of(std::string_view name);
// The reading of each character: {"qi", "ye"} for 企业; empty for what is not Chinese. Cheap after a character's first time.
[[nodiscard]] std::vector<std::string> pinyin(std::u32string_view text);
[[nodiscard]] bool is_code(std::string_view code);  // [a-z][a-z0-9_]{0,62}
// Why it is no code of a dataset, or success.
[[nodiscard]] Result<void> check_code(std::string_view code);

}  // namespace qushu::catalog
