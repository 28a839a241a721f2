// Inside the module: a dataset that may be proposed for release, as it stands.
#pragma once

#include <algorithm>

#include "qushu/opendata/release.h"

namespace qushu::opendata {

struct Releases::Subject {
  catalog::Dataset dataset;
  catalog::Entry entry;  // as published
  catalog::Version version;
  std::vector<catalog::Field> fields;  // of the version, graded as today
};

[[nodiscard]] inline bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

// conflict says why the dataset cannot be open: nothing published, no published entry, or one that says otherwise.
[[nodiscard]] Result<void> check_open(const catalog::Dataset& dataset, const catalog::Entry& entry);
// The fields of a version with what is said of them today.
[[nodiscard]] std::vector<catalog::Field> fields_today(const catalog::Dataset& dataset, const catalog::Version& version);

}  // namespace qushu::opendata
