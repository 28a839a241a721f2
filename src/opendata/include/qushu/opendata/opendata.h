// Data that anybody may read: releases (release.h), what the public sees of them (public_view.h), and the ways to it.
//
// Thread-safety: plain functions.
#pragma once

#include <span>

#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/ingest/ingest.h"
#include "qushu/opendata/asks.h"
#include "qushu/opendata/boundaries.h"
#include "qushu/opendata/harvest.h"
#include "qushu/opendata/public_view.h"
#include "qushu/opendata/release.h"
#include "qushu/opendata/shelf.h"
#include "qushu/quality/corrections.h"
#include "qushu/quality/quality.h"
#include "qushu/sharing/desk.h"
#include "qushu/sources/sources.h"

namespace qushu::opendata {

[[nodiscard]] std::span<const store::Migration> migrations();
// opendata.level, opendata.k, opendata.check_time …
[[nodiscard]] std::span<const SettingSpec> settings();

// /api/v1/open/releases…, /api/v1/open/check, /api/v1/open/licences: for stewards and the data authority.
void add_release_routes(http::Router& router, Releases& releases);

// What the public's addresses need.
class Ckan;
class Portal;
class PortalForms;
struct PublicDeps {
  const Settings& settings;
  engine::Engine& engine;
  audit::Audit& audit;
  Shelf& shelf;
  const PublicView& view;
  std::filesystem::path scratch;  // for files that are made before they are sent
  // For stewards, by token.
  store::Store& store;
  blob::BlobStore& blobs;
  jobs::Jobs& jobs;
  identity::Identity& identity;
  catalog::Catalog& catalog;
  catalog::Entries& entries;
  const sharing::Desk& desk;
  ingest::Imports& imports;
  sources::Sources& sources;
  // For what the public asks, reports and is told.
  Asks& asks;
  const Boundaries& boundaries;
  quality::Corrections& corrections;
  const quality::Quality& quality;
  std::string form_key;  // that forms are signed with
  const Clock& clock;
};
// The public side: CKAN Action API v3 (/api/3/action/…, /api/action/…), whose actions that change something are for stewards
// by token, the portal's pages, DCAT-AP, and the files at /open/dataset/{name}/data.csv …. Outlives the router.
class PublicSide {
 public:
  explicit PublicSide(PublicDeps deps);
  ~PublicSide();
  // Makes the job kinds known; once.
  void register_jobs();
  void add_routes(http::Router& router) const;

 private:
  std::unique_ptr<Ckan> ckan_;
  std::unique_ptr<Portal> portal_;
  std::unique_ptr<PortalForms> forms_;
};

}  // namespace qushu::opendata
