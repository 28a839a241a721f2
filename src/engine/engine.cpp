#include "qushu/engine/engine.h"

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "chain.h"
#include "free_memory.h"
#include "functions.h"
#include "lineage_reader.h"
#include "query.h"
#include "sandbox.h"
#include "sql_check.h"

namespace qushu::engine {

std::span<const SettingSpec> settings() {
  static const std::array kSpecs{
      SettingSpec{.key = "engine.memory",
                  .kind = SettingKind::bytes,
                  .default_value = "768MiB",
                  .label = {"分析引擎的内存上限", "Memory that the analytic engine may use"},
                  .min = 64LL << 20},
      SettingSpec{.key = "engine.sandbox_memory",
                  .kind = SettingKind::bytes,
                  .default_value = "512MiB",
                  .label = {"一条人写的 SQL 的内存上限", "Memory that one person's SQL may use"},
                  .min = 32LL << 20},
      SettingSpec{.key = "engine.spill_limit",
                  .kind = SettingKind::bytes,
                  .default_value = "20GiB",
                  .label = {"内存不够时可用的临时磁盘空间", "Disk that may be used when memory is short"}},
      SettingSpec{.key = "engine.threads",
                  .kind = SettingKind::integer,
                  .default_value = "0",
                  .label = {"分析引擎的线程数，0 为全部处理器", "Threads of the analytic engine; 0 is all processors"},
                  .min = 0,
                  .max = 256},
      SettingSpec{.key = "engine.queries",
                  .kind = SettingKind::integer,
                  .default_value = "8",
                  .label = {"同时执行的查询数上限", "Most queries at once"},
                  .min = 1,
                  .max = 256},
      SettingSpec{.key = "engine.ready_sandboxes",
                  .kind = SettingKind::integer,
                  .default_value = "2",
                  .label = {"为人写的 SQL 预先备好的隔离实例数", "Isolated instances kept ready for people's SQL"},
                  .min = 0,
                  .max = 64},
      SettingSpec{.key = "engine.kept_sandboxes",
                  .kind = SettingKind::integer,
                  .default_value = "2",
                  .label = {"查询过后暂留的隔离实例数，供同样的数据再次查询",
                            "Isolated instances kept after a statement, for the next one over the same data"},
                  .min = 0,
                  .max = 64},
      SettingSpec{.key = "engine.kept_time",
                  .kind = SettingKind::seconds,
                  .default_value = "60s",
                  .label = {"隔离实例暂留的时间", "How long an isolated instance is kept"},
                  .min = 1,
                  .max = 3600},
      SettingSpec{.key = "engine.queue_timeout",
                  .kind = SettingKind::seconds,
                  .default_value = "10s",
                  .label = {"查询排队的最长时间", "Longest wait for a place to run a query"},
                  .min = 1,
                  .max = 600},
  };
  return kSpecs;
}

namespace {

class DuckEngine final : public Engine {
 public:
  DuckEngine(const Settings& settings, std::filesystem::path scratch)
      : settings_(settings),
        scratch_(std::move(scratch)),
        slots_(static_cast<std::size_t>(settings.integer("engine.queries")),
               std::chrono::seconds(settings.integer("engine.queue_timeout"))) {}

  Result<void> open_instance() {
    Config config;
    duckdb_create_config(config.out());
    auto set = [&](const char* key, const std::string& value) { duckdb_set_config(config.get(), key, value.c_str()); };
    set("memory_limit", fmt::format("{}B", settings_.integer("engine.memory")));
    set("temp_directory", scratch_.string());
    set("max_temp_directory_size", fmt::format("{}B", settings_.integer("engine.spill_limit")));
    set("autoinstall_known_extensions", "false");
    set("autoload_known_extensions", "false");
    if (auto threads = settings_.integer("engine.threads"); threads > 0) set("threads", fmt::format("{}", threads));
    char* message = nullptr;
    if (duckdb_open_ext(nullptr, database_.out(), config.get(), &message) != DuckDBSuccess) {
      auto failure = fail_internal(fmt::format("duckdb: {}", message == nullptr ? "cannot open" : message));
      duckdb_free(message);
      return failure;
    }
    Connection connection;
    if (duckdb_connect(database_.get(), connection.out()) != DuckDBSuccess) return fail_internal("duckdb: cannot connect");
    QS_CHECK(command(connection.get(), "SET GLOBAL TimeZone = 'UTC'"));
    QS_CHECK(register_scan(connection.get()));
    return register_functions(connection.get());
  }

  Result<std::unique_ptr<Cursor>> run(Query query) override {
    QS_TRY(auto running, prepare(query));
    return start(dog_, std::move(running), query.sql, in_order(query.params));
  }

  Result<std::uint64_t> execute(Query query) override {
    std::optional<KeepFreedMemory> kept;
    if (query.large) kept.emplace();
    QS_TRY(auto running, prepare(query));
    return run_to_end(dog_, running, query.sql, in_order(query.params));
  }

  Result<std::unique_ptr<Sandbox>> sandbox(SandboxSpec spec) override {
    return open_sandbox(stock_, slots_, dog_, std::move(spec));
  }

  Result<std::unique_ptr<Chain>> chain(ChainSpec spec) override {
    return open_chain({.slots = slots_, .dog = dog_, .scratch = scratch_, .settings = settings_}, std::move(spec));
  }

  [[nodiscard]] Result<Lineage> lineage(std::string_view sql, const std::vector<Relation>& relations) override {
    Connection connection;
    if (duckdb_connect(database_.get(), connection.out()) != DuckDBSuccess) return fail_internal("duckdb: cannot connect");
    std::set<std::string> names;
    for (const auto& relation : relations) names.insert(lower_ascii(relation.name));
    QS_TRY(auto tree, checked_tree(connection.get(), sql, names));
    return read_lineage(tree, relations);
  }

  [[nodiscard]] Load load() const override { return slots_.load(); }
  [[nodiscard]] std::string version() const override { return duckdb_library_version(); }

 private:
  Result<Running> prepare(Query& query) {
    Running running;
    running.limits = std::move(query.limits);
    QS_TRY(running.slot, slots_.take());
    if (duckdb_connect(database_.get(), running.connection->out()) != DuckDBSuccess)
      return fail_internal("duckdb: cannot connect");
    if (!query.ordered) QS_CHECK(command(running.on(), "SET SESSION preserve_insertion_order = false"));
    QS_TRY(running.bindings, bind_tables(running.on(), query.tables));
    return running;
  }

  const Settings& settings_;
  const std::filesystem::path scratch_;
  Slots slots_;
  Watchdog dog_;
  Stock stock_{settings_};
  Database database_;
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const Settings& settings, const std::filesystem::path& scratch) {
  std::error_code error;
  std::filesystem::remove_all(scratch, error);
  if (!error) std::filesystem::create_directories(scratch, error);
  if (error) return fail_errno(error.value(), "scratch " + scratch.string());
  auto engine = std::make_unique<DuckEngine>(settings, scratch);
  QS_CHECK(engine->open_instance());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace qushu::engine
