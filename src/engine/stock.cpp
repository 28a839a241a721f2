#include "stock.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/log.h"

#include "functions.h"
#include "scan.h"

namespace qushu::engine {

Stock::Stock(const Settings& settings) : settings_(settings), thread_([this] { run(); }) {}

Stock::~Stock() {
  {
    std::scoped_lock lock(mutex_);
    stop_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

Result<Stock::Opened> Stock::open() const {
  Opened opened{.database = std::make_unique<Database>()};
  Config config;
  duckdb_create_config(config.out());
  auto set = [&](const char* key, const std::string& value) { duckdb_set_config(config.get(), key, value.c_str()); };
  set("memory_limit", fmt::format("{}B", settings_.integer("engine.sandbox_memory")));
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  set("temp_directory", "");
  if (auto threads = settings_.integer("engine.threads"); threads > 0) set("threads", fmt::format("{}", threads));
  char* message = nullptr;
  if (duckdb_open_ext(nullptr, opened.database->out(), config.get(), &message) != DuckDBSuccess) {
    auto failure = fail_internal(fmt::format("duckdb: {}", message == nullptr ? "cannot open" : message));
    duckdb_free(message);
    return failure;
  }
  if (duckdb_connect(opened.database->get(), opened.connection.out()) != DuckDBSuccess)
    return fail_internal("duckdb: cannot connect");
  QS_CHECK(register_scan(opened.connection.get()));
  QS_CHECK(register_functions(opened.connection.get()));
  // A statement's files are opened once to see their columns, and again to read them.
  for (const char* setting : {"SET GLOBAL TimeZone = 'UTC'", "SET GLOBAL parquet_metadata_cache = true"})
    QS_CHECK(command(opened.connection.get(), setting));
  return opened;
}

std::unique_ptr<Database> Stock::kept_for(const std::string& purpose) {
  if (purpose.empty()) return nullptr;
  std::scoped_lock lock(mutex_);
  auto found = std::ranges::find(kept_, purpose, &Kept::purpose);
  if (found == kept_.end()) return nullptr;
  auto database = std::move(found->database);
  kept_.erase(found);
  return database;
}

Result<Instance> Stock::take(const std::string& purpose) {
  Opened opened{.database = kept_for(purpose)};
  bool locked = opened.database != nullptr;
  if (locked && duckdb_connect(opened.database->get(), opened.connection.out()) != DuckDBSuccess)
    return fail_internal("duckdb: cannot connect");
  if (!locked) {
    std::scoped_lock lock(mutex_);
    wanted_ = static_cast<std::size_t>(settings_.integer("engine.ready_sandboxes"));
    if (!ready_.empty()) {
      opened = std::move(ready_.front());
      ready_.pop_front();
    }
  }
  if (!opened.database) {
    QS_TRY(opened, open());
  }
  return Instance{
      .database = std::shared_ptr<Database>(
          opened.database.release(), [this, purpose](Database* used) { give_back(purpose, std::unique_ptr<Database>(used)); }),
      .connection = std::move(opened.connection),
      .locked = locked};
}

void Stock::give_back(const std::string& purpose, std::unique_ptr<Database> database) {
  std::scoped_lock lock(mutex_);
  if (purpose.empty())
    retired_.push_back(std::move(database));
  else
    kept_.push_back({.purpose = purpose,
                     .database = std::move(database),
                     .until = std::chrono::steady_clock::now() + std::chrono::seconds(settings_.integer("engine.kept_time"))});
  changed_.notify_one();
}

void Stock::expire() {
  auto most = static_cast<std::size_t>(settings_.integer("engine.kept_sandboxes"));
  auto now = std::chrono::steady_clock::now();
  while (!kept_.empty() && (kept_.size() > most || kept_.front().until <= now)) {
    retired_.push_back(std::move(kept_.front().database));
    kept_.pop_front();
  }
}

void Stock::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    expire();
    if (!retired_.empty()) {
      auto closing = std::move(retired_);
      retired_.clear();
      lock.unlock();
      closing.clear();
      lock.lock();
      continue;
    }
    if (ready_.size() < wanted_) {
      lock.unlock();
      auto opened = open();
      lock.lock();
      if (opened) {
        ready_.push_back(*std::move(opened));
        continue;
      }
      // Who asks next opens one and is told why it cannot be done.
      log::error("an instance for SQL could not be opened ahead", opened.error());
    }
    if (kept_.empty())
      changed_.wait(lock);
    else
      changed_.wait_until(lock, kept_.front().until);
  }
}

}  // namespace qushu::engine
