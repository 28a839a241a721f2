// Inside the module: who may do what about a request.
#pragma once

#include "qushu/sharing/request.h"

#include "words.h"

namespace qushu::sharing {

[[nodiscard]] inline bool is_asker(const Actor& actor, const SharingRequest& r) {
  return !actor.person_id.empty() && actor.person_id == r.person_id;
}
[[nodiscard]] inline bool is_answerer(const Actor& actor, const SharingRequest& r) {
  return actor.can(Permission::dataset_all) || is_officer(actor, r.provider_id);
}
[[nodiscard]] inline bool is_authority(const Actor& actor) {
  return actor.can(Permission::catalog_review);
}
// Nobody approves what she asked for herself.
[[nodiscard]] inline bool may_approve(const Actor& actor, const SharingRequest& r) {
  return is_officer(actor, r.department_id) && !is_asker(actor, r);
}
[[nodiscard]] inline bool may_see(const Actor& actor, const SharingRequest& r) {
  return is_asker(actor, r) || is_officer(actor, r.department_id) || is_answerer(actor, r) || is_authority(actor);
}

// Who gave the first approval does not give the second.
[[nodiscard]] inline bool may_confirm(const Actor& actor, const SharingRequest& r) {
  return is_authority(actor) && (actor.person_id.empty() || actor.person_id != r.decided_by) && !is_asker(actor, r);
}

// What is granted lies within what was asked for.
[[nodiscard]] Result<void> check_within(const Terms& granted, const Terms& asked);

}  // namespace qushu::sharing
