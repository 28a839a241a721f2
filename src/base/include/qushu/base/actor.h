// Who acts. Every change, decision and query in Qushu is done by an Actor: a person through a session or a token, a person
// on the command line, or the system itself. It is made once at the edge (identity, the command line, the job runner) and
// handed down by value or const reference, so that any module can ask what the actor may and audit can write who it was.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/base/error.h"

namespace qushu {

// What an actor may do. Roles are sets of these (identity/roles.h); routes and rules name permissions, never roles.
enum class Permission : std::uint8_t {
  // every signed-in person
  account,  // one's own profile, password, second factor, tokens
  // data
  dataset_read,   // see the catalogue and read the datasets that the policy shows
  dataset_write,  // import, describe, publish and roll back datasets of one's own department
  dataset_all,    // the same for every department
  sql,            // write one's own SQL over what one may read
  // 数据主管部门
  catalog_review,  // review and publish the entries of the catalogue, keep its classification
  share_review,    // approve and answer sharing requests of one's own department
  // work
  job_manage,  // see, cancel and retry everybody's jobs
  // 系统管理员
  people_manage,  // departments, people, unlocking, sessions
  system_manage,  // system settings, storage, start-up
  // 安全管理员
  role_grant,       // give and take roles
  security_manage,  // password rules, lockout, levels, policy
  // 审计管理员
  audit_read,  // read, search and verify the audit
  // web sites
  site_edit,  // write articles
  // ledgers
  register_use,     // see and work on records, as each register's rules say
  register_manage,  // define registers; sees every record
  // promised figures
  indicator_use,     // see the figures and, where the records may be seen, what is behind them
  indicator_manage,  // define indicators and have them computed
  // a unit's money
  budget_use,      // see the budgets of one's own department and those below it, and whatever is published
  budget_write,    // enter them, note what was spent, submit them
  budget_approve,  // approve, return and publish what somebody else submitted
  // applications
  grant_use,  // read what the grants of an application's key show; nobody's role has it
  count_      // not a permission: how many there are
};

using Permissions = std::bitset<static_cast<std::size_t>(Permission::count_)>;

// The stable name ("dataset.read"), used in the API, in token scopes and in the OpenAPI description.
[[nodiscard]] std::string_view name(Permission permission);
[[nodiscard]] bool parse(std::string_view text, Permission& out);
[[nodiscard]] Permissions permissions(std::initializer_list<Permission> list);

struct Actor {
  std::string person_id;      // empty: nobody (anonymous) or the system
  std::string name;           // as shown to people; kept in the audit even when the person is gone
  std::string department_id;  // the person's own department
  // The person's department and every department below it; what "of one's own department" means.
  std::vector<std::string> departments = {};
  std::vector<std::string> roles = {};
  Permissions may = {};
  std::string via = {};            // "session", "token", "key", "cli", "system" or "" for nobody
  std::string credential_id = {};  // the session's, token's or key's id
  // Of an application's key (via "key", no person): the ids of the grants that it may use, and nothing besides.
  std::vector<std::string> grants = {};
  std::string from = {};  // the client's IP address, or "local"
  std::string request_id = {};
  Lang lang = Lang::zh;

  [[nodiscard]] bool can(Permission p) const { return may.test(static_cast<std::size_t>(p)); }
  [[nodiscard]] bool signed_in() const { return !via.empty(); }
  [[nodiscard]] bool in_department(std::string_view id) const;

  // Qushu acting on its own: schedules, recovery, first start.
  [[nodiscard]] static Actor system();
  // Somebody with a shell on the server and the data folder's rights: may do everything, and is named in the audit.
  [[nodiscard]] static Actor operator_on_console(std::string os_user);
};

}  // namespace qushu
