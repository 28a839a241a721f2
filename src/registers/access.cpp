#include "access.h"

#include <algorithm>

namespace qushu::registers {
namespace {

using Kind = Term::Kind;

bool has_role(const Actor& actor, std::string_view role) {
  return std::ranges::any_of(actor.roles, [&](const std::string& r) { return r == role; });
}

bool in_department(const Actor& actor, std::string_view id) {
  return !id.empty() && (actor.in_department(id) || actor.department_id == id);
}

bool holds(const Term& term, const Actor& actor, const Owner* owner) {
  switch (term.kind) {
    case Kind::everyone:
      return true;
    case Kind::role:
      return has_role(actor, term.name);
    case Kind::own:
      return owner != nullptr && !actor.person_id.empty() && owner->created_by == actor.person_id;
    case Kind::department:
      return owner != nullptr && in_department(actor, owner->department_id);
    case Kind::field:
      return owner != nullptr && !actor.person_id.empty() && owner->person(term.name) == actor.person_id;
    case Kind::nobody:
      return false;
  }
  return false;
}

void add_term(const Term& term, const Actor& actor, Clause& out) {
  switch (term.kind) {
    case Kind::own:
      out.sql += "created_by = ?";
      out.params.emplace_back(actor.person_id);
      return;
    case Kind::field:
      out.sql += stored_columns({.name = term.name, .kind = registers::Kind::person}).front().name + " = ?";
      out.params.emplace_back(actor.person_id);
      return;
    case Kind::department: {
      out.sql += "department_id IN (?";
      out.params.emplace_back(actor.department_id);
      for (const auto& id : actor.departments) {
        out.sql += ", ?";
        out.params.emplace_back(id);
      }
      out.sql += ")";
      return;
    }
    default:
      out.sql += holds(term, actor, nullptr) ? "1 = 1" : "1 = 0";
  }
}

// What asks about a record could hold for a person; about one without an identity it never does.
bool could_hold(const Term& term, const Actor& actor) {
  if (term.kind == Kind::own || term.kind == Kind::field) return !actor.person_id.empty();
  if (term.kind == Kind::department) return !actor.department_id.empty();
  return holds(term, actor, nullptr);
}

}  // namespace

bool is_unbounded(const Actor& actor) {
  return actor.person_id.empty() && actor.signed_in() && actor.may.all();
}

bool allows(const Who& who, const Actor& actor, const Owner* owner) {
  if (is_unbounded(actor)) return true;
  return std::ranges::any_of(who, [&](const Rule& rule) {
    return std::ranges::all_of(rule, [&](const Term& term) { return holds(term, actor, owner); });
  });
}

bool could_allow(const Who& who, const Actor& actor) {
  if (is_unbounded(actor)) return true;
  return std::ranges::any_of(who, [&](const Rule& rule) {
    return std::ranges::all_of(rule, [&](const Term& term) { return could_hold(term, actor); });
  });
}

Clause clause(const Who& who, const Actor& actor) {
  Clause out;
  if (is_unbounded(actor)) return {.sql = "1 = 1", .params = {}};
  for (const auto& rule : who) {
    if (!std::ranges::all_of(rule, [&](const Term& term) { return could_hold(term, actor); })) continue;
    out.sql += out.sql.empty() ? "((" : " OR (";
    for (const auto& term : rule) {
      if (&term != rule.data()) out.sql += " AND ";
      add_term(term, actor, out);
    }
    out.sql += ")";
  }
  if (out.sql.empty()) return {.sql = "1 = 0", .params = {}};
  out.sql += ")";
  return out;
}

Clause may_move(const Definition& d, const Actor& actor) {
  Clause out;
  for (const auto& state : d.states) {
    if (state.final) continue;
    for (const auto& t : d.transitions) {
      if (std::ranges::find(t.from, state.name) == t.from.end()) continue;
      auto who = clause(t.who, actor);
      if (who.sql == "1 = 0") continue;
      out.sql += (out.sql.empty() ? "((state = ? AND " : " OR (state = ? AND ") + who.sql + ")";
      out.params.emplace_back(state.name);
      out.params.insert(out.params.end(), who.params.begin(), who.params.end());
    }
  }
  out.sql = out.sql.empty() ? "1 = 0" : out.sql + ")";
  return out;
}

Clause visible(const Definition& definition, const Actor& actor) {
  if (actor.can(Permission::register_manage)) return {.sql = "1 = 1", .params = {}};
  return clause(definition.permissions.see, actor);
}

bool sees_every(const Definition& definition, const Actor& actor) {
  return actor.can(Permission::register_manage) || allows(definition.permissions.see, actor, nullptr);
}

bool may_see(const Definition& definition, const Actor& actor, const Owner& owner) {
  return actor.can(Permission::register_manage) || allows(definition.permissions.see, actor, &owner);
}

}  // namespace qushu::registers
