// Inside the module: what is published, as pages of the public portal.
#pragma once

#include "qushu/budget/budgets.h"

namespace qushu::budget {

// /open/budget, /open/budget/{id}: the official tables as they are printed.
void add_public_pages(http::Router& router, Budgets& budgets, const Settings& settings);

}  // namespace qushu::budget
