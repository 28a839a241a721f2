// A query that runs: a place among the bounded number, a connection of its own (so that a late interrupt cannot hit another
// query), the watchdog that enforces time limits and cancellation, and the answer as a stream of chunks.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "qushu/engine/engine.h"

#include "chunk.h"
#include "duck.h"
#include "scan.h"

namespace qushu::engine {

// At most `limit` queries at once; others wait in order. Thread-safe.
class Slots {
 public:
  Slots(std::size_t limit, std::chrono::milliseconds wait) : limit_(limit), wait_(wait) {}
  [[nodiscard]] Result<std::shared_ptr<void>> take();
  [[nodiscard]] Engine::Load load() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t running_ = 0, waiting_ = 0;
  const std::size_t limit_;
  const std::chrono::milliseconds wait_;
};

// Interrupts queries that are over their time or cancelled. One thread, which sleeps while nothing runs. Thread-safe.
class Watchdog {
 public:
  enum class Cause : std::uint8_t { none, time, cancelled };

  // One stretch of work on a connection; ends with the object. While it lives, the connection may be interrupted.
  class Watch {
   public:
    Watch(Watchdog& dog, duckdb_connection connection, std::chrono::steady_clock::time_point deadline,
          const std::function<bool()>& cancelled);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    [[nodiscard]] Cause cause() const;

   private:
    friend class Watchdog;
    Watchdog& dog_;
    duckdb_connection connection_;
    std::chrono::steady_clock::time_point deadline_;
    const std::function<bool()>& cancelled_;
    Cause cause_ = Cause::none;
    std::list<Watch*>::iterator place_;
  };

  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Watch*> watches_;
  bool stop_ = false;
  std::thread thread_;
};

// Everything that a query needs to live. Members are destroyed from the last to the first: answer, statement, bindings' views
// with the connection, then the bindings, and the slot at the very end.
struct Running {
  std::shared_ptr<void> slot;
  std::shared_ptr<void> instance;  // keeps a sandbox's database alive
  std::vector<std::unique_ptr<Binding>> bindings;
  std::shared_ptr<Connection> connection = std::make_shared<Connection>();  // shared by the queries of one chain, in turn
  Limits limits;
  bool own = true;  // SQL of Qushu's own making

  [[nodiscard]] duckdb_connection on() const { return connection->get(); }
};

// The values of a statement's parameters: given in order, or by whoever binds them.
struct Parameters {
  bool any = false;
  std::function<Result<void>(duckdb_prepared_statement)> bind = [](duckdb_prepared_statement) { return Result<void>(); };
};
[[nodiscard]] Parameters in_order(const std::vector<Value>& values);

// Prepares, binds and starts `sql`.
[[nodiscard]] Result<std::unique_ptr<Cursor>> start(Watchdog& dog, Running running, const std::string& sql,
                                                    const Parameters& params);
// Runs a statement to its end; the rows that it changed or wrote.
[[nodiscard]] Result<std::uint64_t> run_to_end(Watchdog& dog, const Running& running, const std::string& sql,
                                               const Parameters& params);

}  // namespace qushu::engine
