// A dataset as a document of the index, and the facets' values packed into one word for it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <xapian.h>

#include "qushu/catalog/catalog.h"
#include "qushu/catalog/classification.h"

namespace qushu::catalog {

// Slots of values.
inline constexpr Xapian::valueno kComboSlot = 0, kChangedSlot = 1, kTitleSlot = 2, kRowsSlot = 3;
// Prefixes of boolean terms.
inline constexpr std::string_view kKind = "XK", kDepartment = "XD", kReader = "XR", kTag = "XT", kUnique = "Q";

struct Dimension {
  std::string_view name;
  const std::vector<std::string> Search::* chosen;
  std::string Dataset::* value;  // nullptr: classifications, of which there may be several
};
[[nodiscard]] std::span<const Dimension> dimensions();
inline constexpr std::size_t kDepartmentDimension = 0;  // its place among them
[[nodiscard]] std::string filter_prefix(const Dimension& dimension);

// The values of all dimensions of a dataset as one text: datasets that share it are counted together.
[[nodiscard]] std::string combo_of(const Dataset& dataset);
// Of each dimension what combo_of() packed; of the classification all its classes in one, told apart by classes_of().
[[nodiscard]] std::vector<std::string_view> parts_of(std::string_view combo);
[[nodiscard]] std::vector<std::string> classes_of(std::string_view part);

// Ascending order of these is the order of the sort; each is unique.
[[nodiscard]] std::string changed_key(const Dataset& dataset);
[[nodiscard]] std::string title_key(const Dataset& dataset);
[[nodiscard]] std::string rows_key(const Dataset& dataset);
[[nodiscard]] std::string number_value(std::uint64_t value);

// `indexed` is what is shown (the face or the working copy), `dataset` whose it is.
[[nodiscard]] Xapian::Document document_of(const Dataset& indexed, const Dataset& dataset, std::string_view kind,
                                           std::uint32_t combo);

}  // namespace qushu::catalog
