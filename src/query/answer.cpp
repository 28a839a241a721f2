#include "answer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "estimate.h"
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

// Where the index keeps the columns of the answer, and what is to be made of the values that it gives.
struct Place {
  std::size_t at = 0;
  const engine::Rewriter* mask = nullptr;
};
std::optional<std::vector<Place>> places_of(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                            const RowsRequest& request, const sharing::Masks* masks) {
  std::vector<Place> places;
  for (auto column : request.columns) {
    auto at = std::ranges::find(index.fields(), fields[column].id);
    if (at == index.fields().end()) return std::nullopt;
    Place place{.at = static_cast<std::size_t>(at - index.fields().begin())};
    if (masks != nullptr)
      if (auto mask = masks->find(fields[column].id); mask != masks->end()) place.mask = mask->second.get();
    places.push_back(place);
  }
  return places;
}

// A value as the index keeps it (JSON), masked where it must be.
void append_place(const Place& place, std::string_view value, std::string& out) {
  if (place.mask == nullptr) {
    out += value;
    return;
  }
  std::optional<std::string_view> plain;
  boost::json::value text;
  if (value.starts_with('"')) {
    boost::system::error_code failed;
    text = boost::json::parse(value, failed);
    // What cannot be read stays hidden.
    plain = !failed && text.is_string() ? std::string_view(text.get_string()) : std::string_view();
  } else if (value != "null") {
    plain = value;
  }
  if (auto masked = place.mask->rewrite(plain))
    append_json_text(*masked, out);
  else
    out += value;
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
  Page(engine::Engine& engine, const PageSource& source, const RowsRequest& request, const AnswerLimits& limits)
      : engine_(engine), source_(source), fields_(source.fields), request_(request), limits_(limits) {}

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
  Result<std::unique_ptr<engine::Cursor>> run(Sql sql, const engine::Limits& limits) const {
    return engine_.run({.sql = std::move(sql.text), .params = std::move(sql.params), .limits = limits});
  }

  Result<void> rows() {
    if (request_.size == 0) return {};
    if (auto places = places_in_index()) return narrow_rows(*places);
    auto keys = keys_of(fields_, request_);
    std::vector<std::size_t> sort_columns;
    auto hidden = hidden_sort_fields(request_);
    for (const auto& key : request_.sort) {
      auto at = std::ranges::find(request_.columns, key.field);
      sort_columns.push_back(at != request_.columns.end()
                                 ? static_cast<std::size_t>(at - request_.columns.begin())
                                 : request_.columns.size() +
                                       static_cast<std::size_t>(std::ranges::find(hidden, key.field) - hidden.begin()));
    }
    return each(page_sql(source_.select, fields_, request_), sort_columns,
                [&](const engine::Chunk& chunk, std::size_t row) -> Result<void> {
                  for (std::size_t c = 0; c < keys.size(); ++c) {
                    out_ += keys[c];
                    append_json_value(chunk, c + 1, row, fields_[request_.columns[c]].type, out_);
                  }
                  return {};
                });
  }

  // Wide rows are dear to read from columns that are spread over the files: where the index has them, the engine only finds
  // and sorts, and the index gives the rows.
  Result<void> narrow_rows(const std::vector<Place>& places) {
    auto keys = keys_of(fields_, request_);
    std::vector<std::size_t> sort_columns;
    for (std::size_t i = 0; i < request_.sort.size(); ++i) sort_columns.push_back(i);
    return each(narrow_page_sql(source_.select, fields_, request_), sort_columns,
                [&](const engine::Chunk& chunk, std::size_t row) -> Result<void> {
                  QS_TRY(auto found, source_.index->row(chunk.integer(0, row)));
                  if (found.values.empty()) return fail_internal("the key index lacks a row");
                  for (std::size_t c = 0; c < keys.size(); ++c) {
                    out_ += keys[c];
                    append_place(places[c], found.values[places[c].at], out_);
                  }
                  return {};
                });
  }

  [[nodiscard]] std::optional<std::vector<Place>> places_in_index() const {
    if (source_.index == nullptr || request_.columns.size() <= request_.sort.size() + 1) return std::nullopt;
    return places_of(*source_.index, fields_, request_, source_.masks);
  }

  // The rows of the page, one after another; `sort_columns` are the places of the sort values after `_id`.
  template <class Row>
  Result<void> each(Sql sql, const std::vector<std::size_t>& sort_columns, Row row) {
    QS_TRY(auto cursor, run(std::move(sql), limits_.engine));
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return {};
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        if (taken_ == request_.size) {
          more_ = true;
          return {};
        }
        if (taken_++ != 0) out_ += ',';
        QS_CHECK(row(*chunk, r));
        out_ += '}';
        if (taken_ == request_.size) remember(*chunk, r, sort_columns);
      }
    }
  }

  // The last row's place, for the cursor.
  void remember(const engine::Chunk& chunk, std::size_t row, const std::vector<std::size_t>& sort_columns) {
    last_ = Position{.keys = {}, .id = chunk.integer(0, row), .total = {}};
    for (auto column : sort_columns) {
      if (chunk.is_null(column + 1, row)) {
        last_->keys.emplace_back();
      } else {
        last_->keys.emplace_back("");
        chunk.append_text(column + 1, row, *last_->keys.back());
      }
    }
  }

  // Exact where it costs nothing or little, or was asked for; else from the profile, and said to be an estimate.
  Result<Total> count() {
    if (request_.count == Count::none) return Total{};
    if (request_.conditions.empty() && request_.search.empty() && source_.all_rows)
      return Total{.rows = source_.all_rows, .exact = true};
    if (!request_.after && request_.size > 0 && !more_) return Total{.rows = taken_, .exact = true};
    const auto& after = request_.after;
    if (after && after->total && (after->total_exact || request_.count == Count::automatic))
      return Total{.rows = after->total, .exact = after->total_exact};
    auto limits = limits_.engine;
    bool must = request_.count == Count::exact || (source_.all_rows && *source_.all_rows <= limits_.count_rows);
    if (!must) {
      auto guess = source_.profile == nullptr ? std::nullopt : estimate(*source_.profile, fields_, request_);
      if (guess) return estimated(guess->rows, guess->exact && !source_.profile->contains("as_of"));
      if (limits_.count_time.count() == 0) return from_the_page();
      limits.time = std::min(limits.time, limits_.count_time);
    }
    auto counted = count_rows(engine_, source_.select, fields_, request_, limits);
    if (counted) return Total{.rows = *counted, .exact = true};
    if (must || counted.error().code != Code::timed_out) return fail(std::move(counted).error());
    return from_the_page();
  }

  // The first page in the order of `_id`, which counts the lines of the source, shows how thick the matching rows lie.
  [[nodiscard]] Total from_the_page() const {
    if (!request_.sort.empty() || request_.after || !last_ || last_->id <= 0 || !source_.all_rows) return {};
    auto span = source_.last_id > 0 ? static_cast<double>(source_.last_id) : static_cast<double>(*source_.all_rows);
    return estimated(span * static_cast<double>(taken_) / static_cast<double>(last_->id), false);
  }

  [[nodiscard]] Total estimated(double rows, bool exact) const {
    auto least = taken_ + (more_ ? 1 : 0);
    return {.rows = std::clamp(static_cast<std::uint64_t>(std::llround(rows)), least,
                               std::max(least, source_.all_rows.value_or(least))),
            .exact = exact};
  }

  Result<void> facet(std::size_t field, std::string& out) const {
    QS_TRY(auto cursor, run(facet_sql(source_.select, fields_, request_, field, limits_.facet_values), limits_.engine));
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
  const PageSource& source_;
  const std::vector<catalog::Field>& fields_;
  const RowsRequest& request_;
  const AnswerLimits& limits_;
  std::string out_;
  std::uint64_t taken_ = 0;
  bool more_ = false;
  std::optional<Position> last_;
};

}  // namespace

Result<std::uint64_t> count_rows(engine::Engine& engine, std::string_view select, const std::vector<catalog::Field>& fields,
                                 const RowsRequest& request, const engine::Limits& limits) {
  auto sql = count_sql(select, fields, request);
  QS_TRY(auto cursor, engine.run({.sql = std::move(sql.text), .params = std::move(sql.params), .limits = limits}));
  QS_TRY(const auto* chunk, cursor->next());
  return chunk == nullptr || chunk->rows() == 0 ? 0 : static_cast<std::uint64_t>(chunk->integer(0, 0));
}

Result<Answer> answer_rows(engine::Engine& engine, const PageSource& source, const RowsRequest& request,
                           const AnswerLimits& limits) {
  return Page(engine, source, request, limits).answer();
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
                                    const RowsRequest& request, const sharing::Masks* masks) {
  auto key = key_of(index, fields, request);
  if (!key) return std::nullopt;
  auto found = index.find(*key, request.size + 1);
  if (!found || found->size() > request.size || (found->size() > 1 && !request.sort.empty())) return std::nullopt;
  auto places = places_of(index, fields, request, masks);
  if (!places) return std::nullopt;
  Answer out{.body = {}, .rows = found->size()};
  out.body.reserve(1024 + places->size() * 96);
  append_fields(fields, request, out.body);
  for (std::size_t r = 0; r < found->size(); ++r) {
    if (r != 0) out.body += ',';
    for (std::size_t c = 0; c < places->size(); ++c) {
      out.body += c == 0 ? "{" : ",";
      append_json_text(fields[request.columns[c]].id, out.body);
      out.body += ':';
      append_place((*places)[c], (*found)[r].values[(*places)[c].at], out.body);
    }
    out.body += '}';
  }
  Total total;
  if (request.count != Count::none) total = {.rows = found->size(), .exact = true};
  append_end(total, "", "", out.body);
  return out;
}

}  // namespace qushu::query
