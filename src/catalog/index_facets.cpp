#include "index_facets.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "classification_departments.h"

namespace qushu::catalog {

constexpr std::size_t kKept = 16, kNewest = 2000;

namespace {

std::vector<Xapian::docid> newest_of(const Xapian::Database& db) {
  std::vector<std::pair<std::string, Xapian::docid>> all;  // keys ascend as ages do
  for (auto v = db.valuestream_begin(kChangedSlot); v != db.valuestream_end(kChangedSlot); ++v)
    all.emplace_back((*v).substr(0, sizeof(std::uint64_t)), v.get_docid());
  if (all.size() > kNewest) {
    std::ranges::nth_element(all, all.begin() + kNewest);
    // Of those that share the last one's moment all or none, so that the list is a beginning of the order.
    auto limit = all[kNewest].first;
    std::erase_if(all, [&](const auto& one) { return one.first >= limit; });
  }
  std::vector<Xapian::docid> out;
  out.reserve(all.size());
  for (const auto& [key, id] : all) out.push_back(id);
  std::ranges::sort(out);
  return out;
}

}  // namespace

void ListedDocuments::skip_to(Xapian::docid id, double) {
  auto from = list_.begin() + static_cast<std::ptrdiff_t>(next_ == 0 ? 0 : next_ - 1);
  next_ = static_cast<std::size_t>(std::lower_bound(from, list_.end(), id) - list_.begin()) + 1;
}

std::shared_ptr<const FacetTable> FacetTables::of(const Xapian::Database& db) {
  auto generation = db.get_metadata("generation");
  auto revision = db.get_revision();
  std::lock_guard lock(mutex_);
  if (last_ && last_->generation == generation && last_->revision == revision) return last_;
  auto table = std::make_shared<FacetTable>();
  // Combinations are only ever added to an index, so what was learnt of it stays.
  if (last_ && last_->generation == generation) *table = *last_;
  if (table->values.empty()) {
    table->values.resize(dimensions().size());
    known_.assign(dimensions().size(), {});
  }
  table->generation = generation;
  table->revision = revision;
  learn(db, *table);
  last_ = table;
  counted_.clear();
  return table;
}

FacetTables::Counts FacetTables::counted(const FacetTable& table, const std::string& query) const {
  std::lock_guard lock(mutex_);
  if (last_.get() != &table) return nullptr;
  auto found = std::ranges::find(counted_, query, &std::pair<std::string, Counts>::first);
  return found == counted_.end() ? nullptr : found->second;
}

void FacetTables::keep(const FacetTable& table, const std::string& query, Counts counts) {
  std::lock_guard lock(mutex_);
  if (last_.get() != &table) return;
  if (counted_.size() >= kKept) counted_.erase(counted_.begin());
  counted_.emplace_back(query, std::move(counts));
}

void FacetTables::learn(const Xapian::Database& db, FacetTable& table) {
  auto combos = static_cast<std::size_t>(to_int(db.get_metadata("combos")).value_or(0));
  for (auto c = table.combos; c < combos; ++c) {
    auto packed = db.get_metadata(fmt::format("combo{}", c));
    auto parts = parts_of(packed);
    for (std::size_t i = 0; i < table.values.size(); ++i) {
      auto [value, added] = known_[i].try_emplace(std::string(parts[i]), static_cast<std::uint32_t>(table.values[i].size()));
      if (added) table.values[i].emplace_back(parts[i]);
      table.numbers.push_back(value->second);
    }
  }
  table.combos = std::max(table.combos, combos);
  table.combo_of.assign(std::size_t{db.get_lastdocid()} + 1, FacetTable::kNone);
  for (auto v = db.valuestream_begin(kComboSlot); v != db.valuestream_end(kComboSlot); ++v) {
    std::uint32_t number = 0;
    for (char c : *v) number = number << 8U | static_cast<unsigned char>(c);
    table.combo_of[v.get_docid()] = number;
  }
  table.newest = newest_of(db);
}

namespace {

// The classes of one value of the dimension and the node of the department, each with all above it, once.
void count_classes(const std::string& packed, std::string_view department, const std::vector<Node>& tree, std::int64_t count,
                   std::map<std::string, std::int64_t>& into) {
  std::set<std::string> all;
  auto classes = classes_of(packed);
  if (const auto* own = node_of_department(tree, department)) classes.push_back(own->id);
  for (auto id : classes)
    while (!id.empty() && all.insert(id).second) {
      auto node = std::ranges::find(tree, id, &Node::id);
      id = node == tree.end() ? std::string() : node->parent_id;
    }
  for (const auto& id : all) into[id] += count;
}

// Which values of a dimension fit what is chosen in it.
std::vector<bool> fitting(const std::vector<std::string>& values, const std::vector<std::string>& chosen, bool classes) {
  std::vector<bool> out(values.size(), chosen.empty());
  auto is_chosen = [&](const std::string& value) { return std::ranges::find(chosen, value) != chosen.end(); };
  for (std::size_t v = 0; v < values.size() && !chosen.empty(); ++v)
    out[v] = classes ? std::ranges::any_of(classes_of(values[v]), is_chosen) : is_chosen(values[v]);
  return out;
}

}  // namespace

void fold(const FacetTable& table, const std::vector<std::uint32_t>& counts, const Chosen& chosen,
          const std::vector<Node>& tree, SearchIndex::Hits& hits) {
  auto list = dimensions();
  std::vector<std::vector<bool>> fits;
  std::vector<std::vector<std::int64_t>> found;
  for (std::size_t i = 0; i < list.size(); ++i) {
    fits.push_back(fitting(table.values[i], chosen.values[i], list[i].value == nullptr));
    found.emplace_back(table.values[i].size());
  }
  std::vector<bool> of_class(table.values[kDepartmentDimension].size(), false);
  for (std::size_t v = 0; v < of_class.size(); ++v)
    of_class[v] = std::ranges::find(chosen.departments_of_classes, table.values[kDepartmentDimension][v]) !=
                  chosen.departments_of_classes.end();
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> classed;  // by class and department
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    const auto* numbers = &table.numbers[c * list.size()];
    std::size_t misses = 0, missed = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (fits[i][numbers[i]] || (list[i].value == nullptr && of_class[numbers[kDepartmentDimension]])) continue;
      ++misses;
      missed = i;
    }
    auto count = [&](std::size_t i) {
      if (list[i].value == nullptr)
        classed[{numbers[i], numbers[kDepartmentDimension]}] += counts[c];
      else
        found[i][numbers[i]] += counts[c];
    };
    if (misses == 0) {
      hits.total += counts[c];
      for (std::size_t i = 0; i < list.size(); ++i) count(i);
    } else if (misses == 1) {
      count(missed);
    }
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto& into = hits.facets[std::string(list[i].name)];
    for (std::size_t v = 0; v < found[i].size(); ++v)
      if (found[i][v] != 0 && !table.values[i][v].empty()) into[table.values[i][v]] += found[i][v];
    if (list[i].value != nullptr) continue;
    for (const auto& [at, count] : classed)
      count_classes(table.values[i][at.first], table.values[kDepartmentDimension][at.second], tree, count, into);
  }
}

}  // namespace qushu::catalog
