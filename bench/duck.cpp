// DuckDB itself, as the measure: runs the statements of the command line one after another and prints the seconds of each and
// the rows that it read back.
//
//   duck [--threads N] [--memory SIZE] [--repeat N] SQL…
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <duckdb.h>

namespace {

bool run(duckdb_connection connection, const std::string& sql, bool show) {
  auto begun = std::chrono::steady_clock::now();
  duckdb_result result;
  if (duckdb_query(connection, sql.c_str(), &result) != DuckDBSuccess) {
    std::fprintf(stderr, "%s\n", duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return false;
  }
  std::size_t rows = 0;
  while (auto* chunk = duckdb_fetch_chunk(result)) {
    rows += duckdb_data_chunk_get_size(chunk);
    duckdb_destroy_data_chunk(&chunk);
  }
  duckdb_destroy_result(&result);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  if (show) std::printf("%.4f %zu\n", took.count(), rows);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> statements;
  int repeat = 1;
  std::string setup;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--threads" && i + 1 < argc)
      setup += "SET threads = " + std::string(argv[++i]) + ";";
    else if (word == "--memory" && i + 1 < argc)
      setup += "SET memory_limit = '" + std::string(argv[++i]) + "';";
    else if (word == "--repeat" && i + 1 < argc)
      repeat = std::atoi(argv[++i]);
    else
      statements.push_back(word);
  }
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  if (duckdb_open(nullptr, &database) != DuckDBSuccess || duckdb_connect(database, &connection) != DuckDBSuccess) return 1;
  bool good = setup.empty() || run(connection, setup, false);
  for (const auto& sql : statements)
    for (int i = 0; good && i < repeat; ++i) good = run(connection, sql, true);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return good ? 0 : 1;
}
