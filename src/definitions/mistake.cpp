#include "qushu/definitions/mistake.h"

#include <algorithm>

#include <fmt/format.h>

namespace qushu::definitions {

void sort_by_place(std::vector<Mistake>& mistakes) {
  std::ranges::sort(mistakes, {}, [](const Mistake& m) { return std::pair(m.line, m.column); });
}

Failure tell(const std::vector<Mistake>& mistakes, std::string id) {
  Text all;
  for (const auto& m : mistakes) {
    auto zh_key = m.key.empty() ? std::string() : fmt::format("（{}）", m.key);
    auto en_key = m.key.empty() ? std::string() : fmt::format(" ({})", m.key);
    all.zh += fmt::format("{}第 {} 行第 {} 列{}：{}", all.zh.empty() ? "" : "\n", m.line, m.column, zh_key, m.text.zh);
    all.en += fmt::format("{}Line {}, column {}{}: {}", all.en.empty() ? "" : "\n", m.line, m.column, en_key, m.text.en);
  }
  const auto& first = mistakes.front();
  return fail(Error{
      .code = Code::invalid,
      .id = std::move(id),
      .text = std::move(all),
      .subject = fmt::format("line {}, column {}{}{}", first.line, first.column, first.key.empty() ? "" : ", ", first.key)});
}

boost::json::array to_json(const std::vector<Mistake>& mistakes, Lang lang) {
  boost::json::array out;
  for (const auto& m : mistakes)
    out.push_back(boost::json::object{{"line", m.line}, {"column", m.column}, {"key", m.key}, {"text", m.text.in(lang)}});
  return out;
}

}  // namespace qushu::definitions
