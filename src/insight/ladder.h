// How a field is coarsened, step by step, and what SQL makes of it.
#pragma once

#include <string>
#include <vector>

#include "qushu/insight/privacy.h"

namespace qushu::insight {

// An expression over the field's column; its values group the rows as a reader of the coarsened field would see them.
[[nodiscard]] std::string coarse_sql(const ChosenField& chosen);

// The steps that can still be taken after `chosen`, gentle ones first; the last leaves the field out.
[[nodiscard]] std::vector<ChosenField> ladder_of(const ChosenField& chosen, const Data& data);

// The profile's entry of a field, or nullptr.
[[nodiscard]] const json::object* profile_of(const Data& data, std::string_view field);

}  // namespace qushu::insight
