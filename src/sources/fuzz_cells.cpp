// A cell of any wire format, as a lying database server may send it: the first two bytes choose format and column.
#include <cstddef>
#include <cstdint>

#include "block.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  if (size < 2) return 0;
  auto wire = static_cast<sources::Wire>(data[0] % (static_cast<unsigned>(sources::Wire::bytes) + 1));
  auto width = static_cast<std::uint8_t>(1 + data[1] % 38);
  engine::Column column{.name = "c",
                        .type = static_cast<engine::Type>(data[1] % 8),
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
