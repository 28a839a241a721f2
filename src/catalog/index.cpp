#include "index.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>
#include <stdlib.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "entry_rows.h"
#include "index_document.h"
#include "index_query.h"
#include "rows.h"

namespace qushu::catalog {
namespace {

constexpr const char* kFormat = "1";  // of what the index holds: another one is made anew
constexpr std::size_t kBatch = 2000;

struct Position {
  std::int64_t number = 0;
  std::string id;
  friend bool operator==(const Position&, const Position&) = default;
};

Position position_of(const Xapian::Database& db) {
  auto text = db.get_metadata("at");
  auto space = text.find(' ');
  if (space == std::string::npos) return {};
  return {.number = to_int(text.substr(0, space)).value_or(0), .id = text.substr(space + 1)};
}

// The combinations of facets' values that the index has numbered.
class Combos {
 public:
  // Learns what was added, or begins anew when the index is another one.
  void learn(const Xapian::Database& db) {
    auto generation = db.get_metadata("generation");
    if (generation != generation_) {
      generation_ = generation;
      numbers_.clear();
    }
    auto count = static_cast<std::size_t>(to_int(db.get_metadata("combos")).value_or(0));
    while (numbers_.size() < count) add(db.get_metadata(fmt::format("combo{}", numbers_.size())));
  }
  std::uint32_t number(Xapian::WritableDatabase& db, const std::string& combo) {
    auto found = numbers_.find(combo);
    if (found != numbers_.end()) return found->second;
    db.set_metadata(fmt::format("combo{}", numbers_.size()), combo);
    add(combo);
    db.set_metadata("combos", std::to_string(numbers_.size()));
    return numbers_.at(combo);
  }

 private:
  void add(const std::string& combo) { numbers_.emplace(combo, static_cast<std::uint32_t>(numbers_.size())); }
  std::string generation_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

struct Changed {
  Dataset dataset;
  std::optional<Entry> face;
  Position at;
};

Result<std::vector<Changed>> changed_since(store::Session& s, const Position& from) {
  QS_TRY(auto rows, s.query(fmt::format("SELECT {}, d.change_number FROM dataset d WHERE d.change_number > ? OR "
                                        "(d.change_number = ? AND d.id > ?) ORDER BY d.change_number, d.id LIMIT ?",
                                        kDatasetColumns),
                            {from.number, from.number, from.id, static_cast<std::int64_t>(kBatch)}));
  std::vector<Changed> out;
  for (const auto& row : rows) {
    Changed one{.dataset = dataset_of(row), .face = {}, .at = {}};
    one.at = {.number = row.integer(row.size() - 1), .id = one.dataset.id};
    QS_TRY(auto readers, s.query("SELECT subject_id FROM dataset_reader WHERE dataset_id = ?", {one.dataset.id}));
    for (const auto& reader : readers) one.dataset.readers.push_back(reader.text(0));
    if (one.dataset.face > 0) {
      QS_TRY(auto published, load_entry_version(s, one.dataset.id, one.dataset.face));
      if (published) one.face = std::move(published->entry);
    }
    out.push_back(std::move(one));
  }
  return out;
}

Failure damaged(const Xapian::Error& error) {
  return fail(Error{.code = Code::unavailable,
                    .id = "catalog.index",
                    .text = {"目录检索暂时不可用，正在重建索引，请稍后再试。",
                             "The catalogue cannot be searched just now: its index is being made anew. Try again in a moment."},
                    .detail = error.get_description()});
}

class XapianIndex final : public SearchIndex {
 public:
  XapianIndex(store::Store& store, std::filesystem::path folder, bool temporary)
      : store_(store), folder_(std::move(folder)), temporary_(temporary) {}
  ~XapianIndex() override {
    readers_.clear();
    std::error_code ignored;  // a folder of the system's temporary ones
    if (temporary_) std::filesystem::remove_all(folder_, ignored);
  }
  XapianIndex(const XapianIndex&) = delete;
  XapianIndex& operator=(const XapianIndex&) = delete;

  Result<void> catch_up() override {
    // Most often there is nothing to do, and that is told from memory.
    QS_TRY(auto generation, store_.generation());
    if (fresh_.load() == generation) return {};
    std::lock_guard lock(writing_);
    if (fresh_.load() == generation) return {};
    auto done = mend([&] { return apply(); });
    if (done) fresh_.store(generation);
    return done;
  }

  Result<Hits> search(const Visibility& who, const Search& query, const std::vector<Node>& tree) override {
    QS_CHECK(catch_up());
    auto found = read([&](Xapian::Database& db) { return run_search(db, facets_, who, query, tree); });
    if (found || found.error().id != "catalog.index") return found;
    // Damaged: made anew once.
    fresh_.store(-1);
    {
      std::lock_guard lock(writing_);
      QS_CHECK(rebuild());
    }
    return read([&](Xapian::Database& db) { return run_search(db, facets_, who, query, tree); });
  }

 private:
  template <class F>
  Result<void> mend(F&& f) {
    try {
      return f();
    } catch (const Xapian::Error& error) {
      log::warn("the search index is made anew", {{"why", error.get_description()}});
    }
    return rebuild();
  }

  Result<void> rebuild() {
    try {
      {
        std::lock_guard lock(reading_);
        readers_.clear();
      }
      Xapian::WritableDatabase db(folder_.string(), Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_RETRY_LOCK);
      begin(db);
      return follow(db);
    } catch (const Xapian::Error& error) {
      return damaged(error);
    }
  }

  static void begin(Xapian::WritableDatabase& db) {
    db.set_metadata("format", kFormat);
    db.set_metadata("generation", new_id());
    db.commit();
  }

  // With writing_ held.
  Result<void> apply() {
    QS_TRY(auto newest, newest_change());
    if (std::filesystem::exists(folder_ / "iamglass")) {
      auto known = read([](Xapian::Database& db) -> Result<std::pair<Position, std::string>> {
        return std::pair{position_of(db), db.get_metadata("format")};
      });
      if (!known) return rebuild();
      if (known->second == kFormat && known->first == newest) return {};
    }
    Xapian::WritableDatabase db(folder_.string(), Xapian::DB_CREATE_OR_OPEN | Xapian::DB_RETRY_LOCK);
    auto format = db.get_metadata("format");
    QS_TRY(auto foreign, is_foreign(position_of(db)));
    if ((!format.empty() && format != kFormat) || foreign) {
      db.close();
      return rebuild();
    }
    if (format.empty()) begin(db);
    return follow(db);
  }

  Result<Position> newest_change() {
    return store_.read([](store::Session& s) -> Result<Position> {
      QS_TRY(auto row, s.one("SELECT change_number, id FROM dataset ORDER BY change_number DESC, id DESC LIMIT 1"));
      return row ? Position{.number = row->integer(0), .id = row->text(1)} : Position{};
    });
  }

  // What the index saw last must be in the store still, as it was or newer; otherwise it belongs to another store, or to a
  // later state of one that was restored.
  Result<bool> is_foreign(const Position& at) {
    if (at.id.empty()) return false;
    return store_.read([&](store::Session& s) -> Result<bool> {
      QS_TRY(auto row, s.one("SELECT change_number FROM dataset WHERE id = ?", {at.id}));
      return !row || row->integer(0) < at.number;
    });
  }

  Result<void> follow(Xapian::WritableDatabase& db) {
    combos_.learn(db);
    auto at = position_of(db);
    for (;;) {
      QS_TRY(auto batch, store_.read([&](store::Session& s) { return changed_since(s, at); }));
      if (batch.empty()) return {};
      for (const auto& one : batch) put(db, one);
      at = batch.back().at;
      db.set_metadata("at", fmt::format("{} {}", at.number, at.id));
      db.commit();
      if (batch.size() < kBatch) return {};
    }
  }

  void put(Xapian::WritableDatabase& db, const Changed& one) {
    const auto& d = one.dataset;
    db.replace_document("QW" + d.id, document_of(d, d, "W", combos_.number(db, combo_of(d))));
    if (!one.face) {
      db.delete_document("QF" + d.id);
      return;
    }
    auto face = face_of(d, *one.face);
    db.replace_document("QF" + d.id, document_of(face, d, "F", combos_.number(db, combo_of(face))));
  }

  // Gives `f` a reader that sees the newest commit; again when a writer has moved on meanwhile.
  template <class F>
  auto read(F&& f) -> std::invoke_result_t<F&, Xapian::Database&> {
    for (int attempt = 0;; ++attempt) {
      try {
        auto db = take_reader();
        auto result = f(db);
        std::lock_guard lock(reading_);
        readers_.push_back(std::move(db));
        return result;
      } catch (const Xapian::DatabaseModifiedError& error) {
        if (attempt >= 5) return damaged(error);
      } catch (const Xapian::Error& error) {
        return damaged(error);
      }
    }
  }

  Xapian::Database take_reader() {
    {
      std::lock_guard lock(reading_);
      if (!readers_.empty()) {
        auto db = std::move(readers_.back());
        readers_.pop_back();
        db.reopen();
        return db;
      }
    }
    return Xapian::Database(folder_.string());
  }

  store::Store& store_;
  std::filesystem::path folder_;
  bool temporary_;
  std::atomic<std::int64_t> fresh_ = -1;  // the store's generation that the index has seen
  std::mutex writing_;                    // one thread brings it up to date
  std::mutex reading_;                    // guards readers_
  std::vector<Xapian::Database> readers_;
  Combos combos_;  // guarded by writing_
  FacetTables facets_;
};

}  // namespace

Result<std::unique_ptr<SearchIndex>> SearchIndex::open(store::Store& store, const std::filesystem::path& folder) {
  if (!folder.empty()) return std::make_unique<XapianIndex>(store, folder, false);
  auto pattern = (std::filesystem::temp_directory_path() / "qushu-search-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return fail_errno(errno, "mkdtemp " + pattern);
  return std::make_unique<XapianIndex>(store, pattern, true);
}

}  // namespace qushu::catalog
