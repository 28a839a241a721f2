// Inside the module: the open packages in memory, by words, fields and facets, and in every order that is asked for.
//
// A package keeps its slot; one that changed gets a new one at the end, so that lists of slots only ever grow. Once most slots
// are of packages that are gone, the index is made anew from those that are there.
//
// Thread-safety: add() and drop() by one thread with nobody else; all the rest by any number at once.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "qushu/opendata/shelf.h"

#include "slots.h"
#include "solr.h"

namespace qushu::opendata {

// `organization groups tags res_format license_id`: the place in it is the number of a facet.
[[nodiscard]] std::optional<std::size_t> facet_of(std::string_view name);

class PackageIndex {
 public:
  void add(PackagePtr made);
  void drop(const std::string& dataset_id);

  // By name, id or dataset id; nullptr: none.
  [[nodiscard]] PackagePtr find(const std::string& name_or_id) const;
  [[nodiscard]] PackagePtr of_resource(const std::string& id, std::size_t& format) const;
  template <class F>
  void each(F&& f) const {
    alive_.each([&](std::size_t slot) { f(*packages_[slot]); });
  }

  // Everything of a query but its facets' titles of licences, which the packages do not know. invalid ("open.query").
  [[nodiscard]] Result<PackagesFound> search(const PackageSearch& query) const;

 private:
  enum Field : std::uint8_t { modified, created, name, rows, title, id, kFields };
  struct SortBy {
    std::optional<Field> field;  // none: the score
    bool descending = false;
  };
  struct Named {
    std::string name, title;
  };
  struct Facet {
    std::vector<Named> values;
    std::unordered_map<std::string, std::uint32_t> by_name;
    std::unordered_map<std::string, std::vector<std::uint32_t>> by_lower_name;
    std::vector<std::vector<std::uint32_t>> of_slot;  // values of each slot
    std::vector<Posting> slots;                       // of each value
  };
  // All packages in one order; `place` of a slot is where it stands in it.
  struct Order {
    std::vector<std::uint32_t> slots, place;
  };
  using Terms = std::map<std::string, Posting, std::less<>>;

  void value(std::size_t facet, std::size_t slot, const std::string& name, const std::string& title);
  void compact();
  [[nodiscard]] Slots everything() const { return Slots(packages_.size(), true); }
  [[nodiscard]] Slots of_terms(const Terms& terms, std::string_view text) const;
  template <class F>
  [[nodiscard]] Slots where(F&& f) const;
  [[nodiscard]] Result<Slots> word(const QueryNode& node) const;
  [[nodiscard]] Slots of_facet(const Facet& facet, const QueryNode& node) const;
  [[nodiscard]] Result<Slots> range(const QueryNode& node) const;
  [[nodiscard]] Result<Slots> eval(const QueryNode& node) const;
  [[nodiscard]] static Result<std::vector<SortBy>> sort_of(std::string_view text, bool worded);
  [[nodiscard]] static std::strong_ordering compare(Field field, const Package& a, const Package& b);
  [[nodiscard]] const Order& order(Field field, bool descending) const;
  [[nodiscard]] std::vector<std::uint32_t> scores(std::string_view text, const Slots& matching) const;
  [[nodiscard]] std::vector<std::uint32_t> page(const Slots& matching, std::size_t count, const std::vector<SortBy>& sort,
                                                std::string_view worded, std::size_t begin, std::size_t end) const;
  [[nodiscard]] std::vector<FacetValue> count(const Facet& facet, const Slots& matching, std::size_t hits,
                                              const PackageSearch& query) const;

  std::vector<PackagePtr> packages_;  // by slot; nullptr: gone
  Slots alive_{0};
  std::unordered_map<std::string, std::size_t> by_dataset_, by_name_, by_id_;
  std::unordered_map<std::string, std::pair<std::size_t, std::size_t>> by_resource_;  // slot, format
  Terms terms_, title_terms_;
  std::array<Facet, 5> facets_;
  mutable std::mutex ordering_;
  mutable std::array<std::array<std::optional<Order>, 2>, kFields> orders_;  // made when first asked for
};

}  // namespace qushu::opendata
