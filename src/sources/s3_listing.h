// Answers of S3: a page of ListObjectsV2, and errors.
#pragma once

#include "qushu/sources/sources.h"

namespace qushu::sources {

struct Listing {
  std::vector<File> files;  // names are whole keys
  bool truncated = false;
  std::string next;  // continuation token
};
// invalid when it is no listing, or not well-formed.
[[nodiscard]] Result<Listing> parse_listing(std::string_view xml);
// "AccessDenied" of an <Error>; empty when it is none.
[[nodiscard]] std::string error_code(std::string_view xml);

}  // namespace qushu::sources
