// Inside the module: what harvests.cpp and harvest_run.cpp share.
#pragma once

#include "remote.h"

namespace qushu::opendata {

inline constexpr std::string_view kHarvestJob = "opendata.harvest";
inline constexpr std::string_view kRunColumns =
    "id, harvest_id, job_id, cause, person_name, seen_count, created_count, changed_count, unchanged_count, gone_count, "
    "failed_count, whole, created, ended";

// What a catalogue said of a dataset, as it is stored.
[[nodiscard]] inline RemoteDataset said_of(const std::string& text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return !failed && value.is_object() ? remote_of(value.get_object()) : RemoteDataset();
}

}  // namespace qushu::opendata
