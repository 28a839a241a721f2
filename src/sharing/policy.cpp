#include "qushu/sharing/policy.h"

#include <algorithm>
#include <map>

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

const engine::Rewriter* Shown::mask(std::string_view field_id) const {
  if (!masks) return nullptr;
  auto found = masks->find(field_id);
  return found == masks->end() ? nullptr : found->second.get();
}

Result<Shown> Policy::show(catalog::Dataset dataset, std::int64_t number) const {
  QS_TRY(auto version, catalog_.version(dataset.id, number));
  Shown shown{
      .dataset = std::move(dataset), .version = std::move(version), .fields = {}, .select = {}, .files = {}, .rows = {}};
  QS_TRY(auto rows, rows_of(shown.version, blobs_));
  shown.select = std::move(rows.select);
  shown.files = std::move(rows.files);
  shown.rows = shown.version.published;
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

namespace {

// The value as its canonical text, which masks work on.
std::string text_sql(const catalog::Field& field) {
  auto column = engine::quote_name(field.id);
  return field.type == engine::Type::text ? column : cast_sql(column, field.type, {.id = field.id, .type = engine::Type::text});
}

}  // namespace

Result<Shown> Policy::narrow(Shown shown, std::shared_ptr<const Grant> grant, Use use) const {
  QS_TRY(auto rules, sharing_->rules.table());
  shown.masks = sharing_->grants.masks(*grant);
  shown.grant = std::move(grant);
  const auto& terms = shown.grant->terms;
  const bool filtered = !terms.row_sql.empty();
  auto guarded = [&](const std::string& value, const std::string& name) {
    return filtered ? fmt::format("CASE WHEN _shown THEN {} END AS {}", value, name)
                    : (value == name ? name : fmt::format("{} AS {}", value, name));
  };
  std::string columns = guarded("_id", "_id");
  std::vector<catalog::Field> fields;
  bool whole_key = std::ranges::any_of(shown.fields, &catalog::Field::key);
  for (auto& field : shown.fields) {
    auto granted = std::ranges::find(terms.fields, field.id, &GrantedField::id);
    bool as_it_is = granted != terms.fields.end() && granted->mask.kind == MaskKind::none;
    if (field.key && !as_it_is) whole_key = false;
    if (granted == terms.fields.end()) continue;
    if (!rules->allows(field.level, use, granted->mask)) {
      if (field.key) whole_key = false;
      continue;
    }
    auto name = engine::quote_name(field.id);
    if (as_it_is) {
      columns += ", " + guarded(name, name);
    } else {
      columns += ", " + guarded(shown.mask(field.id)->sql(text_sql(field)), name);
      field.type = engine::Type::text;
      field.width = field.scale = 0;
    }
    fields.push_back(std::move(field));
  }
  if (fields.empty())
    return fail(Code::forbidden, "grant.rules", "按现行的分级共享策略，这个授权的字段都不能以这种方式使用。",
                "By the sharing rules as they are now, none of the grant's fields may be used by this method.");
  if (!whole_key)
    for (auto& field : fields) field.key = false;
  shown.fields = std::move(fields);
  if (filtered) {
    shown.rows.reset();
    shown.cursor_key = sharing_->grants.cursor_key(*shown.grant);
  }
  shown.select =
      filtered ? fmt::format("SELECT {} FROM (SELECT *, coalesce(TRY({}), false) AS _shown FROM ({}) AS r) AS r WHERE _shown",
                             columns, terms.row_sql, shown.select)
               : fmt::format("SELECT {} FROM ({}) AS r", columns, shown.select);
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

Result<Shown> Policy::compile_for(const Actor& actor, Use use, std::string_view code, std::int64_t version) const {
  auto whole = compile(actor, code, version);
  if (whole || whole.error().code != Code::not_found || !sharing_) return whole;
  auto dataset = catalog_.find({.all = true}, code);
  if (!dataset || dataset->state != "published") return whole;
  QS_TRY(auto grants, sharing_->grants.usable(actor, dataset->id));
  if (grants.empty()) return whole;
  auto chosen = std::ranges::find_if(
      grants, [&](const auto& g) { return std::ranges::find(g->terms.methods, use) != g->terms.methods.end(); });
  if (chosen == grants.end())
    return fail(Code::forbidden, "grant.method", "您的共享授权不包括这种使用方式。请按授权的方式使用，或申请扩大授权。",
                "Your grant does not include this method. Use the granted one, or ask for more.");
  QS_TRY(auto shown, show(*std::move(dataset), version));
  return narrow(std::move(shown), *chosen, use);
}

Result<catalog::Dataset> Policy::in_use(const Actor& actor, std::string_view code) const {
  auto whole = catalog_.find(visibility(actor), code);
  if (whole || whole.error().code != Code::not_found || !sharing_) return whole;
  auto dataset = catalog_.find({.all = true}, code);
  if (!dataset || dataset->state != "published") return whole;
  QS_TRY(auto grants, sharing_->grants.usable(actor, dataset->id));
  if (grants.empty()) return whole;
  std::erase_if(dataset->fields, [&](const catalog::Field& field) {
    return std::ranges::none_of(grants, [&](const auto& grant) {
      return std::ranges::find(grant->terms.fields, field.id, &GrantedField::id) != grant->terms.fields.end();
    });
  });
  return dataset;
}

Result<Shown> Policy::compile_grant(std::string_view grant_id, std::optional<Use> use) const {
  auto over = [] {
    return fail(Code::forbidden, "grant.ended", "共享授权已暂停、终止、到期或不包括这种方式。",
                "The grant is suspended, was terminated, has run out or does not include this method.");
  };
  if (!sharing_) return over();
  QS_TRY(auto found, sharing_->grants.find(Actor::system(), grant_id));
  auto grant = std::make_shared<const Grant>(std::move(found));
  const auto& terms = grant->terms;
  if (!sharing_->grants.holds(*grant) || (terms.from && sharing_->grants.now() < *terms.from) ||
      (use && std::ranges::find(terms.methods, *use) == terms.methods.end()))
    return over();
  QS_TRY(auto dataset, catalog_.find({.all = true}, grant->dataset_id));
  if (dataset.state != "published") return over();
  QS_TRY(auto shown, show(std::move(dataset), 0));
  if (!use) return shown;
  return narrow(std::move(shown), std::move(grant), *use);
}

bool Policy::holds(const std::vector<std::shared_ptr<const Grant>>& grants) const {
  return std::ranges::all_of(grants, [&](const auto& g) { return sharing_ && sharing_->grants.holds(*g); });
}

Result<void> Policy::admit(const Actor& actor, const std::shared_ptr<const Grant>& grant, std::string_view method) const {
  return grant && sharing_ ? sharing_->meter.admit(actor, *grant, method) : Result<void>();
}

std::optional<Result<void>> Policy::admit_fast(const Actor& actor, const Shown& shown, std::string_view method) const {
  return shown.grant && sharing_ ? sharing_->meter.admit_fast(actor, *shown.grant, method) : Result<void>();
}

std::optional<std::uint64_t> Policy::rows_left(const Shown& shown) const {
  return shown.grant && sharing_ ? sharing_->meter.rows_left(*shown.grant) : std::nullopt;
}

void Policy::used(const Actor& actor, const std::shared_ptr<const Grant>& grant, std::string_view method,
                  std::uint64_t rows) const {
  if (grant && sharing_) sharing_->meter.count(actor, *grant, method, rows);
}

Result<std::vector<Reached>> Policy::reached_whole(const Actor& actor) const {
  QS_TRY(auto own, readable(actor));
  std::vector<Reached> out;
  for (auto& d : own) out.push_back({.dataset = std::move(d)});
  return out;
}

Result<std::vector<Reached>> Policy::queryable(const Actor& actor) const {
  QS_TRY(auto out, reached_whole(actor));
  if (!sharing_) return out;
  QS_TRY(auto rules, sharing_->rules.table());
  QS_TRY(auto grants, sharing_->grants.usable(actor));
  for (const auto& g : grants) {
    if (std::ranges::find(g->terms.methods, Use::sql) == g->terms.methods.end()) continue;
    if (std::ranges::any_of(out, [&](const Reached& r) { return r.dataset.id == g->dataset_id; })) continue;
    QS_TRY(auto dataset, catalog_.find({.all = true}, g->dataset_id));
    if (dataset.state != "published" || dataset.version == 0) continue;
    std::vector<catalog::Field> fields;
    for (auto& field : dataset.fields) {
      auto granted = std::ranges::find(g->terms.fields, field.id, &GrantedField::id);
      if (granted == g->terms.fields.end() || !rules->allows(field.level, Use::sql, granted->mask)) continue;
      if (granted->mask.kind != MaskKind::none) field.type = engine::Type::text;
      fields.push_back(std::move(field));
    }
    if (fields.empty()) continue;
    dataset.fields = std::move(fields);
    out.push_back({.dataset = std::move(dataset), .grant = g});
  }
  return out;
}

Result<Sandboxed> Policy::sandbox(const Actor& actor, std::string_view sql) const {
  Sandboxed out;
  QS_TRY(auto datasets, queryable(actor));
  QS_CHECK(add_views(out, std::move(datasets), sql));
  QS_CHECK(add_relations(out, actor, sql));
  return out;
}

Result<Sandboxed> Policy::sandbox_whole(const Actor& actor, std::string_view sql) const {
  Sandboxed out;
  QS_TRY(auto datasets, reached_whole(actor));
  QS_CHECK(add_views(out, std::move(datasets), sql));
  QS_CHECK(add_relations(out, actor, sql));
  return out;
}

Result<std::vector<Relation>> Policy::relations(const Actor& actor) const {
  if (relations_ == nullptr) return std::vector<Relation>{};
  return relations_->relations(actor);
}

namespace {

// Whether SQL (lower-case) names something (lower-case): as a whole name and not as a part of a longer one. What it takes for a
// name may still be a text or a comment, which costs a view that nobody reads.
bool names(std::string_view sql, std::string_view name) {
  auto of_a_name = [](char c) {
    return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
  };
  std::string quoted;
  for (char c : name) quoted.append(c == '"' ? 2U : 1U, c);
  for (auto at = sql.find(quoted); at != std::string_view::npos && !quoted.empty(); at = sql.find(quoted, at + 1)) {
    auto end = at + quoted.size();
    if ((at == 0 || !of_a_name(sql[at - 1])) && (end == sql.size() || !of_a_name(sql[end]))) return true;
  }
  return false;
}

}  // namespace

Result<void> Policy::add_relations(Sandboxed& out, const Actor& actor, std::string_view sql) const {
  QS_TRY(auto all, relations(actor));
  auto text = lower_ascii(sql);
  for (const auto& relation : all) {
    out.spec.names.push_back(relation.name);
    if (!names(text, relation.name)) continue;
    QS_TRY(auto rows, relations_->rows(actor, relation.name));
    out.spec.views.push_back({.name = relation.name, .sql = std::move(rows.select)});
    out.spec.files.insert(out.spec.files.end(), rows.files.begin(), rows.files.end());
    out.keep.push_back(std::move(rows.keep));
    out.relations.push_back(relation.name);
  }
  return {};
}

Result<void> Policy::add_views(Sandboxed& out, std::vector<Reached> datasets, std::string_view sql) const {
  auto& spec = out.spec;
  auto text = lower_ascii(sql);
  // Two datasets of one title: the name would be ambiguous, so neither is to be had by it, only by code. A relation's name is
  // the relation's, so that no dataset can pass for it.
  auto taken = [&](std::string_view name) { return relations_ != nullptr && relations_->is_relation(lower_ascii(name)); };
  std::map<std::string, int> titles;
  for (const auto& r : datasets) ++titles[lower_ascii(r.dataset.title)];
  for (auto& [d, grant] : datasets) {
    auto title = titles[lower_ascii(d.title)] == 1 && d.title != d.code && !taken(d.title) ? d.title : std::string();
    bool has_code = !taken(d.code);
    if (has_code) spec.names.push_back(d.code);
    if (!title.empty()) spec.names.push_back(title);
    bool by_code = has_code && names(text, d.code);
    bool by_title = !title.empty() && names(text, lower_ascii(title));
    if (!by_code && !by_title) continue;
    QS_TRY(auto shown, show(std::move(d), 0));
    if (grant) {
      QS_TRY(shown, narrow(std::move(shown), grant, Use::sql));
      out.grants.push_back(grant);
    }
    std::string by_identifier, by_name;
    for (const auto& field : shown.fields) {
      by_identifier += (by_identifier.empty() ? "" : ", ") + engine::quote_name(field.id);
      by_name += (by_name.empty() ? "" : ", ") + engine::quote_name(field.id) + " AS " + engine::quote_name(field.name);
    }
    if (by_code) {
      spec.views.push_back(
          {.name = shown.dataset.code, .sql = fmt::format("SELECT {} FROM ({})", by_identifier, shown.select)});
      for (const auto& field : shown.fields) spec.labels.push_back({.name = field.name, .column = field.id});
    }
    if (by_title) spec.views.push_back({.name = title, .sql = fmt::format("SELECT {} FROM ({})", by_name, shown.select)});
    spec.files.insert(spec.files.end(), shown.files.begin(), shown.files.end());
    out.datasets.push_back(shown.dataset.code);
  }
  return {};
}

}  // namespace qushu::sharing
