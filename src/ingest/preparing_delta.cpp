// Append and upsert: the rows that came against those that are there.
#include <algorithm>

#include <fmt/format.h>

#include "preparing.h"
#include "writing.h"

namespace qushu::ingest {

Result<void> Preparation::go_on() {
  if (!key_.empty() && rows_ > 0) {
    QS_CHECK(find_bad());
    if (has_base_rows()) {
      QS_TRY(auto found, look_up());
      if (!found) QS_CHECK(match());
      if (!found && matched_ > 0) QS_CHECK(compare());
    }
    if (task_.mode == Mode::append && differing_ > 0) QS_CHECK(refuse_taken());
  }
  step("写入新增和变化的行", "Writing the new and changed rows");
  QS_CHECK(write_candidates());
  QS_CHECK(write_gone());
  QS_CHECK(count_delta());
  QS_CHECK(ask_quality());
  if (quality_rejects_ == 0) return {};
  // What is rejected neither comes nor replaces anything.
  if (compared_) {
    QS_TRY(auto changed, numbers(fmt::format("SELECT count(*) FROM {} AS c SEMI JOIN {} AS q ON c.new_id + {} = q._id",
                                             scan(*compared_), scan(*quality_), shift_)));
    quality_changed_ = static_cast<std::uint64_t>(changed[0]);
  }
  QS_CHECK(write_candidates());
  QS_CHECK(write_gone());
  return count_delta();
}

// Rows without a key, and all but the last of several with one key.
Result<void> Preparation::find_bad() {
  step("检查主键", "Checking the keys");
  auto repeated = Repeated::last;
  if (task_.incoming.repeated)
    repeated = *task_.incoming.repeated;
  else
    static_cast<void>(parse(task_.deps.settings.text("ingest.repeated_keys"), repeated));
  auto rows = incoming_rows();
  auto twice = scratch("repeated");
  QS_TRY(auto repeats,
         write(fmt::format("SELECT {0}, max(_id) AS _last FROM ({1}) AS r WHERE {2} GROUP BY {0} HAVING count(*) > 1",
                           key_columns(), rows, key_present()),
               twice->path()));
  bad_ = scratch("bad");
  auto sql = fmt::format("SELECT _id, {} AS why, CAST(NULL AS BIGINT) AS other FROM ({}) AS r WHERE NOT ({})",
                         static_cast<int>(no_key), rows, key_present());
  if (repeats > 0)
    sql += fmt::format(" UNION ALL SELECT r._id, {} AS why, t._last AS other FROM ({}) AS r JOIN {} AS t ON {}{}",
                       static_cast<int>(repeated_key), rows, scan(*twice), same_key("r", "t"),
                       repeated == Repeated::reject ? "" : " WHERE r._id <> t._last");
  QS_TRY(bad_rows_, write(sql, bad_->path()));
  if (repeats > 0 && repeated == Repeated::apply) {
    QS_TRY(auto n, numbers(fmt::format("SELECT count(*) FROM {} WHERE why = {}", scan(*bad_), static_cast<int>(repeated_key))));
    superseded_ = static_cast<std::uint64_t>(n[0]);
  }
  return {};
}

namespace {

// What was looked up, as a table.
class FoundRows final : public engine::TableSource {
 public:
  explicit FoundRows(const std::vector<Found>& found) : found_(found) {}
  [[nodiscard]] const std::vector<engine::Column>& columns() const override { return columns_; }
  [[nodiscard]] std::optional<std::uint64_t> row_estimate() const override { return found_.size(); }
  Result<std::unique_ptr<engine::Scanner>> open(const std::vector<std::size_t>& wanted) override {
    return std::make_unique<Pass>(found_, wanted);
  }

 private:
  class Pass final : public engine::Scanner {
   public:
    Pass(const std::vector<Found>& found, const std::vector<std::size_t>& wanted) : found_(found), wanted_(wanted) {}
    Result<std::size_t> fill(engine::ChunkWriter& into) override {
      auto rows = std::min(into.capacity(), found_.size() - at_);
      for (std::size_t c = 0; c < wanted_.size(); ++c)
        for (std::size_t r = 0; r < rows; ++r) {
          const auto& found = found_[at_ + r];
          if (wanted_[c] == 2)
            into.booleans(c)[r] = found.differs;
          else
            into.integers(c)[r] = wanted_[c] == 0 ? found.new_id : found.old_id;
        }
      at_ += rows;
      return rows;
    }

   private:
    const std::vector<Found>& found_;
    const std::vector<std::size_t> wanted_;
    std::size_t at_ = 0;
  };
  const std::vector<Found>& found_;
  const std::vector<engine::Column> columns_{{.name = "new_id", .type = engine::Type::integer},
                                             {.name = "old_id", .type = engine::Type::integer},
                                             {.name = "differs", .type = engine::Type::boolean}};
};

}  // namespace

// Where there is an index and the load is small beside the version, nothing of the version's parts is read at all.
Result<bool> Preparation::look_up() {
  constexpr std::uint64_t kTimes = 20, kMost = 1'000'000;
  if (!task_.find || !kept_.empty() || rows_ > kMost || rows_ * kTimes > base_->published ||
      catalog::columns_of(base_->fields) != catalog::columns_of(next_.fields))
    return false;
  step("按主键对应已有的行", "Finding the rows by their keys");
  QS_TRY(auto found, task_.find(*base_, next_.fields, good_rows(), task_.cancelled));
  if (!found) return false;
  matched_ = found->size();
  if (matched_ == 0) return true;
  FoundRows source(*found);
  compared_ = scratch("compared");
  auto removed =
      task_.incoming.removals ? fmt::format("coalesce(r.{}, false)", engine::quote_name(kRemoved)) : std::string("false");
  auto from = task_.incoming.removals
                  ? fmt::format(
                        "SELECT f.new_id, f.old_id, f.differs OR {0} AS differs, {0} AS {1} FROM found AS f JOIN ({2}) "
                        "AS r ON f.new_id = r._id",
                        removed, engine::quote_name(kRemoved), good_rows())
                  : std::string("SELECT new_id, old_id, differs FROM found");
  QS_CHECK(write_part(engine_, {.select = from,
                                .file = compared_->path(),
                                .tables = {{.name = "found", .source = &source}},
                                .limits = limits(),
                                .ordered = true,
                                .small = rows_ <= kSmallPartRows}));
  return count_compared();
}

// Which row has which key: of the big side the key columns alone.
Result<void> Preparation::match() {
  step("按主键对应已有的行", "Finding the rows by their keys");
  matches_ = scratch("matches");
  QS_TRY(auto pairs,
         write(fmt::format("SELECT r._id AS new_id, b._id AS old_id FROM (SELECT {0}, _id FROM ({1}) AS x) AS b JOIN "
                           "(SELECT {0}, _id FROM ({2}) AS x) AS r ON {3}",
                           key_columns(), base_rows_, good_rows(), same_key("r", "b")),
               matches_->path()));
  if (pairs == 0) return {};
  QS_TRY(auto n, numbers(fmt::format("SELECT count(DISTINCT new_id) FROM {}", scan(*matches_))));
  matched_ = static_cast<std::uint64_t>(n[0]);
  // A key that was not unique: the row takes the place of all that had it.
  extra_ = pairs - matched_;
  return {};
}

// Whole rows, but only of those whose key was found.
Result<void> Preparation::compare() {
  step("比较变化的行", "Comparing the rows found");
  std::string differs, kept;
  auto is_kept = [&](const std::string& id) { return std::ranges::find(kept_, id) != kept_.end(); };
  for (const auto& field : next_.fields) {
    auto column = engine::quote_name(field.id);
    if (is_kept(field.id)) kept += ", b." + column;
    if (std::ranges::find(key_, field.id) != key_.end()) continue;
    auto differ = fmt::format("r.{0} IS DISTINCT FROM b.{0}", column);
    if (is_kept(field.id)) differ = fmt::format("({} AND {})", came_with(field.id), differ);
    differs += (differs.empty() ? "" : " OR ") + differ;
  }
  if (differs.empty()) differs = "false";
  if (task_.incoming.removals) differs = fmt::format("coalesce(r.{}, false) OR {}", engine::quote_name(kRemoved), differs);
  auto pairs = extra_ == 0 ? scan(*matches_)
                           : fmt::format("(SELECT new_id, max(old_id) AS old_id FROM {} GROUP BY new_id)", scan(*matches_));
  QS_TRY(auto range, numbers(fmt::format("SELECT min(old_id), max(old_id) FROM {} AS m", pairs)));
  compared_ = scratch("compared");
  QS_CHECK(write(
      fmt::format("SELECT m.new_id, m.old_id, ({}) AS differs{}{} FROM (SELECT * FROM ({}) AS x WHERE _id BETWEEN {} AND {}) "
                  "AS b JOIN {} AS m ON b._id = m.old_id JOIN ({}) AS r ON r._id = m.new_id",
                  differs, task_.incoming.removals ? fmt::format(", r.{}", engine::quote_name(kRemoved)) : "", kept, base_rows_,
                  range[0], range[1], pairs, good_rows()),
      compared_->path()));
  QS_TRY(auto counted, count_compared());
  static_cast<void>(counted);
  return {};
}

Result<bool> Preparation::count_compared() {
  auto removed = task_.incoming.removals ? fmt::format("coalesce({}, false)", engine::quote_name(kRemoved)) : "false";
  QS_TRY(auto n, numbers(fmt::format("SELECT count(*) FILTER (differs AND NOT {0}), count(*) FILTER ({0}) FROM {1}", removed,
                                     scan(*compared_))));
  differing_ = static_cast<std::uint64_t>(n[0]);
  removed_ = static_cast<std::uint64_t>(n[1]);
  return true;
}

// Appending changes nothing that is there.
Result<void> Preparation::refuse_taken() {
  auto taken = scratch("bad");
  QS_TRY(bad_rows_,
         write(fmt::format("SELECT * FROM {} UNION ALL SELECT new_id AS _id, {} AS why, old_id AS other FROM {} WHERE differs",
                           scan(*bad_), static_cast<int>(key_taken), scan(*compared_)),
               taken->path()));
  bad_ = std::move(taken);
  return {};
}

bool Preparation::stand_as_they_came() const {
  auto all_count = task_.mode == Mode::append ? matched_ == 0 : matched_ == differing_;
  auto shape = catalog::columns_of(next_.fields);
  return shift_ == 0 && bad_rows_ == 0 && quality_rejects_ == 0 && all_count && kept_.empty() && !task_.incoming.removals &&
         catalog::columns_of(task_.incoming.fields) == shape &&
         std::ranges::all_of(sources_, [&](const Source& s) { return s.columns.empty() || s.columns == shape; });
}

Result<void> Preparation::write_candidates() {
  candidates_.clear();
  candidate_count_ = 0;
  if (stand_as_they_came()) {
    for (std::size_t i = 0; i < sources_.size(); ++i)
      candidates_.push_back({.file = nullptr, .rows = sources_[i].rows, .source = i});
    candidate_count_ = rows_;
    return {};
  }
  auto columns_of = [&](const Source& source) {
    auto columns = fmt::format("r._id + {} AS _id", shift_);
    for (const auto& field : next_.fields) {
      auto column = engine::quote_name(field.id);
      columns += compared_ && !has(source, field.id) ? fmt::format(", c.{0} AS {0}", column) : ", r." + column;
    }
    return columns;
  };
  std::string from = fmt::format(" FROM ({}) AS r", good_rows()), where;
  if (compared_) {
    from += fmt::format(" LEFT JOIN {} AS c ON r._id = c.new_id", scan(*compared_));
    where = task_.mode == Mode::append ? " AND c.new_id IS NULL" : " AND (c.new_id IS NULL OR c.differs)";
  }
  if (quality_rejects_ > 0) where += fmt::format(" AND r._id + {} NOT IN (SELECT _id FROM {})", shift_, scan(*quality_));
  if (task_.incoming.removals) where += fmt::format(" AND NOT coalesce(r.{}, false)", engine::quote_name(kRemoved));
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    // Each source has a part of its own, so that the lines can be told: they begin behind `first_id`, where the one before
    // ended.
    auto within = sources_.size() == 1 ? std::string("true")
                                       : fmt::format("r._id > {} AND r._id <= {}", sources_[i].first_id, sources_[i].last_id);
    CandidatePart part{.file = scratch("part"), .rows = 0, .source = i};
    QS_TRY(part.rows,
           write(fmt::format("SELECT {}{} WHERE {}{}", columns_of(sources_[i]), from, within, where), part.file->path()));
    candidate_count_ += part.rows;
    if (part.rows > 0) candidates_.push_back(std::move(part));
  }
  return {};
}

// The rows that are no more: replaced, removed, missing.
Result<void> Preparation::write_gone() {
  gone_.reset();
  if (!has_base_rows() || task_.mode == Mode::append) return {};
  std::vector<std::string> lists;
  if (compared_ && differing_ + removed_ > 0)
    lists.push_back(fmt::format("SELECT old_id AS _id FROM {} WHERE differs{}", scan(*compared_),
                                quality_rejects_ == 0
                                    ? std::string()
                                    : fmt::format(" AND new_id + {} NOT IN (SELECT _id FROM {})", shift_, scan(*quality_))));
  if (extra_ > 0)
    lists.push_back(
        fmt::format("SELECT old_id AS _id FROM {0} AS m WHERE old_id <> (SELECT max(x.old_id) FROM {0} AS x WHERE x.new_id = "
                    "m.new_id)",
                    scan(*matches_)));
  if (task_.incoming.delete_missing) {
    auto missing = fmt::format(
        "SELECT b._id FROM (SELECT {0}, _id FROM ({1}) AS x) AS b ANTI JOIN (SELECT {0} FROM ({2}) AS x) AS r ON {3}",
        key_columns(), base_rows_, incoming_rows(), same_key("r", "b"));
    auto file = scratch("missing");
    QS_TRY(missing_, write(missing, file->path()));
    if (missing_ > 0) lists.push_back(fmt::format("SELECT _id FROM {}", scan(*file)));
    kept_files_.push_back(std::move(file));
  }
  if (lists.empty()) return {};
  gone_ = scratch("gone");
  QS_CHECK(write(fmt::format("SELECT _id FROM ({}) AS g ORDER BY _id", fmt::join(lists, " UNION ALL ")), gone_->path()));
  return {};
}

Result<void> Preparation::count_delta() {
  auto changed = task_.mode == Mode::append ? 0 : differing_ - quality_changed_;
  auto equal = matched_ - differing_ - removed_;
  next_.added = candidate_count_ - changed;
  next_.changed = changed + superseded_;
  next_.deleted = removed_ + extra_ + missing_;
  next_.rejected = counts_.rejected + bad_rows_ - superseded_ + quality_rejects_;
  // Removals of what is not there change nothing.
  auto told = next_.added + changed + equal + removed_ + bad_rows_ + quality_rejects_;
  next_.unchanged = equal + (rows_ - told);
  next_.published = (base_ ? base_->published : 0) + next_.added - next_.deleted;
  return {};
}

}  // namespace qushu::ingest
