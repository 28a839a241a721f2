// Inside the module: the definitions that come with Qushu, embedded from builtin/*.yaml.
#pragma once

#include "qushu/definitions/builtin.h"

namespace qushu::surveys {

using definitions::Builtin;

[[nodiscard]] std::span<const Builtin> builtins();

}  // namespace qushu::surveys
