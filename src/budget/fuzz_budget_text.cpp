// Any bytes as a document: read or refused, and every finding points at a line that is there.
#include <cstdint>
#include <string_view>

#include "qushu/budget/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // PDFs are another process's business.
  if (bytes.substr(0, 1024).contains("%PDF-")) return 0;
  auto document = budget::read_document(bytes, "input");
  if (!document) return 0;
  auto report = budget::check(*document);
  for (const auto& finding : report.findings) {
    if (finding.places.empty()) __builtin_trap();
    for (const auto& place : finding.places)
      if (place.line == 0 || place.line > document->lines.size()) __builtin_trap();
  }
  return 0;
}
