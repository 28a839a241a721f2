// Flushes that give way. An append or an upsert is worked out against a version, and while it is, a flush of pushed rows may
// publish another one, again and again. So an import or a run that has to start over asks the flushes of its dataset to wait:
// what is pushed stays in its batches, and no flush of the dataset is published until that job has ended, however it ends.
#pragma once

#include <string_view>

#include "qushu/base/error.h"
#include "qushu/jobs/jobs.h"
#include "qushu/store/store.h"

namespace qushu::ingest {

// Before the job reads the version that it goes on from. Does nothing at its first attempt.
[[nodiscard]] Result<void> pause_pushes(store::Store& store, std::string_view dataset_id, const jobs::Job& job);
// Whether a job that has not ended asked for it.
[[nodiscard]] Result<bool> pushes_paused(store::Session& s, std::string_view dataset_id);

}  // namespace qushu::ingest
