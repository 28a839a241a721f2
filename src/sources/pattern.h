// File name patterns: "2026/*.csv". `*` and `?` stop at "/", `**` does not; "" matches everything.
#pragma once

#include <string>
#include <string_view>

namespace qushu::sources {

[[nodiscard]] bool matches(std::string_view pattern, std::string_view path);
// The folder that everything which matches lies in: "2026/" of "2026/*.csv", "" of "*.csv".
[[nodiscard]] std::string fixed_folder(std::string_view pattern);
// Whether files further down than the pattern's own slashes may match.
[[nodiscard]] bool goes_deep(std::string_view pattern);

}  // namespace qushu::sources
