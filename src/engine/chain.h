#pragma once

#include "qushu/engine/chain.h"

#include "query.h"

namespace qushu::engine {

struct ChainPlace {
  Slots& slots;
  Watchdog& dog;
  const std::filesystem::path& scratch;
  const Settings& settings;
};

// Opens a locked-down instance over the inputs of `spec` and looks at every step.
[[nodiscard]] Result<std::unique_ptr<Chain>> open_chain(const ChainPlace& place, ChainSpec spec);

// The value of `parameter` as the statement's parameter `index`; an error names the parameter.
[[nodiscard]] Result<void> bind_parameter(duckdb_prepared_statement to, idx_t index, const ChainParameter& parameter);

}  // namespace qushu::engine
