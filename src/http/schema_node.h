// The inside of a Schema.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "qushu/http/schema.h"

namespace qushu::http {

enum class Kind : std::uint8_t { text, integer, number, boolean, choice, time, any, array, object, map };

struct Schema::Node {
  Kind kind = Kind::any;
  bool optional = false, nullable = false;
  std::optional<std::size_t> min_length, max_length;
  std::optional<std::int64_t> min, max;
  std::string pattern;
  std::shared_ptr<const std::regex> regex;
  std::vector<std::string> choices;
  std::vector<Member> members;     // of object
  std::shared_ptr<const Node> of;  // of array and map
  Text note;
  std::string component;
};

}  // namespace qushu::http
