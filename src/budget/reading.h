// The three ways to a Document's lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/budget/document.h"

namespace qushu::budget {

[[nodiscard]] Result<std::vector<std::string>> read_docx(std::string_view bytes, const ReadLimits& limits);
// Through pdftotext, which is started without a shell, reads from memory, and is killed past a limit.
[[nodiscard]] Result<std::string> text_of_pdf(std::string_view bytes, const ReadLimits& limits);
[[nodiscard]] Failure too_many_lines(const ReadLimits& limits);

}  // namespace qushu::budget
