// Any bytes as a definition: read or refused with places that are in the file, and what is read can be shown.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "qushu/registers/definition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu::registers;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = parse_definition(text);
  auto lines = static_cast<std::uint32_t>(std::ranges::count(text, '\n') + std::ranges::count(text, '\r')) + 2;
  for (const auto& mistake : parsed.mistakes)
    if (mistake.line > lines || mistake.text.en.empty()) __builtin_trap();
  if (!parsed.mistakes.empty()) return 0;
  if (parsed.definition.states.empty() || parsed.definition.field(parsed.definition.title) == nullptr) __builtin_trap();
  (void)to_json(parsed.definition, qushu::Lang::zh);
  return 0;
}
