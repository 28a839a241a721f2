#include "qushu/sharing/departments.h"

#include <fmt/format.h>

namespace qushu::sharing {

std::vector<std::string> departments_of(const Actor& actor) {
  auto out = actor.departments;
  if (!actor.department_id.empty() && !actor.in_department(actor.department_id)) out.push_back(actor.department_id);
  return out;
}

std::string one_of(std::string_view column, const std::vector<std::string>& values, store::Params& params) {
  if (values.empty()) return "1 = 0";
  std::string marks;
  for (const auto& v : values) {
    marks += marks.empty() ? "?" : ", ?";
    params.emplace_back(v);
  }
  return fmt::format("{} IN ({})", column, marks);
}

}  // namespace qushu::sharing
