// Surveys for SQL: `surveys`, one row for each, and `survey_answers`, how often what was answered: a row for each survey,
// question, day of counting and what was picked, with the number of answers. Texts are not in it. What a caller sees are the
// surveys whose results are for her; nothing that Surveys does not count is here (surveys.h).
//
//   SELECT 100.0 * sum(answers) FILTER (satisfied) / sum(answers) FROM survey_answers WHERE subject = 'network'
//
// Thread-safety: SurveyRelations may be used from any thread.
#pragma once

#include <mutex>

#include "qushu/engine/engine.h"
#include "qushu/sharing/relation.h"
#include "qushu/surveys/surveys.h"

namespace qushu::surveys {

class SurveyRelations final : public sharing::Relations {
 public:
  // `scratch`: a folder of the process's own.
  SurveyRelations(const Surveys& surveys, engine::Engine& engine, std::filesystem::path scratch);
  ~SurveyRelations() override;
  SurveyRelations(const SurveyRelations&) = delete;
  SurveyRelations& operator=(const SurveyRelations&) = delete;

  [[nodiscard]] Result<std::vector<sharing::Relation>> relations(const Actor& actor) const override;
  [[nodiscard]] bool is_relation(std::string_view name) const override;
  [[nodiscard]] Result<sharing::RelationRows> rows(const Actor& actor, std::string_view name) const override;

 private:
  struct Snapshot;
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> snapshot() const;

  const Surveys& surveys_;
  engine::Engine& engine_;
  std::filesystem::path scratch_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
};

}  // namespace qushu::surveys
