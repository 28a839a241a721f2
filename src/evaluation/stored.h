// Inside the module: forms as rows of the store, and what is refused in which words.
#pragma once

#include "qushu/evaluation/evaluation.h"

namespace qushu::evaluation {

[[nodiscard]] Result<Form> load_form(store::Session& s, std::string_view evaluation, std::int64_t version);
// Replaces the items and what the version's row says of the form.
[[nodiscard]] Result<void> keep_form(store::Transaction& t, std::string_view evaluation, std::int64_t version,
                                     const Form& form);
[[nodiscard]] Result<std::vector<File>> load_files(store::Session& s, std::string_view evaluation, std::int64_t version);
[[nodiscard]] Result<std::vector<EvaluationVersion>> load_versions(store::Session& s, std::string_view evaluation);
[[nodiscard]] std::map<std::string, std::int64_t> count_files(const std::vector<File>& files);

// A project's goals, or (empty) the unit's, in the order of the form.
[[nodiscard]] std::vector<budget::ProjectGoal> in_order(const std::vector<budget::ProjectGoal>& goals,
                                                        std::string_view project);

// What the steps have to know of it.
[[nodiscard]] workflow::Paper paper_of(const Evaluation& evaluation);
// Whose department's it is, as budgets decide it.
[[nodiscard]] bool may(const Actor& actor, Permission permission, const Evaluation& evaluation);

[[nodiscard]] Failure no_evaluation();
[[nodiscard]] Failure forbidden(std::string zh, std::string en);
[[nodiscard]] Failure wrong_state(std::string zh, std::string en);
[[nodiscard]] Result<void> check_text(std::string_view text, std::string_view member, std::size_t most, bool needed);

using workflow::kMostComment;
inline constexpr std::size_t kMostText = 2000;  // characters of what is said of a goal

}  // namespace qushu::evaluation
