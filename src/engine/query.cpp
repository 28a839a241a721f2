#include "query.h"

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "types.h"
#include "words.h"

namespace qushu::engine {

// --- slots -------------------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<void>> Slots::take() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  auto free = freed_.wait_for(lock, wait_, [&] { return running_ < limit_; });
  --waiting_;
  if (!free)
    return fail(Code::overloaded, "engine.busy", "查询太多，暂时排不上，请稍后重试。",
                "Too many queries are running; try again in a moment.");
  ++running_;
  return std::shared_ptr<void>(this, [](void* self) {
    auto* slots = static_cast<Slots*>(self);
    std::scoped_lock freeing(slots->mutex_);
    --slots->running_;
    slots->freed_.notify_one();
  });
}

Engine::Load Slots::load() const {
  std::scoped_lock lock(mutex_);
  return {.running = running_, .waiting = waiting_};
}

// --- watchdog ----------------------------------------------------------------------------------------------------------------

Watchdog::Watch::Watch(Watchdog& dog, duckdb_connection connection, std::chrono::steady_clock::time_point deadline,
                       const std::function<bool()>& cancelled)
    : dog_(dog), connection_(connection), deadline_(deadline), cancelled_(cancelled) {
  std::scoped_lock lock(dog_.mutex_);
  place_ = dog_.watches_.insert(dog_.watches_.end(), this);
  dog_.changed_.notify_one();
}

Watchdog::Watch::~Watch() {
  std::scoped_lock lock(dog_.mutex_);
  dog_.watches_.erase(place_);
}

Watchdog::Cause Watchdog::Watch::cause() const {
  std::scoped_lock lock(dog_.mutex_);
  return cause_;
}

Watchdog::Watchdog() : thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    std::scoped_lock lock(mutex_);
    stop_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (watches_.empty()) {
      changed_.wait(lock);
      continue;
    }
    changed_.wait_for(lock, std::chrono::milliseconds(10));
    auto now = std::chrono::steady_clock::now();
    for (auto* watch : watches_) {
      if (now >= watch->deadline_)
        watch->cause_ = Cause::time;
      else if (watch->cancelled_ && watch->cancelled_())
        watch->cause_ = Cause::cancelled;
      // Again and again until the stretch ends: an interrupt that comes before DuckDB has begun is forgotten by it.
      if (watch->cause_ != Cause::none) duckdb_interrupt(watch->connection_);
    }
  }
}

namespace {

using Clock = std::chrono::steady_clock;

Failure over_time(std::chrono::milliseconds limit) {
  auto seconds = fmt::format("{:.3g}", static_cast<double>(limit.count()) / 1000);
  return fail(
      Error{.code = Code::timed_out,
            .id = "engine.timeout",
            .text = {fmt::format("查询超过 {} 秒的时限，已停止。请加上筛选条件或减少数据量。", seconds),
                     fmt::format("The query took longer than {} s and was stopped. Filter it or ask for less.", seconds)}});
}

Failure cancelled() {
  return fail(Code::cancelled, "engine.cancelled", "查询已取消。", "The query was cancelled.");
}

Failure failure_of(const Running& running, Watchdog::Cause cause, duckdb_error_type type, const char* message) {
  for (const auto& binding : running.bindings)
    if (auto error = binding->error()) return fail(*std::move(error));
  if (cause == Watchdog::Cause::time) return over_time(running.limits.time);
  if (cause == Watchdog::Cause::cancelled || type == DUCKDB_ERROR_INTERRUPT) return cancelled();
  return duck_failure(type, message, running.own);
}

Result<void> bind_values(duckdb_prepared_statement to, const std::vector<Value>& params) {
  if (duckdb_nparams(to) != params.size())
    return fail(Code::invalid, "sql.params", fmt::format("语句有 {} 个参数，给了 {} 个。", duckdb_nparams(to), params.size()),
                fmt::format("The statement has {} parameters; {} were given.", duckdb_nparams(to), params.size()));
  for (idx_t i = 0; i < params.size(); ++i) {
    const auto& value = params[i];
    auto state = DuckDBSuccess;
    if (const auto* integer = std::get_if<std::int64_t>(&value))
      state = duckdb_bind_int64(to, i + 1, *integer);
    else if (const auto* number = std::get_if<double>(&value))
      state = duckdb_bind_double(to, i + 1, *number);
    else if (const auto* boolean = std::get_if<bool>(&value))
      state = duckdb_bind_boolean(to, i + 1, *boolean);
    else if (const auto* text = std::get_if<std::string>(&value))
      state = duckdb_bind_varchar_length(to, i + 1, text->data(), text->size());
    else
      state = duckdb_bind_null(to, i + 1);
    if (state != DuckDBSuccess) return fail_internal(fmt::format("cannot bind parameter {}", i + 1));
  }
  return {};
}

Result<Prepared> prepare(const Running& running, const std::string& sql) {
  Prepared statement;
  if (duckdb_prepare(running.on(), sql.c_str(), statement.out()) == DuckDBSuccess) return statement;
  const char* message = duckdb_prepare_error(statement.get());
  return failure_of(running, Watchdog::Cause::none, DUCKDB_ERROR_INVALID, message == nullptr ? "" : message);
}

// The columns of an answer, and a query around it that gives those that cannot be read as they are as text.
struct Shape {
  std::vector<Column> columns;
  std::string inner, outer;
  bool complex = false;

  void add(std::string name, duckdb_logical_type type) {
    auto column = column_of(name, type);
    auto alias = fmt::format("c{}", columns.size());
    inner += (columns.empty() ? "" : ", ") + alias;
    outer += fmt::format("{}{} AS {}", columns.empty() ? "" : ", ", column ? alias : fmt::format("CAST({} AS VARCHAR)", alias),
                         quote_name(name));
    complex = complex || !column;
    columns.push_back(column.value_or(Column{.name = std::move(name), .type = Type::text}));
  }
  [[nodiscard]] std::string wrap(const std::string& sql) const {
    return fmt::format("SELECT {} FROM (\n{}\n) AS qushu_answer({})", outer, sql, inner);
  }
};

Shape shape_of(const Prepared& statement) {
  Shape shape;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(statement.get()); ++i) {
    const char* raw = duckdb_prepared_statement_column_name(statement.get(), i);
    std::string name = raw == nullptr ? "" : raw;
    duckdb_free(const_cast<char*>(raw));  // NOLINT(*-const-cast): DuckDB gives it to us to free
    LogicalType type;
    *type.out() = duckdb_prepared_statement_column_logical_type(statement.get(), i);
    shape.add(std::move(name), type.get());
  }
  return shape;
}

Shape shape_of(QueryResult& result) {
  Shape shape;
  for (idx_t i = 0; i < duckdb_column_count(result.get()); ++i) {
    LogicalType type;
    *type.out() = duckdb_column_logical_type(result.get(), i);
    const char* name = duckdb_column_name(result.get(), i);
    shape.add(name == nullptr ? "" : name, type.get());
  }
  return shape;
}

class DuckCursor final : public Cursor {
 public:
  DuckCursor(Watchdog& dog, Running running) : dog_(dog), running_(std::move(running)), left_(running_.limits.time) {}

  Result<void> begin(const std::string& sql, const Parameters& params) {
    {
      Stretch stretch(*this);
      auto prepared = prepare(running_, sql);
      if (!prepared) return stretch.explain(std::move(prepared).error());
      statement_ = *std::move(prepared);
      // With parameters, the types and even the number of columns are known only once the values are bound and it runs.
      Shape shape;
      if (!params.any) {
        shape = shape_of(statement_);
        if (shape.complex) {
          QS_TRY(statement_, prepare(running_, shape.wrap(sql)));
        }
        QS_CHECK(execute(stretch, params));
      } else {
        QS_CHECK(execute(stretch, params));
        shape = shape_of(result_);
        if (shape.complex) {
          result_.reset();
          QS_TRY(statement_, prepare(running_, shape.wrap(sql)));
          QS_CHECK(execute(stretch, params));
        }
      }
      columns_ = std::move(shape.columns);
    }
    return {};
  }

  [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }

  Result<const Chunk*> next() override {
    if (done_) return nullptr;
    Stretch stretch(*this);
    DataChunk chunk;
    *chunk.out() = duckdb_fetch_chunk(*result_.get());
    auto cause = stretch.cause();
    if (const char* message = duckdb_result_error(result_.get()); message != nullptr && *message != '\0') {
      done_ = true;
      return failure_of(running_, cause, duckdb_result_error_type(result_.get()), message);
    }
    if (cause != Watchdog::Cause::none) {
      done_ = true;
      return failure_of(running_, cause, DUCKDB_ERROR_INTERRUPT, "");
    }
    if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) == 0) {
      done_ = true;
      return nullptr;
    }
    seen_ += duckdb_data_chunk_get_size(chunk.get());
    if (running_.limits.rows != 0 && seen_ > running_.limits.rows) {
      done_ = true;
      return fail(Error{.code = Code::too_large,
                        .id = "engine.rows",
                        .text = {fmt::format("结果超过 {} 行的上限。", running_.limits.rows),
                                 fmt::format("The answer has more than {} rows.", running_.limits.rows)}});
    }
    chunk_.hold(std::move(chunk), columns_);
    return &chunk_;
  }

 private:
  // Only the time that DuckDB works counts against the limit, not the time that a slow client takes between chunks.
  class Stretch {
   public:
    explicit Stretch(DuckCursor& cursor)
        : cursor_(cursor),
          begun_(Clock::now()),
          watch_(cursor.dog_, cursor.running_.on(), begun_ + cursor.left_, cursor.running_.limits.cancelled) {}
    ~Stretch() { cursor_.left_ -= std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_); }
    Stretch(const Stretch&) = delete;
    Stretch& operator=(const Stretch&) = delete;
    [[nodiscard]] Watchdog::Cause cause() const { return watch_.cause(); }
    // A failure while it was interrupted is the interruption.
    [[nodiscard]] Failure explain(Error error) const {
      return cause() == Watchdog::Cause::none ? fail(std::move(error))
                                              : failure_of(cursor_.running_, cause(), DUCKDB_ERROR_INTERRUPT, "");
    }

   private:
    DuckCursor& cursor_;
    Clock::time_point begun_;
    Watchdog::Watch watch_;
  };

  Result<void> execute(const Stretch& stretch, const Parameters& params) {
    QS_CHECK(params.bind(statement_.get()));
    Pending pending;
    if (duckdb_pending_prepared_streaming(statement_.get(), pending.out()) == DuckDBSuccess &&
        duckdb_execute_pending(pending.get(), result_.get()) == DuckDBSuccess)
      return {};
    const char* message = duckdb_result_error(result_.get());
    if (message == nullptr) message = duckdb_pending_error(pending.get());
    return failure_of(running_, stretch.cause(), duckdb_result_error_type(result_.get()), message);
  }

  Watchdog& dog_;
  Running running_;
  std::chrono::milliseconds left_;
  std::vector<Column> columns_;
  Prepared statement_;
  QueryResult result_;
  DuckChunk chunk_;
  std::uint64_t seen_ = 0;
  bool done_ = false;
};

}  // namespace

Parameters in_order(const std::vector<Value>& values) {
  return {.any = !values.empty(), .bind = [values](duckdb_prepared_statement to) { return bind_values(to, values); }};
}

Failure duck_failure(duckdb_error_type type, const char* message, bool own) {
  std::string text = message == nullptr ? "" : message;
  if (type == DUCKDB_ERROR_OUT_OF_MEMORY || text.starts_with("Out of Memory"))
    return fail(Error{.code = Code::too_large,
                      .id = "engine.memory",
                      .text = {"查询需要的内存超过上限，请先筛选或汇总。",
                               "The query needs more memory than it may use; filter or aggregate first."},
                      .detail = text});
  if (text.contains("No space left") || text.contains("File too large") || text.contains("Disk quota exceeded") ||
      text.contains("max_temp_directory_size"))
    return fail(std::move(fail_errno(28, text)).error());
  if (own) return fail_internal("duckdb: " + text);
  // The first line says what is wrong; the rest repeats the statement.
  auto line = std::string(trim(std::string_view(text).substr(0, text.find('\n'))));
  return fail(Error{.code = Code::invalid,
                    .id = "sql.failed",
                    .text = {"语句执行失败：" + in_chinese(line), "The statement failed: " + line},
                    .detail = text});
}

Result<void> command(duckdb_connection connection, const std::string& sql) {
  QueryResult result;
  if (duckdb_query(connection, sql.c_str(), result.get()) == DuckDBSuccess) return {};
  return duck_failure(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()), true);
}

Result<std::unique_ptr<Cursor>> start(Watchdog& dog, Running running, const std::string& sql, const Parameters& params) {
  auto cursor = std::make_unique<DuckCursor>(dog, std::move(running));
  QS_CHECK(cursor->begin(sql, params));
  return std::unique_ptr<Cursor>(std::move(cursor));
}

Result<std::uint64_t> run_to_end(Watchdog& dog, const Running& running, const std::string& sql, const Parameters& params) {
  Watchdog::Watch watch(dog, running.on(), Clock::now() + running.limits.time, running.limits.cancelled);
  auto prepared = prepare(running, sql);
  if (!prepared && watch.cause() != Watchdog::Cause::none)
    return failure_of(running, watch.cause(), DUCKDB_ERROR_INTERRUPT, "");
  QS_CHECK(prepared);
  QS_CHECK(params.bind(prepared->get()));
  QueryResult result;
  if (duckdb_execute_prepared(prepared->get(), result.get()) != DuckDBSuccess)
    return failure_of(running, watch.cause(), duckdb_result_error_type(result.get()), duckdb_result_error(result.get()));
  return duckdb_rows_changed(result.get());
}

}  // namespace qushu::engine
