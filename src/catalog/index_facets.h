// What facets are counted from: of each document of the index the values of all dimensions, as small numbers in memory, so that
// counting a hundred thousand documents takes no longer than looking at as many numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <xapian.h>

#include "index.h"
#include "index_document.h"

namespace qushu::catalog {

// Of one revision of the index; never changed once it is handed out.
struct FacetTable {
  std::string generation;  // of the index that it was read from
  Xapian::rev revision = 0;
  std::vector<std::uint32_t> combo_of;           // document → combination; kNone where there is no document
  std::size_t combos = 0;                        // combinations
  std::vector<std::uint32_t> numbers;            // combination × dimension → value
  std::vector<std::vector<std::string>> values;  // dimension → value → its text, as combo_of() packs it
  static constexpr std::uint32_t kNone = UINT32_MAX;
};

// Keeps the table of the newest revision asked for. Thread-safe.
class FacetTables {
 public:
  // The table of exactly what `db` sees. Throws Xapian::Error.
  [[nodiscard]] std::shared_ptr<const FacetTable> of(const Xapian::Database& db);

 private:
  using Known = std::vector<std::unordered_map<std::string, std::uint32_t>>;
  void learn(const Xapian::Database& db, FacetTable& table);

  std::mutex mutex_;
  std::shared_ptr<const FacetTable> last_;
  Known known_;  // dimension → text → value, of last_
};

// Counts the documents of each combination while they are matched.
class FacetCounter final : public Xapian::MatchSpy {
 public:
  explicit FacetCounter(const FacetTable& table) : table_(table), counts_(table.combos) {}
  void operator()(const Xapian::Document& document, double) override {
    auto id = document.get_docid();
    if (id < table_.combo_of.size() && table_.combo_of[id] < counts_.size()) ++counts_[table_.combo_of[id]];
  }
  [[nodiscard]] const std::vector<std::uint32_t>& counts() const { return counts_; }

 private:
  const FacetTable& table_;
  std::vector<std::uint32_t> counts_;
};

// The total and the facets from what was counted. A document counts for a facet when it fits what is chosen in all others.
// `chosen`: per dimension, the classification with all that stands below; empty: anything.
void fold(const FacetTable& table, const std::vector<std::uint32_t>& counts,
          const std::vector<std::vector<std::string>>& chosen, const std::vector<Node>& tree, SearchIndex::Hits& hits);

}  // namespace qushu::catalog
