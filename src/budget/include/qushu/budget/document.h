// A published document as lines of text: what the checker reads, and what its findings point into.
//
// Units publish their budgets as PDF (through poppler's pdftotext, a process of its own under limits of time and memory, so
// that a hostile file harms nothing but itself), as DOCX, or as text somebody took out of either. All three become lines in
// reading order; cells of a table row stand on one line, separated by tabs (DOCX) or by the spaces of the page (PDF). Nothing
// is interpreted here.
//
// Thread-safety: functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::budget {

enum class Format : std::uint8_t { text, pdf, docx };
[[nodiscard]] std::string_view name(Format format);

struct Document {
  std::string name;  // what it is called, for people
  Format format = Format::text;
  std::vector<std::string> lines;  // UTF-8, without line ends; a finding's line 1 is lines[0]
};

struct ReadLimits {
  std::uint64_t document = 32ULL << 20U;      // bytes of the file, and of each part of a DOCX unpacked eight times as many
  std::uint64_t lines = 50'000;               // of text
  std::uint64_t pdf_memory = 1024ULL << 20U;  // bytes that pdftotext may use
  std::chrono::seconds pdf_time{30};          // that it may take
};

// `bytes` is the whole file; its kind is told by its first bytes, not by its name. Fails with Code::invalid when there is
// nothing to read (a scanned PDF, an old .doc, a picture, an encrypted file), too_large past a limit, unavailable without
// pdftotext.
[[nodiscard]] Result<Document> read_document(std::string_view bytes, std::string_view name, const ReadLimits& limits = {});

}  // namespace qushu::budget
