// Inside the module: the query language of the public's catalogue, as a tree.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::opendata {

struct QueryNode {
  enum class Kind : std::uint8_t { all, word, range, both, either, none_of };
  Kind kind = Kind::all;
  std::string field;          // of word and range; empty: anywhere
  std::string text;           // of word, in lower case
  bool prefix = false;        // word*
  std::string from, to;       // of range; empty: no end
  std::vector<QueryNode> of;  // of both, either; one of none_of
};

// An empty text is everything. invalid ("open.query") says where it cannot be read.
[[nodiscard]] Result<QueryNode> parse_query(std::string_view text);
// What a text is found by: words of letters and digits, and pairs of Chinese characters (one alone where there is only one).
[[nodiscard]] std::vector<std::string> terms_of(std::string_view text);

}  // namespace qushu::opendata
