#include "qushu/base/actor.h"

#include <algorithm>
#include <array>

namespace qushu {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Permission::count_)> kNames{
    "account",      "dataset.read", "dataset.write",  "dataset.all",     "sql",           "catalog.review",
    "share.review", "job.manage",   "people.manage",  "system.manage",   "role.grant",    "security.manage",
    "audit.read",   "site.edit",    "register.use",   "register.manage", "indicator.use", "indicator.manage",
    "budget.use",   "budget.write", "budget.approve", "grant.use"};

}  // namespace

std::string_view name(Permission permission) {
  return kNames.at(static_cast<std::size_t>(permission));
}

bool parse(std::string_view text, Permission& out) {
  auto found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return false;
  out = static_cast<Permission>(found - kNames.begin());
  return true;
}

Permissions permissions(std::initializer_list<Permission> list) {
  Permissions set;
  for (auto p : list) set.set(static_cast<std::size_t>(p));
  return set;
}

bool Actor::in_department(std::string_view id) const {
  return std::ranges::any_of(departments, [&](const std::string& d) { return d == id; });
}

Actor Actor::system() {
  Actor actor;
  actor.name = "系统";
  actor.may.set();
  actor.via = "system";
  actor.from = "local";
  return actor;
}

Actor Actor::operator_on_console(std::string os_user) {
  Actor actor;
  actor.name = std::move(os_user);
  actor.may.set();
  actor.via = "cli";
  actor.from = "local";
  return actor;
}

}  // namespace qushu
