// A search of the catalogue as the query parameters of a request.
#pragma once

#include <vector>

#include "qushu/catalog/catalog.h"
#include "qushu/http/router.h"

namespace qushu::sharing {

[[nodiscard]] std::vector<http::Parameter> search_parameters();
[[nodiscard]] catalog::Search search_of(const http::Request& request);

}  // namespace qushu::sharing
