// What the two databases share: the pool of connections and the migrations.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "qushu/store/store.h"

namespace qushu::store {

[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite(const Options& options, std::string_view path);
[[nodiscard]] Result<std::unique_ptr<Store>> open_postgres(const Options& options);

// Applies what is missing inside a transaction which holds the lock that keeps other processes out.
[[nodiscard]] Result<void> apply_migrations(Transaction& t, std::span<const Migration> migrations, Dialect dialect);

[[nodiscard]] Failure duplicate(std::string detail);
[[nodiscard]] Failure no_connection(std::chrono::milliseconds waited);

// A bounded set of connections. T is made on demand and comes back when the lease ends. Thread-safe.
template <class T>
class Pool {
 public:
  Pool(std::size_t limit, std::chrono::milliseconds wait, std::function<Result<std::unique_ptr<T>>()> make)
      : limit_(limit), wait_(wait), make_(std::move(make)) {}

  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<T> held) : pool_(&pool), held_(std::move(held)) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), held_(std::move(other.held_)) { other.pool_ = nullptr; }
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(std::move(held_));
    }
    T& operator*() { return *held_; }
    T* operator->() { return held_.get(); }
    // The connection is broken: it is closed instead of going back.
    void discard() { held_.reset(); }

   private:
    Pool* pool_;
    std::unique_ptr<T> held_;
  };

  Result<Lease> take() {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, wait_, [&] { return !idle_.empty() || made_ < limit_; })) return no_connection(wait_);
    if (!idle_.empty()) {
      auto held = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(held));
    }
    ++made_;
    lock.unlock();
    auto fresh = make_();
    if (fresh) return Lease(*this, *std::move(fresh));
    lock.lock();
    --made_;
    freed_.notify_one();
    return Failure(std::move(fresh).error());
  }

 private:
  void give_back(std::unique_ptr<T> held) {
    std::scoped_lock lock(mutex_);
    if (held)
      idle_.push_back(std::move(held));
    else
      --made_;
    freed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<T>> idle_;
  std::size_t made_ = 0;
  const std::size_t limit_;
  const std::chrono::milliseconds wait_;
  const std::function<Result<std::unique_ptr<T>>()> make_;
};

}  // namespace qushu::store
