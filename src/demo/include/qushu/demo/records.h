// A year of the demo district's work, as records of the built-in registers: what they hold, how they moved, and the paper that
// was attached. The same seed and day always make the same records, in an order in which they can refer to each other.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "qushu/calendar/zone.h"

namespace qushu::demo {

struct Move {
  std::string transition, comment;
  boost::json::object values;
};

struct Record {
  std::string register_code;
  boost::json::object values;
  std::string file_field, file_name;  // a paper to attach before it moves; empty: none
  std::vector<Move> moves;
};

[[nodiscard]] std::vector<Record> records(calendar::Day today, std::uint64_t seed);

}  // namespace qushu::demo
