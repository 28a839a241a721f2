#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/powers.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "block.h"

namespace qushu::sources {
namespace {

using Outcome = Decoded::Outcome;

constexpr auto kPowers = powers_of_ten<__int128, 39>();
constexpr std::int64_t kDay = 86'400'000'000;
// PostgreSQL counts from 2000-01-01.
constexpr std::int32_t kEpochDays = 10957;

// The number whose first byte is the cell's at `at`; the caller has looked at its size.
template <class T>
T big_endian(std::string_view cell, std::size_t at = 0) {
  T value;
  cell.copy(reinterpret_cast<char*>(&value), sizeof value, at);
  return std::byteswap(value);
}

template <class T>
Outcome whole(std::string_view cell, Decoded& out) {
  if (cell.size() != sizeof(T)) return Outcome::misfit;
  out.whole = big_endian<T>(cell);
  return Outcome::good;
}

bool fits(const engine::Column& column, __int128 value) {
  auto most = kPowers.at(column.width);
  return value < most && value > -most;
}

// Digits of base 10,000, the first worth 10,000^weight.
Outcome pg_numeric(const engine::Column& column, std::string_view cell, Decoded& out) {
  if (cell.size() < 8) return Outcome::misfit;
  auto digits = big_endian<std::uint16_t>(cell);
  auto weight = big_endian<std::int16_t>(cell, 2);
  auto sign = big_endian<std::uint16_t>(cell, 4);
  if (sign == 0xC000 || sign == 0xD000 || sign == 0xF000) return Outcome::blank;  // NaN and the infinities
  if (cell.size() != 8 + std::size_t{digits} * 2 || (sign != 0 && sign != 0x4000)) return Outcome::misfit;
  __int128 sum = 0;
  for (int i = 0; i < digits; ++i) {
    auto digit = big_endian<std::uint16_t>(cell, 8 + static_cast<std::size_t>(i) * 2);
    if (digit == 0) continue;
    if (digit > 9999) return Outcome::misfit;
    auto exponent = (weight - i) * 4 + column.scale;
    if (exponent > 37 || exponent < -3) return Outcome::misfit;
    if (exponent >= 0) {
      __int128 part = 0;
      if (__builtin_mul_overflow(kPowers[static_cast<std::size_t>(exponent)], static_cast<__int128>(digit), &part) ||
          __builtin_add_overflow(sum, part, &sum))
        return Outcome::misfit;
    } else {
      auto divisor = static_cast<int>(kPowers[static_cast<std::size_t>(-exponent)]);
      if (digit % divisor != 0) return Outcome::misfit;
      sum += digit / divisor;
    }
  }
  out.whole = sign == 0 ? sum : -sum;
  return fits(column, out.whole) ? Outcome::good : Outcome::misfit;
}

Outcome written_decimal(const engine::Column& column, std::string_view cell, Decoded& out) {
  auto negative = cell.starts_with('-');
  if (negative || cell.starts_with('+')) cell.remove_prefix(1);
  unsigned __int128 sum = 0;
  int after = -1;
  std::size_t digits = 0;
  for (char c : cell) {
    if (c == '.' && after < 0) {
      after = 0;
      continue;
    }
    if (!is_ascii_digit(c)) return Outcome::misfit;
    if (after >= column.scale) {
      if (c != '0') return Outcome::misfit;
      continue;
    }
    if (after >= 0) ++after;
    sum = sum * 10 + static_cast<unsigned>(c - '0');
    if (sum != 0 && ++digits > 38) return Outcome::misfit;
  }
  if (cell.empty() || cell == ".") return Outcome::misfit;
  for (auto i = after < 0 ? 0 : after; i < column.scale; ++i) {
    if (sum > static_cast<unsigned __int128>(kPowers[37])) return Outcome::misfit;
    sum *= 10;
  }
  if (sum >= static_cast<unsigned __int128>(kPowers[38])) return Outcome::misfit;
  out.whole = negative ? -static_cast<__int128>(sum) : static_cast<__int128>(sum);
  return fits(column, out.whole) ? Outcome::good : Outcome::misfit;
}

// `count` digits at `at`; -1 when they are not.
int digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (auto i = at; i < at + count; ++i) {
    if (!is_ascii_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

Outcome written_date(std::string_view cell, std::int64_t& days) {
  if (cell.size() != 10 || cell[4] != '-' || cell[7] != '-') return Outcome::misfit;
  auto year = digits_at(cell, 0, 4), month = digits_at(cell, 5, 2), day = digits_at(cell, 8, 2);
  if (year < 0 || month < 0 || day < 0) return Outcome::misfit;
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return Outcome::blank;  // 0000-00-00, 2026-11-00, 2026-02-31: MySQL keeps them
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return Outcome::good;
}

Outcome written_clock(std::string_view cell, std::int64_t& us) {
  auto hour = digits_at(cell, 0, 2), minute = digits_at(cell, 3, 2);
  if (hour < 0 || minute < 0 || hour > 24 || minute > 59 || cell[2] != ':') return Outcome::misfit;
  int second = 0;
  if (cell.size() > 5) {
    second = digits_at(cell, 6, 2);
    if (second < 0 || second > 60 || cell[5] != ':') return Outcome::misfit;
  }
  std::int64_t fraction = 0;
  if (cell.size() > 8) {
    if (cell[8] != '.' || cell.size() == 9) return Outcome::misfit;
    std::int64_t unit = 100'000;
    for (char c : cell.substr(9)) {
      if (!is_ascii_digit(c)) return Outcome::misfit;
      fraction += unit * (c - '0');
      unit /= 10;
    }
  }
  us = ((hour * 60 + minute) * 60 + second) * std::int64_t{1'000'000} + fraction;
  return us <= kDay ? Outcome::good : Outcome::misfit;
}

Outcome written_datetime(std::string_view cell, Decoded& out) {
  if (cell.size() < 10) return Outcome::misfit;
  std::int64_t days = 0, us = 0;
  if (auto date = written_date(cell.substr(0, 10), days); date != Outcome::good) return date;
  if (cell.size() > 10) {
    if (cell[10] != ' ' && cell[10] != 'T') return Outcome::misfit;
    if (written_clock(cell.substr(11), us) != Outcome::good) return Outcome::misfit;
  }
  out.whole = static_cast<__int128>(days) * kDay + us;
  return Outcome::good;
}

Outcome written_integer(std::string_view cell, Decoded& out) {
  std::int64_t value = 0;
  if (cell.starts_with('+')) cell.remove_prefix(1);
  auto [end, failed] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (failed != std::errc() || end != cell.data() + cell.size()) return Outcome::misfit;
  out.whole = value;
  return Outcome::good;
}

Outcome written_number(std::string_view cell, Decoded& out) {
  auto [end, failed] = std::from_chars(cell.data(), cell.data() + cell.size(), out.number);
  return failed == std::errc() && end == cell.data() + cell.size() ? Outcome::good : Outcome::misfit;
}

Outcome written_boolean(std::string_view cell, Decoded& out) {
  if (cell == "1" || cell == "t" || cell == "true")
    out.whole = 1;
  else if (cell == "0" || cell == "f" || cell == "false")
    out.whole = 0;
  else
    return Outcome::misfit;
  return Outcome::good;
}

Outcome bits(std::string_view cell, Decoded& out) {
  if (cell.size() > 8) return Outcome::misfit;
  std::uint64_t value = 0;
  for (char c : cell) value = value << 8U | static_cast<unsigned char>(c);
  out.whole = value;
  return Outcome::good;
}

Outcome pg_date(std::string_view cell, Decoded& out) {
  if (cell.size() != 4) return Outcome::misfit;
  auto days = big_endian<std::int32_t>(cell);
  if (days == INT32_MAX || days == INT32_MIN) return Outcome::blank;  // infinity
  out.whole = std::int64_t{days} + kEpochDays;
  return Outcome::good;
}

Outcome pg_timestamp(std::string_view cell, Decoded& out) {
  if (cell.size() != 8) return Outcome::misfit;
  auto us = big_endian<std::int64_t>(cell);
  if (us == INT64_MAX || us == INT64_MIN) return Outcome::blank;
  out.whole = static_cast<__int128>(us) + static_cast<__int128>(kEpochDays) * kDay;
  return out.whole < INT64_MAX && out.whole > INT64_MIN ? Outcome::good : Outcome::blank;
}

}  // namespace

Outcome decode(Wire wire, const engine::Column& column, std::string_view cell, Decoded& out, std::string& scratch) {
  switch (wire) {
    case Wire::pg_bool:
      if (cell.size() != 1) return Outcome::misfit;
      out.whole = cell[0] != 0;
      return Outcome::good;
    case Wire::pg_int2:
      return whole<std::int16_t>(cell, out);
    case Wire::pg_int4:
      return whole<std::int32_t>(cell, out);
    case Wire::pg_int8:
    case Wire::pg_time:
      return whole<std::int64_t>(cell, out);
    case Wire::pg_oid:
      return whole<std::uint32_t>(cell, out);
    case Wire::pg_float4:
      if (cell.size() != 4) return Outcome::misfit;
      out.number = std::bit_cast<float>(big_endian<std::uint32_t>(cell));
      return Outcome::good;
    case Wire::pg_float8:
      if (cell.size() != 8) return Outcome::misfit;
      out.number = std::bit_cast<double>(big_endian<std::uint64_t>(cell));
      return Outcome::good;
    case Wire::pg_numeric:
      return pg_numeric(column, cell, out);
    case Wire::pg_date:
      return pg_date(cell, out);
    case Wire::pg_timestamp:
      return pg_timestamp(cell, out);
    case Wire::integer:
      return written_integer(cell, out);
    case Wire::number:
      return written_number(cell, out);
    case Wire::decimal:
      return written_decimal(column, cell, out);
    case Wire::boolean:
      return written_boolean(cell, out);
    case Wire::date: {
      std::int64_t days = 0;
      auto outcome = written_date(cell, days);
      out.whole = days;
      return outcome;
    }
    case Wire::time: {
      std::int64_t us = 0;
      auto outcome = cell.size() < 5 ? Outcome::misfit : written_clock(cell, us);
      out.whole = us;
      return outcome;
    }
    case Wire::datetime:
      return written_datetime(cell, out);
    case Wire::bits: {
      auto outcome = bits(cell, out);
      return out.whole > INT64_MAX && column.type == engine::Type::integer ? Outcome::misfit : outcome;
    }
    case Wire::bit: {
      auto outcome = bits(cell, out);
      return out.whole > 1 ? Outcome::misfit : outcome;
    }
    case Wire::native_integer: {
      if (cell.size() != sizeof(std::int64_t)) return Outcome::misfit;
      std::int64_t value = 0;
      std::memcpy(&value, cell.data(), sizeof value);
      out.whole = value;
      return column.type != engine::Type::boolean || value == 0 || value == 1 ? Outcome::good : Outcome::misfit;
    }
    case Wire::native_number:
      if (cell.size() != sizeof(double)) return Outcome::misfit;
      std::memcpy(&out.number, cell.data(), sizeof(double));
      return Outcome::good;
    case Wire::bytes:
      scratch = "\\x" + crypto::to_hex(cell);
      out.text = scratch;
      return Outcome::good;
    case Wire::text:
      out.text = cell;
      return Outcome::good;
  }
  return Outcome::misfit;
}

std::string canonical(const engine::Column& column, __int128 value) {
  auto date = [](std::int64_t days) {
    std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(days))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()));
  };
  switch (column.type) {
    case engine::Type::date:
      return date(static_cast<std::int64_t>(value));
    case engine::Type::datetime: {
      auto us = static_cast<std::int64_t>(value);
      auto days = us / kDay - (us % kDay < 0 ? 1 : 0);
      us -= days * kDay;
      auto seconds = us / 1'000'000;
      return fmt::format("{}T{:02}:{:02}:{:02}.{:06}", date(days), seconds / 3600, seconds / 60 % 60, seconds % 60,
                         us % 1'000'000);
    }
    default: {
      // fmt writes 128-bit numbers too.
      return fmt::format("{}", value);
    }
  }
}

}  // namespace qushu::sources
