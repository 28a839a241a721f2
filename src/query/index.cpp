#include "qushu/query/index.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "index_format.h"
#include "key_file.h"

namespace qushu::query {
namespace {

Failure unreadable(std::string detail) {
  return fail(Error{.code = Code::unavailable,
                    .id = "index.unreadable",
                    .text = {"主键索引读不出来，将重新建立。", "The key index cannot be read; it will be built again."},
                    .detail = std::move(detail)});
}

}  // namespace

// The memory map and the read transactions over it. The file never changes, so a transaction is begun once and used again.
struct IndexLayer::Environment {
  ~Environment() {
    for (auto* reader : free_readers) mdb_txn_abort(reader);
    if (handle != nullptr) mdb_env_close(handle);
  }

  Result<MDB_txn*> begin() {
    MDB_txn* reader = nullptr;
    if (auto code = mdb_txn_begin(handle, nullptr, MDB_RDONLY, &reader); code != 0) return lmdb_failure(code, "begin");
    return reader;
  }

  // A reader for one lookup; it goes back when the lease ends.
  class Lease {
   public:
    Lease(Environment& environment, MDB_txn* reader) : environment_(environment), reader_(reader) {}
    ~Lease() {
      std::scoped_lock lock(environment_.mutex);
      environment_.free_readers.push_back(reader_);
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    [[nodiscard]] MDB_txn* txn() const { return reader_; }

   private:
    Environment& environment_;
    MDB_txn* reader_;
  };
  Result<MDB_txn*> take() {
    {
      std::scoped_lock lock(mutex);
      if (!free_readers.empty()) {
        auto* reader = free_readers.back();
        free_readers.pop_back();
        return reader;
      }
    }
    return begin();
  }

  MDB_env* handle = nullptr;
  MDB_dbi rows = 0, gone = 0;
  bool has_gone = false;
  std::mutex mutex;
  std::vector<MDB_txn*> free_readers;
};

namespace {

Result<KeyIndex::Row> read_row(std::int64_t id, std::string_view bytes, std::size_t fields) {
  KeyIndex::Row row{.id = id, .values = {}};
  row.values.reserve(fields);
  for (std::size_t i = 0; i < fields; ++i) {
    auto length = read_length(bytes);
    if (!length || (*length != 0 && *length - 1 > bytes.size())) return unreadable("a row is damaged");
    if (*length == 0) {
      row.values.emplace_back("null");
      continue;
    }
    row.values.push_back(bytes.substr(0, *length - 1));
    bytes.remove_prefix(*length - 1);
  }
  return row;
}

}  // namespace

IndexLayer::IndexLayer() : environment_(std::make_unique<Environment>()) {}
IndexLayer::~IndexLayer() = default;

Result<std::shared_ptr<const IndexLayer>> IndexLayer::open(const std::filesystem::path& file) {
  auto keys = KeyFile::open(file);
  if (!keys) return unreadable(keys.error().detail);
  std::shared_ptr<IndexLayer> index(new IndexLayer());
  index->keys_ = *std::move(keys);
  auto& environment = *index->environment_;
  if (auto code = mdb_env_create(&environment.handle); code != 0) return lmdb_failure(code, "create");
  mdb_env_set_maxdbs(environment.handle, 4);
  mdb_env_set_mapsize(environment.handle, index->keys_->offset());
  constexpr unsigned kFlags = MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD;
  if (auto code = mdb_env_open(environment.handle, file.c_str(), kFlags, 0); code != 0) return unreadable(mdb_strerror(code));

  MDB_txn* txn = nullptr;
  if (auto code = mdb_txn_begin(environment.handle, nullptr, MDB_RDONLY, &txn); code != 0)
    return unreadable(mdb_strerror(code));
  MDB_dbi about = 0;
  MDB_val key = to_val(kAboutKey), value{};
  int code = mdb_dbi_open(txn, kRowsTable, MDB_INTEGERKEY, &environment.rows);
  if (code == 0) code = mdb_dbi_open(txn, kAboutTable, 0, &about);
  if (code == 0) code = mdb_get(txn, about, &key, &value);
  // Layers that stand alone have nothing to say of older rows.
  if (code == 0) {
    auto has = mdb_dbi_open(txn, kGoneTable, MDB_INTEGERKEY, &environment.gone);
    environment.has_gone = has == 0;
    if (has != 0 && has != MDB_NOTFOUND) code = has;
  }
  std::string text(code == 0 ? from_val(value) : std::string_view());
  // Committing, not aborting, keeps the handles of the tables.
  if (code == 0)
    code = mdb_txn_commit(txn);
  else
    mdb_txn_abort(txn);
  if (code != 0) return unreadable(mdb_strerror(code));

  boost::system::error_code bad;
  auto parsed = boost::json::parse(text, bad);
  if (bad || !parsed.is_object()) return unreadable("its description is damaged");
  try {
    const auto& object = parsed.as_object();
    if (object.at("format").as_int64() != kIndexFormat) return unreadable("another format");
    for (const auto& field : object.at("fields").as_array()) index->fields_.emplace_back(field.as_string());
    if (const auto* by = object.if_contains("hashed_by")) index->hashed_by_ = by->as_string();
    if (const auto* from = object.if_contains("from")) index->from_ = from->to_number<std::int64_t>();
    if (const auto* rows = object.if_contains("rows")) index->rows_ = rows->to_number<std::uint64_t>();
    for (const auto& part : object.at("key").as_array()) {
      catalog::Field field;
      field.id = part.at("id").as_string();
      if (!engine::parse(std::string_view(part.at("type").as_string()), field.type)) return unreadable("an unknown type");
      field.width = static_cast<std::uint8_t>(part.at("width").as_int64());
      field.scale = static_cast<std::uint8_t>(part.at("scale").as_int64());
      index->key_.push_back(std::move(field));
    }
  } catch (const std::exception& e) {
    return unreadable(e.what());
  }
  return std::shared_ptr<const IndexLayer>(std::move(index));
}

const KeyFile& IndexLayer::keys() const {
  return *keys_;
}

Result<KeyIndex::Row> IndexLayer::row(std::int64_t id) const {
  auto& environment = *environment_;
  QS_TRY(auto taken, environment.take());
  Environment::Lease reader(environment, taken);
  MDB_val key{.mv_size = sizeof id, .mv_data = &id}, value{};
  auto code = mdb_get(reader.txn(), environment.rows, &key, &value);
  if (code == MDB_NOTFOUND) return KeyIndex::Row{.id = id, .values = {}};
  if (code != 0) return lmdb_failure(code, "row");
  return read_row(id, from_val(value), fields_.size());
}

Result<bool> IndexLayer::is_gone(std::int64_t id) const {
  auto& environment = *environment_;
  if (!environment.has_gone) return false;
  QS_TRY(auto taken, environment.take());
  Environment::Lease reader(environment, taken);
  MDB_val key{.mv_size = sizeof id, .mv_data = &id}, value{};
  auto code = mdb_get(reader.txn(), environment.gone, &key, &value);
  if (code != 0 && code != MDB_NOTFOUND) return lmdb_failure(code, "gone");
  return code == 0;
}

Result<std::vector<std::int64_t>> IndexLayer::gone() const {
  std::vector<std::int64_t> out;
  auto& environment = *environment_;
  if (!environment.has_gone) return out;
  QS_TRY(auto taken, environment.take());
  Environment::Lease reader(environment, taken);
  MDB_cursor* cursor = nullptr;
  if (auto code = mdb_cursor_open(reader.txn(), environment.gone, &cursor); code != 0) return lmdb_failure(code, "cursor");
  MDB_val key{}, value{};
  int code = 0;
  while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    std::int64_t id = 0;
    std::memcpy(&id, key.mv_data, sizeof id);
    out.push_back(id);
  }
  mdb_cursor_close(cursor);
  if (code != MDB_NOTFOUND) return lmdb_failure(code, "gone");
  return out;
}

// --- layers upon each other ------------------------------------------------------------------------------------------------

KeyIndex::KeyIndex(std::vector<std::shared_ptr<const IndexLayer>> layers) : layers_(std::move(layers)) {}

Result<std::shared_ptr<const KeyIndex>> KeyIndex::open(const std::filesystem::path& file) {
  QS_TRY(auto layer, IndexLayer::open(file));
  return std::make_shared<const KeyIndex>(std::vector{std::move(layer)});
}

const std::vector<std::string>& KeyIndex::fields() const {
  return layers_.back()->fields();
}
const std::vector<catalog::Field>& KeyIndex::key() const {
  return layers_.back()->key();
}

Result<std::vector<KeyIndex::Row>> KeyIndex::find(std::span<const engine::Value> key, std::size_t limit) const {
  std::string encoded;
  encoded.reserve(64);
  for (std::size_t i = 0; i < this->key().size(); ++i)
    if (i >= key.size() || !append_key_value(this->key()[i], key[i], encoded)) return std::vector<Row>();
  return find_hashed(hash_key(encoded), limit);
}

Result<std::vector<KeyIndex::Row>> KeyIndex::find_hashed(const KeyHash& key, std::size_t limit) const {
  std::vector<Row> rows;
  for (std::size_t i = layers_.size(); i-- > 0 && rows.empty();) {
    QS_TRY(auto found, layers_[i]->keys().find(key, limit));
    for (const auto& entry : found) {
      bool gone = false;
      for (std::size_t newer = i + 1; newer < layers_.size() && !gone; ++newer) {
        QS_TRY(gone, layers_[newer]->is_gone(entry.id));
      }
      if (gone) continue;
      QS_TRY(auto row, layers_[i]->row(entry.id));
      if (row.values.empty()) return unreadable("a key without a row");
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

Result<void> KeyIndex::find_all(std::span<const KeyHash> sorted, std::size_t limit, const Found& found) const {
  // What no newer layer has, by its place in `sorted`.
  std::vector<std::size_t> places(sorted.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::vector<std::int64_t> gone;  // by the newer layers, in order
  for (std::size_t i = layers_.size(); i-- > 0 && !places.empty();) {
    std::vector<KeyHash> keys;
    keys.reserve(places.size());
    for (auto place : places) keys.push_back(sorted[place]);
    std::vector<bool> has(places.size());
    std::vector<KeyEntry> left;
    QS_CHECK(layers_[i]->keys().find_all(keys, limit, [&](std::size_t at, std::span<const KeyEntry> entries) -> Result<void> {
      left.clear();
      for (const auto& entry : entries)
        if (!std::ranges::binary_search(gone, entry.id)) left.push_back(entry);
      if (left.empty()) return {};
      has[at] = true;
      return found(places[at], left);
    }));
    std::vector<std::size_t> rest;
    for (std::size_t at = 0; at < places.size(); ++at)
      if (!has[at]) rest.push_back(places[at]);
    places = std::move(rest);
    QS_TRY(auto here, layers_[i]->gone());
    gone.insert(gone.end(), here.begin(), here.end());
    std::ranges::sort(gone);
  }
  return {};
}

bool KeyIndex::knows_rows(std::string_view hashed_by) const {
  return std::ranges::all_of(layers_, [&](const auto& layer) { return layer->hashed_by() == hashed_by; });
}

Result<KeyIndex::Row> KeyIndex::row(std::int64_t id) const {
  for (std::size_t i = layers_.size(); i-- > 0;)
    if (i == 0 || id >= layers_[i]->from()) return layers_[i]->row(id);
  return Row{.id = id, .values = {}};
}

Result<std::shared_ptr<const IndexLayer>> IndexCache::layer(const std::string& blob) {
  {
    std::scoped_lock lock(mutex_);
    if (auto found = layers_.find(blob); found != layers_.end())
      if (auto open = found->second.lock()) return open;
  }
  QS_TRY(auto path, blobs_.path(blob));
  QS_TRY(auto opened, IndexLayer::open(path));
  std::scoped_lock lock(mutex_);
  // Somebody else may have opened it meanwhile; hers stays.
  auto& place = layers_[blob];
  if (auto hers = place.lock()) return hers;
  place = opened;
  return opened;
}

Result<std::shared_ptr<const KeyIndex>> IndexCache::open(const std::string& layers) {
  {
    std::scoped_lock lock(mutex_);
    if (auto found = entries_.find(layers); found != entries_.end()) {
      used_.splice(used_.begin(), used_, found->second.place);
      return found->second.index;
    }
  }
  std::vector<std::shared_ptr<const IndexLayer>> opened;
  for (auto blob : split(layers, ' ')) {
    QS_TRY(auto one, layer(std::string(blob)));
    opened.push_back(std::move(one));
  }
  auto index = std::make_shared<const KeyIndex>(std::move(opened));
  std::scoped_lock lock(mutex_);
  if (auto found = entries_.find(layers); found != entries_.end()) return found->second.index;
  used_.push_front(layers);
  entries_.emplace(layers, Entry{.index = index, .place = used_.begin()});
  while (entries_.size() > capacity_) {
    entries_.erase(used_.back());
    used_.pop_back();
  }
  std::erase_if(layers_, [](const auto& entry) { return entry.second.expired(); });
  return index;
}

}  // namespace qushu::query
