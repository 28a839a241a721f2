// Inside the module: a figure that was computed and is not kept yet.
#pragma once

#include "qushu/indicators/indicators.h"

namespace qushu::indicators {

struct Indicators::Computed {
  Value value;
  std::string value_sql;
  std::vector<std::string> columns;  // of the rows behind it
  json::array rows;
  std::vector<std::string> relations, datasets;  // that were read
};

}  // namespace qushu::indicators
