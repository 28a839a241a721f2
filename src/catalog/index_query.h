// One search over an open index: what the words and the caller's visibility let through, counted by facet, and a page of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <xapian.h>

#include "index.h"
#include "index_facets.h"

namespace qushu::catalog {

// The words as a query: every one must occur, as it is written, as the beginning of a word, or by its reading. Nothing of it is
// syntax.
[[nodiscard]] Xapian::Query words_query(std::string_view text);
// `facets` counts over what `db` sees. Throws Xapian::Error.
[[nodiscard]] Result<SearchIndex::Hits> run_search(Xapian::Database& db, FacetTables& facets, const Visibility& who,
                                                   const Search& query, const std::vector<Node>& tree);

}  // namespace qushu::catalog
