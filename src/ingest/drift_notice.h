// Who uses a dataset is told when what it is made of changes.
#pragma once

#include "qushu/catalog/catalog.h"
#include "qushu/identity/identity.h"
#include "qushu/ingest/drift.h"
#include "qushu/store/store.h"

namespace qushu::ingest {

// A notice to those who may read the dataset by name and to those who have read it within the setting `ingest.notice_days`.
[[nodiscard]] Result<void> tell_consumers(store::Transaction& t, identity::Identity& identity, const Settings& settings,
                                          Time now, const catalog::Dataset& dataset, const std::vector<Drift>& drifts);

}  // namespace qushu::ingest
