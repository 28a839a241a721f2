// Which departments an actor acts for, and what that comes to in a statement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/store/store.h"

namespace qushu::sharing {

// Her own and those below it.
[[nodiscard]] std::vector<std::string> departments_of(const Actor& actor);

// "column IN (?, …)", with the values as parameters; what is never true where there are none.
[[nodiscard]] std::string one_of(std::string_view column, const std::vector<std::string>& values, store::Params& params);

}  // namespace qushu::sharing
