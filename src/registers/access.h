// Inside the module: who may do what with a record. The one place where a definition's rules meet an actor, for a record in
// hand and as a condition of SQL alike.
#pragma once

#include "qushu/base/actor.h"

#include "columns.h"

namespace qushu::registers {

// What of a record the rules ask.
struct Owner {
  std::string created_by, department_id;
  std::function<std::string(std::string_view field)> person;  // who stands in a field of a person
};

// Somebody at the server's own command line, or the system: may everything.
[[nodiscard]] bool is_unbounded(const Actor& actor);
// `owner` nullptr: there is no record yet; what asks about it does not hold.
[[nodiscard]] bool allows(const Who& who, const Actor& actor, const Owner* owner);
// Whether any record at all could be allowed; for what is shown before there is one.
[[nodiscard]] bool could_allow(const Who& who, const Actor& actor);

struct Clause {
  std::string sql;  // never empty
  store::Params params;
};
[[nodiscard]] Clause clause(const Who& who, const Actor& actor);
// The records that wait for a transition that the actor may do.
[[nodiscard]] Clause may_move(const Definition& definition, const Actor& actor);
// The records that the actor may see: by the rule, and all of them for who keeps the registers.
[[nodiscard]] Clause visible(const Definition& definition, const Actor& actor);
// Whether that is every record, whatever it says.
[[nodiscard]] bool sees_every(const Definition& definition, const Actor& actor);
[[nodiscard]] bool may_see(const Definition& definition, const Actor& actor, const Owner& owner);

}  // namespace qushu::registers
