// The OpenAPI 3.1 description, made from the routes.
#pragma once

#include <string_view>
#include <vector>

#include "qushu/http/router.h"

namespace qushu::http {

[[nodiscard]] json::object describe_routes(const std::vector<Route>& routes, std::string_view version, Lang lang);

}  // namespace qushu::http
