// Keeping versions cheap to read: every change adds a part and perhaps a list of deletes, and a dataset into which rows are
// pushed gets one every few seconds. A job (`dataset.compact`) makes small parts one, leaves out the rows that are no more, and
// puts the result in the place of the current version's parts: the same rows under the same `_id`s, so nobody sees a new
// version. Large parts are left as they are until much of them is deleted, so each row is written anew a few times in all, not
// with every change.
//
// What was published meanwhile goes on from the same parts and gets the new ones too. Killed at any moment, it leaves the old
// parts named and some garbage for the sweep.
//
// Thread-safety: a Compaction may be used from any thread.
#pragma once

#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/jobs/jobs.h"
#include "qushu/store/store.h"

namespace qushu::ingest {

class Compaction {
 public:
  struct Deps {
    blob::BlobStore& blobs;
    engine::Engine& engine;
    jobs::Jobs& jobs;
    catalog::Catalog& catalog;
    const Settings& settings;
  };
  explicit Compaction(Deps deps) : deps_(deps) {}
  // Makes the job kind known; once.
  void register_jobs();
  // Queues the job when the version has become dear to read; for Catalog::on_current().
  [[nodiscard]] Result<void> consider(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                      const catalog::Version& version);

 private:
  [[nodiscard]] bool is_due(const catalog::Version& version) const;
  // Which parts are made one: the small ones, or all of them when much is deleted.
  [[nodiscard]] std::vector<std::size_t> choose(const catalog::Version& version) const;
  struct Made;
  [[nodiscard]] Result<Made> rewrite(const catalog::Version& version, const std::function<bool()>& cancelled) const;
  Result<jobs::Finish> run(jobs::Context& context);

  Deps deps_;
};

}  // namespace qushu::ingest
