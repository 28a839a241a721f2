// The SQL checker must answer for any bytes: no crash, no hang.
#include <cstddef>
#include <cstdint>

#include "sql_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static qushu::engine::Database database;
  static qushu::engine::Connection connection;
  static const std::set<std::string> tables{"enterprise", "企业登记"};
  if (connection.get() == nullptr) {
    duckdb_open(nullptr, database.out());
    duckdb_connect(database.get(), connection.out());
  }
  (void)qushu::engine::check_sql(connection.get(), {reinterpret_cast<const char*>(data), size}, tables).has_value();
  return 0;
}
