// Inside the module: the rows of an open dataset as a file, filtered by the language of query/rows.h.
#pragma once

#include "ckan.h"

namespace qushu::opendata {

// "data.csv" → the answer. not_found for another ending.
[[nodiscard]] Result<http::Response> download(const PublicDeps& deps, const http::Request& request, const Package& package,
                                              std::string_view file);
// /open/dataset/{name}/{file}
void add_download_routes(http::Router& router, const PublicDeps& deps);

}  // namespace qushu::opendata
