// Inside the module: the files of templates/, embedded when the program is built.
#pragma once

#include <string_view>

namespace qushu::surveys {

// "form" → its text; "" when there is none.
[[nodiscard]] std::string_view template_text(std::string_view name);
[[nodiscard]] std::string_view style_text();

}  // namespace qushu::surveys
