// Definitions that come with Qushu: YAML files embedded into the program (qushu_builtins() in CMake). A table of definitions
// (code, digest, origin …) keeps of each its `digest` and its `origin`; what came with Qushu ("builtin") follows the program,
// what somebody changed stays as it is. `table` is a constant of the module's, never input.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/store/store.h"

namespace qushu::definitions {

struct Builtin {
  std::string_view code, yaml;
};

[[nodiscard]] std::string digest_of(std::string_view yaml);
// Those that `table` lacks, or holds as they came with another Qushu. Nearly always none.
[[nodiscard]] Result<std::vector<const Builtin*>> due_builtins(store::Session& s, std::string_view table,
                                                               std::span<const Builtin> builtins);
// Applies those that were due, but for what somebody has changed since. An error is about the definition's code.
[[nodiscard]] Result<void> apply_builtins(store::Transaction& t, std::string_view table, const std::vector<const Builtin*>& due,
                                          const std::function<Result<void>(const Builtin&)>& apply);

}  // namespace qushu::definitions
