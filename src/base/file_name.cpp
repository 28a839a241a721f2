#include "qushu/base/file_name.h"

#include <algorithm>

#include "qushu/base/text.h"

namespace qushu {
namespace {

// U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069; and the line separators U+2028 and U+2029.
bool is_hidden(std::string_view at) {
  if (at.size() < 3 || at[0] != '\xE2') return false;
  auto second = static_cast<unsigned char>(at[1]), third = static_cast<unsigned char>(at[2]);
  if (second == 0x80) return third == 0x8E || third == 0x8F || (third >= 0xA8 && third <= 0xAE);
  return second == 0x81 && third >= 0xA6 && third <= 0xA9;
}

std::string without_hidden(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) continue;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {  // U+0080 to U+009F
      ++i;
      continue;
    }
    if (is_hidden(text.substr(i))) {
      i += 2;
      continue;
    }
    out += text[i];
  }
  return out;
}

// The first `limit` code points, without a mark of the cut.
std::string_view first(std::string_view text, std::size_t limit) {
  std::size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80 && limit-- == 0) break;
  return text.substr(0, at);
}

}  // namespace

std::string file_name_of(std::string_view given, std::size_t limit) {
  auto clean = without_hidden(well_formed(given));
  std::string_view name = clean;
  if (auto slash = name.find_last_of("/\\"); slash != std::string_view::npos) name = name.substr(slash + 1);
  name = trim(name);
  if (name == "." || name == "..") return {};
  if (utf8_length(name) <= limit) return std::string(name);
  auto dot = name.rfind('.');
  auto ending = dot == std::string_view::npos ? std::string_view() : name.substr(dot);
  if (utf8_length(ending) > std::min<std::size_t>(limit / 2, 20)) ending = {};
  return std::string(first(name, limit - utf8_length(ending))) + std::string(ending);
}

}  // namespace qushu
