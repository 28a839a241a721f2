// Inside the module: parts of a definition that are read by files of their own.
#pragma once

#include "qushu/definitions/yaml_reader.h"
#include "qushu/registers/definition.h"

namespace qushu::registers {

using definitions::MapReader;
using definitions::YamlNode;

// `print`, when the fields and the form are known. What is left out is filled in.
void read_print(MapReader& r, Definition& d);

}  // namespace qushu::registers
