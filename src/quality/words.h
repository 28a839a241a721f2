// Inside the module: members of JSON objects that are there or not.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "qushu/base/json.h"

namespace qushu::quality {

[[nodiscard]] inline std::int64_t whole_at(const boost::json::object& object, std::string_view key, std::int64_t otherwise) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : otherwise;
}
[[nodiscard]] inline double number_at(const boost::json::object& object, std::string_view key, double otherwise) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : otherwise;
}

}  // namespace qushu::quality
