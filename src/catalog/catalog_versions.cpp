// Versions of datasets: published, rolled back to, compacted, forgotten; and the blobs that they name.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "rows.h"
#include "stored_catalog.h"

namespace qushu::catalog {
namespace {

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

}  // namespace

Result<std::vector<Version>> StoredCatalog::versions(std::string_view dataset_id) const {
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

Result<Version> StoredCatalog::version(std::string_view dataset_id, std::int64_t number) const {
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

Result<std::int64_t> StoredCatalog::publish(store::Transaction& t, const Actor& actor, std::string_view dataset_id, Version v) {
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
  auto detail = counts_of(v);
  detail["version"] = v.number;
  detail["job"] = v.job_id;
  QS_CHECK(record(t, actor, "dataset.publish", d, std::move(detail)));
  return v.number;
}

Result<Dataset> StoredCatalog::roll_back(const Actor& actor, std::string_view dataset_id, std::int64_t number) {
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

Result<void> StoredCatalog::set_profile(store::Transaction& t, std::string_view dataset_id, std::int64_t number,
                                        json::object profile) {
  QS_CHECK(t.exec("UPDATE dataset_version SET profile = ? WHERE dataset_id = ? AND number = ?",
                  {json::serialize(profile), dataset_id, number}));
  return {};
}

Result<void> StoredCatalog::set_index(store::Transaction& t, std::string_view dataset_id, std::int64_t number,
                                      std::string blobs) {
  QS_TRY(auto old, t.one("SELECT index_blob FROM dataset_version WHERE dataset_id = ? AND number = ?", {dataset_id, number}));
  if (!old) return no_dataset();
  QS_CHECK(
      t.exec("UPDATE dataset_version SET index_blob = ? WHERE dataset_id = ? AND number = ?", {blobs, dataset_id, number}));
  for (auto blob : split(old->text(0), ' '))
    if (!blob.empty())
      QS_CHECK(t.exec("DELETE FROM dataset_blob WHERE blob = ? AND dataset_id = ? AND number = ?", {blob, dataset_id, number}));
  for (auto blob : split(blobs, ' ')) QS_CHECK(name_blob(t, std::string(dataset_id), number, std::string(blob)));
  return {};
}

Result<void> StoredCatalog::compact(store::Transaction& t, const Actor& actor, const Version& v, std::vector<Part> parts,
                                    std::vector<Part> deletes) {
  QS_TRY(auto d, required(t, v.dataset_id));
  QS_TRY(auto now, load_version(t, d.id, v.number));
  if (d.version != v.number || parts_text(now.parts) != parts_text(v.parts) || parts_text(now.deletes) != parts_text(v.deletes))
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

Result<std::int64_t> StoredCatalog::forget_pushed(store::Transaction& t, std::string_view dataset_id, std::int64_t keep) {
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

Result<Catalog::Changes> StoredCatalog::changes_after(store::Session& s, std::int64_t change) const {
  QS_TRY(auto rows, s.query("SELECT id, change_number FROM dataset WHERE change_number > ? ORDER BY change_number, id",
                            {change <= 0 ? -1 : change}));
  Changes out{.ids = {}, .newest = change};
  for (const auto& row : rows) {
    out.ids.push_back(row.text(0));
    out.newest = row.integer(1);
  }
  return out;
}

Result<std::int64_t> StoredCatalog::newest_change(store::Session& s) const {
  QS_TRY(auto row, s.one("SELECT change_number FROM dataset ORDER BY change_number DESC LIMIT 1"));
  return row ? row->integer(0) : 0;
}

Result<bool> StoredCatalog::uses_blob(std::string_view sha256) const {
  return store_.read([&](store::Session& s) -> Result<bool> {
    QS_TRY(auto row, s.one("SELECT 1 FROM dataset_blob WHERE blob = ? LIMIT 1", {sha256}));
    return row.has_value();
  });
}

Result<void> StoredCatalog::name_blob(store::Transaction& t, const std::string& dataset, std::int64_t number,
                                      const std::string& blob) {
  if (blob.empty()) return {};
  QS_CHECK(
      t.exec("INSERT INTO dataset_blob (blob, dataset_id, number) VALUES (?, ?, ?) ON CONFLICT (blob, dataset_id, number) DO "
             "NOTHING",
             {blob, dataset, number}));
  return {};
}

Result<Version> StoredCatalog::load_version(store::Session& s, const std::string& dataset_id, std::int64_t number) {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM dataset_version WHERE dataset_id = ? AND number = ?", kVersionColumns),
                         {dataset_id, number}));
  if (!row)
    return fail(Error{.code = Code::not_found,
                      .id = "dataset.version",
                      .text = {fmt::format("没有第 {} 版。", number), fmt::format("There is no version {}.", number)},
                      .subject = "version"});
  return version_of(*row);
}

Result<void> StoredCatalog::make_current(store::Transaction& t, const Actor& actor, Dataset& d, const Version& v) {
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

}  // namespace qushu::catalog
