// A real PostgreSQL server for tests: initialised in a folder of its own, on a Unix socket only, started once per test process
// and stopped at its end. Runs as any user; as root through `runuser -u postgres`, since PostgreSQL refuses root.
#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace qushu::testing {

class PostgresServer {
 public:
  static PostgresServer& instance() {
    static PostgresServer server;
    return server;
  }

  // The URL of a fresh, empty database.
  std::string fresh_database() {
    auto name = "t" + std::to_string(++count_);
    must(as_server("psql -q -X -h '" + folder_ + "' -d postgres -c 'CREATE DATABASE " + name + "'"));
    return "postgresql://postgres@/" + name + "?host=" + folder_;
  }

  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

 private:
  PostgresServer() : owner_(getpid()) {
    std::string pattern = "/tmp/qushu-pg-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    if (getuid() == 0) must("chown postgres '" + folder_ + "'");
    must(as_server("initdb -D '" + folder_ + "/data' -U postgres -A trust --no-sync --locale=C.UTF-8 -E UTF8"));
    must(as_server("pg_ctl -w -D '" + folder_ + "/data' -l '" + folder_ + "/log' -o \"-k '" + folder_ +
                   "' -c listen_addresses= -c fsync=off -c max_connections=200\" start"));
  }
  ~PostgresServer() {
    if (getpid() != owner_) return;  // a forked child must not stop its parent's server
    (void)std::system(as_server("pg_ctl -m immediate -D '" + folder_ + "/data' stop").c_str());
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  static std::string as_server(const std::string& command) {
    auto full = "PATH=/usr/lib/postgresql/15/bin:$PATH; cd /; " + command;
    std::string quoted;
    for (char c : full) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return getuid() == 0 ? "runuser -u postgres -- sh -c '" + quoted + "' >/dev/null 2>&1"
                         : "sh -c '" + quoted + "' >/dev/null 2>&1";
  }
  static void must(const std::string& command) {
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }

  pid_t owner_;
  std::string folder_;
  std::atomic<int> count_{0};
};

}  // namespace qushu::testing
