#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <unordered_map>

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include "qushu/base/text.h"
#include "qushu/catalog/catalog.h"

namespace qushu::catalog {
namespace {

// What SQL reserves: an identifier that needs no quotes is kinder to those who type.
constexpr std::array<std::string_view, 77> kReserved{
    "all",        "analyse", "analyze",  "and",       "any",       "array",    "as",         "asc",        "asymmetric",
    "both",       "case",    "cast",     "check",     "collate",   "column",   "constraint", "create",     "default",
    "deferrable", "desc",    "describe", "distinct",  "do",        "else",     "end",        "except",     "false",
    "fetch",      "for",     "foreign",  "from",      "group",     "having",   "in",         "initially",  "intersect",
    "into",       "lambda",  "lateral",  "leading",   "limit",     "not",      "null",       "offset",     "on",
    "only",       "or",      "order",    "pivot",     "placing",   "primary",  "qualify",    "references", "returning",
    "select",     "show",    "some",     "summarize", "symmetric", "table",    "then",       "to",         "trailing",
    "true",       "union",   "unique",   "unpivot",   "using",     "variadic", "when",       "where",      "window",
    "with",       "is",      "like",     "values",    "key"};

std::string latin(std::string_view name) {
  static std::mutex mutex;  // a Transliterator may not be shared between threads
  static const std::unique_ptr<icu::Transliterator> transliterator = [] {
    UErrorCode failed = U_ZERO_ERROR;
    return std::unique_ptr<icu::Transliterator>(
        icu::Transliterator::createInstance("Any-Latin; Latin-ASCII; Lower", UTRANS_FORWARD, failed));
  }();
  auto text = icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<std::int32_t>(name.size())));
  if (transliterator) {
    std::lock_guard lock(mutex);
    transliterator->transliterate(text);
  }
  std::string out;
  text.toUTF8String(out);
  return out;
}

}  // namespace

Result<void> check_code(std::string_view code) {
  if (is_code(code)) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "dataset.code",
                    .text = {"数据集代码须以小写字母开头，只含小写字母、数字和下划线，最多 63 个字符，例如 enterprise_2024。",
                             "A dataset's code begins with a lower-case letter and holds only lower-case letters, digits and "
                             "underscores, at most 63 characters, such as enterprise_2024."},
                    .subject = "dataset.code"});
}

bool is_code(std::string_view code) {
  auto tail = [](char c) { return (c >= 'a' && c <= 'z') || is_ascii_digit(c) || c == '_'; };
  return !code.empty() && code.size() <= 63 && code[0] >= 'a' && code[0] <= 'z' && std::ranges::all_of(code, tail);
}

std::vector<std::string> pinyin(std::u32string_view text) {
  static std::mutex mutex;
  static std::unordered_map<char32_t, std::string> known;
  std::vector<std::string> out;
  out.reserve(text.size());
  std::lock_guard lock(mutex);
  for (char32_t c : text) {
    auto found = known.find(c);
    if (found == known.end()) {
      std::string one;
      icu::UnicodeString(static_cast<UChar32>(c)).toUTF8String(one);
      auto read = latin(one);
      std::erase_if(read, [](char letter) { return letter < 'a' || letter > 'z'; });
      found = known.emplace(c, std::move(read)).first;
    }
    out.push_back(found->second);
  }
  return out;
}

std::string identifier_of(std::string_view name) {
  std::string out;
  for (char c : latin(name)) {
    bool plain = (c >= 'a' && c <= 'z') || is_ascii_digit(c);
    if (plain)
      out += c;
    else if (c != '\'' && !out.empty() && out.back() != '_')
      out += '_';
  }
  if (out.size() > 60) {
    // At a syllable's end where there is one.
    auto cut = out.rfind('_', 60);
    out.resize(cut != std::string::npos && cut > 30 ? cut : 60);
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  if (out.empty()) out = "field";
  if (is_ascii_digit(out[0])) out.insert(0, "f_");
  if (std::ranges::find(kReserved, std::string_view(out)) != kReserved.end()) out += "_value";
  return out;
}

}  // namespace qushu::catalog
