// Proposals for the grade of each field, from its name and from what its values look like: check digits where there are any,
// forms otherwise. A proposal is one, with its reason; a person confirms (Entries::grade).
//
// Which kind of data has which grade is the setting catalog.grading_levels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {

struct FieldSample {
  std::string id, name;
  std::vector<std::string> values;  // not empty ones; a sample of the field, of any order
};

struct GradeProposal {
  std::string id;
  std::string category;  // "citizen_id", "phone" …, or "general"
  Text category_name;
  std::string level;
  Text reason;
  std::uint64_t checked = 0, matched = 0;  // values
};

[[nodiscard]] GradeProposal propose_grade(const FieldSample& sample, std::string_view levels);
// Why `levels` ("citizen_id=3 phone=3 …") cannot be used, or success.
[[nodiscard]] Result<void> check_grading_levels(std::string_view levels);
inline constexpr std::string_view kGradingLevels =
    "biometric=4 health=4 bank_card=4 citizen_id=3 passport=3 phone=3 home_address=3 minor=3 income=3 location=3 plate=2 "
    "birth=2 email=2 person_name=2 address=2 credit_code=1 general=1";

}  // namespace qushu::catalog
