// Notices: what a person should know and need not do, kept until she puts it away. On her home page.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::notify {

struct Notice {
  std::string id, kind, link;
  Text title, detail;
  Time at;
};

[[nodiscard]] std::span<const store::Migration> notice_migrations();

// Tells each of these people, as part of `t`.
[[nodiscard]] Result<void> tell(store::Transaction& t, const std::vector<std::string>& people, const Notice& notice);
// The newest first.
[[nodiscard]] Result<std::vector<Notice>> notices_of(store::Session& s, std::string_view person_id, std::size_t limit);
// not_found when it is not hers.
[[nodiscard]] Result<void> put_away(store::Transaction& t, std::string_view person_id, std::string_view id);

// /api/v1/notices…
void add_notice_routes(http::Router& router, store::Store& store);

}  // namespace qushu::notify
