// Inside the module: correction tickets as they stand in the store.
#pragma once

#include <string_view>

#include "qushu/quality/corrections.h"
#include "qushu/store/store.h"

namespace qushu::quality {

[[nodiscard]] std::string_view correction_columns();
[[nodiscard]] Correction correction_of(const store::Row& row);
[[nodiscard]] Result<void> insert_correction(store::Transaction& t, const Correction& c);
[[nodiscard]] Result<void> update_correction(store::Transaction& t, const Correction& c);

}  // namespace qushu::quality
