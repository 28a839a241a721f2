// Inside the module: DCAT-AP 3.
#pragma once

#include "qushu/opendata/opendata.h"

namespace qushu::opendata {

void add_dcat_routes(http::Router& router, const PublicDeps& deps);

}  // namespace qushu::opendata
