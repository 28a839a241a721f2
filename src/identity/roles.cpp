#include <algorithm>
#include <array>

#include "qushu/identity/identity.h"

namespace qushu::identity {
namespace {

using P = Permission;

const std::array kRoles{
    Role{"system_admin",
         {"系统管理员", "System administrator"},
         {"管理部门、人员和系统设置；不接触业务数据，也不授予角色。",
          "Manages departments, people and system settings; touches no data and grants no roles."},
         permissions({P::account, P::people_manage, P::system_manage, P::job_manage}),
         true},
    Role{"security_admin",
         {"安全管理员", "Security administrator"},
         {"授予和收回角色，制定口令、锁定等安全策略。", "Grants and takes roles, sets the rules of passwords and lockout."},
         permissions({P::account, P::role_grant, P::security_manage}),
         true},
    Role{"audit_admin",
         {"审计管理员", "Audit administrator"},
         {"查阅、校验和导出审计记录；不能改变任何东西。", "Reads, verifies and exports the audit; can change nothing."},
         permissions({P::account, P::audit_read}),
         true},
    Role{"data_steward",
         {"数据管理员", "Data steward"},
         {"导入、编目、发布本部门及下级部门的数据集。",
          "Imports, describes and publishes the datasets of the department and those below it."},
         permissions({P::account, P::dataset_read, P::dataset_write, P::sql, P::register_use, P::indicator_use, P::budget_use}),
         false},
    Role{"data_user",
         {"数据使用员", "Data user"},
         {"检索目录，查询、分析和导出有权查看的数据集。",
          "Searches the catalogue; queries, analyses and exports what she may see."},
         permissions({P::account, P::dataset_read, P::sql, P::register_use, P::indicator_use, P::budget_use}),
         false},
    Role{"catalog_reviewer",
         {"目录审核员", "Catalogue reviewer"},
         {"代表数据主管部门审核各部门的目录登记和发布，维护目录分类；不因此查看数据。",
          "Reviews the entries of all departments for the data authority and keeps the classification; sees no data by it."},
         permissions({P::account, P::dataset_read, P::catalog_review, P::register_use, P::indicator_use}),
         false},
    Role{"sharing_officer",
         {"共享专员", "Sharing officer"},
         {"审核本部门提出的共享申请，答复向本部门提出的共享申请，管理由此产生的授权。",
          "Approves the requests of the department for others' data, answers those for its own, and keeps the grants."},
         permissions({P::account, P::dataset_read, P::share_review, P::indicator_use}),
         false},
    Role{"operator",
         {"运维员", "Operator"},
         {"数据中心的日常运行：所有部门的数据集和作业。",
          "Runs the data centre day by day: datasets and jobs of all departments."},
         permissions({P::account, P::dataset_read, P::dataset_write, P::dataset_all, P::sql, P::job_manage, P::register_use,
                      P::register_manage, P::indicator_use, P::indicator_manage, P::budget_use}),
         false},
    Role{"budget_officer",
         {"预算员", "Budget officer"},
         {"编制本部门及下级部门的预算，登记执行，提交审核。",
          "Enters the budgets of the department and those below it, notes what was spent and submits them."},
         permissions({P::account, P::dataset_read, P::register_use, P::indicator_use, P::budget_use, P::budget_write}),
         false},
    Role{"budget_reviewer",
         {"预算审核员", "Budget reviewer"},
         {"审核、退回和公开他人提交的本部门及下级部门的预算。",
          "Approves, returns and publishes the budgets that others submitted for the department and those below it."},
         permissions({P::account, P::dataset_read, P::register_use, P::indicator_use, P::budget_use, P::budget_approve}),
         false},
    Role{"editor",
         {"编辑员", "Editor"},
         {"撰写和维护站点内容。", "Writes and keeps the sites."},
         permissions({P::account, P::dataset_read, P::site_edit, P::register_use, P::indicator_use, P::budget_use}),
         false}};

}  // namespace

std::span<const Role> roles() {
  return kRoles;
}

const Role* find_role(std::string_view code) {
  auto found = std::ranges::find(kRoles, code, &Role::code);
  return found == kRoles.end() ? nullptr : &*found;
}

Result<void> check_roles(const std::vector<std::string>& codes) {
  const Role* administrator = nullptr;
  for (const auto& code : codes) {
    const auto* role = find_role(code);
    if (!role)
      return fail(Error{.code = Code::invalid,
                        .id = "identity.role",
                        .text = {"没有“" + code + "”这个角色。", "There is no role “" + code + "”."},
                        .subject = "roles"});
    if (role->administrator) administrator = role;
  }
  if (administrator && codes.size() > 1)
    return fail(Error{.code = Code::invalid,
                      .id = "identity.roles_exclude",
                      .text = {"“" + administrator->name.zh +
                                   "”不能与其他角色兼任：系统管理、安全管理、审计管理三权分立（GB/T 22239-2019）。",
                               "“" + administrator->name.en +
                                   "” cannot be held with another role: system, security and audit administration are separate "
                                   "(GB/T 22239-2019)."},
                      .subject = "roles"});
  return {};
}

Permissions permissions_of(const std::vector<std::string>& codes) {
  Permissions all;
  for (const auto& code : codes)
    if (const auto* role = find_role(code)) all |= role->permissions;
  return all;
}

}  // namespace qushu::identity
