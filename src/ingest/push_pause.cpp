#include "push_pause.h"

namespace qushu::ingest {

Result<bool> pushes_paused(store::Session& s, std::string_view dataset_id) {
  QS_TRY(auto row, s.one("SELECT job_id FROM push_pause WHERE dataset_id = ?", {dataset_id}));
  if (!row) return false;
  return jobs::is_open(s, row->text(0));
}

Result<void> pause_pushes(store::Store& store, std::string_view dataset_id, const jobs::Job& job) {
  if (job.attempts <= 1) return {};
  return store.write([&](store::Transaction& t) -> Result<void> {
    // Who asked first keeps it; two that have to start over are no danger to each other for longer than that.
    QS_TRY(auto paused, pushes_paused(t, dataset_id));
    if (paused) return {};
    QS_CHECK(
        t.exec("INSERT INTO push_pause (dataset_id, job_id) VALUES (?, ?) ON CONFLICT (dataset_id) DO UPDATE SET job_id = "
               "excluded.job_id",
               {dataset_id, job.id}));
    return {};
  });
}

}  // namespace qushu::ingest
