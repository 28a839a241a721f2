// The demo district's budgets: two years that are over and the year that lasts, spent from by month.
#pragma once

#include "system.h"

namespace qushu::app {

// Unless they are there.
Result<void> fill_budgets(System& system, Lang lang);

}  // namespace qushu::app
