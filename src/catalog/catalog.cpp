#include "qushu/catalog/catalog.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/catalog/grading.h"

#include "dataset_checks.h"
#include "entry_rows.h"
#include "entry_schema.h"
#include "index.h"
#include "rows.h"
#include "search.h"

namespace qushu::catalog {
namespace {

const std::array kMigrations{
    store::Migration{
        .id = "catalog.0001",
        .sql = "CREATE TABLE dataset (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, title TEXT NOT NULL, abstract TEXT NOT "
               "NULL, "
               "department_id TEXT NOT NULL, theme TEXT NOT NULL, tags TEXT NOT NULL, update_cycle TEXT NOT NULL, sharing_type "
               "TEXT "
               "NOT NULL, "
               "level TEXT NOT NULL, state TEXT NOT NULL, fields TEXT NOT NULL, version BIGINT NOT NULL DEFAULT 0, "
               "row_count BIGINT NOT NULL DEFAULT 0, byte_count BIGINT NOT NULL DEFAULT 0, created_by TEXT NOT NULL, created "
               "BIGINT "
               "NOT NULL, "
               "changed BIGINT NOT NULL, published BIGINT, search_text TEXT NOT NULL);\n"
               "CREATE INDEX dataset_department ON dataset (department_id);\n"
               "CREATE INDEX dataset_changed ON dataset (changed, id);\n"
               "CREATE TABLE dataset_reader (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, subject_id "
               "TEXT NOT "
               "NULL, "
               "PRIMARY KEY (dataset_id, subject_id));\n"
               "CREATE INDEX dataset_reader_subject ON dataset_reader (subject_id);\n"
               "CREATE TABLE dataset_field (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, name TEXT NOT "
               "NULL, "
               "identifier TEXT NOT NULL, PRIMARY KEY (dataset_id, name), UNIQUE (dataset_id, identifier));\n"
               "CREATE TABLE dataset_version (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, number "
               "BIGINT NOT "
               "NULL, "
               "fields TEXT NOT NULL, parts TEXT NOT NULL, read_count BIGINT NOT NULL, published_count BIGINT NOT NULL, "
               "rejected_count BIGINT NOT NULL, rejects_blob TEXT NOT NULL, profile TEXT NOT NULL, origins TEXT NOT NULL, "
               "job_id TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, at BIGINT NOT NULL, "
               "index_blob TEXT NOT NULL DEFAULT '', PRIMARY KEY (dataset_id, number));\n"
               "CREATE TABLE dataset_blob (blob TEXT NOT NULL, dataset_id TEXT NOT NULL, number BIGINT NOT NULL, "
               "PRIMARY KEY (blob, dataset_id, number), "
               "FOREIGN KEY (dataset_id, number) REFERENCES dataset_version (dataset_id, number) ON DELETE CASCADE);\n"},
    store::Migration{.id = "catalog.0002",
                     .sql = "ALTER TABLE dataset_version ADD COLUMN deletes TEXT NOT NULL DEFAULT '[]';\n"
                            "ALTER TABLE dataset_version ADD COLUMN next_id BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN mode TEXT NOT NULL DEFAULT 'full';\n"
                            "ALTER TABLE dataset_version ADD COLUMN base BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN added_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN changed_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN deleted_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN unchanged_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN compacted BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN pushed BIGINT NOT NULL DEFAULT 0;\n"
                            "UPDATE dataset_version SET added_count = published_count;\n"},
    store::Migration{.id = "catalog.0003", .sql = kEntryTables},
    store::Migration{.id = "catalog.0004", .sql = "ALTER TABLE dataset_version ADD COLUMN gone TEXT NOT NULL DEFAULT '[]';\n"},
    store::Migration{.id = "catalog.0005",
                     .sql = "ALTER TABLE classification ADD COLUMN department_id TEXT NOT NULL DEFAULT '';\n"}};

const std::array kSettings{
    SettingSpec{.key = "catalog.sequence_digits",
                .kind = SettingKind::integer,
                .default_value = "6",
                .label = {"信息资源代码顺序号的位数", "Digits of the sequence number in a resource's code"},
                .min = 1,
                .max = 12,
                .runtime = true},
    SettingSpec{.key = "catalog.sheet_rows",
                .kind = SettingKind::integer,
                .default_value = "100000",
                .label = {"一次导入目录表格最多的行数", "Most rows of a catalogue spreadsheet at once"},
                .min = 100,
                .max = 1000000,
                .runtime = true},
    SettingSpec{.key = "catalog.grading_levels",
                .kind = SettingKind::text,
                .default_value = kGradingLevels,
                .label = {"各类数据的建议级别，写成 类别=级别，以空格分隔",
                          "Grade proposed for each kind of data: kind=grade, by spaces"},
                .runtime = true,
                .who = Permission::security_manage},
    SettingSpec{.key = "catalog.grading_rows",
                .kind = SettingKind::integer,
                .default_value = "20000",
                .label = {"分级建议抽查的数据行数", "Rows that are looked at to propose grades"},
                .min = 100,
                .max = 10000000,
                .runtime = true}};

Failure not_found() {
  return fail(Code::not_found, "dataset.not_found", "没有这个数据集，或者您无权查看。",
              "There is no such dataset, or none that you may see.");
}

// What was loaded is in the version, in its rejects, or there already; and the rows of the version follow from those before.
Result<void> check_counts(const Version& v, std::uint64_t before) {
  auto told = v.added + v.changed + v.unchanged + v.rejected;
  bool adds_up = v.mode == "full" ? v.read == told && v.published == told - v.rejected
                                  : v.read >= told && v.read <= told + v.deleted && v.published + v.deleted == before + v.added;
  if (adds_up) return {};
  return fail_internal(fmt::format("{}: {} read, {} added, {} changed, {} unchanged, {} rejected, {} deleted; {} rows of {}",
                                   v.mode, v.read, v.added, v.changed, v.unchanged, v.rejected, v.deleted, v.published,
                                   before));
}

class StoredCatalog final : public Catalog {
 public:
  StoredCatalog(store::Store& store, audit::Audit& audit, DepartmentNames names, const Clock& clock,
                std::unique_ptr<SearchIndex> index)
      : store_(store), audit_(audit), names_(std::move(names)), clock_(clock), index_(std::move(index)) {}

  void on_current(Hook hook) override { hook_ = std::move(hook); }

  Result<Dataset> find(const Visibility& who, std::string_view code) const override {
    QS_TRY(auto names, names_());
    return store_.read([&](store::Session& s) -> Result<Dataset> {
      store::Params params{code, code};
      auto sql = fmt::format("SELECT {} FROM dataset d WHERE (d.code = ? OR d.id = ?) AND {}", kDatasetColumns,
                             visible_to(who, params));
      QS_TRY(auto row, s.one(sql, params));
      if (row) return complete(s, dataset_of(*row), names);
      if (!who.published_entries) return not_found();
      QS_TRY(row, s.one(fmt::format("SELECT {} FROM dataset d WHERE (d.code = ? OR d.id = ?) AND d.face > 0", kDatasetColumns),
                        {code, code}));
      if (!row) return not_found();
      auto dataset = dataset_of(*row);
      QS_TRY(auto published, load_entry_version(s, dataset.id, dataset.face));
      if (!published) return not_found();
      return face_of(std::move(dataset), published->entry);
    });
  }

  Result<Found> search(const Visibility& who, const Search& query) const override {
    QS_TRY(auto names, names_());
    auto completed = [&](store::Session& s, Result<Found> found) -> Result<Found> {
      QS_CHECK(found);
      for (auto& d : found->datasets) {
        if (d.by_entry) continue;
        QS_TRY(d, complete(s, std::move(d), names));
      }
      return found;
    };
    if (is_plain(who, query)) return store_.read([&](store::Session& s) { return completed(s, list(s, who, query)); });
    QS_TRY(auto tree, store_.read([](store::Session& s) { return load_nodes(s); }));
    QS_TRY(auto hits, index_->search(who, query, tree));
    return store_.read([&](store::Session& s) { return completed(s, found_by(s, who, query, hits, tree, names)); });
  }

  Result<void> refresh_index() override { return index_->catch_up(); }

  Result<std::optional<Dataset>> known(store::Session& s, std::string_view code) const override {
    QS_TRY(auto row,
           s.one(fmt::format("SELECT {} FROM dataset d WHERE d.code = ? OR d.id = ?", kDatasetColumns), {code, code}));
    if (!row) return std::nullopt;
    QS_TRY(auto names, names_());
    QS_TRY(auto dataset, complete(s, dataset_of(*row), names));
    return dataset;
  }

  Result<Dataset> add(store::Transaction& t, const Actor& actor, const NewDataset& n) override {
    QS_CHECK(check_code(n.code));
    Dataset d{.id = new_id(),
              .code = n.code,
              .title = std::string(trim(n.title)),
              .abstract = n.abstract,
              .department_id = n.department_id,
              .theme = n.theme,
              .tags = n.tags,
              .update_cycle = n.update_cycle,
              .sharing_type = n.sharing_type,
              .level = n.level};
    QS_CHECK(check_entry(d));
    d.created_by = actor.name;
    d.created = d.changed = clock_.now();
    QS_TRY(auto taken, t.one("SELECT title FROM dataset WHERE code = ?", {d.code}));
    if (taken)
      return fail(Error{.code = Code::conflict,
                        .id = "dataset.exists",
                        .text = {fmt::format("代码“{}”已经被另一个数据集使用，请换一个代码。", d.code),
                                 fmt::format("The code “{}” is taken by another dataset; choose another one.", d.code)},
                        .subject = "code"});
    QS_TRY(auto number, next_number(t, kChanges));
    QS_CHECK(t.exec(
        "INSERT INTO dataset (id, code, title, abstract, department_id, theme, tags, update_cycle, sharing_type, level, state, "
        "fields, created_by, created, changed, search_text, change_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?)",
        {d.id, d.code, d.title, d.abstract, d.department_id, d.theme, texts(d.tags), d.update_cycle, d.sharing_type, d.level,
         d.state, "[]", d.created_by, d.created, d.changed, search_text(d), number}));
    QS_CHECK(describe(t, d, n.fields));
    QS_CHECK(record(t, actor, "dataset.add", d, entry_detail(d)));
    return d;
  }

  Result<Dataset> change(const Actor& actor, std::string_view id, const DatasetChange& change) override {
    return store_.write([&](store::Transaction& t) { return this->change(t, actor, id, change); });
  }

  Result<Dataset> change(store::Transaction& t, const Actor& actor, std::string_view id, const DatasetChange& change) override {
    QS_TRY(auto before, required(t, id));
    auto after = before;
    apply(change, after);
    QS_CHECK(check_entry(after));
    bool key_changed = false;
    QS_CHECK(apply_fields(change, after, key_changed));
    QS_CHECK(raise_level(change, before, after));
    if (catalogued(before) != catalogued(after)) QS_CHECK(open_for_change(t, actor, clock_.now(), after));
    QS_CHECK(save(t, after));
    if (change.readers) QS_CHECK(save_readers(t, after));
    if (key_changed && after.version > 0 && hook_) {
      QS_TRY(auto version, load_version(t, after.id, after.version));
      QS_CHECK(hook_(t, actor, after, version));
    }
    QS_CHECK(record(t, actor, "dataset.change", after, difference(before, after)));
    return named(std::move(after));
  }

  Result<void> save_entry(store::Transaction& t, Dataset d) override {
    QS_CHECK(t.exec("UPDATE dataset SET resource_code = ?, classifications = ?, format = ?, face = ? WHERE id = ?",
                    {d.resource_code, texts(d.classifications), d.format, d.face, d.id}));
    return save(t, d);
  }

  Result<std::vector<Version>> versions(std::string_view dataset_id) const override {
    return store_.read([&](store::Session& s) -> Result<std::vector<Version>> {
      QS_TRY(auto dataset, required(s, dataset_id));
      QS_TRY(auto rows,
             s.query(fmt::format("SELECT {} FROM dataset_version WHERE dataset_id = ? ORDER BY number DESC", kVersionColumns),
                     {dataset.id}));
      std::vector<Version> list;
      for (const auto& row : rows) {
        list.push_back(version_of(row));
        list.back().current = list.back().number == dataset.version;
      }
      return list;
    });
  }

  Result<Version> version(std::string_view dataset_id, std::int64_t number) const override {
    return store_.read([&](store::Session& s) -> Result<Version> {
      QS_TRY(auto dataset, required(s, dataset_id));
      auto wanted = number == 0 ? dataset.version : number;
      if (wanted == 0)
        return fail(Code::conflict, "dataset.no_version", "这个数据集还没有发布过版本。",
                    "Nothing has been published in this dataset yet.");
      QS_TRY(auto version, load_version(s, dataset.id, wanted));
      version.current = wanted == dataset.version;
      return version;
    });
  }

  Result<std::int64_t> publish(store::Transaction& t, const Actor& actor, std::string_view dataset_id, Version v) override {
    QS_TRY(auto d, required(t, dataset_id));
    if (v.base != Version::kAnyBase && v.base != d.version)
      return fail(Code::unavailable, "dataset.moved", "这期间数据集发布了新的版本，将按新版本重新计算。",
                  "The dataset got another version meanwhile; the change will be worked out again.");
    v.base = v.mode == "full" ? 0 : d.version;
    if (v.mode == "full" && v.added + v.changed + v.unchanged == 0) v.added = v.published;  // nothing was compared
    QS_CHECK(check_counts(v, d.rows));
    QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM dataset_version WHERE dataset_id = ?", {d.id}));
    v.dataset_id = d.id;
    v.number = last->integer(0) + 1;
    v.at = clock_.now();
    v.person_id = actor.person_id;
    v.person_name = actor.name;
    QS_CHECK(t.exec(fmt::format("INSERT INTO dataset_version ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                "?, ?, ?, ?, ?, ?, 0, ?, ?)",
                                kVersionColumns),
                    {d.id,
                     v.number,
                     json::serialize(to_json(v.fields)),
                     parts_text(v.parts),
                     v.read,
                     v.published,
                     v.rejected,
                     v.rejects_blob,
                     json::serialize(v.profile),
                     origins_text(v.origins),
                     v.job_id,
                     v.person_id,
                     v.person_name,
                     v.at,
                     v.index_blob,
                     parts_text(v.deletes),
                     v.next_id,
                     v.mode,
                     v.base,
                     v.added,
                     v.changed,
                     v.deleted,
                     v.unchanged,
                     v.pushed,
                     parts_text(v.gone)}));
    std::set<std::string> blobs;
    for (const auto* list : {&v.parts, &v.deletes, &v.gone})
      for (const auto& part : *list) blobs.insert(part.blob);
    for (const auto& origin : v.origins) blobs.insert(origin.file_blob);
    blobs.insert(v.rejects_blob);
    for (auto blob : split(v.index_blob, ' ')) blobs.insert(std::string(blob));
    for (const auto& blob : blobs) QS_CHECK(name_blob(t, d.id, v.number, blob));
    for (const auto& field : v.fields)
      QS_CHECK(t.exec(
          "INSERT INTO dataset_field (dataset_id, name, identifier) VALUES (?, ?, ?) ON CONFLICT (dataset_id, name) DO NOTHING",
          {d.id, field.name, field.id}));
    QS_CHECK(make_current(t, actor, d, v));
    QS_CHECK(record(t, actor, "dataset.publish", d,
                    {{"version", v.number},
                     {"mode", v.mode},
                     {"read", v.read},
                     {"published", v.published},
                     {"added", v.added},
                     {"changed", v.changed},
                     {"deleted", v.deleted},
                     {"unchanged", v.unchanged},
                     {"rejected", v.rejected},
                     {"job", v.job_id}}));
    return v.number;
  }

  Result<Dataset> roll_back(const Actor& actor, std::string_view dataset_id, std::int64_t number) override {
    return store_.write([&](store::Transaction& t) -> Result<Dataset> {
      QS_TRY(auto d, required(t, dataset_id));
      QS_TRY(auto v, load_version(t, d.id, number));
      if (number == d.version)
        return fail(Error{.code = Code::conflict,
                          .id = "dataset.already_current",
                          .text = {"这个版本就是当前版本。", "This version is the current one already."},
                          .subject = "version"});
      auto from = d.version;
      QS_CHECK(make_current(t, actor, d, v));
      QS_CHECK(record(t, actor, "dataset.rollback", d, {{"from", from}, {"to", number}}));
      return named(std::move(d));
    });
  }

  Result<Dataset> withdraw(const Actor& actor, std::string_view dataset_id, bool withdrawn) override {
    return store_.write([&](store::Transaction& t) -> Result<Dataset> {
      QS_TRY(auto d, required(t, dataset_id));
      d.state = withdrawn ? "withdrawn" : d.version > 0 ? "published" : "draft";
      QS_CHECK(save(t, d));
      QS_CHECK(record(t, actor, withdrawn ? "dataset.withdraw" : "dataset.restore", d, {}));
      return named(std::move(d));
    });
  }

  Result<void> set_profile(store::Transaction& t, std::string_view dataset_id, std::int64_t number,
                           json::object profile) override {
    QS_CHECK(t.exec("UPDATE dataset_version SET profile = ? WHERE dataset_id = ? AND number = ?",
                    {json::serialize(profile), dataset_id, number}));
    return {};
  }

  Result<void> set_index(store::Transaction& t, std::string_view dataset_id, std::int64_t number, std::string blobs) override {
    QS_TRY(auto old, t.one("SELECT index_blob FROM dataset_version WHERE dataset_id = ? AND number = ?", {dataset_id, number}));
    if (!old) return not_found();
    QS_CHECK(
        t.exec("UPDATE dataset_version SET index_blob = ? WHERE dataset_id = ? AND number = ?", {blobs, dataset_id, number}));
    for (auto blob : split(old->text(0), ' '))
      if (!blob.empty())
        QS_CHECK(
            t.exec("DELETE FROM dataset_blob WHERE blob = ? AND dataset_id = ? AND number = ?", {blob, dataset_id, number}));
    for (auto blob : split(blobs, ' ')) QS_CHECK(name_blob(t, std::string(dataset_id), number, std::string(blob)));
    return {};
  }

  Result<void> compact(store::Transaction& t, const Actor& actor, const Version& v, std::vector<Part> parts,
                       std::vector<Part> deletes) override {
    QS_TRY(auto d, required(t, v.dataset_id));
    QS_TRY(auto now, load_version(t, d.id, v.number));
    if (d.version != v.number || parts_text(now.parts) != parts_text(v.parts) ||
        parts_text(now.deletes) != parts_text(v.deletes))
      return fail(Code::unavailable, "dataset.moved", "这期间数据集发布了新的版本，将按新版本重新计算。",
                  "The dataset got another version meanwhile; the change will be worked out again.");
    auto rows_of = [](const std::vector<Part>& list) {
      std::uint64_t rows = 0;
      for (const auto& part : list) rows += part.rows;
      return rows;
    };
    if (rows_of(parts) != v.published + rows_of(deletes))
      return fail_internal(
          fmt::format("{} rows in parts, {} deleted, {} published", rows_of(parts), rows_of(deletes), v.published));
    QS_CHECK(t.exec("UPDATE dataset_version SET parts = ?, deletes = ?, compacted = 1 WHERE dataset_id = ? AND number = ?",
                    {parts_text(parts), parts_text(deletes), d.id, v.number}));
    for (const auto* list : {&v.parts, &v.deletes})
      for (const auto& part : *list)
        QS_CHECK(
            t.exec("DELETE FROM dataset_blob WHERE blob = ? AND dataset_id = ? AND number = ?", {part.blob, d.id, v.number}));
    for (const auto* list : std::initializer_list<const std::vector<Part>*>{&parts, &deletes, &v.gone})
      for (const auto& part : *list) QS_CHECK(name_blob(t, d.id, v.number, part.blob));
    std::uint64_t bytes = 0;
    for (const auto& part : parts) bytes += part.bytes;
    QS_CHECK(t.exec("UPDATE dataset SET byte_count = ? WHERE id = ?", {bytes, d.id}));
    return record(t, actor, "dataset.compact", d,
                  {{"version", v.number},
                   {"parts_before", v.parts.size()},
                   {"parts", parts.size()},
                   {"deletes_before", rows_of(v.deletes)},
                   {"deletes", rows_of(deletes)}});
  }

  Result<std::int64_t> forget_pushed(store::Transaction& t, std::string_view dataset_id, std::int64_t keep) override {
    QS_TRY(auto oldest,
           t.one("SELECT number FROM dataset_version WHERE dataset_id = ? AND pushed = 1 ORDER BY number DESC LIMIT 1 "
                 "OFFSET ?",
                 {dataset_id, keep - 1}));
    if (!oldest) return 0;
    return t.exec(
        "DELETE FROM dataset_version WHERE dataset_id = ? AND number < ? AND pushed = 1 AND number <> (SELECT version FROM "
        "dataset WHERE id = ?)",
        {dataset_id, oldest->integer(0), dataset_id});
  }

  Result<std::vector<std::string>> identifiers(std::string_view dataset_id,
                                               const std::vector<std::string>& names) const override {
    return store_.read([&](store::Session& s) { return stable_identifiers(s, dataset_id, names); });
  }

  Result<bool> uses_blob(std::string_view sha256) const override {
    return store_.read([&](store::Session& s) -> Result<bool> {
      QS_TRY(auto row, s.one("SELECT 1 FROM dataset_blob WHERE blob = ? LIMIT 1", {sha256}));
      return row.has_value();
    });
  }

 private:
  static Result<void> name_blob(store::Transaction& t, const std::string& dataset, std::int64_t number,
                                const std::string& blob) {
    if (blob.empty()) return {};
    QS_CHECK(
        t.exec("INSERT INTO dataset_blob (blob, dataset_id, number) VALUES (?, ?, ?) ON CONFLICT (blob, dataset_id, number) DO "
               "NOTHING",
               {blob, dataset, number}));
    return {};
  }

  Result<Dataset> complete(store::Session& s, Dataset d, const std::map<std::string, std::string>& names) const {
    QS_TRY(auto rows, s.query("SELECT subject_id FROM dataset_reader WHERE dataset_id = ? ORDER BY subject_id", {d.id}));
    for (const auto& row : rows) d.readers.push_back(row.text(0));
    if (auto name = names.find(d.department_id); name != names.end()) d.department_name = name->second;
    return d;
  }

  Result<Dataset> required(store::Session& s, std::string_view id) const {
    QS_TRY(auto d, known(s, id));
    if (!d) return not_found();
    return *std::move(d);
  }

  Result<Dataset> named(Dataset d) const {
    QS_TRY(auto names, names_());
    if (auto name = names.find(d.department_id); name != names.end()) d.department_name = name->second;
    return d;
  }

  static Result<Version> load_version(store::Session& s, const std::string& dataset_id, std::int64_t number) {
    QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM dataset_version WHERE dataset_id = ? AND number = ?", kVersionColumns),
                           {dataset_id, number}));
    if (!row)
      return fail(Error{.code = Code::not_found,
                        .id = "dataset.version",
                        .text = {fmt::format("没有第 {} 版。", number), fmt::format("There is no version {}.", number)},
                        .subject = "version"});
    return version_of(*row);
  }

  // The version's fields become the dataset's; what people wrote about a field stays with its identifier.
  Result<void> make_current(store::Transaction& t, const Actor& actor, Dataset& d, const Version& v) {
    auto described = d.fields;
    d.fields = v.fields;
    for (auto& field : d.fields) {
      auto was = std::ranges::find(described, field.id, &Field::id);
      if (was == described.end()) continue;
      if (field.description.empty()) field.description = was->description;
      if (field.unit.empty()) field.unit = was->unit;
      if (field.level == "1") field.level = was->level;
      field.key = field.key || was->key;
    }
    d.version = v.number;
    d.rows = v.published;
    d.bytes = 0;
    for (const auto& part : v.parts) d.bytes += part.bytes;
    d.published = v.at;
    if (d.state == "draft") d.state = "published";
    d.level = higher_level(d.level, highest_level(d.fields));
    QS_CHECK(save(t, d));
    if (hook_) QS_CHECK(hook_(t, actor, d, v));
    return {};
  }

  // The fields of a dataset that has no data yet.
  Result<void> describe(store::Transaction& t, Dataset& d, std::vector<Field> fields) {
    if (fields.empty()) return {};
    std::vector<std::string> names;
    for (const auto& field : fields) names.push_back(field.name);
    QS_TRY(auto ids, stable_identifiers(t, d.id, names));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      QS_CHECK(check_text(fields[i].name, 1, 200, "fields"));
      if (fields[i].id.empty()) fields[i].id = ids[i];
      QS_CHECK(t.exec("INSERT INTO dataset_field (dataset_id, name, identifier) VALUES (?, ?, ?)",
                      {d.id, fields[i].name, fields[i].id}));
    }
    d.fields = std::move(fields);
    d.level = higher_level(d.level, highest_level(d.fields));
    return save(t, d);
  }

  Result<void> save(store::Transaction& t, Dataset& d) {
    d.changed = clock_.now();
    QS_TRY(auto number, next_number(t, kChanges));
    QS_CHECK(
        t.exec("UPDATE dataset SET title = ?, abstract = ?, department_id = ?, theme = ?, tags = ?, update_cycle = ?, "
               "sharing_type = ?, "
               "level = ?, state = ?, fields = ?, version = ?, row_count = ?, byte_count = ?, changed = ?, published = ?, "
               "search_text = ?, entry_state = ?, change_number = ? WHERE id = ?",
               {d.title, d.abstract, d.department_id, d.theme, texts(d.tags), d.update_cycle, d.sharing_type, d.level, d.state,
                json::serialize(to_json(d.fields)), d.version, d.rows, d.bytes, d.changed, d.published, search_text(d),
                d.entry_state, number, d.id}));
    return {};
  }

  static Result<void> save_readers(store::Transaction& t, const Dataset& d) {
    QS_CHECK(t.exec("DELETE FROM dataset_reader WHERE dataset_id = ?", {d.id}));
    for (const auto& reader : d.readers)
      QS_CHECK(t.exec(
          "INSERT INTO dataset_reader (dataset_id, subject_id) VALUES (?, ?) ON CONFLICT (dataset_id, subject_id) DO NOTHING",
          {d.id, reader}));
    return {};
  }

  static void apply(const DatasetChange& change, Dataset& d) {
    if (change.title) d.title = std::string(trim(*change.title));
    if (change.abstract) d.abstract = *change.abstract;
    if (change.theme) d.theme = *change.theme;
    if (change.update_cycle) d.update_cycle = *change.update_cycle;
    if (change.sharing_type) d.sharing_type = *change.sharing_type;
    if (change.level) d.level = *change.level;
    if (change.department_id) d.department_id = *change.department_id;
    if (change.tags) d.tags = *change.tags;
    if (change.readers) d.readers = *change.readers;
  }

  Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const Dataset& d,
                      json::object detail) {
    return audit_.record(t, actor,
                         {.action = std::string(action),
                          .object_kind = "dataset",
                          .object_id = d.code,
                          .object_name = d.title,
                          .detail = std::move(detail)});
  }

  store::Store& store_;
  audit::Audit& audit_;
  DepartmentNames names_;
  const Clock& clock_;
  std::unique_ptr<SearchIndex> index_;
  Hook hook_;
};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

std::span<const SettingSpec> settings() {
  return kSettings;
}

Result<std::unique_ptr<Catalog>> Catalog::open(store::Store& store, audit::Audit& audit, DepartmentNames names,
                                               const Clock& clock, const std::filesystem::path& index) {
  QS_TRY(auto opened, SearchIndex::open(store, index));
  return std::make_unique<StoredCatalog>(store, audit, std::move(names), clock, std::move(opened));
}

}  // namespace qushu::catalog
