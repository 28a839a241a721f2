#include "index_query.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "index_document.h"
#include "terms.h"

namespace qushu::catalog {
namespace {

using Xapian::Query;

constexpr Xapian::termcount kExpansions = 64;  // words that a beginning may stand for
constexpr std::int64_t kDeepest = 10'000;      // entries that can be paged through by relevance

Query any_of(std::vector<Query> list) {
  return {Query::OP_OR, list.begin(), list.end()};
}

Query beginning(const std::string& word) {
  return {Query::OP_WILDCARD, word, kExpansions, Query::WILDCARD_LIMIT_FIRST, Query::OP_SYNONYM};
}

// Initials longer than what is indexed hold when every window of that length does.
Query initials_query(const std::string& word) {
  std::vector<Query> all;
  auto length = std::min(word.size(), kInitialsLength);
  for (std::size_t i = 0; i + length <= word.size(); ++i) all.emplace_back(std::string(kInitials) + word.substr(i, length));
  return {Query::OP_AND, all.begin(), all.end()};
}

Query latin_query(const std::u32string& text) {
  auto word = utf8(text);
  std::vector<Query> any{Query(word)};
  bool letters = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
  if (text.size() > 1) any.push_back(beginning(word));
  if (letters) any.push_back(initials_query(word));
  if (letters && text.size() > 1) any.push_back(beginning(std::string(kSyllables) + word));
  return any_of(std::move(any));
}

Query chinese_query(const std::u32string& text) {
  if (text.size() == 1) return Query(utf8(text));
  std::vector<Query> pairs;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) pairs.emplace_back(utf8(std::u32string_view(text).substr(i, 2)));
  return {Query::OP_AND, pairs.begin(), pairs.end()};
}

Query terms_query(std::string_view prefix, const std::vector<std::string>& values) {
  std::vector<Query> any;
  for (const auto& value : values) any.emplace_back(std::string(prefix) + value);
  return any_of(std::move(any));
}

Query visible(const Visibility& who) {
  Query working(std::string(kKind) + "W");
  if (who.all) return working;
  auto subjects = who.departments;
  if (!who.person_id.empty()) subjects.push_back(who.person_id);
  std::vector<Query> inside;
  for (const auto& department : who.departments) inside.emplace_back(std::string(kDepartment) + department);
  for (const auto& subject : subjects) inside.emplace_back(std::string(kReader) + subject);
  auto insider = any_of(std::move(inside));
  auto mine = Query(Query::OP_AND, working, insider);
  if (!who.published_entries) return mine;
  return {Query::OP_OR, mine, Query(Query::OP_AND_NOT, Query(std::string(kKind) + "F"), insider)};
}

// What is chosen in each dimension, the classification with all that stands below.
Chosen chosen_of(const Search& query, const std::vector<Node>& tree) {
  Chosen out;
  for (const auto& dimension : dimensions()) {
    const auto& chosen = query.*dimension.chosen;
    auto& values = out.values.emplace_back(dimension.value != nullptr ? chosen : with_below(tree, chosen));
    if (!chosen.empty() && values.empty()) values = chosen;  // ids that no tree knows: they match nothing
    if (dimension.value != nullptr) continue;
    for (const auto& node : tree)
      if (!node.department_id.empty() && std::ranges::find(values, node.id) != values.end())
        out.departments_of_classes.push_back(node.department_id);
  }
  return out;
}

Failure bad_cursor() {
  return fail(
      Error{.code = Code::invalid,
            .id = "catalog.cursor",
            .text = {"分页位置无效，请从第一页重新开始。", "The page position is not valid; begin again at the first page."},
            .subject = "after"});
}

struct Order {
  std::string name;
  Xapian::valueno slot;
};

Order order_of(const Search& query) {
  if (query.sort == "title") return {"title", kTitleSlot};
  if (query.sort == "rows") return {"rows", kRowsSlot};
  if (query.sort == "relevance" && !trim(query.text).empty()) return {"relevance", Xapian::BAD_VALUENO};
  return {"changed", kChangedSlot};
}

std::string cursor_of(const Order& order, std::string_view place) {
  return crypto::to_base64url(order.name + ":" + std::string(place));
}

// What comes behind the cursor, without the sort's name.
Result<std::string> place_of(const Search& query, const Order& order) {
  if (query.after.empty()) return std::string();
  auto decoded = crypto::from_base64(query.after);
  if (!decoded || !decoded->starts_with(order.name + ":") || decoded->size() == order.name.size() + 1) return bad_cursor();
  return decoded->substr(order.name.size() + 1);
}

Query filtered(Query base, const Chosen& chosen) {
  auto list = dimensions();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (chosen.values[i].empty()) continue;
    auto fits = terms_query(filter_prefix(list[i]), chosen.values[i]);
    if (list[i].value == nullptr && !chosen.departments_of_classes.empty())
      fits = Query(Query::OP_OR, fits, terms_query(filter_prefix(list[kDepartmentDimension]), chosen.departments_of_classes));
    base = Query(Query::OP_FILTER, base, fits);
  }
  return base;
}

Query base_query(const Visibility& who, const Search& query) {
  auto seen = visible(who);
  Query base = trim(query.text).empty() ? Query(0.0, seen) : Query(Query::OP_FILTER, words_query(query.text), seen);
  for (const auto& tag : query.tags) base = Query(Query::OP_FILTER, base, Query(std::string(kTag) + tag));
  return base;
}

// One more than `limit`, so that it is seen whether there are more.
Xapian::MSet page_of(Xapian::Enquire& enquire, const Query& query, const Order& order, Xapian::doccount offset,
                     Xapian::doccount limit) {
  enquire.set_query(query);
  if (order.slot == Xapian::BAD_VALUENO) {
    enquire.set_weighting_scheme(Xapian::BM25Weight());
    enquire.set_sort_by_relevance();
  } else {
    enquire.set_weighting_scheme(Xapian::BoolWeight());
    enquire.set_sort_by_value(order.slot, false);
  }
  return enquire.get_mset(offset, limit + 1);
}

// How many documents of each combination match.
FacetTables::Counts counts_of(const Xapian::Database& db, FacetTables& facets, const FacetTable& table, const Query& query) {
  auto name = query.serialise();
  if (auto known = facets.counted(table, name)) return known;
  FacetCounter counter(table);
  Xapian::Enquire enquire(db);
  enquire.set_query(query);
  enquire.set_weighting_scheme(Xapian::BoolWeight());
  enquire.add_matchspy(&counter);
  static_cast<void>(enquire.get_mset(0, 0, db.get_doccount()));
  auto counts = std::make_shared<const std::vector<std::uint32_t>>(counter.counts());
  facets.keep(table, name, counts);
  return counts;
}

}  // namespace

Query words_query(std::string_view text) {
  std::vector<Query> all;
  for (const auto& run : runs_of(text)) all.push_back(run.chinese ? chinese_query(run.text) : latin_query(run.text));
  if (all.empty()) return Query::MatchNothing;
  return {Query::OP_AND, all.begin(), all.end()};
}

Result<SearchIndex::Hits> run_search(Xapian::Database& db, FacetTables& facets, const Visibility& who, const Search& query,
                                     const std::vector<Node>& tree) {
  auto base = base_query(who, query);
  auto chosen = chosen_of(query, tree);
  auto order = order_of(query);
  QS_TRY(auto place, place_of(query, order));
  bool ranked = order.slot == Xapian::BAD_VALUENO;
  std::int64_t offset = 0;
  auto page_query = filtered(base, chosen);
  if (!place.empty() && ranked) {
    auto number = to_int(place);
    if (!number || *number < 0 || *number > kDeepest) return bad_cursor();
    offset = *number;
  } else if (!place.empty()) {
    page_query = Query(Query::OP_FILTER, page_query, Query(Query::OP_VALUE_GE, order.slot, place + '\0'));
  }

  auto table = facets.of(db);
  auto limit = static_cast<Xapian::doccount>(query.limit);
  ListedDocuments newest(table->newest);
  Xapian::Enquire enquire(db);
  Xapian::MSet page;
  // What was changed last is most often found among few documents; enough of those are the first of all.
  if (order.slot == kChangedSlot) page = page_of(enquire, {Query::OP_FILTER, page_query, Query(&newest)}, order, 0, limit);
  if (page.size() <= limit) page = page_of(enquire, page_query, order, static_cast<Xapian::doccount>(offset), limit);

  SearchIndex::Hits hits;
  fold(*table, *counts_of(db, facets, *table, base), chosen, tree, hits);
  for (Xapian::doccount i = 0; i < page.size() && i < limit; ++i) {
    auto document = page[i].get_document();
    auto data = document.get_data();
    hits.page.push_back({.dataset_id = data.substr(1), .face = data[0] == 'F'});
    if (i + 1 < limit || page.size() <= limit) continue;
    hits.next = cursor_of(order, ranked ? std::to_string(offset + limit) : document.get_value(order.slot));
  }
  return hits;
}

}  // namespace qushu::catalog
