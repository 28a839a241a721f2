#include "chunk.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "qushu/base/time.h"

namespace qushu::engine {
namespace {

template <class T>
const T& at(const void* data, std::size_t row) {
  return static_cast<const T*>(data)[row];
}

// Millions of cells go through here for one export: digits are put down by hand where a general formatter would look at its
// pattern again for each of them.
void put_two(unsigned value, char* to) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
}

void append_whole(std::int64_t value, std::string& out) {
  fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

template <class Whole>
void append_digits(bool negative, Whole rest, unsigned scale, std::string& out) {
  constexpr std::size_t kMost = 42;
  std::array<char, kMost> text{};
  auto at = kMost;
  for (unsigned count = 0; rest != 0 || count <= scale; ++count) {
    if (count == scale && scale != 0) text[--at] = '.';
    text[--at] = static_cast<char>('0' + static_cast<unsigned>(rest % 10));
    rest /= 10;
  }
  if (negative) text[--at] = '-';
  out.append(text.data() + at, kMost - at);
}

void append_decimal(__int128 value, unsigned scale, std::string& out) {
  auto negative = value < 0;
  auto rest = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  // Division of 128 bits costs ten times that of 64.
  if (rest <= std::numeric_limits<std::uint64_t>::max())
    append_digits(negative, static_cast<std::uint64_t>(rest), scale, out);
  else
    append_digits(negative, rest, scale, out);
}

void append_date(std::int32_t days, std::string& out) {
  std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(days))};
  auto year = static_cast<int>(day.year());
  if (year < 0 || year > 9999) {
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", year, static_cast<unsigned>(day.month()),
                   static_cast<unsigned>(day.day()));
    return;
  }
  std::array<char, 10> text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0'};
  put_two(static_cast<unsigned>(year) / 100, text.data());
  put_two(static_cast<unsigned>(year) % 100, text.data() + 2);
  put_two(static_cast<unsigned>(day.month()), text.data() + 5);
  put_two(static_cast<unsigned>(day.day()), text.data() + 8);
  out.append(text.data(), text.size());
}

// `us`: within a day.
void append_clock(std::int64_t us, std::string& out) {
  auto seconds = static_cast<unsigned>(us / 1'000'000);
  auto part = static_cast<unsigned>(us % 1'000'000);
  std::array<char, 15> text{'0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', '0', '0', '0'};
  put_two(seconds / 3600, text.data());
  put_two(seconds / 60 % 60, text.data() + 3);
  put_two(seconds % 60, text.data() + 6);
  if (part != 0) {
    put_two(part / 10'000, text.data() + 9);
    put_two(part / 100 % 100, text.data() + 11);
    put_two(part % 100, text.data() + 13);
  }
  out.append(text.data(), part != 0 ? 15 : 8);
}

}  // namespace

void DuckChunk::hold(DataChunk chunk, const std::vector<Column>& columns) {
  chunk_ = std::move(chunk);
  columns_ = &columns;
  rows_ = duckdb_data_chunk_get_size(chunk_.get());
  vectors_.clear();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto vector = duckdb_data_chunk_get_vector(chunk_.get(), i);
    LogicalType type;
    *type.out() = duckdb_vector_get_column_type(vector);
    auto id = duckdb_get_type_id(type.get());
    if (id == DUCKDB_TYPE_DECIMAL) id = duckdb_decimal_internal_type(type.get());
    vectors_.push_back({.data = duckdb_vector_get_data(vector), .validity = duckdb_vector_get_validity(vector), .type = id});
  }
}

bool DuckChunk::is_null(std::size_t column, std::size_t row) const {
  auto* validity = vectors_[column].validity;
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
}

std::int64_t DuckChunk::integer(std::size_t column, std::size_t row) const {
  return static_cast<std::int64_t>(unscaled(vectors_[column], row));
}

__int128 DuckChunk::raw(std::size_t column, std::size_t row) const {
  return unscaled(vectors_[column], row);
}

__int128 DuckChunk::unscaled(const Vector& vector, std::size_t row) const {
  switch (vector.type) {
    case DUCKDB_TYPE_BOOLEAN:
      return at<bool>(vector.data, row) ? 1 : 0;
    case DUCKDB_TYPE_TINYINT:
      return at<std::int8_t>(vector.data, row);
    case DUCKDB_TYPE_SMALLINT:
      return at<std::int16_t>(vector.data, row);
    case DUCKDB_TYPE_INTEGER:
      return at<std::int32_t>(vector.data, row);
    case DUCKDB_TYPE_BIGINT:
      return at<std::int64_t>(vector.data, row);
    case DUCKDB_TYPE_UTINYINT:
      return at<std::uint8_t>(vector.data, row);
    case DUCKDB_TYPE_USMALLINT:
      return at<std::uint16_t>(vector.data, row);
    case DUCKDB_TYPE_UINTEGER:
      return at<std::uint32_t>(vector.data, row);
    case DUCKDB_TYPE_DATE:
      return at<std::int32_t>(vector.data, row);
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return at<std::int64_t>(vector.data, row);
    case DUCKDB_TYPE_HUGEINT: {
      const auto& value = at<duckdb_hugeint>(vector.data, row);
      return static_cast<__int128>((static_cast<unsigned __int128>(value.upper) << 64U) | value.lower);
    }
    default:
      return 0;
  }
}

double DuckChunk::number(std::size_t column, std::size_t row) const {
  const auto& vector = vectors_[column];
  if (vector.type == DUCKDB_TYPE_DOUBLE) return at<double>(vector.data, row);
  if (vector.type == DUCKDB_TYPE_FLOAT) return static_cast<double>(at<float>(vector.data, row));
  return static_cast<double>(unscaled(vector, row)) / std::pow(10.0, (*columns_)[column].scale);
}

std::string_view DuckChunk::text(std::size_t column, std::size_t row) const {
  auto& value = static_cast<duckdb_string_t*>(vectors_[column].data)[row];
  return {duckdb_string_t_data(&value), duckdb_string_t_length(value)};
}

void DuckChunk::append_text(std::size_t column, std::size_t row, std::string& out) const {
  const auto& vector = vectors_[column];
  switch ((*columns_)[column].type) {
    case Type::text:
      out += text(column, row);
      break;
    case Type::boolean:
      out += at<bool>(vector.data, row) ? "true" : "false";
      break;
    case Type::integer:
      append_whole(integer(column, row), out);
      break;
    case Type::decimal:
      append_decimal(unscaled(vector, row), (*columns_)[column].scale, out);
      break;
    case Type::number:
      if (vector.type == DUCKDB_TYPE_FLOAT)
        fmt::format_to(std::back_inserter(out), "{}", at<float>(vector.data, row));
      else
        fmt::format_to(std::back_inserter(out), "{}", at<double>(vector.data, row));
      break;
    case Type::date:
      append_date(at<duckdb_date>(vector.data, row).days, out);
      break;
    case Type::time:
      append_clock(at<duckdb_time>(vector.data, row).micros, out);
      break;
    case Type::datetime: {
      auto us = at<duckdb_timestamp>(vector.data, row).micros;
      constexpr std::int64_t kDay = 86'400'000'000;
      auto days = us / kDay - (us % kDay < 0 ? 1 : 0);
      append_date(static_cast<std::int32_t>(days), out);
      out += 'T';
      append_clock(us - days * kDay, out);
      break;
    }
  }
}

}  // namespace qushu::engine
