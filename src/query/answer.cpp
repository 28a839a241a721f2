#include "answer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "filter.h"
#include "json_out.h"

namespace qushu::query {
namespace {

void append_fields(const std::vector<catalog::Field>& fields, const RowsRequest& request, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{{\"version\":{},\"fields\":[", request.version);
  bool first = true;
  for (auto index : request.columns) {
    const auto& field = fields[index];
    out += first ? "{\"id\":\"" : ",{\"id\":\"";
    first = false;
    out += field.id;
    out += "\",\"name\":";
    append_json_text(field.name, out);
    out += ",\"type\":\"";
    out += engine::name(field.type);
    out += "\",\"unit\":";
    append_json_text(field.unit, out);
    out += '}';
  }
  out += "],\"rows\":[";
}

// `{"id":` of every column, a comma before all but the first.
std::vector<std::string> keys_of(const std::vector<catalog::Field>& fields, const RowsRequest& request) {
  std::vector<std::string> out;
  for (auto index : request.columns) {
    out.emplace_back(out.empty() ? "{" : ",");
    append_json_text(fields[index].id, out.back());
    out.back() += ':';
  }
  return out;
}

struct Total {
  std::optional<std::uint64_t> rows;
  bool exact = false;
};

void append_end(const Total& total, std::string_view next, std::string_view facets, std::string& out) {
  out += "],\"total\":";
  out += total.rows ? fmt::format("{}", *total.rows) : "null";
  out += total.exact ? ",\"total_exact\":true,\"next\":" : ",\"total_exact\":false,\"next\":";
  append_json_text(next, out);
  out += ",\"facets\":{";
  out += facets;
  out += "}}";
}

class Page {
 public:
  Page(engine::Engine& engine, std::string_view select, const std::vector<catalog::Field>& fields, std::uint64_t all_rows,
       const RowsRequest& request, const AnswerLimits& limits)
      : engine_(engine), select_(select), fields_(fields), all_rows_(all_rows), request_(request), limits_(limits) {}

  Result<Answer> answer() {
    append_fields(fields_, request_, out_);
    QS_CHECK(rows());
    QS_TRY(auto total, count());
    std::string facets;
    for (auto field : request_.facets) QS_CHECK(facet(field, facets));
    std::string next;
    if (more_ && last_) {
      last_->total = total.rows;
      last_->total_exact = total.exact;
      next = encode_cursor(request_, fields_, *last_);
    }
    append_end(total, next, facets, out_);
    return Answer{.body = std::move(out_), .rows = taken_};
  }

 private:
  Result<std::unique_ptr<engine::Cursor>> run(Sql sql) const {
    return engine_.run({.sql = std::move(sql.text), .params = std::move(sql.params), .limits = limits_.engine});
  }

  Result<void> rows() {
    if (request_.size == 0) return {};
    QS_TRY(auto cursor, run(page_sql(select_, fields_, request_)));
    auto keys = keys_of(fields_, request_);
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return {};
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        if (taken_ == request_.size) {
          more_ = true;
          return {};
        }
        if (taken_++ != 0) out_ += ',';
        for (std::size_t c = 0; c < keys.size(); ++c) {
          out_ += keys[c];
          append_json_value(*chunk, c + 1, r, fields_[request_.columns[c]].type, out_);
        }
        out_ += '}';
        if (taken_ == request_.size) remember(*chunk, r);
      }
    }
  }

  // The last row's place, for the cursor.
  void remember(const engine::Chunk& chunk, std::size_t row) {
    last_ = Position{.keys = {}, .id = chunk.integer(0, row), .total = {}};
    auto hidden = hidden_sort_fields(request_);
    for (const auto& key : request_.sort) {
      auto at = std::ranges::find(request_.columns, key.field);
      auto column =
          at != request_.columns.end()
              ? static_cast<std::size_t>(at - request_.columns.begin())
              : request_.columns.size() + static_cast<std::size_t>(std::ranges::find(hidden, key.field) - hidden.begin());
      if (chunk.is_null(column + 1, row)) {
        last_->keys.emplace_back();
      } else {
        last_->keys.emplace_back("");
        chunk.append_text(column + 1, row, *last_->keys.back());
      }
    }
  }

  Result<Total> count() {
    if (request_.count == Count::none) return Total{};
    if (request_.conditions.empty() && request_.search.empty()) return Total{.rows = all_rows_, .exact = true};
    if (!request_.after && request_.size > 0 && !more_) return Total{.rows = taken_, .exact = true};
    const auto& after = request_.after;
    if (after && after->total && (after->total_exact || request_.count == Count::automatic))
      return Total{.rows = after->total, .exact = after->total_exact};
    if (request_.count == Count::exact || all_rows_ <= limits_.count_rows) {
      QS_TRY(auto numbers, integers(count_sql(select_, fields_, request_)));
      return Total{.rows = static_cast<std::uint64_t>(numbers.at(0)), .exact = true};
    }
    return estimate();
  }

  Result<Total> estimate() {
    QS_TRY(auto range,
           integers({.text = fmt::format("SELECT min(\"_id\"), max(\"_id\") FROM ({}) AS t", select_), .params = {}}));
    QS_TRY(auto seen, integers(sample_sql(select_, fields_, request_, range.at(0), range.at(1))));
    auto share = seen.at(0) == 0 ? 0.0 : static_cast<double>(seen.at(1)) / static_cast<double>(seen.at(0));
    auto rows = static_cast<std::uint64_t>(std::llround(share * static_cast<double>(all_rows_)));
    return Total{.rows = std::max(rows, taken_ + (more_ ? 1 : 0)), .exact = false};
  }

  // The only row of an answer that holds integers.
  Result<std::vector<std::int64_t>> integers(Sql sql) const {
    QS_TRY(auto cursor, run(std::move(sql)));
    QS_TRY(const auto* chunk, cursor->next());
    std::vector<std::int64_t> out;
    for (std::size_t c = 0; c < cursor->columns().size(); ++c)
      out.push_back(chunk == nullptr || chunk->rows() == 0 || chunk->is_null(c, 0) ? 0 : chunk->integer(c, 0));
    return out;
  }

  Result<void> facet(std::size_t field, std::string& out) const {
    QS_TRY(auto cursor, run(facet_sql(select_, fields_, request_, field, limits_.facet_values)));
    if (!out.empty()) out += ',';
    append_json_text(fields_[field].id, out);
    out += ":[";
    bool first = true;
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) break;
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        out += first ? "{\"value\":" : ",{\"value\":";
        first = false;
        append_json_value(*chunk, 0, r, fields_[field].type, out);
        fmt::format_to(std::back_inserter(out), ",\"count\":{}}}", chunk->integer(1, r));
      }
    }
    out += ']';
    return {};
  }

  engine::Engine& engine_;
  std::string_view select_;
  const std::vector<catalog::Field>& fields_;
  std::uint64_t all_rows_;
  const RowsRequest& request_;
  const AnswerLimits& limits_;
  std::string out_;
  std::uint64_t taken_ = 0;
  bool more_ = false;
  std::optional<Position> last_;
};

}  // namespace

Result<Answer> answer_rows(engine::Engine& engine, std::string_view select, const std::vector<catalog::Field>& fields,
                           std::uint64_t all_rows, const RowsRequest& request, const AnswerLimits& limits) {
  return Page(engine, select, fields, all_rows, request, limits).answer();
}

std::optional<std::vector<engine::Value>> key_of(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                                 const RowsRequest& request) {
  if (!request.by_key || request.conditions.size() != index.key().size()) return std::nullopt;
  std::vector<engine::Value> key;
  for (const auto& part : index.key())
    for (const auto& condition : request.conditions)
      if (fields[condition.field].id == part.id && fields[condition.field].type == part.type)
        key.push_back(condition.values[0]);
  if (key.size() != index.key().size()) return std::nullopt;
  return key;
}

std::optional<Answer> answer_lookup(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                    const RowsRequest& request) {
  auto key = key_of(index, fields, request);
  if (!key) return std::nullopt;
  auto found = index.find(*key, request.size + 1);
  if (!found || found->size() > request.size || (found->size() > 1 && !request.sort.empty())) return std::nullopt;
  std::vector<std::size_t> places;
  for (auto column : request.columns) {
    auto at = std::ranges::find(index.fields(), fields[column].id);
    if (at == index.fields().end()) return std::nullopt;
    places.push_back(static_cast<std::size_t>(at - index.fields().begin()));
  }
  Answer out{.body = {}, .rows = found->size()};
  out.body.reserve(1024 + places.size() * 96);
  append_fields(fields, request, out.body);
  for (std::size_t r = 0; r < found->size(); ++r) {
    if (r != 0) out.body += ',';
    for (std::size_t c = 0; c < places.size(); ++c) {
      out.body += c == 0 ? "{" : ",";
      append_json_text(fields[request.columns[c]].id, out.body);
      out.body += ':';
      out.body += (*found)[r].values[places[c]];
    }
    out.body += '}';
  }
  Total total;
  if (request.count != Count::none) total = {.rows = found->size(), .exact = true};
  append_end(total, "", "", out.body);
  return out;
}

}  // namespace qushu::query
