// Inside the module: the definitions that come with Qushu, embedded from builtin/*.yaml in the order in which they may refer to
// each other.
#pragma once

#include "qushu/definitions/builtin.h"

namespace qushu::registers {

using definitions::Builtin;

[[nodiscard]] std::span<const Builtin> builtins();

}  // namespace qushu::registers
