// One connection: reads requests, hands them to the dispatcher, writes the answers. Implemented with Beast in
// session.cpp and session_head.cpp alone.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "dispatch.h"
#include "pool.h"

namespace qushu::http {

struct Limits {
  std::size_t header;
  std::chrono::seconds header_timeout, body_timeout, idle_timeout, write_timeout;
};

// What a running connection can be told from outside.
class Connection {
 public:
  virtual ~Connection() = default;
  // Closes it when it is idle, or after the answer under way. On its own I/O thread.
  virtual void drain() = 0;
  // Closes it now.
  virtual void abort() = 0;
};

// What all connections share.
struct Shared {
  const Dispatcher& dispatcher;
  Pool& workers;
  Pool& streams;
  Limits limits;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> connections = 0;
  std::size_t most_connections = 0;
};

}  // namespace qushu::http
