// What is derived from a version: its profile, as a job and on demand, and the order for its key index; and its rejected rows.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/query/profile.h"

#include "json_out.h"
#include "service.h"

namespace qushu::query {
namespace {

constexpr const char* kProfile = "dataset.profile";

jobs::Request job_for(const char* kind, const Text& title, const catalog::Dataset& dataset, std::int64_t version) {
  return {.kind = kind,
          .title = {title.zh + " " + dataset.title, title.en + " " + dataset.title},
          .input = {{"dataset", dataset.id}, {"version", version}},
          .object_kind = "dataset",
          .object_id = dataset.id};
}

jobs::Request profile_job(const catalog::Dataset& dataset, std::int64_t version) {
  auto job = job_for(kProfile, {"统计", "Profile"}, dataset, version);
  job.idempotency_key = fmt::format("{} {} {}", kProfile, dataset.id, version);
  return job;
}

jobs::Request index_job(const catalog::Dataset& dataset, std::int64_t version) {
  return job_for(kIndexJob, {"建立主键索引", "Key index of"}, dataset, version);
}

// Of this very version, not of one before it.
bool is_exact(const json::object& profile) {
  return !profile.empty() && !profile.contains("as_of");
}

// Only the fields that the caller sees.
json::object narrowed(const json::object& profile, const std::vector<catalog::Field>& fields) {
  json::object out = profile;
  json::array kept;
  if (const auto* all = profile.if_contains("fields"); all != nullptr && all->is_array())
    for (const auto& entry : all->get_array())
      if (std::ranges::any_of(fields, [&](const auto& field) { return entry.at("id").as_string() == field.id; }))
        kept.push_back(entry);
  out["fields"] = std::move(kept);
  return out;
}

}  // namespace

Result<void> Service::derive(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                             const catalog::Version& version) {
  if (version.profile.empty()) {
    // A small change leaves the profile of the version that it goes on from near enough for estimates; who asks for the profile
    // itself has it computed.
    QS_TRY(auto near, parts_->near_profile(dataset, version));
    if (near)
      QS_CHECK(parts_->deps.catalog.set_profile(t, dataset.id, version.number, *std::move(near)));
    else
      QS_CHECK(parts_->deps.jobs.add(t, actor, profile_job(dataset, version.number)));
  }
  if (parts_->deps.settings.boolean("query.key_index") && !Parts::key_of(dataset.fields).empty())
    QS_CHECK(parts_->deps.jobs.add(t, actor, index_job(dataset, version.number)));
  return {};
}

// The profile of the version before, as long as it tells of nearly the same rows: {…, as_of: its version, drift: the rows that
// came, went or changed since}.
Result<std::optional<json::object>> Service::Parts::near_profile(const catalog::Dataset& dataset,
                                                                 const catalog::Version& version) const {
  if (version.base <= 0) return std::nullopt;
  QS_TRY(auto base, deps.catalog.version(dataset.id, version.base));
  if (base.profile.empty() || catalog::columns_of(base.fields) != catalog::columns_of(version.fields)) return std::nullopt;
  auto near = base.profile;
  const auto* before = near.if_contains("drift");
  auto drift =
      static_cast<double>(version.added + version.changed + version.deleted) + (before ? before->to_number<double>() : 0.0);
  if (drift > deps.settings.number("query.profile_drift") * static_cast<double>(version.published)) return std::nullopt;
  near["drift"] = drift;
  if (!near.contains("as_of")) near["as_of"] = base.number;
  return near;
}

void Service::register_jobs() {
  parts_->deps.jobs.register_kind({.name = kProfile,
                                   .title = {"统计数据概况", "Profile a version"},
                                   .handler = [this](jobs::Context& context) { return parts_->run_profile(context); }});
  parts_->deps.jobs.register_kind({.name = kIndexJob,
                                   .title = {"建立主键索引", "Build a key index"},
                                   .handler = [this](jobs::Context& context) { return parts_->run_index(context); }});
}

// A lookup found no index that fits: one is made, once.
void Service::Parts::want_index(const sharing::Shown& shown) {
  if (!deps.settings.boolean("query.key_index")) return;
  std::string word = fmt::format("{} {}", shown.dataset.id, shown.version.number);
  for (const auto& id : key_of(shown.fields)) word += " " + id;
  {
    std::scoped_lock lock(mutex);
    if (!asked.insert(word).second) return;
  }
  auto job = index_job(shown.dataset, shown.version.number);
  job.idempotency_key = fmt::format("{} {}", kIndexJob, word);
  auto added = deps.store.write([&](store::Transaction& t) { return deps.jobs.add(t, Actor::system(), job); });
  if (!added) log::error("a key index could not be ordered", added.error());
}

Result<jobs::Finish> Service::Parts::run_profile(jobs::Context& context) {
  const auto& input = context.job().input;
  std::string id(input.at("dataset").as_string());
  auto number = input.at("version").as_int64();
  QS_TRY(auto shown, deps.policy.compile(Actor::system(), id, number));
  QS_TRY(auto profile, compute_profile(deps.engine, {.select = shown.select,
                                                     .fields = shown.fields,
                                                     .limits = {.time = seconds("query.derive_time"),
                                                                .cancelled = [&] { return context.cancelled(); }},
                                                     .progress = [&](std::size_t done, std::size_t total) {
                                                       context.progress(static_cast<double>(done) / static_cast<double>(total),
                                                                        {fmt::format("已统计 {} / {} 个字段", done, total),
                                                                         fmt::format("{} of {} fields done", done, total)});
                                                     }}));
  return [this, id, number, profile = std::move(profile)](store::Transaction& t) -> Result<json::object> {
    QS_CHECK(deps.catalog.set_profile(t, id, number, profile));
    return json::object{{"fields", profile.at("fields").as_array().size()}, {"rows", profile.at("rows")}};
  };
}

Result<json::object> Service::profile(const Actor& actor, std::string_view code, std::int64_t version,
                                      const Cancelled& cancelled) {
  QS_TRY(auto shown, parts_->deps.policy.compile_for(actor, sharing::Use::api, code, version));
  parts_->count(actor, shown, "profile", 0);
  // Of masked values and chosen rows there is no profile but their own.
  if (shown.masked() || !shown.all_rows())
    return compute_profile(parts_->deps.engine, {.select = shown.select,
                                                 .fields = shown.fields,
                                                 .limits = {.time = parts_->seconds("query.profile_time"),
                                                            .cancelled = parts_->while_shown(shown, cancelled)}});
  if (is_exact(shown.version.profile)) return narrowed(shown.version.profile, shown.fields);
  // Kept for the next one who asks, so it is made of everything and narrowed afterwards.
  QS_TRY(auto whole, parts_->deps.policy.compile(Actor::system(), shown.dataset.id, shown.version.number));
  auto profile =
      compute_profile(parts_->deps.engine, {.select = whole.select,
                                            .fields = whole.fields,
                                            .limits = {.time = parts_->seconds("query.profile_time"), .cancelled = cancelled}});
  auto& store = parts_->deps.store;
  if (!profile && profile.error().code == Code::timed_out) {
    QS_CHECK(store.write([&](store::Transaction& t) {
      return parts_->deps.jobs.add(t, Actor::system(), profile_job(shown.dataset, shown.version.number));
    }));
    return fail(Code::unavailable, "profile.computing", "数据概况正在后台统计，请稍后再看。",
                "The profile is being computed in the background; look again in a while.");
  }
  QS_CHECK(profile);
  QS_CHECK(store.write([&](store::Transaction& t) {
    return parts_->deps.catalog.set_profile(t, shown.dataset.id, shown.version.number, *profile);
  }));
  return narrowed(*profile, shown.fields);
}

// --- rejects -----------------------------------------------------------------------------------------------------------------

namespace {

// The rejected rows hold the file's lines as they came, so they are for those who answer for the dataset.
Result<void> check_rejects(const Actor& actor, const catalog::Dataset& dataset) {
  if (actor.can(Permission::dataset_all) || actor.in_department(dataset.department_id) ||
      (!actor.department_id.empty() && actor.department_id == dataset.department_id))
    return {};
  return fail(Code::forbidden, "dataset.rejects", "剔除行只有提供部门可以查看。",
              "The rejected rows can be seen by the providing department only.");
}

constexpr std::string_view kRejectColumns = "file, sheet, line, field, value, reason_zh, reason_en, raw";

}  // namespace

Result<json::object> Service::rejects(const Actor& actor, std::string_view code, std::int64_t version, std::int64_t after,
                                      std::size_t limit, const Cancelled& cancelled) {
  QS_TRY(auto shown, parts_->deps.policy.compile(actor, code, version));
  QS_CHECK(check_rejects(actor, shown.dataset));
  json::array out;
  std::string next;
  if (!shown.version.rejects_blob.empty()) {
    QS_TRY(auto path, parts_->deps.blobs.path(shown.version.rejects_blob));
    QS_TRY(auto cursor,
           parts_->deps.engine.run(
               {.sql = fmt::format(
                    "SELECT file_row_number, {} FROM read_parquet({}, file_row_number = true) WHERE file_row_number "
                    ">= $1 ORDER BY file_row_number LIMIT {}",
                    kRejectColumns, engine::quote_text(path.string()), limit + 1),
                .params = {after},
                .limits = {.time = parts_->seconds("query.time"), .cancelled = cancelled}}));
    std::string text;
    while (next.empty()) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) break;
      auto value = [&](std::size_t column, std::size_t row) -> json::value {
        if (chunk->is_null(column, row)) return nullptr;
        if (cursor->columns()[column].type == engine::Type::integer) return chunk->integer(column, row);
        text.clear();
        chunk->append_text(column, row, text);
        return json::string(text);
      };
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        if (out.size() == limit) {
          next = fmt::format("{}", chunk->integer(0, r));
          break;
        }
        out.push_back(json::object{{"file", value(1, r)},
                                   {"table", value(2, r)},
                                   {"line", value(3, r)},
                                   {"field", value(4, r)},
                                   {"value", value(5, r)},
                                   {"reason", value(actor.lang == Lang::zh ? 6 : 7, r)},
                                   {"raw", value(8, r)}});
      }
    }
  }
  parts_->deps.audit.count_access(actor, "dataset", shown.dataset.id, "rejects", out.size());
  return json::object{{"rejects", std::move(out)}, {"total", shown.version.rejected}, {"next", next}};
}

Result<Download> Service::download_rejects(const Actor& actor, std::string_view code, std::int64_t version,
                                           const Cancelled& cancelled) {
  QS_TRY(auto shown, parts_->deps.policy.compile(actor, code, version));
  QS_CHECK(check_rejects(actor, shown.dataset));
  QS_CHECK(parts_->deps.audit.record(actor,
                                     {.action = "dataset.export",
                                      .object_kind = "dataset",
                                      .object_id = shown.dataset.id,
                                      .object_name = shown.dataset.title,
                                      .detail = {{"what", "rejects"}, {"format", "csv"}, {"version", shown.version.number}}}));
  auto options = parts_->write_options(cancelled);
  // These files are for Excel, on the desks of those who mend them.
  options.bom = true;
  options.headers = actor.lang == Lang::zh
                        ? std::vector<std::string>{"文件", "工作表", "行", "字段", "值", "原因", "原文"}
                        : std::vector<std::string>{"File", "Table", "Line", "Field", "Value", "Reason", "Raw"};
  std::string from =
      "(SELECT '' AS file, '' AS sheet, 0 AS line, '' AS field, '' AS value, '' AS reason_zh, '' AS reason_en, '' AS raw "
      "WHERE false)";
  if (!shown.version.rejects_blob.empty()) {
    QS_TRY(auto path, parts_->deps.blobs.path(shown.version.rejects_blob));
    from = engine::parquet_scan({path});
  }
  auto sql = fmt::format("SELECT file, sheet, line, field, value, {} AS reason, raw FROM {}",
                         actor.lang == Lang::zh ? "reason_zh" : "reason_en", from);
  return parts_->download(
      Format::csv, file_base(shown.dataset.title + (actor.lang == Lang::zh ? "_剔除行" : "_rejects"), shown.version.number),
      options, [&] { return parts_->deps.engine.run({.sql = sql, .limits = options.limits}); },
      [this, actor, id = shown.dataset.id](std::uint64_t rows) {
        parts_->deps.audit.count_access(actor, "dataset", id, "export", rows);
      });
}

}  // namespace qushu::query
