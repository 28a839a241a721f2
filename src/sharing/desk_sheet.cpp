// The guide's spreadsheet at the desk: read, taken resource by resource, and written.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/sharing/desk.h"

namespace qushu::sharing {
namespace {

constexpr std::size_t kExported = 500;  // entries of a page while exporting

catalog::SheetError error_of(const catalog::SheetResource& resource, const Error& error) {
  auto column = catalog::sheet_column(error.subject);
  return {.sheet = resource.sheet, .row = resource.row, .column = column.zh, .value = resource.title, .expected = error.text};
}

// A resource's rows, matched by name, since the form knows no identifiers. A length that was proposed and comes back as it went
// out is nobody's word.
catalog::EntryChange change_of(const catalog::SheetResource& resource, const catalog::Entry& entry) {
  auto change = resource.change;
  for (auto& item : change.items)
    if (auto known = std::ranges::find(entry.items, item.name, &catalog::Item::name); known != entry.items.end()) {
      item.id = known->id;
      if (item.length == known->length) item.length.reset();
    }
  return change;
}

}  // namespace

Result<SheetOutcome::Taken> Desk::take(const Actor& actor, const catalog::SheetResource& resource) const {
  QS_TRY(auto provider, department(resource.provider));
  QS_CHECK(check_steward(actor, provider));
  return deps_.store.write([&](store::Transaction& t) -> Result<SheetOutcome::Taken> {
    QS_TRY(auto known, deps_.entries.matching(t, resource, provider));
    bool added = !known;
    if (added) {
      auto stem = resource.dataset_code.empty() ? catalog::identifier_of(resource.title) : resource.dataset_code;
      auto code = stem;
      for (int i = 2;; ++i) {
        QS_TRY(auto taken, deps_.catalog.known(t, code));
        if (!taken) break;
        code = fmt::format("{}_{}", stem, i);
      }
      QS_TRY(known, deps_.catalog.add(t, actor, {.code = code, .title = resource.title, .department_id = provider}));
    }
    QS_CHECK(check_steward(actor, *known));
    auto change = resource.change;
    QS_TRY(auto entry, deps_.entries.working(t, *known));
    change = change_of(resource, entry);
    if (known->department_id != provider) change.texts["department_id"] = provider;
    QS_CHECK(deps_.entries.change(t, actor, known->id, change));
    return SheetOutcome::Taken{.title = resource.title, .code = known->code, .added = added};
  });
}

Result<SheetOutcome> Desk::import_sheet(const Actor& actor, const std::filesystem::path& file, const std::string& name) const {
  QS_TRY(auto tree, deps_.classification.nodes());
  auto scratch = deps_.blobs.temporary_folder() / new_id();
  std::error_code failed;
  std::filesystem::create_directories(scratch, failed);
  if (failed) return fail_errno(failed.value(), "create " + scratch.string());
  auto read = catalog::read_workbook(file, name, scratch, deps_.engine, deps_.settings, tree);
  std::filesystem::remove_all(scratch, failed);
  QS_CHECK(read);
  SheetOutcome out{.id = new_id(),
                   .file_name = name,
                   .person_name = actor.name,
                   .at = deps_.clock.now(),
                   .taken = {},
                   .refused = read->refused,
                   .errors = std::move(read->errors)};
  for (const auto& resource : read->resources) {
    auto taken = take(actor, resource);
    if (taken) {
      out.taken.push_back(*std::move(taken));
      continue;
    }
    // What is wrong with the resource is its own; what is wrong with the machine ends the import.
    auto code = taken.error().code;
    if (code != Code::invalid && code != Code::conflict && code != Code::forbidden && code != Code::not_found)
      return fail(std::move(taken).error());
    ++out.refused;
    out.errors.push_back(error_of(resource, taken.error()));
  }
  std::ranges::sort(out.errors, {}, [](const catalog::SheetError& e) { return std::tie(e.sheet, e.row, e.column, e.value); });
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(catalog::save_outcome(t, actor.person_id, out));
    return deps_.audit.record(t, actor,
                              {.action = "entry.import",
                               .object_kind = "catalog",
                               .object_id = out.id,
                               .object_name = out.file_name,
                               .detail = {{"taken", out.taken.size()}, {"refused", out.refused}}});
  }));
  return out;
}

Result<std::vector<SheetOutcome>> Desk::imports(const Actor& actor, std::size_t limit) const {
  return deps_.store.read([&](store::Session& s) {
    return catalog::load_outcomes(s, actor.can(Permission::dataset_all) ? std::optional<std::string>() : actor.person_id, "",
                                  limit);
  });
}

Result<SheetOutcome> Desk::import_outcome(const Actor& actor, std::string_view id) const {
  QS_TRY(auto found, deps_.store.read([&](store::Session& s) {
    return catalog::load_outcomes(s, actor.can(Permission::dataset_all) ? std::optional<std::string>() : actor.person_id, id,
                                  1);
  }));
  if (!found.empty()) return std::move(found[0]);
  return fail(Code::not_found, "sheet.not_found", "没有这次导入。", "There is no such import.");
}

Result<std::size_t> Desk::export_sheet(const Actor& actor, catalog::Search query, bool empty,
                                       const std::filesystem::path& file) const {
  QS_TRY(auto tree, deps_.classification.nodes());
  std::vector<catalog::SheetEntry> entries;
  query.limit = kExported;
  query.sort = "title";
  query.after.clear();
  while (!empty) {
    QS_TRY(auto found, deps_.catalog.search(knowledge(actor), query));
    for (const auto& d : found.datasets) {
      QS_TRY(auto one, entry(actor, d.id, d.by_entry ? d.face : 0));
      entries.push_back({.dataset_code = d.code, .entry = std::move(one)});
    }
    if (found.next.empty()) break;
    query.after = found.next;
  }
  QS_CHECK(catalog::write_workbook(entries, tree, file));
  QS_CHECK(deps_.audit.record(
      actor,
      {.action = "entry.export", .object_kind = "catalog", .object_id = "xlsx", .detail = {{"resources", entries.size()}}}));
  return entries.size();
}

}  // namespace qushu::sharing
