// What is wrong with a definition, told where it stands.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::definitions {

struct Mistake {
  std::uint32_t line = 0, column = 0;  // from 1
  std::string key;                     // "fields[2].type"
  Text text;
};

// In the order of the file.
void sort_by_place(std::vector<Mistake>& mistakes);
// Code::invalid that tells the mistakes, each with line, column and key; there is one at least.
[[nodiscard]] Failure tell(const std::vector<Mistake>& mistakes, std::string id);
[[nodiscard]] boost::json::array to_json(const std::vector<Mistake>& mistakes, Lang lang);

}  // namespace qushu::definitions
