// A file of any bytes handed in as an archive: it is read or refused, and what is read has a hash for every file.
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  static const auto file = std::filesystem::temp_directory_path() / ("qushu-fuzz-archive-" + std::to_string(::getpid()));
  {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));  // NOLINT(*-reinterpret-cast)
  }
  // The same bytes as a manifest, which the fuzzer would not get past the zip's checksums.
  static_cast<void>(evaluation::export_of(std::string(data, data + size)));
  auto contents = evaluation::contents_of(file);
  if (!contents) return 0;
  for (const auto& [path, hash] : contents->hashes)
    if (hash.size() != 64) __builtin_trap();
  return 0;
}
