// Data that anybody may read: releases (release.h), what the public sees of them (public_view.h), and the ways to it.
//
// Thread-safety: plain functions.
#pragma once

#include <span>

#include "qushu/http/router.h"
#include "qushu/opendata/public_view.h"
#include "qushu/opendata/release.h"
#include "qushu/opendata/shelf.h"

namespace qushu::opendata {

[[nodiscard]] std::span<const store::Migration> migrations();
// opendata.level, opendata.k, opendata.check_time …
[[nodiscard]] std::span<const SettingSpec> settings();

// /api/v1/open/releases…, /api/v1/open/check, /api/v1/open/licences: for stewards and the data authority.
void add_release_routes(http::Router& router, Releases& releases);

// What the public's addresses need.
class Ckan;
class Portal;
struct PublicDeps {
  const Settings& settings;
  engine::Engine& engine;
  audit::Audit& audit;
  Shelf& shelf;
  const PublicView& view;
  std::filesystem::path scratch;  // for files that are made before they are sent
};
// The public side: CKAN Action API v3 (/api/3/action/…, /api/action/…),
// and the files at /open/dataset/{name}/data.csv …. Outlives the router.
class PublicSide {
 public:
  explicit PublicSide(PublicDeps deps);
  ~PublicSide();
  void add_routes(http::Router& router) const;

 private:
  std::unique_ptr<Ckan> ckan_;
  std::unique_ptr<Portal> portal_;
};

}  // namespace qushu::opendata
