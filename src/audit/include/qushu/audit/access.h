// Who read what, from the counters that Audit::count_access() keeps: for those who must tell the readers of a dataset
// something. Counters that are still in memory are written by Audit::flush().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/store/store.h"

namespace qushu::audit {

struct Reading {
  std::string person_id, method;  // "rows", "export", "profile", "sql" …
  std::int64_t calls = 0, rows = 0;
  std::string last_day;  // "2026-11-23"
};

// Summed over the days from `since_day` on, by person and method.
[[nodiscard]] Result<std::vector<Reading>> readings(store::Session& s, std::string_view object_kind, std::string_view object_id,
                                                    std::string_view since_day);

}  // namespace qushu::audit
