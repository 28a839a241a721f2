#include "json_out.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace qushu::query {
namespace {

constexpr std::int64_t kExact = 1LL << 53;  // above it, doubles skip integers

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, from, i - from);
    from = i + 1;
    out += '\\';
    switch (byte) {
      case '"':
      case '\\':
        out += text[i];
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += kHex[byte >> 4U];
        out += kHex[byte & 15U];
    }
  }
  out.append(text, from, text.size() - from);
  out += '"';
}

void append_json_value(const engine::Chunk& chunk, std::size_t column, std::size_t row, engine::Type type, std::string& out) {
  using engine::Type;
  if (chunk.is_null(column, row)) {
    out += "null";
    return;
  }
  switch (type) {
    case Type::text:
      append_json_text(chunk.text(column, row), out);
      return;
    case Type::integer: {
      auto value = chunk.integer(column, row);
      if (value <= kExact && value >= -kExact)
        fmt::format_to(std::back_inserter(out), "{}", value);
      else
        fmt::format_to(std::back_inserter(out), "\"{}\"", value);
      return;
    }
    case Type::boolean:
      out += chunk.integer(column, row) != 0 ? "true" : "false";
      return;
    case Type::number: {
      auto value = chunk.number(column, row);
      if (!std::isfinite(value)) {
        fmt::format_to(std::back_inserter(out), "\"{}\"", value);
        return;
      }
      chunk.append_text(column, row, out);
      return;
    }
    case Type::decimal: {
      auto raw = chunk.raw(column, row);
      constexpr __int128 kDigits = 1'000'000'000'000'000;
      auto number = raw < kDigits && raw > -kDigits;
      if (!number) out += '"';
      chunk.append_text(column, row, out);
      if (!number) out += '"';
      return;
    }
    case Type::date:
    case Type::time:
    case Type::datetime:
      out += '"';
      chunk.append_text(column, row, out);
      out += '"';
      return;
  }
}

}  // namespace qushu::query
