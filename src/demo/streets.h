// Inside the module: the eight streets and towns of the district, where they lie, and places in them.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "random.h"

namespace qushu::demo {

inline constexpr std::array<std::string_view, 8> kStreets{"云溪街道", "望江街道", "柳林街道", "北门街道",
                                                          "清河镇",   "石桥镇",   "白鹭镇",   "梅岭乡"};

using Outline = std::vector<std::pair<double, double>>;  // longitude, latitude

// The outline of a street; those of neighbours meet.
[[nodiscard]] Outline outline_of(std::size_t street);
// Somewhere in it, more often near its middle.
[[nodiscard]] std::pair<double, double> place_in(std::size_t street, Random& r);

}  // namespace qushu::demo
