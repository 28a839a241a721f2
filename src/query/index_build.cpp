#include <utility>

#include <fmt/format.h>

#include "qushu/query/index.h"

#include "index_format.h"
#include "json_out.h"
#include "key_file.h"

namespace qushu::query {
namespace {

constexpr std::size_t kMapSize = std::size_t{1} << 40U;  // address space only; the file grows as it is filled
constexpr std::uint64_t kBatch = 20'000;                 // rows of a transaction

// An LMDB file being filled. The transactions only bound its memory: a file that was not finished is thrown away.
class Filler {
 public:
  Filler() = default;
  ~Filler() { close(); }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;

  Result<void> open(const std::filesystem::path& file) {
    if (auto code = mdb_env_create(&environment_); code != 0) return lmdb_failure(code, "create");
    mdb_env_set_maxdbs(environment_, 4);
    mdb_env_set_mapsize(environment_, kMapSize);
    if (auto code = mdb_env_open(environment_, file.c_str(), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0600); code != 0)
      return lmdb_failure(code, "open");
    return {};
  }

  Result<MDB_dbi> table(const char* name, unsigned flags) {
    QS_CHECK(ensure());
    MDB_dbi table = 0;
    if (auto code = mdb_dbi_open(txn_, name, flags | MDB_CREATE, &table); code != 0) return lmdb_failure(code, "table");
    return table;
  }

  // Fastest when the keys come in order; right when they do not.
  Result<void> put(MDB_dbi table, std::string_view key, std::string_view value) {
    QS_CHECK(ensure());
    auto k = to_val(key), v = to_val(value);
    auto code = mdb_put(txn_, table, &k, &v, MDB_APPEND);
    if (code == MDB_KEYEXIST) code = mdb_put(txn_, table, &k, &v, 0);
    if (code != 0) return lmdb_failure(code, "put");
    if (++pending_ >= kBatch) return commit();
    return {};
  }

  Result<void> commit() {
    pending_ = 0;
    if (txn_ == nullptr) return {};
    if (auto code = mdb_txn_commit(std::exchange(txn_, nullptr)); code != 0) return lmdb_failure(code, "commit");
    return {};
  }

  // What was not committed is lost.
  void close() {
    if (txn_ != nullptr) mdb_txn_abort(std::exchange(txn_, nullptr));
    if (environment_ != nullptr) mdb_env_close(std::exchange(environment_, nullptr));
  }

 private:
  Result<void> ensure() {
    if (txn_ != nullptr) return {};
    if (auto code = mdb_txn_begin(environment_, nullptr, 0, &txn_); code != 0) return lmdb_failure(code, "begin");
    return {};
  }

  MDB_env* environment_ = nullptr;
  MDB_txn* txn_ = nullptr;
  std::uint64_t pending_ = 0;
};

std::string about(std::string_view engine, const IndexSource& source, const std::vector<std::size_t>& key) {
  const auto& fields = source.fields;
  boost::json::array ids, parts;
  for (const auto& field : fields) ids.emplace_back(field.id);
  for (auto part : key)
    parts.push_back(boost::json::object{{"id", fields[part].id},
                                        {"type", engine::name(fields[part].type)},
                                        {"width", fields[part].width},
                                        {"scale", fields[part].scale}});
  return boost::json::serialize(boost::json::object{{"format", kIndexFormat},
                                                    {"fields", std::move(ids)},
                                                    {"key", std::move(parts)},
                                                    {"hashed_by", hashed_by(engine, source.fields)},
                                                    {"from", source.from},
                                                    {"rows", source.rows}});
}

class Build {
 public:
  Build(engine::Engine& engine, const IndexSource& source) : engine_(engine), source_(source) {
    for (std::size_t i = 0; i < source.fields.size(); ++i)
      if (source.fields[i].key) key_.push_back(i);
  }

  Result<IndexCounts> into(const std::filesystem::path& file) {
    if (key_.empty()) return fail_internal("an index without a key");
    QS_CHECK(filler_.open(file));
    QS_TRY(auto description, filler_.table(kAboutTable, 0));
    QS_CHECK(filler_.put(description, kAboutKey, about(engine_.version(), source_, key_)));
    QS_CHECK(filler_.commit());
    QS_CHECK(fill_gone());
    IndexCounts counts;
    KeyFileWriter keys(file, source_.rows);
    QS_TRY(counts.rows, fill_rows(keys, counts.without_key));
    QS_CHECK(filler_.commit());
    filler_.close();
    QS_TRY(counts.repeated, keys.finish());
    return counts;
  }

 private:
  template <class Row>
  Result<std::uint64_t> for_each(std::string sql, Row row) {
    QS_TRY(auto cursor, engine_.run({.sql = std::move(sql), .limits = source_.limits}));
    std::uint64_t rows = 0;
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return rows;
      for (std::size_t r = 0; r < chunk->rows(); ++r) QS_CHECK(row(*chunk, r));
      rows += chunk->rows();
      done_ += chunk->rows();
      if (source_.progress) source_.progress(done_, source_.rows);
      if (source_.limits.cancelled && source_.limits.cancelled())
        return fail(Code::cancelled, "index.cancelled", "已取消。", "Cancelled.");
    }
  }

  Result<void> fill_gone() {
    if (source_.gone.empty()) return {};
    QS_TRY(auto table, filler_.table(kGoneTable, MDB_INTEGERKEY));
    for (const auto& id : source_.gone) QS_CHECK(filler_.put(table, {reinterpret_cast<const char*>(&id), sizeof id}, {}));
    return filler_.commit();
  }

  Result<std::uint64_t> fill_rows(KeyFileWriter& keys, std::uint64_t& without_key) {
    QS_TRY(auto table, filler_.table(kRowsTable, MDB_INTEGERKEY));
    std::string columns = "\"_id\"", value, json, encoded;
    for (const auto& field : source_.fields) columns += ", " + engine::quote_name(field.id);
    auto hash = source_.fields.size() + 1;
    return for_each(fmt::format("SELECT {}, {} FROM ({}) AS t", columns, row_hash(source_.fields), source_.select),
                    [&](const engine::Chunk& chunk, std::size_t row) -> Result<void> {
                      auto id = chunk.integer(0, row);
                      value.clear();
                      for (std::size_t c = 0; c < source_.fields.size(); ++c) {
                        if (chunk.is_null(c + 1, row)) {
                          append_length(0, value);
                          continue;
                        }
                        json.clear();
                        append_json_value(chunk, c + 1, row, source_.fields[c].type, json);
                        append_length(json.size() + 1, value);
                        value += json;
                      }
                      QS_CHECK(filler_.put(table, {reinterpret_cast<const char*>(&id), sizeof id}, value));
                      encoded.clear();
                      for (auto part : key_) {
                        if (chunk.is_null(part + 1, row)) {
                          ++without_key;
                          return {};
                        }
                        append_key_part(chunk, part + 1, row, source_.fields[part].type, encoded);
                      }
                      return keys.add({.key = hash_key(encoded),
                                       .id = id,
                                       .row = {.first = chunk.integer(hash, row), .second = chunk.integer(hash + 1, row)}});
                    });
  }

  engine::Engine& engine_;
  const IndexSource& source_;
  std::vector<std::size_t> key_;
  Filler filler_;
  std::uint64_t done_ = 0;
};

}  // namespace

Result<IndexCounts> build_index(engine::Engine& engine, const IndexSource& source, const std::filesystem::path& file) {
  return Build(engine, source).into(file);
}

}  // namespace qushu::query
