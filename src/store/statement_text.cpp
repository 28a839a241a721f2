#include "statement_text.h"

#include "qushu/base/text.h"

namespace qushu::store {

std::string number_placeholders(std::string_view sql) {
  std::string out;
  out.reserve(sql.size() + 16);
  int next = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    char c = sql[i];
    if (c == '\'' || c == '"') {
      auto end = sql.find(c, i + 1);
      if (end == std::string_view::npos) end = sql.size() - 1;
      out += sql.substr(i, end - i + 1);
      i = end;
    } else if (c == '-' && sql.substr(i).starts_with("--")) {
      auto end = std::min(sql.find('\n', i), sql.size() - 1);
      out += sql.substr(i, end - i + 1);
      i = end;
    } else if (c == '?') {
      out += "$" + std::to_string(++next);
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> statements(std::string_view sql) {
  std::vector<std::string> found;
  std::string current;
  for (auto line : split(sql, '\n')) {
    auto code = trim(line.substr(0, line.find("--")));
    if (code.empty()) continue;
    current += code;
    current += '\n';
    if (!code.ends_with(';')) continue;
    found.push_back(std::move(current));
    current.clear();
  }
  if (!trim(current).empty()) found.push_back(std::move(current));
  return found;
}

}  // namespace qushu::store
