// The files one by one; each returns how many of its rows must be rejected.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "qushu/base/error.h"

#include "random.h"

namespace qushu::demo {

[[nodiscard]] Result<void> write_text(const std::filesystem::path& file, std::string_view utf8,
                                      const char* encoding);  // "UTF-8" or "GBK"

[[nodiscard]] Result<std::uint64_t> write_enterprises(const std::filesystem::path& file, Random r);
[[nodiscard]] Result<std::uint64_t> write_facilities(const std::filesystem::path& file, Random r);
[[nodiscard]] Result<std::uint64_t> write_air(const std::filesystem::path& file, Random r);
[[nodiscard]] Result<std::uint64_t> write_meals(const std::filesystem::path& file, Random r);
[[nodiscard]] Result<std::uint64_t> write_population(const std::filesystem::path& file, Random r);
[[nodiscard]] Result<std::uint64_t> write_inspections(const std::filesystem::path& file, Random r);

}  // namespace qushu::demo
