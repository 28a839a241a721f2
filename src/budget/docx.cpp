// DOCX (ECMA-376, WordprocessingML): paragraphs become lines; a table's row becomes one line, its cells separated by tabs.
#include <array>
#include <memory>
#include <optional>

#include <expat.h>
#include <fmt/format.h>
#include <zip.h>

#include "qushu/base/text.h"

#include "reading.h"

namespace qushu::budget {
namespace {

Failure damaged(std::string_view what) {
  return fail(Error{
      .code = Code::invalid,
      .id = "budget.docx",
      .text = {"文档已损坏，请用 Word 或 WPS 重新保存后再核对。", "The document is damaged; save it anew and check again."},
      .subject = {},
      .detail = std::string(what)});
}

std::string_view local(const XML_Char* name) {
  std::string_view text(name);
  auto colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

class BodyHandler {
 public:
  explicit BodyHandler(const ReadLimits& limits) : limits_(limits) {}
  std::vector<std::string> lines;
  bool entity = false, too_long = false;

  void open(std::string_view name, const XML_Char** attributes) {
    if (name == "Fallback") ++skipped_;
    if (skipped_ > 0) return;
    if (name == "t") reading_ = true;
    if (name == "tab") text_ += ' ';
    if ((name == "br" || name == "cr") && tables_ == 0) end_line();
    if (name == "tbl") ++tables_;
    if (tables_ != 1) return;
    if (name == "tr") cells_.clear();
    if (name == "tc") {
      text_.clear();
      span_ = 1;
    }
    if (name == "gridSpan")
      for (; *attributes != nullptr; attributes += 2)
        if (local(attributes[0]) == "val") span_ = std::clamp<std::int64_t>(to_int(attributes[1]).value_or(1), 1, 64);
  }

  void close(std::string_view name) {
    if (name == "Fallback") --skipped_;
    if (skipped_ > 0) return;
    if (name == "t") reading_ = false;
    if (name == "p" && tables_ == 0) end_line();
    if (tables_ == 1 && name == "tc") {
      cells_.push_back(std::move(text_));
      text_.clear();
      // A cell over several columns keeps those after it in their places.
      for (std::int64_t i = 1; i < span_ && cells_.size() < 4096; ++i) cells_.emplace_back();
    }
    if (tables_ == 1 && name == "tr") {
      text_ = join(cells_, "\t");
      end_line();
    }
    if (name == "tbl") --tables_;
  }

  void text(std::string_view t) {
    if (!reading_ || skipped_ > 0) return;
    for (char c : t) text_ += c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
  }

 private:
  void end_line() {
    lines.push_back(std::move(text_));
    text_.clear();
    if (lines.size() > limits_.lines) too_long = true;
  }

  const ReadLimits& limits_;
  std::string text_;
  std::vector<std::string> cells_;
  std::int64_t span_ = 1;
  int tables_ = 0, skipped_ = 0;
  bool reading_ = false;
};

Result<void> parse(zip_file_t* file, BodyHandler& handler, const ReadLimits& limits) {
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(XML_ParserCreate(nullptr),
                                                                                       XML_ParserFree);
  XML_SetUserData(parser.get(), &handler);
  XML_SetElementHandler(
      parser.get(), [](void* h, const XML_Char* n, const XML_Char** a) { static_cast<BodyHandler*>(h)->open(local(n), a); },
      [](void* h, const XML_Char* n) { static_cast<BodyHandler*>(h)->close(local(n)); });
  XML_SetCharacterDataHandler(parser.get(), [](void* h, const XML_Char* t, int n) {
    static_cast<BodyHandler*>(h)->text({t, static_cast<std::size_t>(n)});
  });
  // No document needs entities of its own; bombs are made of them.
  XML_SetEntityDeclHandler(
      parser.get(), [](void* h, const XML_Char*, int, const XML_Char*, int, const XML_Char*, const XML_Char*, const XML_Char*,
                       const XML_Char*) { static_cast<BodyHandler*>(h)->entity = true; });
  std::array<char, 65536> buffer{};
  std::uint64_t read = 0;
  while (true) {
    auto got = zip_fread(file, buffer.data(), buffer.size());
    if (got < 0) return damaged("read");
    read += static_cast<std::uint64_t>(got);
    if (read > limits.document * 8)
      return fail(Code::too_large, "budget.document_size", "文档解压后过大（设置 budget.document_size）。",
                  "Unpacked, the document is too large (setting budget.document_size).");
    if (XML_Parse(parser.get(), buffer.data(), static_cast<int>(got), static_cast<int>(got == 0)) == XML_STATUS_ERROR)
      return damaged(XML_ErrorString(XML_GetErrorCode(parser.get())));
    if (handler.entity) return damaged("entity");
    if (handler.too_long) return too_many_lines(limits);
    if (got == 0) return {};
  }
}

}  // namespace

Result<std::vector<std::string>> read_docx(std::string_view bytes, const ReadLimits& limits) {
  zip_error_t error;
  zip_error_init(&error);
  auto* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) return damaged("source");
  zip_t* opened = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (opened == nullptr) {
    zip_source_free(source);
    return damaged(zip_error_strerror(&error));
  }
  std::unique_ptr<zip_t, decltype(&zip_discard)> archive(opened, zip_discard);
  std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen(archive.get(), "word/document.xml", 0), zip_fclose);
  if (!file)
    return fail(Code::invalid, "budget.not_docx", "这个压缩包不是 Word 文档（.docx）。请提供 PDF、DOCX 或 TXT。",
                "This archive is no Word document (.docx). Give a PDF, DOCX or TXT.");
  BodyHandler handler(limits);
  QS_CHECK(parse(file.get(), handler, limits));
  return std::move(handler.lines);
}

}  // namespace qushu::budget
