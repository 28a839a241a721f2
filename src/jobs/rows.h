// Jobs as rows of the store, and as JSON.
#pragma once

#include <string>
#include <string_view>

#include "qushu/jobs/jobs.h"

namespace qushu::jobs {

// The columns that job_of() reads, in order.
inline constexpr std::string_view kJobColumns =
    "id, kind, title_zh, title_en, state, input, output, object_kind, object_id, person_id, person_name, department_id, "
    "progress, step_zh, step_en, done_units, total_units, unit, attempts, max_attempts, error, created, changed, started, "
    "ended, run_after, cancel_asked, lease_owner, actor, backoff";

struct StoredJob {
  Job job;
  std::string lease_owner;
  Actor actor;
  std::chrono::seconds backoff{0};  // 0: the setting
};

[[nodiscard]] StoredJob job_of(const store::Row& row);
[[nodiscard]] std::string to_text(const Actor& actor);
[[nodiscard]] std::string to_text(const Error& error);
[[nodiscard]] bool is_final(State state);

}  // namespace qushu::jobs
