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
  std::optional<Error> busy;  // it could not be tried now, which says nothing about the figure: to be tried again, not kept
};

}  // namespace qushu::indicators
