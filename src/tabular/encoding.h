// Which encoding a text is in, and the way from it to UTF-8.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "qushu/base/error.h"

namespace qushu::tabular {

// "utf-8", "utf-8-bom", "gb18030", "utf-16le", "utf-16be" or "big5", from the bytes alone. `whole` says that `sample` is all
// there is.
[[nodiscard]] std::string detect_encoding(std::string_view sample, bool whole);
[[nodiscard]] bool is_known_encoding(std::string_view name);
// How many bytes of mark stand at the front.
[[nodiscard]] std::size_t mark_size(std::string_view encoding, std::string_view front);
// Converts a file; what cannot be read becomes U+FFFD. `goes_on` is told the bytes done and answers false to stop.
[[nodiscard]] Result<void> convert(const std::filesystem::path& from, std::string_view encoding,
                                   const std::filesystem::path& to, const std::function<bool(std::uint64_t)>& goes_on);
// A short text, such as the name of a zip's member.
[[nodiscard]] std::string to_utf8(std::string_view bytes, std::string_view encoding);

}  // namespace qushu::tabular
