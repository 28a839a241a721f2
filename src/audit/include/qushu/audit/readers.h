// Who has read what, from the counts of accesses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/store/store.h"

namespace qushu::audit {

// The ids of the people who have read the object since that day, by what Audit::flush() has written.
[[nodiscard]] Result<std::vector<std::string>> readers(store::Session& s, std::string_view object_kind,
                                                       std::string_view object_id, Time since);

}  // namespace qushu::audit
