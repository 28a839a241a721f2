// What more than one module reads of a JSON document, or writes into one.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/time.h"

namespace qushu {

// A member's text; empty when it is missing or no text.
[[nodiscard]] inline std::string text_at(const boost::json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// As to_iso() writes it, or null.
[[nodiscard]] inline boost::json::value time_or_null(const std::optional<Time>& at) {
  return at ? boost::json::value(to_iso(*at)) : boost::json::value(nullptr);
}

}  // namespace qushu
