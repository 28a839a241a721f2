#include "free_memory.h"

#include <cstddef>
#include <mutex>

#include <fmt/format.h>
#include <sys/types.h>

// In libduckdb.so, in none of its headers; builds for some machines have another allocator.
extern "C" __attribute__((weak)) int duckdb_je_mallctl(const char* name, void* old_value, std::size_t* old_size,
                                                       void* new_value, std::size_t new_size);

namespace qushu::engine {

namespace {

std::mutex mutex;
int holders = 0;
ssize_t usual = 0;  // as it was before the first holder

// Of arenas to come, and of those that there are; those that no thread has used yet have nothing to set, and refuse it.
void set_decay(ssize_t milliseconds) {
  duckdb_je_mallctl("arenas.dirty_decay_ms", nullptr, nullptr, &milliseconds, sizeof milliseconds);
  unsigned arenas = 0;
  std::size_t size = sizeof arenas;
  duckdb_je_mallctl("arenas.narenas", &arenas, &size, nullptr, 0);
  for (unsigned i = 0; i < arenas; ++i)
    duckdb_je_mallctl(fmt::format("arena.{}.dirty_decay_ms", i).c_str(), nullptr, nullptr, &milliseconds, sizeof milliseconds);
}

}  // namespace

KeepFreedMemory::KeepFreedMemory() {
  if (duckdb_je_mallctl == nullptr) return;
  std::scoped_lock lock(mutex);
  if (holders++ > 0) return;
  std::size_t size = sizeof usual;
  duckdb_je_mallctl("arenas.dirty_decay_ms", &usual, &size, nullptr, 0);
  set_decay(kKeptMilliseconds);
}

KeepFreedMemory::~KeepFreedMemory() {
  if (duckdb_je_mallctl == nullptr) return;
  std::scoped_lock lock(mutex);
  if (--holders == 0) set_decay(usual);
}

}  // namespace qushu::engine
