#include "qushu/audit/readers.h"

namespace qushu::audit {

Result<std::vector<std::string>> readers(store::Session& s, std::string_view object_kind, std::string_view object_id,
                                         Time since) {
  QS_TRY(auto rows,
         s.query("SELECT DISTINCT person_id FROM access_count WHERE object_kind = ? AND object_id = ? AND day >= ? AND "
                 "person_id <> '' ORDER BY person_id",
                 {object_kind, object_id, to_iso(since).substr(0, 10)}));
  std::vector<std::string> people;
  for (const auto& row : rows) people.push_back(row.text(0));
  return people;
}

}  // namespace qushu::audit
