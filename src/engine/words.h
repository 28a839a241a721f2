// What DuckDB says of a statement that failed, in Chinese.
#pragma once

#include <string>
#include <string_view>

namespace qushu::engine {

// `message`: its first line, with or without the kind of error before it. What is not known is handed on as it is, behind the
// kind of error in Chinese.
[[nodiscard]] std::string in_chinese(std::string_view message);

}  // namespace qushu::engine
