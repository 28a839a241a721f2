// Types that hold the values of two columns that are one.
#pragma once

#include "qushu/engine/engine.h"

namespace qushu::ingest {

struct Shape {
  engine::Type type = engine::Type::text;
  std::uint8_t width = 0, scale = 0;  // of decimal
};
[[nodiscard]] Shape holding_both(const Shape& a, const Shape& b);

}  // namespace qushu::ingest
