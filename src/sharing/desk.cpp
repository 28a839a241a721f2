#include "qushu/sharing/desk.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::sharing {
namespace {

Failure only_published() {
  return fail(Code::forbidden, "entry.published_only", "您能看到的是这个数据集已发布的目录。",
              "What you can see of this dataset is its published entry.");
}

Result<void> check_reviewer(const Actor& actor) {
  if (actor.can(Permission::catalog_review)) return {};
  return fail(Code::forbidden, "entry.not_reviewer", "需要“目录审核员”角色才能审核目录。",
              "Reviewing entries needs the role “catalogue reviewer”.");
}

constexpr std::size_t kValue = 200;  // characters of a value that are looked at

}  // namespace

catalog::Visibility knowledge(const Actor& actor) {
  auto who = visibility(actor);
  if (!actor.signed_in() || !actor.can(Permission::dataset_read)) return who;
  who.all = who.all || actor.can(Permission::catalog_review);
  who.published_entries = true;
  return who;
}

Result<catalog::Dataset> Desk::dataset(const Actor& actor, std::string_view code) const {
  return deps_.catalog.find(knowledge(actor), code);
}

Result<catalog::Standing> Desk::standing(const Actor& actor, std::string_view code) const {
  QS_TRY(auto d, dataset(actor, code));
  if (d.by_entry) return only_published();
  return deps_.entries.find(d.id);
}

Result<catalog::EntryVersion> Desk::published(const Actor& actor, std::string_view code) const {
  QS_TRY(auto d, dataset(actor, code));
  if (d.face > 0) return deps_.entries.version(d.id, d.face);
  return fail(Code::not_found, "entry.not_published", "这个数据集的目录还没有发布。",
              "The entry of this dataset is not published.");
}

Result<catalog::Entry> Desk::entry(const Actor& actor, std::string_view code, std::int64_t number) const {
  QS_TRY(auto d, dataset(actor, code));
  if (d.by_entry && number != d.face) return only_published();
  if (number > 0) {
    QS_TRY(auto version, deps_.entries.version(d.id, number));
    return std::move(version.entry);
  }
  QS_TRY(auto now, deps_.entries.find(d.id));
  return std::move(now.entry);
}

std::vector<catalog::Transition> Desk::possible(const Actor& actor, const catalog::Standing& now) const {
  std::vector<catalog::Transition> out;
  bool steward = check_steward(actor, now.dataset).has_value();
  bool reviewer = actor.can(Permission::catalog_review);
  bool own = !actor.person_id.empty() && now.submitted_by == actor.person_id;
  for (const auto& one : catalog::transitions()) {
    bool here = one.from == now.dataset.entry_state || (one.action == "unpublish" && now.dataset.face > 0);
    bool may = one.either ? steward || reviewer : one.review ? reviewer && !own : steward;
    if (here && may) out.push_back(one);
  }
  return out;
}

Result<std::string> Desk::department(std::string_view id_or_name) const {
  if (auto found = deps_.identity.department(id_or_name)) return found->id;
  QS_TRY(auto all, deps_.identity.departments());
  auto found = std::ranges::find(all, id_or_name, &identity::Department::name);
  if (found != all.end()) return found->id;
  return fail(
      Error{.code = Code::invalid,
            .id = "entry.department",
            .text = {fmt::format("没有“{}”这个部门。", id_or_name), fmt::format("There is no department “{}”.", id_or_name)},
            .subject = "department_id"});
}

Result<catalog::Dataset> Desk::add(const Actor& actor, catalog::NewDataset n) const {
  if (n.department_id.empty()) n.department_id = actor.department_id;
  QS_TRY(n.department_id, department(n.department_id));
  QS_CHECK(check_steward(actor, n.department_id));
  QS_TRY(auto made, deps_.store.write([&](store::Transaction& t) -> Result<catalog::Dataset> {
    auto fresh = n;
    if (fresh.code.empty()) {
      auto stem = catalog::identifier_of(n.title);
      fresh.code = stem;
      for (int i = 2;; ++i) {
        QS_TRY(auto taken, deps_.catalog.known(t, fresh.code));
        if (!taken) break;
        fresh.code = fmt::format("{}_{}", stem, i);
      }
    }
    return deps_.catalog.add(t, actor, fresh);
  }));
  return dataset(actor, made.id);
}

Result<catalog::Standing> Desk::change(const Actor& actor, std::string_view code, catalog::EntryChange change) const {
  QS_TRY(auto now, standing(actor, code));
  QS_CHECK(check_steward(actor, now.dataset));
  if (auto moved = change.texts.find("department_id"); moved != change.texts.end()) {
    QS_TRY(moved->second, department(moved->second));
    QS_CHECK(check_steward(actor, moved->second));
  }
  QS_CHECK(deps_.store.write([&](store::Transaction& t) { return deps_.entries.change(t, actor, now.dataset.id, change); }));
  return standing(actor, now.dataset.id);
}

Result<catalog::Standing> Desk::step(const Actor& actor, std::string_view code, std::string_view action,
                                     std::string_view comment) const {
  QS_TRY(auto now, standing(actor, code));
  auto named = std::ranges::find(catalog::transitions(), action, &catalog::Transition::action);
  if (named == catalog::transitions().end()) {
    std::set<std::string> all;
    for (const auto& one : catalog::transitions()) all.emplace(one.action);
    auto list = join({all.begin(), all.end()}, ", ");
    return fail(Error{.code = Code::invalid,
                      .id = "entry.action",
                      .text = {fmt::format("没有“{}”这个动作，应为：{}。", action, list),
                               fmt::format("There is no step “{}”; it is one of: {}.", action, list)},
                      .subject = "action"});
  }
  if (named->either) {
    if (!actor.can(Permission::catalog_review)) QS_CHECK(check_steward(actor, now.dataset));
  } else if (named->review) {
    QS_CHECK(check_reviewer(actor));
  } else {
    QS_CHECK(check_steward(actor, now.dataset));
  }
  QS_CHECK(deps_.entries.step(actor, now.dataset.id, action, comment));
  return standing(actor, now.dataset.id);
}

Result<std::vector<catalog::Waiting>> Desk::reviews(const Actor& actor) const {
  QS_CHECK(check_reviewer(actor));
  return deps_.entries.reviews(actor);
}

Result<std::vector<FieldGrade>> Desk::grading(const Actor& actor, std::string_view code) const {
  QS_TRY(auto now, standing(actor, code));
  QS_CHECK(check_steward(actor, now.dataset));
  auto levels = deps_.settings.text("catalog.grading_levels");
  QS_CHECK(catalog::check_grading_levels(levels));
  std::map<std::string, FieldGrade> by_id;
  std::map<std::string, catalog::FieldSample> samples;
  for (const auto& item : now.entry.items) samples[item.id] = {.id = item.id, .name = item.name, .values = {}};
  std::map<std::string, std::int64_t> longest;
  if (now.dataset.version > 0) {
    QS_TRY(auto shown, deps_.policy.compile(actor, now.dataset.code));
    std::string columns;
    for (const auto& field : shown.fields)
      columns +=
          fmt::format("{}left(CAST({} AS VARCHAR), {})", columns.empty() ? "" : ", ", engine::quote_name(field.id), kValue);
    QS_TRY(auto cursor,
           deps_.engine.run({.sql = fmt::format("SELECT {} FROM (SELECT * FROM ({}) USING SAMPLE {} ROWS)", columns,
                                                shown.select, deps_.settings.integer("catalog.grading_rows"))}));
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) break;
      for (std::size_t c = 0; c < shown.fields.size(); ++c) {
        auto& sample = samples[shown.fields[c].id];
        auto& most = longest[shown.fields[c].id];
        for (std::size_t r = 0; r < chunk->rows(); ++r) {
          if (chunk->is_null(c, r) || chunk->text(c, r).empty()) continue;
          sample.values.emplace_back(chunk->text(c, r));
          most = std::max(most, static_cast<std::int64_t>(utf8_length(sample.values.back())));
        }
      }
    }
  }
  std::vector<FieldGrade> out;
  for (const auto& item : now.entry.items)
    out.push_back({.item = item, .proposal = catalog::propose_grade(samples[item.id], levels), .length = longest[item.id]});
  return out;
}

Result<catalog::Standing> Desk::grade(const Actor& actor, std::string_view code,
                                      const std::map<std::string, std::string>& levels) const {
  QS_TRY(auto now, standing(actor, code));
  QS_CHECK(check_steward(actor, now.dataset));
  QS_CHECK(deps_.entries.grade(actor, now.dataset.id, levels));
  return standing(actor, now.dataset.id);
}

}  // namespace qushu::sharing
