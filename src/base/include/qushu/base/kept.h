// What is costly to make and may be forgotten: kept by key up to a number of bytes; what has not been asked for longest goes
// first. Thread-safe.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace qushu {

// Value: cheap to copy (a shared pointer, say).
template <class Value>
class Kept {
 public:
  // A default Value when nothing is kept by that key.
  [[nodiscard]] Value find(const std::string& key) {
    std::scoped_lock lock(mutex_);
    auto found = by_key_.find(key);
    if (found == by_key_.end()) return {};
    used_.splice(used_.begin(), used_, found->second);
    return used_.front().value;
  }

  // `bytes`: what the value weighs; `most`: what all may weigh together. What is heavier than that alone is not kept.
  void keep(std::string key, Value value, std::size_t bytes, std::size_t most) {
    std::scoped_lock lock(mutex_);
    if (auto found = by_key_.find(key); found != by_key_.end()) drop(found->second);
    bytes += sizeof(One) + 2 * key.size();
    if (bytes > most) return;
    while (bytes_ + bytes > most) drop(std::prev(used_.end()));
    used_.push_front({std::move(key), std::move(value), bytes});
    by_key_.emplace(used_.front().key, used_.begin());
    bytes_ += bytes;
  }

  void clear() {
    std::scoped_lock lock(mutex_);
    by_key_.clear();
    used_.clear();
    bytes_ = 0;
  }

  [[nodiscard]] std::size_t bytes() const {
    std::scoped_lock lock(mutex_);
    return bytes_;
  }

 private:
  struct One {
    std::string key;
    Value value;
    std::size_t bytes;
  };
  using Place = std::list<One>::iterator;

  void drop(Place place) {
    bytes_ -= place->bytes;
    by_key_.erase(place->key);
    used_.erase(place);
  }

  mutable std::mutex mutex_;
  std::list<One> used_;  // the latest first
  std::unordered_map<std::string_view, Place> by_key_;
  std::size_t bytes_ = 0;
};

}  // namespace qushu
