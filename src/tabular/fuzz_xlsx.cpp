// A file of any bytes behind the front of a zip archive: it is read to its end or refused, and the rows add up.
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <unistd.h>
#include <zip.h>

#include "qushu/tabular/tabular.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  static const auto folder = [] {
    auto path = std::filesystem::temp_directory_path() / ("qushu-fuzz-xlsx-" + std::to_string(::getpid()));
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
  // The input is the XML of a sheet inside an otherwise sound workbook, so that the fuzzer reaches the reader and not the zip
  // library.
  int error = 0;
  std::filesystem::remove(file);
  auto* archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  auto add = [&](const char* name, const void* bytes, std::size_t count) {
    zip_file_add(archive, name, zip_source_buffer(archive, bytes, count, 0), ZIP_FL_OVERWRITE);
  };
  static constexpr std::string_view kBook = "<workbook><sheets><sheet name='S' id='r1'/></sheets></workbook>",
                                    kLinks = "<Relationships><Relationship Id='r1' Target='s.xml'/></Relationships>";
  add("xl/workbook.xml", kBook.data(), kBook.size());
  add("xl/_rels/workbook.xml.rels", kLinks.data(), kLinks.size());
  add("xl/s.xml", data, size);
  if (zip_close(archive) != 0) {
    zip_discard(archive);
    return 0;
  }
  auto opened = tabular::File::open(file, "input.xlsx", folder, settings);
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
