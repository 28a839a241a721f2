// Inside the module: the definitions that come with Qushu, embedded from builtin/*.yaml in the order in which they may refer to
// each other.
#pragma once

#include <span>
#include <string_view>

namespace qushu::registers {

struct Builtin {
  std::string_view code, yaml;
};
[[nodiscard]] std::span<const Builtin> builtins();

}  // namespace qushu::registers
