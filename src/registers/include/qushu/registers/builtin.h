// Definitions that come with Qushu: YAML files embedded into the program (cmake/EmbedYaml.cmake), of registers and of what
// stands on them. A table of definitions keeps of each its `digest` and its `origin`; what came with Qushu ("builtin") follows
// the program, what somebody changed stays as it is.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/store/store.h"

namespace qushu::registers {

struct Builtin {
  std::string_view code, yaml;
};

[[nodiscard]] std::string digest_of(std::string_view yaml);
// Those that `table` (code, digest, origin; our own constant) lacks, or holds as they came with another Qushu. Nearly always
// none.
[[nodiscard]] Result<std::vector<const Builtin*>> due_builtins(store::Session& s, std::string_view table,
                                                               std::span<const Builtin> builtins);

}  // namespace qushu::registers
