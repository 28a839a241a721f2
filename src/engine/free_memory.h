// What DuckDB's allocator does with memory that was freed.
#pragma once

namespace qushu::engine {

// DuckDB's own allocator, where it has one (jemalloc), keeps freed pages for a second or less before it gives them back to the
// system. Between two row groups of a large file passes more, so that writing one would fault in the same pages again and
// again: a tenth of a load's time. As long as one of these lives, pages are kept for kKeptMilliseconds instead. Thread-safe.
class KeepFreedMemory {
 public:
  static constexpr int kKeptMilliseconds = 10'000;
  KeepFreedMemory();
  ~KeepFreedMemory();
  KeepFreedMemory(const KeepFreedMemory&) = delete;
  KeepFreedMemory& operator=(const KeepFreedMemory&) = delete;
};

}  // namespace qushu::engine
