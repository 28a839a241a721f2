#include "qushu/sharing/policy.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/sharing/version_rows.h"

namespace qushu::sharing {

catalog::Visibility visibility(const Actor& actor) {
  catalog::Visibility who;
  if (!actor.signed_in() || !actor.can(Permission::dataset_read)) return who;
  who.all = actor.can(Permission::dataset_all);
  who.person_id = actor.person_id;
  who.departments = actor.departments;
  if (!actor.department_id.empty() && !actor.in_department(actor.department_id)) who.departments.push_back(actor.department_id);
  return who;
}

Result<void> check_steward(const Actor& actor, std::string_view department_id) {
  if (actor.can(Permission::dataset_all)) return {};
  if (!actor.can(Permission::dataset_write))
    return fail(Code::forbidden, "dataset.not_steward", "需要“数据管理员”角色才能导入或修改数据集。",
                "Importing and changing datasets needs the role “data steward”.");
  if (actor.in_department(department_id) || (!department_id.empty() && department_id == actor.department_id)) return {};
  return fail(Code::forbidden, "dataset.other_department", "只能导入或修改本部门及下级部门的数据集。",
              "You can import and change only datasets of your own department and those below it.");
}

Result<void> check_steward(const Actor& actor, const catalog::Dataset& dataset) {
  return check_steward(actor, dataset.department_id);
}

Result<Shown> Policy::show(catalog::Dataset dataset, std::int64_t number) const {
  QS_TRY(auto version, catalog_.version(dataset.id, number));
  Shown shown{.dataset = std::move(dataset), .version = std::move(version), .fields = {}, .select = {}, .files = {}};
  QS_TRY(auto rows, rows_of(shown.version, blobs_));
  shown.select = std::move(rows.select);
  shown.files = std::move(rows.files);
  for (auto field : shown.version.fields) {
    auto now = std::ranges::find(shown.dataset.fields, field.id, &catalog::Field::id);
    if (now != shown.dataset.fields.end()) {
      field.description = now->description;
      field.level = now->level;
      field.key = now->key;
    }
    shown.fields.push_back(std::move(field));
  }
  return shown;
}

Result<Shown> Policy::compile(const Actor& actor, std::string_view code, std::int64_t version) const {
  QS_TRY(auto dataset, catalog_.find(visibility(actor), code));
  if (dataset.state == "withdrawn" && !check_steward(actor, dataset))
    return fail(Code::not_found, "dataset.not_found", "没有这个数据集，或者您无权查看。",
                "There is no such dataset, or none that you may see.");
  return show(std::move(dataset), version);
}

Result<std::vector<catalog::Dataset>> Policy::readable(const Actor& actor) const {
  std::vector<catalog::Dataset> all;
  catalog::Search query{.states = {"published", "withdrawn"}, .sort = "title", .limit = 500, .facets = false};
  do {
    QS_TRY(auto found, catalog_.search(visibility(actor), query));
    for (auto& d : found.datasets)
      if (d.version > 0 && (d.state == "published" || check_steward(actor, d))) all.push_back(std::move(d));
    query.after = found.next;
  } while (!query.after.empty());
  return all;
}

Result<engine::SandboxSpec> Policy::sandbox(const Actor& actor, std::string_view sql) const {
  engine::SandboxSpec spec;
  QS_TRY(auto datasets, readable(actor));
  auto text = lower_ascii(sql);
  std::set<std::string> named;
  // Two datasets of one title: the name would be ambiguous, so neither is to be had by it, only by code.
  std::map<std::string, int> titles;
  for (const auto& d : datasets) ++titles[lower_ascii(d.title)];
  for (auto& d : datasets) {
    auto title = titles[lower_ascii(d.title)] == 1 && d.title != d.code ? d.title : std::string();
    spec.names.push_back(d.code);
    if (!title.empty()) spec.names.push_back(title);
    bool by_code = text.contains(d.code);
    bool by_title = !title.empty() && text.contains(lower_ascii(title));
    if (!by_code && !by_title) continue;
    QS_TRY(auto shown, show(std::move(d), 0));
    std::string by_identifier, by_name;
    for (const auto& field : shown.fields) {
      by_identifier += (by_identifier.empty() ? "" : ", ") + engine::quote_name(field.id);
      by_name += (by_name.empty() ? "" : ", ") + engine::quote_name(field.id) + " AS " + engine::quote_name(field.name);
    }
    if (by_code)
      spec.views.push_back(
          {.name = shown.dataset.code, .sql = fmt::format("SELECT {} FROM ({})", by_identifier, shown.select)});
    if (by_title) spec.views.push_back({.name = title, .sql = fmt::format("SELECT {} FROM ({})", by_name, shown.select)});
    spec.files.insert(spec.files.end(), shown.files.begin(), shown.files.end());
  }
  return spec;
}

}  // namespace qushu::sharing
