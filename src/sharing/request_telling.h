// Inside the module: what people are told of a request, and the limits of a grant.
#pragma once

#include "qushu/notify/notify.h"
#include "qushu/sharing/request.h"

namespace qushu::sharing {

// Who is told what when this step has brought the request to where it is; to nobody: no people and no duties.
[[nodiscard]] notify::Message told_of(const SharingRequest& request, std::string_view action);
// How near the end of the provider's clock is: 0 far, 1 within `warn_days`, 2 the last day, 3 late.
[[nodiscard]] int urgency(const calendar::Standing& standing, int warn_days);
[[nodiscard]] notify::Message warning_of(const SharingRequest& request, int urgency);

}  // namespace qushu::sharing
