// Inside the module: requests as they stand in the store.
#pragma once

#include <string_view>

#include "qushu/sharing/request.h"
#include "qushu/store/store.h"

namespace qushu::sharing {

[[nodiscard]] std::string_view request_columns();
// Which rows the actor sees, as a condition; `box` as of Requests::Filter.
[[nodiscard]] std::string seen_by(const Actor& actor, std::string_view box, store::Params& params);
[[nodiscard]] SharingRequest request_of(const store::Row& row);
[[nodiscard]] Result<void> insert_request(store::Transaction& t, const SharingRequest& r);
[[nodiscard]] Result<void> update_request(store::Transaction& t, const SharingRequest& r);

}  // namespace qushu::sharing
