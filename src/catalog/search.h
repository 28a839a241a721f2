// The two ways to find datasets.
#pragma once

#include "index.h"

namespace qushu::catalog {

// Whether the store alone can answer: no words, no facets, nothing but what the caller may read.
[[nodiscard]] bool is_plain(const Visibility& who, const Search& query);
[[nodiscard]] Result<Found> list(store::Session& s, const Visibility& who, const Search& query);
// What the index found, read from the store. The datasets come without readers.
[[nodiscard]] Result<Found> found_by(store::Session& s, const Visibility& who, const Search& query,
                                     const SearchIndex::Hits& hits, const std::vector<Node>& tree,
                                     const std::map<std::string, std::string>& departments);

}  // namespace qushu::catalog
