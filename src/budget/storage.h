// Inside the module: a version's content in the tables budget_SECTION, one for each section, a column for each member.
#pragma once

#include "qushu/budget/content.h"
#include "qushu/store/store.h"

namespace qushu::budget {

[[nodiscard]] Result<Content> load_content(store::Session& s, std::string_view budget, std::int64_t version);
// Replaces what was there.
[[nodiscard]] Result<void> keep_content(store::Transaction& t, std::string_view budget, std::int64_t version,
                                        const Content& content);

}  // namespace qushu::budget
