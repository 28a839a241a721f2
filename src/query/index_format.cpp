#include "index_format.h"

#include <cerrno>

#include <fmt/format.h>

namespace qushu::query {
namespace {

// "14:05:09.5" as Chunk::append_text() writes it: no fraction, or six digits.
std::string with_microseconds(std::string text) {
  auto point = text.find('.');
  if (point == std::string::npos) return text;
  auto fraction = text.substr(point + 1);
  if (fraction.find_first_not_of('0') == std::string::npos) return text.substr(0, point);
  text.append(6 - fraction.size(), '0');
  return text;
}

std::optional<std::string> with_scale(std::string text, std::size_t scale) {
  auto point = text.find('.');
  auto fraction = point == std::string::npos ? 0 : text.size() - point - 1;
  if (fraction > scale) return std::nullopt;
  if (scale > 0) {
    if (point == std::string::npos) text += '.';
    text.append(scale - fraction, '0');
  }
  if (text.starts_with('-') && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
  return text;
}

}  // namespace

std::string row_hash(const std::vector<catalog::Field>& fields) {
  std::string columns;
  for (const auto& field : fields) columns += ", " + engine::quote_name(field.id);
  // Twice 63 bits: two rows that differ are taken for equal less often than a disk lies.
  return fmt::format("CAST(hash(1{0}) >> 1 AS BIGINT), CAST(hash('row'{0}, 2) >> 1 AS BIGINT)", columns);
}

std::string hashed_by(std::string_view engine, const std::vector<catalog::Field>& fields) {
  std::string out(engine);
  for (const auto& field : fields)
    out += fmt::format(" {}:{}({},{})", field.id, engine::name(field.type), field.width, field.scale);
  return out;
}

void append_key_text(std::string_view text, std::string& out) {
  for (char c : text) {
    out += c;
    if (c == '\0') out += '\xFF';
  }
  out.append(2, '\0');
}

void append_key_integer(std::int64_t value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_key_part(const engine::Chunk& chunk, std::size_t column, std::size_t row, engine::Type type, std::string& out) {
  if (type == engine::Type::integer || type == engine::Type::boolean)
    return append_key_integer(chunk.integer(column, row), out);
  std::string text;
  chunk.append_text(column, row, text);
  append_key_text(text, out);
}

bool append_key_value(const catalog::Field& field, const engine::Value& value, std::string& out) {
  using engine::Type;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    append_key_integer(*integer, out);
    return true;
  }
  if (const auto* boolean = std::get_if<bool>(&value)) {
    append_key_integer(*boolean ? 1 : 0, out);
    return true;
  }
  if (const auto* number = std::get_if<double>(&value)) {
    append_key_text(fmt::format("{}", *number), out);
    return true;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return false;
  if (field.type == Type::decimal) {
    auto scaled = with_scale(*text, field.scale);
    if (!scaled) return false;
    append_key_text(*scaled, out);
  } else if (field.type == Type::time || field.type == Type::datetime) {
    append_key_text(with_microseconds(*text), out);
  } else {
    append_key_text(*text, out);
  }
  return true;
}

void append_length(std::size_t length, std::string& out) {
  for (; length >= 0x80; length >>= 7U) out += static_cast<char>(0x80U | (length & 0x7FU));
  out += static_cast<char>(length);
}

std::optional<std::size_t> read_length(std::string_view& from) {
  std::size_t length = 0;
  for (unsigned shift = 0; shift < 56 && !from.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    length |= static_cast<std::size_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return length;
  }
  return std::nullopt;
}

Failure lmdb_failure(int code, std::string_view what) {
  if (code == ENOSPC || code == EDQUOT) return fail(std::move(fail_errno(code, what)).error());
  return fail_internal(fmt::format("lmdb: {}: {}", what, mdb_strerror(code)));
}

}  // namespace qushu::query
