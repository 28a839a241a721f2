// Inside the module: the public portal's pages, made on the server, whole without a script.
//
// Pages are kept in memory by their address and language until something in the store changes.
#pragma once

#include <memory>

#include "ckan.h"

namespace qushu::opendata {

class Portal {
 public:
  explicit Portal(const PublicDeps& deps);
  ~Portal();
  // /open/…, /sitemap.xml, /robots.txt
  void add_routes(http::Router& router) const;

 private:
  struct Pages;
  std::unique_ptr<Pages> pages_;
};

}  // namespace qushu::opendata
