// Inside the module: the definitions that come with Qushu, embedded from builtin/*.yaml.
#pragma once

#include <span>
#include <string_view>

namespace qushu::indicators {

struct Builtin {
  std::string_view code, yaml;
};
[[nodiscard]] std::span<const Builtin> builtins();

}  // namespace qushu::indicators
