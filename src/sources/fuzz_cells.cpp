// A cell of any wire format, as a lying database server may send it: the first two bytes choose format and column.
#include <cstddef>
#include <cstdint>

#include "block.h"

namespace {

using namespace qushu;
using engine::Type;
using sources::Wire;

// The types that a column of this format may have.
Type type_of(Wire wire, bool other) {
  switch (wire) {
    case Wire::pg_bool:
    case Wire::boolean:
    case Wire::bit:
      return Type::boolean;
    case Wire::pg_int2:
    case Wire::pg_int4:
    case Wire::pg_int8:
    case Wire::pg_oid:
    case Wire::integer:
      return Type::integer;
    case Wire::bits:
      return other ? Type::decimal : Type::integer;
    case Wire::native_integer:
      return other ? Type::boolean : Type::integer;
    case Wire::pg_float4:
    case Wire::pg_float8:
    case Wire::number:
    case Wire::native_number:
      return Type::number;
    case Wire::pg_numeric:
    case Wire::decimal:
      return Type::decimal;
    case Wire::pg_date:
    case Wire::date:
      return Type::date;
    case Wire::pg_time:
    case Wire::time:
      return Type::time;
    case Wire::pg_timestamp:
    case Wire::datetime:
      return Type::datetime;
    case Wire::text:
    case Wire::bytes:
      break;
  }
  return Type::text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  auto wire = static_cast<Wire>(data[0] % (static_cast<unsigned>(Wire::bytes) + 1));
  auto width = static_cast<std::uint8_t>(1 + data[1] % 38);
  engine::Column column{.name = "c",
                        .type = type_of(wire, data[1] % 2 == 1),
                        .width = width,
                        .scale = static_cast<std::uint8_t>(data[1] / 8 % (width + 1))};
  std::string_view cell(reinterpret_cast<const char*>(data) + 2,
                        size - 2);  // NOLINT(*-reinterpret-cast): bytes as libFuzzer has them
  sources::Decoded out;
  std::string scratch;
  if (sources::decode(wire, column, cell, out, scratch) != sources::Decoded::Outcome::good) return 0;
  if (column.type != engine::Type::text && column.type != engine::Type::number)
    static_cast<void>(sources::canonical(column, out.whole));
  return 0;
}
