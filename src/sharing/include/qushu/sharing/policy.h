// The policy: the one place that decides who sees which dataset, and how it is shown to her. Rows, SQL, export, preview,
// profile and facets all read a dataset through what compile() makes, never its files.
//
// A dataset is read whole by its own department (and those above it), by the people and departments that it names as readers,
// and by those who may everything; by others under a grant (grant.h): the granted fields, masked, of the rows that its filter
// lets through. Of several grants for one use the newest counts. A withdrawn dataset is visible to its stewards only. A
// published entry (catalog/entry.h) makes a dataset known to everybody who may see the catalogue, never its data: that is
// desk.h's.
//
// The sharing rules (rules.h) stand above grants: what they do not allow for a field's level and this use is hidden, whatever
// the grant says. How much is used is counted and limited by the meter (meter.h), which everything that answers under a grant
// asks through admit() before its work and tells through used() after it.
//
// What a grant hides, it hides from everything that is said about the rows. Masks come before any condition, order, facet,
// count or statistic; each column of a filtered row is NULL before the filter is asked, so that no expression of anybody, in
// whatever order the engine evaluates, meets a value of a row that is left out; a filter that cannot be evaluated for a row
// leaves it out without an error.
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
#include "qushu/sharing/grant.h"
#include "qushu/sharing/meter.h"
#include "qushu/sharing/relation.h"
#include "qushu/sharing/rules.h"

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
  std::optional<std::uint64_t> rows;         // how many; nullopt: a filter decides
  std::shared_ptr<const Grant> grant = {};   // none: she reads it whole
  std::shared_ptr<const Masks> masks = {};   // of the grant
  std::string cursor_key = {};               // of a filter: seals what would tell where a row stands among all

  [[nodiscard]] const engine::Rewriter* mask(std::string_view field_id) const;
  // Whether the rows are the version's, so that its profile and index tell of them; masked fields excepted.
  [[nodiscard]] bool all_rows() const { return rows.has_value(); }
  [[nodiscard]] bool masked() const { return masks && !masks->empty(); }
};

// What people's SQL may name, and the grants that it stands on.
struct Sandboxed {
  engine::SandboxSpec spec;
  std::vector<std::shared_ptr<const Grant>> grants;
  std::vector<std::shared_ptr<const void>> keep = {};  // must live as long as the statement runs
  std::vector<std::string> datasets = {};              // codes of those that views were made of
  std::vector<std::string> relations = {};             // names of those that views were made of
};

// A dataset that may be queried, and by which grant.
struct Reached {
  catalog::Dataset dataset;
  std::shared_ptr<const Grant> grant = {};
};

class Policy {
 public:
  // What grants stand on: without it only who reads a dataset whole reads it.
  struct Sharing {
    const Grants& grants;
    const Rules& rules;
    Meter& meter;
  };
  Policy(const catalog::Catalog& catalog, const blob::BlobStore& blobs, std::optional<Sharing> sharing = {})
      : catalog_(catalog), blobs_(blobs), sharing_(sharing) {}
  // Read whole, by those who may: grants do not count. not_found when she may not know of it; conflict when nothing has been
  // published. `version` 0: the current one.
  [[nodiscard]] Result<Shown> compile(const Actor& actor, std::string_view code, std::int64_t version = 0) const;
  // The same, or what a grant shows her by this method; forbidden when her grants are for other methods.
  [[nodiscard]] Result<Shown> compile_for(const Actor& actor, Use use, std::string_view code, std::int64_t version = 0) const;
  // What a grant shows by one of its methods, whoever asks: for deliveries, which go on while nobody is there. Without a
  // method: that the grant holds, and of what. forbidden when it does not, conflict while nothing is published.
  [[nodiscard]] Result<Shown> compile_grant(std::string_view grant_id, std::optional<Use> use) const;
  // What she may name in SQL: each dataset under its code (columns by identifier) and under its title (columns by name). Views
  // are made only of the datasets that `sql` can mean, since each costs a look into its files; all names are there for
  // suggestions.
  [[nodiscard]] Result<Sandboxed> sandbox(const Actor& actor, std::string_view sql) const;
  // Without what she reads under grants: for figures that are kept and shown to others, and for rows that become a dataset of
  // their own.
  [[nodiscard]] Result<Sandboxed> sandbox_whole(const Actor& actor, std::string_view sql) const;
  // What is offered beside the datasets, from now on; must outlive the policy's use.
  void offer(const Relations& relations) { relations_ = &relations; }
  // What of it she may name.
  [[nodiscard]] Result<std::vector<Relation>> relations(const Actor& actor) const;
  // Every dataset with something published that she may read whole.
  [[nodiscard]] Result<std::vector<catalog::Dataset>> readable(const Actor& actor) const;
  // These, and those that a grant lets her query; the fields of each are those that she sees.
  [[nodiscard]] Result<std::vector<Reached>> queryable(const Actor& actor) const;
  // The dataset to whoever uses it: read whole, or through grants that hold now, whatever their methods, and then with their
  // fields alone. For those who may speak about its data, and report an error in it. not_found otherwise.
  [[nodiscard]] Result<catalog::Dataset> in_use(const Actor& actor, std::string_view code) const;
  // Whether what was shown under the grants may still be: asked again and again while an answer is under way.
  [[nodiscard]] bool holds(const Shown& shown) const {
    return !shown.grant || (sharing_ && sharing_->grants.holds(*shown.grant));
  }
  [[nodiscard]] bool holds(const std::vector<std::shared_ptr<const Grant>>& grants) const;

  // Whether one more answer may be given under the grant, if there is one: limited otherwise.
  [[nodiscard]] Result<void> admit(const Actor& actor, const std::shared_ptr<const Grant>& grant,
                                   std::string_view method) const;
  // From memory alone; nullopt: ask admit().
  [[nodiscard]] std::optional<Result<void>> admit_fast(const Actor& actor, const Shown& shown, std::string_view method) const;
  // How many rows may be given; nullopt: all.
  [[nodiscard]] std::optional<std::uint64_t> rows_left(const Shown& shown) const;
  void used(const Actor& actor, const std::shared_ptr<const Grant>& grant, std::string_view method, std::uint64_t rows) const;

 private:
  [[nodiscard]] Result<Shown> show(catalog::Dataset dataset, std::int64_t version) const;
  [[nodiscard]] Result<Shown> narrow(Shown shown, std::shared_ptr<const Grant> grant, Use use) const;
  [[nodiscard]] Result<std::vector<Reached>> reached_whole(const Actor& actor) const;
  [[nodiscard]] Result<void> add_views(Sandboxed& out, std::vector<Reached> datasets, std::string_view sql) const;
  [[nodiscard]] Result<void> add_relations(Sandboxed& out, const Actor& actor, std::string_view sql) const;

  const catalog::Catalog& catalog_;
  const blob::BlobStore& blobs_;
  std::optional<Sharing> sharing_;
  const Relations* relations_ = nullptr;
};

// /api/v1/datasets, /datasets/{code}, …/versions, …/rollback, …/withdraw: the catalogue as each caller may know it.
class Desk;  // desk.h
void add_routes(http::Router& router, catalog::Catalog& catalog, identity::Identity& identity, const Desk& desk);

}  // namespace qushu::sharing
