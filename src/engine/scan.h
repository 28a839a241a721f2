// C++ data as tables of DuckDB: one table function, `qushu_scan(handle)`, registered in every instance; a handle names a
// TableSource for the time of one query.
#pragma once

#include <mutex>
#include <optional>

#include "qushu/engine/engine.h"

#include "duck.h"

namespace qushu::engine {

// A source bound to a query; unbound by the destructor.
class Binding {
 public:
  explicit Binding(TableSource& source);
  ~Binding();
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;

  [[nodiscard]] std::uint64_t handle() const { return handle_; }
  TableSource& source() { return source_; }
  // The first error of a scanner: what the query really failed of.
  void report(Error error);
  [[nodiscard]] std::optional<Error> error() const;

 private:
  TableSource& source_;
  std::uint64_t handle_;
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

[[nodiscard]] Result<void> register_scan(duckdb_connection connection);
// Makes the bound sources visible to this connection under their names.
[[nodiscard]] Result<std::vector<std::unique_ptr<Binding>>> bind_tables(duckdb_connection connection,
                                                                        const std::vector<Bound>& tables);

}  // namespace qushu::engine
