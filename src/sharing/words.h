// Inside the module: what its routes, requests and grants read alike.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "qushu/base/actor.h"
#include "qushu/base/json.h"
#include "qushu/sharing/grant.h"
#include "qushu/sharing/policy.h"

namespace qushu::sharing {

[[nodiscard]] inline bool flag_at(const boost::json::object& object, std::string_view member, bool otherwise) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

// Whether the department is the actor's own or below it.
[[nodiscard]] inline bool in_or_above(const Actor& actor, std::string_view department) {
  return actor.in_department(department) || (!department.empty() && actor.department_id == department);
}

// A sharing officer of the department, or of every one: who works on the server itself.
[[nodiscard]] inline bool is_everywhere(const Actor& actor) {
  return actor.can(Permission::share_review) && actor.can(Permission::dataset_all);
}
[[nodiscard]] inline bool is_officer(const Actor& actor, std::string_view department) {
  return is_everywhere(actor) || (actor.can(Permission::share_review) && in_or_above(actor, department));
}

// Of the department that holds the grant, and of the one whose data it is about.
[[nodiscard]] inline bool is_grantee(const Actor& actor, const Grant& g) {
  return !actor.department_id.empty() && actor.department_id == g.department_id;
}
[[nodiscard]] inline bool is_provider(const Actor& actor, const Grant& g) {
  return is_officer(actor, g.provider_id) || check_steward(actor, g.provider_id).has_value();
}

}  // namespace qushu::sharing
