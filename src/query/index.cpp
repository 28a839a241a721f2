#include "qushu/query/index.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "index_format.h"

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
struct KeyIndex::Environment {
  struct Reader {
    MDB_txn* txn = nullptr;
    MDB_cursor* keys = nullptr;
  };

  ~Environment() {
    for (const auto& reader : free_readers) {
      mdb_cursor_close(reader.keys);
      mdb_txn_abort(reader.txn);
    }
    if (handle != nullptr) mdb_env_close(handle);
  }

  Result<Reader> begin() {
    Reader reader;
    if (auto code = mdb_txn_begin(handle, nullptr, MDB_RDONLY, &reader.txn); code != 0) return lmdb_failure(code, "begin");
    if (auto code = mdb_cursor_open(reader.txn, keys, &reader.keys); code != 0) {
      mdb_txn_abort(reader.txn);
      return lmdb_failure(code, "cursor");
    }
    return reader;
  }

  // A reader for one lookup; it goes back when the lease ends.
  class Lease {
   public:
    Lease(Environment& environment, Reader reader) : environment_(environment), reader_(reader) {}
    ~Lease() {
      std::scoped_lock lock(environment_.mutex);
      environment_.free_readers.push_back(reader_);
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Reader* operator->() { return &reader_; }

   private:
    Environment& environment_;
    Reader reader_;
  };
  Result<Reader> take() {
    {
      std::scoped_lock lock(mutex);
      if (!free_readers.empty()) {
        auto reader = free_readers.back();
        free_readers.pop_back();
        return reader;
      }
    }
    return begin();
  }

  MDB_env* handle = nullptr;
  MDB_dbi rows = 0, keys = 0;
  std::mutex mutex;
  std::vector<Reader> free_readers;
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

std::int64_t read_id(std::string_view key) {
  std::uint64_t value = 0;
  for (char c : key.substr(key.size() - kIdBytes)) value = (value << 8U) | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value ^ (std::uint64_t{1} << 63U));
}

}  // namespace

KeyIndex::KeyIndex() : environment_(std::make_unique<Environment>()) {}
KeyIndex::~KeyIndex() = default;

Result<std::shared_ptr<const KeyIndex>> KeyIndex::open(const std::filesystem::path& file) {
  std::error_code error;
  auto size = std::filesystem::file_size(file, error);
  if (error) return unreadable(error.message());
  std::shared_ptr<KeyIndex> index(new KeyIndex());
  auto& environment = *index->environment_;
  if (auto code = mdb_env_create(&environment.handle); code != 0) return lmdb_failure(code, "create");
  mdb_env_set_maxdbs(environment.handle, 3);
  mdb_env_set_mapsize(environment.handle, size);
  constexpr unsigned kFlags = MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD;
  if (auto code = mdb_env_open(environment.handle, file.c_str(), kFlags, 0); code != 0) return unreadable(mdb_strerror(code));

  MDB_txn* txn = nullptr;
  if (auto code = mdb_txn_begin(environment.handle, nullptr, MDB_RDONLY, &txn); code != 0)
    return unreadable(mdb_strerror(code));
  MDB_dbi about = 0;
  MDB_val key = to_val(kAboutKey), value{};
  int code = mdb_dbi_open(txn, kRowsTable, MDB_INTEGERKEY, &environment.rows);
  if (code == 0) code = mdb_dbi_open(txn, kKeysTable, 0, &environment.keys);
  if (code == 0) code = mdb_dbi_open(txn, kAboutTable, 0, &about);
  if (code == 0) code = mdb_get(txn, about, &key, &value);
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
  return std::shared_ptr<const KeyIndex>(std::move(index));
}

Result<std::vector<KeyIndex::Row>> KeyIndex::find(std::span<const engine::Value> key, std::size_t limit) const {
  std::vector<Row> out;
  std::string prefix;
  prefix.reserve(64);
  for (std::size_t i = 0; i < key_.size(); ++i)
    if (i >= key.size() || !append_key_value(key_[i], key[i], prefix)) return out;
  bound_key(prefix);

  auto& environment = *environment_;
  QS_TRY(auto taken, environment.take());
  Environment::Lease reader(environment, taken);
  auto at = to_val(prefix);
  MDB_val nothing{};
  for (int code = mdb_cursor_get(reader->keys, &at, &nothing, MDB_SET_RANGE); out.size() < limit;
       code = mdb_cursor_get(reader->keys, &at, &nothing, MDB_NEXT)) {
    if (code == MDB_NOTFOUND) break;
    if (code != 0) return lmdb_failure(code, "find");
    auto found = from_val(at);
    if (found.size() != prefix.size() + kIdBytes || !found.starts_with(prefix)) break;
    auto id = read_id(found);
    MDB_val id_val{.mv_size = sizeof id, .mv_data = &id}, value{};
    if (auto got = mdb_get(reader->txn, environment.rows, &id_val, &value); got != 0) return lmdb_failure(got, "row");
    QS_TRY(auto row, read_row(id, from_val(value), fields_.size()));
    out.push_back(std::move(row));
  }
  return out;
}

Result<KeyIndex::Row> KeyIndex::row(std::int64_t id) const {
  auto& environment = *environment_;
  QS_TRY(auto taken, environment.take());
  Environment::Lease reader(environment, taken);
  MDB_val key{.mv_size = sizeof id, .mv_data = &id}, value{};
  auto code = mdb_get(reader->txn, environment.rows, &key, &value);
  if (code == MDB_NOTFOUND) return Row{.id = id, .values = {}};
  if (code != 0) return lmdb_failure(code, "row");
  return read_row(id, from_val(value), fields_.size());
}

Result<std::shared_ptr<const KeyIndex>> IndexCache::open(const std::string& blob) {
  {
    std::scoped_lock lock(mutex_);
    if (auto found = entries_.find(blob); found != entries_.end()) {
      used_.splice(used_.begin(), used_, found->second.place);
      return found->second.index;
    }
  }
  QS_TRY(auto path, blobs_.path(blob));
  QS_TRY(auto index, KeyIndex::open(path));
  std::scoped_lock lock(mutex_);
  // Somebody else may have opened it meanwhile; hers stays.
  if (auto found = entries_.find(blob); found != entries_.end()) return found->second.index;
  used_.push_front(blob);
  entries_.emplace(blob, Entry{.index = index, .place = used_.begin()});
  while (entries_.size() > capacity_) {
    entries_.erase(used_.back());
    used_.pop_back();
  }
  return index;
}

}  // namespace qushu::query
