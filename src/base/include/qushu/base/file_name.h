// Names of files as people and browsers give them.
#pragma once

#include <string>
#include <string_view>

namespace qushu {

// The last part of a path of any system, safe to show and to offer for download: without control characters, without those
// that turn the direction of writing around, at most `limit` characters, of which the ending is kept. Empty when
// nothing is left.
[[nodiscard]] std::string file_name_of(std::string_view given, std::size_t limit = 200);

}  // namespace qushu
