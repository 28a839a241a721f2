// Inside the module: what archives are made of and how they are read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <zip.h>

#include "qushu/base/error.h"

namespace qushu::evaluation {

inline constexpr const char* kSums = "SHA256SUMS";
inline constexpr const char* kManifest = "manifest.json";
inline constexpr const char* kExported = "evaluation.export";  // the audit's action

struct Discard {
  void operator()(zip_t* z) const { zip_discard(z); }
  void operator()(zip_file_t* f) const { zip_fclose(f); }
};
// SHA-256 of a file, in hexadecimal digits; not_found when it cannot be opened.
[[nodiscard]] Result<std::string> hash_of(const std::filesystem::path& file);
using Zip = std::unique_ptr<zip_t, Discard>;
using ZipFile = std::unique_ptr<zip_file_t, Discard>;

}  // namespace qushu::evaluation
