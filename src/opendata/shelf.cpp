#include "qushu/opendata/shelf.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/crypto/crypto.h"

#include "package_index.h"

namespace qushu::opendata {

std::span<const FileFormat> file_formats() {
  static constexpr std::array kFormats{
      FileFormat{"csv", "CSV", "text/csv"},
      FileFormat{"json", "JSON", "application/json"},
      FileFormat{"xml", "XML", "application/xml"},
      FileFormat{"xlsx", "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
      FileFormat{"parquet", "PARQUET", "application/vnd.apache.parquet"},
      FileFormat{"ttl", "RDF", "text/turtle"}};
  return kFormats;
}

std::string uuid_of(std::string_view kind, std::string_view id) {
  crypto::Digest digest;
  digest.update(kind);
  digest.update(" ");
  digest.update(id);
  auto hex = crypto::to_hex(digest.finish());
  // Version 8: made of something else (RFC 9562).
  hex[12] = '8';
  hex[16] = 'a';
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20, 12));
}

std::string resource_id(const Package& package, const FileFormat& format) {
  return uuid_of(format.extension, package.dataset_id);
}

bool is_facet(std::string_view name) {
  return facet_of(name).has_value();
}

Shelf::Shelf(Deps deps) : deps_(deps), index_(std::make_unique<PackageIndex>()) {}
Shelf::~Shelf() = default;

// --- following the store
// -------------------------------------------------------------------------------------------------------

Result<PackagePtr> Shelf::made(std::string_view dataset_id, const std::vector<identity::Department>& departments) {
  auto shown = deps_.view.open(dataset_id);
  if (!shown && shown.error().code == Code::not_found) return nullptr;
  QS_CHECK(shown);
  const auto& s = **shown;
  auto p = std::make_shared<Package>();
  p->dataset_id = s.dataset.id;
  p->id = uuid_of("package", s.dataset.id);
  p->name = s.dataset.code;
  p->title = s.entry.title;
  p->title_en = s.release.title_en;
  p->notes = s.entry.abstract;
  p->notes_en = s.release.abstract_en;
  p->theme = s.entry.theme;
  p->update_cycle = s.entry.update_cycle;
  p->resource_code = s.entry.resource_code;
  p->licence = s.release.licence;
  p->tags = s.entry.tags;
  p->organization = {uuid_of("organization", s.entry.department_id), s.entry.department_id, s.entry.provider};
  if (auto d = std::ranges::find(departments, s.entry.department_id, &identity::Department::id); d != departments.end())
    p->organization = {uuid_of("organization", d->id), d->code, d->name};
  for (std::size_t i = 0; i < s.entry.classifications.size(); ++i) {
    const auto& id = s.entry.classifications[i];
    auto title = i < s.entry.classification_names.size() ? s.entry.classification_names[i] : id;
    p->groups.push_back({uuid_of("group", id), "class-" + id, title});
  }
  for (const auto& f : s.fields)
    p->fields.push_back({.id = f.id, .name = f.name, .description = f.description, .unit = f.unit, .type = f.type});
  p->created = s.release.proposed.at.value_or(s.dataset.created);
  p->modified = std::max(s.version.at, s.release.decided.at.value_or(p->created));
  p->version = s.version.number;
  p->rows = s.version.published;
  for (const auto& part : s.version.parts) p->bytes += part.bytes;
  return p;
}

Result<void> Shelf::follow() {
  QS_TRY(auto generation, deps_.store.generation());
  if (followed_.load() == generation) return {};
  // One reads what changed, beside whoever asks an older state; who must know the newest one waits for it.
  std::scoped_lock following(following_);
  if (followed_.load() == generation) return {};
  auto level = deps_.settings.text("opendata.level");
  std::unique_ptr<PackageIndex> fresh;
  if (level != level_) {
    fresh = std::make_unique<PackageIndex>();
    releases_ = 0;
    datasets_ = -1;
  }
  std::vector<std::string> changed;
  std::int64_t releases = releases_, datasets = datasets_;
  QS_CHECK(deps_.store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto of_releases, Releases::changes_after(s, releases));
    changed = std::move(of_releases.datasets);
    releases = of_releases.newest;
    if (datasets < 0) {
      QS_TRY(datasets, deps_.catalog.newest_change(s));
      return {};
    }
    QS_TRY(auto of_datasets, deps_.catalog.changes_after(s, datasets));
    changed.insert(changed.end(), of_datasets.ids.begin(), of_datasets.ids.end());
    datasets = of_datasets.newest;
    return {};
  }));
  std::ranges::sort(changed);
  changed.erase(std::ranges::unique(changed).begin(), changed.end());
  std::vector<PackagePtr> packages;
  if (!changed.empty()) {
    QS_TRY(auto departments, deps_.identity.departments());
    for (const auto& id : changed) {
      QS_TRY(auto package, made(id, departments));
      packages.push_back(std::move(package));
    }
  }
  QS_TRY(auto licences, deps_.releases.licences());
  std::unique_lock lock(mutex_);
  if (fresh) index_ = std::move(fresh);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    index_->drop(changed[i]);
    if (packages[i]) index_->add(std::move(packages[i]));
  }
  if (!licences_ || *licences_ != licences) licences_ = std::make_shared<const std::vector<Licence>>(std::move(licences));
  releases_ = releases;
  datasets_ = datasets;
  level_ = level;
  followed_ = generation;
  return {};
}

// --- asking
// --------------------------------------------------------------------------------------------------------------------

Result<PackagePtr> Shelf::package(std::string_view name_or_id) {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  return index_->find(std::string(name_or_id));
}

Result<PackagePtr> Shelf::of_resource(std::string_view id, std::size_t& format) {
  format = 0;
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  std::string key(id);
  if (auto known = index_->find(key)) return known;
  return index_->of_resource(key, format);
}

Result<LicencesPtr> Shelf::licences() {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  return licences_;
}

Result<Shelf::Totals> Shelf::totals() {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  Totals out;
  std::set<std::string_view> departments;
  index_->each([&](const Package& p) {
    out.rows += static_cast<std::int64_t>(p.rows);
    departments.insert(p.organization.name);
  });
  out.departments = static_cast<std::int64_t>(departments.size());
  return out;
}

Result<std::int64_t> Shelf::state() {
  QS_CHECK(follow());
  return followed_.load();
}

Result<PackagesFound> Shelf::search(const PackageSearch& query) {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  QS_TRY(auto out, index_->search(query));
  if (auto facet = out.facets.find("license_id"); facet != out.facets.end())
    for (auto& value : facet->second)
      if (auto l = std::ranges::find(*licences_, value.name, &Licence::id); l != licences_->end())
        value.title = l->title.zh + "\n" + l->title.en;
  return out;
}

}  // namespace qushu::opendata
