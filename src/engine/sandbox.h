#pragma once

#include "qushu/engine/engine.h"

#include "query.h"
#include "stock.h"

namespace qushu::engine {

// A locked-down instance with the views of `spec`.
[[nodiscard]] Result<std::unique_ptr<Sandbox>> open_sandbox(Stock& stock, Slots& slots, Watchdog& dog, SandboxSpec spec);

}  // namespace qushu::engine
