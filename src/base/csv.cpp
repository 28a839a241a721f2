#include "qushu/base/csv.h"

#include <array>

namespace qushu {

namespace {

bool looks_like_a_formula(std::string_view text) {
  switch (text.empty() ? 'x' : text.front()) {
    case '+':
    case '-':
      return text.find_first_not_of("0123456789.,+-%/: ") != std::string_view::npos;
    case '=':
    case '@':
    case '\t':
    case '\r':
    case '\n':
      return true;
    default:
      return false;
  }
}

// A cell that holds one of these is written in quotes.
constexpr auto kSpecial = [] {
  std::array<bool, 256> out{};
  for (char c : {'"', ',', '\r', '\n'}) out[static_cast<unsigned char>(c)] = true;
  return out;
}();

bool has_special(std::string_view text) {
  bool any = false;
  for (char c : text) any |= kSpecial[static_cast<unsigned char>(c)];
  return any;
}

}  // namespace

void append_csv(std::string_view text, bool guard, std::string& out) {
  guard = guard && looks_like_a_formula(text);
  // An empty text is not an absent one: only the latter is written as nothing.
  if (!text.empty() && !guard && text.front() != ' ' && text.back() != ' ' && !has_special(text)) {
    out += text;
    return;
  }
  out += '"';
  if (guard) out += '\'';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_csv_line(std::span<const std::string> cells, std::string& out) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    append_csv(cells[i], true, out);
  }
  out += "\r\n";
}

}  // namespace qushu
