// Small secret files, written whole or not at all. Private to the module.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/error.h"

namespace qushu::crypto {

// The whole file, nothing when there is none. Files above 1 MiB are refused: no key is that long.
[[nodiscard]] Result<std::optional<std::string>> read_small_file(const std::filesystem::path& file);
// Writes `content` under `mode` so that after a crash the file is whole or absent, and makes missing folders (0700). When
// another process was first, its file stays and the answer is false.
[[nodiscard]] Result<bool> create_file(const std::filesystem::path& file, std::string_view content, unsigned mode);

}  // namespace qushu::crypto
