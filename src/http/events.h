// The inside of an EventHub: listeners with their queues.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "qushu/http/message.h"

namespace qushu::http {

struct Listener {
  explicit Listener(Actor who) : actor(std::move(who)) {}
  const Actor actor;
  std::mutex mutex;  // guards what follows
  std::deque<std::string> queue;
  bool cut = false;
  std::function<void()> wake;  // from any thread; empty once the connection is gone
};

struct EventHub::Impl {
  mutable std::mutex mutex;  // guards what follows
  std::vector<std::shared_ptr<Listener>> listeners;
};

}  // namespace qushu::http
