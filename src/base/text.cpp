#include "qushu/base/text.h"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <simdjson.h>

namespace qushu {
namespace {

// The white space that people leave around values: ASCII, U+3000, U+00A0, U+FEFF.
constexpr std::array<std::string_view, 3> kWideBlanks{"\xE3\x80\x80", "\xC2\xA0", "\xEF\xBB\xBF"};

bool is_ascii_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The size of the blank at one end of the text, 0 when there is none. Most texts end in a letter or a digit, which one look
// tells.
std::size_t blank_at_front(std::string_view text) {
  if (text.empty()) return 0;
  auto c = static_cast<unsigned char>(text.front());
  if (c < 0x80) return is_ascii_blank(text.front()) ? 1 : 0;
  if (c != 0xE3 && c != 0xC2 && c != 0xEF) return 0;
  for (auto blank : kWideBlanks)
    if (text.starts_with(blank)) return blank.size();
  return 0;
}

std::size_t blank_at_back(std::string_view text) {
  if (text.empty()) return 0;
  auto c = static_cast<unsigned char>(text.back());
  if (c < 0x80) return is_ascii_blank(text.back()) ? 1 : 0;
  if (c != 0x80 && c != 0xA0 && c != 0xBF) return 0;
  for (auto blank : kWideBlanks)
    if (text.ends_with(blank)) return blank.size();
  return 0;
}

// The length of the well-formed sequence at the front of `text`, or 0.
std::size_t sequence(std::string_view text) {
  auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  auto c = at(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return tail(1) ? 2 : 0;
  if (c == 0xE0) return at(1) >= 0xA0 && tail(1) && tail(2) ? 3 : 0;
  if (c == 0xED) return at(1) <= 0x9F && tail(1) && tail(2) ? 3 : 0;
  if (c >= 0xE1 && c <= 0xEF) return tail(1) && tail(2) ? 3 : 0;
  if (c == 0xF0) return at(1) >= 0x90 && tail(1) && tail(2) && tail(3) ? 4 : 0;
  if (c >= 0xF1 && c <= 0xF3) return tail(1) && tail(2) && tail(3) ? 4 : 0;
  if (c == 0xF4) return at(1) <= 0x8F && tail(1) && tail(2) && tail(3) ? 4 : 0;
  return 0;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
  if (is_ascii_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (auto n = blank_at_front(text)) text.remove_prefix(n);
  while (auto n = blank_at_back(text)) text.remove_suffix(n);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string well_formed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto length = sequence(text);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::size_t utf8_length(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(std::max<std::size_t>(sequence(text), 1));
  return count;
}

std::string shorten(std::string_view text, std::size_t limit) {
  auto rest = text;
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == limit) return std::string(text.substr(0, text.size() - rest.size())) + "…";
    rest.remove_prefix(std::max<std::size_t>(sequence(rest), 1));
  }
  return std::string(text);
}

std::string with_thousands(std::int64_t n) {
  auto text = fmt::format("{}", n);
  auto first = n < 0 ? 1 : 0;
  for (auto at = static_cast<int>(text.size()) - 3; at > first; at -= 3) text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (is_unreserved(c))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::optional<std::string> url_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      auto high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      auto low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<std::int64_t> to_int(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace qushu
