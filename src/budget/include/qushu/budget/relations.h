// Budgets for SQL. Of every version: `budgets` (its totals), `budget_lines` (income, functional and economic classes,
// purchases), `budget_projects`, `budget_goals`; and `budget_spending`, what was spent by month. A caller sees all of her
// department's and those below it, of the others what is published, and nothing of what they spent. Amounts are yuan.
//
//   SELECT department__name, sum(amount) FROM budget_lines WHERE in_force AND section = 'functions' AND year = 2026 GROUP BY 1
//
// Thread-safety: BudgetRelations may be used from any thread.
#pragma once

#include <filesystem>
#include <mutex>

#include "qushu/budget/budgets.h"
#include "qushu/engine/engine.h"
#include "qushu/sharing/relation.h"

namespace qushu::budget {

class BudgetRelations final : public sharing::Relations {
 public:
  // `scratch`: a folder of the process's own.
  BudgetRelations(const Budgets& budgets, engine::Engine& engine, std::filesystem::path scratch);
  ~BudgetRelations() override;
  BudgetRelations(const BudgetRelations&) = delete;
  BudgetRelations& operator=(const BudgetRelations&) = delete;

  [[nodiscard]] Result<std::vector<sharing::Relation>> relations(const Actor& actor) const override;
  [[nodiscard]] bool is_relation(std::string_view name) const override;
  [[nodiscard]] Result<sharing::RelationRows> rows(const Actor& actor, std::string_view name) const override;

 private:
  struct Snapshot;
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> snapshot() const;

  const Budgets& budgets_;
  engine::Engine& engine_;
  std::filesystem::path scratch_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
};

}  // namespace qushu::budget
