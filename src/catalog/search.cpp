// A search: by the index, and the plain lists that other modules ask for, by SQL.
#include "search.h"

#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "entry_rows.h"
#include "highlight.h"
#include "index_document.h"
#include "rows.h"

namespace qushu::catalog {
namespace {

std::string like(std::string_view word) {
  std::string out = "%";
  for (char c : word) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

// Those that stand in a column of their own.
std::string conditions(const Visibility& who, const Search& query, store::Params& params) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kColumns{{{"department", "department_id"},
                                                                                          {"theme", "theme"},
                                                                                          {"level", "level"},
                                                                                          {"sharing_type", "sharing_type"},
                                                                                          {"state", "state"},
                                                                                          {"format", "format"},
                                                                                          {"update_cycle", "update_cycle"},
                                                                                          {"entry_state", "entry_state"}}};
  auto sql = visible_to(who, params);
  for (const auto& dimension : dimensions()) {
    const auto& chosen = query.*dimension.chosen;
    auto column = std::ranges::find(kColumns, dimension.name, &std::pair<std::string_view, std::string_view>::first);
    if (!chosen.empty() && column != kColumns.end())
      sql += fmt::format(" AND d.{} IN ({})", column->second, marks(chosen, params));
  }
  for (const auto& tag : query.tags) {
    sql += " AND d.tags LIKE ? ESCAPE '\\'";
    params.emplace_back(like(json::serialize(json::string(tag))));
  }
  return sql;
}

// A page is described by the sort value and id of its last row; the cursor holds both and the sort that it belongs to.
struct Order {
  std::string_view expression;
  bool descending, text;
};

Order order_of(const Search& query) {
  if (query.sort == "title") return {"d.title", false, true};
  if (query.sort == "rows") return {"d.row_count", true, false};
  return {"d.changed", true, false};
}

std::string cursor_of(const Search& query, const store::Value& value, const std::string& id) {
  json::value last = std::holds_alternative<std::string>(value) ? json::value(std::get<std::string>(value))
                                                                : json::value(std::get<std::int64_t>(value));
  return crypto::to_base64url(json::serialize(json::array{query.sort, std::move(last), id}));
}

Result<void> after_cursor(const Search& query, const Order& order, std::string& sql, store::Params& params) {
  if (query.after.empty()) return {};
  auto bad = [] {
    return Error{
        .code = Code::invalid,
        .id = "catalog.cursor",
        .text = {"分页位置无效，请从第一页重新开始。", "The page position is not valid; begin again at the first page."},
        .subject = "after"};
  };
  auto decoded = crypto::from_base64(query.after);
  if (!decoded) return fail(bad());
  boost::system::error_code failed;
  auto value = json::parse(*decoded, failed);
  if (failed || !value.is_array() || value.as_array().size() != 3) return fail(bad());
  const auto& list = value.as_array();
  if (!list[0].is_string() || list[0].as_string() != query.sort || !list[2].is_string()) return fail(bad());
  if (order.text ? !list[1].is_string() : !list[1].is_int64()) return fail(bad());
  sql += fmt::format(" AND ({0} {1} ? OR ({0} = ? AND d.id > ?))", order.expression, order.descending ? "<" : ">");
  store::Param last = order.text ? store::Param(std::string(list[1].as_string())) : store::Param(list[1].as_int64());
  params.push_back(last);
  params.push_back(last);
  params.emplace_back(std::string(list[2].as_string()));
  return {};
}

Text label_of(std::string_view dimension, const std::string& value, const std::map<std::string, std::string>& departments,
              const std::vector<Node>& tree) {
  if (dimension == "level") return name_of(levels(), value);
  if (dimension == "sharing_type") return name_of(sharing_types(), value);
  if (dimension == "format") return name_of(formats(), value);
  if (dimension == "update_cycle") return name_of(update_cycles(), value);
  if (dimension == "entry_state") return name_of(entry_states(), value);
  if (dimension == "state") {
    if (value == "draft") return {"无数据", "No data yet"};
    if (value == "published") return {"有数据", "With data"};
    return {"已撤回", "Withdrawn"};
  }
  if (dimension == "department") {
    auto name = departments.find(value);
    return name == departments.end() ? Text{value, value} : Text{name->second, name->second};
  }
  if (dimension == "classification") {
    auto node = std::ranges::find(tree, value, &Node::id);
    return node == tree.end() ? Text{value, value} : Text{node->path, node->path};
  }
  return {value, value};
}

std::vector<Facet> facet_of(std::string_view dimension, const std::map<std::string, std::int64_t>& counts,
                            const std::map<std::string, std::string>& departments, const std::vector<Node>& tree, Lang lang) {
  std::vector<Facet> out;
  for (const auto& [value, count] : counts)
    out.push_back({.value = value, .label = label_of(dimension, value, departments, tree).in(lang), .count = count});
  if (dimension == "classification") {
    // In the order of the tree.
    auto place = [&](const Facet& f) { return std::ranges::find(tree, f.value, &Node::id) - tree.begin(); };
    std::ranges::sort(out, {}, place);
  } else {
    std::ranges::sort(out,
                      [](const Facet& a, const Facet& b) { return std::tie(b.count, a.value) < std::tie(a.count, b.value); });
  }
  return out;
}

}  // namespace

bool is_plain(const Visibility& who, const Search& query) {
  return !query.facets && trim(query.text).empty() && !who.published_entries && query.classifications.empty();
}

Result<Found> list(store::Session& s, const Visibility& who, const Search& query) {
  Found found;
  store::Params count_params;
  auto counted = fmt::format("SELECT count(*) FROM dataset d WHERE {}", conditions(who, query, count_params));
  QS_TRY(auto total, s.one(counted, count_params));
  found.total = total->integer(0);
  auto order = order_of(query);
  store::Params params;
  auto where = conditions(who, query, params);
  QS_CHECK(after_cursor(query, order, where, params));
  params.emplace_back(static_cast<std::int64_t>(query.limit) + 1);
  QS_TRY(auto rows, s.query(fmt::format("SELECT {}, {} FROM dataset d WHERE {} ORDER BY {} {}, d.id LIMIT ?", kDatasetColumns,
                                        order.expression, where, order.expression, order.descending ? "DESC" : "ASC"),
                            params));
  for (std::size_t i = 0; i < rows.size() && i < query.limit; ++i) {
    found.datasets.push_back(dataset_of(rows[i]));
    if (i + 1 == query.limit && rows.size() > query.limit)
      found.next = cursor_of(query, rows[i][rows[i].size() - 1], found.datasets.back().id);
  }
  return found;
}

Result<Found> found_by(store::Session& s, const Visibility& who, const Search& query, const SearchIndex::Hits& hits,
                       const std::vector<Node>& tree, const std::map<std::string, std::string>& departments) {
  Found found{.datasets = {}, .highlights = {}, .total = hits.total, .facets = {}, .next = hits.next};
  bool worded = !trim(query.text).empty();
  for (const auto& hit : hits.page) {
    // The index said that she may know of it; what holds is what the store says now.
    store::Params params{hit.dataset_id};
    auto condition = hit.face ? std::string("d.face > 0") : visible_to(who, params);
    QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM dataset d WHERE d.id = ? AND {}", kDatasetColumns, condition), params));
    if (!row) continue;
    auto dataset = dataset_of(*row);
    if (hit.face) {
      QS_TRY(auto published, load_entry_version(s, dataset.id, dataset.face));
      if (!published) continue;
      dataset = face_of(std::move(dataset), published->entry);
    }
    if (worded) found.highlights.push_back(highlight(dataset, query.text));
    found.datasets.push_back(std::move(dataset));
  }
  if (query.facets)
    for (const auto& [name, counts] : hits.facets) found.facets[name] = facet_of(name, counts, departments, tree, query.lang);
  return found;
}

}  // namespace qushu::catalog
