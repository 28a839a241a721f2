// Functions of Qushu's own in SQL: checks of codes, for quality rules and for people's statements alike. They take a text, and
// answer null for null.
//
//   is_credit_code has_organisation_code is_citizen_id is_region_code is_mobile is_landline is_bank_card is_email
#pragma once

#include <span>
#include <string_view>

#include "qushu/base/error.h"

#include "duck.h"

namespace qushu::engine {

// Makes them known to the instance that the connection belongs to.
[[nodiscard]] Result<void> register_functions(duckdb_connection connection);

// The function behind rewrite.h; register_functions() does it too.
[[nodiscard]] Result<void> register_rewriting(duckdb_connection connection);

}  // namespace qushu::engine
