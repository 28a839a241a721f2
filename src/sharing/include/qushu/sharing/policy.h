// The policy: the one place that decides who sees which dataset, and how it is shown to her. Rows, SQL, export, preview,
// profile and facets all read a dataset through the View that compile() makes, never its files.
//
// Until grants exist, a dataset is visible to its own department (and those above it), to the people and departments that it
// names as readers, and to those who may everything; what is visible is visible whole.
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

namespace qushu::sharing {

// What a caller may know of.
[[nodiscard]] catalog::Visibility visibility(const Actor& actor);
// Whether the caller may import into, describe, publish and roll back this dataset; forbidden says why not.
[[nodiscard]] Result<void> check_steward(const Actor& actor, const catalog::Dataset& dataset);
[[nodiscard]] Result<void> check_steward(const Actor& actor, std::string_view department_id);

// A dataset's version as this caller sees it.
struct Shown {
  catalog::Dataset dataset;
  catalog::Version version;
  std::vector<catalog::Field> fields;        // those that she sees, in order
  std::string select;                        // SELECT …: the rows that she sees, for use as a subquery; first column `_id`
  std::vector<std::filesystem::path> files;  // what it reads
};

class Policy {
 public:
  Policy(const catalog::Catalog& catalog, const blob::BlobStore& blobs) : catalog_(catalog), blobs_(blobs) {}
  // not_found when she may not know of it. `version` 0: the current one.
  [[nodiscard]] Result<Shown> compile(const Actor& actor, std::string_view code, std::int64_t version = 0) const;
  // Everything that she may name in SQL: each dataset under its code (columns by identifier) and under its title (columns by
  // name).
  [[nodiscard]] Result<engine::SandboxSpec> sandbox(const Actor& actor) const;

 private:
  const catalog::Catalog& catalog_;
  const blob::BlobStore& blobs_;
};

}  // namespace qushu::sharing
