#include <array>
#include <functional>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "rows.h"

namespace qushu::catalog {
namespace {

struct Dimension {
  std::string_view name, column;
  const std::vector<std::string> Search::* chosen;
};

constexpr std::array kDimensions{Dimension{"department", "department_id", &Search::departments},
                                 Dimension{"theme", "theme", &Search::themes}, Dimension{"level", "level", &Search::levels},
                                 Dimension{"sharing_type", "sharing_type", &Search::sharing_types},
                                 Dimension{"state", "state", &Search::states}};

std::string like(std::string_view word) {
  std::string out = "%";
  for (char c : word) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

// White space of any kind separates words; every word must occur.
std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  auto take = [&] {
    if (!word.empty()) out.push_back(std::exchange(word, {}));
  };
  auto lower = lower_ascii(text);
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (lower.compare(i, 3, "\u3000") == 0) {
      take();
      i += 2;
    } else if (lower[i] == ' ' || lower[i] == '\t' || lower[i] == '\n' || lower[i] == '\r') {
      take();
    } else {
      word += lower[i];
    }
  }
  take();
  return out;
}

std::string conditions(const Visibility& who, const Search& query, std::string_view but, store::Params& params) {
  auto sql = visible_to(who, params);
  for (const auto& word : words(query.text)) {
    sql += " AND d.search_text LIKE ? ESCAPE '\\'";
    params.emplace_back(like(word));
  }
  for (const auto& dimension : kDimensions) {
    const auto& chosen = query.*(dimension.chosen);
    if (dimension.name == but || chosen.empty()) continue;
    sql += fmt::format(" AND d.{} IN ({})", dimension.column, marks(chosen, params));
  }
  for (const auto& tag : query.tags) {
    sql += " AND d.tags LIKE ? ESCAPE '\\'";
    params.emplace_back(like(json::serialize(json::string(tag))));
  }
  return sql;
}

Text label_of(std::string_view dimension, const std::string& value) {
  auto named = [&](std::span<const Word> list) {
    for (const auto& word : list)
      if (word.code == value) return word.name;
    return Text{value, value};
  };
  if (dimension == "level") return named(levels());
  if (dimension == "sharing_type") return named(sharing_types());
  if (dimension == "state") {
    if (value == "draft") return {"未发布", "Draft"};
    if (value == "published") return {"已发布", "Published"};
    return {"已撤回", "Withdrawn"};
  }
  return {value, value};
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

}  // namespace

Result<Found> search(store::Session& s, const Visibility& who, const Search& query,
                     const std::map<std::string, std::string>& departments) {
  Found found;
  store::Params count_params;
  auto counted = fmt::format("SELECT count(*) FROM dataset d WHERE {}", conditions(who, query, "", count_params));
  QS_TRY(auto total, s.one(counted, count_params));
  found.total = total->integer(0);

  auto order = order_of(query);
  store::Params params;
  auto where = conditions(who, query, "", params);
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

  for (const auto& dimension : kDimensions) {
    store::Params facet_params;
    auto facet_where = conditions(who, query, dimension.name, facet_params);
    QS_TRY(auto groups, s.query(fmt::format("SELECT d.{0}, count(*) FROM dataset d WHERE {1} GROUP BY d.{0} ORDER BY 2 DESC, 1",
                                            dimension.column, facet_where),
                                facet_params));
    auto& list = found.facets[std::string(dimension.name)];
    for (const auto& group : groups) {
      Facet facet{
          .value = group.text(0), .label = label_of(dimension.name, group.text(0)).in(query.lang), .count = group.integer(1)};
      if (facet.value.empty()) continue;
      if (dimension.name == "department")
        if (auto name = departments.find(facet.value); name != departments.end()) facet.label = name->second;
      list.push_back(std::move(facet));
    }
  }
  return found;
}

}  // namespace qushu::catalog
