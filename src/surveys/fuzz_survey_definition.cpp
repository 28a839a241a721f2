// A definition as anybody might paste it: read, or every mistake told within the text.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "qushu/surveys/definition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT(*-reinterpret-cast)
  auto parsed = qushu::surveys::parse_definition(text);
  auto lines = static_cast<std::uint32_t>(std::ranges::count(text, '\n') + std::ranges::count(text, '\r')) + 2;
  for (const auto& m : parsed.mistakes)
    if (m.line > lines || m.text.zh.empty() || m.text.en.empty()) __builtin_trap();
  (void)qushu::surveys::to_json(parsed.definition);
  if (!parsed.mistakes.empty()) return 0;
  std::size_t questions = 0;
  for (const auto& section : parsed.definition.sections)
    for (const auto& q : section.questions) {
      ++questions;
      if (q.kind != qushu::surveys::Kind::text && q.options.size() < 2) __builtin_trap();
    }
  if (questions == 0 || questions > qushu::surveys::kMostQuestions) __builtin_trap();
  return 0;
}
