// What budgets and self-evaluations have in common: papers of a department that one person drafts and another decides about.
//
// A paper has versions. The newest is a draft or returned (then it is edited), submitted (then it waits), approved or published
// (then it is never changed again; a new version is begun, with its reason). A version's revision goes up with each change, so
// that nobody overwrites what she has not seen. Whoever worked on a version or submitted it never decides about it. Every step
// is audited and kept in the history.
//
// A paper of the kind "budget" has its versions in the table budget_version and its steps in budget_step, both by budget_id;
// its errors and what the audit records of it begin with "budget.", its notices with "budget_".
//
// Thread-safety: everything here may be used from any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/identity/identity.h"
#include "qushu/store/store.h"

namespace qushu::workflow {

namespace json = boost::json;

inline constexpr std::size_t kMostComment = 500;  // characters of a comment or a reason

enum class State : std::uint8_t { draft, submitted, returned, approved, published };
[[nodiscard]] std::string_view name(State state);
[[nodiscard]] State state_of(std::string_view name);
[[nodiscard]] bool is_editable(State state);
[[nodiscard]] bool is_in_force(State state);  // approved, or published too

// A kind of paper, and its words.
struct Kind {
  std::string name;
  Text noun;                                               // {"预算", "budget"}
  Text drafting;                                           // what those did who may not decide: {"编制", "entered"}
  Text approved;                                           // what an approved one is called: {"已批复", "Approved"}
  std::string page;                                        // of the console, before the identifier: "/budgets/"
  std::vector<std::pair<std::string_view, Text>> actions;  // the names of its steps

  [[nodiscard]] Text title(State state) const;
  [[nodiscard]] Failure forbidden(std::string zh, std::string en) const;
  [[nodiscard]] Failure wrong_state(std::string zh, std::string en) const;
  // `changed_by`: who was faster.
  [[nodiscard]] Failure changed_meanwhile(std::string_view changed_by) const;
};

// What a step has to know of a paper.
struct Paper {
  std::string id, department_id;
  std::string name;  // in the audit
  Text title;        // in notices
  std::int64_t version = 0;
  State state = State::draft;  // of that version, the newest
};

struct Step {
  Time at;
  std::string action;  // of Kind::actions
  std::int64_t version = 0;
  std::string person_name, comment;
};
[[nodiscard]] json::object to_json(const Step& step, const Kind& kind, Lang lang);

// Of the department, or one above it; or somebody at the server's console.
[[nodiscard]] bool belongs(const Actor& actor, std::string_view department_id);
// That, and `permission`.
[[nodiscard]] bool may(const Actor& actor, Permission permission, std::string_view department_id);

// Of a comment or a reason: written where it is needed, and no longer than may be. `id` is the error's, `member` its subject.
[[nodiscard]] Result<void> check_text(std::string_view id, std::string_view text, std::string_view member, std::size_t most,
                                      bool needed);

// The version with this number, or (0) the newest, which comes first; null: there is none.
template <class Version>
[[nodiscard]] const Version* find_version(const std::vector<Version>& versions, std::int64_t number) {
  auto found = number == 0 ? versions.begin() : std::ranges::find(versions, number, &Version::number);
  return found == versions.end() ? nullptr : &*found;
}

// The steps of papers of one kind.
class Flow {
 public:
  struct Deps {
    audit::Audit& audit;
    const identity::Identity& identity;
    const Clock& clock;
  };
  Flow(const Kind& kind, Deps deps) : kind_(kind), deps_(deps) {}

  // Those with this role who hold the permission where the department belongs.
  [[nodiscard]] Result<std::vector<std::string>> people_with(std::string_view role, Permission permission,
                                                             std::string_view department) const;
  // Those who may decide about what is submitted there.
  [[nodiscard]] Result<std::vector<std::string>> deciders(std::string_view department) const;

  // Writes the step into the history and the audit.
  [[nodiscard]] Result<void> keep_step(store::Transaction& t, const Actor& actor, const Paper& paper, std::int64_t version,
                                       std::string_view action, std::string_view comment, json::object detail = {}) const;
  // The paper's version has been changed by the actor: its revision goes up.
  [[nodiscard]] Result<void> touch(store::Transaction& t, const Actor& actor, const Paper& paper) const;
  [[nodiscard]] Result<void> set_state(store::Transaction& t, const Actor& actor, const Paper& paper, State state,
                                       std::string_view comment) const;
  // What keeps a paper from it has been looked at; `told` are its deciders.
  [[nodiscard]] Result<void> submit(store::Transaction& t, const Actor& actor, const Paper& paper,
                                    const std::vector<std::string>& told, std::string_view comment,
                                    json::object detail = {}) const;
  // Approves or returns, where the actor may; tells who submitted it.
  [[nodiscard]] Result<void> decide(store::Transaction& t, const Actor& actor, const Paper& paper, State to,
                                    std::string_view comment, json::object detail = {}) const;
  [[nodiscard]] Result<bool> may_decide(store::Session& s, const Actor& actor, const Paper& paper) const;
  // The newest first.
  [[nodiscard]] Result<std::vector<Step>> history(store::Session& s, std::string_view id) const;

 private:
  [[nodiscard]] Result<bool> took_part(store::Session& s, const Actor& actor, const Paper& paper) const;

  const Kind& kind_;
  Deps deps_;
};

}  // namespace qushu::workflow
