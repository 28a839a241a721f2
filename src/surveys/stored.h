// Inside the module: what its sources share about how surveys are kept.
#pragma once

#include "qushu/surveys/surveys.h"

namespace qushu::surveys {

// What a link's token is kept as.
[[nodiscard]] std::string hash_of(std::string_view code, std::string_view token);
[[nodiscard]] Failure no_survey();
[[nodiscard]] Result<void> manager_only(const Actor& actor);
// The number under which an answer is kept: random, so that it says nothing.
[[nodiscard]] std::int64_t random_number();
[[nodiscard]] Result<void> put_answer(store::Transaction& t, std::string_view survey, std::string_view answers,
                                      const std::optional<std::string>& counted);
[[nodiscard]] std::string answers_text(const Answers& answers);
[[nodiscard]] Answers answers_of(std::string_view text);

}  // namespace qushu::surveys
