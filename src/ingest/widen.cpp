#include "widen.h"

#include <algorithm>

namespace qushu::ingest {

Shape holding_both(const Shape& a, const Shape& b) {
  using enum engine::Type;
  constexpr int kIntegerDigits = 19, kMost = 38;
  if (a.type == b.type && a.type != decimal) return a;
  bool both_days = (a.type == date || a.type == datetime) && (b.type == date || b.type == datetime);
  if (both_days) return {.type = datetime};
  if (!engine::is_number(a.type) || !engine::is_number(b.type)) return {.type = text};
  if (a.type == engine::Type::number || b.type == engine::Type::number) return {.type = engine::Type::number};
  auto whole = [](const Shape& s) { return s.type == decimal ? s.width - s.scale : kIntegerDigits; };
  auto scale = std::max(a.scale, b.scale);
  return {.type = decimal,
          .width = static_cast<std::uint8_t>(std::min(kMost, std::max(whole(a), whole(b)) + scale)),
          .scale = scale};
}

}  // namespace qushu::ingest
