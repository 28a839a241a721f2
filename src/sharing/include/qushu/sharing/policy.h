// The policy: the one place that decides who sees which dataset, and how it is shown to her. Rows, SQL, export, preview,
// profile and facets all read a dataset through what compile() makes, never its files.
//
// Until grants exist, a dataset is visible to its own department (and those above it), to the people and departments that it
// names as readers, and to those who may everything; what is visible is visible whole. A withdrawn dataset is visible to its
// stewards only. A published entry (catalog/entry.h) makes a dataset known to everybody who may see the catalogue, never its
// data: that is desk.h's.
//
// Thread-safety: a Policy may be used from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/error.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"

namespace qushu::sharing {

// What a caller may know of.
[[nodiscard]] catalog::Visibility visibility(const Actor& actor);
// Whether the caller may import into, describe, publish and roll back datasets of this department; forbidden says why not.
[[nodiscard]] Result<void> check_steward(const Actor& actor, std::string_view department_id);
[[nodiscard]] Result<void> check_steward(const Actor& actor, const catalog::Dataset& dataset);

// A dataset's version as this caller sees it.
struct Shown {
  catalog::Dataset dataset;
  catalog::Version version;
  std::vector<catalog::Field> fields;        // those that she sees, in order, as described today
  std::string select;                        // SELECT …: the rows that she sees, for use as a subquery; first column `_id`
  std::vector<std::filesystem::path> files;  // what it reads
};

class Policy {
 public:
  Policy(const catalog::Catalog& catalog, const blob::BlobStore& blobs) : catalog_(catalog), blobs_(blobs) {}
  // not_found when she may not know of it; conflict when nothing has been published. `version` 0: the current one.
  [[nodiscard]] Result<Shown> compile(const Actor& actor, std::string_view code, std::int64_t version = 0) const;
  // What she may name in SQL: each dataset under its code (columns by identifier) and under its title (columns by name). Views
  // are made only of the datasets that `sql` can mean, since each costs a look into its files; all names are there for
  // suggestions.
  [[nodiscard]] Result<engine::SandboxSpec> sandbox(const Actor& actor, std::string_view sql) const;
  // Every dataset with something published that she may read.
  [[nodiscard]] Result<std::vector<catalog::Dataset>> readable(const Actor& actor) const;

 private:
  [[nodiscard]] Result<Shown> show(catalog::Dataset dataset, std::int64_t version) const;

  const catalog::Catalog& catalog_;
  const blob::BlobStore& blobs_;
};

// /api/v1/datasets, /datasets/{code}, …/versions, …/rollback, …/withdraw: the catalogue as each caller may know it.
class Desk;  // desk.h
void add_routes(http::Router& router, catalog::Catalog& catalog, identity::Identity& identity, const Desk& desk);

}  // namespace qushu::sharing
