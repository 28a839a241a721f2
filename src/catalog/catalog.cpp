#include "qushu/catalog/catalog.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "dataset_checks.h"
#include "entry_rows.h"
#include "rows.h"
#include "search.h"
#include "stored_catalog.h"

namespace qushu::catalog {

Failure no_dataset() {
  return fail(Code::not_found, "dataset.not_found", "没有这个数据集，或者您无权查看。",
              "There is no such dataset, or none that you may see.");
}

Result<Dataset> StoredCatalog::find(const Visibility& who, std::string_view code) const {
  QS_TRY(auto names, names_());
  return store_.read([&](store::Session& s) -> Result<Dataset> {
    store::Params params{code, code};
    auto sql =
        fmt::format("SELECT {} FROM dataset d WHERE (d.code = ? OR d.id = ?) AND {}", kDatasetColumns, visible_to(who, params));
    QS_TRY(auto row, s.one(sql, params));
    if (row) return complete(s, dataset_of(*row), names);
    if (!who.published_entries) return no_dataset();
    QS_TRY(row, s.one(fmt::format("SELECT {} FROM dataset d WHERE (d.code = ? OR d.id = ?) AND d.face > 0", kDatasetColumns),
                      {code, code}));
    if (!row) return no_dataset();
    auto dataset = dataset_of(*row);
    QS_TRY(auto published, load_entry_version(s, dataset.id, dataset.face));
    if (!published) return no_dataset();
    return face_of(std::move(dataset), published->entry);
  });
}

Result<Found> StoredCatalog::search(const Visibility& who, const Search& query) const {
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

Result<std::optional<Dataset>> StoredCatalog::known(store::Session& s, std::string_view code) const {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM dataset d WHERE d.code = ? OR d.id = ?", kDatasetColumns), {code, code}));
  if (!row) return std::nullopt;
  QS_TRY(auto names, names_());
  QS_TRY(auto dataset, complete(s, dataset_of(*row), names));
  return dataset;
}

Result<Dataset> StoredCatalog::add(store::Transaction& t, const Actor& actor, const NewDataset& n) {
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

Result<Dataset> StoredCatalog::change(const Actor& actor, std::string_view id, const DatasetChange& change) {
  return store_.write([&](store::Transaction& t) { return this->change(t, actor, id, change); });
}

Result<Dataset> StoredCatalog::change(store::Transaction& t, const Actor& actor, std::string_view id,
                                      const DatasetChange& change) {
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

Result<void> StoredCatalog::save_entry(store::Transaction& t, Dataset d) {
  QS_CHECK(t.exec("UPDATE dataset SET resource_code = ?, classifications = ?, format = ?, face = ? WHERE id = ?",
                  {d.resource_code, texts(d.classifications), d.format, d.face, d.id}));
  return save(t, d);
}

Result<Dataset> StoredCatalog::withdraw(const Actor& actor, std::string_view dataset_id, bool withdrawn) {
  return store_.write([&](store::Transaction& t) -> Result<Dataset> {
    QS_TRY(auto d, required(t, dataset_id));
    d.state = withdrawn ? "withdrawn" : d.version > 0 ? "published" : "draft";
    QS_CHECK(save(t, d));
    QS_CHECK(record(t, actor, withdrawn ? "dataset.withdraw" : "dataset.restore", d, {}));
    return named(std::move(d));
  });
}

Result<std::vector<std::string>> StoredCatalog::identifiers(std::string_view dataset_id,
                                                            const std::vector<std::string>& names) const {
  return store_.read([&](store::Session& s) { return stable_identifiers(s, dataset_id, names); });
}

Result<Dataset> StoredCatalog::complete(store::Session& s, Dataset d, const std::map<std::string, std::string>& names) const {
  QS_TRY(auto rows, s.query("SELECT subject_id FROM dataset_reader WHERE dataset_id = ? ORDER BY subject_id", {d.id}));
  for (const auto& row : rows) d.readers.push_back(row.text(0));
  if (auto name = names.find(d.department_id); name != names.end()) d.department_name = name->second;
  return d;
}

Result<Dataset> StoredCatalog::required(store::Session& s, std::string_view id) const {
  QS_TRY(auto d, known(s, id));
  if (!d) return no_dataset();
  return *std::move(d);
}

Result<Dataset> StoredCatalog::named(Dataset d) const {
  QS_TRY(auto names, names_());
  if (auto name = names.find(d.department_id); name != names.end()) d.department_name = name->second;
  return d;
}

Result<void> StoredCatalog::describe(store::Transaction& t, Dataset& d, std::vector<Field> fields) {
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

Result<void> StoredCatalog::save(store::Transaction& t, Dataset& d) {
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

Result<void> StoredCatalog::save_readers(store::Transaction& t, const Dataset& d) {
  QS_CHECK(t.exec("DELETE FROM dataset_reader WHERE dataset_id = ?", {d.id}));
  for (const auto& reader : d.readers)
    QS_CHECK(t.exec(
        "INSERT INTO dataset_reader (dataset_id, subject_id) VALUES (?, ?) ON CONFLICT (dataset_id, subject_id) DO NOTHING",
        {d.id, reader}));
  return {};
}

void StoredCatalog::apply(const DatasetChange& change, Dataset& d) {
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

Result<void> StoredCatalog::record(store::Transaction& t, const Actor& actor, std::string_view action, const Dataset& d,
                                   json::object detail) {
  return audit_.record(t, actor,
                       {.action = std::string(action),
                        .object_kind = "dataset",
                        .object_id = d.code,
                        .object_name = d.title,
                        .detail = std::move(detail)});
}

Result<std::unique_ptr<Catalog>> Catalog::open(store::Store& store, audit::Audit& audit, DepartmentNames names,
                                               const Clock& clock, const std::filesystem::path& index) {
  QS_TRY(auto opened, SearchIndex::open(store, index));
  return std::make_unique<StoredCatalog>(store, audit, std::move(names), clock, std::move(opened));
}

}  // namespace qushu::catalog
