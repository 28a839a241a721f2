// A definition as anybody might paste it: read, or every mistake told within the text; figures as the engine might write them.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "qushu/indicators/definition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT(*-reinterpret-cast)
  auto parsed = qushu::indicators::parse_definition(text);
  auto lines = static_cast<std::uint32_t>(std::ranges::count(text, '\n') + std::ranges::count(text, '\r')) + 2;
  for (const auto& m : parsed.mistakes)
    if (m.line > lines || m.text.zh.empty() || m.text.en.empty()) __builtin_trap();
  if (parsed.mistakes.empty() && (parsed.definition.weight <= 0 || parsed.definition.evidence.rows.empty())) __builtin_trap();
  if (auto value = qushu::indicators::Fraction::parse(text); value && value->d <= 0) __builtin_trap();
  return 0;
}
