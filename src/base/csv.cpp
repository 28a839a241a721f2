#include "qushu/base/csv.h"

namespace qushu {

namespace {

bool looks_like_a_formula(std::string_view text) {
  if (text.empty() || !std::string_view("=+-@\t\r\n").contains(text[0])) return false;
  if (text[0] != '+' && text[0] != '-') return true;
  return text.find_first_not_of("0123456789.,+-%/: ") != std::string_view::npos;
}

}  // namespace

void append_csv(std::string_view text, bool guard, std::string& out) {
  guard = guard && looks_like_a_formula(text);
  // An empty text is not an absent one: only the latter is written as nothing.
  if (!text.empty() && !guard && text.find_first_of("\",\r\n") == std::string_view::npos && text.front() != ' ' &&
      text.back() != ' ') {
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
