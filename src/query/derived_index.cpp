// The job that makes a version's key index: whole, or as one layer upon those of the version that it goes on from.
#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/notify/notices.h"

#include "index_format.h"
#include "json_out.h"
#include "key_file.h"
#include "service.h"

namespace qushu::query {
namespace {

bool has_key(const KeyIndex& index, const std::vector<std::string>& key) {
  return std::ranges::equal(index.key(), key, {}, &catalog::Field::id);
}

constexpr std::size_t kTwo = 2;  // a key of several rows tells which of them is meant no more

Text not_unique(const IndexCounts& counts) {
  auto repeated = with_thousands(static_cast<std::int64_t>(counts.repeated)),
       empty = with_thousands(static_cast<std::int64_t>(counts.without_key));
  return {fmt::format("声明的主键并不唯一：{} 行与别的行重复，{} 行的主键为空。", repeated, empty),
          fmt::format("The declared key is not unique: {} rows repeat the key of another, {} have none.", repeated, empty)};
}

// Whoever loaded a version whose keys publication did not wait for (ingest.key_check_rows) is told, with the statement that
// lists them.
Result<void> tell_loader(store::Transaction& t, Time now, const sharing::Shown& shown, const IndexCounts& counts) {
  if (shown.version.person_id.empty() || shown.version.pushed) return {};
  std::string key, any_empty;
  for (const auto& field : shown.fields) {
    if (!field.key) continue;
    auto name = engine::quote_name(field.id);
    key += (key.empty() ? "" : ", ") + name;
    any_empty += (any_empty.empty() ? "" : " OR ") + name + " IS NULL";
  }
  auto sql =
      fmt::format("SELECT {0}, count(*) AS \"行数\" FROM {1} GROUP BY ALL HAVING count(*) > 1 OR {2} ORDER BY \"行数\" DESC",
                  key, engine::quote_name(shown.dataset.code), any_empty);
  return notify::tell(
      t, {shown.version.person_id},
      {.id = {},
       .kind = "keys",
       .link = "/sql?q=" + url_encode(sql),
       .title = {fmt::format("“{}”第 {} 版的主键不唯一", shown.dataset.title, shown.version.number),
                 fmt::format("The key of “{}”, version {}, is not unique", shown.dataset.title, shown.version.number)},
       .detail = not_unique(counts),
       .at = now});
}

}  // namespace

// The `_id`s that lists of deletes hold.
Result<std::vector<std::int64_t>> Service::Parts::ids_of(const std::vector<catalog::Part>& deletes,
                                                         const Cancelled& cancelled) const {
  std::vector<std::int64_t> ids;
  if (deletes.empty()) return ids;
  std::vector<std::filesystem::path> files;
  for (const auto& part : deletes) {
    QS_TRY(auto path, deps.blobs.path(part.blob));
    files.push_back(std::move(path));
  }
  QS_TRY(auto cursor, deps.engine.run({.sql = "SELECT _id FROM " + engine::parquet_scan(files),
                                       .limits = {.time = seconds("query.derive_time"), .cancelled = cancelled}}));
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return ids;
    for (std::size_t r = 0; r < chunk->rows(); ++r) ids.push_back(chunk->integer(0, r));
  }
}

// Back along the versions that this one goes on from, to one that has an index; on the way, what each of them deleted. Without
// one, or when the way is broken, the index is made whole.
Result<Service::Parts::IndexPlan> Service::Parts::plan_index(const sharing::Shown& shown, const std::vector<std::string>& key,
                                                             const Cancelled& cancelled) {
  constexpr int kSteps = 64;
  auto at = shown.version;
  std::set<std::int64_t> gone;
  for (int steps = 0; steps < kSteps && at.base > 0; ++steps) {
    auto before = deps.catalog.version(shown.dataset.id, at.base);
    if (!before || before->next_id <= 0 || catalog::columns_of(before->fields) != catalog::columns_of(shown.version.fields))
      return IndexPlan();
    QS_TRY(auto ids, ids_of(at.gone, cancelled));
    gone.insert(ids.begin(), ids.end());
    at = *std::move(before);
    if (at.index_blob.empty()) continue;
    auto index = indexes.open(at.index_blob);
    if (!index || !has_key(**index, key)) return IndexPlan();
    IndexPlan plan{.below = {}, .from = at.next_id, .gone = {}};
    for (auto blob : split(at.index_blob, ' ')) plan.below.emplace_back(blob);
    // Layers that have become many are made one; the lowest is the large one.
    if (plan.below.size() >= count("query.index_layers")) {
      const auto& layers = (*index)->layers();
      plan.from = layers.size() > 1 ? layers[1]->from() : at.next_id;
      for (std::size_t i = 1; i < layers.size(); ++i) {
        QS_TRY(auto older, layers[i]->gone());
        gone.insert(older.begin(), older.end());
      }
      plan.below.resize(1);
      auto rows_above = shown.version.published > layers[0]->rows() ? shown.version.published - layers[0]->rows() : 0;
      if ((rows_above + gone.size()) * 2 > layers[0]->rows()) return IndexPlan();
    }
    plan.gone.assign(gone.begin(), gone.lower_bound(plan.from));
    return plan;
  }
  return IndexPlan();
}

Result<jobs::Finish> Service::Parts::run_index(jobs::Context& context) {
  const auto& input = context.job().input;
  std::string id(input.at("dataset").as_string());
  auto number = input.at("version").as_int64();
  QS_TRY(auto shown, deps.policy.compile(Actor::system(), id, number));
  auto key = key_of(shown.fields);
  auto nothing = [](const char* why) -> jobs::Finish {
    return [why](store::Transaction&) -> Result<json::object> { return json::object{{"skipped", why}}; };
  };
  if (key.empty()) return nothing("no key");
  if (!shown.version.index_blob.empty()) {
    // Somebody else's job may have made it already.
    auto index = indexes.open(shown.version.index_blob);
    if (index && has_key(**index, key)) return nothing("exists");
  }
  context.progress(0, {"读取数据", "Reading the rows"});
  auto cancelled = [&] { return context.cancelled(); };
  QS_TRY(auto plan, plan_index(shown, key, cancelled));
  auto file = temporary_file(deps.blobs.temporary_folder(), "index");
  auto select = plan.from == 0 ? shown.select : fmt::format("SELECT * FROM ({}) AS v WHERE _id >= {}", shown.select, plan.from);
  QS_TRY(auto counts, build_index(deps.engine,
                                  {.select = select,
                                   .from = plan.from,
                                   .gone = plan.gone,
                                   .fields = shown.fields,
                                   .rows = shown.version.published,
                                   .limits = {.time = seconds("query.derive_time"), .cancelled = cancelled},
                                   .progress =
                                       [&](std::uint64_t done, std::uint64_t total) {
                                         if (total == 0) return;
                                         context.progress(std::min(1.0, static_cast<double>(done) / static_cast<double>(total)),
                                                          {"写入数据行和主键", "Writing the rows and their keys"});
                                       }},
                                  file.path));
  auto broken = counts.repeated + counts.without_key > 0;
  if (broken) context.log("warn", not_unique(counts));
  QS_TRY(auto blob, deps.blobs.adopt(file.path));
  auto layers = plan.below;
  layers.push_back(blob.sha256);
  return [this, id, number, counts, blob, broken, shown,
          layers = join(layers, " ")](store::Transaction& t) -> Result<json::object> {
    QS_CHECK(deps.catalog.set_index(t, id, number, layers));
    if (broken) QS_CHECK(tell_loader(t, deps.clock.now(), shown, counts));
    return json::object{{"rows", counts.rows},
                        {"layers", std::ranges::count(layers, ' ') + 1},
                        {"repeated_keys", counts.repeated},
                        {"empty_keys", counts.without_key},
                        {"bytes", blob.size}};
  };
}

Result<std::optional<std::vector<Service::Match>>> Service::match(const catalog::Version& version,
                                                                  const std::vector<catalog::Field>& fields,
                                                                  const std::string& rows, const Cancelled& cancelled) {
  if (version.index_blob.empty()) return std::nullopt;
  auto index = parts_->indexes.open(version.index_blob);
  if (!index || !has_key(**index, Parts::key_of(fields)) ||
      !std::ranges::equal((*index)->fields(), fields, {}, {}, &catalog::Field::id))
    return std::nullopt;
  return (*index)->knows_rows(hashed_by(parts_->deps.engine.version(), fields))
             ? parts_->match_hashes(**index, fields, rows, cancelled)
             : parts_->match_rows(**index, fields, rows, cancelled);
}

// Calls `row` with each row of `sql` and the hash of its key.
template <class Row>
Result<void> Service::Parts::each_keyed(std::string sql, const std::vector<KeyPlace>& key, Row row,
                                        const Cancelled& cancelled) const {
  QS_TRY(auto cursor,
         deps.engine.run({.sql = std::move(sql), .limits = {.time = seconds("query.derive_time"), .cancelled = cancelled}}));
  std::string encoded;
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return {};
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      encoded.clear();
      for (const auto& part : key) append_key_part(*chunk, part.column, r, part.type, encoded);
      QS_CHECK(row(*chunk, r, hash_key(encoded)));
    }
  }
}

Result<Service::Parts::Matches> Service::Parts::match_hashes(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                                             const std::string& rows, const Cancelled& cancelled) const {
  std::string columns = "_id";
  std::vector<KeyPlace> key;
  for (const auto& part : index.key()) {
    columns += ", " + engine::quote_name(part.id);
    key.push_back({.column = key.size() + 1, .type = std::ranges::find(fields, part.id, &catalog::Field::id)->type});
  }
  std::vector<KeyEntry> wanted;
  auto hash = key.size() + 1;
  QS_CHECK(each_keyed(
      fmt::format("SELECT {}, {} FROM ({}) AS r", columns, row_hash(fields), rows), key,
      [&](const engine::Chunk& chunk, std::size_t r, KeyHash hashed) -> Result<void> {
        wanted.push_back({.key = hashed,
                          .id = chunk.integer(0, r),
                          .row = {.first = chunk.integer(hash, r), .second = chunk.integer(hash + 1, r)}});
        return {};
      },
      cancelled));
  std::ranges::sort(wanted, {}, &KeyEntry::key);
  std::vector<KeyHash> keys;
  keys.reserve(wanted.size());
  for (const auto& one : wanted) keys.push_back(one.key);
  std::vector<Match> out;
  bool sure = true;
  QS_CHECK(index.find_all(keys, kTwo, [&](std::size_t place, std::span<const KeyEntry> found) -> Result<void> {
    sure = sure && found.size() == 1;
    out.push_back({.new_id = wanted[place].id, .old_id = found[0].id, .differs = found[0].row != wanted[place].row});
    return {};
  }));
  if (!sure) return std::nullopt;
  std::ranges::sort(out, {}, &Match::new_id);
  return out;
}

// An index that another engine made, or from other types: rows are compared as they are shown.
Result<Service::Parts::Matches> Service::Parts::match_rows(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                                           const std::string& rows, const Cancelled& cancelled) const {
  std::string columns = "_id", text;
  for (const auto& field : fields) columns += ", " + engine::quote_name(field.id);
  std::vector<KeyPlace> key;
  for (const auto& part : index.key()) {
    auto field = std::ranges::find(fields, part.id, &catalog::Field::id);
    key.push_back({.column = static_cast<std::size_t>(field - fields.begin()) + 1, .type = field->type});
  }
  std::vector<Match> out;
  bool sure = true;
  QS_CHECK(each_keyed(
      fmt::format("SELECT {} FROM ({}) AS r", columns, rows), key,
      [&](const engine::Chunk& chunk, std::size_t r, KeyHash hashed) -> Result<void> {
        QS_TRY(auto found, index.find_hashed(hashed, kTwo));
        sure = sure && found.size() < kTwo;
        if (found.empty()) return {};
        bool differs = false;
        for (std::size_t c = 0; c < fields.size() && !differs; ++c) {
          text.clear();
          if (chunk.is_null(c + 1, r))
            text = "null";
          else
            append_json_value(chunk, c + 1, r, fields[c].type, text);
          differs = text != found[0].values[c];
        }
        out.push_back({.new_id = chunk.integer(0, r), .old_id = found[0].id, .differs = differs});
        return {};
      },
      cancelled));
  if (!sure) return std::nullopt;
  return out;
}

}  // namespace qushu::query
