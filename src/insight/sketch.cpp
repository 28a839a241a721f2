#include "sketch.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "counting.h"

namespace qushu::insight {
namespace {

// Figures with a unit are measured, and name nothing.
bool can_link(const catalog::Field& field) {
  if (!field.unit.empty()) return false;
  return field.type == engine::Type::text || field.type == engine::Type::integer ||
         (field.type == engine::Type::decimal && field.scale == 0);
}

struct Facts {
  std::uint64_t values = 0, distinct = 0;
};

// Rows, and for every field its values and about how many different ones there are; one pass.
Result<std::uint64_t> facts_of(engine::Engine& engine, const SketchSpec& spec, const std::vector<catalog::Field>& fields,
                               std::vector<Facts>& out) {
  std::string sql = "SELECT count(*)";
  for (const auto& field : fields)
    sql += fmt::format(", count({}), approx_count_distinct({})", compared_sql(engine::quote_name(field.id)),
                       telling_sql(engine::quote_name(field.id)));
  std::uint64_t rows = 0;
  out.assign(fields.size(), {});
  QS_CHECK(each_row(engine, fmt::format("{} FROM ({}) AS t", sql, spec.select), spec.limits,
                    [&](const engine::Chunk& chunk, std::size_t row) {
                      rows = count_at(chunk, 0, row);
                      for (std::size_t i = 0; i < fields.size(); ++i)
                        out[i] = {.values = count_at(chunk, 1 + 2 * i, row), .distinct = count_at(chunk, 2 + 2 * i, row)};
                    }));
  return rows;
}

}  // namespace

std::string compared_sql(const std::string& column) {
  return fmt::format("nullif(upper(trim(CAST({} AS VARCHAR))), '')", column);
}

std::string telling_sql(const std::string& column) {
  auto value = compared_sql(column);
  return fmt::format("CASE WHEN length({0}) >= {1} OR NOT regexp_full_match({0}, '-?[0-9]+') THEN {0} END", value,
                     kTellingDigits);
}

Result<Sketched> sketch(engine::Engine& engine, const SketchSpec& spec, const std::filesystem::path& file) {
  std::vector<catalog::Field> fields;
  for (const auto& field : spec.fields)
    if (can_link(field)) fields.push_back(field);
  std::vector<Facts> facts;
  QS_TRY(auto rows, facts_of(engine, spec, fields, facts));
  std::string sql;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (facts[i].distinct < spec.least_distinct) continue;
    // The estimate is off by a few per cent, and so is the number of hashes that are kept; what counts is that all below the
    // bound are there.
    auto share = std::min(1.0, static_cast<double>(spec.size) / static_cast<double>(facts[i].distinct));
    auto theta = share >= 1.0 ? INT64_MAX : static_cast<std::int64_t>(share * kHashes);
    auto value = telling_sql(engine::quote_name(fields[i].id));
    sql += fmt::format(
        "{}SELECT {} AS dataset, {} AS field, {}::BIGINT AS theta, h FROM (SELECT DISTINCT (hash(v) >> 1)::BIGINT AS h FROM "
        "(SELECT {} AS v FROM ({}) AS t) AS w WHERE v IS NOT NULL) AS d WHERE h < {}",
        sql.empty() ? "" : " UNION ALL ", engine::quote_text(spec.dataset_id), engine::quote_text(fields[i].id), theta, value,
        spec.select, theta);
    names.push_back(fields[i].id);
  }
  if (sql.empty()) sql = "SELECT '' AS dataset, '' AS field, 0::BIGINT AS theta, 0::BIGINT AS h WHERE false";
  QS_TRY(auto written, engine.execute({.sql = fmt::format("COPY ({}) TO {} (FORMAT parquet, COMPRESSION zstd)", sql,
                                                          engine::quote_text(file.string())),
                                       .limits = spec.limits}));
  Sketched out{.columns = {}, .hashes = written};
  QS_CHECK(each_row(
      engine, fmt::format("SELECT field, count(*), any_value(theta) FROM {} GROUP BY field", engine::parquet_scan({file})),
      spec.limits, [&](const engine::Chunk& chunk, std::size_t row) {
        SketchedColumn column{.dataset_id = spec.dataset_id, .field = std::string(chunk.text(0, row)), .rows = rows};
        for (std::size_t i = 0; i < fields.size(); ++i)
          if (fields[i].id == column.field) column.values = facts[i].values;
        auto theta = static_cast<double>(chunk.integer(2, row));
        column.distinct =
            std::min(column.values,
                     static_cast<std::uint64_t>(std::llround(static_cast<double>(chunk.integer(1, row)) * (kHashes / theta))));
        out.columns.push_back(std::move(column));
      }));
  return out;
}

Result<std::vector<Overlap>> overlaps(engine::Engine& engine, const std::filesystem::path& mine,
                                      const std::vector<std::filesystem::path>& others, const engine::Limits& limits) {
  std::vector<Overlap> out;
  if (others.empty()) return out;
  // Fewer common hashes than these are chance, or too few to say anything.
  constexpr int kLeastShared = 3;
  auto sql = fmt::format(
      "WITH mine AS MATERIALIZED (SELECT field, theta, h FROM {}), others AS MATERIALIZED (SELECT dataset, field, theta, h "
      "FROM "
      "{}), pair AS MATERIALIZED (SELECT m.field AS f, o.dataset AS d, o.field AS g, least(any_value(m.theta), "
      "any_value(o.theta)) AS theta, count(*) AS n FROM mine m JOIN others o ON m.h = o.h GROUP BY m.field, o.dataset, o.field "
      "HAVING count(*) >= {}), seen AS (SELECT p.f, p.d, p.g, count(*) AS c FROM pair p JOIN mine m ON m.field = p.f AND m.h < "
      "p.theta GROUP BY p.f, p.d, p.g), other AS (SELECT p.f, p.d, p.g, count(*) AS c FROM pair p JOIN others o ON o.dataset = "
      "p.d AND o.field = p.g AND o.h < p.theta GROUP BY p.f, p.d, p.g) SELECT p.f, p.d, p.g, p.n, s.c, t.c FROM pair p JOIN "
      "seen s ON s.f = p.f AND s.d = p.d AND s.g = p.g JOIN other t ON t.f = p.f AND t.d = p.d AND t.g = p.g",
      engine::parquet_scan({mine}), engine::parquet_scan(others), kLeastShared);
  QS_CHECK(each_row(engine, sql, limits, [&](const engine::Chunk& chunk, std::size_t row) {
    out.push_back({.field = std::string(chunk.text(0, row)),
                   .other_dataset = std::string(chunk.text(1, row)),
                   .other_field = std::string(chunk.text(2, row)),
                   .shared = count_at(chunk, 3, row),
                   .seen = count_at(chunk, 4, row),
                   .other_seen = count_at(chunk, 5, row)});
  }));
  return out;
}

Link link_of(std::string field_a, std::string field_b, std::uint64_t shared, std::uint64_t a, std::uint64_t b, bool exact) {
  Link link{.field_a = std::move(field_a), .field_b = std::move(field_b), .exact = exact};
  auto share = [&](std::uint64_t of) { return of == 0 ? 0.0 : static_cast<double>(shared) / static_cast<double>(of); };
  link.a_in_b = share(a);
  link.b_in_a = share(b);
  auto fewer = std::min(a, b);
  auto larger = std::max(link.a_in_b, link.b_in_a);
  if (!exact && fewer > 0) link.error = std::sqrt(larger * (1 - larger) / static_cast<double>(fewer));
  return link;
}

bool SketchedColumn::identifies() const {
  constexpr double kNearlyAll = 0.9;
  return values > 0 && static_cast<double>(distinct) >= kNearlyAll * static_cast<double>(values);
}

}  // namespace qushu::insight
