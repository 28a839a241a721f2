// Data that anybody may read: releases (release.h), what the public sees of them (public_view.h), and the ways to it.
//
// Thread-safety: plain functions.
#pragma once

#include <span>

#include "qushu/http/router.h"
#include "qushu/opendata/public_view.h"
#include "qushu/opendata/release.h"

namespace qushu::opendata {

[[nodiscard]] std::span<const store::Migration> migrations();
// opendata.level, opendata.k, opendata.check_time …
[[nodiscard]] std::span<const SettingSpec> settings();

// /api/v1/open/releases…, /api/v1/open/check, /api/v1/open/licences: for stewards and the data authority.
void add_release_routes(http::Router& router, Releases& releases);

}  // namespace qushu::opendata
