// Jobs that must not all run at once: those of one lane wait for each other; and jobs with attempts and pauses of their own.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "qushu/jobs/jobs.h"

namespace qushu::jobs {

struct Terms {
  std::string lane = {};          // "": none
  int lane_limit = 1;             // how many of the lane run at the same time
  int max_attempts = 0;           // 0: as its kind says
  std::chrono::seconds pause{0};  // before the second attempt, doubled with each; 0: the setting jobs.backoff
};

// Of a job that was just added, in the same transaction.
[[nodiscard]] Result<void> set_terms(store::Transaction& t, std::string_view job_id, const Terms& terms);

// Whether the queue will try the job again after this error.
[[nodiscard]] bool tries_again(const Job& job, const Error& error);

}  // namespace qushu::jobs
