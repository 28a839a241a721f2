#include "ckan_desk.h"
#include "dcat.h"
#include "downloads.h"
#include "portal.h"
#include "portal_forms.h"

namespace qushu::opendata {

PublicSide::PublicSide(PublicDeps deps)
    : ckan_(std::make_unique<Ckan>(std::move(deps))),
      portal_(std::make_unique<Portal>(ckan_->deps())),
      forms_(std::make_unique<PortalForms>(ckan_->deps())) {}
PublicSide::~PublicSide() = default;

void PublicSide::register_jobs() {
  ckan_->desk().register_jobs();
}

void PublicSide::add_routes(http::Router& router) const {
  add_ckan_routes(router, *ckan_);
  portal_->add_routes(router);
  forms_->add_routes(router);
  add_dcat_routes(router, ckan_->deps());
  add_download_routes(router, ckan_->deps());
}

}  // namespace qushu::opendata
