// JSON bodies as they come: whatever the bytes are, checking them ends and says only what is true.
#include <cstdint>
#include <string_view>

#include "qushu/http/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu::http;
  static const Schema shape = schema::object(
      {{"code", schema::text().pattern("^[a-z][a-z0-9_]{0,62}$")},
       {"title", schema::text().length(1, 20)},
       {"n", schema::integer().range(0, 9).optional().nullable()},
       {"fields", schema::array(schema::object({{"type", schema::choice({"a", "b"})}, {"at", schema::time().optional()}}))
                      .length(0, 3)
                      .optional()},
       {"more", schema::map(schema::number()).optional()}});
  boost::system::error_code failed;
  auto value = json::parse(std::string_view(reinterpret_cast<const char*>(data), size), failed);  // NOLINT
  if (failed) return 0;
  auto flaws = check(shape, value);
  if (flaws.size() > 50) __builtin_trap();
  if (flaws.empty() && !(value.is_object() && value.as_object().contains("code") && value.at("title").is_string()))
    __builtin_trap();
  return 0;
}
