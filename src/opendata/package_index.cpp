#include "package_index.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::opendata {
namespace {

constexpr std::array kFacets{"organization", "groups", "tags", "res_format", "license_id"};

Failure bad_query(std::string subject, std::string zh, std::string en) {
  return fail(
      Error{.code = Code::invalid, .id = "open.query", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

void add_terms(std::map<std::string, Posting, std::less<>>& terms, std::string_view text, std::size_t slot) {
  auto words = terms_of(text);
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  for (auto& word : words) terms[std::move(word)].add(static_cast<std::uint32_t>(slot));
}

}  // namespace

std::optional<std::size_t> facet_of(std::string_view name) {
  auto found = std::ranges::find(kFacets, name);
  if (found == kFacets.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kFacets.begin());
}

// --- what is in it
// ------------------------------------------------------------------------------------------------------------

void PackageIndex::value(std::size_t facet, std::size_t slot, const std::string& name, const std::string& title) {
  auto& f = facets_[facet];
  auto [at, fresh] = f.by_name.try_emplace(name, static_cast<std::uint32_t>(f.values.size()));
  if (fresh) {
    f.values.push_back({name, title});
    f.slots.emplace_back();
    f.by_lower_name[lower_ascii(name)].push_back(at->second);
  }
  f.values[at->second].title = title;
  auto& own = f.of_slot[slot];
  if (std::ranges::find(own, at->second) != own.end()) return;
  own.push_back(at->second);
  f.slots[at->second].add(static_cast<std::uint32_t>(slot));
}

void PackageIndex::add(PackagePtr made) {
  auto slot = packages_.size();
  const auto& p = *made;
  by_dataset_[p.dataset_id] = by_name_[p.name] = by_id_[p.id] = slot;
  for (std::size_t f = 0; f < file_formats().size(); ++f) by_resource_[resource_id(p, file_formats()[f])] = {slot, f};
  for (auto& facet : facets_) facet.of_slot.emplace_back();
  value(0, slot, p.organization.name, p.organization.title);
  for (const auto& group : p.groups) value(1, slot, group.name, group.title);
  for (const auto& tag : p.tags) value(2, slot, tag, tag);
  for (const auto& format : file_formats()) value(3, slot, std::string(format.name), std::string(format.name));
  value(4, slot, p.licence, p.licence);
  auto titles = p.title + "\n" + p.title_en;
  auto text = titles + "\n" + p.name + "\n" + p.notes + "\n" + p.notes_en + "\n" + p.theme + "\n" + p.organization.title +
              "\n" + p.resource_code;
  for (const auto& group : p.groups) text += "\n" + group.title;
  for (const auto& tag : p.tags) text += "\n" + tag;
  for (const auto& field : p.fields) text += "\n" + field.name + "\n" + field.id;
  add_terms(terms_, text, slot);
  add_terms(title_terms_, titles, slot);
  packages_.push_back(std::move(made));
  alive_.grow(packages_.size());
  alive_.set(slot);
  orders_ = {};
}

void PackageIndex::drop(const std::string& dataset_id) {
  auto found = by_dataset_.find(dataset_id);
  if (found == by_dataset_.end()) return;
  auto slot = found->second;
  const auto& p = *packages_[slot];
  by_name_.erase(p.name);
  by_id_.erase(p.id);
  for (const auto& format : file_formats()) by_resource_.erase(resource_id(p, format));
  alive_.clear(slot);
  packages_[slot] = nullptr;
  by_dataset_.erase(found);
  orders_ = {};
  if (packages_.size() > 2 * by_dataset_.size() + 1000) compact();
}

void PackageIndex::compact() {
  auto kept = std::move(packages_);
  packages_.clear();
  alive_ = Slots(0);
  for (auto* map : {&by_dataset_, &by_name_, &by_id_}) map->clear();
  by_resource_.clear();
  terms_.clear();
  title_terms_.clear();
  facets_ = {};
  for (auto& p : kept)
    if (p) add(std::move(p));
}

PackagePtr PackageIndex::find(const std::string& name_or_id) const {
  for (const auto* map : {&by_name_, &by_id_, &by_dataset_})
    if (auto found = map->find(name_or_id); found != map->end()) return packages_[found->second];
  return nullptr;
}

PackagePtr PackageIndex::of_resource(const std::string& id, std::size_t& format) const {
  auto found = by_resource_.find(id);
  if (found == by_resource_.end()) return nullptr;
  format = found->second.second;
  return packages_[found->second.first];
}

// --- which ones
// ---------------------------------------------------------------------------------------------------------------

Slots PackageIndex::of_terms(const Terms& terms, std::string_view text) const {
  auto out = everything();
  for (const auto& word : terms_of(text)) {
    Slots one(packages_.size());
    if (auto found = terms.find(word); found != terms.end()) found->second.into(one);
    out &= one;
  }
  return out;
}

template <class F>
Slots PackageIndex::where(F&& f) const {
  Slots out(packages_.size());
  alive_.each([&](std::size_t slot) {
    if (f(*packages_[slot])) out.set(slot);
  });
  return out;
}

Slots PackageIndex::of_facet(const Facet& facet, const QueryNode& node) const {
  Slots out(packages_.size());
  if (!node.prefix) {
    if (auto found = facet.by_lower_name.find(node.text); found != facet.by_lower_name.end())
      for (auto value : found->second) facet.slots[value].into(out);
    return out;
  }
  for (const auto& [name, values] : facet.by_lower_name)
    if (name.starts_with(node.text))
      for (auto value : values) facet.slots[value].into(out);
  return out;
}

Result<Slots> PackageIndex::word(const QueryNode& node) const {
  const auto& field = node.field;
  if (field.empty() || field == "text" || field == "*") {
    if (!node.prefix) return of_terms(terms_, node.text);
    Slots out(packages_.size());
    for (auto at = terms_.lower_bound(node.text); at != terms_.end() && at->first.starts_with(node.text); ++at)
      at->second.into(out);
    return out;
  }
  auto matches = [&](const std::string& value) {
    auto lower = lower_ascii(value);
    return node.prefix ? lower.starts_with(node.text) : lower == node.text;
  };
  if (auto facet = facet_of(field)) return of_facet(facets_[*facet], node);
  if (field == "owner_org")
    return where([&](const Package& p) { return matches(p.organization.id) || matches(p.organization.name); });
  if (field == "name") return where([&](const Package& p) { return matches(p.name); });
  if (field == "id") return where([&](const Package& p) { return matches(p.id); });
  if (field == "title" || field == "title_string")
    return where([&](const Package& p) { return lower_ascii(p.title + " " + p.title_en).contains(node.text); });
  if (field == "notes")
    return where([&](const Package& p) { return lower_ascii(p.notes + " " + p.notes_en).contains(node.text); });
  if (field == "update_cycle" || field == "frequency") return where([&](const Package& p) { return matches(p.update_cycle); });
  if (field == "state") return Slots(packages_.size(), node.text == "active");
  if (field == "private") return Slots(packages_.size(), node.text == "false");
  if (field == "capacity") return Slots(packages_.size(), node.text == "public");
  if (field == "type" || field == "dataset_type") return Slots(packages_.size(), node.text == "dataset");
  if (field.starts_with("extras_") || field.starts_with("vocab_")) return Slots(packages_.size());
  return bad_query("fq", fmt::format("没有“{}”这个检索字段。", field),
                   fmt::format("There is no field “{}” to search by.", field));
}

namespace {

// A time, or one counted from now as Solr writes it: NOW, NOW-7DAYS, NOW/DAY, NOW-1MONTH/DAY.
std::optional<Time> moment_of(std::string_view text, Time now) {
  if (!text.starts_with("NOW")) return parse_iso(text);
  using namespace std::chrono;
  struct Unit {
    std::string_view name;
    microseconds size;
  };
  static constexpr std::array kUnits{Unit{"SECOND", seconds(1)}, Unit{"MINUTE", minutes(1)}, Unit{"HOUR", hours(1)},
                                     Unit{"DAY", days(1)},       Unit{"WEEK", weeks(1)},     Unit{"MONTH", months(1)},
                                     Unit{"YEAR", years(1)}};
  auto at = now;
  for (text.remove_prefix(3); !text.empty();) {
    const char sign = text.front();
    text.remove_prefix(1);
    auto end = text.find_first_of("+-/");
    auto part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end);
    auto digits = std::min(part.find_first_not_of("0123456789"), part.size());
    auto word = part.substr(digits);
    auto unit = std::ranges::find_if(kUnits, [&](const Unit& u) {
      return word.starts_with(u.name) && (word.size() == u.name.size() || word.substr(u.name.size()) == "S");
    });
    if (unit == kUnits.end()) return std::nullopt;
    if (sign == '/') {
      at = Time(at.time_since_epoch() - (at.time_since_epoch() % unit->size));
      continue;
    }
    constexpr std::int64_t kMost = 10'000;
    auto count = to_int(part.substr(0, digits));
    if ((sign != '+' && sign != '-') || !count || *count > kMost) return std::nullopt;
    at += (sign == '+' ? 1 : -1) * *count * unit->size;
  }
  return at;
}

}  // namespace

Result<Slots> PackageIndex::range(const QueryNode& node) const {
  if (node.field != "metadata_modified" && node.field != "metadata_created")
    return bad_query("fq", fmt::format("“{}”不能按范围检索。", node.field),
                     fmt::format("“{}” cannot be searched by a range.", node.field));
  auto bound = [](const std::string& text, Time otherwise) -> std::optional<Time> {
    return text.empty() ? std::optional(otherwise) : moment_of(text, system_clock().now());
  };
  auto from = bound(node.from, Time::min()), to = bound(node.to, Time::max());
  if (!from || !to)
    return bad_query("fq", "时间应写成 2026-11-25T00:00:00Z、NOW-7DAYS 或 *。",
                     "A time is written 2026-11-25T00:00:00Z, NOW-7DAYS or *.");
  return where([&](const Package& p) {
    auto at = node.field == "metadata_modified" ? p.modified : p.created;
    return at >= *from && at <= *to;
  });
}

Result<Slots> PackageIndex::eval(const QueryNode& node) const {
  using Kind = QueryNode::Kind;
  switch (node.kind) {
    case Kind::all:
      return everything();
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
      Slots out(packages_.size(), node.kind == Kind::both);
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
  return everything();
}

// --- in which order
// -----------------------------------------------------------------------------------------------------------

Result<std::vector<PackageIndex::SortBy>> PackageIndex::sort_of(std::string_view text, bool worded) {
  struct Known {
    std::string_view name;
    std::optional<Field> field;
  };
  static constexpr std::array kKnown{Known{"score", {}},
                                     Known{"metadata_modified", modified},
                                     Known{"metadata_created", created},
                                     Known{"title_string", title},
                                     Known{"title", title},
                                     Known{"name", name},
                                     Known{"id", id},
                                     Known{"rows", rows}};
  std::vector<SortBy> out;
  for (auto part : split(text, ',')) {
    part = trim(part);
    if (part.empty()) continue;
    auto space = part.find(' ');
    auto field = part.substr(0, space);
    auto way = space == std::string_view::npos ? std::string() : lower_ascii(trim(part.substr(space)));
    auto known = std::ranges::find(kKnown, field, &Known::name);
    if ((known == kKnown.end() && field != "views_recent") || (!way.empty() && way != "asc" && way != "desc"))
      return bad_query("sort", fmt::format("不能按“{}”排序。", part), fmt::format("“{}” is nothing to sort by.", part));
    // Nobody's views are counted, and without words all score alike.
    if (known != kKnown.end() && (known->field || worded)) out.push_back({known->field, way == "desc"});
  }
  if (out.empty() && trim(text).empty()) {
    if (worded) out.push_back({std::nullopt, true});
    out.push_back({modified, true});
  }
  if (out.empty() || (out.size() == 1 && !out.front().field)) out.push_back({name, false});
  return out;
}

std::strong_ordering PackageIndex::compare(Field field, const Package& a, const Package& b) {
  switch (field) {
    case modified:
      return a.modified <=> b.modified;
    case created:
      return a.created <=> b.created;
    case rows:
      return a.rows <=> b.rows;
    case title:
      return a.title <=> b.title;
    case id:
      return a.id <=> b.id;
    default:
      return a.name <=> b.name;
  }
}

const PackageIndex::Order& PackageIndex::order(Field field, bool descending) const {
  std::scoped_lock lock(ordering_);
  auto& kept = orders_[field][descending ? 1 : 0];
  if (kept) return *kept;
  Order made;
  made.place.resize(packages_.size());
  alive_.each([&](std::size_t slot) { made.slots.push_back(static_cast<std::uint32_t>(slot)); });
  std::ranges::sort(made.slots, [&](std::uint32_t a, std::uint32_t b) {
    const auto &p = *packages_[a], &q = *packages_[b];
    auto order = compare(field, p, q);
    if (order == std::strong_ordering::equal) return p.name < q.name;
    return descending ? order > 0 : order < 0;
  });
  for (std::uint32_t i = 0; i < made.slots.size(); ++i) made.place[made.slots[i]] = i;
  return kept.emplace(std::move(made));
}

// How well each match answers the words: 100 for a word that is its name, 10 for one that is in its title.
std::vector<std::uint32_t> PackageIndex::scores(std::string_view text, const Slots& matching) const {
  std::vector<std::uint32_t> out(packages_.size());
  for (auto part : split(text, ' ')) {
    auto word = lower_ascii(trim(part));
    if (word.empty() || terms_of(word).empty()) continue;
    auto titled = of_terms(title_terms_, word);
    titled &= matching;
    titled.each([&](std::size_t slot) { out[slot] += 10; });
    if (auto named = by_name_.find(word); named != by_name_.end()) out[named->second] += 100;
  }
  return out;
}

std::vector<std::uint32_t> PackageIndex::page(const Slots& matching, std::size_t count, const std::vector<SortBy>& sort,
                                              std::string_view worded, std::size_t begin, std::size_t end) const {
  std::vector<std::uint32_t> out;
  if (begin >= end) return out;
  bool scored = !sort.front().field.has_value();
  if (sort.size() == 1 && end * packages_.size() <= count * count) {
    // Most packages match: going along the order meets a page of them soon.
    std::size_t seen = 0;
    for (auto slot : order(*sort.front().field, sort.front().descending).slots) {
      if (!matching.has(slot) || seen++ < begin) continue;
      out.push_back(slot);
      if (seen == end) break;
    }
    return out;
  }
  auto first_of = [&](auto& hits, auto before) {
    std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(end), hits.end(), before);
  };
  auto points = std::ranges::any_of(sort, [](const SortBy& by) { return !by.field; }) ? scores(worded, matching)
                                                                                      : std::vector<std::uint32_t>();
  if (sort.size() == 1 || (sort.size() == 2 && scored && sort.back().field)) {
    // One number holds all that is sorted by.
    const auto& along = order(*sort.back().field, sort.back().descending);
    std::vector<std::uint64_t> hits;
    hits.reserve(count);
    matching.each([&](std::size_t slot) {
      std::uint64_t rank = !scored ? 0 : sort.front().descending ? UINT32_MAX - points[slot] : points[slot];
      hits.push_back(rank << 32 | along.place[slot]);
    });
    first_of(hits, std::less<>());
    for (auto i = begin; i < end; ++i) out.push_back(along.slots[hits[i] & UINT32_MAX]);
    return out;
  }
  std::vector<std::uint32_t> hits;
  hits.reserve(count);
  matching.each([&](std::size_t slot) { hits.push_back(static_cast<std::uint32_t>(slot)); });
  first_of(hits, [&](std::uint32_t a, std::uint32_t b) {
    for (const auto& by : sort) {
      auto order = by.field ? compare(*by.field, *packages_[a], *packages_[b]) : points[a] <=> points[b];
      if (order != std::strong_ordering::equal) return by.descending ? order > 0 : order < 0;
    }
    return packages_[a]->name < packages_[b]->name;
  });
  out.assign(hits.begin() + static_cast<std::ptrdiff_t>(begin), hits.begin() + static_cast<std::ptrdiff_t>(end));
  return out;
}

// --- how many of which
// --------------------------------------------------------------------------------------------------------

std::vector<FacetValue> PackageIndex::count(const Facet& facet, const Slots& matching, std::size_t hits,
                                            const PackageSearch& query) const {
  std::vector<std::size_t> counts(facet.values.size());
  std::size_t along_values = 0;
  for (const auto& slots : facet.slots) along_values += slots.cost();
  // Going through the hits takes a few steps for each of them.
  if (hits * 8 < along_values)
    matching.each([&](std::size_t slot) {
      for (auto value : facet.of_slot[slot]) ++counts[value];
    });
  else
    for (std::size_t v = 0; v < counts.size(); ++v) counts[v] = facet.slots[v].count(matching);
  std::vector<std::uint32_t> order;
  for (std::uint32_t v = 0; v < counts.size(); ++v)
    if (counts[v] > 0 && counts[v] >= query.facet_mincount) order.push_back(v);
  auto before = [&](std::uint32_t a, std::uint32_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : facet.values[a].name < facet.values[b].name;
  };
  auto wanted = query.facet_limit > 0 ? std::min(query.facet_limit, order.size()) : order.size();
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(), before);
  std::vector<FacetValue> out;
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto& value = facet.values[order[i]];
    out.push_back({value.name, value.title, static_cast<std::int64_t>(counts[order[i]])});
  }
  return out;
}

Result<PackagesFound> PackageIndex::search(const PackageSearch& query) const {
  auto text = trim(query.q);
  bool worded = !text.empty() && text != "*:*";
  QS_TRY(auto sort, sort_of(query.sort, worded));
  auto matching = alive_;
  for (std::size_t i = 0; i <= query.fq.size(); ++i) {
    QS_TRY(auto tree, parse_query(i == 0 ? std::string_view(text) : std::string_view(query.fq[i - 1])));
    if (tree.kind == QueryNode::Kind::all) continue;
    QS_TRY(auto found, eval(tree));
    matching &= found;
  }
  auto hits = matching.count();
  PackagesFound out{.packages = {}, .count = static_cast<std::int64_t>(hits), .facets = {}};
  auto begin = std::min(query.start, hits), end = std::min(begin + query.rows, hits);
  for (auto slot : page(matching, hits, sort, worded ? text : std::string_view(), begin, end))
    out.packages.push_back(packages_[slot]);
  for (const auto& wanted : query.facets) {
    auto& list = out.facets[wanted];
    if (auto facet = facet_of(wanted)) list = count(facets_[*facet], matching, hits, query);
  }
  return out;
}

}  // namespace qushu::opendata
