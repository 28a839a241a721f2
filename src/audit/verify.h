// The proof that nothing was changed, removed, added or reordered by hand.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "qushu/audit/audit.h"

namespace qushu::audit {

// `own_pem` is the public key that every checkpoint must be signed with, so that a chain rewritten and signed anew is found.
[[nodiscard]] Result<Verdict> verify_chain(store::Store& store, const std::filesystem::path& anchor_file,
                                           const std::string& own_pem, const std::function<void(std::int64_t)>& progress);

}  // namespace qushu::audit
