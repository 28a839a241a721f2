#include <atomic>
#include <filesystem>

#include <fmt/format.h>
#include <sqlite3.h>

#include "qushu/base/log.h"

#include "backend.h"
#include "sqlite_connection.h"
#include "sqlite_writer.h"

namespace qushu::store {
namespace {

class Sqlite final : public Store {
 public:
  Sqlite(const Options& options, std::string path)
      : path_(std::move(path)),
        writer_([this, busy = options.busy_timeout] { return Connection::open(path_, busy, true); }, options.busy_timeout,
                [this] { ++own_; }),
        readers_(options.connections, options.busy_timeout,
                 [this, busy = options.busy_timeout] { return Connection::open(path_, busy, false); }),
        watchers_(1, options.busy_timeout,
                  [this, busy = options.busy_timeout] { return Connection::open(path_, busy, false); }) {}

  Result<void> migrate(std::span<const Migration> migrations) override {
    return write([&](Transaction& t) { return apply_migrations(t, migrations, Dialect::sqlite); });
  }

  Result<std::int64_t> generation() override {
    // Own commits count at once. Those of other processes show in data_version, which costs four system calls and is asked for
    // a hundred times a second; whoever comes while another thread asks takes what was known before.
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    if (now - Ticks(watched_.load(std::memory_order_relaxed)) >= kWatch) {
      std::unique_lock lock(watch_mutex_, std::try_to_lock);
      if (lock) {
        QS_TRY(auto watcher, watchers_.take());
        std::vector<Row> rows;
        QS_CHECK(watcher->run("PRAGMA data_version", {}, &rows));
        auto seen = rows.at(0).integer(0);
        if (std::exchange(seen_, seen) != seen) ++others_;
        watched_.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_relaxed);
      }
    }
    return others_.load() + own_.load();
  }

  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }

  Result<void> ping() override {
    return read([](Session& s) -> Result<void> {
      QS_CHECK(s.query("SELECT 1"));
      return {};
    });
  }

  Result<void> backup_to(const std::filesystem::path& file) override {
    if (std::filesystem::exists(file))
      return fail(Error{.code = Code::conflict,
                        .id = "store.backup_exists",
                        .text = {"目标文件已存在，请换一个文件名。", "The file exists already; choose another name."},
                        .subject = file.string()});
    QS_TRY(auto reader, readers_.take());
    QS_TRY(auto target, Connection::open(file.string(), std::chrono::seconds(1), true));
    auto* backup = sqlite3_backup_init(target->handle(), "main", reader->handle(), "main");
    if (backup == nullptr) return sqlite_failure(target->handle(), "backup");
    auto step = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (step != SQLITE_DONE) return sqlite_failure(target->handle(), "backup");
    return {};
  }

 protected:
  Result<void> run_read(const std::function<bool(Session&)>& body) override {
    QS_TRY(auto connection, readers_.take());
    Rollback guard(*connection);
    QS_CHECK(connection->command("BEGIN"));
    SqliteTransaction session(*connection);
    body(session);
    return connection->command("COMMIT");
  }

  Result<void> run_write(const std::function<bool(Transaction&)>& body) override { return writer_.write(body); }

 private:
  using Ticks = std::chrono::steady_clock::duration;
  static constexpr auto kWatch = std::chrono::milliseconds(10);
  const std::string path_;
  Writer writer_;
  Pool<Connection> readers_, watchers_;
  std::mutex watch_mutex_;  // guards seen_
  std::int64_t seen_ = 0;   // the last data_version
  std::atomic<std::int64_t> own_ = 0, others_ = 0;
  std::atomic<Ticks::rep> watched_ = 0;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const Options& options, std::string_view path) {
  auto store = std::make_unique<Sqlite>(options, std::string(path));
  // The file comes with its first writer; what is wrong with it shows here.
  QS_CHECK(store->write([](Transaction& t) -> Result<void> {
    QS_CHECK(t.query("SELECT count(*) FROM sqlite_master"));
    return {};
  }));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace qushu::store
