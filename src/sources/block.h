// Rows on their way from a reader to the engine: cells one after another, each with its length before it.
//
// Thread-safety: a Block belongs to one thread at a time.
#pragma once

#include <bit>
#include <cstring>

#include "qushu/sources/sources.h"

namespace qushu::sources {

// How a cell is written.
enum class Wire : std::uint8_t {
  // PostgreSQL's binary format (big-endian)
  pg_bool,
  pg_int2,
  pg_int4,
  pg_int8,
  pg_oid,
  pg_float4,
  pg_float8,
  pg_numeric,
  pg_date,
  pg_time,
  pg_timestamp,
  // written out: "12", "1.50", "2026-11-23 14:05:09.123456"
  integer,
  number,
  decimal,
  boolean,
  date,
  time,
  datetime,
  bits,  // big-endian bytes of an unsigned number
  bit,   // the same, 0 or 1
  // as this machine has them
  native_integer,
  native_number,
  text,   // in UTF-8, or what should be
  bytes,  // shown as \x and hexadecimal digits
};

struct Block {
  static constexpr std::size_t kRows = 2048;
  static constexpr std::size_t kBytes = std::size_t{1} << 20U;  // a block is full above it
  static constexpr std::uint32_t kNull = UINT32_MAX;

  std::uint64_t first = 0;  // the running number of its first row
  std::size_t rows = 0;
  std::string cells;

  void clear() {
    rows = 0;
    cells.clear();
  }
  [[nodiscard]] bool full() const { return rows >= kRows || cells.size() >= kBytes; }
  void add_null() { add_length(kNull); }
  void add(std::string_view cell) {
    add_length(static_cast<std::uint32_t>(cell.size()));
    cells += cell;
  }
  template <class T>
  void add_native(T value) {
    add({reinterpret_cast<const char*>(&value), sizeof value});
  }

 private:
  void add_length(std::uint32_t length) {
    length = std::byteswap(length);  // as PostgreSQL sends it
    cells.append(reinterpret_cast<const char*>(&length), sizeof length);
  }
};
static_assert(std::endian::native == std::endian::little, "lengths are swapped");

// One value, decoded: `whole` for all but numbers and texts, as engine::ChunkWriter takes it.
struct Decoded {
  enum class Outcome : std::uint8_t {
    good,
    blank,  // a value that none of ours can be: it becomes empty
    misfit  // not what the column says it holds
  };
  __int128 whole = 0;
  double number = 0;
  std::string_view text;
};
// Decodes a cell that is not NULL; `scratch` holds text that had to be made.
[[nodiscard]] Decoded::Outcome decode(Wire wire, const engine::Column& column, std::string_view cell, Decoded& out,
                                      std::string& scratch);

// The canonical text of a whole value of this type, and back; what a watermark is kept as.
[[nodiscard]] std::string canonical(const engine::Column& column, __int128 whole);

}  // namespace qushu::sources
