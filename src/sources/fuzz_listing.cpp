// What a server that calls itself S3 may answer.
#include <cstddef>
#include <cstdint>

#include "s3_listing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view xml(reinterpret_cast<const char*>(data), size);  // NOLINT(*-reinterpret-cast): bytes as libFuzzer has them
  auto page = qushu::sources::parse_listing(xml);
  if (page)
    for (const auto& file : page->files)
      if (file.name.empty()) __builtin_trap();
  static_cast<void>(qushu::sources::error_code(xml));
  return 0;
}
