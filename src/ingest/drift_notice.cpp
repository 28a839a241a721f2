#include "drift_notice.h"

#include <set>

#include <fmt/format.h>

#include "qushu/audit/readers.h"
#include "qushu/notify/notices.h"

namespace qushu::ingest {

Result<void> tell_consumers(store::Transaction& t, identity::Identity& identity, const Settings& settings, Time now,
                            const catalog::Dataset& dataset, const std::vector<Drift>& drifts) {
  std::set<std::string> people;
  for (const auto& reader : dataset.readers) {
    if (identity.person(reader)) people.insert(reader);
    QS_TRY(auto members, identity.people({.department_id = reader, .limit = 500}));
    for (const auto& m : members) people.insert(m.id);
  }
  QS_TRY(auto read, audit::readers(t, "dataset", dataset.id, now - std::chrono::days(settings.integer("ingest.notice_days"))));
  people.insert(read.begin(), read.end());
  return notify::tell(t, {people.begin(), people.end()},
                      {.id = {},
                       .kind = "drift",
                       .link = "/datasets/" + dataset.code,
                       .title = {fmt::format("“{}”的来源结构变了", dataset.title),
                                 fmt::format("The source of “{}” has changed", dataset.title)},
                       .detail = summary(drifts),
                       .at = now});
}

}  // namespace qushu::ingest
