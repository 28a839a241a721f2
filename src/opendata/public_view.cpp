#include "qushu/opendata/public_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/sharing/version_rows.h"

#include "subject.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kKept = 2000;  // views in memory

// Of the profile only what speaks of the released fields.
json::object narrowed(const json::object& profile, const std::vector<catalog::Field>& fields) {
  json::object out = profile;
  json::array kept;
  if (const auto* all = profile.if_contains("fields"); all != nullptr && all->is_array())
    for (const auto& entry : all->get_array())
      if (std::ranges::any_of(fields, [&](const auto& field) { return entry.at("id").as_string() == field.id; }))
        kept.push_back(entry);
  out["fields"] = std::move(kept);
  return out;
}

}  // namespace

Failure not_public() {
  return fail(Code::not_found, "open.not_found", "没有这个开放数据集。", "There is no such open dataset.");
}

Result<std::shared_ptr<const PublicShown>> PublicView::open(std::string_view dataset) const {
  // Asked before anything is read, so that what changes meanwhile makes the view old at once.
  QS_TRY(auto generation, deps_.store.generation());
  std::string key(dataset);
  {
    std::scoped_lock lock(mutex_);
    if (auto known = kept_.find(key); known != kept_.end() && known->second.generation == generation)
      return known->second.shown;
  }
  QS_TRY(auto made, make(dataset));
  std::scoped_lock lock(mutex_);
  if (kept_.size() >= kKept) kept_.clear();
  kept_[key] = {.generation = generation, .shown = made};
  return made;
}

Result<std::shared_ptr<const PublicShown>> PublicView::make(std::string_view code) const {
  auto out = std::make_shared<PublicShown>();
  QS_TRY(auto found, deps_.store.read([&](store::Session& s) -> Result<bool> {
    QS_TRY(auto dataset, deps_.catalog.known(s, code));
    if (!dataset) return false;
    QS_TRY(auto release, Releases::live(s, dataset->id));
    if (!release) return false;
    out->dataset = *std::move(dataset);
    out->release = *std::move(release);
    return true;
  }));
  if (!found || out->dataset.face == 0) return not_public();
  QS_TRY(auto face, deps_.entries.version(out->dataset.id, out->dataset.face));
  out->entry = std::move(face.entry);
  if (!check_open(out->dataset, out->entry)) return not_public();
  auto version = deps_.catalog.version(out->dataset.id, out->release.version);
  // A version that is kept no more leaves nothing to show until the next one has passed.
  if (!version && version.error().code == Code::not_found) return not_public();
  QS_CHECK(version);
  out->version = *std::move(version);
  QS_TRY(auto rows, sharing::rows_of(out->version, deps_.blobs));
  auto highest = deps_.settings.text("opendata.level");
  std::string columns = "_id";
  for (auto& field : fields_today(out->dataset, out->version)) {
    if (!has(out->release.fields, field.id) || !closed(out->entry, field, highest).zh.empty()) continue;
    auto item = std::ranges::find(out->entry.items, field.id, &catalog::Item::id);
    field.name = item->name;
    field.description = item->description;
    columns += ", " + engine::quote_name(field.id);
    out->fields.push_back(std::move(field));
  }
  if (out->fields.empty()) return not_public();
  out->select = fmt::format("SELECT {} FROM ({})", columns, rows.select);
  out->files = std::move(rows.files);
  out->version.fields = out->fields;
  out->version.profile = narrowed(out->version.profile, out->fields);
  std::erase_if(out->entry.items, [&](const catalog::Item& item) {
    return std::ranges::find(out->fields, item.id, &catalog::Field::id) == out->fields.end();
  });
  return out;
}

}  // namespace qushu::opendata
