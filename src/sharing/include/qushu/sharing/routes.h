// The routes of what stands on grants: keys, use, records, watermarks, and the rules above them.
#pragma once

#include <filesystem>

#include "qushu/http/router.h"
#include "qushu/sharing/key.h"
#include "qushu/sharing/meter.h"
#include "qushu/sharing/record.h"
#include "qushu/sharing/rules.h"
#include "qushu/sharing/watermark.h"

namespace qushu::sharing {

struct GrantUse {
  Keys& keys;
  const Grants& grants;
  const Meter& meter;
  const Records& records;
  const Watermarks& watermarks;
  const Clock& clock;
  std::filesystem::path scratch;
};

// /api/v1/sharing/keys…, /sharing/grants/{id}/usage, /sharing/grants/{id}/records, /sharing/watermarks
void add_grant_use_routes(http::Router& router, const GrantUse& use);
// /api/v1/sharing/rules…, /sharing/purposes/{code}
void add_rule_routes(http::Router& router, Rules& rules);

}  // namespace qushu::sharing
