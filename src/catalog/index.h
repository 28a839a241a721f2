// The search index: a Xapian database derived from the store. Each dataset has a document of its working copy and, once its
// entry was published, one of its face; a search sees, of each dataset, the one that its caller may know of, and counts facets
// over exactly those.
//
// It holds the change number of the newest dataset that it has seen (Catalog gives every change the next one), so that who
// searches first brings it up to that of the store: an acknowledged change is never missed. One process writes at a time, by
// Xapian's lock; what is missing, stale or damaged is made anew.
//
// Thread-safety: a SearchIndex may be used from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "qushu/catalog/catalog.h"
#include "qushu/catalog/classification.h"

namespace qushu::catalog {

inline constexpr std::string_view kChanges = "change";  // the counter of changes

class SearchIndex {
 public:
  // An empty `folder` is a temporary one, removed with the object.
  [[nodiscard]] static Result<std::unique_ptr<SearchIndex>> open(store::Store& store, const std::filesystem::path& folder);
  virtual ~SearchIndex() = default;

  struct Hits {
    struct One {
      std::string dataset_id;
      bool face = false;  // as published
    };
    std::vector<One> page;
    std::int64_t total = 0;
    std::map<std::string, std::map<std::string, std::int64_t>> facets;  // dimension → value → how many
    std::string next;
  };
  [[nodiscard]] virtual Result<Hits> search(const Visibility& who, const Search& query, const std::vector<Node>& tree) = 0;
  // Reads what was changed since; what search() does first.
  [[nodiscard]] virtual Result<void> catch_up() = 0;
};

}  // namespace qushu::catalog
