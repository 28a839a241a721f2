// What comes from outside before anybody is asked: queries of the catalogue, and bodies of CKAN's actions.
#include <cstddef>
#include <cstdint>

#include "ckan.h"
#include "solr.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu::opendata;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_query(text));
  static_cast<void>(terms_of(text));
  for (const char* type : {"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"})
    if (auto params = params_of_body(type, text))
      for (const char* key : {"id", "rows", "filters"}) {
        static_cast<void>(params->text(key));
        static_cast<void>(params->count(key, 1, 10));
        static_cast<void>(params->list(key));
        static_cast<void>(params->value(key));
      }
  return 0;
}
