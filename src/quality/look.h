// Inside the module: what every field of a version looks like, as far as rules can be made of it. It comes from the version's
// profile (query/profile.h); only what that does not tell is counted, in one scan of the fields concerned. A profile of an
// earlier version (`as_of`) is near enough for estimates but not for counts that a person confirms, and is not used.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "stored.h"

namespace qushu::quality {

// The formats that a text may turn out to have.
inline constexpr std::array<std::string_view, 7> kTried{"credit_code", "citizen_id", "mobile",     "landline",
                                                        "bank_card",   "email",      "region_code"};
inline constexpr std::size_t kMobile = 2, kLandline = 3;
inline constexpr double kMostly = 0.95;  // of the values: the rest are errors rather than another meaning

struct Look {
  std::int64_t values = 0, distinct = 0;
  bool distinct_exact = false;
  std::int64_t blank = 0, shortest = 0, longest = 0;  // of texts, in characters
  // How many values are of each format; 0 also where so many are not that it cannot be the field's.
  std::array<std::int64_t, kTried.size()> fits{};
  bool negative = false, future = false;
  std::optional<double> greatest;                 // of numbers
  std::optional<std::vector<std::string>> words;  // every value but the empty one, the commonest first, when known
};

struct Looks {
  std::int64_t rows = 0;
  std::vector<Look> fields;  // as Shown::fields
  bool from_profile = false;
};

[[nodiscard]] Result<Looks> look_at(const Deps& deps, const sharing::Shown& shown, const engine::Limits& limits);

}  // namespace qushu::quality
