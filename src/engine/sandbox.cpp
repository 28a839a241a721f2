#include "sandbox.h"

#include <fmt/format.h>

#include "sql_check.h"
#include "words.h"

namespace qushu::engine {
namespace {

// Folds ASCII only, as DuckDB compares names.
std::string folded(std::string_view name) {
  std::string out(name);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

class DuckSandbox final : public Sandbox {
 public:
  DuckSandbox(Slots& slots, Watchdog& dog, Instance instance, SandboxSpec spec)
      : slots_(slots),
        dog_(dog),
        spec_(std::move(spec)),
        database_(std::move(instance.database)),
        connection_(std::move(instance.connection)),
        locked_(instance.locked) {}

  Result<void> lock_down() {
    QS_TRY(bindings_, bind_tables(connection_.get(), spec_.tables));
    for (const auto& view : spec_.views) {
      QS_CHECK(command(connection_.get(), fmt::format("CREATE TEMP VIEW {} AS {}", quote_name(view.name), view.sql)));
      names_.insert(folded(view.name));
    }
    for (const auto& table : spec_.tables) names_.insert(folded(table.name));
    if (locked_) return {};
    std::string paths;
    for (const auto& file : spec_.files) paths += (paths.empty() ? "" : ", ") + quote_text(file.string());
    QS_CHECK(command(connection_.get(), "SET allowed_paths = [" + paths + "]"));
    for (const char* lock : {"SET enable_external_access = false", "SET lock_configuration = true"})
      QS_CHECK(command(connection_.get(), lock));
    return {};
  }

  Result<std::unique_ptr<Cursor>> run(std::string_view sql, const std::vector<Value>& params, const Limits& limits) override {
    QS_TRY(auto running, admit(sql, limits));
    auto begun = start(dog_, std::move(running), std::string(sql), in_order(params));
    if (!begun) return told(std::move(begun).error());
    return begun;
  }

  Result<std::string> explain(std::string_view sql, const Limits& limits) override {
    QS_TRY(auto running, admit(sql, limits));
    auto cursor = start(dog_, std::move(running), "EXPLAIN " + std::string(sql), in_order({}));
    if (!cursor) return told(std::move(cursor).error());
    std::string plan;
    for (;;) {
      QS_TRY(const auto* chunk, (*cursor)->next());
      if (chunk == nullptr) return plan;
      for (std::size_t row = 0; row < chunk->rows(); ++row)
        chunk->append_text(chunk->rows() == 0 ? 0 : (*cursor)->columns().size() - 1, row, plan);
    }
  }

 private:
  [[nodiscard]] Failure told(Error error) const {
    auto message = error.detail;
    return fail(with_identifier(std::move(error), message, spec_.labels));
  }

  Result<Running> admit(std::string_view sql, const Limits& limits) {
    Running running;
    running.own = false;
    running.limits = limits;
    QS_TRY(running.slot, slots_.take());
    if (connection_.get() == nullptr) return fail_internal("a sandbox serves one statement");
    QS_CHECK(check_sql(connection_.get(), sql, names_, spec_.names));
    // The temporary views live in the connection, so it goes with the query.
    running.instance = database_;
    *running.connection = std::move(connection_);
    running.bindings = std::move(bindings_);
    return running;
  }

  Slots& slots_;
  Watchdog& dog_;
  SandboxSpec spec_;
  std::shared_ptr<Database> database_;
  std::vector<std::unique_ptr<Binding>> bindings_;
  Connection connection_;
  bool locked_;
  std::set<std::string> names_;
};

// Everything that the instance is locked down for. Tables that C++ code fills belong to one statement.
std::string purpose_of(const SandboxSpec& spec) {
  std::string out;
  if (!spec.tables.empty()) return out;
  auto add = [&](std::string_view text) { fmt::format_to(std::back_inserter(out), "{}:{}", text.size(), text); };
  for (const auto& view : spec.views) {
    add(view.name);
    add(view.sql);
  }
  for (const auto& file : spec.files) add(file.native());
  return out;
}

}  // namespace

Result<std::unique_ptr<Sandbox>> open_sandbox(Stock& stock, Slots& slots, Watchdog& dog, SandboxSpec spec) {
  QS_TRY(auto instance, stock.take(purpose_of(spec)));
  auto sandbox = std::make_unique<DuckSandbox>(slots, dog, std::move(instance), std::move(spec));
  QS_CHECK(sandbox->lock_down());
  return std::unique_ptr<Sandbox>(std::move(sandbox));
}

}  // namespace qushu::engine
