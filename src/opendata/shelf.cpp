#include "qushu/opendata/shelf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "solr.h"

namespace qushu::opendata {
namespace {

constexpr std::array kFacets{"organization", "groups", "tags", "res_format", "license_id"};

// Which slots match.
class Slots {
 public:
  explicit Slots(std::size_t size, bool full = false) : bits_((size + 63) / 64, full ? ~0ULL : 0), size_(size) {
    if (full && size % 64 != 0) bits_.back() = (1ULL << (size % 64)) - 1;
  }
  void set(std::size_t i) { bits_[i / 64] |= 1ULL << (i % 64); }
  void clear(std::size_t i) { bits_[i / 64] &= ~(1ULL << (i % 64)); }
  void grow(std::size_t size) {
    bits_.resize((size + 63) / 64);
    size_ = size;
  }
  Slots& operator&=(const Slots& other) {
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] &= other.bits_[i];
    return *this;
  }
  Slots& operator|=(const Slots& other) {
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= other.bits_[i];
    return *this;
  }
  void flip() {
    for (auto& word : bits_) word = ~word;
    if (size_ % 64 != 0) bits_.back() &= (1ULL << (size_ % 64)) - 1;
  }
  template <class F>
  void each(F&& f) const {
    for (std::size_t w = 0; w < bits_.size(); ++w)
      for (auto word = bits_[w]; word != 0; word &= word - 1) f(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
  }

 private:
  std::vector<std::uint64_t> bits_;
  std::size_t size_;
};

struct Named {
  std::string name, title;
};

Failure bad_query(std::string subject, std::string zh, std::string en) {
  return fail(
      Error{.code = Code::invalid, .id = "open.query", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

}  // namespace

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
  return std::ranges::find(kFacets, name) != kFacets.end();
}

// Packages keep their slot; one that changed gets a new one at the end, so that lists of slots only ever grow.
struct Shelf::Index {
  std::int64_t generation = -1, releases = 0, datasets = -1;
  std::string level;
  std::vector<PackagePtr> packages;  // by slot; nullptr: gone
  Slots alive{0};
  std::unordered_map<std::string, std::size_t> by_dataset, by_name, by_id;
  std::unordered_map<std::string, std::pair<std::size_t, std::size_t>> by_resource;  // slot, format
  std::unordered_map<std::string, std::vector<std::uint32_t>> terms;
  std::vector<std::string> lower_titles;
  std::array<std::vector<Named>, kFacets.size()> values;
  std::array<std::unordered_map<std::string, std::uint32_t>, kFacets.size()> value_of;
  std::array<std::vector<std::vector<std::uint32_t>>, kFacets.size()> of_slot;   // values of each slot
  std::array<std::vector<std::vector<std::uint32_t>>, kFacets.size()> slots_of;  // of each value
  std::vector<Licence> licences;

  void drop(const std::string& dataset_id) {
    auto found = by_dataset.find(dataset_id);
    if (found == by_dataset.end()) return;
    auto slot = found->second;
    const auto& p = *packages[slot];
    by_name.erase(p.name);
    by_id.erase(p.id);
    for (const auto& format : file_formats()) by_resource.erase(resource_id(p, format));
    alive.clear(slot);
    packages[slot] = nullptr;
    by_dataset.erase(found);
  }

  void value(std::size_t facet, std::size_t slot, const std::string& name, const std::string& title) {
    auto [at, fresh] = value_of[facet].try_emplace(name, static_cast<std::uint32_t>(values[facet].size()));
    if (fresh) {
      values[facet].push_back({name, title});
      slots_of[facet].emplace_back();
    }
    values[facet][at->second].title = title;
    of_slot[facet][slot].push_back(at->second);
    slots_of[facet][at->second].push_back(static_cast<std::uint32_t>(slot));
  }

  void add(PackagePtr made) {
    auto slot = packages.size();
    const auto& p = *made;
    by_dataset[p.dataset_id] = by_name[p.name] = by_id[p.id] = slot;
    for (std::size_t f = 0; f < file_formats().size(); ++f) by_resource[resource_id(p, file_formats()[f])] = {slot, f};
    for (auto& list : of_slot) list.emplace_back();
    value(0, slot, p.organization.name, p.organization.title);
    for (const auto& group : p.groups) value(1, slot, group.name, group.title);
    for (const auto& tag : p.tags) value(2, slot, tag, tag);
    for (const auto& format : file_formats()) value(3, slot, std::string(format.name), std::string(format.name));
    value(4, slot, p.licence, p.licence);
    std::string text = p.name + "\n" + p.title + "\n" + p.title_en + "\n" + p.notes + "\n" + p.notes_en + "\n" + p.theme +
                       "\n" + p.organization.title + "\n" + p.resource_code;
    for (const auto& group : p.groups) text += "\n" + group.title;
    for (const auto& tag : p.tags) text += "\n" + tag;
    for (const auto& field : p.fields) text += "\n" + field.name + "\n" + field.id;
    auto words = terms_of(text);
    std::ranges::sort(words);
    words.erase(std::ranges::unique(words).begin(), words.end());
    for (auto& word : words) terms[std::move(word)].push_back(static_cast<std::uint32_t>(slot));
    lower_titles.push_back(lower_ascii(p.title + " " + p.title_en));
    packages.push_back(std::move(made));
    alive.grow(packages.size());
    alive.set(slot);
  }

  Slots of_terms(std::string_view text) const {
    Slots out(packages.size(), true);
    for (const auto& word : terms_of(text)) {
      Slots one(packages.size());
      if (auto found = terms.find(word); found != terms.end())
        for (auto slot : found->second) one.set(slot);
      out &= one;
    }
    return out;
  }

  template <class F>
  Slots where(F&& f) const {
    Slots out(packages.size());
    for (std::size_t i = 0; i < packages.size(); ++i)
      if (packages[i] && f(*packages[i])) out.set(i);
    return out;
  }

  Result<Slots> word(const QueryNode& node) const {
    auto field = node.field;
    if (field.empty() || field == "text" || field == "*") {
      if (!node.prefix) return of_terms(node.text);
      Slots out(packages.size());
      for (const auto& [term, slots] : terms)
        if (term.starts_with(node.text))
          for (auto slot : slots) out.set(slot);
      return out;
    }
    auto matches = [&](const std::string& value) {
      auto lower = lower_ascii(value);
      return node.prefix ? lower.starts_with(node.text) : lower == node.text;
    };
    if (field == "owner_org")
      return where([&](const Package& p) { return matches(p.organization.id) || matches(p.organization.name); });
    if (auto facet = std::ranges::find(kFacets, field); facet != kFacets.end()) {
      auto f = static_cast<std::size_t>(facet - kFacets.begin());
      Slots out(packages.size());
      for (std::size_t v = 0; v < values[f].size(); ++v)
        if (matches(values[f][v].name))
          for (auto slot : slots_of[f][v]) out.set(slot);
      return out;
    }
    if (field == "name") return where([&](const Package& p) { return matches(p.name); });
    if (field == "id") return where([&](const Package& p) { return matches(p.id); });
    if (field == "title" || field == "title_string")
      return where([&](const Package& p) { return lower_ascii(p.title + " " + p.title_en).contains(node.text); });
    if (field == "notes")
      return where([&](const Package& p) { return lower_ascii(p.notes + " " + p.notes_en).contains(node.text); });
    if (field == "update_cycle" || field == "frequency")
      return where([&](const Package& p) { return matches(p.update_cycle); });
    if (field == "state") return Slots(packages.size(), node.text == "active");
    if (field == "private") return Slots(packages.size(), node.text == "false");
    if (field == "capacity") return Slots(packages.size(), node.text == "public");
    if (field == "type" || field == "dataset_type") return Slots(packages.size(), node.text == "dataset");
    if (field.starts_with("extras_") || field.starts_with("vocab_")) return Slots(packages.size());
    return bad_query("fq", fmt::format("没有“{}”这个检索字段。", field),
                     fmt::format("There is no field “{}” to search by.", field));
  }

  Result<Slots> range(const QueryNode& node) const {
    if (node.field != "metadata_modified" && node.field != "metadata_created")
      return bad_query("fq", fmt::format("“{}”不能按范围检索。", node.field),
                       fmt::format("“{}” cannot be searched by a range.", node.field));
    auto bound = [](const std::string& text, Time otherwise) -> std::optional<Time> {
      return text.empty() ? std::optional(otherwise) : parse_iso(text);
    };
    auto from = bound(node.from, Time::min()), to = bound(node.to, Time::max());
    if (!from || !to)
      return bad_query("fq", "时间应写成 2026-11-25T00:00:00Z 或 *。", "A time is written 2026-11-25T00:00:00Z or *.");
    return where([&](const Package& p) {
      auto at = node.field == "metadata_modified" ? p.modified : p.created;
      return at >= *from && at <= *to;
    });
  }

  Result<Slots> eval(const QueryNode& node) const {
    using Kind = QueryNode::Kind;
    switch (node.kind) {
      case Kind::all:
        return Slots(packages.size(), true);
      case Kind::word:
        return word(node);
      case Kind::range:
        return range(node);
      case Kind::none_of: {
        QS_TRY(auto out, eval(node.of.front()));
        out.flip();
        return out;
      }
      case Kind::both:
      case Kind::either: {
        Slots out(packages.size(), node.kind == Kind::both);
        for (const auto& one : node.of) {
          QS_TRY(auto found, eval(one));
          if (node.kind == Kind::both)
            out &= found;
          else
            out |= found;
        }
        return out;
      }
    }
    return Slots(packages.size());
  }
};

Shelf::Shelf(Deps deps) : deps_(deps), index_(std::make_unique<Index>()) {}
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
  {
    std::shared_lock lock(mutex_);
    if (index_->generation == generation) return {};
  }
  std::unique_lock lock(mutex_);
  if (index_->generation == generation) return {};
  auto level = deps_.settings.text("opendata.level");
  if (level != index_->level) index_ = std::make_unique<Index>();
  std::vector<std::string> changed;
  std::int64_t releases = index_->releases, datasets = index_->datasets;
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
  if (!changed.empty()) {
    QS_TRY(auto departments, deps_.identity.departments());
    for (const auto& id : changed) {
      QS_TRY(auto package, made(id, departments));
      index_->drop(id);
      if (package) index_->add(std::move(package));
    }
  }
  QS_TRY(index_->licences, deps_.releases.licences());
  index_->releases = releases;
  index_->datasets = datasets;
  index_->level = level;
  index_->generation = generation;
  return {};
}

// --- asking
// --------------------------------------------------------------------------------------------------------------------

Result<PackagePtr> Shelf::package(std::string_view name_or_id) {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  std::string key(name_or_id);
  for (const auto* map : {&index_->by_name, &index_->by_id, &index_->by_dataset})
    if (auto found = map->find(key); found != map->end()) return index_->packages[found->second];
  return nullptr;
}

Result<PackagePtr> Shelf::of_resource(std::string_view id, std::size_t& format) {
  format = 0;
  QS_TRY(auto known, package(id));
  if (known) return known;
  std::shared_lock lock(mutex_);
  auto found = index_->by_resource.find(std::string(id));
  if (found == index_->by_resource.end()) return nullptr;
  format = found->second.second;
  return index_->packages[found->second.first];
}

Result<std::vector<Licence>> Shelf::licences() {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  return index_->licences;
}

Result<Shelf::Totals> Shelf::totals() {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  Totals out;
  std::set<std::string_view> departments;
  index_->alive.each([&](std::size_t slot) {
    out.rows += static_cast<std::int64_t>(index_->packages[slot]->rows);
    departments.insert(index_->packages[slot]->organization.name);
  });
  out.departments = static_cast<std::int64_t>(departments.size());
  return out;
}

Result<std::int64_t> Shelf::state() {
  QS_CHECK(follow());
  std::shared_lock lock(mutex_);
  return index_->generation;
}

namespace {

struct SortBy {
  std::string field;
  bool descending = false;
};

Result<std::vector<SortBy>> sort_of(std::string_view text, bool worded) {
  std::vector<SortBy> out;
  for (auto part : split(text, ',')) {
    part = trim(part);
    if (part.empty()) continue;
    auto space = part.find(' ');
    auto field = std::string(part.substr(0, space));
    auto way = space == std::string_view::npos ? std::string() : lower_ascii(trim(part.substr(space)));
    constexpr std::array kKnown{
        "score", "metadata_modified", "metadata_created", "title_string", "title", "name", "views_recent", "rows"};
    if (std::ranges::find(kKnown, field) == kKnown.end() || (!way.empty() && way != "asc" && way != "desc"))
      return bad_query("sort", fmt::format("不能按“{}”排序。", part), fmt::format("“{}” is nothing to sort by.", part));
    out.push_back({field, way == "desc"});
  }
  if (out.empty()) {
    if (worded) out.push_back({"score", true});
    out.push_back({"metadata_modified", true});
  }
  return out;
}

}  // namespace

Result<PackagesFound> Shelf::search(const PackageSearch& query) {
  QS_CHECK(follow());
  auto text = trim(query.q);
  bool worded = !text.empty() && text != "*:*";
  QS_TRY(auto sort, sort_of(query.sort, worded));
  std::shared_lock lock(mutex_);
  const auto& index = *index_;
  auto matching = index.alive;
  std::vector<std::string> words;  // of the query, for the score
  for (std::size_t i = 0; i <= query.fq.size(); ++i) {
    QS_TRY(auto tree, parse_query(i == 0 ? std::string_view(text) : std::string_view(query.fq[i - 1])));
    QS_TRY(auto found, index.eval(tree));
    matching &= found;
  }
  if (worded)
    for (auto part : split(text, ' '))
      if (auto bare = trim(part); !bare.empty()) words.push_back(lower_ascii(bare));

  struct Hit {
    std::uint32_t slot;
    int score;
  };
  std::vector<Hit> hits;
  matching.each([&](std::size_t slot) {
    int score = 0;
    for (const auto& word : words) {
      if (index.lower_titles[slot].contains(word)) score += 10;
      if (index.packages[slot]->name == word) score += 100;
    }
    hits.push_back({static_cast<std::uint32_t>(slot), score});
  });
  auto before = [&](const Hit& a, const Hit& b) {
    const auto &p = *index.packages[a.slot], &q = *index.packages[b.slot];
    for (const auto& by : sort) {
      auto order = std::strong_ordering::equal;
      if (by.field == "score")
        order = a.score <=> b.score;
      else if (by.field == "metadata_modified")
        order = p.modified <=> q.modified;
      else if (by.field == "metadata_created")
        order = p.created <=> q.created;
      else if (by.field == "name")
        order = p.name <=> q.name;
      else if (by.field == "rows")
        order = p.rows <=> q.rows;
      else if (by.field != "views_recent")
        order = p.title <=> q.title;
      if (order != std::strong_ordering::equal) return by.descending ? order > 0 : order < 0;
    }
    return p.name < q.name;
  };
  PackagesFound out{.packages = {}, .count = static_cast<std::int64_t>(hits.size()), .facets = {}};
  auto begin = std::min(query.start, hits.size()), end = std::min(begin + query.rows, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(end), hits.end(), before);
  for (auto i = begin; i < end; ++i) out.packages.push_back(index.packages[hits[i].slot]);

  for (const auto& name : query.facets) {
    auto facet = std::ranges::find(kFacets, name);
    auto& list = out.facets[name];
    if (facet == kFacets.end()) continue;
    auto f = static_cast<std::size_t>(facet - kFacets.begin());
    std::vector<std::int64_t> counts(index.values[f].size());
    for (const auto& hit : hits)
      for (auto v : index.of_slot[f][hit.slot]) ++counts[v];
    for (std::size_t v = 0; v < counts.size(); ++v) {
      if (counts[v] == 0 || counts[v] < static_cast<std::int64_t>(query.facet_mincount)) continue;
      auto title = index.values[f][v].title;
      if (name == "license_id")
        if (auto l = std::ranges::find(index.licences, title, &Licence::id); l != index.licences.end())
          title = l->title.zh + "\n" + l->title.en;
      list.push_back({index.values[f][v].name, title, counts[v]});
    }
    std::ranges::sort(list, [](const auto& a, const auto& b) { return std::tie(b.count, a.name) < std::tie(a.count, b.name); });
    if (query.facet_limit > 0 && list.size() > query.facet_limit) list.resize(query.facet_limit);
  }
  return out;
}

}  // namespace qushu::opendata
