#include "qushu/base/codes.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include "qushu/base/text.h"

namespace qushu {
namespace {

constexpr std::string_view kCreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr std::uint8_t kNone = 0xFF;  // more than the values of any alphabet, also when they are joined by |

// What each byte is worth in `alphabet`, its place; kNone for strangers.
constexpr std::array<std::uint8_t, 256> values_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_ascii_digit);
}

unsigned number_of(std::string_view digits) {
  unsigned value = 0;
  for (char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

bool is_province(unsigned code) {
  return (code >= 11 && code <= 15) || (code >= 21 && code <= 23) || (code >= 31 && code <= 37) || (code >= 41 && code <= 46) ||
         (code >= 50 && code <= 54) || (code >= 61 && code <= 65) || code == 71 || code == 81 || code == 82;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(
             label, [](char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; });
}

}  // namespace

bool is_credit_code(std::string_view text) {
  static constexpr auto kValues = values_of(kCreditAlphabet);
  static constexpr std::array<unsigned, 17> kWeights{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};
  if (text.size() != 18) return false;
  // Strangers are told at the end: no branch for each of the signs.
  unsigned sum = 0, seen = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    unsigned value = kValues[static_cast<unsigned char>(text[i])];
    seen |= value;
    sum += value * kWeights[i];  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index)
  }
  if (seen > 31) return false;
  return kCreditAlphabet[(31 - sum % 31) % 31] == text[17];
}

bool has_organisation_code(std::string_view text) {
  static constexpr auto kValues = values_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  static constexpr std::array<unsigned, 8> kWeights{3, 7, 9, 10, 5, 8, 4, 2};
  if (text.size() != 18) return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    unsigned value = kValues[static_cast<unsigned char>(text[8 + i])];
    if (value == kNone) return false;
    sum += value * kWeights[i];  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index)
  }
  return std::string_view("0X987654321")[sum % 11] == text[16];
}

bool is_citizen_id(std::string_view text) {
  static constexpr std::array<unsigned, 17> kWeights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  // Nobody was born before the year 1000; of codes of 18 digits most fall here.
  if (text.size() != 18 || (text[6] != '1' && text[6] != '2')) return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    if (!is_ascii_digit(text[i])) return false;
    sum += static_cast<unsigned>(text[i] - '0') * kWeights[i];  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index)
  }
  if (std::string_view("10X98765432")[sum % 11] != (text[17] == 'x' ? 'X' : text[17])) return false;
  return std::chrono::year_month_day(std::chrono::year(static_cast<int>(number_of(text.substr(6, 4)))),
                                     std::chrono::month(number_of(text.substr(10, 2))),
                                     std::chrono::day(number_of(text.substr(12, 2))))
      .ok();
}

bool is_region_code(std::string_view text) {
  if ((text.size() != 6 && text.size() != 9 && text.size() != 12) || !all_digits(text)) return false;
  if (!is_province(number_of(text.substr(0, 2)))) return false;
  if (text.size() == 6) return true;
  auto street = number_of(text.substr(6, 3));
  if (street > 599) return false;
  if (text.size() == 9) return true;
  auto village = number_of(text.substr(9, 3));
  // A village belongs to a street; zeros stand for the level above.
  return village <= 399 && (street != 0 || village == 0);
}

bool is_mobile(std::string_view text) {
  return text.size() == 11 && all_digits(text) && text[0] == '1' && text[1] >= '3';
}

bool is_landline(std::string_view text) {
  if (text.size() < 10 || text.size() > 13 || text[0] != '0') return false;
  auto hyphen = text.find('-');
  if (hyphen == std::string_view::npos) return text.size() <= 12 && all_digits(text);
  auto number = text.substr(hyphen + 1);
  return (hyphen == 3 || hyphen == 4) && all_digits(text.substr(0, hyphen)) && all_digits(number) &&
         (number.size() == 7 || number.size() == 8);
}

bool is_bank_card(std::string_view text) {
  if (text.size() < 12 || text.size() > 19 || !all_digits(text) || text[0] == '0') return false;
  unsigned sum = 0;
  bool twice = false;
  for (auto i = text.size(); i-- > 0; twice = !twice) {
    auto digit = static_cast<unsigned>(text[i] - '0');
    if (twice) digit = digit < 5 ? 2 * digit : 2 * digit - 9;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool is_email(std::string_view text) {
  auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  auto local = text.substr(0, at), domain = text.substr(at + 1);
  if (local.front() == '.' || local.back() == '.' || local.contains("..")) return false;
  if (!std::ranges::all_of(local, [](char c) {
        return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view(".!#$%&'*+/=?^_`{|}~-").contains(c);
      }))
    return false;
  auto labels = split(domain, '.');
  return labels.size() >= 2 && std::ranges::all_of(labels, is_label) && !all_digits(labels.back());
}

}  // namespace qushu
