// Instances for people's SQL, opened ahead: a locked-down instance serves one statement, and opening one takes longer than most
// statements. One thread closes those that have served and opens others in their place, so that the next person does not wait.
//
// Nothing is opened ahead before the first was taken: a server that nobody asks keeps its memory.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "qushu/base/config.h"

#include "duck.h"

namespace qushu::engine {

// An open instance and its connection, on which nothing has run but our own settings. Given back to the stock's thread by the
// last owner of `database`, once every connection to it is closed.
struct Instance {
  std::shared_ptr<Database> database;
  Connection connection;
};

class Stock {
 public:
  explicit Stock(const Settings& settings);
  // Every instance taken must have been given up before.
  ~Stock();
  Stock(const Stock&) = delete;
  Stock& operator=(const Stock&) = delete;

  // A ready instance, or one opened now when none is.
  [[nodiscard]] Result<Instance> take();

 private:
  struct Opened {
    std::unique_ptr<Database> database;
    Connection connection;
  };
  [[nodiscard]] Result<Opened> open() const;
  void retire(std::unique_ptr<Database> database);
  void run();

  const Settings& settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Opened> ready_;
  std::vector<std::unique_ptr<Database>> retired_;
  std::size_t wanted_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace qushu::engine
