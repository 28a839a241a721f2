#include "qushu/budget/document.h"

#include <algorithm>

#include <fmt/format.h>
#include <unicode/ucnv.h>

#include "qushu/base/text.h"

#include "reading.h"

namespace qushu::budget {
namespace {

Result<std::string> to_utf8(std::string_view bytes, const char* encoding) {
  UErrorCode status = U_ZERO_ERROR;
  std::string out(bytes.size() * 3 + 16, '\0');
  auto size = ucnv_convert("UTF-8", encoding, out.data(), static_cast<std::int32_t>(out.size()), bytes.data(),
                           static_cast<std::int32_t>(bytes.size()), &status);
  if (U_FAILURE(status)) return fail_internal(fmt::format("ucnv_convert {}: {}", encoding, u_errorName(status)));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Failure no_text() {
  return fail(Code::invalid, "budget.binary", "这不是可以核对的文件。请提供 PDF、DOCX 或从中提取的文本（TXT）。",
              "This file cannot be checked. Give a PDF, a DOCX, or the text extracted from one (TXT).");
}

// UTF-8 as it is, UTF-16 by its mark, GB18030 (and so GBK) otherwise.
Result<std::string> text_of(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return to_utf8(bytes, "UTF-16");
  auto controls = std::ranges::count_if(bytes, [](char c) {
    auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && !(u >= 0x09 && u <= 0x0D)) || u == 0x7F;
  });
  if (static_cast<std::size_t>(controls) * 100 > bytes.size()) return no_text();
  if (is_utf8(bytes)) return std::string(bytes);
  QS_TRY(auto out, to_utf8(bytes, "GB18030"));
  std::size_t unreadable = 0;
  for (auto at = out.find("\xEF\xBF\xBD"); at != std::string::npos; at = out.find("\xEF\xBF\xBD", at + 3)) ++unreadable;
  if (unreadable * 50 > out.size()) return no_text();
  return out;
}

Result<std::vector<std::string>> lines_of(std::string_view text, const ReadLimits& limits) {
  std::vector<std::string> out;
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\n' || c == '\r') {
      if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      out.push_back(std::move(line));
      line.clear();
      if (out.size() > limits.lines) return too_many_lines(limits);
    } else if (c != '\0') {
      line += c == '\f' || c == '\v' ? ' ' : c;
    }
  }
  if (!line.empty()) out.push_back(std::move(line));
  return out;
}

}  // namespace

std::string_view name(Format format) {
  switch (format) {
    case Format::text:
      return "text";
    case Format::pdf:
      return "pdf";
    case Format::docx:
      return "docx";
  }
  return "text";
}

Failure too_many_lines(const ReadLimits& limits) {
  return fail(Code::too_large, "budget.lines",
              fmt::format("文件超过 {} 行的上限（设置 budget.document_lines）。", limits.lines),
              fmt::format("The document has more than {} lines (setting budget.document_lines).", limits.lines));
}

Result<Document> read_document(std::string_view bytes, std::string_view name, const ReadLimits& limits) {
  if (bytes.size() > limits.document)
    return fail(Code::too_large, "budget.document_size",
                fmt::format("文件超过 {} 的上限（设置 budget.document_size）。", human_bytes(limits.document)),
                fmt::format("The file exceeds {} (setting budget.document_size).", human_bytes(limits.document)));
  Document out{.name = std::string(name)};
  if (bytes.empty()) return fail(Code::invalid, "budget.empty", "文件是空的。", "The file is empty.");
  if (bytes.substr(0, 1024).contains("%PDF-")) {
    out.format = Format::pdf;
    QS_TRY(auto text, text_of_pdf(bytes, limits));
    QS_TRY(out.lines, lines_of(text, limits));
  } else if (bytes.starts_with("PK\x03\x04")) {
    out.format = Format::docx;
    QS_TRY(out.lines, read_docx(bytes, limits));
  } else if (bytes.starts_with("\xD0\xCF\x11\xE0")) {
    return fail(Code::invalid, "budget.old_word", "这是旧版 Word（.doc）文件，请另存为 .docx 或 PDF 后再核对。",
                "This is an old Word file (.doc); save it as .docx or PDF first.");
  } else {
    QS_TRY(auto text, text_of(bytes));
    QS_TRY(out.lines, lines_of(well_formed(text), limits));
  }
  if (out.lines.size() > limits.lines) return too_many_lines(limits);
  bool blank = std::ranges::all_of(out.lines, [](const std::string& line) { return trim(line).empty(); });
  if (blank && out.format == Format::pdf)
    return fail(
        Code::invalid, "budget.scanned", "PDF 中没有文字，可能是扫描件。请提供由文档直接导出的 PDF，或先做文字识别。",
        "The PDF holds no text; it may be a scan. Give a PDF exported from the document, or run text recognition first.");
  if (blank) return fail(Code::invalid, "budget.empty", "文件中没有文字。", "The file holds no text.");
  return out;
}

}  // namespace qushu::budget
