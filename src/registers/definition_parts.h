// Inside the module: parts of a definition that are read by files of their own.
#pragma once

#include "qushu/registers/yaml_reader.h"

namespace qushu::registers {

// `print`, when the fields and the form are known. What is left out is filled in.
void read_print(MapReader& r, Definition& d);

}  // namespace qushu::registers
