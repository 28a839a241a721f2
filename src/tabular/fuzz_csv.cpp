// A file of any bytes under a name that says CSV: it is read to its end or refused, and the rows add up.
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "qushu/tabular/tabular.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  static const auto folder = [] {
    auto path = std::filesystem::temp_directory_path() / ("qushu-fuzz-csv-" + std::to_string(::getpid()));
    std::filesystem::create_directories(path);
    return path;
  }();
  static Settings settings;
  static const bool declared = [] {
    settings.declare(tabular::settings());
    settings.declare(engine::settings());
    return true;
  }();
  static_cast<void>(declared);
  auto file = folder / "input";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));  // NOLINT
  auto opened = tabular::File::open(file, "input.csv", folder, settings);
  if (!opened) return 0;
  for (const auto& location : (*opened)->tables()) {
    auto facts = (*opened)->analyse(location, {}, {});
    if (!facts) continue;
    if (facts->rejected > facts->rows || facts->broken_rows > facts->rejected) __builtin_trap();
    for (const auto& column : facts->columns)
      if (column.values + column.empty + facts->broken_rows != facts->rows) __builtin_trap();
  }
  return 0;
}
