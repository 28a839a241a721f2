// What the demo district's people answered to surveys: to the built-in `satisfaction`, open for a year, and to a review that is
// over. The same seed always makes the same answers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qushu::demo {

using Answers = std::map<std::string, std::vector<std::string>, std::less<>>;

// So many days ago, these came in.
struct AnsweredDay {
  int days_ago = 0;
  std::vector<Answers> answers;
};

// To the built-in survey, from a year ago until today.
[[nodiscard]] std::vector<AnsweredDay> satisfaction_answers(std::uint64_t seed);

// The review: its definition in YAML, how many links were handed out, and what came back.
[[nodiscard]] std::string_view review_survey();
inline constexpr int kReviewLinks = 64;
inline constexpr int kReviewOpened = 75, kReviewClosed = 45;  // days ago
[[nodiscard]] std::vector<Answers> review_answers(std::uint64_t seed);

}  // namespace qushu::demo
