// Settings that administrators change in the console: kept in the store, read by every process at its start, and by routes.
#pragma once

#include <span>

#include "qushu/audit/audit.h"
#include "qushu/base/config.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::app {

[[nodiscard]] std::span<const store::Migration> runtime_setting_migrations();
[[nodiscard]] Result<void> load_runtime_settings(store::Store& store, Settings& settings);
// /api/v1/settings…
void add_setting_routes(http::Router& router, store::Store& store, audit::Audit& audit, Settings& settings);

}  // namespace qushu::app
