#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "stored.h"

namespace qushu::identity {
namespace {

Failure no_department() {
  return fail(Code::not_found, "department.not_found", "没有这个部门。", "There is no such department.");
}

Department department_of(const store::Row& row) {
  return {.id = row.text(0),
          .code = row.text(1),
          .name = row.text(2),
          .parent_id = row.text(3),
          .order = row.integer(4),
          .people = row.integer(5)};
}

constexpr std::string_view kSelect =
    "SELECT d.id, d.code, d.name, d.parent_id, d.sort_order, (SELECT count(*) FROM person p WHERE p.department_id = d.id) FROM "
    "department d";

Result<Department> find(store::Session& s, std::string_view id) {
  QS_TRY(auto row, s.one(fmt::format("{} WHERE d.id = ? OR d.code = ?", kSelect), {id, id}));
  if (!row) return no_department();
  return department_of(*row);
}

Result<std::vector<Department>> all_departments(store::Session& s) {
  QS_TRY(auto rows, s.query(fmt::format("{} ORDER BY d.sort_order, d.code", kSelect)));
  std::vector<Department> list;
  for (const auto& row : rows) list.push_back(department_of(row));
  return list;
}

Result<void> check_name(std::string_view name) {
  auto length = utf8_length(trim(name));
  if (length >= 1 && length <= 100) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "department.name",
                    .text = {"部门名称应为 1 到 100 个字。", "A department's name has 1 to 100 characters."},
                    .subject = "name"});
}

}  // namespace

Result<std::vector<Department>> StoredIdentity::departments() const {
  return store_.read([](store::Session& s) { return all_departments(s); });
}

Result<void> StoredIdentity::departments_changed(store::Transaction& t, const Actor& actor) const {
  if (!departments_hook_) return {};
  QS_TRY(auto all, all_departments(t));
  return departments_hook_(t, actor, all);
}

Result<Department> StoredIdentity::department(std::string_view id) const {
  return store_.read([&](store::Session& s) { return find(s, id); });
}

Result<Department> StoredIdentity::add_department(const Actor& actor, const NewDepartment& d) {
  auto code = std::string(trim(d.code));
  bool good = !code.empty() && code.size() <= 40 && std::ranges::all_of(code, [](char c) {
    return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
  if (!good)
    return fail(Error{.code = Code::invalid,
                      .id = "department.code",
                      .text = {"部门代码只含字母、数字、下划线和连字符，最多 40 个字符。",
                               "A department's code holds letters, digits, underscores and hyphens, at most 40 characters."},
                      .subject = "code"});
  QS_CHECK(check_name(d.name));
  return store_.write([&](store::Transaction& t) -> Result<Department> {
    std::string parent;
    if (!d.parent_id.empty()) {
      QS_TRY(auto above, find(t, d.parent_id));
      parent = above.id;
    } else {
      QS_TRY(auto root, t.one("SELECT id FROM department WHERE parent_id = ''"));
      if (root)
        return fail(Error{.code = Code::invalid,
                          .id = "department.parent",
                          .text = {"请选择上级部门：只能有一个最上级部门。",
                                   "Choose the department above: there can be only one at the top."},
                          .subject = "parent_id"});
    }
    if (auto taken = find(t, code); taken)
      return fail(Error{.code = Code::conflict,
                        .id = "department.exists",
                        .text = {fmt::format("代码“{}”已属于“{}”。", code, taken->name),
                                 fmt::format("The code “{}” belongs to “{}” already.", code, taken->name)},
                        .subject = "code"});
    QS_TRY(auto last, t.one("SELECT coalesce(max(sort_order), 0) + 1 FROM department"));
    Department made{
        .id = new_id(), .code = code, .name = std::string(trim(d.name)), .parent_id = parent, .order = last->integer(0)};
    QS_CHECK(t.exec("INSERT INTO department (id, code, name, parent_id, sort_order) VALUES (?, ?, ?, ?, ?)",
                    {made.id, made.code, made.name, made.parent_id, made.order}));
    QS_CHECK(bump(t));
    QS_CHECK(departments_changed(t, actor));
    QS_CHECK(audit_.record(
        t, actor, {.action = "department.add", .object_kind = "department", .object_id = made.code, .object_name = made.name}));
    return made;
  });
}

Result<Department> StoredIdentity::change_department(const Actor& actor, std::string_view id, std::string_view name,
                                                     std::string_view parent_id) {
  return store_.write([&](store::Transaction& t) -> Result<Department> {
    QS_TRY(auto d, find(t, id));
    auto before = d;
    if (!name.empty()) {
      QS_CHECK(check_name(name));
      d.name = std::string(trim(name));
    }
    if (!parent_id.empty()) {
      QS_TRY(auto above, find(t, parent_id));
      // Up from the new parent: meeting ourselves would close a ring.
      for (auto at = above; true;) {
        if (at.id == d.id)
          return fail(Error{.code = Code::invalid,
                            .id = "department.cycle",
                            .text = {"不能把部门移到自己或自己的下级之下。", "A department cannot be moved below itself."},
                            .subject = "parent_id"});
        if (at.parent_id.empty()) break;
        QS_TRY(at, find(t, at.parent_id));
      }
      if (d.parent_id.empty())
        return fail(Error{.code = Code::invalid,
                          .id = "department.root",
                          .text = {"最上级部门不能移动。", "The department at the top cannot be moved."},
                          .subject = "parent_id"});
      d.parent_id = above.id;
    }
    QS_CHECK(t.exec("UPDATE department SET name = ?, parent_id = ? WHERE id = ?", {d.name, d.parent_id, d.id}));
    QS_CHECK(bump(t));
    QS_CHECK(departments_changed(t, actor));
    QS_CHECK(audit_.record(t, actor,
                           {.action = "department.change",
                            .object_kind = "department",
                            .object_id = d.code,
                            .object_name = d.name,
                            .detail = {{"before", audit::json::object{{"name", before.name}, {"parent_id", before.parent_id}}},
                                       {"after", audit::json::object{{"name", d.name}, {"parent_id", d.parent_id}}}}}));
    return d;
  });
}

Result<void> StoredIdentity::remove_department(const Actor& actor, std::string_view id) {
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto d, find(t, id));
    QS_TRY(auto below, t.one("SELECT count(*) FROM department WHERE parent_id = ?", {d.id}));
    if (d.people > 0 || below->integer(0) > 0 || d.parent_id.empty())
      return fail(Code::conflict, "department.in_use",
                  fmt::format("“{}”还有 {} 名人员、{} 个下级部门，移走后才能删除。", d.name, d.people, below->integer(0)),
                  fmt::format("“{}” still has {} people and {} departments below it; move them first.", d.name, d.people,
                              below->integer(0)));
    QS_CHECK(t.exec("DELETE FROM department WHERE id = ?", {d.id}));
    QS_CHECK(bump(t));
    QS_CHECK(departments_changed(t, actor));
    return audit_.record(
        t, actor, {.action = "department.remove", .object_kind = "department", .object_id = d.code, .object_name = d.name});
  });
}

Result<Actor> StoredIdentity::actor_of(store::Session& s, const Person& person) const {
  QS_TRY(auto rows, s.query("SELECT id, parent_id FROM department"));
  std::multimap<std::string, std::string> below;
  for (const auto& row : rows) below.emplace(row.text(1), row.text(0));
  Actor actor;
  actor.person_id = person.id;
  actor.name = person.name;
  actor.department_id = person.department_id;
  actor.departments = {person.department_id};
  for (std::size_t i = 0; i < actor.departments.size(); ++i) {
    auto [begin, end] = below.equal_range(actor.departments[i]);
    for (auto d = begin; d != end; ++d) actor.departments.push_back(d->second);
  }
  actor.roles = person.roles;
  actor.may = permissions_of(person.roles);
  return actor;
}

}  // namespace qushu::identity
