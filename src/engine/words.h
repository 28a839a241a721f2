// What DuckDB says of a statement that failed, in Chinese.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "qushu/engine/engine.h"

namespace qushu::engine {

// `message`: its first line, with or without the kind of error before it. What is not known is handed on as it is, behind the
// kind of error in Chinese.
[[nodiscard]] std::string in_chinese(std::string_view message);

// Of a column that a statement does not find, and that is somebody's name for another: adds what that one is called here.
// `message`: what DuckDB said.
[[nodiscard]] Error with_identifier(Error error, const std::string& message, std::span<const Label> labels);

}  // namespace qushu::engine
