// Inside the module: the nodes of the axis 部门 that follow the departments.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "qushu/catalog/classification.h"

namespace qushu::catalog {

struct FollowedChange {
  std::string action;  // "add", "change", "remove": of the node
  Node node;           // as it is now; of a removed one as it was
};

// Brings the nodes in step with all departments; what was changed.
[[nodiscard]] Result<std::vector<FollowedChange>> follow_departments(store::Transaction& t,
                                                                     std::span<const ClassifiedDepartment> departments);
// Whether it would change nothing.
[[nodiscard]] Result<bool> follows_departments(store::Session& s, std::span<const ClassifiedDepartment> departments);
// The node that follows the department, or nullptr.
[[nodiscard]] const Node* node_of_department(const std::vector<Node>& nodes, std::string_view department_id);

}  // namespace qushu::catalog
