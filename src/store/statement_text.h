// The few things to know about the text of our own SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qushu::store {

// `?` outside quotes and comments becomes $1, $2 …
[[nodiscard]] std::string number_placeholders(std::string_view sql);
// The statements of a migration: cut at ";" that ends a line, comments and blank ones left out.
[[nodiscard]] std::vector<std::string> statements(std::string_view sql);

}  // namespace qushu::store
