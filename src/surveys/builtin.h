// Inside the module: the definitions that come with Qushu, embedded from builtin/*.yaml.
#pragma once

#include "qushu/registers/builtin.h"

namespace qushu::surveys {

using registers::Builtin;

[[nodiscard]] std::span<const Builtin> builtins();

}  // namespace qushu::surveys
