// The tables of budgets.
#include <array>

#include "qushu/budget/budgets.h"

namespace qushu::budget {
namespace {

const std::array kMigrations{
    store::Migration{.id = "budget.0001", .sql = R"(
CREATE TABLE budget (
  id TEXT PRIMARY KEY,
  department_id TEXT NOT NULL,
  department_code TEXT NOT NULL,
  department_name TEXT NOT NULL,
  year BIGINT NOT NULL,
  UNIQUE (department_id, year)
);
CREATE TABLE budget_version (
  budget_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  revision BIGINT NOT NULL,
  reason TEXT NOT NULL,
  adjusted_on TEXT NOT NULL,
  comment TEXT NOT NULL,
  changed BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (budget_id, version)
);
CREATE TABLE budget_explanation (
  budget_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  finding TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, finding)
);
CREATE TABLE budget_spent (
  budget_id TEXT NOT NULL,
  month BIGINT NOT NULL,
  subject TEXT NOT NULL,
  amount BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (budget_id, month, subject)
);
CREATE TABLE budget_step (
  id TEXT PRIMARY KEY,
  budget_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  action TEXT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  comment TEXT NOT NULL
);
CREATE INDEX budget_step_budget ON budget_step (budget_id, id);
CREATE TABLE budget_totals (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  income BIGINT NOT NULL, expenditure BIGINT NOT NULL, basic BIGINT NOT NULL, personnel BIGINT NOT NULL, office BIGINT NOT NULL,
  project BIGINT NOT NULL, abroad BIGINT NOT NULL, vehicle_purchase BIGINT NOT NULL, vehicle_running BIGINT NOT NULL,
  vehicles BIGINT NOT NULL, reception BIGINT NOT NULL, three_publics BIGINT NOT NULL, operation BIGINT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_income (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  source TEXT NOT NULL, amount BIGINT NOT NULL, carried BIGINT NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_functions (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  code TEXT NOT NULL, name TEXT NOT NULL, fund TEXT NOT NULL, basic BIGINT NOT NULL, project BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_economics (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  code TEXT NOT NULL, name TEXT NOT NULL, part TEXT NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_projects (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  code TEXT NOT NULL, name TEXT NOT NULL, function TEXT NOT NULL, amount BIGINT NOT NULL, earlier BIGINT NOT NULL,
  reason TEXT NOT NULL, content TEXT NOT NULL, change TEXT NOT NULL, goal TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_funds (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  project TEXT NOT NULL, source TEXT NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_details (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  project TEXT NOT NULL, item TEXT NOT NULL, quantity BIGINT NOT NULL, unit TEXT NOT NULL, price BIGINT NOT NULL,
  amount BIGINT NOT NULL, basis TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_goals (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  project TEXT NOT NULL, level TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, unit TEXT NOT NULL, evidence TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_purchases (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  kind TEXT NOT NULL, item TEXT NOT NULL, project TEXT NOT NULL, amount BIGINT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
CREATE TABLE budget_changes (
  budget_id TEXT NOT NULL, version BIGINT NOT NULL, position BIGINT NOT NULL,
  subject TEXT NOT NULL, year BIGINT NOT NULL, base BIGINT NOT NULL, difference BIGINT NOT NULL, percent BIGINT, reason TEXT NOT NULL,
  PRIMARY KEY (budget_id, version, position)
);
)"},
    store::Migration{.id = "budget.0002", .sql = R"(
ALTER TABLE budget_goals ADD COLUMN indicator TEXT NOT NULL DEFAULT '';
ALTER TABLE budget_totals ADD COLUMN goal TEXT NOT NULL DEFAULT '';
)"},
    store::Migration{.id = "budget.0003", .sql = "ALTER TABLE budget_spent ADD COLUMN explanation TEXT NOT NULL DEFAULT '';"}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace qushu::budget
