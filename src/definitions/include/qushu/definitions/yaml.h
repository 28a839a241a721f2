// YAML as a tree that knows where everything stands. Anchors, aliases and tags are refused, so that a small
// file cannot stand for a large one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/definitions/mistake.h"

namespace qushu::definitions {

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  std::uint32_t line = 0, column = 0;  // from 1
  std::string text;                    // of a scalar
  bool quoted = false;
  std::vector<YamlNode> items;                              // of a list
  std::vector<std::pair<YamlNode, YamlNode>> members = {};  // of a map, in order
};

inline constexpr std::size_t kMostYaml = std::size_t{1} << 20;  // bytes that are read at most

// The only document in `text`; what is wrong goes to `mistakes`.
[[nodiscard]] YamlNode parse_yaml(std::string_view text, std::vector<Mistake>& mistakes);

}  // namespace qushu::definitions
