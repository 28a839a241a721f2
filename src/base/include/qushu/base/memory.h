// Memory that goes from hand to hand instead of being copied.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace qushu {

// Bytes that nobody changes as long as `owner` is held.
struct SharedBytes {
  std::shared_ptr<const char> owner;
  std::string_view bytes;
};

// Blocks of one size, aligned for files that are read and written past the page cache. A block that its last holder lets go is
// handed out again, since fresh memory costs a page fault for each of its pages. Thread-safe; blocks may outlive the pool.
class BlockPool {
 public:
  static constexpr std::size_t kAligned = 4096;
  // `bytes`: a multiple of kAligned; of 2 MiB for huge pages.
  explicit BlockPool(std::size_t bytes);
  // nullptr: there is no memory.
  [[nodiscard]] std::shared_ptr<char> take();

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace qushu
