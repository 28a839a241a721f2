// Instances for people's SQL, opened ahead, since opening one takes longer than most statements. One thread closes those that
// have served and opens others in their place, so that the next person does not wait.
//
// An instance is locked down for exactly the views and files of one statement. Who asks the same data again within
// `engine.kept_time` gets it again, with a new connection: it can read nothing else, and it still holds in memory what the
// statement before has read.
//
// Nothing is opened ahead before the first was taken: a server that nobody asks keeps its memory.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "qushu/base/config.h"

#include "duck.h"

namespace qushu::engine {

// An open instance and a connection on which nothing has run yet. Given back to the stock by the last owner of `database`, once
// every connection to it is closed.
struct Instance {
  std::shared_ptr<Database> database;
  Connection connection;
  bool locked = false;  // has served the same purpose before, and is locked down for it
};

class Stock {
 public:
  explicit Stock(const Settings& settings);
  // Every instance taken must have been given up before.
  ~Stock();
  Stock(const Stock&) = delete;
  Stock& operator=(const Stock&) = delete;

  // The instance that served `purpose` last, a ready one, or one opened now when there is none. A purpose names everything that
  // an instance is locked down for; an empty one is never kept.
  [[nodiscard]] Result<Instance> take(const std::string& purpose);

 private:
  struct Opened {
    std::unique_ptr<Database> database;
    Connection connection;
  };
  struct Kept {
    std::string purpose;
    std::unique_ptr<Database> database;
    std::chrono::steady_clock::time_point until;
  };
  [[nodiscard]] Result<Opened> open() const;
  [[nodiscard]] std::unique_ptr<Database> kept_for(const std::string& purpose);
  void give_back(const std::string& purpose, std::unique_ptr<Database> database);
  // Those kept for too long, or too many; with the mutex held.
  void expire();
  void run();

  const Settings& settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Opened> ready_;
  std::deque<Kept> kept_;  // the last one given back at the end
  std::vector<std::unique_ptr<Database>> retired_;
  std::size_t wanted_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace qushu::engine
