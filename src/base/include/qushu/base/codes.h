// Check digits and formats of the codes that a district's files carry (unified social credit codes, citizen IDs, region codes,
// telephones, bank cards, e-mail). Plain ASCII as the standards write it: full-width digits, spaces and signs around a code
// make it a wrong one. An empty text is none of them.
//
// Thread-safety: plain functions.
#pragma once

#include <string_view>

namespace qushu {

// GB 32100-2015: 18 characters, the last one checks the others. The first two, whatever they mean, are not judged.
[[nodiscard]] bool is_credit_code(std::string_view text);
// Whether the organisation's own code within it (characters 9 to 17, GB 11714) has its check digit. Codes that were handed out
// without one are in use: a failure is worth a warning, never a rejection.
[[nodiscard]] bool has_organisation_code(std::string_view text);
// GB 11643: 18 characters, the date must exist, the last one checks the others; a small x is read as X.
[[nodiscard]] bool is_citizen_id(std::string_view text);
// GB/T 2260 (6 digits), with the street (9) and the village (12) of GB/T 10114. Only the form: whether the region exists is a
// question for a reference table.
[[nodiscard]] bool is_region_code(std::string_view text);
// A mobile number of 11 digits.
[[nodiscard]] bool is_mobile(std::string_view text);
// An area code and 7 or 8 digits, with or without a hyphen between.
[[nodiscard]] bool is_landline(std::string_view text);
// 12 to 19 digits with the check digit of Luhn.
[[nodiscard]] bool is_bank_card(std::string_view text);
[[nodiscard]] bool is_email(std::string_view text);

}  // namespace qushu
