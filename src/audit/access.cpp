#include "qushu/audit/access.h"

namespace qushu::audit {

Result<std::vector<Reading>> readings(store::Session& s, std::string_view object_kind, std::string_view object_id,
                                      std::string_view since_day) {
  // PostgreSQL makes numerics of sums.
  QS_TRY(auto rows,
         s.query(
             "SELECT person_id, method, CAST(sum(calls) AS BIGINT), CAST(sum(row_count) AS BIGINT), max(day) FROM "
             "access_count WHERE object_kind = ? AND object_id = ? AND day >= ? GROUP BY person_id, method ORDER BY person_id, "
             "method",
             {object_kind, object_id, since_day}));
  std::vector<Reading> out;
  for (const auto& row : rows)
    out.push_back({.person_id = row.text(0),
                   .method = row.text(1),
                   .calls = row.integer(2),
                   .rows = row.integer(3),
                   .last_day = row.text(4)});
  return out;
}

}  // namespace qushu::audit
