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
  std::vector<Xapian::docid> newest;             // of the documents changed last, in the order of their numbers
  static constexpr std::uint32_t kNone = UINT32_MAX;
};

// Keeps the table of the newest revision asked for. Thread-safe.
class FacetTables {
 public:
  // The table of exactly what `db` sees. Throws Xapian::Error.
  [[nodiscard]] std::shared_ptr<const FacetTable> of(const Xapian::Database& db);
  // What was counted of a query over this table, and keeping it: the pages of one search, and the catalogue's front page, are
  // counted once per revision.
  using Counts = std::shared_ptr<const std::vector<std::uint32_t>>;
  [[nodiscard]] Counts counted(const FacetTable& table, const std::string& query) const;
  void keep(const FacetTable& table, const std::string& query, Counts counts);

 private:
  using Known = std::vector<std::unordered_map<std::string, std::uint32_t>>;
  void learn(const Xapian::Database& db, FacetTable& table);

  mutable std::mutex mutex_;
  std::shared_ptr<const FacetTable> last_;
  std::vector<std::pair<std::string, Counts>> counted_;  // of last_, the newest last
  Known known_;                                          // dimension → text → value, of last_
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

// Matches the given documents, which are in the order of their numbers and outlive it.
class ListedDocuments final : public Xapian::PostingSource {
 public:
  explicit ListedDocuments(const std::vector<Xapian::docid>& list) : list_(list) {}
  [[nodiscard]] Xapian::doccount get_termfreq_min() const override { return 0; }
  [[nodiscard]] Xapian::doccount get_termfreq_est() const override { return static_cast<Xapian::doccount>(list_.size()); }
  [[nodiscard]] Xapian::doccount get_termfreq_max() const override { return static_cast<Xapian::doccount>(list_.size()); }
  void init(const Xapian::Database&) override { next_ = 0; }
  void next(double) override { ++next_; }
  void skip_to(Xapian::docid id, double) override;
  [[nodiscard]] bool at_end() const override { return next_ > list_.size(); }
  [[nodiscard]] Xapian::docid get_docid() const override { return list_[next_ - 1]; }

 private:
  const std::vector<Xapian::docid>& list_;
  std::size_t next_ = 0;  // one behind the current document
};

// What is chosen in a search: per dimension, the classification with all that stands below; empty: anything. A document is
// of a class also when it is of the class's department.
struct Chosen {
  std::vector<std::vector<std::string>> values;
  std::vector<std::string> departments_of_classes;
};

// The total and the facets from what was counted. A document counts for a facet when it fits what is chosen in all others.
void fold(const FacetTable& table, const std::vector<std::uint32_t>& counts, const Chosen& chosen,
          const std::vector<Node>& tree, SearchIndex::Hits& hits);

}  // namespace qushu::catalog
