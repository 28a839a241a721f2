#include "qushu/query/profile.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/base/time.h"

#include "json_out.h"

namespace qushu::query {
namespace {

using engine::Type;

bool has_histogram(Type type) {
  return is_number(type) || is_day(type);
}

json::value value_of(const engine::Chunk& chunk, std::size_t column, std::size_t row, Type type) {
  std::string text;
  append_json_value(chunk, column, row, type, text);
  // What append_json_value() writes is JSON; a long text stays short in a profile.
  auto value = json::parse(text);
  if (value.is_string() && value.get_string().size() > 400) value = shorten(std::string_view(value.get_string()), 100);
  return value;
}

struct Summary {
  std::int64_t values = 0, distinct = 0;
  std::int64_t blank = 0, shortest = 0, longest = 0;  // of texts: how many are empty, and characters
  json::value min, max, mean;
  double low = 0, high = 0;  // of fields with a histogram, in the unit of position_sql()
};

class Profiler {
 public:
  Profiler(engine::Engine& engine, const ProfileSource& source) : engine_(engine), source_(source) {}

  Result<json::object> run() {
    QS_CHECK(summarise());
    json::array fields;
    for (std::size_t i = 0; i < source_.fields.size(); ++i) {
      QS_TRY(auto field, describe(i));
      fields.push_back(std::move(field));
      if (source_.progress) source_.progress(i + 1, source_.fields.size());
    }
    return json::object{{"rows", rows_}, {"fields", std::move(fields)}};
  }

 private:
  [[nodiscard]] std::string column(std::size_t field) const { return engine::quote_name(source_.fields[field].id); }

  // Where a value lies on the axis of the histogram.
  [[nodiscard]] std::string position_sql(std::size_t field) const {
    switch (source_.fields[field].type) {
      case Type::date:
        return fmt::format("CAST({} - DATE '1970-01-01' AS DOUBLE)", column(field));
      case Type::datetime:
        return fmt::format("CAST(epoch_us({}) AS DOUBLE)", column(field));
      default:
        return fmt::format("CAST({} AS DOUBLE)", column(field));
    }
  }

  // The values that a histogram can place: infinities and NaN have no bar.
  [[nodiscard]] std::string placeable_sql(std::size_t field) const {
    return source_.fields[field].type == Type::number ? fmt::format("isfinite({})", column(field))
                                                      : column(field) + " IS NOT NULL";
  }

  template <class Row>
  Result<void> for_each(std::string sql, std::vector<engine::Value> params, Row row) {
    QS_TRY(auto cursor, engine_.run({.sql = std::move(sql), .params = std::move(params), .limits = source_.limits}));
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return {};
      for (std::size_t r = 0; r < chunk->rows(); ++r) row(*chunk, r, cursor->columns());
    }
  }

  Result<void> summarise() {
    std::string sql = "SELECT count(*)";
    for (std::size_t i = 0; i < source_.fields.size(); ++i) {
      auto name = column(i);
      sql += fmt::format(", count({0}), approx_count_distinct({0}), min({0}), max({0})", name);
      if (has_histogram(source_.fields[i].type))
        sql += fmt::format(", min({0}) FILTER ({1}), max({0}) FILTER ({1}), avg({0}) FILTER ({1})", position_sql(i),
                           placeable_sql(i));
      else if (source_.fields[i].type == Type::text)
        sql += fmt::format(", count(*) FILTER ({0} = ''), coalesce(min(length({0})), 0), coalesce(max(length({0})), 0)", name);
    }
    summaries_.assign(source_.fields.size(), {});
    return for_each(fmt::format("{} FROM ({}) AS t", sql, source_.select), {},
                    [&](const engine::Chunk& chunk, std::size_t row, const std::vector<engine::Column>&) {
                      rows_ = chunk.integer(0, row);
                      std::size_t at = 1;
                      for (std::size_t i = 0; i < source_.fields.size(); ++i) at = read_summary(chunk, row, i, at);
                    });
  }

  std::size_t read_summary(const engine::Chunk& chunk, std::size_t row, std::size_t field, std::size_t at) {
    auto type = source_.fields[field].type;
    auto& summary = summaries_[field];
    summary.values = chunk.integer(at++, row);
    summary.distinct = std::min(chunk.integer(at++, row), summary.values);
    summary.min = value_of(chunk, at++, row, type);
    summary.max = value_of(chunk, at++, row, type);
    if (type == Type::text)
      for (auto* count : {&summary.blank, &summary.shortest, &summary.longest}) *count = chunk.integer(at++, row);
    if (!has_histogram(type)) return at;
    if (!chunk.is_null(at, row)) {
      summary.low = chunk.number(at, row);
      summary.high = chunk.number(at + 1, row);
      if (is_number(type)) summary.mean = chunk.number(at + 2, row);
    }
    return at + 3;
  }

  Result<json::object> describe(std::size_t i) {
    const auto& field = source_.fields[i];
    auto& summary = summaries_[i];
    bool exact = summary.distinct <= kExactDistinct;
    json::array top;
    if (summary.values > 0 && exact) {
      QS_TRY(summary.distinct, count_groups(i, top));
    } else if (summary.values > 0) {
      QS_TRY(top, count_candidates(i));
    }
    json::array bars;
    if (summary.values > 0 && has_histogram(field.type)) {
      QS_TRY(bars, histogram(i));
    }
    json::object out{{"id", field.id},
                     {"name", field.name},
                     {"type", engine::name(field.type)},
                     {"values", summary.values},
                     {"nulls", rows_ - summary.values},
                     {"distinct", summary.distinct},
                     {"distinct_exact", exact},
                     {"min", summary.min},
                     {"max", summary.max}};
    if (field.type == Type::text) {
      out["blank"] = summary.blank;
      out["min_length"] = summary.shortest;
      out["max_length"] = summary.longest;
    }
    out["mean"] = summary.mean;
    out["top"] = std::move(top);
    out["histogram"] = std::move(bars);
    return out;
  }

  void add_top(json::array& top, const engine::Chunk& chunk, std::size_t row, Type type) const {
    top.push_back(json::object{{"value", value_of(chunk, 0, row, type)}, {"count", chunk.integer(1, row)}});
  }

  // Groups the whole column: the exact number of values, and the commonest.
  Result<std::int64_t> count_groups(std::size_t i, json::array& top) {
    auto type = source_.fields[i].type;
    std::int64_t distinct = 0;
    QS_CHECK(for_each(
        fmt::format("WITH g AS MATERIALIZED (SELECT {0} AS v, count(*) AS n FROM ({1}) AS t WHERE {0} IS NOT NULL GROUP BY 1) "
                    "SELECT v, n, (SELECT count(*) FROM g) FROM g ORDER BY n DESC, v LIMIT {2}",
                    column(i), source_.select, kTopValues),
        {}, [&](const engine::Chunk& chunk, std::size_t row, const std::vector<engine::Column>&) {
          distinct = chunk.integer(2, row);
          add_top(top, chunk, row, type);
        }));
    return distinct;
  }

  // Too many values to group: finds candidates by an approximate count, then counts each of them.
  Result<json::array> count_candidates(std::size_t i) {
    auto type = source_.fields[i].type;
    json::array top;
    QS_CHECK(for_each(
        fmt::format("SELECT {0}, count(*) FROM ({1}) AS t WHERE {0} IN (SELECT unnest(approx_top_k({0}, {2})) FROM ({1}) "
                    "AS s) GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC, 1",
                    column(i), source_.select, kTopValues),
        {}, [&](const engine::Chunk& chunk, std::size_t row, const std::vector<engine::Column>&) {
          add_top(top, chunk, row, type);
        }));
    return top;
  }

  // Bars of one width from the smallest to the greatest value; whole numbers where the field has no fractions.
  Result<json::array> histogram(std::size_t i) {
    auto type = source_.fields[i].type;
    const auto& summary = summaries_[i];
    auto span = summary.high - summary.low;
    bool whole = type == Type::integer || type == Type::date;
    std::size_t count = kBars;
    if (whole && span + 1 < static_cast<double>(kBars)) count = static_cast<std::size_t>(span) + 1;
    auto width = whole ? std::ceil((span + 1) / static_cast<double>(count)) : span / static_cast<double>(count);
    if (!(width > 0) || !std::isfinite(width)) {
      count = 1;
      width = whole ? 1 : 0;
    } else if (whole) {
      count = static_cast<std::size_t>(std::floor(span / width)) + 1;
    }
    std::vector<std::int64_t> counts(count, 0);
    QS_CHECK(for_each(
        fmt::format(
            "SELECT CAST(least(greatest(floor(({0} - $1) / $2), 0), {1}) AS BIGINT), count(*) FROM ({2}) AS t WHERE {3} "
            "GROUP BY 1",
            position_sql(i), count - 1, source_.select, placeable_sql(i)),
        {summary.low, width > 0 ? width : 1.0},
        [&](const engine::Chunk& chunk, std::size_t row, const std::vector<engine::Column>&) {
          if (chunk.is_null(0, row)) return;
          counts[static_cast<std::size_t>(chunk.integer(0, row))] += chunk.integer(1, row);
        }));
    json::array bars;
    for (std::size_t b = 0; b < count; ++b) {
      auto from = summary.low + width * static_cast<double>(b);
      auto to = whole ? from + width - 1 : b + 1 == count ? summary.high : from + width;
      bars.push_back(
          json::object{{"from", edge(type, from)}, {"to", edge(type, std::min(to, summary.high))}, {"count", counts[b]}});
    }
    return bars;
  }

  static json::value edge(Type type, double position) {
    if (type == Type::date)
      return json::string(to_iso(from_micros(static_cast<std::int64_t>(position) * 86'400'000'000)).substr(0, 10));
    if (type == Type::datetime) return json::string(to_iso(from_micros(static_cast<std::int64_t>(position))).substr(0, 19));
    if (type == Type::integer && std::abs(position) < 9e15) return static_cast<std::int64_t>(position);
    return position;
  }

  engine::Engine& engine_;
  const ProfileSource& source_;
  std::int64_t rows_ = 0;
  std::vector<Summary> summaries_;
};

}  // namespace

Result<json::object> compute_profile(engine::Engine& engine, const ProfileSource& source) {
  return Profiler(engine, source).run();
}

}  // namespace qushu::query
