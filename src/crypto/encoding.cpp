#include <algorithm>

#include "qushu/crypto/crypto.h"

namespace qushu::crypto {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// Groups of `bits` bits as digits of `alphabet`, most significant first, the last group filled with zeros.
std::string encode_bits(std::string_view bytes, std::string_view alphabet, unsigned bits) {
  std::string text;
  text.reserve(bytes.size() * 8 / bits + 4);
  unsigned held = 0;
  unsigned count = 0;
  for (char c : bytes) {
    held = (held << 8U) | static_cast<unsigned char>(c);
    count += 8;
    while (count >= bits) {
      count -= bits;
      text += alphabet[(held >> count) & ((1U << bits) - 1)];
    }
    held &= (1U << count) - 1;
  }
  if (count > 0) text += alphabet[(held << (bits - count)) & ((1U << bits) - 1)];
  return text;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  return encode_bits(bytes, kHex, 4);
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = hex_value(text[i]);
    int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  auto text = encode_bits(bytes, kBase64, 6);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string to_base64url(std::string_view bytes) {
  return encode_bits(bytes, kBase64Url, 6);
}

std::string to_base32(std::string_view bytes) {
  return encode_bits(bytes, kBase32, 5);
}

std::optional<std::string> from_base64(std::string_view text) {
  auto end = text.find('=');
  if (end != std::string_view::npos) {
    auto padding = text.substr(end);
    if (text.size() % 4 != 0 || padding.size() > 2 || !std::ranges::all_of(padding, [](char c) { return c == '='; }))
      return std::nullopt;
    text = text.substr(0, end);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned held = 0;
  unsigned count = 0;
  for (char c : text) {
    int value = base64_value(c);
    if (value < 0) return std::nullopt;
    held = (held << 6U) | static_cast<unsigned>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((held >> count) & 0xffU);
    }
    held &= (1U << count) - 1;
  }
  if (held != 0) return std::nullopt;  // bits that no encoder writes: two texts must not mean the same bytes
  return bytes;
}

}  // namespace qushu::crypto
