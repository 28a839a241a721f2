// A full load: what came is the version. What that means for the rows before is only counted.
#include <algorithm>

#include <fmt/format.h>

#include "preparing.h"

namespace qushu::ingest {

Result<void> Preparation::replace_all() {
  // Beyond that many rows the version does not wait for its keys to be looked at (ingest.key_check_rows).
  if (!key_.empty() && rows_ > 0 && rows_ <= static_cast<std::uint64_t>(task_.deps.settings.integer("ingest.key_check_rows")))
    QS_CHECK(find_bad());
  // What is left out stays in the part that was written and is listed as gone.
  if (bad_rows_ > 0) {
    gone_ = scratch("gone");
    QS_CHECK(write(fmt::format("SELECT _id FROM {} ORDER BY _id", scan(*bad_)), gone_->path()));
  }
  QS_CHECK(ask_quality());
  if (quality_rejects_ > 0) {
    auto left = fmt::format("SELECT _id FROM {}", scan(*quality_));
    if (bad_rows_ > 0) left += fmt::format(" UNION ALL SELECT _id FROM {}", scan(*bad_));
    auto all = scratch("gone");
    QS_CHECK(write(fmt::format("SELECT DISTINCT _id FROM ({}) AS g ORDER BY _id", left), all->path()));
    gone_ = std::move(all);
  }
  next_.published = rows_ - bad_rows_ - quality_rejects_;
  next_.rejected = counts_.rejected + bad_rows_ + quality_rejects_;
  next_.added = next_.published;
  bool comparable = has_base_rows() && !key_.empty() && std::ranges::all_of(key_, [&](const std::string& id) {
                      return std::ranges::find(base_->fields, id, &catalog::Field::id) != base_->fields.end();
                    });
  if (!comparable || !task_.deps.settings.boolean("ingest.compare_full")) return {};
  step("与上一版本比较", "Comparing with the version before");
  return compare_all();
}

Result<void> Preparation::compare_all() {
  // In types that hold the values of both.
  catalog::Version before = *base_, now;
  before.fields = merged_fields(base_->fields, next_.fields);
  std::erase_if(before.fields, [&](const catalog::Field& f) {
    return std::ranges::find(next_.fields, f.id, &catalog::Field::id) == next_.fields.end();
  });
  auto columns = catalog::columns_of(base_->fields);
  for (auto& part : before.parts)
    if (part.columns.empty()) part.columns = columns;
  QS_TRY(auto old, sharing::rows_of(before, blobs_));
  auto parts = source_files(catalog::columns_of(next_.fields));
  std::vector<std::filesystem::path> gone;
  if (gone_) gone.push_back(gone_->path());
  std::string all;
  for (const auto& field : before.fields) all += (all.empty() ? "" : ", ") + engine::quote_name(field.id);
  auto hashed = [&](const std::string& select) {
    return fmt::format("(SELECT {}, hash({}) AS _hash FROM ({}) AS r)", key_columns(), all, select);
  };
  auto was = hashed(old.select), is = hashed(sharing::rows_sql(before.fields, parts, gone));
  QS_TRY(auto n,
         numbers(fmt::format("SELECT count(*) FILTER (o._hash IS NULL), count(*) FILTER (n._hash = o._hash), count(*) FILTER "
                             "(n._hash <> o._hash), count(*) FILTER (n._hash IS NULL) FROM {} AS n FULL JOIN {} AS o ON {}",
                             is, was, same_key("n", "o"))));
  auto at = [&](std::size_t i) { return static_cast<std::uint64_t>(n[i]); };
  next_.added = at(0);
  next_.unchanged = at(1);
  next_.changed = at(2);
  next_.deleted = at(3);
  if (next_.added + next_.unchanged + next_.changed == next_.published &&
      next_.unchanged + next_.changed + next_.deleted == base_->published)
    return {};
  return compare_repeated(was, is);
}

// A key that several rows have: each of the rows now is compared with one of those before.
Result<void> Preparation::compare_repeated(const std::string& before, const std::string& now) {
  auto one = fmt::format("(SELECT {0}, min(_hash) AS _hash FROM {1} AS x GROUP BY {0})", key_columns(), before);
  QS_TRY(auto n,
         numbers(fmt::format("SELECT count(*) FILTER (o._hash IS NULL), count(*) FILTER (n._hash = o._hash), count(*) FILTER "
                             "(n._hash <> o._hash) FROM {} AS n LEFT JOIN {} AS o ON {}",
                             now, one, same_key("n", "o"))));
  QS_TRY(auto gone,
         numbers(fmt::format("SELECT count(*) FROM {} AS o ANTI JOIN {} AS n ON {}", before, now, same_key("n", "o"))));
  next_.added = static_cast<std::uint64_t>(n[0]);
  next_.unchanged = static_cast<std::uint64_t>(n[1]);
  next_.changed = static_cast<std::uint64_t>(n[2]);
  next_.deleted = static_cast<std::uint64_t>(gone[0]);
  return {};
}

}  // namespace qushu::ingest
