// The rows that are left out, with their reasons, beside those that were rejected on the way here.
#include <algorithm>

#include <fmt/format.h>

#include "preparing.h"

namespace qushu::ingest {
namespace {

// A row as one line of separated text.
std::string raw_sql(const std::vector<catalog::Field>& fields) {
  std::string cells;
  for (const auto& field : fields) {
    auto text = fmt::format("coalesce(CAST(r.{} AS VARCHAR), '')", engine::quote_name(field.id));
    if (field.type == engine::Type::text)
      text = fmt::format(
          "CASE WHEN regexp_matches({0}, '[\",\\n\\r]') THEN '\"' || replace({0}, '\"', '\"\"') || '\"' ELSE {0} END", text);
    cells += (cells.empty() ? "" : " || ',' || ") + text;
  }
  return fmt::format("left({}, 20000)", cells.empty() ? "''" : cells);
}

}  // namespace

// One source's rows that are left out, in the shape of a file of rejects.
std::string Preparation::reject_sql(std::size_t source, std::vector<engine::Value>& params) const {
  const auto& s = sources_[source];
  auto place = [&](std::string text) {
    params.emplace_back(std::move(text));
    return fmt::format("CAST(${} AS VARCHAR)", params.size());
  };
  const auto& origins = task_.incoming.origins;
  const auto* origin = source < origins.size() ? &origins[source] : origins.empty() ? nullptr : &origins.front();
  auto file = place(origin ? origin->file_name : std::string()), sheet = place(origin ? origin->table : std::string());
  auto raw = raw_sql(next_.fields);
  std::string out;
  if (bad_rows_ > superseded_) {
    std::vector<std::string> names, values;
    for (const auto& id : key_) {
      auto field = std::ranges::find(next_.fields, id, &catalog::Field::id);
      names.push_back(field->name);
      values.push_back(fmt::format("CAST(r.{} AS VARCHAR)", engine::quote_name(id)));
    }
    auto field = place(fmt::format("{}", fmt::join(names, "、")));
    out = fmt::format(
        "SELECT {0} AS file, {1} AS sheet, r._id - {2} AS line, {3} AS field, concat_ws(' | ', {4}) AS value, CASE b.why WHEN "
        "{5} THEN "
        "'主键为空' WHEN {6} THEN '主键重复：第 ' || (b.other - {2}) || ' 行又出现同一主键，以那一行为准' ELSE "
        "'主键已经存在，且其他内容不同；要更新已有的行，请用“按主键更新”' END AS "
        "reason_zh, CASE b.why WHEN {5} THEN 'the key is empty' WHEN {6} THEN 'the key comes again in line ' || (b.other - "
        "{2}) || ', "
        "which counts' ELSE 'the key exists with other values; upsert to change rows' END AS reason_en, {7} AS raw FROM ({8}) "
        "AS r JOIN {9} "
        "AS b USING (_id) WHERE r._id > {10} AND r._id <= {11}{12}",
        file, sheet, s.first_id, field, fmt::join(values, ", "), static_cast<int>(no_key), static_cast<int>(repeated_key), raw,
        incoming_rows(), scan(*bad_), s.first_id, s.last_id,
        superseded_ > 0 ? fmt::format(" AND b.why <> {}", static_cast<int>(repeated_key)) : "");
  }
  if (quality_rejects_ > 0)
    out += fmt::format(
        "{}SELECT {} AS file, {} AS sheet, r._id - {} AS line, CAST(q.field AS VARCHAR) AS field, CAST(q.value AS VARCHAR) AS "
        "value, "
        "q.reason_zh, q.reason_en, {} AS raw FROM ({}) AS r JOIN {} AS q ON r._id + {} = q._id WHERE r._id > {} AND r._id <= "
        "{}",
        out.empty() ? "" : " UNION ALL ", file, sheet, s.first_id, raw, incoming_rows(), scan(*quality_), shift_, s.first_id,
        s.last_id);
  return out;
}

Result<void> Preparation::keep_rejects() {
  next_.rejects_blob = counts_.rejects_blob;
  if (bad_rows_ == superseded_ && quality_rejects_ == 0) return {};
  std::vector<engine::Value> params;
  std::vector<std::string> lists;
  if (!counts_.rejects_blob.empty()) {
    QS_TRY(auto path, blobs_.path(counts_.rejects_blob));
    lists.push_back("SELECT file, sheet, line, field, value, reason_zh, reason_en, raw FROM " + engine::parquet_scan({path}));
  }
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (auto sql = reject_sql(i, params); !sql.empty()) lists.push_back(std::move(sql));
  auto file = scratch("rejects");
  QS_CHECK(engine_.execute(
      {.sql = fmt::format("COPY (SELECT * FROM ({}) AS x ORDER BY sheet, line) TO {} (FORMAT parquet, COMPRESSION zstd)",
                          fmt::join(lists, " UNION ALL "), engine::quote_text(file->path().string())),
       .params = std::move(params),
       .limits = limits()}));
  QS_TRY(auto blob, blobs_.adopt(file->path()));
  next_.rejects_blob = blob.sha256;
  return {};
}

Result<void> Preparation::count_left_out() {
  left_out_.assign(task_.incoming.parts.size(), 0);
  if (task_.incoming.parts.empty() || (bad_rows_ == superseded_ && quality_rejects_ == 0)) return {};
  for (const auto& s : sources_) {
    std::string count = "0";
    if (bad_rows_ > superseded_)
      count += fmt::format(" + (SELECT count(*) FROM {} WHERE _id > {} AND _id <= {}{})", scan(*bad_), s.first_id, s.last_id,
                           superseded_ > 0 ? fmt::format(" AND why <> {}", static_cast<int>(repeated_key)) : "");
    if (quality_rejects_ > 0)
      count += fmt::format(" + (SELECT count(*) FROM {} WHERE _id > {} AND _id <= {})", scan(*quality_), s.first_id + shift_,
                           s.last_id + shift_);
    QS_TRY(auto n, numbers(fmt::format("SELECT CAST({} AS BIGINT)", count)));
    left_out_[s.part] = static_cast<std::uint64_t>(n[0]);
  }
  return {};
}

}  // namespace qushu::ingest
