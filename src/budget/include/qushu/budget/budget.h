// The budget module's settings and routes. What it does is in document.h and check.h.
#pragma once

#include <span>

#include "qushu/base/config.h"
#include "qushu/budget/document.h"
#include "qushu/http/router.h"

namespace qushu::budget {

// budget.document_size, budget.document_lines, budget.pdf_time, budget.pdf_memory
[[nodiscard]] std::span<const SettingSpec> settings();
[[nodiscard]] ReadLimits limits_of(const Settings& settings);

// POST /api/v1/budget/check. `settings` outlives the router.
void add_routes(http::Router& router, const Settings& settings);

}  // namespace qushu::budget
