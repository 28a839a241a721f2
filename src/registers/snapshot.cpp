// A register's records written in columns: pages are read from the store by the thread that owns the session, and taken up by
// the engine's on the other side of a short queue.
#include "snapshot.h"

#include <condition_variable>
#include <deque>
#include <thread>

#include <fmt/format.h>

#include "qushu/base/log.h"

namespace qushu::registers {
namespace {

using From = RelationColumn::From;

std::string unquoted(std::string_view name) {
  return name.size() >= 2 && name.front() == '"' ? std::string(name.substr(1, name.size() - 2)) : std::string(name);
}

From from_of(const Field& field) {
  switch (field.kind) {
    case Kind::number:
    case Kind::money:
    case Kind::computed:
      return decimals_of(field) > 0 ? From::decimal : From::whole;
    case Kind::attachment:
      return From::whole;
    case Kind::date:
      return From::day;
    case Kind::datetime:
      return From::moment;
    default:
      return From::text;
  }
}

void add_field(const Field& field, std::vector<RelationColumn>& out) {
  auto stored = stored_columns(field);
  // What every record has keeps its name.
  auto id = is_system_column(field.name) ? "field__" + field.name : field.name;
  out.push_back({.id = id,
                 .name = field.label,
                 .stored = unquoted(stored[0].name),
                 .sql = stored[0].name,
                 .level = field.level,
                 .from = from_of(field),
                 .decimals = decimals_of(field)});
  auto also = [&](std::string_view suffix, const Text& what, std::string sql, From from) {
    out.push_back({.id = id + std::string(suffix),
                   .name = {field.label.zh + what.zh, field.label.en + what.en},
                   .stored = unquoted(stored[0].name) + std::string(suffix),
                   .sql = std::move(sql),
                   .level = field.level,
                   .from = from});
  };
  if (field.kind == Kind::choice) {
    also("__name", {"名称", " (name)"}, stored[0].name, From::word);
    for (const auto& choice : field.choices) out.back().words.emplace(choice.code, choice.label.zh);
  } else if (field.kind == Kind::location) {
    also("__lon", {"经度", " (longitude)"}, stored[1].name, From::real);
    also("__lat", {"纬度", " (latitude)"}, stored[2].name, From::real);
  } else if (stored.size() == 2) {
    also("__name", {"名称", " (name)"}, stored[1].name, From::text);
  }
}

std::string with_places(const SnapshotFile& file) {
  return fmt::format("read_parquet({}, file_row_number = true)", engine::quote_text(file.path.string()));
}

// Rows on their way from the session's thread to the engine's.
class Pages final : public engine::TableSource, public engine::Scanner {
 public:
  Pages(const std::vector<RelationColumn>& columns, bool gone, const calendar::Zone& zone)
      : columns_(columns), gone_(gone), zone_(zone) {
    for (const auto& c : columns_) described_.push_back(c.column());
    if (gone_) described_.push_back({.name = "_gone", .type = engine::Type::boolean});
  }

  // False: nobody reads any more.
  bool put(std::vector<store::Row> page) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pages_.size() < kWaiting || ended_; });
    if (ended_) return false;
    pages_.push_back(std::move(page));
    changed_.notify_all();
    return true;
  }
  void end() {
    std::scoped_lock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  const std::vector<engine::Column>& columns() const override { return described_; }
  Result<std::unique_ptr<engine::Scanner>> open(const std::vector<std::size_t>& wanted) override {
    struct Reader final : engine::Scanner {
      Reader(Pages& pages, std::vector<std::size_t> wanted) : pages_(pages), wanted_(std::move(wanted)) {}
      Result<std::size_t> fill(engine::ChunkWriter& into) override { return pages_.fill(into, wanted_); }
      Pages& pages_;
      std::vector<std::size_t> wanted_;
    };
    return std::make_unique<Reader>(*this, wanted);
  }
  Result<std::size_t> fill(engine::ChunkWriter& into) override { return fill(into, {}); }

 private:
  static constexpr std::size_t kWaiting = 4;

  Result<std::size_t> fill(engine::ChunkWriter& into, const std::vector<std::size_t>& wanted) {
    std::vector<store::Row> page;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !pages_.empty() || ended_; });
      if (pages_.empty()) return 0;
      page = std::move(pages_.front());
      pages_.pop_front();
      changed_.notify_all();
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      auto c = wanted[i];
      for (std::size_t r = 0; r < page.size(); ++r) put_value(into, i, c, r, page[r]);
    }
    return page.size();
  }

  void put_value(engine::ChunkWriter& into, std::size_t to, std::size_t c, std::size_t r, const store::Row& row) const {
    if (c == columns_.size()) {
      into.booleans(to)[r] = !row.is_null(c);
      return;
    }
    if (row.is_null(c)) return into.set_null(to, r);
    const auto& column = columns_[c];
    switch (column.from) {
      case From::text:
        return into.set_text(to, r, row.text(c));
      case From::word: {
        auto found = column.words.find(row.text(c));
        return into.set_text(to, r, found == column.words.end() ? row.text(c) : found->second);
      }
      case From::whole:
        into.integers(to)[r] = row.integer(c);
        return;
      case From::decimal:
        return into.set_decimal(to, r, row.integer(c));
      case From::real:
        into.numbers(to)[r] = row.number(c);
        return;
      case From::moment:
        into.integers(to)[r] = zone_.local(row.time(c)).time_since_epoch().count();
        return;
      case From::day: {
        auto day = calendar::parse_day(row.text(c));
        if (!day) return into.set_null(to, r);
        into.dates(to)[r] = static_cast<std::int32_t>(day->time_since_epoch().count());
        return;
      }
    }
  }

  const std::vector<RelationColumn>& columns_;
  const bool gone_;
  const calendar::Zone& zone_;
  std::vector<engine::Column> described_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<store::Row>> pages_;  // guarded by mutex_
  bool ended_ = false;                         // guarded by mutex_
};

}  // namespace

engine::Column RelationColumn::column() const {
  using engine::Type;
  engine::Column out{.name = stored, .type = Type::text};
  switch (from) {
    case From::text:
    case From::word:
      break;
    case From::whole:
      out.type = Type::integer;
      break;
    case From::decimal:
      out = {.name = stored, .type = Type::decimal, .width = 18, .scale = static_cast<std::uint8_t>(decimals)};
      break;
    case From::real:
      out.type = Type::number;
      break;
    case From::day:
      out.type = Type::date;
      break;
    case From::moment:
      out.type = Type::datetime;
      break;
  }
  return out;
}

std::vector<RelationColumn> relation_columns(const Definition& d) {
  std::vector<RelationColumn> out;
  auto name_of = [&](std::string_view system, std::string_view stored, Text what) {
    out.push_back({.id = std::string(system) + "__name",
                   .name = std::move(what),
                   .stored = std::string(stored),
                   .sql = std::string(stored),
                   .level = "1"});
  };
  for (const auto& c : system_columns()) {
    auto from = c.type == SystemColumn::Type::text    ? From::text
                : c.type == SystemColumn::Type::whole ? From::whole
                                                      : From::moment;
    out.push_back({.id = std::string(c.name),
                   .name = c.label,
                   .stored = std::string(c.sql),
                   .sql = std::string(c.sql),
                   .level = "1",
                   .from = from});
    if (c.name == "department") name_of("department", "department_name", {"部门名称", "Department (name)"});
    if (c.name == "creator") name_of("creator", "created_by_name", {"登记人姓名", "Entered by (name)"});
    if (c.name == "state") {
      name_of("state", "state", {"状态名称", "State (name)"});
      out.back().stored = "state__name";
      out.back().from = From::word;
      for (const auto& state : d.states) out.back().words.emplace(state.name, state.label.zh);
    }
  }
  for (const auto& field : d.fields)
    if (!field.retired) add_field(field, out);
  return out;
}

SnapshotFile::~SnapshotFile() {
  std::error_code failed;
  std::filesystem::remove(path, failed);
  if (failed) log::warn("a relation's snapshot could not be removed", {{"why", failed.message()}});
}

std::string Snapshot::sql() const {
  auto base_sql = engine::parquet_scan({base->file->path});
  if (!changed) return "SELECT * FROM " + base_sql;
  // By place, since that is a number: texts of a million records would have to be read and compared for every statement.
  if (!stale.empty()) {
    std::string places;
    for (auto place : stale) places += (places.empty() ? "" : ", ") + std::to_string(place);
    base_sql = fmt::format("(SELECT * EXCLUDE (file_row_number) FROM {} WHERE file_row_number NOT IN ({}))",
                           with_places(*base->file), places);
  }
  return fmt::format("SELECT * FROM {} UNION ALL SELECT * EXCLUDE (_gone) FROM {} WHERE NOT _gone", base_sql,
                     engine::parquet_scan({changed->path}));
}

Result<std::vector<std::int64_t>> places_of(engine::Engine& engine, const SnapshotFile& records, const SnapshotFile& in) {
  QS_TRY(auto cursor,
         engine.run({.sql = fmt::format("SELECT file_row_number FROM {} WHERE id IN (SELECT id FROM {}) ORDER BY 1",
                                        with_places(in), engine::parquet_scan({records.path}))}));
  std::vector<std::int64_t> out;
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return out;
    for (std::size_t row = 0; row < chunk->rows(); ++row) out.push_back(chunk->integer(0, row));
  }
}

Result<std::uint64_t> write_snapshot(engine::Engine& engine, const std::vector<RelationColumn>& columns, bool gone,
                                     const calendar::Zone& zone, const NextPage& next, const std::filesystem::path& file) {
  Pages pages(columns, gone, zone);
  Result<std::uint64_t> written = 0;
  std::jthread writer([&] {
    written = engine.execute({.sql = fmt::format("COPY (SELECT * FROM pages) TO {} (FORMAT parquet, COMPRESSION uncompressed)",
                                                 engine::quote_text(file.string())),
                              .tables = {{.name = "pages", .source = &pages}},
                              .limits = {.time = std::chrono::minutes(10)}});
    pages.end();  // whatever waits to put more need not
  });
  auto read = [&]() -> Result<void> {
    for (;;) {
      QS_TRY(auto page, next());
      if (page.empty() || !pages.put(std::move(page))) return {};
    }
  }();
  pages.end();
  writer.join();
  QS_CHECK(read);
  return written;
}

}  // namespace qushu::registers
