#include "preparing.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "qushu/base/id.h"

#include "widen.h"
#include "writing.h"

namespace qushu::ingest {
namespace {

using catalog::Field;
using engine::Type;

constexpr std::array<std::string_view, 3> kModes{"full", "append", "upsert"};
constexpr std::array<std::string_view, 3> kRepeated{"last", "reject", "apply"};

// The type that holds the values of both.
void widen(Field& field, const Field& other) {
  auto both = holding_both({field.type, field.width, field.scale}, {other.type, other.width, other.scale});
  if (both.type == Type::text && field.type != Type::text) field.unit.clear();
  field.type = both.type;
  field.width = both.width;
  field.scale = both.scale;
}

}  // namespace

std::string_view name(Mode mode) {
  return kModes.at(static_cast<std::size_t>(mode));
}

bool parse(std::string_view text, Mode& out) {
  const auto* found = std::ranges::find(kModes, text);
  if (found == kModes.end()) return false;
  out = static_cast<Mode>(found - kModes.begin());
  return true;
}

bool parse(std::string_view text, Repeated& out) {
  const auto* found = std::ranges::find(kRepeated, text);
  if (found == kRepeated.end()) return false;
  out = static_cast<Repeated>(found - kRepeated.begin());
  return true;
}

std::vector<catalog::Field> merged_fields(const std::vector<catalog::Field>& had, const std::vector<catalog::Field>& incoming) {
  auto out = had;
  for (const auto& field : incoming) {
    auto known = std::ranges::find(out, field.id, &Field::id);
    if (known == out.end()) {
      out.push_back(field);
    } else {
      widen(*known, field);
      known->key = known->key || field.key;
    }
  }
  return out;
}

ScratchFile::ScratchFile(const std::filesystem::path& folder, std::string_view what)
    : path_(folder / fmt::format("{}-{}.parquet", what, new_id())) {}

ScratchFile::~ScratchFile() {
  std::error_code ignored;  // the folder goes with the process
  std::filesystem::remove(path_, ignored);
}

Result<Change> Changes::prepare(const std::optional<catalog::Dataset>& dataset, std::string_view code, Mode mode,
                                const Incoming& incoming, const Cancelled& cancelled) const {
  return Preparation({.deps = deps_,
                      .examine = examine_,
                      .find = find_,
                      .dataset = dataset,
                      .code = code,
                      .mode = mode,
                      .incoming = incoming,
                      .cancelled = cancelled})
      .run();
}

Result<std::int64_t> Changes::publish(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                      const Change& change) const {
  QS_TRY(auto number, deps_.catalog.publish(t, actor, dataset.id, change.version));
  if (change.keep) QS_CHECK(change.keep(t, dataset, number));
  return number;
}

// --- helpers -----------------------------------------------------------------------------------------------------------------

Scratch Preparation::scratch(std::string_view what) const {
  return std::make_unique<ScratchFile>(blobs_.temporary_folder(), what);
}

engine::Limits Preparation::limits() const {
  return {.time = std::chrono::hours(24), .cancelled = task_.cancelled};
}

Result<std::uint64_t> Preparation::write(const std::string& sql, const std::filesystem::path& file,
                                         std::vector<engine::Value> params) {
  return write_part(
      engine_,
      {.select = sql, .file = file, .params = std::move(params), .limits = limits(), .small = rows_ <= kSmallPartRows});
}

Result<std::vector<std::int64_t>> Preparation::numbers(std::string sql) {
  QS_TRY(auto cursor, engine_.run({.sql = std::move(sql), .limits = limits()}));
  QS_TRY(const auto* chunk, cursor->next());
  std::vector<std::int64_t> out(cursor->columns().size());
  if (chunk && chunk->rows() > 0)
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = chunk->is_null(c, 0) ? 0 : chunk->integer(c, 0);
  return out;
}

std::string Preparation::scan(const ScratchFile& file) {
  return engine::parquet_scan({file.path()});
}

std::string Preparation::same_key(std::string_view a, std::string_view b) const {
  std::string out;
  for (const auto& id : key_)
    out += fmt::format("{}{}.{} = {}.{}", out.empty() ? "" : " AND ", a, engine::quote_name(id), b, engine::quote_name(id));
  return out;
}

std::string Preparation::key_columns(std::string_view table) const {
  std::string out;
  for (const auto& id : key_)
    out += (out.empty() ? "" : ", ") + (table.empty() ? "" : std::string(table) + ".") + engine::quote_name(id);
  return out;
}

std::string Preparation::key_present() const {
  std::string out;
  for (const auto& id : key_) {
    auto field = std::ranges::find(next_.fields, id, &Field::id);
    auto column = engine::quote_name(id);
    out += fmt::format("{}{} IS NOT NULL", out.empty() ? "" : " AND ", column);
    if (field->type == Type::text) out += fmt::format(" AND {} <> ''", column);
  }
  return out;
}

std::string Preparation::incoming_rows() const {
  auto fields = next_.fields;
  auto columns = catalog::columns_of(task_.incoming.fields);
  if (task_.incoming.removals) {
    fields.push_back({.id = std::string(kRemoved), .name = {}, .description = {}, .type = Type::boolean});
    columns.push_back({.id = std::string(kRemoved), .type = Type::boolean});
  }
  return sharing::rows_sql(fields, source_files(columns), {});
}

std::vector<sharing::PartFile> Preparation::source_files(const std::vector<catalog::PartColumn>& whole) const {
  std::vector<sharing::PartFile> out;
  for (const auto& source : sources_)
    out.push_back({.file = source.file, .columns = source.columns.empty() ? whole : source.columns});
  return out;
}

bool Preparation::has(const Source& source, std::string_view field_id) const {
  auto among = [&](const auto& list, auto id) { return std::ranges::find(list, field_id, id) != list.end(); };
  return source.columns.empty() ? among(task_.incoming.fields, &Field::id) : among(source.columns, &catalog::PartColumn::id);
}

std::string Preparation::came_with(std::string_view field_id) const {
  std::string out;
  for (const auto& source : sources_)
    if (has(source, field_id))
      out += fmt::format("{}r._id > {} AND r._id <= {}", out.empty() ? "(" : " OR ", source.first_id, source.last_id);
  return out.empty() ? "false" : out + ")";
}

std::string Preparation::good_rows() const {
  if (bad_rows_ == 0) return incoming_rows();
  return fmt::format("SELECT * FROM ({}) AS r ANTI JOIN {} AS bad USING (_id)", incoming_rows(), scan(*bad_));
}

std::string Preparation::candidate_rows() const {
  if (task_.mode == Mode::full) {
    std::vector<std::filesystem::path> gone;
    if (gone_) gone.push_back(gone_->path());
    return sharing::rows_sql(next_.fields, source_files({}), gone);
  }
  std::vector<sharing::PartFile> parts;
  for (const auto& c : candidates_) parts.push_back({.file = c.file ? c.file->path() : sources_[c.source].file});
  return sharing::rows_sql(next_.fields, parts, {});
}

std::string Preparation::whole_rows() const {
  if (task_.mode == Mode::full || !has_base_rows()) return candidate_rows();
  auto before =
      gone_ ? fmt::format("SELECT * FROM ({}) AS b ANTI JOIN {} AS g USING (_id)", base_rows_, scan(*gone_)) : base_rows_;
  return candidates_.empty() ? before : fmt::format("{} UNION ALL {}", before, candidate_rows());
}

// --- the stages --------------------------------------------------------------------------------------------------------------

Result<Change> Preparation::run() {
  QS_CHECK(open_base());
  QS_CHECK(choose_fields());
  QS_CHECK(take_rows());
  QS_CHECK(task_.mode == Mode::full ? replace_all() : go_on());
  QS_CHECK(finish());
  return Change{.version = std::move(next_), .left_out = std::move(left_out_), .keep = std::move(verdict_.keep)};
}

Result<void> Preparation::open_base() {
  next_.mode = std::string(name(task_.mode));
  auto base = task_.dataset ? task_.dataset->version : 0;
  // A full load stands by itself, whatever came before it.
  next_.base = task_.mode == Mode::full ? catalog::Version::kAnyBase : base;
  next_.origins = task_.incoming.origins;
  next_.job_id = task_.incoming.job_id;
  if (base == 0) return {};
  QS_TRY(base_, task_.deps.catalog.version(task_.dataset->id, base));
  return {};
}

Result<void> Preparation::choose_fields() {
  const auto& incoming = task_.incoming.fields;
  auto declared = [&](const Field& field) {
    if (field.key) return true;
    if (!task_.dataset) return false;
    auto known = std::ranges::find(task_.dataset->fields, field.id, &Field::id);
    return known != task_.dataset->fields.end() && known->key;
  };
  // What was described before anything was published counts as the shape too.
  const auto* had = base_ ? &base_->fields : task_.dataset ? &task_.dataset->fields : nullptr;
  next_.fields = task_.mode == Mode::full || !had ? incoming : merged_fields(*had, incoming);
  for (auto& field : next_.fields) {
    field.key = declared(field);
    if (field.key) key_.push_back(field.id);
    bool everywhere = std::ranges::find(incoming, field.id, &Field::id) != incoming.end() &&
                      std::ranges::all_of(task_.incoming.parts, [&](const catalog::Part& part) {
                        return part.columns.empty() ||
                               std::ranges::find(part.columns, field.id, &catalog::PartColumn::id) != part.columns.end();
                      });
    if (!everywhere) kept_.push_back(field.id);
  }
  if (task_.mode == Mode::full) return {};
  if (task_.mode == Mode::upsert && key_.empty())
    return fail(Error{.code = Code::invalid,
                      .id = "dataset.no_key",
                      .text = {"数据集没有声明主键，不能按主键更新。请先在信息项中指定主键，或改用追加。",
                               "The dataset declares no key to update by. Declare one among its fields, or append instead."},
                      .subject = "mode"});
  for (const auto& id : key_)
    if (std::ranges::find(kept_, id) != kept_.end())
      return fail(
          Error{.code = Code::invalid,
                .id = "change.key_missing",
                .text = {fmt::format("来的数据里没有主键“{}”这一列，不能与已有的行对应。", id),
                         fmt::format("The rows that came have no column for the key “{}”, so they cannot be matched.", id)},
                .subject = id});
  if (!base_) return {};
  next_.parts = base_->parts;
  auto before = catalog::columns_of(base_->fields);
  if (before != catalog::columns_of(next_.fields))
    for (auto& part : next_.parts)
      if (part.columns.empty()) part.columns = before;
  next_.deletes = base_->deletes;
  QS_TRY(auto rows, sharing::rows_of(next_, blobs_));
  base_rows_ = std::move(rows.select);
  next_id_ = base_->next_id;
  if (next_id_ == 0 && base_->published > 0) {
    QS_TRY(auto last, numbers(fmt::format("SELECT max(_id) FROM ({}) AS b", base_rows_)));
    next_id_ = last[0] + 1;
  }
  return {};
}

Result<void> Preparation::take_rows() {
  step("读取数据", "Reading the rows");
  if (!task_.incoming.select.empty()) {
    QS_CHECK(take_select());
  } else {
    for (std::size_t i = 0; i < task_.incoming.parts.size(); ++i) {
      const auto& part = task_.incoming.parts[i];
      if (part.rows == 0) continue;
      QS_TRY(auto path, blobs_.path(part.blob));
      sources_.push_back({.file = path,
                          .blob = part.blob,
                          .rows = part.rows,
                          .bytes = part.bytes,
                          .first_id = part.first_id,
                          .last_id = 0,
                          .part = i,
                          .columns = part.columns});
    }
  }
  if (task_.mode != Mode::full && !sources_.empty()) shift_ = next_id_ - sources_.front().first_id;
  for (const auto& source : sources_) rows_ += source.rows;
  if (task_.incoming.counts) {
    QS_TRY(counts_, task_.incoming.counts());
  } else {
    counts_.read = rows_;
  }
  if (counts_.read != rows_ + counts_.rejected)
    return fail_internal(fmt::format("{} read, {} rejected, {} came", counts_.read, counts_.rejected, rows_));
  return count_lines();
}

Result<void> Preparation::take_select() {
  auto columns = fmt::format("{} + {} AS _id", task_.incoming.numbered ? "_id" : "row_number() OVER ()", next_id_);
  for (const auto& field : task_.incoming.fields) columns += ", " + engine::quote_name(field.id);
  if (task_.incoming.removals) columns += ", " + engine::quote_name(kRemoved);
  auto file = scratch("rows");
  QS_TRY(auto rows, write_part(engine_, {.select = fmt::format("SELECT {} FROM ({}) AS r", columns, task_.incoming.select),
                                         .file = file->path(),
                                         .tables = task_.incoming.tables,
                                         .limits = limits(),
                                         .ordered = !task_.incoming.numbered}));
  if (rows == 0) return {};
  std::error_code failed;
  auto bytes = std::filesystem::file_size(file->path(), failed);
  sources_.push_back(
      {.file = file->path(), .blob = {}, .rows = rows, .bytes = failed ? 0 : bytes, .first_id = next_id_, .last_id = 0});
  kept_files_.push_back(std::move(file));
  return {};
}

Result<void> Preparation::count_lines() {
  for (auto& source : sources_) {
    QS_TRY(auto last, numbers(fmt::format("SELECT max(_id) FROM {}", engine::parquet_scan({source.file}))));
    source.last_id = last[0];
    next_.next_id = std::max(next_.next_id, shift_ + source.last_id + 1);
  }
  next_.next_id = std::max(next_.next_id, next_id_);
  return {};
}

Result<void> Preparation::ask_quality() {
  if (!task_.examine) return {};
  step("检查质量规则", "Checking the quality rules");
  bool full = task_.mode == Mode::full;
  std::uint64_t candidates = full ? rows_ - bad_rows_ : candidate_count_;
  std::uint64_t whole = full ? candidates : (base_ ? base_->published : 0) + next_.added - next_.deleted;
  Candidate candidate{.dataset = task_.dataset ? &*task_.dataset : nullptr,
                      .code = std::string(task_.code),
                      .mode = task_.mode,
                      .fields = next_.fields,
                      .rows = candidate_rows(),
                      .whole = whole_rows(),
                      .row_count = candidates,
                      .whole_count = whole,
                      .cancelled = task_.cancelled};
  QS_TRY(verdict_, task_.examine(candidate));
  if (verdict_.stop) return fail(*verdict_.stop);
  if (verdict_.rejects.empty()) return {};
  quality_ = scratch("rejected");
  QS_TRY(quality_rejects_, write(fmt::format("SELECT v.* FROM {} AS v SEMI JOIN ({}) AS c USING (_id)",
                                             engine::parquet_scan({verdict_.rejects}), candidate.rows),
                                 quality_->path()));
  return {};
}

Result<void> Preparation::keep_part(const std::filesystem::path& file, std::uint64_t rows, std::size_t source) {
  if (rows == 0) return {};
  QS_TRY(auto blob, blobs_.adopt(file));
  next_.parts.push_back(
      {.blob = blob.sha256, .rows = rows, .bytes = blob.size, .first_id = sources_[source].first_id + shift_});
  return {};
}

Result<void> Preparation::keep_source(std::size_t source) {
  const auto& s = sources_[source];
  if (s.blob.empty()) return keep_part(s.file, s.rows, source);
  catalog::Part part{.blob = s.blob, .rows = s.rows, .bytes = s.bytes, .first_id = s.first_id + shift_};
  if (s.columns != catalog::columns_of(next_.fields)) part.columns = s.columns;
  next_.parts.push_back(std::move(part));
  return {};
}

Result<void> Preparation::finish() {
  step("写入版本", "Writing the version");
  QS_CHECK(keep_rejects());
  QS_CHECK(count_left_out());
  next_.read = counts_.read;
  if (task_.mode == Mode::full)
    for (std::size_t i = 0; i < sources_.size(); ++i) QS_CHECK(keep_source(i));
  for (const auto& c : candidates_) QS_CHECK(c.file ? keep_part(c.file->path(), c.rows, c.source) : keep_source(c.source));
  if (gone_) {
    QS_TRY(auto gone, numbers(fmt::format("SELECT count(*) FROM {}", scan(*gone_))));
    if (gone[0] > 0) {
      QS_TRY(auto blob, blobs_.adopt(gone_->path()));
      next_.gone = {{.blob = blob.sha256, .rows = static_cast<std::uint64_t>(gone[0]), .bytes = blob.size}};
      next_.deletes.push_back(next_.gone.front());
    }
  }
  return {};
}

}  // namespace qushu::ingest
