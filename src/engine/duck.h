// DuckDB's handles with owners.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <duckdb.h>

#include "qushu/base/error.h"

namespace qushu::engine {

template <class T, void (*destroy)(T*)>
class Handle {
 public:
  Handle() = default;
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      value_ = std::exchange(other.value_, T{});
    }
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] T get() const { return value_; }
  T* out() {
    reset();
    return &value_;
  }
  void reset() {
    if (value_ != T{}) destroy(&value_);
    value_ = T{};
  }

 private:
  T value_{};
};

using Database = Handle<duckdb_database, duckdb_close>;
using Connection = Handle<duckdb_connection, duckdb_disconnect>;
using Prepared = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Pending = Handle<duckdb_pending_result, duckdb_destroy_pending>;
using DataChunk = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;
using Config = Handle<duckdb_config, duckdb_destroy_config>;
using Extracted = Handle<duckdb_extracted_statements, duckdb_destroy_extracted>;

class QueryResult {
 public:
  QueryResult() = default;
  ~QueryResult() { duckdb_destroy_result(&value_); }
  QueryResult(const QueryResult&) = delete;
  QueryResult& operator=(const QueryResult&) = delete;
  duckdb_result* get() { return &value_; }
  void reset() {
    duckdb_destroy_result(&value_);
    value_ = {};
  }

 private:
  duckdb_result value_{};
};

// What DuckDB says of a failure, as an error for people: memory, disk and conversions are told apart; the rest of our own SQL
// is internal. `own` false: a person wrote the SQL, and reads what is wrong with it.
[[nodiscard]] Failure duck_failure(duckdb_error_type type, const char* message, bool own);
// Runs a statement of our own that has no answer.
[[nodiscard]] Result<void> command(duckdb_connection connection, const std::string& sql);

}  // namespace qushu::engine
