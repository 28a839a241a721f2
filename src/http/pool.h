// A bounded pool of threads: work that does not fit into its queue is refused, never piled up.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace qushu::http {

class Pool {
 public:
  Pool(std::size_t threads, std::size_t queue);
  ~Pool();  // stop()
  // False: the queue is full or the pool is stopping.
  [[nodiscard]] bool post(std::function<void()> work);
  // Runs what is queued to its end, then joins.
  void stop();
  [[nodiscard]] std::size_t waiting() const;

 private:
  void run();

  const std::size_t limit_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace qushu::http
