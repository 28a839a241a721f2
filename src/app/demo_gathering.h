// The demo district's gathering: a bureau's database, the pipelines that read it, and their runs.
#pragma once

#include <filesystem>

#include "system.h"

namespace qushu::app {

// Lets a new data folder read the databases that belong to it, by a qushu.toml of its own; one that has such a file keeps it.
Result<void> name_demo_databases(const std::filesystem::path& data);
// Unless it is there. Leaves a run that waits: the vendor's new release has a column more.
Result<void> fill_gathering(System& system, std::uint64_t seed, Lang lang);

}  // namespace qushu::app
