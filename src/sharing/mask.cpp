#include "qushu/sharing/mask.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, 7> kKinds{"none", "partial", "hash", "date", "band", "prefix", "constant"};
constexpr std::int64_t kMostCharacters = 1000;
constexpr std::size_t kBandDigits = 15, kMostDigits = 22;  // of a size, of a value: both scaled stay within 128 bits

Failure wrong(std::string_view subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "mask.invalid", .text = {std::move(zh), std::move(en)}, .subject = std::string(subject)});
}

Result<std::size_t> count_at(const json::object& o, std::string_view member, std::int64_t least, std::string_view subject) {
  const auto* value = o.if_contains(member);
  std::int64_t n = value == nullptr ? 0 : value->is_int64() ? value->get_int64() : -1;
  if (n < least || n > kMostCharacters)
    return wrong(subject, fmt::format("{} 应是 {} 到 {} 之间的整数。", member, least, kMostCharacters),
                 fmt::format("{} must be a whole number from {} to {}.", member, least, kMostCharacters));
  return static_cast<std::size_t>(n);
}

std::string word_at(const json::object& o, std::string_view member, std::string_view otherwise) {
  const auto* value = o.if_contains(member);
  return value == nullptr ? std::string(otherwise) : value->is_string() ? std::string(value->get_string()) : std::string();
}

// A number without sign, exponent and superfluous zeros, as an integer times 10^-scale; nullopt when it is none.
struct Decimal {
  __int128 unscaled = 0;
  int scale = 0;
};
std::optional<Decimal> decimal_of(std::string_view text) {
  Decimal out;
  bool negative = text.starts_with('-'), point = false, any = false;
  if (negative) text.remove_prefix(1);
  if (text.size() > kMostDigits + 1) return std::nullopt;
  for (char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      out.unscaled = out.unscaled * 10 + (c - '0');
      out.scale += point ? 1 : 0;
      any = true;
    } else {
      return std::nullopt;
    }
  }
  if (!any) return std::nullopt;
  if (negative) out.unscaled = -out.unscaled;
  return out;
}

std::string text_of(Decimal d) {
  while (d.scale > 0 && d.unscaled % 10 == 0) {
    d.unscaled /= 10;
    --d.scale;
  }
  bool negative = d.unscaled < 0;
  std::string digits;
  for (auto rest = negative ? -d.unscaled : d.unscaled; rest > 0; rest /= 10)
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  auto whole = static_cast<std::size_t>(d.scale) + 1;
  if (digits.size() < whole) digits.insert(0, whole - digits.size(), '0');
  if (d.scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(d.scale), ".");
  return (negative ? "-" : "") + digits;
}

// The band that holds the value: [k·size, (k + 1)·size).
void band(std::string_view value, std::string_view size, std::string& out) {
  auto step = decimal_of(size);
  auto exact = decimal_of(value);
  if (!exact) {
    double number = 0;
    auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
    constexpr double kMost = 1e17;
    if (parsed.ec == std::errc() && std::isfinite(number) && std::abs(number) <= kMost)
      exact = decimal_of(fmt::format("{:.4f}", number));
  }
  if (!exact) {
    out += '*';
    return;
  }
  auto scale = std::max(step->scale, exact->scale);
  auto scaled = [&](const Decimal& d) {
    auto v = d.unscaled;
    for (int i = d.scale; i < scale; ++i) v *= 10;
    return v;
  };
  auto v = scaled(*exact), s = scaled(*step);
  auto k = v / s - (v % s != 0 && v < 0 ? 1 : 0);
  out += fmt::format("[{}, {})", text_of({k * s, scale}), text_of({(k + 1) * s, scale}));
}

void generalise_date(std::string_view value, std::string_view to, std::string& out) {
  constexpr std::size_t kMonth = 7, kYear = 4;
  // Years beyond four digits have a longer front.
  auto dash = value.find('-', 1);
  if (dash == std::string_view::npos || value.size() < dash + 3) return;
  auto month = value.substr(0, dash + (kMonth - kYear));
  if (to == "month") {
    out += month;
  } else {
    out += value.substr(0, dash);
    if (to == "quarter") {
      auto m = (value[dash + 1] - '0') * 10 + (value[dash + 2] - '0');
      out += fmt::format("-Q{}", (m + 2) / 3);
    }
  }
}

// Where the n-th character begins.
std::size_t place(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  while (at < text.size()) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U && n-- == 0) return at;
    ++at;
  }
  return at;
}

void partial(const Mask& mask, std::string_view value, std::string& out) {
  auto length = utf8_length(value);
  auto first = mask.first, last = mask.last;
  if (first + last >= length) first = last = 0;
  auto from = place(value, first), to = place(value, length - last);
  out += value.substr(0, from);
  out.append(length - first - last, '*');
  out += value.substr(to);
}

Result<void> check_size(const std::string& size, std::string_view subject) {
  auto d = decimal_of(size);
  if (d && d->unscaled > 0 && size.size() <= kBandDigits && !size.starts_with('-')) return {};
  return wrong(subject, fmt::format("size 应是大于 0 的数，最多 {} 位，例如 \"100\"。", kBandDigits),
               fmt::format("size must be a number above 0 of at most {} digits, such as \"100\".", kBandDigits));
}

}  // namespace

std::string_view name(MaskKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

Result<Mask> mask_of(const json::value& document, engine::Type type, std::string_view subject) {
  if (!document.is_object())
    return wrong(subject, "脱敏规则应是对象，例如 {\"kind\": \"none\"}。",
                 "A mask is an object, such as {\"kind\": \"none\"}.");
  const auto& o = document.get_object();
  auto kind = std::ranges::find(kKinds, word_at(o, "kind", "none"));
  if (kind == kKinds.end())
    return wrong(subject, "kind 应是 none、partial、hash、date、band、prefix 或 constant。",
                 "kind must be none, partial, hash, date, band, prefix or constant.");
  Mask mask{.kind = static_cast<MaskKind>(kind - kKinds.begin()), .value = {}};
  bool as_text = mask.kind == MaskKind::partial || mask.kind == MaskKind::hash || mask.kind == MaskKind::prefix;
  if (as_text && type == engine::Type::number)
    return wrong(subject, "浮点数没有唯一的写法，只能原样、分段或固定。",
                 "Floating-point numbers have no one way to be written: leave them, or use bands or a constant.");
  if (mask.kind == MaskKind::partial) {
    QS_TRY(mask.first, count_at(o, "first", 0, subject));
    QS_TRY(mask.last, count_at(o, "last", 0, subject));
  } else if (mask.kind == MaskKind::hash) {
    mask.algorithm = word_at(o, "algorithm", "hmac-sha256");
    if (mask.algorithm != "hmac-sha256" && mask.algorithm != "hmac-sm3")
      return wrong(subject, "algorithm 应是 hmac-sha256 或 hmac-sm3。", "algorithm must be hmac-sha256 or hmac-sm3.");
  } else if (mask.kind == MaskKind::date) {
    if (!engine::is_day(type))
      return wrong(subject, "按年月概化只用于日期和日期时间。", "Only dates and datetimes are generalised to months.");
    mask.to = word_at(o, "to", "month");
    if (mask.to != "month" && mask.to != "year" && mask.to != "quarter")
      return wrong(subject, "to 应是 month、quarter 或 year。", "to must be month, quarter or year.");
  } else if (mask.kind == MaskKind::band) {
    if (!engine::is_number(type)) return wrong(subject, "分段只用于数值。", "Only numbers have bands.");
    mask.size = word_at(o, "size", "");
    QS_CHECK(check_size(mask.size, subject));
  } else if (mask.kind == MaskKind::prefix) {
    QS_TRY(mask.length, count_at(o, "length", 1, subject));
  } else if (mask.kind == MaskKind::constant) {
    mask.value = word_at(o, "value", "");
    if (utf8_length(mask.value) > static_cast<std::size_t>(kMostCharacters))
      return wrong(subject, "value 太长。", "value is too long.");
  }
  return mask;
}

json::object to_json(const Mask& mask) {
  json::object out{{"kind", name(mask.kind)}};
  switch (mask.kind) {
    case MaskKind::none:
      break;
    case MaskKind::partial:
      out["first"] = mask.first;
      out["last"] = mask.last;
      break;
    case MaskKind::hash:
      out["algorithm"] = mask.algorithm;
      break;
    case MaskKind::date:
      out["to"] = mask.to;
      break;
    case MaskKind::band:
      out["size"] = mask.size;
      break;
    case MaskKind::prefix:
      out["length"] = mask.length;
      break;
    case MaskKind::constant:
      out["value"] = mask.value;
      break;
  }
  return out;
}

Text describe(const Mask& mask) {
  switch (mask.kind) {
    case MaskKind::none:
      return {"原样", "as it is"};
    case MaskKind::partial:
      return {fmt::format("保留前 {} 位和后 {} 位", mask.first, mask.last),
              fmt::format("the first {} and last {} characters kept", mask.first, mask.last)};
    case MaskKind::hash:
      return {fmt::format("加密钥的散列（{}）", mask.algorithm), fmt::format("keyed hash ({})", mask.algorithm)};
    case MaskKind::date:
      return mask.to == "year"      ? Text{"概化到年", "generalised to the year"}
             : mask.to == "quarter" ? Text{"概化到季度", "generalised to the quarter"}
                                    : Text{"概化到月", "generalised to the month"};
    case MaskKind::band:
      return {fmt::format("按 {} 分段", mask.size), fmt::format("bands of {}", mask.size)};
    case MaskKind::prefix:
      return {fmt::format("只留前 {} 位", mask.length), fmt::format("the first {} characters only", mask.length)};
    case MaskKind::constant:
      return {fmt::format("固定为“{}”", mask.value), fmt::format("always “{}”", mask.value)};
  }
  return {};
}

void apply(const Mask& mask, std::string_view value, std::string_view key, std::string& out) {
  switch (mask.kind) {
    case MaskKind::none:
      out += value;
      break;
    case MaskKind::partial:
      partial(mask, value, out);
      break;
    case MaskKind::hash:
      out += crypto::to_hex(crypto::hmac(key, value, mask.algorithm == "hmac-sm3" ? crypto::Hash::sm3 : crypto::Hash::sha256));
      break;
    case MaskKind::date:
      generalise_date(value, mask.to, out);
      break;
    case MaskKind::band:
      band(value, mask.size, out);
      break;
    case MaskKind::prefix:
      out += value.substr(0, place(value, mask.length));
      break;
    case MaskKind::constant:
      out += mask.value;
      break;
  }
}

}  // namespace qushu::sharing
