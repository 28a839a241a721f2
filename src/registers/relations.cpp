#include "qushu/registers/relations.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"

#include "access.h"
#include "snapshot.h"

namespace qushu::registers {
namespace {

// Identifiers begin with their time in milliseconds, ten digits of it. Transactions commit in another order than they took
// their identifiers, and processes' clocks differ: whatever is younger than this is looked at again.
constexpr std::size_t kTimeDigits = 10;
constexpr std::int64_t kOverlapMs = 120'000;
constexpr auto kOldest = std::chrono::hours(1);
constexpr std::size_t kPage = 2048;           // rows of the engine's chunks
constexpr std::uint64_t kSmall = 20'000;      // records that are read again rather than patched
constexpr std::size_t kFewestChanges = 1000;  // that a large base bears, or a fiftieth of its rows

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";

// The beginning of identifiers made `kOverlapMs` before this one.
std::string floor_before(std::string_view id) {
  if (id.size() < kTimeDigits) return {};
  std::int64_t ms = 0;
  for (char c : id.substr(0, kTimeDigits)) ms = ms * 32 + static_cast<std::int64_t>(kDigits.find(c));
  ms = std::max<std::int64_t>(0, ms - kOverlapMs);
  std::string out(kTimeDigits, '0');
  for (auto i = kTimeDigits; i > 0; --i, ms /= 32) out[i - 1] = kDigits[static_cast<std::size_t>(ms % 32)];
  return out;
}

std::uint64_t hash_of(std::string_view id) {
  return std::hash<std::string_view>{}(id);
}

std::string select_list(const std::vector<RelationColumn>& columns) {
  std::string out;
  for (const auto& c : columns) out += (out.empty() ? "" : ", ") + c.sql;
  return out;
}

// A clause of access.h as text: its values are identifiers.
std::string with_values(const Clause& clause) {
  std::string out;
  std::size_t next = 0;
  for (char c : clause.sql) {
    if (c != '?') {
      out += c;
      continue;
    }
    const auto* text = std::get_if<std::string>(&clause.params.at(next++).value);
    out += text != nullptr ? engine::quote_text(*text) : std::string("NULL");
  }
  return out;
}

struct Touch {
  std::string id, record;
};

Result<std::vector<Touch>> changes_after(store::Session& s, std::string_view code, std::string_view floor) {
  QS_TRY(auto rows, s.query("SELECT id, record_id FROM register_change WHERE id > ? AND register = ? AND action <> 'comment'",
                            {floor, code}));
  std::vector<Touch> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back({.id = row.text(0), .record = row.text(1)});
  return out;
}

}  // namespace

// One at a time makes a register's snapshot anew; the others wait for it and find it made.
struct RecordRelations::Slot {
  std::mutex mutex;
  std::shared_ptr<const Snapshot> snapshot;  // guarded by mutex
};

RecordRelations::RecordRelations(const Registers& registers, std::filesystem::path scratch)
    : registers_(registers), scratch_(std::move(scratch)) {}
RecordRelations::~RecordRelations() = default;

Result<std::vector<sharing::Relation>> RecordRelations::relations(const Actor& actor) const {
  std::vector<sharing::Relation> out;
  if (!actor.signed_in() || !actor.can(Permission::register_use)) return out;
  QS_TRY(auto all, read_steadily(registers_.deps_.store, [&](store::Session& s) { return registers_.load_all(s); }));
  for (const auto& loaded : all) {
    const auto& d = loaded->entry.definition;
    if (!actor.can(Permission::register_manage) && !could_allow(d.permissions.see, actor)) continue;
    sharing::Relation one{.name = std::string(kRelationPrefix) + d.code, .title = d.name, .columns = {}};
    for (const auto& c : relation_columns(d))
      one.columns.push_back({.id = c.id, .name = c.name, .type = c.column().type, .level = c.level});
    out.push_back(std::move(one));
  }
  return out;
}

bool RecordRelations::is_relation(std::string_view name) const {
  if (!name.starts_with(kRelationPrefix)) return false;
  auto found = registers_.deps_.store.read(
      [&](store::Session& s) { return s.one("SELECT 1 FROM register WHERE code = ?", {name.substr(kRelationPrefix.size())}); });
  // On a doubt the name is kept free.
  return !found || found->has_value();
}

Result<sharing::RelationRows> RecordRelations::rows(const Actor& actor, std::string_view name) const {
  if (!name.starts_with(kRelationPrefix) || !actor.signed_in() || !actor.can(Permission::register_use)) return no_register();
  QS_TRY(auto loaded, read_steadily(registers_.deps_.store, [&](store::Session& s) {
           return registers_.load_visible(s, actor, name.substr(kRelationPrefix.size()));
         }));
  QS_TRY(auto snapshot, this->snapshot(loaded));
  const auto& d = loaded->entry.definition;
  bool all = sees_every(d, actor);
  auto shown = with_values(visible(d, actor));
  sharing::RelationRows out{.select = {}, .files = {snapshot->base->file->path}, .keep = snapshot, .all = all};
  if (snapshot->changed) out.files.push_back(snapshot->changed->path);
  std::string columns;
  // As with a grant's filter: no expression, in whatever order the engine evaluates, meets a value of a row that is left out.
  for (const auto& c : relation_columns(d))
    columns += fmt::format(
        "{}{} AS {}", columns.empty() ? "" : ", ",
        all ? engine::quote_name(c.stored) : fmt::format("CASE WHEN _shown THEN {} END", engine::quote_name(c.stored)),
        engine::quote_name(c.id));
  out.select = all ? fmt::format("SELECT {} FROM ({})", columns, snapshot->sql())
                   : fmt::format("SELECT {} FROM (SELECT *, coalesce({}, false) AS _shown FROM ({})) WHERE _shown", columns,
                                 shown, snapshot->sql());
  return out;
}

Result<std::set<std::string>> RecordRelations::seen(const Actor& actor, std::string_view code,
                                                    const std::vector<std::string>& ids) const {
  std::set<std::string> out;
  if (!actor.can(Permission::register_use)) return out;
  constexpr std::size_t kAtOnce = 500;
  return read_steadily(registers_.deps_.store, [&](store::Session& s) -> Result<std::set<std::string>> {
    auto loaded = registers_.load_visible(s, actor, code);
    if (!loaded && loaded.error().code == Code::not_found) return out;
    QS_CHECK(loaded);
    auto which = visible((*loaded)->entry.definition, actor);
    for (std::size_t from = 0; from < ids.size(); from += kAtOnce) {
      auto params = which.params;
      std::string marks;
      for (auto i = from; i < std::min(ids.size(), from + kAtOnce); ++i) {
        marks += marks.empty() ? "?" : ", ?";
        params.emplace_back(ids[i]);
      }
      QS_TRY(auto rows, s.query(fmt::format("SELECT id FROM {} WHERE removed IS NULL AND {} AND id IN ({})", table_of(code),
                                            which.sql, marks),
                                params));
      for (const auto& row : rows) out.insert(row.text(0));
    }
    return out;
  });
}

Result<bool> RecordRelations::sees_all(const Actor& actor, std::string_view name) const {
  if (!name.starts_with(kRelationPrefix) || !actor.can(Permission::register_use)) return false;
  auto loaded = read_steadily(registers_.deps_.store, [&](store::Session& s) {
    return registers_.load_visible(s, actor, name.substr(kRelationPrefix.size()));
  });
  if (!loaded && loaded.error().code == Code::not_found) return false;
  QS_CHECK(loaded);
  return sees_every((*loaded)->entry.definition, actor);
}

Result<std::shared_ptr<const Snapshot>> RecordRelations::snapshot(const std::shared_ptr<const Loaded>& loaded) const {
  std::shared_ptr<Slot> slot;
  {
    std::scoped_lock lock(mutex_);
    auto& found = slots_[loaded->entry.definition.code];
    if (!found) found = std::make_shared<Slot>();
    slot = found;
  }
  std::scoped_lock lock(slot->mutex);
  auto& store = registers_.deps_.store;
  // Asked before the records are read: what is committed in between is looked for next time.
  QS_TRY(auto generation, store.generation());
  auto old = slot->snapshot;
  if (old && old->generation == generation && old->base->version == loaded->entry.version) return old;
  QS_TRY(auto fresh, read_steadily(store, [&](store::Session& s) { return renew(s, *loaded, old); }));
  auto known = std::make_shared<Snapshot>(*fresh);
  known->generation = generation;
  slot->snapshot = known;
  return slot->snapshot;
}

Result<std::shared_ptr<const Snapshot>> RecordRelations::renew(store::Session& s, const Loaded& loaded,
                                                               const std::shared_ptr<const Snapshot>& old) const {
  const auto& d = loaded.entry.definition;
  auto& engine = registers_.deps_.engine;
  const auto& zone = registers_.deps_.calendar.zone();
  auto columns = relation_columns(d);
  auto new_file = [&] { return std::make_shared<SnapshotFile>(scratch_ / (d.code + "-" + new_id() + ".parquet")); };
  bool usable =
      old && old->base->version == loaded.entry.version && std::chrono::steady_clock::now() - old->base->made < kOldest;
  if (usable) {
    QS_TRY(auto changes, changes_after(s, d.code, old->base->floor));
    std::erase_if(changes, [&](const Touch& c) { return old->base->held.contains(hash_of(c.id)); });
    if (changes.size() == old->changes) return std::make_shared<Snapshot>(*old);
    if (old->base->rows >= kSmall && changes.size() <= std::max<std::size_t>(kFewestChanges, old->base->rows / 50)) {
      std::set<std::string> ids;
      for (auto& c : changes) ids.insert(std::move(c.record));
      auto file = new_file();
      auto at = ids.begin();
      auto next = [&]() -> Result<std::vector<store::Row>> {
        std::string marks;
        store::Params params;
        for (constexpr std::size_t kAtOnce = 500; at != ids.end() && params.size() < kAtOnce; ++at) {
          marks += marks.empty() ? "?" : ", ?";
          params.emplace_back(*at);
        }
        if (params.empty()) return std::vector<store::Row>{};
        return s.query(
            fmt::format("SELECT {}, removed FROM {} WHERE id IN ({})", select_list(columns), table_of(d.code), marks), params);
      };
      QS_CHECK(write_snapshot(engine, columns, true, zone, next, file->path));
      auto out = std::make_shared<Snapshot>(*old);
      out->changed = file;
      QS_TRY(out->stale, places_of(engine, *file, *old->base->file));
      out->changes = changes.size();
      return out;
    }
  }
  auto base = std::make_shared<Base>();
  base->version = loaded.entry.version;
  base->made = std::chrono::steady_clock::now();
  QS_TRY(auto last, s.one("SELECT max(id) FROM register_change"));
  base->floor = last ? floor_before(last->opt_text(0).value_or("")) : std::string();
  QS_TRY(auto recent, changes_after(s, d.code, base->floor));
  for (const auto& c : recent) base->held.insert(hash_of(c.id));
  auto file = new_file();
  std::string after;
  auto next = [&]() -> Result<std::vector<store::Row>> {
    QS_TRY(auto page, s.query(fmt::format("SELECT {} FROM {} WHERE removed IS NULL AND id > ? ORDER BY id LIMIT {}",
                                          select_list(columns), table_of(d.code), kPage),
                              {after}));
    if (!page.empty()) after = page.back().text(0);
    return page;
  };
  QS_TRY(base->rows, write_snapshot(engine, columns, false, zone, next, file->path));
  base->file = file;
  auto out = std::make_shared<Snapshot>();
  out->base = base;
  return out;
}

}  // namespace qushu::registers
