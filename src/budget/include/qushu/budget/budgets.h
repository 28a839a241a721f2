// Budgets: a unit's year, entered, checked, decided by a second person, published, adjusted and spent.
//
// A budget belongs to a department and a year and has versions. The newest may be a draft or returned (then it is edited),
// submitted (then it waits), approved or published (then it is what holds, and is never edited again: an adjustment begins a
// new version with its reason and date). What was spent is kept by month beside the versions.
//
// Submission needs every identity to hold, or, where it only warns, to be explained. Whoever made, edited or submitted a
// version never approves it. Every step is audited and kept in the history.
//
// Who sees: holders of budget.use their department's and those below it; a published version everybody who holds it. Who edits:
// budget.write in the same departments. Who decides and publishes: budget.approve there.
//
// Thread-safety: Budgets may be used from any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/budget/content.h"
#include "qushu/budget/identities.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/store/store.h"
#include "qushu/workflow/workflow.h"

namespace qushu::budget {

[[nodiscard]] std::span<const store::Migration> migrations();

using workflow::State;
using workflow::Step;
[[nodiscard]] const workflow::Kind& kind();  // its words, and the names of its steps
[[nodiscard]] Text title(State state);

struct BudgetVersion {
  std::int64_t number = 0;
  State state = State::draft;
  std::int64_t revision = 0;        // goes up with each change, so that nobody overwrites what she has not seen
  std::string reason, adjusted_on;  // of an adjustment: why, and the day "2026-06-30"
  std::string comment;              // of the last decision
  Time changed;
  std::string changed_by;
  std::int64_t income = 0, expenditure = 0;
};

struct Budget {
  std::string id, department_id, department_code, department_name;  // as the department was called when it was made
  std::int64_t year = 0;
  std::vector<BudgetVersion> versions;                  // the newest first
  [[nodiscard]] const BudgetVersion* in_force() const;  // the newest that is approved or published
  [[nodiscard]] const BudgetVersion* initial() const;   // the first that was: the year's budget before any adjustment
};

// Of the budget's department, or one above it; or somebody at the server's console.
[[nodiscard]] bool belongs(const Actor& actor, const Budget& budget);
// That, and `permission`.
[[nodiscard]] bool may(const Actor& actor, Permission permission, const Budget& budget);

struct Spent {
  std::int64_t month = 0;
  std::string subject;  // "personnel", "office" or a project's code
  std::int64_t amount = 0;
  std::string changed_by;
  std::string explanation;  // why it goes beyond the budget; empty where it does not
};

// What was spent of one subject, to the end of a month.
struct Execution {
  std::string subject, name;
  std::int64_t budget = 0, spent = 0;
  std::string light;  // as of execution_light()
};

struct Explained {
  Discrepancy discrepancy;
  std::string explanation;  // empty: none was given
};

// A version with everything that is to be known of it.
struct Detail {
  Budget budget;
  BudgetVersion version;
  Content content;
  std::vector<Explained> findings;
  std::vector<Spent> spent;
  std::vector<Execution> execution;
  std::int64_t month = 0;  // that execution is counted to
  // What the caller may do now.
  bool may_edit = false, may_submit = false, may_decide = false, may_publish = false, may_adjust = false, may_spend = false;
};

// One line of a comparison of two versions.
struct Compared {
  std::string section, key;  // what the line is: "functions", "2010301/general"
  Text name;
  std::optional<std::int64_t> before, now;  // absent: the line is not there
  std::optional<std::int64_t> percent;      // hundredths; absent where the base is nothing or not there
};
struct Comparison {
  std::int64_t year_before = 0, version_before = 0, year_now = 0, version_now = 0;
  std::vector<Compared> lines;
};

struct Filter {
  std::optional<std::int64_t> year;
  std::string department;  // identifier or code
  std::string state;       // of the newest version
};

class Budgets {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    const identity::Identity& identity;
    const Clock& clock;
    std::function<std::string()> today;  // the district's day "2026-11-29"
  };
  explicit Budgets(Deps deps)
      : deps_(std::move(deps)), flow_(kind(), {.audit = deps_.audit, .identity = deps_.identity, .clock = deps_.clock}) {}

  [[nodiscard]] Result<std::vector<Budget>> list(const Actor& actor, const Filter& filter) const;
  // `version` 0: the newest that the caller may see.
  [[nodiscard]] Result<Detail> find(const Actor& actor, std::string_view id, std::int64_t version = 0) const;
  // By department code and year, for the command line.
  [[nodiscard]] Result<std::string> id_of(std::string_view department, std::int64_t year) const;
  // A department's budget for a year, empty or as `copy_of` (a budget's identifier) is in force.
  [[nodiscard]] Result<Detail> create(const Actor& actor, std::string_view department, std::int64_t year,
                                      std::string_view copy_of);
  // Findings of a draft that is not saved, with the department's other years.
  [[nodiscard]] Result<std::vector<Discrepancy>> check(const Actor& actor, std::string_view id, const Content& content) const;
  // `explanations`: by Discrepancy::key(). `action`: "save" or "import".
  [[nodiscard]] Result<Detail> save(const Actor& actor, std::string_view id, std::int64_t revision, const Content& content,
                                    const std::map<std::string, std::string>& explanations, std::string_view action = "save");
  [[nodiscard]] Result<Detail> submit(const Actor& actor, std::string_view id, std::string_view comment);
  [[nodiscard]] Result<Detail> send_back(const Actor& actor, std::string_view id, std::string_view comment);
  [[nodiscard]] Result<Detail> approve(const Actor& actor, std::string_view id, std::string_view comment);
  [[nodiscard]] Result<Detail> publish(const Actor& actor, std::string_view id);
  // A new draft of what is in force.
  [[nodiscard]] Result<Detail> adjust(const Actor& actor, std::string_view id, std::string_view reason, std::string_view day);
  // What was spent in a month, of some subjects; what is not named stays. A month may be below nothing, a correction of those
  // before it, as long as all to its end is not. What goes beyond the budget needs an explanation.
  [[nodiscard]] Result<Detail> spend(const Actor& actor, std::string_view id, std::int64_t month,
                                     const std::map<std::string, std::int64_t>& amounts, std::string_view explanation = {});
  // Against another version of the same or another budget; version 0: what is in force, or the newest.
  [[nodiscard]] Result<Comparison> compare(const Actor& actor, std::string_view id, std::int64_t version,
                                           std::string_view other, std::int64_t other_version) const;
  [[nodiscard]] Result<std::vector<Step>> history(const Actor& actor, std::string_view id) const;
  // Something that is another with every change of any budget: for who looks whether there is anything new.
  [[nodiscard]] Result<std::string> latest_step() const;
  // For everybody: published versions alone.
  [[nodiscard]] Result<std::vector<Budget>> published() const;
  [[nodiscard]] Result<Detail> published(std::string_view id) const;

 private:
  friend class BudgetRelations;
  [[nodiscard]] Result<Budget> load(store::Session& s, std::string_view id) const;
  [[nodiscard]] Result<Budget> load_visible(store::Session& s, const Actor& actor, std::string_view id) const;
  [[nodiscard]] Result<Detail> detail(store::Session& s, const Actor& actor, Budget budget, std::int64_t version) const;
  [[nodiscard]] Result<std::vector<OtherYear>> other_years(store::Session& s, const Budget& budget) const;
  // As it is after a step.
  [[nodiscard]] Result<Detail> detail(store::Transaction& t, const Actor& actor, std::string_view id) const;
  [[nodiscard]] Result<Detail> decide(const Actor& actor, std::string_view id, State to, std::string_view comment);

  Deps deps_;
  workflow::Flow flow_;
};

// The lines of two contents, side by side.
[[nodiscard]] std::vector<Compared> compare_contents(const Content& before, const Content& now);
// The execution rate divided by the share of the year that is over: below 60 % "red", below 80 % "yellow", else "green"; "over"
// where more was spent than the budget holds; "none" where there is nothing to spend or the year has not begun.
[[nodiscard]] std::string_view execution_light(std::int64_t budget, std::int64_t spent, std::int64_t months);

[[nodiscard]] json::object to_json(const Budget& budget, Lang lang);
[[nodiscard]] json::object to_json(const Detail& detail, Lang lang);
[[nodiscard]] json::object to_json(const Discrepancy& finding, Lang lang);
[[nodiscard]] json::object to_json(const Comparison& comparison, Lang lang);

// The bytes of what is printed: all official tables, or (`project`) one project's declaration form.
enum class PrintFormat : std::uint8_t { pdf, xlsx };
[[nodiscard]] Result<std::string> printed(const Detail& detail, PrintFormat format, std::string_view project,
                                          const std::filesystem::path& folder);

// /api/v1/budgets…, and for everybody what is published: /open/budgets… as documents, /open/budget… as pages of the portal.
struct BudgetRoutes {
  Budgets& budgets;
  engine::Engine& engine;
  const Settings& settings;
  std::filesystem::path scratch;
};
void add_budget_routes(http::Router& router, BudgetRoutes routes);

}  // namespace qushu::budget
