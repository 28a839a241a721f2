// Inside the module: a filled-in page as a browser sends it.
#pragma once

#include "qushu/surveys/surveys.h"

namespace qushu::surveys {

// Pairs in their order; names and values are UTF-8.
using Form = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kMostForm = std::size_t{256} << 10;  // bytes
inline constexpr std::size_t kMostPairs = 2000;

// A body of application/x-www-form-urlencoded. invalid "survey.form" when it is none.
[[nodiscard]] Result<Form> parse_form(std::string_view body);
// The first value of that name, or "".
[[nodiscard]] std::string text_of(const Form& form, std::string_view name);

// A question's field is "q_CODE".
inline constexpr std::string_view kField = "q_";

struct Filled {
  Answers answers;                                    // only what the survey asks and what can be picked
  std::map<std::string, Text, std::less<>> problems;  // by question; empty: it can be taken
};
[[nodiscard]] Filled read_answers(const Definition& definition, const Form& form);

}  // namespace qushu::surveys
