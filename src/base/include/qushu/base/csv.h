// Comma-separated values by RFC 4180, as they are written for people and their spreadsheets.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace qushu {

// Adds one cell, quoted where it must be. An empty text is quoted too: what is absent is written as nothing. `guard`: a text
// that begins like a formula, which a spreadsheet would run, gets an apostrophe before it.
void append_csv(std::string_view text, bool guard, std::string& out);
// Adds a whole line of cells, guarded, with its line break.
void append_csv_line(std::span<const std::string> cells, std::string& out);

}  // namespace qushu
