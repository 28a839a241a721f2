// JSON text straight from the chunks of an answer.
#pragma once

#include <string>
#include <string_view>

#include "qushu/engine/engine.h"

namespace qushu::query {

// `text` quoted and escaped. Well-formed UTF-8 passes as it is.
void append_json_text(std::string_view text, std::string& out);
// One value: null, a number where it is exact as an IEEE double (15 digits), else its canonical text.
void append_json_value(const engine::Chunk& chunk, std::size_t column, std::size_t row, engine::Type type, std::string& out);

}  // namespace qushu::query
