// A budget as somebody's program sends it: refused, or read so that it is written as it was read, and its identities checked.
#include <boost/json.hpp>
#include <cstdint>
#include <string_view>

#include "qushu/budget/content.h"
#include "qushu/budget/identities.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  boost::system::error_code failed;
  auto value = boost::json::parse(std::string_view(reinterpret_cast<const char*>(data), size), failed);
  if (failed) return 0;
  auto content = budget::content_of(value);
  if (!content) return 0;
  auto written = budget::to_json(*content);
  auto again = budget::content_of(written);
  if (!again || budget::to_json(*again) != written) __builtin_trap();
  static_cast<void>(budget::check_identities(*content, 2026, {}));
  return 0;
}
