// Inside the module: what archives are made of and how they are read.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include <zip.h>

#include "qushu/base/error.h"

namespace qushu::evaluation {

inline constexpr const char* kSums = "SHA256SUMS";
inline constexpr const char* kManifest = "manifest.json";
inline constexpr const char* kMissing = "佐证说明.txt";        // only where evidence is short
inline constexpr const char* kExported = "evaluation.export";  // the audit's action

struct Discard {
  void operator()(zip_t* z) const { zip_discard(z); }
  void operator()(zip_file_t* f) const { zip_fclose(f); }
};
// What an archive from outside holds: the SHA-256 of each file in it by its path, and what it says of itself.
struct Contents {
  std::map<std::string, std::string> hashes;
  std::string manifest;
};
// Bounded in members and in what is unpacked; invalid for what is no such archive.
[[nodiscard]] Result<Contents> contents_of(const std::filesystem::path& file);
// The export that a manifest names; empty when it is none.
[[nodiscard]] std::string export_of(const std::string& manifest);
// SHA-256 of a file, in hexadecimal digits; not_found when it cannot be opened.
[[nodiscard]] Result<std::string> hash_of(const std::filesystem::path& file);
using Zip = std::unique_ptr<zip_t, Discard>;
using ZipFile = std::unique_ptr<zip_file_t, Discard>;

}  // namespace qushu::evaluation
