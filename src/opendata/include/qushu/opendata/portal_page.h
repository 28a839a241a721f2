// Pages of the portal that other modules fill: its head, its foot and its policy of contents around what they wrote.
//
// Thread-safety: functions may be called from any thread.
#pragma once

#include <string>
#include <string_view>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/http/message.h"
#include "qushu/http/router.h"

namespace qushu::opendata {

struct PortalPage {
  std::string title, description;
  std::string at;    // the part of the portal that is current: "budgets"
  std::string body;  // HTML; whatever is text in it went through html()
};
[[nodiscard]] http::Response portal_page(const http::Request& request, const Settings& settings, const PortalPage& page);
// A page of the portal as a route: anybody reads it, without a name, and it is no part of the API.
[[nodiscard]] http::Route portal_route(const char* path, const char* id, Text summary, http::Handler handler);
// What the visitor chose, or her browser says.
[[nodiscard]] Lang portal_lang(const http::Request& request);
// Text as it stands in HTML, in attributes too.
[[nodiscard]] std::string html(std::string_view text);

}  // namespace qushu::opendata
