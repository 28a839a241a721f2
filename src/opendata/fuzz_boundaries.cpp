// Outlines of regions as GeoJSON.
#include <cstddef>
#include <cstdint>

#include "qushu/opendata/boundaries.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto all = qushu::opendata::read_boundaries(text))
    for (const auto& one : *all)
      if (one.rings.empty() || qushu::opendata::region_of(one.code).empty()) __builtin_trap();
  return 0;
}
