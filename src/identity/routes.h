// The two halves of identity's routes, and the shapes that both answer with.
#pragma once

#include "qushu/identity/identity.h"

namespace qushu::identity {

void add_account_routes(http::Router& router, Identity& identity);
void add_people_routes(http::Router& router, Identity& identity);

[[nodiscard]] http::Schema person_schema();
[[nodiscard]] http::Schema session_list_schema();
[[nodiscard]] http::json::object to_json(const Person& person);
[[nodiscard]] http::json::object to_json(const SessionInfo& session);

}  // namespace qushu::identity
